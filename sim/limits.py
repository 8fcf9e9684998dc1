"""When a run ends: the limits of an experiment.

Owns what may be limited. The cluster, simulated or live, watches the limits; `max_trials` is the
searcher's, which is exhausted after so many.
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
        The run ends then: jobs that end exactly then still report, the running ones are cut.
    max_jobs
        No job is handed out after so many; the running ones report.
    max_epochs
        No job is handed out once the jobs handed out train so many epochs together (the last one
        may exceed it), those trained again for want of checkpoints included; the running ones
        report.
    target
        The run ends as soon as a job ends with a loss at or below this one; running jobs are cut.
    max_finished
        The run ends as soon as so many trials have reported at r_max; running jobs are cut.

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
