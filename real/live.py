"""A live experiment: one scheduler, one task, real workers, one folder.

Owns how a live run is set up from plain values, begun and resumed. The values are enough to repeat
it: to the same losses on one worker, or under a scheduler that waits for its rungs. Must not know
how a run is measured or shown, nor how a job is trained.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from functools import partial
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from learning_curves import files
from learning_curves.errors import InputError, for_the_user, reading
from learning_curves.spaces import space as spaces
from learning_curves.spaces.space import Config
from real.cluster import training
from real.cluster.cluster import JOURNAL, Cluster, ignore
from real.cluster.crew import Crew, Processes
from real.cluster.journal import Event
from real.tasks.data import Source, ValidateOn
from real.tasks.recipe import Recipe
from sim import searchers
from sim.experiments import own, plain
from sim.experiments.experiment import Experiment
from sim.jobs.limits import Limits
from sim.schedulers import Contract, Retrying, Scheduler, Searcher
from sim.schedulers.catalogue import Settings
from sim.traces import replay
from sim.traces.replay import Lived

if TYPE_CHECKING:
    from real.tasks.task import Task

EXPERIMENT = "experiment.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveExperiment:
    """All settings that a live run depends on, except the machine, in plain values.

    Parameters
    ----------
    task
        A task's name, or ``module:Task``; see `recipe.Recipe`.
    data
        Which images; see `real.tasks.data.load`.
    validate_on
        What the loss is computed on; see `real.tasks.data.load`.
    device
        A torch device, such as ``"cpu"`` or ``"cuda"``.
    scheduler
        A name in `catalogue.SCHEDULERS`, or ``module:Class`` for one of the user's own.
    scheduler_options
        The parameters of the user's own scheduler by name.
    eta
        The reduction factor.
    r_min
        The first rung level, in epochs.
    r_max
        The last rung level; None: that of the task.
    rule
        The rule of ASHA, by which trials are promoted or stop; in `catalogue.RULES_OF`.
    prefact
        Multiplies the number of trials of a synchronous bracket.
    workers
        How many workers there are.
    searcher
        A name in `searchers.SEARCHERS`, over the task's space, or ``module:Class`` for one of the
        user's own.
    searcher_options
        The parameters of the user's own searcher by name.
    first
        Configs to try first, before those that it proposes.
    max_trials
        The searcher is exhausted after this number of trials.
    grid_points
        How many values of each hyperparameter a grid has; see `searchers.searcher_for`.
    seed
        Of all randomness, 0 <= seed < 2**32.
    attempts
        How many times a job is tried before it is lost for good, >= 1.
    lost
        What the scheduler does with a job that is lost for good, one of `schedulers.LOST`.
    job_timeout
        Seconds that a job may train; None: no limit.
    limits
        When the run ends; its seconds are those of the wall clock while it is active.

    """

    task: str = "softmax"
    data: Source = "auto"
    validate_on: ValidateOn = "validation"
    device: str = "cpu"
    scheduler: str = "asha"
    scheduler_options: Config = field(default_factory=dict)
    eta: int = 2
    r_min: int = 1
    r_max: int | None = None
    rule: str = "top-k"
    prefact: int = 1
    workers: int = 2
    searcher: str = "random"
    searcher_options: Config = field(default_factory=dict)
    first: tuple[Config, ...] = ()
    max_trials: int | None = None
    grid_points: int | None = None
    seed: int = 0
    attempts: int = 3
    lost: str = "inf"
    job_timeout: float | None = None
    limits: Limits = field(default_factory=Limits)

    @property
    def recipe(self) -> Recipe:
        """What makes the task, in any process."""
        return Recipe(self.task, self.data, self.validate_on, self.device)

    def make(self, searcher: Searcher, settings: Settings) -> Scheduler:
        """Make the scheduler, for a live run or for its simulation: a `catalogue.Make`."""
        return Retrying(own.maker(self)(searcher, settings), self.attempts)

    def simulated(self, lived: Lived, workers: int | None = None) -> Experiment:
        """Return the experiment that simulates this one on the curves of `lived`.

        Run it on ``replay.completed(lived)``: the same trials, in the same order.
        """
        same = {each.name for each in fields(Experiment)} & {each.name for each in fields(self)}
        values: dict[str, Any] = {name: getattr(self, name) for name in same}
        values |= {
            "curves": f"{self.task} (live)",
            "r_max": lived.trace.r_max,
            "searcher": "random",
            "searcher_options": {},
            "order": "given",
            "first": (),
            "grid_points": None,
            "costs": replay.calibrated(lived),
        }
        return Experiment(**values | ({} if workers is None else {"workers": workers}))


def begin(experiment: LiveExperiment, folder: Path) -> LiveExperiment:
    """Write down what is to be run in `folder`, made here; return it, its data decided on.

    Raises
    ------
    InputError
        The folder holds a run, or the experiment cannot be run; nothing is written then.

    """
    held = InputError(
        f"{folder} holds a live run: continue it with rungsim live --resume {folder}, or choose "
        "another --out"
    )
    if _begun(folder):
        raise held
    task = experiment.recipe()
    scheduler(experiment, task)
    if hasattr(task, "whole_data"):  # what is found now may not be what is found on going on
        experiment = replace(experiment, data="full" if task.whole_data else "subset")
    digests = own.digests(experiment)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder} cannot be made: {error.strerror}; choose another --out"
        ) from None
    try:
        (folder / JOURNAL).touch(exist_ok=False)  # of two that begin at a time, one does
    except FileExistsError:
        if _begun(folder):  # else whoever touched it has died before the next line
            raise held from None
    notes = {own.NOTE: digests} if digests else {}
    files.write(folder / EXPERIMENT, plain.to_toml(experiment, **notes).encode())
    return experiment


def _begun(folder: Path) -> bool:
    path = folder / JOURNAL
    return path.exists() and ((folder / EXPERIMENT).exists() or path.stat().st_size > 0)


def read(folder: Path) -> LiveExperiment:
    """Return the experiment that was begun in `folder`.

    Raises
    ------
    InputError
        There is none, or a file of the user's own has changed since.

    """
    path = folder / EXPERIMENT
    with reading(path, remedy=f"{folder} does not hold a live run: give the folder of one"):
        text = path.read_text(encoding="utf-8")
        experiment = plain.from_toml(LiveExperiment, text, str(path), limits=Limits)
        notes = files.read_toml(text).get("notes", {})
    own.check_digests(notes, path, experiment)
    return experiment


def run(
    experiment: LiveExperiment,
    folder: Path,
    *,
    hire: Callable[[], Crew] | None = None,
    hear: Callable[[Event], None] = ignore,
) -> Lived:
    """Run `experiment`, which was begun in `folder`, from where its journal ends to its end.

    Parameters
    ----------
    experiment
        As `begin` returned it.
    folder
        The folder of the run.
    hire
        Returns the crew that trains; called only if there is something to train. None: local
        processes. The crew is stopped at the end.
    hear
        Called with each event, first with those in the journal.

    Raises
    ------
    TaskError
        Every trial raises an exception; see `ledger.Ledger.check`.
    InputError
        The task cannot be loaded, the journal belongs to another run, or a file cannot be written.
        Everything that was reported is kept.

    """
    task = experiment.recipe()
    with for_the_user():
        cluster = Cluster(
            scheduler(experiment, task),
            hire or partial(_processes, experiment),
            experiment.recipe,
            folder=folder.absolute(),  # the workers of a Dask cluster were started elsewhere
            workers=experiment.workers,
            seed=experiment.seed,
            limits=experiment.limits,
            job_timeout=experiment.job_timeout,
            device=experiment.device,
            hear=hear,
        )
    del task  # its data: the processes that train load their own
    with own.blamed(experiment):
        return cluster.run()


def scheduler(experiment: LiveExperiment, task: Task) -> Scheduler:
    """Return the scheduler of `experiment`, fresh.

    Raises
    ------
    InputError
        A value is out of its range.

    """
    for config in experiment.first:
        if set(config) != set(task.space):
            raise InputError(
                f"the first config {dict(config)} does not name the hyperparameters of "
                f"{task.name}: give {', '.join(task.space)}"
            )
        for name, value in config.items():
            if isinstance(value, float) and not isfinite(value):
                raise InputError(f"the first config has {name} = {value}: give a finite number")
        if experiment.searcher != "random":  # which learns from it where it lies
            spaces.check_config(task.space, config)
    if experiment.r_max is not None and experiment.r_max > task.r_max:
        raise InputError(
            f"r_max is {experiment.r_max}: give at most {task.r_max}, the last epoch of {task.name}"
        )
    if not 0 <= experiment.seed < 2**32:
        raise InputError(f"the seed is {experiment.seed}: give a whole number from 0 to 2**32 - 1")
    if experiment.workers < 1:
        raise InputError(f"the number of workers is {experiment.workers}: give at least 1")
    if experiment.max_trials is not None and experiment.max_trials < 1:
        raise InputError(f"max_trials is {experiment.max_trials}: give at least 1")
    with for_the_user(), own.blamed(experiment):
        searcher = searchers.searcher_over(
            task.space,
            seed=experiment.seed,
            name=experiment.searcher,
            options=experiment.searcher_options,
            first=experiment.first,
            max_trials=experiment.max_trials,
            grid_points=experiment.grid_points,
        )
        settings = Settings(
            r_min=experiment.r_min,
            r_max=task.r_max if experiment.r_max is None else experiment.r_max,
            eta=experiment.eta,
            workers=experiment.workers,
            rule=experiment.rule,
            prefact=experiment.prefact,
            lost=experiment.lost,
        )
        return Contract(experiment.make(searcher, settings))


def _processes(experiment: LiveExperiment) -> Crew:
    """Return local processes, on the GPUs of this machine if they are to be used."""
    gpus = 0
    if experiment.device.startswith("cuda"):
        gpus = torch.cuda.device_count()
    settle = partial(training.settle, experiment.recipe)
    return Processes(experiment.workers, settle, gpus=gpus)
