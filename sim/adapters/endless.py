"""A searcher for schedulers that another library drives, and what such schedulers may do.

Owns the trials without configs, numbered in the order of their start. The library brings the
configs; it does not say how many will come.
"""

from __future__ import annotations

from itertools import repeat

from sim.schedulers.protocol import Idle, Job, Scheduler
from sim.searchers.listed import Listed


def endless() -> Listed:
    """Return a searcher that is never exhausted, and whose trials have no config.

    >>> searcher = endless()
    >>> searcher.draw().number, searcher.draw().number
    (0, 1)
    """
    return Listed(repeat({}))


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
