"""A task: what is trained, over which space, and for how long at most.

Owns the interface of a training, and the tasks that come with the package. Must not know its
user: a recorder, a scheduler's worker, or a test.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from scipy import stats
from torch import nn

from learning_curves import own
from learning_curves.errors import InputError
from learning_curves.spaces.space import Config, Space
from learning_curves.tables.card import METRIC
from real.tasks import data, gan, models
from real.tasks.trainer import Batch, SGDTrainer, stream


class Trainer(Protocol):
    """The training of one config, which can be stopped and resumed."""

    def train_epoch(self) -> float:
        """Train one more epoch and return the validation error after it; `inf` if diverged."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Return all that the next epoch depends on, in a form that checkpoints can hold.

        It may contain tensors, numbers, strings, and lists and dicts of these. It is a copy, which
        further training does not change.
        """
        ...

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from a state that a trainer of the same config and seed returned."""
        ...


class NotALossError(TypeError):
    """What `train_epoch` returned is not a number."""


def train_epoch(trainer: Trainer) -> float:
    """Train one more epoch and return the loss as a float.

    Raises
    ------
    NotALossError
        What the trainer returned is not a number; the message has its file and line.

    """
    returned = trainer.train_epoch()
    try:
        return float(returned)
    except Exception as error:
        where = own.defined(trainer.train_epoch)
        raise NotALossError(
            f"train_epoch() returned {own.short(returned)}: return the loss as a float"
            + (f" ({where})" if where else "")
        ) from error


def not_plain(state_dict: Callable[[], Any], found: str) -> str:
    """Return the complaint about a part of a state that cannot be read back, and the remedy."""
    where = own.defined(state_dict)
    return (
        f"state_dict(){f' ({where})' if where else ''} holds {found}, which cannot be read back "
        "from a checkpoint: return tensors, numbers, strings, and lists and dicts of these "
        "(torch.from_numpy converts an array, .item() a number)"
    )


class Task(Protocol):
    """What is trained: implement it to record or tune your own training.

    A trainer must depend on the config and the seed only: with both equal, the losses are equal.
    The recorder and the live cluster pass tasks to other processes as a picklable function that
    returns the task there.
    """

    @property
    def name(self) -> str:
        """A short name, such as ``"softmax"``."""
        ...

    @property
    def space(self) -> Space:
        """The set that configs are drawn from."""
        ...

    @property
    def r_max(self) -> int:
        """The most epochs that a config is trained for."""
        ...

    def trainer(self, config: Config, seed: int) -> Trainer:
        """Return the training of `config`, at epoch 0; `seed` >= 0 fixes all its randomness."""
        ...


@dataclass(frozen=True, slots=True)
class ImageTask:
    """A model trained on images by plain stochastic gradient descent.

    Parameters
    ----------
    name, title
        Short, and as one would write it in a heading.
    space
        Has `learning_rate` and `batch_size`.
    r_max
        Epochs, >= 1.
    model
        Builds the model, drawing its weights from the generator it is given.
    train, validation
        The images, on the device that trains.
    about
        What a table's card says of the training.
    whole_data
        Whether the data set is the whole one, not a subset of it.
    metric
        What the losses are, as an axis names them.

    """

    name: str
    title: str
    space: Space
    r_max: int
    model: Callable[[torch.Generator], nn.Module]
    train: Batch
    validation: Batch
    about: Mapping[str, str]
    whole_data: bool = True
    metric: str = METRIC

    def trainer(self, config: Config, seed: int) -> SGDTrainer:
        """Return the training of `config`, at epoch 0."""
        model = self.model(stream(seed, "weights")).to(self.train.images.device)
        return SGDTrainer(
            model,
            self.train,
            self.validation,
            learning_rate=config["learning_rate"],
            batch_size=config["batch_size"],
            generator=stream(seed, "minibatches"),
        )


@dataclass(frozen=True, slots=True)
class _Recipe:
    title: str
    model: Callable[[torch.Generator], nn.Module]
    learning_rate: tuple[float, float]
    batch_size: tuple[int, int]  # the upper end is never drawn
    r_max: int


_RECIPES = {
    "softmax": _Recipe(
        "Softmax regression", models.softmax_regression, (1e-4, 1.0), (16, 257), r_max=16
    ),
    "lenet": _Recipe("LeNet", models.lenet, (1e-2, 1.0), (32, 257), r_max=10),
}


def build(
    name: str,
    *,
    source: data.Source = "auto",
    validate_on: data.ValidateOn = "validation",
    device: str = "cpu",
) -> ImageTask | gan.GAN:
    """Return a task by name, its data loaded onto the device.

    Parameters
    ----------
    name
        ``"softmax"`` (Dive into Deep Learning, sec. 4.5), ``"lenet"`` (sec. 7.6 and 19.2) or
        ``"gan"`` (sec. 20.1).
    source, validate_on
        Which images, see `real.tasks.data.load`; ``"gan"`` has none.
    device
        A torch device, such as ``"cpu"`` or ``"cuda"``.

    Raises
    ------
    InputError
        There is no task of that name, it has no such data, or they are missing or damaged.

    Examples
    --------
    >>> task = build("softmax", source="subset")
    >>> trainer = task.trainer({"learning_rate": 0.1, "batch_size": 64}, seed=0)
    >>> trainer.train_epoch() < 0.6
    True

    """
    if name == gan.GAN.name:
        if source == "subset" or validate_on == "test":
            raise InputError("the task gan draws its own data: leave out --data and --validate-on")
        return gan.build(device)
    recipe = _RECIPES.get(name)
    if recipe is None:
        names = ", ".join([*_RECIPES, gan.GAN.name])
        raise InputError(f"there is no task {name!r}: choose from {names}")
    split = data.load(source, validate_on)
    return ImageTask(
        name=name,
        title=f"{recipe.title} on {split.name}",
        space={
            "learning_rate": stats.loguniform(*recipe.learning_rate),
            "batch_size": stats.randint(*recipe.batch_size),
        },
        r_max=recipe.r_max,
        model=recipe.model,
        train=_on_device(split.train, device),
        validation=_on_device(split.validation, device),
        whole_data=split.whole,
        about={
            "name": name,
            "model": recipe.title,
            "data_set": split.name,
            "data_licence": "MIT, Zalando SE",
            "split": split.description,
            "optimiser": "plain minibatch SGD: no momentum, no weight decay, no schedule",
            "loss": "cross-entropy",
            "metric": "share of validation images misclassified after the epoch",
        },
    )


def _on_device(examples: data.Examples, device: str) -> Batch:
    return Batch(
        torch.from_numpy(examples.images).to(device), torch.from_numpy(examples.labels).to(device)
    )
