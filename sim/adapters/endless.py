"""A searcher for schedulers that another library drives, and what such schedulers may do.

Owns the trials without configs, numbered in the order of their start. The library brings the
configs; it does not say how many will come.
"""

from __future__ import annotations

from sim.schedulers.protocol import Idle, Job, Scheduler, Trial


class Endless:
    """A searcher that is never exhausted, and whose trials have no config.

    >>> searcher = Endless()
    >>> searcher.draw().number, searcher.draw().number
    (0, 1)
    """

    adaptive = False

    def __init__(self) -> None:
        self._drawn = 0

    def draw(self) -> Trial:
        """Return the next trial."""
        self._drawn += 1
        return Trial(self._drawn - 1, {})

    def observe(self, trial: Trial, epoch: int, loss: float) -> None:
        """Learn nothing."""


def pauses(scheduler: Scheduler) -> bool:
    """Return whether a new scheduler pauses or holds back its first trial, which loses to none.

    One that stops trials in place lets it go on at once. The scheduler is used up.
    """
    while isinstance(job := scheduler.next_job(), Job) and job.trial.number == 0:
        if job.stop == scheduler.r_max:
            return False
        scheduler.job_done(job, [0.0] * (job.stop - job.start))
    return True


def holds_back(scheduler: Scheduler, most: int = 1_000) -> bool:
    """Return whether a new scheduler refuses to start one of the first `most` trials. O(most).

    It does if it has a barrier. The scheduler is used up.
    """
    return any(isinstance(scheduler.next_job(), Idle) for _ in range(most))
