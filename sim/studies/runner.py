"""The runner: makes the runs of a study, here or in a pool of processes.

Owns what is measured of each run. Must not know where the figures are kept.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice
from math import inf

import numpy as np

from learning_curves.errors import InputError
from sim.experiments.experiment import Experiment
from sim.experiments.measures import measured
from sim.experiments.run import simulate
from sim.studies.pool import pool_of
from sim.studies.study import Study, naming
from sim.studies.study_log import Values
from sim.studies.target import default_target


@dataclass(frozen=True, slots=True)
class Measured:
    """What is kept of one run: the figures, in the study's order, and how many jobs it had."""

    values: list[float]
    jobs: int


def values_of(study: Study, processes: int = 1) -> Values:
    """Make all runs of a study and return their figures; shape (runs, measures).

    The figures do not depend on the number of processes; see `pool.pool_of` for what several of
    them ask of a script.

    Raises
    ------
    InputError
        One of its experiments cannot be run.

    """
    study.check()
    with pool_of(processes) as pool:
        figures = [each.values for each in run_all(study, study.grid(), pool)]
    return np.array(figures, dtype=np.float64)


def run_all(
    study: Study, experiments: Sequence[Experiment], pool: Executor | None = None
) -> Iterator[Measured]:
    """Run the experiments, in `pool` if there is one, and yield what is kept of each, in order.

    Raises
    ------
    InputError
        One of them cannot go on; the message names its seed. Or a process of the pool has died.

    """
    work = partial(_measure, measures=tuple(study.measures), target=study.target)
    if pool is None:
        yield from map(work, experiments)
        return
    # No more at a time than keeps all processes busy: a study may have a million runs.
    ahead = iter(experiments)
    try:
        while some := list(islice(ahead, 4096)):
            yield from pool.map(work, some, chunksize=2)
    except BrokenExecutor:
        raise InputError(
            "a process died, maybe because memory ran out: the same command continues the study; "
            "give it fewer --processes"
        ) from None


def _measure(experiment: Experiment, measures: tuple[str, ...], target: float | None) -> Measured:
    with naming({experiment.scheduler: f"with seed {experiment.seed}"}):
        run = simulate(experiment)
    if target is None and "time_to_target" in measures:
        target = _default_target(experiment.curves, experiment.r_max)
    values = measured(run, measures, -inf if target is None else target)
    return Measured(values, len(run.trace.jobs))


@cache
def _default_target(curves: str, r_max: int | None) -> float:
    return default_target(Experiment(curves=curves, r_max=r_max))
