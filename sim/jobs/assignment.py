"""Which of the free workers, simulated or live, gets which of the jobs handed out together.

Owns the rule that a just-freed worker continues its trial. Must not know the time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import Protocol, TypeVar

from sim.schedulers.protocol import Job


class Free(Protocol):
    """A worker that is free: its number, and its last job."""

    number: int
    job: Job | None


FreeWorker = TypeVar("FreeWorker", bound=Free)


def assign(
    jobs: Sequence[Job], freed: deque[FreeWorker], waiting: deque[FreeWorker]
) -> list[FreeWorker]:
    """Take a worker for each of the jobs out of the queues, and return them.

    A just-freed worker gets the job that continues its trial. The other jobs go to the other
    workers in turn, those just freed first. O(free workers).

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
