"""Our schedulers as a scheduler of Ray Tune: a trial continues, pauses or stops as ours decides.

Owns the conversation with one scheduler, from what Ray Tune reports. Must not know which scheduler
is inside; one that holds new trials back is refused, since Tune starts every trial in its queue.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import TrialScheduler

from learning_curves.errors import InputError
from sim.adapters.endless import endless, holds_back
from sim.adapters.ray_tune import CONTINUE, PAUSE, STOP
from sim.schedulers.protocol import Job, Scheduler, Searcher, may_go_on


class RayScheduler(TrialScheduler):  # type: ignore[misc]  # Ray is not read
    """A scheduler of ours, for ``tune.TuneConfig(scheduler=...)``.

    A trial reports once after each epoch; the scheduler sees trials in the order of their first
    result, without configs. A trial that may be promoted later is paused, so the trainable must
    save checkpoints. When nothing is left to run, the paused trials are stopped. A trial that has
    failed is lost; if Tune tries it again, it stops at its next result.

    Parameters
    ----------
    make
        Makes the scheduler from a searcher, such as
        ``lambda searcher: ASHA(searcher, r_min=1, r_max=27, eta=3)``.
    metric, mode
        The key of a result that is compared, and ``"min"`` or ``"max"``; Tune may set them.
    time_attr
        The key of a result that counts the epochs, from 1.

    Raises
    ------
    InputError
        The scheduler has a barrier; or a trial has not reported an epoch.

    """

    _supports_buffered_results = False

    def __init__(
        self,
        make: Callable[[Searcher], Scheduler],
        *,
        metric: str | None = None,
        mode: str | None = None,
        time_attr: str = "training_iteration",
    ) -> None:
        super().__init__()
        probed = make(endless())
        if holds_back(probed):
            raise InputError(
                f"{type(probed).__name__} holds new trials back, which Ray Tune cannot: choose a "
                "scheduler without barriers, such as ASHA"
            )
        self._scheduler = make(endless())
        self._metric: Any = metric
        self._mode = mode
        self._time_attr = time_attr
        self._unused: deque[Job] = deque()  # jobs of new trials that no trial of Tune has taken
        self._jobs: dict[Trial, Job] = {}  # those that run, or that a trial in the queue goes on to
        self._losses: dict[Trial, list[float]] = {}  # of the job that runs
        self._numbers: dict[Trial, int] = {}  # ours
        self._paused: dict[int, Trial] = {}  # by our number
        self._queue: deque[Trial] = deque()  # those that were paused and go on
        self._failed: set[Trial] = set()
        self._asked = False  # whether nothing was promoted since the scheduler was asked

    def set_search_properties(self, metric: str | None, mode: str | None, **spec: Any) -> bool:
        """Set the metric and the mode, unless one was set before; return whether they were set."""
        if mode and self._mode:
            return False
        self._mode = mode or self._mode
        return bool(super().set_search_properties(metric, mode, **spec))

    def on_trial_add(self, tune_controller: Any, trial: Trial) -> None:
        """Do nothing: a trial counts from its first result."""

    def choose_trial_to_run(self, tune_controller: Any) -> Trial | None:
        """Return the trial that goes on first of those that were paused, else a new one, else None.

        When no trial is new and none runs, all that are paused are stopped. O(trials).
        """
        self._ask()
        waiting = {Trial.PENDING, Trial.PAUSED}  # one that runs stays in the queue until it reports
        if promoted := next((each for each in self._queue if each.status in waiting), None):
            return promoted
        trials = tune_controller.get_trials()
        new = next((each for each in trials if each.status == Trial.PENDING), None)
        if new is None and all(each.status != Trial.RUNNING for each in trials):
            for trial in list(self._paused.values()):
                tune_controller.stop_trial(trial)
        return new

    def on_trial_result(self, _tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        """Record one epoch of `trial`; at the end of its job it continues, pauses or stops."""
        if trial in self._failed:
            return STOP
        if trial in self._queue:  # it was chosen, and runs
            self._queue.remove(trial)
        if trial not in self._jobs:
            self._start(trial)
        job, losses = self._jobs[trial], self._losses.setdefault(trial, [])
        epoch, expected = result[self._time_attr], job.start + len(losses) + 1
        if epoch > expected:
            raise InputError(
                f"trial {trial.trial_id} reports {self._time_attr} {epoch} after {expected - 1}: "
                "report once after each epoch"
            )
        if epoch < expected:  # it was restored from an older checkpoint
            return CONTINUE
        loss = float(result[self._metric])
        losses.append(-loss if self._mode == "max" else loss)
        return CONTINUE if epoch < job.stop else self._end(trial)

    def on_trial_error(self, _tune_controller: Any, trial: Trial) -> None:
        """Record that the job of `trial` is lost."""
        self._failed.add(trial)
        self._lose(trial)

    def on_trial_complete(
        self, _tune_controller: Any, trial: Trial, _result: dict[str, Any]
    ) -> None:
        """Record that the job of `trial` is lost, if it ended before its time."""
        self._lose(trial)

    def on_trial_remove(self, _tune_controller: Any, trial: Trial) -> None:
        """Record that a paused trial never goes on."""
        self._lose(trial)

    def debug_string(self) -> str:
        """Return what this scheduler is, in one line."""
        return f"Using {type(self._scheduler).__name__} of rungsim."

    def _ask(self) -> None:
        """Let all that were promoted go on; the last answer is the job of a new trial, kept."""
        while not self._asked:
            answer = self._scheduler.next_job()
            if not isinstance(answer, Job):
                raise InputError(
                    f"{type(self._scheduler).__name__} holds new trials back, which Ray Tune "
                    "cannot: choose a scheduler without barriers, such as ASHA"
                )
            if answer.start == 0:
                self._unused.append(answer)
                self._asked = True
            else:
                trial = self._paused.pop(answer.trial.number)
                self._jobs[trial] = answer
                self._queue.append(trial)

    def _start(self, trial: Trial) -> None:
        """Take the job of a new trial for one that Tune has started."""
        if not self._unused:
            self._asked = False
            self._ask()
        self._jobs[trial] = job = self._unused.popleft()
        self._numbers[trial] = job.trial.number

    def _end(self, trial: Trial) -> str:
        job = self._jobs.pop(trial)
        self._scheduler.job_done(job, self._losses.pop(trial))
        self._asked = False
        if job.stop == self._scheduler.r_max:
            return STOP
        self._paused[job.trial.number] = trial
        self._ask()
        if trial in self._jobs:
            self._queue.remove(trial)
            return CONTINUE
        if may_go_on(self._scheduler, job):
            return PAUSE
        del self._paused[job.trial.number]
        return STOP

    def _lose(self, trial: Trial) -> None:
        """Forget a trial that has ended; its job, if it has one, is lost."""
        self._paused.pop(self._numbers.pop(trial, -1), None)
        self._losses.pop(trial, None)
        if trial in self._queue:
            self._queue.remove(trial)
        if job := self._jobs.pop(trial, None):
            self._scheduler.job_lost(job)
            self._asked = False
