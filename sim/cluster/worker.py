"""A simulated worker: its running job, and how the seconds of that job divide.

Owns what a worker holds in memory. Must not know the time, nor where its jobs come from.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

from learning_curves.blackbox import Curve
from sim.faults import SlowWorkers
from sim.schedulers.protocol import Job


class Worker:
    """What one worker is doing; the clock records it here.

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
        "attempt",
        "away_since",
        "curve",
        "ended",
        "finish",
        "first",
        "job",
        "job_number",
        "loses",
        "number",
        "prepare",
        "speed",
        "started",
        "training",
    )

    def __init__(self, number: int) -> None:
        self.number = number
        self.ended: Any = None  # the clock's event: its job has ended
        self.speed = 1.0
        self.away_since: float | None = None  # None: it is there
        self.job: Job | None = None  # its running or last job; None: it holds nothing
        self.job_number = 0
        self.attempt = 0  # which try of the job it is, from 0
        self.loses = False  # whether the job will be lost
        self.first = 0  # the epoch after which the job's training begins
        self.curve: Curve  # of the job's trial
        self.started = 0.0  # when, in seconds
        self.prepare = 0.0  # seconds of the job before, in and after training
        self.training = 0.0
        self.finish = 0.0

    def holds(self, job: Job) -> bool:
        """Return whether the trial of `job` is still in memory, where `job` is to start."""
        last = self.job
        return last is not None and last.trial == job.trial and last.stop == job.start

    def overhead_by(self, now: float) -> float:
        """Return how many of the seconds from the start of the job to `now` were not training."""
        since = now - self.started
        return min(since, self.prepare) + max(since - self.prepare - self.training, 0.0)


def hire(count: int, speeds: Sequence[float], slow: SlowWorkers | None) -> list[Worker]:
    """Return `count` workers, numbered from 0.

    Parameters
    ----------
    count
        How many, >= 1.
    speeds
        Theirs, each > 0; fewer speeds than workers are repeated; none means 1 for all.
    slow
        Which of them are slower than that.

    Raises
    ------
    ValueError
        The count or a speed is out of its range.

    """
    if count < 1:
        raise ValueError(f"the number of workers is {count}: give at least 1")
    for speed in speeds:
        if not 0 < speed < inf:
            raise ValueError(f"a worker's speed is {speed}: give a number above 0")
    workers = [Worker(number) for number in range(count)]
    for worker in workers:
        if speeds:
            worker.speed = speeds[worker.number % len(speeds)]
        if slow is not None:
            worker.speed /= slow.slowness(worker.number)
    return workers
