"""A simulated worker: the job it is at, and how that job's seconds divide.

Owns what a worker holds in memory, and which of the free workers, simulated or live, gets which
job. Must not know the time, nor who gives it its jobs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from math import inf
from typing import Any, Protocol, TypeVar

from learning_curves.curve import Curve
from sim.faults import SlowWorkers
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
        "attempt",
        "away_since",
        "curve",
        "ended",
        "finish",
        "first",
        "job",
        "job_number",
        "life",
        "loses",
        "number",
        "prepare",
        "speed",
        "started",
        "training",
    )

    def __init__(self, number: int) -> None:
        self.number = number
        self.life: Any = None  # the clock's process
        self.ended: Any = None  # the clock's event: its job has ended
        self.speed = 1.0
        self.away_since: float | None = None  # None: it is there
        self.job: Job | None = None  # the one it is at, or was at last; None: it holds nothing
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
        """Tell whether the trial of `job` is still in memory, where `job` is to start."""
        last = self.job
        return last is not None and last.trial == job.trial and last.stop == job.start

    def overhead_by(self, now: float) -> float:
        """Return how many of the seconds from the start of the job to `now` were not training."""
        since = now - self.started
        return min(since, self.prepare) + max(since - self.prepare - self.training, 0.0)


def hire(count: int, speeds: Sequence[float], slow: SlowWorkers | None) -> list[Worker]:
    """Return so many workers, numbered from 0.

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
        raise ValueError(f"there are {count} workers: at least 1 is needed")
    for speed in speeds:
        if not 0 < speed < inf:
            raise ValueError(f"a worker's speed is {speed}: give more than 0")
    workers = [Worker(number) for number in range(count)]
    for worker in workers:
        if speeds:
            worker.speed = speeds[worker.number % len(speeds)]
        if slow is not None:
            worker.speed /= slow.slowness(worker.number)
    return workers


class Free(Protocol):
    """A worker that is free: its number, and the job it was at last."""

    number: int
    job: Job | None


FreeWorker = TypeVar("FreeWorker", bound=Free)


def assign(
    jobs: Sequence[Job], freed: deque[FreeWorker], waiting: deque[FreeWorker]
) -> list[FreeWorker]:
    """Take a worker for each of the jobs out of the queues, and return them.

    A just-freed worker gets the job that goes on with its trial; the other jobs go to the others
    in turn, those just freed first. O(free workers).

    Parameters
    ----------
    jobs
        Handed out together; no more than there are free workers.
    freed, waiting
        The workers freed just now, in order of report, and those free for longer, the longest idle
        first.

    """
    holding = {worker.job.trial.number: worker for worker in freed if worker.job}
    homes = [holding.pop(job.trial.number, None) for job in jobs]
    settled = {worker.number for worker in homes if worker is not None}
    others = deque(worker for worker in freed if worker.number not in settled)
    workers = [home or (others or waiting).popleft() for home in homes]
    freed.clear()
    freed.extend(others)
    return workers
