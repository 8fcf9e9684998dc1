"""Optuna's pruners as schedulers: a trial goes on in place until its pruner prunes it.

Owns what Optuna is asked and when, in a study in memory. A pruner is used as it is. Must not know
how a pruner decides. Optuna, an optional extra, is imported when a scheduler is made.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from learning_curves.errors import InputError, need, suggestion
from sim.adapters.construction import construct, free, levels_of, set_by_run
from sim.schedulers.catalogue import Settings
from sim.schedulers.protocol import Idle, Job, Searcher, inform
from sim.schedulers.rungs.in_place import InPlace

if TYPE_CHECKING:
    import optuna

MEANING: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "SuccessiveHalvingPruner": {"min_resource": "r_min", "reduction_factor": "eta"},
        "HyperbandPruner": {
            "min_resource": "r_min",
            "max_resource": "r_max",
            "reduction_factor": "eta",
        },
        "MedianPruner": {},
        "PercentilePruner": {},
        "PatientPruner": {},
        "WilcoxonPruner": {},
    }
)
"""The setting of a run that each parameter of a pruner stands for, by the pruner's name."""

NAMES = tuple(MEANING)
"""The pruners that are adapted."""

AT_RUNGS = ("SuccessiveHalvingPruner", "HyperbandPruner")
"""The pruners that decide at rung levels only; the others decide after each `r_min` epochs."""

STUDY = "rungsim"
"""The name of the study: `HyperbandPruner` derives a trial's bracket from it and the number."""


def options(class_name: str) -> list[str]:
    """Return the parameters of a pruner that the run does not set.

    Raises
    ------
    InputError
        Optuna is not installed.

    """
    return free(_class(class_name), MEANING[class_name])


def make(
    class_name: str, searcher: Searcher, settings: Settings, options: Mapping[str, Any]
) -> InStudy:
    """Return the scheduler of the pruner that is called `class_name`.

    The option `wrapped_pruner` of `PatientPruner` is the name of another pruner, which gets the
    settings of the run; without it a trial is compared with itself alone.

    Raises
    ------
    InputError
        Optuna is not installed, or an option is wrong: see `construction.construct`.
    ValueError
        See `construction.levels_of`.

    """
    name = f"optuna:{class_name}"
    called = _class(class_name)
    levels = levels_of(settings, at_rungs=class_name in AT_RUNGS)
    with _quietly():
        return InStudy(_pruner(name, called, settings, dict(options)), searcher, levels=levels)


def _pruner(
    name: str, called: Callable[..., Any], settings: Settings, options: dict[str, Any]
) -> optuna.pruners.BasePruner:
    meaning = MEANING[called.__name__]
    values = set_by_run(settings, meaning)
    if called.__name__ == "PercentilePruner":
        options = {"percentile": 100 / settings.eta, **options}
    if called.__name__ == "PatientPruner":
        wrapped = options.pop("wrapped_pruner", None)
        values["wrapped_pruner"] = wrapped and _wrapped(str(wrapped), settings)
    made: optuna.pruners.BasePruner = construct(name, called, values, options, meaning)
    return made


def _wrapped(name: str, settings: Settings) -> optuna.pruners.BasePruner:
    known = [each for each in NAMES if each != "PatientPruner"]
    if name not in known:
        raise InputError(f"wrapped_pruner is {name!r}: {suggestion(name, known)}")
    return _pruner(f"optuna:{name}", _class(name), settings, {})


def _class(class_name: str) -> Callable[..., Any]:
    need("optuna", f"optuna:{class_name}")
    import optuna  # noqa: PLC0415  an optional extra, slow

    found: Callable[..., Any] = getattr(optuna.pruners, class_name)
    return found


class InStudy:
    """A pruner of Optuna, in a study that holds a trial of Optuna's for each of ours.

    A job ends at the next of `levels`. Its losses are reported, with the epoch as the step, counted
    from 1; then the pruner is asked once, at `r_max` too, as by the loop of Optuna's documentation
    that reports and asks. A trial that is not pruned goes on in place. At its end a trial is
    complete, with its last loss, or pruned, or failed: one that is lost, and one whose last loss is
    NaN, which Optuna refuses as a value.

    A loss is reported as it is: whether a diverged trial goes on is the pruner's decision.

    Parameters
    ----------
    pruner
        Of Optuna.
    searcher
        Where the trials come from. The study has trials without parameters.
    levels
        The epochs at which a trial reports; the last is `r_max`.

    """

    disclaims = ("cost", "diverged")  # it reads all trials at each decision; NaN may go on

    def __init__(
        self, pruner: optuna.pruners.BasePruner, searcher: Searcher, *, levels: Sequence[int]
    ) -> None:
        import optuna  # noqa: PLC0415  an optional extra, slow

        self.r_max = levels[-1]
        self.levels = tuple(levels)
        self._next = dict(pairwise(levels))
        self._searcher = searcher
        self._trials = InPlace(searcher, first=levels[0], r_max=self.r_max)
        self._states = optuna.trial.TrialState
        self._known: dict[int, optuna.Trial] = {}  # Optuna's trial by the number of ours
        with _quietly():
            self._study = optuna.create_study(
                study_name=STUDY,
                sampler=optuna.samplers.RandomSampler(seed=0),  # it draws nothing
                pruner=pruner,
            )

    def next_job(self) -> Job | Idle:
        """Return the next job: the trial that has just survived, else a new one."""
        job = self._trials.next_job()
        if isinstance(job, Job) and job.start == 0:
            with _quietly():
                self._known[job.trial.number] = self._study.ask()
        return job

    def job_done(self, job: Job, losses: Sequence[float]) -> None:
        """Report the losses of `job`, and ask the pruner. O(trials), as Optuna reads them all."""
        inform(self._searcher, job, losses)
        trial = self._known[job.trial.number]
        with _quietly():
            for epoch, loss in enumerate(losses, job.start + 1):
                trial.report(loss, epoch)
            if trial.should_prune():
                self._end(job, state=self._states.PRUNED)
            elif job.stop == self.r_max:
                self._end(job, losses[-1])
            else:
                self._trials.end(job, survives_to=self._next[job.stop])

    def job_lost(self, job: Job) -> None:
        """Record that the trial of `job` has failed."""
        with _quietly():
            self._end(job, state=self._states.FAIL)

    def may_go_on(self, job: Job) -> bool:
        """Return whether the trial of `job` has survived and waits for a worker. O(survivors)."""
        return self._trials.may_go_on(job)

    def _end(
        self, job: Job, value: float | None = None, state: optuna.trial.TrialState | None = None
    ) -> None:
        self._study.tell(self._known.pop(job.trial.number), value, state)
        self._trials.end(job)


def _quietly() -> AbstractContextManager[None]:
    """Return a context in which Optuna logs nothing and warns of nothing."""
    from sim.searchers.optuna_samplers import quietly  # noqa: PLC0415  it imports Optuna

    return quietly()
