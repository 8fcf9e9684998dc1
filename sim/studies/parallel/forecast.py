"""How long the runs of a study will take, from a few that are made and timed.

Owns which runs are the sample, and how the rest follows from it. Must not know what time it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf

from sim.experiments.experiment import Experiment
from sim.experiments.measures import measured
from sim.experiments.run import Run, simulate
from sim.studies.parallel.plan import Plan
from sim.studies.runner import size
from sim.studies.study import Study
from sim.traces import metrics

MOST_JOBS = 2000
"""The length of a sampled run."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """How long runs will take.

    Parameters
    ----------
    seconds
        Of real time, of all of them; 0 if there are none.
    sampled
        The schedulers of which a run was timed.
    others
        The schedulers that are taken to be as fast as these, since the time for sampling was over.

    """

    seconds: float
    sampled: list[str]
    others: list[str]


def forecast(
    study: Study,
    places: Sequence[int],
    clock: Callable[[], float],
    *,
    processes: int = 1,
    budget: float = 3.0,
) -> Forecast:
    """Make and time one run of each scheduler; return how long the runs at `places` will take.

    Of each scheduler the first `MOST_JOBS` jobs are run, at the first seed of the cell of middle
    size. The time of the whole run is in proportion to how far this comes towards its limits, and
    the time of the other cells to their sizes, as in `Plan`. What a run costs once, such as the
    curves of a seed, counts in full: the estimate is rather too long. It knows nothing of targets,
    which may end runs early.

    Parameters
    ----------
    study
        The study, checked.
    places
        The places of the runs in its grid, ascending.
    clock
        Returns the seconds of real time.
    processes
        How many make runs at a time.
    budget
        After this number of seconds no further scheduler is sampled.

    """
    cells = sorted({place // study.seeds for place in places})
    by_kind: dict[str, list[int]] = {}
    for cell in cells:
        by_kind.setdefault(study.cells[cell].experiment.scheduler, []).append(cell)
    sizes = [size(cell.experiment) for cell in study.cells]
    kinds = [cell.experiment.scheduler for cell in study.cells]
    whole = Plan(sizes, kinds, study.seeds, places)
    sampled: list[str] = []
    seconds = 0.0
    began = clock()
    for kind, own in by_kind.items():
        if sampled and clock() - began > budget:
            break
        middle = sorted(own, key=sizes.__getitem__)[len(own) // 2]
        place = next(place for place in places if place // study.seeds == middle)
        start = clock()
        progress = _sample(study, study.cells[middle].experiment)
        each = (clock() - start) / progress
        whole.done([place], each)
        seconds += each  # of the run that the sample stands for: it has not been made
        sampled.append(kind)
    seconds += whole.time_left() or 0.0
    seconds /= max(1, min(processes, len(places)))
    return Forecast(seconds, sampled, [kind for kind in by_kind if kind not in sampled])


def _sample(study: Study, experiment: Experiment) -> float:
    """Run and measure the first jobs of an experiment; return which part of the run they are."""
    limits = experiment.limits
    most = min(MOST_JOBS, limits.max_jobs or MOST_JOBS)
    run = simulate(replace(experiment, limits=replace(limits, max_jobs=most)))
    measured(run, study.measures, -inf if study.target is None else study.target)
    return _progress(run, experiment) if len(run.jobs) >= most else 1.0


def _progress(run: Run, experiment: Experiment) -> float:
    """Return how far a run came towards the first limit of `experiment`, above 0, at most 1."""
    limits = experiment.limits
    jobs = run.jobs
    parts = [
        (run.trace.end, limits.max_seconds),
        (len(jobs), limits.max_jobs),
        (metrics.epochs(run.trace, experiment.costs), limits.max_epochs),
        (jobs["trial"].nunique(), experiment.max_trials),
    ]
    found = max((reached / most for reached, most in parts if most), default=1.0)
    return min(1.0, found) or 1.0
