"""ASHA by promotion: the asynchronous successive halving algorithm.

Owns one infinite bracket whose trials are promoted one by one, as soon as a worker is free. What
makes a trial promotable is `rung.Rung`'s.
"""

from __future__ import annotations

from collections.abc import Sequence

from sim.schedulers.protocol import Idle, Job, Searcher, observe_all
from sim.schedulers.rung import Rung, rung_levels


class ASHA:
    """Asynchronous successive halving by promotion (Li et al. 2020, Algorithm 2).

    A free worker gets, from the highest rung down, the best not-yet-promoted trial among the best
    ``n // eta`` of the n recorded there; else a new trial. When the searcher is exhausted,
    promotions go on.

    Parameters
    ----------
    searcher
        Where the trials come from.
    r_min, r_max
        The first and the last rung level, in epochs.
    eta
        The reduction factor: about one trial in `eta` goes on.

    Raises
    ------
    ValueError
        See `rung.rung_levels`.

    Examples
    --------
    >>> from sim.searchers import Listed
    >>> asha = ASHA(Listed([{}] * 9), r_min=1, r_max=4, eta=2)
    >>> first, second = asha.next_job(), asha.next_job()
    >>> asha.job_done(first, [0.3])
    >>> asha.next_job().trial.number  # 1 // 2 = 0 trials are promotable
    2
    >>> asha.job_done(second, [0.2])
    >>> job = asha.next_job()  # 2 // 2 = 1
    >>> job.trial.number, job.start, job.stop
    (1, 1, 2)

    """

    def __init__(self, searcher: Searcher, *, r_min: int, r_max: int, eta: int) -> None:
        self.levels = rung_levels(r_min, r_max, eta)
        self.r_max = r_max
        self.rungs = [Rung(level) for level in self.levels]
        self._eta = eta
        self._searcher = searcher
        self._rung_at = dict(zip(self.levels, self.rungs, strict=True))
        # From the highest rung that can promote down: (the rung, the level above it).
        self._ladder = list(zip(self.rungs, self.levels[1:], strict=False))[::-1]
        self._promising = 0  # running jobs whose end may lead to a promotion

    def next_job(self) -> Job | Idle:
        """Answer a free worker (Algorithm 2, `get_job`). O(rungs + log n)."""
        for rung, level in self._ladder:
            if rung.promotable(self._eta) is not None:
                job = Job(rung.promote(), rung.level, level)
                break
        else:
            trial = self._searcher.draw()
            if trial is None:
                return Idle.WAIT if self._promising else Idle.DONE
            job = Job(trial, 0, self.levels[0])
        self._promising += job.stop < self.r_max
        return job

    def job_done(self, job: Job, losses: Sequence[float]) -> None:
        """Record the last loss of `job` at its rung. O(log n)."""
        observe_all(self._searcher, job, losses)
        self._record(job, losses[-1])

    def job_lost(self, job: Job) -> None:
        """Record inf for `job` at its rung."""
        self._record(job, float("inf"))

    def _record(self, job: Job, loss: float) -> None:
        self._promising -= job.stop < self.r_max
        self._rung_at[job.stop].record(job.trial, loss)
