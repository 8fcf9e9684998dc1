"""When a run ends: the limits of an experiment, and how much of them is used.

Owns what may be limited, and the counting, which the cluster does, simulated or live. The seconds
are watched by the cluster; `max_trials` belongs to the searcher, which is exhausted after that.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from math import inf, isfinite


@dataclass(frozen=True, slots=True)
class Limits:
    """The budget of a run; whichever limit is reached first ends it. None is no limit.

    Parameters
    ----------
    max_seconds
        The run ends then: jobs that end exactly then still report, running jobs are cut.
    max_jobs
        After this number of jobs no other is handed out; running jobs report.
    max_epochs
        No job is handed out once the jobs handed out have this number of epochs in total (the last
        job may exceed it); epochs that are trained again for lack of checkpoints count. Running
        jobs report.
    target
        The run ends when a job ends with a loss at or below this one; running jobs are cut.
    max_finished
        The run ends when this number of trials have reported at r_max; running jobs are cut.

    Raises
    ------
    ValueError
        A limit is not above 0 or not finite.

    """

    max_seconds: float | None = None
    max_jobs: int | None = None
    max_epochs: int | None = None
    target: float | None = None
    max_finished: int | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None:
                continue
            if field.name == "target":
                if not isfinite(value):
                    raise ValueError(f"the target is {value}: give a loss")
            elif not 0 < value < inf:
                raise ValueError(f"{field.name} is {value}: give a number above 0")


class Tally:
    """What a run has used of its limits.

    Parameters
    ----------
    limits
        The run's.
    r_max
        The epoch at which a trial is finished.

    Attributes
    ----------
    jobs
        How many were handed out.

    Examples
    --------
    >>> tally = Tally(Limits(max_jobs=2, max_finished=1), r_max=4)
    >>> tally.hand_out(epochs=2), tally.hand_out(epochs=4)
    (False, True)
    >>> tally.report(stop=2, loss=0.5), tally.report(stop=4, loss=0.4)
    (False, True)

    """

    __slots__ = (
        "_epochs",
        "_finished",
        "_max_epochs",
        "_max_finished",
        "_max_jobs",
        "_r_max",
        "_target",
        "jobs",
    )

    def __init__(self, limits: Limits, r_max: int) -> None:
        self._r_max = r_max
        self._max_jobs = limits.max_jobs or inf
        self._max_epochs = limits.max_epochs or inf
        self._max_finished = limits.max_finished or inf
        self._target = -inf if limits.target is None else limits.target
        self.jobs = 0
        self._epochs = 0
        self._finished = 0

    def hand_out(self, epochs: int) -> bool:
        """Count a job of `epochs` epochs as handed out; return whether it is the last one."""
        self.jobs += 1
        self._epochs += epochs
        return self.jobs >= self._max_jobs or self._epochs >= self._max_epochs

    def report(self, stop: int, loss: float) -> bool:
        """Count a job that reports this loss after epoch `stop`; return whether the run is over."""
        if stop == self._r_max:
            self._finished += 1
            if self._finished >= self._max_finished:
                return True
        return loss <= self._target
