"""The laws of a task, each with what checks it.

Owns what a live run relies on: each promise of `real.tasks.task.Task` and `Trainer`. Must not know
workers, schedulers, or where checkpoints are kept.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from math import inf, isfinite
from typing import Any

from learning_curves import own
from learning_curves.laws import BrokenLaw, Law
from learning_curves.spaces.space import Config
from real.cluster import checkpoints
from real.tasks import states
from real.tasks.task import NotALossError, Task, Trainer, not_plain, train_epoch


@dataclass
class _Training:
    """A config that was trained in one go: the losses, and the exception that ended it."""

    config: Config
    losses: list[float] = field(default_factory=list)
    error: Exception | None = None


@dataclass
class _Saved:
    """A training whose state was taken after each epoch: the states then, and at the end."""

    losses: list[float]
    then: list[Any]
    now: list[Any]
    state_dict: Callable[[], Any]


@dataclass
class Subject:
    """A task, and the configs that it is checked with."""

    task: Task
    configs: list[dict[str, Any]]
    epochs: int
    seed: int

    def trainer(self, config: Config) -> Trainer:
        """Return a new training of `config`, which the task cannot modify."""
        return self.task.trainer(copy.deepcopy(config), self.seed)

    @cached_property
    def trainings(self) -> list[_Training]:
        """A training of each config."""
        return [self._trained(config) for config in self.configs]

    @cached_property
    def whole(self) -> list[_Training]:
        """The trainings that did not diverge: only those are resumed."""
        return [
            each for each in self.trainings if not each.error and all(map(isfinite, each.losses))
        ]

    @cached_property
    def saved(self) -> list[_Saved]:
        """A training of each of `whole`, saved after each epoch."""
        return [self._saved(each.config) for each in self.whole]

    def _trained(self, config: Config) -> _Training:
        training = _Training(config)
        try:
            trainer = self.trainer(config)
            for _ in range(self.epochs):
                training.losses.append(train_epoch(trainer))
        except Exception as error:  # noqa: BLE001  whatever a training raises, it has diverged
            training.error = error
        return training

    def _saved(self, config: Config) -> _Saved:
        trainer = self.trainer(config)
        saved = _Saved([], [], [], trainer.state_dict)
        for _ in range(self.epochs):
            saved.losses.append(train_epoch(trainer))
            state = trainer.state_dict()
            saved.now.append(state)
            saved.then.append(copy.deepcopy(state))
        return saved


_NONE_WHOLE = "not checked: every config diverged; give others"


def _trains(law: Law, subject: Subject) -> str:
    raised = [each for each in subject.trainings if each.error]
    if not raised or any(isinstance(each.error, NotALossError) for each in raised):
        return ""
    first = raised[0]
    assert first.error is not None
    said = f"{own.described(first.error)}, for {first.config}"
    if len(raised) == len(subject.trainings):
        raise BrokenLaw(law, said) from first.error
    return f"{len(raised)} of {len(subject.trainings)} configs raised, the first one {said}"


def _losses(law: Law, subject: Subject) -> str:
    diverged = 0
    for each in subject.trainings:
        if isinstance(each.error, NotALossError):
            raise BrokenLaw(law, str(each.error)) from each.error
        if -inf in each.losses:
            where = _at(subject.trainer(each.config).train_epoch)
            raise BrokenLaw(law, f"train_epoch(){where} returned -inf: return inf where diverged")
        diverged += not all(map(isfinite, each.losses))
    return f"{diverged} of {len(subject.trainings)} configs diverged" if diverged else ""


def _config(law: Law, subject: Subject) -> str:
    for each in subject.whole:
        given = copy.deepcopy(each.config)
        train_epoch(subject.task.trainer(given, subject.seed))
        if given != each.config:
            raise BrokenLaw(
                law,
                f"trainer(){_at(subject.task.trainer)} or what it returned changed "
                f"{each.config} to {given}: copy it first, dict(config)",
            )
    return "" if subject.whole else _NONE_WHOLE


def _determinism(law: Law, subject: Subject) -> str:
    for each in subject.whole:
        trainer = subject.trainer(each.config)
        for epoch, loss in enumerate(each.losses, start=1):
            again = train_epoch(trainer)
            if again != loss:
                raise BrokenLaw(
                    law,
                    f"the loss of epoch {epoch} of {each.config}, seed {subject.seed}, is "
                    f"{loss!r}, and in a second training {again!r}: draw from a generator seeded "
                    f"with seed, not from a global one{_at(trainer.train_epoch)}",
                )
    return "" if subject.whole else _NONE_WHOLE


def _seeds(_law: Law, subject: Subject) -> str:
    for each in subject.whole:
        trainer = subject.task.trainer(copy.deepcopy(each.config), subject.seed + 1)
        if any(train_epoch(trainer) != loss for loss in each.losses):
            return ""
    if not subject.whole:
        return _NONE_WHOLE
    return "seeds change nothing: does the training draw nothing, or not from a seeded generator?"


def _readable(law: Law, subject: Subject) -> str:
    for saved in subject.saved:
        for state in saved.then:
            if not isinstance(state, Mapping):
                where = _at(saved.state_dict)
                raise BrokenLaw(
                    law, f"state_dict(){where} returned {own.short(state)}: return a dict"
                )
            found = checkpoints.culprit(dict(state))
            if found is not None:
                raise BrokenLaw(law, not_plain(saved.state_dict, found))
    return "" if subject.whole else _NONE_WHOLE


def _copy(law: Law, subject: Subject) -> str:
    for training, saved in zip(subject.whole, subject.saved, strict=True):
        where = _at(saved.state_dict)
        for epoch, (loss, ours) in enumerate(zip(training.losses, saved.losses, strict=True), 1):
            if ours != loss:
                raise BrokenLaw(
                    law,
                    f"the loss of epoch {epoch} of {training.config}, seed {subject.seed}, is "
                    f"{loss!r}, but {ours!r} where the state is taken after each epoch: "
                    f"state_dict(){where} must not change the training",
                )
        for epoch, (then, now) in enumerate(zip(saved.then, saved.now, strict=True), 1):
            place = states.difference(then, now)
            if place is not None:
                raise BrokenLaw(
                    law,
                    f"the state after epoch {epoch} was changed at {place} by training on: "
                    f"return a copy from state_dict(){where}, such as copy.deepcopy of it",
                )
    return "" if subject.whole else _NONE_WHOLE


def _resume(law: Law, subject: Subject) -> str:
    if subject.epochs < 2:
        return "not checked: a training of one epoch is never resumed; give more epochs"
    for training, saved in zip(subject.whole, subject.saved, strict=True):
        trainer = subject.trainer(training.config)
        loss = train_epoch(trainer)
        for epoch in range(1, subject.epochs):
            state = _through_checkpoint(trainer.state_dict())
            trainer = subject.trainer(training.config)
            trainer.load_state_dict(state)
            loss, expected = train_epoch(trainer), training.losses[epoch]
            if loss != expected:
                raise BrokenLaw(
                    law,
                    f"the loss of epoch {epoch + 1} of {training.config}, seed {subject.seed}, is "
                    f"{expected!r}, but {loss!r} where the training was stopped and resumed before "
                    f"it: {_SAVE_ALL}{_at(trainer.load_state_dict)}",
                )
        place = states.difference(saved.then[-1], trainer.state_dict(), tensors_only=True)
        if place is not None:
            raise BrokenLaw(
                law,
                f"after epoch {subject.epochs} of {training.config}, seed {subject.seed}, the "
                f"losses agree, but the state differs at {place} where the training was stopped "
                f"and resumed after each epoch: {_SAVE_ALL}{_at(trainer.load_state_dict)}",
            )
    return "" if subject.whole else _NONE_WHOLE


_SAVE_ALL = (
    "save and restore all that the next epoch depends on: weights, the states of the optimiser, "
    "the generators and the schedule, counters"
)


def _through_checkpoint(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return `state` as a checkpoint returns it; a copy if it cannot be read, see `_readable`."""
    try:
        return checkpoints.copied(state)
    except Exception:  # noqa: BLE001  of any class
        return copy.deepcopy(state)


def _at(function: Callable[..., Any]) -> str:
    where = own.defined(function)
    return f" ({where})" if where else ""


LAWS: Mapping[Law, Callable[[Law, Subject], str]] = {
    Law(
        "trains",
        "Training raises no exception, except for configs that are out of range.",
        "A wrong shape or name, so that every trial raises.",
    ): _trains,
    Law(
        "losses",
        "train_epoch() returns one number, inf or NaN where the training has diverged.",
        "A dict of metrics, or a list of the losses of all batches.",
    ): _losses,
    Law(
        "config",
        "Training does not modify the config.",
        "config.pop(), which takes the hyperparameter from the trial, too.",
    ): _config,
    Law(
        "determinism",
        "Equal configs and seeds give equal losses.",
        "Weights or the order of the examples come from a global generator.",
    ): _determinism,
    Law(
        "seeds",
        "Seeds may change the losses.",
        "The seed is ignored; this is a note, since a training may draw nothing.",
    ): _seeds,
    Law(
        "readable",
        "A checkpoint of the state can be read back.",
        "The state holds numpy arrays, so that each promotion trains the earlier epochs again.",
    ): _readable,
    Law(
        "copy",
        "state_dict() returns a copy, and changes nothing.",
        "It returns the live tensors, which the next epoch changes.",
    ): _copy,
    Law(
        "resume",
        "Stopping and resuming after any epoch equals never stopping.",
        "The momentum, the generator or the epoch of a schedule is not saved.",
    ): _resume,
}
"""Each law of a task, and what checks it."""
