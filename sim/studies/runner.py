"""The runner: has the runs of a study made, here or in other processes.

Owns which process is given which runs when. Must not know files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from sim.experiments.experiment import Experiment
from sim.experiments.run import bounded
from sim.experiments.target import default_target
from sim.studies.checks import experiments
from sim.studies.comparison import Compared, comparison
from sim.studies.parallel.plan import Plan
from sim.studies.parallel.pool import HERE, Pools, pools_of_one
from sim.studies.parallel.work import Work
from sim.studies.study import Study
from sim.studies.study_log import Values


@dataclass(frozen=True, slots=True)
class Measured:
    """What is kept of one run.

    Parameters
    ----------
    place
        Its place in the study's grid, from 0.
    values
        The figures, in the study's order.
    jobs
        How many jobs it had.
    seconds_left
        How long the runs that are left will take, in seconds of real time; None if no run is timed,
        or if the last estimate is less than a tenth of a second old.

    """

    place: int
    values: list[float]
    jobs: int
    seconds_left: float | None


def measure_all(study: Study, processes: int = 1) -> Values:
    """Make all runs of a study and return their figures, in the order of its grid.

    The figures do not depend on the number of processes; see `parallel.pool.pool_of` for what
    several of them ask of a script.

    Raises
    ------
    InputError
        One of its experiments cannot be run.

    Returns
    -------
    ndarray
        Of shape (runs, measures).

    """
    experiments.check(study)
    values = np.empty((study.runs, len(study.measures)))
    with pools_of_one(processes) as pools:
        for each in run_all(study, range(study.runs), pools):
            values[each.place] = each.values
    return values


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
        See `measure_all`.
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
    return Compared(study, measure_all(study, processes))


def run_all(
    study: Study,
    places: Iterable[int],
    pools: Pools = HERE,
    clock: Callable[[], float] | None = None,
) -> Iterator[Measured]:
    """Make runs of a study and yield what is kept of each, in the order in which they end.

    Parameters
    ----------
    study
        The study.
    places
        The places of the runs in its grid, ascending; see `plan.Plan` for the order in which they
        are made.
    pools
        Pools of one process each; by default all is done in this process.
    clock
        Returns the seconds of real time, by which runs are timed. None: no run is timed.

    Raises
    ------
    InputError
        A run cannot go on; the message names its seed. Or a process cannot make runs.

    """
    sizes = [size(cell.experiment) for cell in study.cells]
    kinds = [cell.experiment.scheduler for cell in study.cells]
    plan = Plan(sizes, kinds, study.seeds, places)
    work = Work(study, pools)
    together = 0.0 if work.here else _TOGETHER
    running: dict[Future[Any], _Task] = {}
    there: Sequence[Executor] = ()
    estimates = 0.0  # from when on the time left is estimated again
    while True:
        before, there = there, pools.now()
        if there is not before:
            # One that comes back before the last task that it was given has ended just goes on.
            going = {*before, *(task.pool for task in running.values())}
            running |= {work.begin(pool): _Task(pool) for pool in there if pool not in going}
        if not running:
            return
        ended, _ = wait(running, timeout=_LOOK, return_when=FIRST_COMPLETED)
        for task, future in [(running.pop(each), each) for each in ended]:
            now = 0.0 if clock is None else clock()
            made = future.result() if task.places else work.begun(future)
            if made is None:  # the process lacks the inputs
                running[work.submit(task.pool, task.places, with_inputs=True)] = task
                continue
            # What passed between two tasks of a process counts, too: the sum is all of its time.
            plan.done(task.places, None if clock is None else now - task.began)
            left = None
            if now >= estimates:  # O(cells), too much for each short run
                under_way = sum(now - other.began for other in running.values() if other.places)
                left = plan.time_left(len(there), under_way)
                estimates = now + _TOGETHER
            for place, (values, jobs) in zip(task.places, made, strict=True):
                yield Measured(place, values, jobs, left)
            # Only now, when these are written to a file: a kill loses none of them.
            seed = task.places[-1] % study.seeds if task.places else None
            if task.pool in there and (taken := plan.take(seed, together)):
                running[work.submit(task.pool, taken)] = _Task(task.pool, taken, now)


_TOGETHER = 0.1
"""Seconds that the runs may take together which a process makes before it returns their figures."""

_LOOK = 1.0
"""Seconds after which it is looked for new pools, even if no task has ended."""


@dataclass(frozen=True, slots=True)
class _Task:
    """The runs that a process makes, and since when; at first none: it prepares itself."""

    pool: Executor
    places: Sequence[int] = ()
    began: float = 0.0


def size(experiment: Experiment) -> float:
    """Return the number of epochs that a run trains at most, if each takes a second.

    A rough measure of how long the run takes.
    """
    limits = experiment.limits
    bounds: list[float | None] = [limits.max_epochs, limits.max_jobs]
    if limits.max_seconds is not None:
        bounds.append(limits.max_seconds * experiment.workers)
    if experiment.max_trials is not None:
        bounds.append(experiment.max_trials * (experiment.r_max or 1))
    return max(1.0, min((bound for bound in bounds if bound is not None), default=1.0))
