"""The costs of a job beside its epochs: starting, saving and restoring.

Owns the arithmetic of overhead and of retraining. Must not know the clock, nor the seconds of an
epoch.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import isfinite

from sim.schedulers.protocol import Job


@dataclass(frozen=True, slots=True)
class Costs:
    """Seconds added to a job, and whether trials can pause at all.

    Parameters
    ----------
    start_seconds
        To begin a job; not added when the worker continues the trial that it has just trained.
    restore_seconds
        To load a paused trial; not added when the worker continues the trial.
    save_seconds
        To save a trial that stops below r_max. When its job ends, it is not known whether and
        where the trial will go on, so every such job saves, also under stopping ASHA.
    checkpoints
        False: nothing is saved, and a promoted trial trains again from epoch 0, as in the listing
        of d2l 19.4.

    Raises
    ------
    ValueError
        A number of seconds is negative or not finite.

    Examples
    --------
    >>> from sim.schedulers import Trial
    >>> costs = Costs(start_seconds=3.0, save_seconds=2.0, restore_seconds=1.0)
    >>> job = Job(Trial(0, {}), start=2, stop=4)
    >>> costs.first_epoch(job), Costs(checkpoints=False).first_epoch(job)
    (2, 0)
    >>> costs.before(first=2, carries_on=False), costs.before(first=2, carries_on=True)
    (4.0, 0.0)
    >>> costs.after(job, r_max=8), costs.after(job, r_max=4)
    (2.0, 0.0)

    """

    start_seconds: float = 0.0
    restore_seconds: float = 0.0
    save_seconds: float = 0.0
    checkpoints: bool = True

    def __post_init__(self) -> None:
        for field in fields(self)[:3]:
            seconds = getattr(self, field.name)
            if not (isfinite(seconds) and seconds >= 0):
                raise ValueError(f"{field.name} is {seconds}: give seconds, 0 or more")

    @property
    def free(self) -> bool:
        """Whether a job costs nothing beside its epochs."""
        return not (self.start_seconds or self.restore_seconds or self.save_seconds)

    def first_epoch(self, job: Job) -> int:
        """Return the epoch after which training begins: `job.start`, or 0 without checkpoints."""
        return job.start if self.checkpoints else 0

    def before(self, first: int, *, carries_on: bool) -> float:
        """Return the seconds that pass before the training, which begins after epoch `first`."""
        if carries_on and self.checkpoints:
            return 0.0
        return self.start_seconds + (self.restore_seconds if first else 0.0)

    def after(self, job: Job, r_max: int) -> float:
        """Return the seconds that pass after the last epoch."""
        return self.save_seconds if self.checkpoints and job.stop < r_max else 0.0
