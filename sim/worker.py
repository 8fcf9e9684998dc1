"""A simulated worker: the job it is at, and how that job's seconds divide.

Owns what a worker holds in memory. Must not know the time, nor who gives it its jobs.
"""

from __future__ import annotations

from typing import Any

from learning_curves.curve import Curve
from sim.schedulers.protocol import Job


class Worker:
    """What one worker is doing; the clock writes it down here.

    Examples
    --------
    >>> from sim.schedulers import Trial
    >>> worker = Worker(0)
    >>> worker.job = Job(Trial(7, {}), start=0, stop=2)
    >>> worker.holds(Job(Trial(7, {}), start=2, stop=4)), worker.holds(Job(Trial(7, {}), 4, 8))
    (True, False)
    >>> worker.started, worker.prepare, worker.training, worker.finish = 10.0, 3.0, 5.0, 2.0
    >>> [worker.overhead_by(now) for now in (11.0, 15.0, 19.0, 20.0)]
    [1.0, 3.0, 4.0, 5.0]

    """

    __slots__ = (
        "curve",
        "ended",
        "finish",
        "job",
        "job_number",
        "number",
        "prepare",
        "started",
        "training",
    )

    def __init__(self, number: int) -> None:
        self.number = number
        self.ended: Any = None  # the clock's event: its job has ended
        self.job: Job | None = None  # the one it is at, or was at last
        self.job_number = 0
        self.curve: Curve  # of the job's trial
        self.started = 0.0  # when, in seconds
        self.prepare = 0.0  # seconds of the job before, in and after training
        self.training = 0.0
        self.finish = 0.0

    def holds(self, job: Job) -> bool:
        """Tell whether the trial of `job` is still in memory, where `job` is to start."""
        last = self.job
        return last is not None and last.trial == job.trial and last.stop == job.start

    def overhead_by(self, now: float) -> float:
        """Return how many of the seconds from the start of the job to `now` were not training."""
        since = now - self.started
        return min(since, self.prepare) + max(since - self.prepare - self.training, 0.0)
