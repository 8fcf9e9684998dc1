"""The contract: a wrapper that checks any scheduler, and its driver, against the protocol.

Owns laws 1 to 4 of `protocol.Scheduler`. Must not know which scheduler is inside. An illegal call
raises before it reaches the scheduler; an illegal answer raises before it reaches the driver.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from sim.schedulers.protocol import Idle, Job, ProtocolError, Scheduler, Trial, may_go_on


class Contract:
    """A scheduler whose every call and answer is checked. Adds O(1) per call, O(trials) memory.

    Law 4 is not checked if the scheduler's attribute `disclaims` names ``"diverged"``.

    Parameters
    ----------
    scheduler
        Any scheduler.

    Raises
    ------
    ProtocolError
        From each method, when a law is broken. After an illegal call of `job_done` or `job_lost`
        nothing has changed, and the caller may continue with a legal one; after an illegal answer
        the scheduler cannot be used any more.

    Examples
    --------
    >>> from sim.schedulers import RandomSearch
    >>> from sim.searchers import Listed
    >>> scheduler = Contract(RandomSearch(Listed([{}] * 2), r_max=4))
    >>> job = scheduler.next_job()
    >>> scheduler.job_done(job, [0.5])
    Traceback (most recent call last):
    sim.schedulers.protocol.ProtocolError: trial 0 reports 1 losses for epochs 1 to 4: give 4
    >>> scheduler.job_done(job, [0.5, 0.4, 0.3, 0.2])

    """

    def __init__(self, scheduler: Scheduler) -> None:
        self.scheduler = scheduler
        self.r_max = scheduler.r_max
        self._running: dict[int, Job] = {}
        self._reached: dict[int, int] = {}  # trial number -> the epoch it last reported
        self._diverged: set[int] = set()  # trials whose last loss is NaN or inf
        # Schedulers of other libraries run as they are.
        self._may_diverge = "diverged" in getattr(scheduler, "disclaims", ())
        self._done = False

    def next_job(self) -> Job | Idle:
        """Ask the scheduler; check its answer against laws 1 and 2."""
        answer = self.scheduler.next_job()
        if isinstance(answer, Job):
            self._check_job(answer)
            self._running[answer.trial.number] = answer
        elif answer is Idle.WAIT:
            if not self._running:
                raise ProtocolError(
                    "WAIT while nothing is running: nobody would ever ask again", "deadlock"
                )
            if self._done:
                raise ProtocolError("WAIT after DONE: DONE is final", "done-is-final")
        elif answer is Idle.DONE:
            self._done = True
        else:
            raise ProtocolError(
                f"next_job() answered {answer!r}: answer a Job, WAIT or DONE", "answer"
            )
        return answer

    def job_done(self, job: Job, losses: Sequence[float]) -> None:
        """Check law 3 and the number of losses; then call the scheduler. Law 4 is in force then."""
        self._check_running(job)
        if len(losses) != job.stop - job.start:
            raise ProtocolError(
                f"trial {job.trial.number} reports {len(losses)} losses for epochs "
                f"{job.start + 1} to {job.stop}: give {job.stop - job.start}"
            )
        self.scheduler.job_done(job, losses)
        del self._running[job.trial.number]
        self._reached[job.trial.number] = job.stop
        if not losses[-1] < inf:
            self._diverged.add(job.trial.number)

    def job_lost(self, job: Job) -> None:
        """Check law 3; then call the scheduler."""
        self._check_running(job)
        self.scheduler.job_lost(job)
        del self._running[job.trial.number]

    def may_go_on(self, job: Job) -> bool:
        """Ask the scheduler; see `protocol.may_go_on`."""
        return may_go_on(self.scheduler, job)

    def _check_job(self, job: Job) -> None:
        if not isinstance(job.trial, Trial):
            raise ProtocolError(
                f"next_job() answered a job of {job.trial!r}: give a Trial; "
                "a searcher that is exhausted draws None",
                "answer",
            )
        number = job.trial.number
        if not type(job.start) is type(job.stop) is int:
            raise ProtocolError(
                f"{_name(job)} is not in whole epochs: give an int for each", "bounds"
            )
        if self._done:
            raise ProtocolError(f"{_name(job)} after DONE: DONE is final", "done-is-final")
        if number in self._running:
            raise ProtocolError(
                f"{_name(job)} while {_name(self._running[number])} is running", "one-job"
            )
        if job.start != self._reached.get(number, 0):
            raise ProtocolError(
                f"{_name(job)} starts elsewhere than at epoch {self._reached.get(number, 0)}, "
                "where the trial last reported",
                "start",
            )
        if not job.start < job.stop <= self.r_max:
            raise ProtocolError(
                f"{_name(job)} breaks start < stop <= r_max = {self.r_max}", "bounds"
            )
        if number in self._diverged and not self._may_diverge:
            raise ProtocolError(
                f"{_name(job)}, whose last loss is NaN or inf: a diverged trial never goes on",
                "diverged",
            )

    def _check_running(self, job: Job) -> None:
        running = self._running.get(job.trial.number)
        if running is not job and running != job:
            raise ProtocolError(f"{_name(job)} is not running: report a running job, once")


def _name(job: Job) -> str:
    return f"the job of trial {job.trial.number} from epoch {job.start} to {job.stop}"
