"""Retrying: lost jobs are handed out again before the scheduler hears of the loss.

Owns the count of attempts. Must not know which scheduler is inside, or why jobs are lost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Final

from sim.schedulers.protocol import Idle, Job, Scheduler, may_go_on, waits_in

# Looked up once: access to members of an Enum is slow.
_WAIT: Final = Idle.WAIT
_DONE: Final = Idle.DONE


class Retrying:
    """A scheduler whose lost jobs are re-issued, first, until `attempts` of them are lost.

    To the scheduler inside, a job that waits for its next attempt is still running.

    Parameters
    ----------
    scheduler
        Any scheduler.
    attempts
        How often a job is tried in all, >= 1; with 1 nothing is re-issued.

    Raises
    ------
    ValueError
        `attempts` is below 1.

    Examples
    --------
    >>> from sim.schedulers import RandomSearch
    >>> from sim.searchers import Listed
    >>> scheduler = Retrying(RandomSearch(Listed([{}] * 2), r_max=4), attempts=2)
    >>> job = scheduler.next_job()
    >>> scheduler.job_lost(job)
    >>> scheduler.next_job() is job
    True

    """

    def __init__(self, scheduler: Scheduler, attempts: int) -> None:
        if attempts < 1:
            raise ValueError(f"attempts is {attempts}: a job is tried at least once")
        self.scheduler = scheduler
        self.r_max = scheduler.r_max
        self.disclaims = getattr(scheduler, "disclaims", ())
        self._attempts = attempts
        self._losses: dict[int, int] = {}  # how often the job now issued was lost, by trial
        self._again: deque[Job] = deque()
        self._running = 0

    def next_job(self) -> Job | Idle:
        """Return the job that has been lost the longest, else ask the scheduler."""
        answer = self._again.popleft() if self._again else self.scheduler.next_job()
        if answer is _WAIT:
            return answer
        if answer is _DONE:  # unless a running job may be lost, and then be needed again
            return _WAIT if self._running else answer
        self._running += 1
        return answer

    def job_done(self, job: Job, losses: Sequence[float]) -> None:
        """Pass the losses on."""
        self.scheduler.job_done(job, losses)
        if self._losses:
            self._losses.pop(job.trial.number, None)
        self._running -= 1

    def job_lost(self, job: Job) -> None:
        """Keep `job` for another attempt; pass the loss on when it has had its last."""
        number = job.trial.number
        lost = self._losses.get(number, 0) + 1
        if lost < self._attempts:
            self._losses[number] = lost
            self._again.append(job)
        else:
            self.scheduler.job_lost(job)
            self._losses.pop(number, None)
        self._running -= 1

    def may_go_on(self, job: Job) -> bool:
        """Return whether the next attempt starts where `job` stopped, else ask the scheduler. O(n).

        Here n is the number of lost jobs that wait.
        """
        return waits_in(self._again, job) or may_go_on(self.scheduler, job)
