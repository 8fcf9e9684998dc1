"""Our schedulers as a pruner of Optuna: a trial that our scheduler stops is pruned.

Owns the conversation with one scheduler, from what the pruner reads of Optuna's trials. Must not
know which scheduler is inside; one that pauses trials is refused, since Optuna cannot pause one.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

from optuna.pruners import BasePruner
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial

from learning_curves.errors import InputError
from sim.adapters.endless import endless, pauses
from sim.schedulers.protocol import Job, Scheduler, Searcher


class OptunaPruner(BasePruner):
    """A scheduler that stops trials, for ``optuna.create_study(pruner=...)``.

    Call ``trial.report(value, step)`` once after each epoch; `should_prune` may be called after
    each, or less often. The scheduler sees trials in the order of their first `should_prune`,
    without configs. A trial that fails stays a running job for ever, as Optuna does not report it
    to pruners.

    The state is in this object: use it in one study, of one process. Threads (``n_jobs``) may share
    it.

    Parameters
    ----------
    make
        Makes the scheduler from a searcher, such as
        ``lambda searcher: StoppingASHA(searcher, r_min=1, r_max=27, eta=3)``.
    first_step
        The step that is reported after the first epoch.

    Raises
    ------
    InputError
        The scheduler pauses trials, as those do that promote; or, from `prune`, a trial has not
        reported a step.

    Examples
    --------
    >>> import optuna
    >>> from sim.schedulers import ASHA, StoppingASHA
    >>> pruner = OptunaPruner(lambda searcher: StoppingASHA(searcher, r_min=1, r_max=9, eta=3))
    >>> study = optuna.create_study(pruner=pruner)
    >>> OptunaPruner(lambda searcher: ASHA(searcher, r_min=1, r_max=9, eta=3))
    Traceback (most recent call last):
    learning_curves.errors.InputError: ASHA pauses trials, which a pruner cannot: ...

    """

    def __init__(self, make: Callable[[Searcher], Scheduler], *, first_step: int = 0) -> None:
        probed = make(endless())
        if pauses(probed):
            raise InputError(
                f"{type(probed).__name__} pauses trials, which a pruner cannot: choose a scheduler "
                "that stops them, such as StoppingASHA or MedianStopping"
            )
        self._scheduler = make(endless())
        self._first_step = first_step
        self._unused: list[Job] = []  # jobs of new trials that no trial of Optuna has taken
        self._running: dict[int, Job] = {}  # by Optuna's number
        self._pruned: dict[int, bool] = {}  # of the trials that have ended
        self._lock = Lock()

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Return whether `trial` stops, given all that it has reported. O(epochs)."""
        if trial.last_step is None:
            return False
        with self._lock:
            return self._prune(trial, trial.last_step, study.direction)

    def _prune(self, trial: FrozenTrial, last: int, direction: StudyDirection) -> bool:
        number, epoch = trial.number, last - self._first_step + 1
        if number in self._pruned:
            return self._pruned[number]
        if number not in self._running:
            self._running[number] = self._unused.pop(0) if self._unused else self._new()
        while epoch >= (job := self._running[number]).stop:
            losses = [self._loss(trial, each, direction) for each in range(job.start, job.stop)]
            self._scheduler.job_done(job, losses)
            follows = None if job.stop == self._scheduler.r_max else self._scheduler.next_job()
            if isinstance(follows, Job) and follows.trial == job.trial:
                self._running[number] = follows
                continue
            if follows is not None:
                self._unused.append(self._checked(follows))
            del self._running[number]
            self._pruned[number] = follows is not None
            return self._pruned[number]
        return False

    def _loss(self, trial: FrozenTrial, epoch: int, direction: StudyDirection) -> float:
        step = epoch + self._first_step
        if step not in trial.intermediate_values:
            raise InputError(
                f"trial {trial.number} has not reported step {step}: report a value after each "
                f"epoch, from step {self._first_step} on (first_step)"
            )
        value = trial.intermediate_values[step]
        return -value if direction == StudyDirection.MAXIMIZE else value

    def _new(self) -> Job:
        return self._checked(self._scheduler.next_job())

    def _checked(self, answer: Any) -> Job:
        """Return the answer if it is the job of a new trial."""
        if isinstance(answer, Job) and answer.start == 0:
            return answer
        raise InputError(
            f"{type(self._scheduler).__name__} holds a trial back, which a pruner cannot: choose a "
            "scheduler without barriers that stops trials, such as StoppingASHA"
        )
