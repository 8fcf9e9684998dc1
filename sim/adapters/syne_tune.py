"""Syne Tune's schedulers as ours: a trial goes on in place until its scheduler stops it.

Owns what Syne Tune's schedulers see, in the order of calls of its `Tuner`. A scheduler is used as
it is. Must not know how it decides. Syne Tune, an optional extra, is imported when a scheduler is
made; none of its backends is used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from importlib.metadata import version
from itertools import pairwise
from types import MappingProxyType
from typing import Any, NamedTuple

from learning_curves.errors import InputError, need
from sim.adapters.construction import construct, free, levels_of, set_by_run, silenced
from sim.adapters.draws import Draws
from sim.schedulers.catalogue import Settings
from sim.schedulers.protocol import Idle, Job, Searcher, inform
from sim.schedulers.rungs.in_place import InPlace

EPOCH, LOSS, NUMBER = "epoch", "loss", "number"
"""The names of the epoch and the loss in a result, and of the trial's number in a config."""

_RUNGS = MappingProxyType({"max_t": "r_max", "grace_period": "r_min", "reduction_factor": "eta"})

MEANING: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {"ASHA": _RUNGS, "MOASHA": _RUNGS, "MedianStoppingRule": {"grace_time": "r_min"}}
)
"""The setting of a run that each parameter of a scheduler stands for, by the scheduler's name."""

NAMES = tuple(MEANING)
"""The schedulers that are adapted.

`ASHA` is `AsynchronousSuccessiveHalving` with the configs of the run's searcher: Syne Tune's class
of this name only adds a random search. `ASHABORE`, `ASHACQR` and `BOHB` add searchers that propose
configs by themselves, which recorded curves do not have; they decide as `ASHA` does.
`PopulationBasedTraining` starts a trial from the checkpoint of another, which no job of ours can.
"""

AT_RUNGS = ("ASHA", "MOASHA")
"""The schedulers that decide at rung levels only; the other decides after each `r_min` epochs."""


def options(class_name: str) -> list[str]:
    """Return the parameters of a scheduler that the run does not set.

    Raises
    ------
    InputError
        Syne Tune is not installed, or too old.

    """
    called = _classes(class_name)[class_name]
    return free(called, {**_given(class_name, None), **MEANING[class_name]})


def make(
    class_name: str, searcher: Searcher, settings: Settings, options: Mapping[str, Any]
) -> InSyneTune:
    """Return the scheduler of Syne Tune that is called `class_name`.

    Raises
    ------
    InputError
        Syne Tune is not installed, or too old; or an option is wrong: see `construction.construct`.
    ValueError
        See `construction.levels_of`.

    """
    levels = levels_of(settings, at_rungs=class_name in AT_RUNGS)
    classes, meaning = _classes(class_name), MEANING[class_name]
    numbers = Numbers()
    values = _given(class_name, numbers)
    if class_name == "MedianStoppingRule":
        values["scheduler"] = classes["wrapped"](
            config_space={NUMBER: numbers}, metric=LOSS, searcher=numbers, random_seed=0
        )
    values |= set_by_run(settings, meaning)
    name = f"syne-tune:{class_name}"
    with _quietly():
        made = construct(name, classes[class_name], values, options, meaning)
    return InSyneTune(made, numbers, searcher, levels=levels)


def _given(class_name: str, numbers: Numbers | None) -> dict[str, Any]:
    """Return the parameters that are the same in every run."""
    given: dict[str, Any] = {"time_attr": EPOCH, "do_minimize": True, "random_seed": 0}
    match class_name:
        case "ASHA":
            searching = {"searcher": numbers, "searcher_kwargs": None}
            return given | searching | {"config_space": {NUMBER: numbers}, "metric": LOSS}
        case "MOASHA":
            no_choice = {"multiobjective_priority": None}
            return given | no_choice | {"config_space": {NUMBER: numbers}, "metrics": [LOSS]}
        case _:
            return given | {"scheduler": None, "metric": LOSS}


def _classes(class_name: str) -> dict[str, Callable[..., Any]]:
    """Return the classes of Syne Tune by the names in `NAMES`, and the one that a rule wraps."""
    name = f"syne-tune:{class_name}"
    need("syne_tune", name, "syne-tune")
    with _quietly():
        try:
            from syne_tune.optimizer.schedulers import (  # noqa: PLC0415  an optional extra, slow
                asha,
                median_stopping_rule,
                single_objective_scheduler,
            )
            from syne_tune.optimizer.schedulers.multiobjective import moasha  # noqa: PLC0415
        except ImportError as error:
            raise InputError(
                f"{name} needs Syne Tune 0.16 or later, and {version('syne-tune')} is installed: "
                "pip install 'rungsim[syne-tune]'"
            ) from error
    return {
        "ASHA": asha.AsynchronousSuccessiveHalving,
        "MOASHA": moasha.MOASHA,
        "MedianStoppingRule": median_stopping_rule.MedianStoppingRule,
        "wrapped": single_objective_scheduler.SingleObjectiveScheduler,
    }


class Numbers:
    """The searcher of a scheduler of Syne Tune, and the domain of its only hyperparameter.

    A config is the number of the trial that starts next, so that trial n gets our config n.
    """

    def __init__(self) -> None:
        self.number = 0

    def suggest(self) -> dict[str, int]:
        """Return the config of the trial that starts next."""
        return {NUMBER: self.number}

    def sample(self) -> int:
        """Return the value of the trial that starts next, for schedulers without a searcher."""
        return self.number

    def on_trial_result(self, *_: object, **__: object) -> None:
        """Learn nothing."""

    def on_trial_complete(self, *_: object, **__: object) -> None:
        """Learn nothing."""

    def on_trial_error(self, trial_id: int) -> None:
        """Learn nothing."""


class _Trial(NamedTuple):
    """What a scheduler of Syne Tune reads of a trial."""

    trial_id: int
    config: Mapping[str, int]


class InSyneTune:
    """A scheduler of Syne Tune on our clock.

    A job ends at the next of `levels`. Its epochs are reported one by one, as a trial of Syne Tune
    does, until the scheduler stops it. A trial that continues goes on in place. At `r_max` its
    training ends, and the trial is complete unless it was stopped there. A job that is lost is an
    error of its trial.

    A loss is reported as it is: whether a diverged trial goes on is the scheduler's decision.

    Parameters
    ----------
    scheduler
        Of Syne Tune, for the metric and the time of this module.
    numbers
        The searcher of `scheduler`.
    searcher
        Where the trials come from.
    levels
        The epochs at which a trial reports; the last is `r_max`.

    """

    disclaims = ("cost", "diverged")  # it sorts a whole rung for each result; NaN may go on

    def __init__(
        self, scheduler: Any, numbers: Numbers, searcher: Searcher, *, levels: Sequence[int]
    ) -> None:
        self.r_max = levels[-1]
        self.levels = tuple(levels)
        self._next = dict(pairwise(levels))
        self._scheduler = scheduler
        self._numbers = numbers
        self._searcher = searcher
        self._trials = InPlace(searcher, first=levels[0], r_max=self.r_max)
        self._known: dict[int, _Trial] = {}  # Syne Tune's trial by the number of ours
        self._draws = Draws()  # of the bracket of a trial

    def next_job(self) -> Job | Idle:
        """Return the next job: the trial that has just survived, else a new one."""
        job = self._trials.next_job()
        if isinstance(job, Job) and job.start == 0:
            number = self._numbers.number = job.trial.number
            with _quietly(), self._draws:
                trial = _Trial(number, self._scheduler.suggest().config)
                self._scheduler.on_trial_add(trial)
            self._known[number] = trial
        return job

    def job_done(self, job: Job, losses: Sequence[float]) -> None:
        """Report the losses of `job`, and do as Syne Tune decides. O(n log n), as it sorts."""
        inform(self._searcher, job, losses)
        trial = self._known[job.trial.number]
        with _quietly():
            for epoch, loss in enumerate(losses, job.start + 1):
                result = {EPOCH: epoch, LOSS: loss}
                if self._scheduler.on_trial_result(trial, result) != "CONTINUE":
                    self._scheduler.on_trial_remove(trial)
                    self._end(job)
                    return
            if job.stop < self.r_max:
                self._trials.end(job, survives_to=self._next[job.stop])
            else:
                self._scheduler.on_trial_complete(trial, result)
                self._end(job)

    def job_lost(self, job: Job) -> None:
        """Report an error of the trial of `job`."""
        with _quietly():
            self._scheduler.on_trial_error(self._known[job.trial.number])
        self._end(job)

    def may_go_on(self, job: Job) -> bool:
        """Return whether the trial of `job` has survived and waits for a worker. O(survivors)."""
        return self._trials.may_go_on(job)

    def _end(self, job: Job) -> None:
        del self._known[job.trial.number]
        self._trials.end(job)


def _quietly() -> AbstractContextManager[None]:
    """Return a context without what Syne Tune logs, and without warnings."""
    return silenced("syne_tune")
