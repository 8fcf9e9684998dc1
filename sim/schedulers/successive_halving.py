"""Synchronous successive halving (SH), with its barrier or with overlapping brackets.

Owns the order of the brackets; the rule within one is `bracket.Bracket`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from heapq import heappop, heappush
from math import inf

from sim.schedulers.bracket import Bracket
from sim.schedulers.protocol import Idle, Job, Searcher, check_lost, inform
from sim.schedulers.rung import rung_levels


class SuccessiveHalving:
    """Synchronous successive halving (Jamieson & Talwalkar 2016; d2l 19.4), bracket after bracket.

    A bracket opens with ``prefact * eta**K`` trials, K the number of the last rung counted from
    0, fewer when the searcher is exhausted. With the barrier a free worker waits until a rung is
    full, and for the whole bracket before the next one opens. Without it, a worker for which the
    open brackets have nothing opens the next bracket; older brackets' jobs always go first.

    Parameters
    ----------
    searcher
        Where the trials come from.
    r_min, r_max
        The first and the last rung level, in epochs.
    eta
        The reduction factor: about one trial in `eta` goes on.
    prefact
        Multiplies the number of trials of every bracket.
    barrier
        Whether a free worker waits (True) or opens the next bracket (False).
    lost
        What a lost trial leaves at its rung, in `protocol.LOST`.

    Raises
    ------
    ValueError
        See `rung.rung_levels` and `protocol.check_lost`; or `prefact` is no whole number above 0.

    Examples
    --------
    >>> from sim.searchers import Listed
    >>> sh = SuccessiveHalving(Listed([{}] * 4), r_min=1, r_max=4, eta=2)
    >>> jobs = [sh.next_job() for _ in range(4)]  # a bracket: 4 trials to epoch 1
    >>> sh.next_job()
    <Idle.WAIT: 'nothing now; the end of a running job may change that'>
    >>> for job, loss in zip(jobs, [0.4, 0.3, 0.2, 0.1]):
    ...     sh.job_done(job, [loss])
    >>> [(job.trial.number, job.start, job.stop) for job in (sh.next_job(), sh.next_job())]
    [(3, 1, 2), (2, 1, 2)]

    """

    def __init__(
        self,
        searcher: Searcher,
        *,
        r_min: int,
        r_max: int,
        eta: int,
        prefact: int = 1,
        barrier: bool = True,
        lost: str = "inf",
    ) -> None:
        self.levels = rung_levels(r_min, r_max, eta)
        if not isinstance(prefact, int) or prefact < 1:
            raise ValueError(f"prefact is {prefact}: give a whole number, at least 1")
        check_lost(lost)
        self.r_max = r_max
        self._eta = eta
        self._size = prefact * eta ** (len(self.levels) - 1)
        self._barrier = barrier
        self._searcher = searcher
        self._vanish = lost == "vanish"
        self._exhausted = False
        self._open: dict[int, Bracket] = {}
        self._queued: list[int] = []  # a heap: the numbers of the brackets with promoted trials
        self._newest = Bracket(0, self.levels, 0, eta)  # not open: the first job opens the first
        self._opened = 0
        self._promising = 0  # running jobs whose end may lead to a promotion

    def next_job(self) -> Job | Idle:
        """Answer a free worker: a promotion of the oldest bracket, else a new trial. O(log n)."""
        job = self._promotion() or self._new_trial() or self._promotion()
        if job is None:
            # A bracket that is not exhausted goes on once it is full, or gives way to the next.
            return Idle.WAIT if self._promising or not self._exhausted else Idle.DONE
        self._promising += job.stop < self.r_max
        return job

    def job_done(self, job: Job, losses: Sequence[float]) -> None:
        """Hear the losses of `job`; the last one is recorded at its rung."""
        inform(self._searcher, job, losses)
        self._end(job, losses[-1])

    def job_lost(self, job: Job) -> None:
        """Record inf for `job`, or let it vanish from its rung: either way the rung can fill."""
        self._end(job, None if self._vanish else inf)

    def may_go_on(self, job: Job) -> bool:
        """Tell whether the bracket of `job` is open and may promote its trial. O(n log n)."""
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
            self._newest = Bracket(self._opened, self.levels, self._size, self._eta)
            self._open[self._opened] = self._newest
            self._opened += 1
        job = self._newest.enter(self._searcher.draw)
        if job is None:
            self._exhausted = True
            self._advance(self._newest)
        return job

    def _end(self, job: Job, loss: float | None) -> None:
        """Record `loss` in the bracket of `job`; None if it vanishes."""
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
