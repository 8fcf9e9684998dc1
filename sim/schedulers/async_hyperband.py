"""Asynchronous Hyperband: one ASHA for each rung level to start at.

Owns the shares: which bracket a free worker goes to. Promotion within a bracket is `asha.ASHA`'s.
"""

from __future__ import annotations

from collections.abc import Sequence

from sim.schedulers.asha import ASHA
from sim.schedulers.protocol import Idle, Job, Searcher
from sim.schedulers.rungs.rung import rung_levels


class AsyncHyperband:
    """Asynchronous Hyperband (Li et al. 2020): one ASHA per starting level, with equal shares.

    Bracket b is an ASHA whose first rung is the b-th level. Hyperband gives each bracket the same
    resource (Li et al. 2018, Algorithm 1: B epochs), so all have equal shares: a free worker goes
    to the bracket that was given the fewest epochs so far, the lower number first; if that bracket
    has no job, to the next one. An epoch counts when its job is handed out, lost or not. (Elsewhere
    brackets take turns, each for its whole B; here no share is ever more than a job ahead.) Jobs
    name their bracket.

    Parameters
    ----------
    searcher
        Where the trials of all brackets come from.
    r_min, r_max
        The first and the last rung level, in epochs.
    eta
        The reduction factor: within a bracket about one trial in `eta` goes on.
    lost
        What a lost trial leaves at its rung, in `protocol.LOST`.

    Raises
    ------
    ValueError
        See `rung.rung_levels` and `protocol.check_lost`.

    Examples
    --------
    >>> from sim.searchers import Listed
    >>> hyperband = AsyncHyperband(Listed([{}] * 9), r_min=1, r_max=4, eta=2)
    >>> jobs = [hyperband.next_job() for _ in range(6)]
    >>> [(job.bracket, job.stop) for job in jobs]  # epochs: 1 0 0, 1 2 0, 1 2 4, 2 2 4, 3 2 4, ...
    [(0, 1), (1, 2), (2, 4), (0, 1), (0, 1), (1, 2)]

    """

    claims = ("ranks", "order", "levels", "best-first", "quota")

    def __init__(
        self, searcher: Searcher, *, r_min: int, r_max: int, eta: int, lost: str = "inf"
    ) -> None:
        self.levels = rung_levels(r_min, r_max, eta)
        self.r_max = r_max
        self.brackets = [
            ASHA(searcher, r_min=level, r_max=r_max, eta=eta, lost=lost) for level in self.levels
        ]
        self._epochs = [0] * len(self.levels)  # handed out, by bracket

    def next_job(self) -> Job | Idle:
        """Return the next job: a job of the bracket with the fewest epochs. O(log n)."""
        idle = Idle.DONE
        for b in sorted(range(len(self.brackets)), key=self._epochs.__getitem__):
            answer = self.brackets[b].next_job()
            if isinstance(answer, Job):
                self._epochs[b] += answer.stop - answer.start
                return Job(answer.trial, answer.start, answer.stop, b)
            if answer is Idle.WAIT:
                idle = Idle.WAIT
            self._close()  # a bracket is idle only once the searcher is exhausted
        return idle

    def job_done(self, job: Job, losses: Sequence[float]) -> None:
        """Record the last loss of `job` at its rung. O(log n)."""
        self.brackets[job.bracket].job_done(job, losses)

    def job_lost(self, job: Job) -> None:
        """Record inf for `job` at its rung; or drop it from there."""
        self.brackets[job.bracket].job_lost(job)

    def may_go_on(self, job: Job) -> bool:
        """Return whether the trial of `job` may still be promoted in its bracket. O(n)."""
        return self.brackets[job.bracket].may_go_on(job)

    def _close(self) -> None:
        for bracket in self.brackets:
            bracket.close()
