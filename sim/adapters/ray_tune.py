"""Ray Tune's schedulers as ours: they decide on each result which trials go on, pause or stop.

Owns what Ray's schedulers see: trials with a status, and a controller that lists and stops them,
in the order of calls of Ray's `TuneController`. A scheduler is used as it is. Must not know how it
decides. Ray, an optional extra, is imported when a scheduler is made; no cluster is started.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from learning_curves.errors import need
from sim.adapters.construction import construct, free, levels_of, set_by_run, silenced
from sim.adapters.draws import Draws
from sim.schedulers.catalogue import Settings
from sim.schedulers.protocol import Idle, Job, Searcher, Trial, inform, waits_in

MEANING: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "ASHAScheduler": {"max_t": "r_max", "grace_period": "r_min", "reduction_factor": "eta"},
        "AsyncHyperBandScheduler": {
            "max_t": "r_max",
            "grace_period": "r_min",
            "reduction_factor": "eta",
        },
        "HyperBandScheduler": {"max_t": "r_max", "reduction_factor": "eta"},
        "MedianStoppingRule": {"grace_period": "r_min"},
    }
)
"""The setting of a run that each parameter of a scheduler stands for, by the scheduler's name."""

NAMES = tuple(MEANING)
"""The schedulers that are adapted; the first two are the same class."""

AT_RUNGS = ("ASHAScheduler", "AsyncHyperBandScheduler")
"""The schedulers that decide at rung levels only; the others decide after each `r_min` epochs."""

TIME, METRIC = "training_iteration", "loss"
"""What a result calls its epoch and its loss."""

_FIXED = {"time_attr": TIME, "metric": METRIC, "mode": "min"}

PENDING, RUNNING, PAUSED, TERMINATED, ERROR = "PENDING", "RUNNING", "PAUSED", "TERMINATED", "ERROR"
"""What Ray calls the states of a trial."""

CONTINUE, PAUSE, STOP = "CONTINUE", "PAUSE", "STOP"
"""What Ray calls the decisions on a trial."""


def options(class_name: str) -> list[str]:
    """Return the parameters of a scheduler that the run does not set.

    Raises
    ------
    InputError
        Ray Tune is not installed.

    """
    return free(_class(class_name), {**_FIXED, **MEANING[class_name]})


def make(
    class_name: str, searcher: Searcher, settings: Settings, options: Mapping[str, Any]
) -> InTune:
    """Return the scheduler of Ray Tune that is called `class_name`.

    Raises
    ------
    InputError
        Ray Tune is not installed, or an option is wrong: see `construction.construct`.
    ValueError
        See `construction.levels_of`.

    """
    levels = levels_of(settings, at_rungs=class_name in AT_RUNGS)
    called, meaning = _class(class_name), MEANING[class_name]
    values = set_by_run(settings, meaning)
    made = construct(f"ray:{class_name}", called, {**_FIXED, **values}, options, meaning)
    return InTune(made, searcher, levels=levels)


def _class(class_name: str) -> Callable[..., Any]:
    need("ray", f"ray:{class_name}")
    with _quietly():
        import ray.tune.schedulers  # noqa: PLC0415  an optional extra, slow

    found: Callable[..., Any] = getattr(ray.tune.schedulers, class_name)
    return found


@dataclass(eq=False, slots=True)
class RayTrial:
    """What a scheduler of Ray reads of a trial."""

    ours: Trial
    trial_id: str
    status: str = PENDING
    is_saving: bool = False  # never: a checkpoint is a matter of the clock
    reached: int = 0  # the epoch of its last result; Ray's schedulers do not read it
    last_result: Mapping[str, Any] = field(default_factory=dict)


class Controller:
    """What a scheduler of Ray calls of Tune's controller: lists of trials, the end of one."""

    def __init__(self, scheduler: Any) -> None:
        self._scheduler = scheduler
        self._trials: list[RayTrial] = []
        self._live: dict[RayTrial, None] = {}

    def get_trials(self) -> list[RayTrial]:
        """Return all trials, in the order of their numbers."""
        return self._trials

    def get_live_trials(self) -> list[RayTrial]:
        """Return the trials that have neither stopped nor failed. O(n)."""
        return list(self._live)

    def add_trial(self, trial: RayTrial) -> None:
        """Add a trial that waits for its first worker."""
        self._trials.append(trial)
        self._live[trial] = None
        self._scheduler.on_trial_add(self, trial)

    def stop_trial(self, trial: RayTrial) -> None:
        """End a trial: it is removed if it waits, and complete if it runs."""
        if trial.status in (TERMINATED, ERROR):
            return
        if trial.status == RUNNING:
            self._scheduler.on_trial_complete(self, trial, trial.last_result)
        else:
            self._scheduler.on_trial_remove(self, trial)
        self._end(trial, TERMINATED)

    def fail_trial(self, trial: RayTrial) -> None:
        """End a trial that raised an error while it ran."""
        self._scheduler.on_trial_error(self, trial)
        self._end(trial, ERROR)

    def _end(self, trial: RayTrial, status: str) -> None:
        trial.status = status
        del self._live[trial]


class InTune:
    """A scheduler of Ray Tune, between a controller and our clock.

    As in Tune with a searcher, one trial that has not started is in the queue at any time, drawn
    before the result that is handled next is known. A job ends at the next of `levels`; its epochs
    are reported one by one, as Tune reports buffered results, to a scheduler that supports them,
    else the last alone. A trial that continues goes on in place; one that is paused gives its
    worker up, and goes on when `choose_trial_to_run` returns it. At `r_max` its training ends,
    whatever the decision; a trial that is paused there ends when it is chosen.

    A loss is reported as it is: whether a diverged trial goes on is the scheduler's decision. If it
    chooses no trial while some are paused and none runs, the answer is WAIT: Tune would hang, and
    `Contract` raises.

    Parameters
    ----------
    scheduler
        Of Ray Tune, for the metric and the time of this module.
    searcher
        Where the trials come from.
    levels
        The epochs at which a trial reports; the last is `r_max`.

    """

    disclaims = ("cost", "diverged")  # it may sort a whole rung; NaN may go on

    def __init__(self, scheduler: Any, searcher: Searcher, *, levels: Sequence[int]) -> None:
        self.r_max = levels[-1]
        self.levels = tuple(levels)
        self._next = dict(zip((0, *levels), levels, strict=False))
        self._scheduler = scheduler
        self._controller = Controller(scheduler)
        self._searcher = searcher
        self._known: dict[int, RayTrial] = {}  # by our number
        self._queued: RayTrial | None = None
        self._going: deque[Job] = deque()  # jobs of trials that go on in place
        self._draws = Draws()

    def next_job(self) -> Job | Idle:
        """Return the job of a trial that goes on in place, else of the one that Ray chooses."""
        if self._going:
            return self._going.popleft()
        self._fill()
        while True:
            with _quietly():
                trial = self._scheduler.choose_trial_to_run(self._controller)
            if trial is None:
                return Idle.WAIT if self._controller.get_live_trials() else Idle.DONE
            trial.status = RUNNING
            if trial.reached < self.r_max:
                return Job(trial.ours, trial.reached, self._next[trial.reached])
            with _quietly():
                self._controller.stop_trial(trial)

    def job_done(self, job: Job, losses: Sequence[float]) -> None:
        """Report the losses of `job` to Ray, and do as it decides."""
        self._fill()
        inform(self._searcher, job, losses)
        trial = self._known[job.trial.number]
        trial.reached = job.stop
        with _quietly():
            decision = self._decision(trial, job, losses)
            if decision == STOP or (decision == CONTINUE and job.stop == self.r_max):
                self._controller.stop_trial(trial)
            elif decision == CONTINUE:
                self._going.append(Job(job.trial, job.stop, self._next[job.stop]))
            else:
                trial.status = PAUSED

    def job_lost(self, job: Job) -> None:
        """Report an error of the trial of `job`."""
        self._fill()
        with _quietly():
            self._controller.fail_trial(self._known[job.trial.number])

    def may_go_on(self, job: Job) -> bool:
        """Return whether the trial of `job` is paused, or waits for its worker. O(trials going)."""
        paused = self._known[job.trial.number].status == PAUSED
        return (paused and job.stop < self.r_max) or waits_in(self._going, job)

    def _fill(self) -> None:
        """Put a trial into the queue if none is there, unless the searcher is exhausted."""
        if self._queued is not None and self._queued.status == PENDING:
            return
        drawn = self._searcher.draw()
        if drawn is None:
            return
        self._queued = self._known[drawn.number] = RayTrial(drawn, str(drawn.number))
        with _quietly(), self._draws:
            self._controller.add_trial(self._queued)

    def _decision(self, trial: RayTrial, job: Job, losses: Sequence[float]) -> str:
        """Report each loss; return STOP as soon as it is decided, else PAUSE if it ever is."""
        results = [
            {TIME: epoch, METRIC: loss, "trial_id": trial.trial_id}
            for epoch, loss in enumerate(losses, job.start + 1)
        ]
        found = CONTINUE
        for result in results if self._scheduler.supports_buffered_results else results[-1:]:
            decision = self._scheduler.on_trial_result(self._controller, trial, result)
            trial.last_result = result
            if decision != CONTINUE:
                found = decision
            if decision == STOP:
                break
        return found


def _quietly() -> AbstractContextManager[None]:
    """Return a context without what Ray's schedulers log, and NumPy's warnings of quantiles."""
    return silenced("ray.tune.schedulers")
