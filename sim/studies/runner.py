"""The runner: makes the runs of a study, here or in a pool of processes.

Owns what is measured of each run, and the results of a study in memory. Must not know files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import cache, cached_property, partial
from itertools import islice
from math import inf

import numpy as np
import pandas as pd

from sim.experiments.experiment import Experiment
from sim.experiments.measures import measured
from sim.experiments.run import bounded, simulate
from sim.studies import study_cells
from sim.studies.comparison import Compared, comparison
from sim.studies.contrasts import contrasts
from sim.studies.pool import pool_of
from sim.studies.study import Study, naming
from sim.studies.study_log import Values
from sim.studies.target import default_target


@dataclass(frozen=True, slots=True)
class Measured:
    """What is kept of one run: the figures, in the study's order, and how many jobs it had."""

    values: list[float]
    jobs: int


@dataclass(frozen=True)
class Results:
    """The figures of all runs of a study, as tables.

    Parameters
    ----------
    study
        The study.
    values
        The figures, in the order of the study's grid; shape (runs, measures).

    """

    study: Study
    values: Values

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row a run: its setting on each axis, its seed and its figures."""
        keys = pd.DataFrame(self.study.labels()).astype({"seed": int})
        return pd.concat([keys, pd.DataFrame(self.values, columns=self.study.measures)], axis=1)

    @cached_property
    def cells(self) -> pd.DataFrame:
        """One row a cell and measure; see `study_cells.by_cell`."""
        return study_cells.by_cell(self.study, self.values)

    @cached_property
    def contrasts(self) -> pd.DataFrame:
        """One row a contrast; see `contrasts.contrasts`."""
        return contrasts(self.study, self.values)

    @cached_property
    def fits(self) -> pd.DataFrame:
        """One row a fit; see `study_cells.fits`."""
        return study_cells.fits(self.study, self.values)


def run_study(study: Study, processes: int = 1) -> Results:
    """Make all runs of a study and return their figures.

    The figures do not depend on the number of processes; see `pool.pool_of` for what several of
    them ask of a script.

    Raises
    ------
    InputError
        One of its experiments cannot be run.

    Examples
    --------
    >>> import sim
    >>> results = sim.run_study(sim.read_study("d2l-figures"))
    >>> results.runs["end_seconds"].tolist()[:3]
    [20.5, 10.0, 8.5]

    """
    study.check()
    with pool_of(processes) as pool:
        made = run_all(study, study.grid(), pool)
        figures = [each.values for each in made]  # noqa: PD011  no frame
    return Results(study, np.array(figures, dtype=np.float64))


def compare(
    schedulers: Sequence[str],
    *,
    workers: Sequence[int],
    seeds: int = 20,
    target: float | None = None,
    against: str | None = None,
    effect_of: str | None = None,
    processes: int = 1,
    base: Experiment,
) -> Compared:
    """Run several schedulers on several numbers of workers, on the same seeds.

    It is `rungsim compare` without its files.

    Parameters
    ----------
    schedulers, workers
        The axes of the grid.
    seeds
        How many, the same for all cells.
    target
        Of the time to target; None: a loss that one config in ten reaches (`default_target`).
    against
        The scheduler that the others are contrasted with.
    effect_of
        The kind of faults, one of `faults.KINDS`, whose effect is measured.
    processes
        See `run_study`.
    base
        What the experiments have in common: curves, faults, limits and the first seed.

    Raises
    ------
    InputError
        One of the experiments cannot be run.

    Examples
    --------
    >>> import sim
    >>> base = sim.Experiment(curves="power-law", r_max=9, limits=sim.Limits(max_epochs=90))
    >>> found = sim.compare(["sh", "asha"], workers=[1, 4], seeds=6, base=base)
    >>> found.cells[["scheduler", "workers"]].to_numpy().tolist()
    [['sh', 1], ['sh', 4], ['asha', 1], ['asha', 4]]

    """
    counts = sorted(set(workers))
    most = bounded(replace(base, workers=counts[-1]))
    study = comparison(
        most,
        schedulers=schedulers,
        workers=counts,
        seeds=seeds,
        target=default_target(most) if target is None else target,
        against=against,
        effect_of=effect_of,
    )
    results = run_study(study, processes)
    return Compared(study, results.values)


def run_all(
    study: Study, experiments: Sequence[Experiment], pool: Executor | None = None
) -> Iterator[Measured]:
    """Run the experiments, in `pool` if there is one, and yield what is kept of each, in order.

    Raises
    ------
    InputError
        One of them cannot go on; the message names its seed.

    """
    work = partial(_measure, measures=tuple(study.measures), target=study.target)
    if pool is None:
        yield from map(work, experiments)
        return
    # No more at a time than keeps all processes busy: a study may have a million runs.
    ahead = iter(experiments)
    while some := list(islice(ahead, 4096)):
        yield from pool.map(work, some, chunksize=2)


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
