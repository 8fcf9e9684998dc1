"""The cost of a decision: whether it grows with the number of results.

Owns what is counted: lines of Python, calls of functions, comparisons of losses, and bytes of
memory in use for a time. Counts no seconds, so that the result is the same on every machine.
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

from learning_curves.errors import InputError
from learning_curves.laws import BrokenLaw
from sim.schedulers.protocol import Job, Scheduler
from sim.searchers import Listed
from sim.testing.laws import LAWS
from sim.testing.playing.conversation import legal
from sim.testing.playing.worlds import GEOMETRIES, Factory, World, made

AT = (250, 1_000, 2_000, 4_000, 10_000)
"""The numbers of results at which the cost is measured, over the last `_WINDOW` of them."""

MOST = 3
_WINDOW = 250
_WORKERS = 8
_SLACK = {"lines": 20.0, "calls": 10.0, "comparisons": 20.0, "bytes": 2_000.0}
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

    lines: float
    calls: float
    comparisons: float
    bytes: float


def check_cost(factory: Factory) -> None:
    """Raise if the mean cost of a decision grows more than `MOST` times.

    A loop within a function in C is seen only by the comparisons and the memory that it takes. The
    mean leaves out the most expensive 2 % of the decisions, such as those that fill a rung. A
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
    scheduler = _made(factory)
    losses = np.random.default_rng(0)
    running: deque[Job] = deque()
    spent: list[Spent] = []
    for results in range(1, AT[-1] + 1):
        measured = any(at - _WINDOW < results <= at for at in AT)
        while len(running) < _WORKERS:
            with legal():
                answer = _spend(spent, scheduler.next_job) if measured else scheduler.next_job()
            if not isinstance(answer, Job):
                break
            running.append(answer)
        if not running:
            return
        job = running.popleft()
        drawn = [_Loss(each) for each in losses.random(job.stop - job.start)]
        report = partial(scheduler.job_done, job, drawn)
        with legal():
            _spend(spent, report) if measured else report()
        if results in AT:
            tracemalloc.stop()
            usual = len(spent) - int(len(spent) * _RARE)
            yield Spent(*(fmean(sorted(each)[:usual]) for each in zip(*spent, strict=True)))
            spent = []


def _made(factory: Factory) -> Scheduler:
    """Return a scheduler of several rungs, or of the first settings that it accepts."""
    for r_min, r_max, eta in ((1, 27, 3), *GEOMETRIES):
        world = World(r_min=r_min, r_max=r_max, eta=eta, workers=_WORKERS)
        try:
            return made(factory, world, Listed({"x": number} for number in count()))
        except ValueError:  # the scheduler refuses these settings
            continue
    raise InputError("the scheduler refuses every setting: fix those that must be")


def _spend(spent: list[Spent], decide: Callable[[], Any]) -> Any:
    """Return what `decide` returns; add what it took to `spent`."""
    if not tracemalloc.is_tracing():
        tracemalloc.start()
    lines = calls = 0

    def traced(_frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal lines
        lines += event == "line"
        return traced

    def heard(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event in {"call", "c_call"}

    _Loss.compared = 0
    before = sys.getprofile(), sys.gettrace()
    tracemalloc.reset_peak()
    had, _ = tracemalloc.get_traced_memory()
    sys.settrace(traced)
    sys.setprofile(heard)
    try:
        answer = decide()
    finally:
        sys.setprofile(before[0])
        sys.settrace(before[1])
    _, peak = tracemalloc.get_traced_memory()
    # A comparison is a call and two lines here, and none of the scheduler's.
    compared = _Loss.compared
    spent.append(Spent(lines - 2 * compared, calls - compared, compared, peak - had))
    return answer
