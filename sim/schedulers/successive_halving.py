"""Synchronous successive halving (SH), with its barrier or with overlapping brackets.

Owns the shape of its brackets, one and the same for all; their order is `cycle.Cycle`'s.
"""

from __future__ import annotations

from collections.abc import Sequence

from sim.schedulers.protocol import Idle, Job, Searcher
from sim.schedulers.rungs.cycle import Cycle, Shape, check_prefact
from sim.schedulers.rungs.rung import rung_levels


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

    claims = ("ranks", "order", "levels", "best-first")

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
        check_prefact(prefact)
        self.r_max = r_max
        shape = Shape(self.levels, prefact * eta ** (len(self.levels) - 1))
        self._brackets = Cycle(searcher, [shape], eta=eta, barrier=barrier, lost=lost)

    def next_job(self) -> Job | Idle:
        """Return the next job: a promotion of the oldest bracket, else a new trial. O(log n)."""
        return self._brackets.next_job()

    def job_done(self, job: Job, losses: Sequence[float]) -> None:
        """Receive the losses of `job`; the last one is recorded at its rung."""
        self._brackets.job_done(job, losses)

    def job_lost(self, job: Job) -> None:
        """Record inf for `job`, or drop it from its rung: either way the rung can fill."""
        self._brackets.job_lost(job)

    def may_go_on(self, job: Job) -> bool:
        """Return whether the bracket of `job` is open and may promote its trial. O(n log n)."""
        return self._brackets.may_go_on(job)
