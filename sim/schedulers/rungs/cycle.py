"""A cycle of brackets: synchronous ladders of given shapes, opened one after the other.

Owns the order of the brackets, and whether a worker waits for one; the rule within one is
`bracket.Bracket`'s. Must not know which algorithm chose the shapes.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush
from math import inf
from typing import NamedTuple

from sim.schedulers.protocol import Idle, Job, Searcher, check_lost, inform
from sim.schedulers.rungs.bracket import Bracket


class Shape(NamedTuple):
    """The ladder of a bracket: its rung levels, ascending, in epochs, and how many trials enter."""

    levels: tuple[int, ...]
    size: int


def check_prefact(prefact: int) -> None:
    """Raise if the factor of the sizes is no whole number above 0.

    Raises
    ------
    ValueError
        It is not.

    """
    if not isinstance(prefact, int) or prefact < 1:
        raise ValueError(f"prefact is {prefact}: give a whole number, at least 1")


class Cycle:
    """The scheduler that opens brackets of the given shapes in turn, for ever.

    With the barrier a free worker waits until a rung is full, and for the whole bracket before the
    next one opens. Without it, a worker for which the open brackets have nothing opens the next;
    older brackets' jobs always go first. When the searcher is exhausted, the newest bracket is
    closed at its present size, and promotions go on.

    Parameters
    ----------
    searcher
        Where the trials come from.
    shapes
        Of the brackets, in turn; at least one, all with the same last level.
    eta
        The reduction factor within a bracket.
    barrier
        Whether a free worker waits (True) or opens the next bracket (False).
    lost
        What a lost trial leaves at its rung, in `protocol.LOST`.

    Raises
    ------
    ValueError
        See `protocol.check_lost`.

    """

    def __init__(
        self, searcher: Searcher, shapes: Sequence[Shape], *, eta: int, barrier: bool, lost: str
    ) -> None:
        check_lost(lost)
        self.r_max = shapes[0].levels[-1]
        self._shapes = shapes
        self._eta = eta
        self._barrier = barrier
        self._vanish = lost == "vanish"
        self._searcher = searcher
        self._exhausted = False
        self._open: dict[int, Bracket] = {}
        self._queued: list[int] = []  # a heap: the numbers of the brackets with promoted trials
        self._newest = Bracket(0, shapes[0].levels, 0, eta)  # not open: the first job opens one
        self._opened = 0
        self._promising = 0  # running jobs whose end may lead to a promotion

    def next_job(self) -> Job | Idle:
        """Return the next job: a promotion of the oldest bracket, else a new trial. O(log n)."""
        job = self._promotion() or self._new_trial() or self._promotion()
        if job is None:
            # A bracket that is not exhausted goes on once it is full, or gives way to the next.
            return Idle.WAIT if self._promising or not self._exhausted else Idle.DONE
        self._promising += job.stop < self.r_max
        return job

    def job_done(self, job: Job, losses: Sequence[float]) -> None:
        """Receive the losses of `job`; the last one is recorded at its rung."""
        inform(self._searcher, job, losses)
        self._end(job, losses[-1])

    def job_lost(self, job: Job) -> None:
        """Record inf for `job`, or drop it from its rung: either way the rung can fill."""
        self._end(job, None if self._vanish else inf)

    def may_go_on(self, job: Job) -> bool:
        """Return whether the bracket of `job` is open and may promote its trial. O(n log n)."""
        bracket = self._open.get(job.bracket)
        return bracket is not None and bracket.may_go_on(job)

    def _promotion(self) -> Job | None:
        if not self._queued:
            return None
        bracket = self._open[self._queued[0]]
        job = bracket.next_queued()
        if not bracket.has_queued:
            heappop(self._queued)
        return job

    def _new_trial(self) -> Job | None:
        if self._exhausted:
            return None
        if not self._newest.has_room:
            if self._barrier and self._open:
                return None
            levels, size = self._shapes[self._opened % len(self._shapes)]
            self._newest = Bracket(self._opened, levels, size, self._eta)
            self._open[self._opened] = self._newest
            self._opened += 1
        job = self._newest.enter(self._searcher.draw)
        if job is None:
            self._exhausted = True
            self._advance(self._newest)
        return job

    def _end(self, job: Job, loss: float | None) -> None:
        """Record `loss` in the bracket of `job`; None if its trial is dropped."""
        self._promising -= job.stop < self.r_max
        bracket = self._open[job.bracket]
        if loss is None:
            bracket.vanish()
        else:
            bracket.record(job.trial, loss)
        self._advance(bracket)

    def _advance(self, bracket: Bracket) -> None:
        if bracket.advance() and not bracket.complete:
            heappush(self._queued, bracket.number)
        if bracket.complete:
            del self._open[bracket.number]

    def _check(self) -> None:
        """Assert every invariant. O(n log n)."""
        assert sorted(self._queued) == [n for n, each in self._open.items() if each.has_queued]
        assert not any(bracket.complete for bracket in self._open.values())
        for bracket in self._open.values():
            for rung in bracket.rungs:
                rung._check()  # noqa: SLF001  invariants are checked from the inside
