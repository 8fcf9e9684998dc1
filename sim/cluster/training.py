"""What the training of a job takes on a worker: how long, from which epoch, and whether it is lost.

Owns the arithmetic of a job's seconds, and what lost attempts leave behind: their number, and the
epochs that they have saved. Must not know when workers ask (`cluster`), nor the scheduler.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from math import fsum

from sim.cluster.worker import Worker
from sim.faults import Models
from sim.jobs.costs import Costs
from sim.schedulers.protocol import Job


class Training:
    """The trainings of one run.

    Parameters
    ----------
    costs
        The costs of a job beside its epochs.
    faults
        What slows jobs, and what loses them.
    r_max
        The epoch at which a trial is finished.

    """

    def __init__(self, costs: Costs, faults: Models, r_max: int) -> None:
        self._costs = costs
        self._checkpoints = costs.checkpoints
        self._free = costs.free
        self._stragglers = faults.stragglers
        self._slow = faults.slow_epochs
        self._losses = faults.losses
        self._r_max = r_max
        self._attempts: dict[tuple[int, int], int] = {}  # lost ones, by trial and stop
        self._saved: dict[tuple[int, int], int] = {}  # epochs that lost attempts have saved

    def first_epoch(self, job: Job) -> int:
        """Return the epoch after which the training of `job` would begin now."""
        first = job.start if self._checkpoints else 0  # as `Costs.first_epoch`, without the call
        return self._saved.get((job.trial.number, job.stop), first) if self._saved else first

    def begin(self, worker: Worker, job: Job) -> float:
        """Record on `worker`, whose curve is that of `job`, how the job will go there.

        Return the seconds after which it ends, by its last epoch or by a loss. O(epochs).
        """
        attempt = 0
        if self._attempts:
            attempt = self._attempts.get((job.trial.number, job.stop), 0)
        worker.attempt = attempt
        worker.first = first = self.first_epoch(job)
        training = fsum(self._epoch_seconds(worker, job))
        for straggler in self._stragglers:
            training *= straggler.factor(job, attempt)
        worker.training = seconds = training / worker.speed
        if not self._free:
            costs = self._costs
            worker.prepare = costs.before(first, carries_on=worker.holds(job))
            worker.finish = costs.after(job, self._r_max)
            seconds = worker.prepare + seconds + worker.finish
        worker.loses = False
        for losses in self._losses:
            after = losses.after(job, attempt)
            if after < seconds:
                seconds = after
                worker.loses = True
        return seconds

    def lose(self, worker: Worker, job: Job, seconds: float, *, saves: bool) -> float:
        """Record that `worker` has lost `job`, the given number of seconds after it began.

        Return how many seconds of its training have been saved, in whole epochs: none unless it
        `saves`. The next attempt begins there. O(epochs).
        """
        key = job.trial.number, job.stop
        self._attempts[key] = worker.attempt + 1
        if not (saves and self._checkpoints):
            return 0.0
        each = self._epoch_seconds(worker, job)
        stretch = worker.training / (fsum(each) or 1.0)
        ends = [stretch * passed for passed in accumulate(each)]
        epochs = bisect_right(ends, seconds - worker.prepare)
        if not epochs:
            return 0.0
        self._saved[key] = worker.first + epochs
        return min(ends[epochs - 1], worker.training)

    def _epoch_seconds(self, worker: Worker, job: Job) -> Sequence[float]:
        """Return the seconds of the epochs that `worker` trains, but for what slows them all."""
        seconds = worker.curve.seconds(worker.first, job.stop)
        if self._slow is None:
            return seconds
        return self._slow.slowed(seconds, job, worker.attempt, worker.first)
