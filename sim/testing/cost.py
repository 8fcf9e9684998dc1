"""The cost of a decision: whether it grows with the number of results.

Owns what is counted: calls of functions, comparisons of losses, and bytes of memory in use for a
time. Counts no seconds, so that the result is the same on every machine.
"""

from __future__ import annotations

import sys
import tracemalloc
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from statistics import fmean
from types import FrameType
from typing import Any, NamedTuple

import numpy as np

from learning_curves.laws import BrokenLaw
from sim.schedulers.protocol import Idle, Job, Trial
from sim.testing.laws import LAWS
from sim.testing.playing.worlds import Factory, World, made

AT = (250, 1_000, 2_000, 4_000, 10_000)
"""The numbers of results at which the cost is measured, over the last `_WINDOW` of them."""

MOST = 3
_WINDOW = 250
_SLACK = {"calls": 10.0, "comparisons": 20.0, "bytes": 2_000.0}
_RARE = 0.02  # of the decisions: a table that doubles, a rung that is full


class _Loss(float):
    """A loss that counts how often it is compared."""

    compared = 0

    def __lt__(self, other: float) -> bool:
        _Loss.compared += 1
        return float.__lt__(self, other)

    def __le__(self, other: float) -> bool:
        _Loss.compared += 1
        return float.__le__(self, other)

    def __gt__(self, other: float) -> bool:
        _Loss.compared += 1
        return float.__gt__(self, other)

    def __ge__(self, other: float) -> bool:
        _Loss.compared += 1
        return float.__ge__(self, other)

    def __eq__(self, other: object) -> bool:
        _Loss.compared += 1
        return float.__eq__(self, other)

    __hash__ = float.__hash__


class Spent(NamedTuple):
    """What one decision took."""

    calls: float
    comparisons: float
    bytes: float


class _Endless:
    """A searcher that never ends."""

    adaptive = False
    has_ended = False

    def __init__(self) -> None:
        self._numbers = count()

    def draw(self) -> Trial:
        number = next(self._numbers)
        return Trial(number, {"x": number})

    def observe(self, trial: Trial, epoch: int, loss: float) -> None:
        """Ignore what is reported."""


def check_cost(factory: Factory) -> None:
    """Raise if the mean cost of a decision grows more than `MOST` times.

    The mean leaves out the most expensive 2 % of the decisions, such as those that fill a rung. A
    scheduler whose decisions take O(log n) passes; one that looks at all n results does not, and is
    found before it has seen all of them.

    Raises
    ------
    BrokenLaw
        The cost has grown.

    """
    means = _means(factory)
    base = next(means, None)
    for results, mean in zip(AT[1:], means, strict=False):
        assert base is not None
        for what, now, then in zip(Spent._fields, mean, base, strict=True):
            if now > MOST * then + _SLACK[what]:
                raise BrokenLaw(
                    LAWS["cost"],
                    f"a decision takes {then:.0f} {what} at {AT[0]} results and {now:.0f} at "
                    f"{results}, and may take {MOST} times as many",
                )


def _means(factory: Factory) -> Iterator[Spent]:
    """Run 8 workers; yield the mean cost of a decision at each number of results in `AT`."""
    world = World(r_min=1, r_max=27, eta=3, workers=8)
    scheduler = made(factory, world, _Endless())
    losses = np.random.default_rng(0)
    running: deque[Job] = deque()
    spent: list[Spent] = []
    for results in range(1, AT[-1] + 1):
        measured = any(at - _WINDOW < results <= at for at in AT)
        while len(running) < world.workers:
            answer = _spend(spent, scheduler.next_job) if measured else scheduler.next_job()
            if isinstance(answer, Idle):
                break
            running.append(answer)
        if not running:
            return
        job = running.popleft()
        drawn = [_Loss(each) for each in losses.random(job.stop - job.start)]
        report = partial(scheduler.job_done, job, drawn)
        _spend(spent, report) if measured else report()
        if results in AT:
            tracemalloc.stop()
            usual = len(spent) - int(len(spent) * _RARE)
            yield Spent(*(fmean(sorted(each)[:usual]) for each in zip(*spent, strict=True)))
            spent = []


def _spend(spent: list[Spent], decide: Callable[[], Any]) -> Any:
    """Return what `decide` returns; add what it took to `spent`."""
    if not tracemalloc.is_tracing():
        tracemalloc.start()
    calls = 0

    def heard(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    _Loss.compared = 0
    before = sys.getprofile()
    tracemalloc.reset_peak()
    had, _ = tracemalloc.get_traced_memory()
    sys.setprofile(heard)
    try:
        answer = decide()
    finally:
        sys.setprofile(before)
    _, peak = tracemalloc.get_traced_memory()
    # The comparisons are calls of functions here, and none of the scheduler's.
    spent.append(Spent(calls - _Loss.compared, _Loss.compared, peak - had))
    return answer
