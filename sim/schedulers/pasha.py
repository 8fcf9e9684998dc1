"""PASHA: ASHA whose top rung is raised only while the ranking of the trials still changes.

Owns when the top is raised. Promotion is `asha.ASHA`'s; whether two rankings agree is
`soft_ranking.SoftRanking`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from sim.schedulers.asha import ASHA
from sim.schedulers.protocol import Idle, Job, Searcher
from sim.schedulers.rungs.soft_ranking import SoftRanking


class PASHA:
    """Progressive ASHA (Bohdal et al. 2023, Algorithm 1): `r_max` is reached only if needed.

    ASHA, except that no trial is promoted from the top rung, at first the second one. Whenever a
    result is recorded there, the trials of the top rung are ranked by their losses there and at the
    rung below; if these rankings disagree, see `soft_ranking.SoftRanking`, the next rung is the
    top. A trial at the top rung is paused until then. When the top rung is the last one, `r_max`,
    it is not raised any more, and this is ASHA.

    The paper compares curves epoch by epoch; here a trial reports all epochs of a job at its end,
    so that epsilon changes when a job to the top rung ends. A lost or diverged trial ranks last at
    the top rung, if it is recorded there.

    Parameters
    ----------
    searcher
        Where the trials come from.
    r_min, r_max
        The first and the last rung level, in epochs.
    eta
        The reduction factor: about one trial in `eta` goes on.
    lost
        What a lost trial leaves at its rung, in `protocol.LOST`.

    Raises
    ------
    ValueError
        See `rung.rung_levels` and `protocol.check_lost`.

    Examples
    --------
    >>> from sim.searchers import Listed
    >>> pasha = PASHA(Listed([{}] * 4), r_min=1, r_max=4, eta=2)
    >>> for job in [pasha.next_job() for _ in range(4)]:
    ...     pasha.job_done(job, [job.trial.number / 10])
    >>> best, second = pasha.next_job(), pasha.next_job()  # to the top rung, at 2 epochs
    >>> pasha.job_done(best, [0.3])
    >>> pasha.job_done(second, [0.2])  # now trial 1 is the better
    >>> pasha.top
    4

    """

    # Not "order": the top may rise between two reports of one instant.
    claims = ("levels", "best-first", "quota")
    disclaims = ("finishes", "cost")  # it grows with the trials at the top rung

    def __init__(
        self, searcher: Searcher, *, r_min: int, r_max: int, eta: int, lost: str = "inf"
    ) -> None:
        self._asha = ASHA(searcher, r_min=r_min, r_max=r_max, eta=eta, lost=lost, top=1)
        self.levels = self._asha.levels
        self.r_max = r_max
        self._vanish = lost == "vanish"
        self._curves: dict[int, list[float]] = {}  # of all trials, as long as the top may rise
        self._ranking = SoftRanking(below=self.levels[0])

    @property
    def top(self) -> int:
        """The level of the present top rung, in epochs."""
        return self.levels[self._asha.top]

    def next_job(self) -> Job | Idle:
        """Return the next job: a promotion, up to the top rung, else a new trial. O(log n)."""
        return self._asha.next_job()

    def job_done(self, job: Job, losses: Sequence[float]) -> None:
        """Record the last loss of `job`; raise the top if the rankings disagree.

        O(log n); at the top rung, below r_max, O(m * epochs), m the number of trials there.
        """
        self._asha.job_done(job, losses)
        self._hear(job, losses)

    def job_lost(self, job: Job) -> None:
        """Record inf for `job` at its rung; or drop it from there."""
        self._asha.job_lost(job)
        if not self._vanish:
            self._hear(job, [inf] * (job.stop - job.start))

    def may_go_on(self, job: Job) -> bool:
        """Return whether the trial of `job` may still be promoted. O(n).

        At the top rung it may, as long as further results may raise the top.
        """
        may_rise = self._asha.may_hear_at(self._asha.top)
        return self._asha.may_go_on(job) and (job.stop < self.top or may_rise)

    def _hear(self, job: Job, losses: Sequence[float]) -> None:
        if self.top == self.r_max:
            return
        curve = self._curves.setdefault(job.trial.number, [])
        curve += (loss if loss < inf else inf for loss in losses)  # noqa: FURB136  NaN too
        if job.stop == self.top:
            self._ranking.add(job.trial.number, curve)
            if not self._ranking.agrees():
                self._raise_top()

    def _raise_top(self) -> None:
        self._ranking = SoftRanking(below=self.top, epsilon=self._ranking.epsilon)
        self._asha.raise_top()
        if self.top == self.r_max:
            self._curves.clear()
