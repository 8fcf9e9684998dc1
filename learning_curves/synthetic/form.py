"""The parameters and the interface of a family in closed form.

Owns the losses at the ends, the parameters that all families have, and their ranges. Must not know
how they are used (`closed_form`).
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from learning_curves.errors import InputError
from learning_curves.spaces.space import Config, Space

INITIAL = 0.9  # the loss of a model that guesses one of ten classes
BEST = 0.1  # the loss at r_max of the best config
WORST = 0.5  # the loss at r_max of the worst config

Values = npt.NDArray[np.float64]
Number = TypeVar("Number", float, Values)

Place: TypeAlias = tuple[float, float, float]
"""Where a config lies in its space: its badness, eagerness and share.

How bad it is at r_max, 0 the best and 1 the worst; how early it learns under crossing, 0 the last
and 1 the first; and what its epochs cost, as a share of the dearest, > 0.
"""


@dataclass(frozen=True)
class Epochs:
    """The first parameter of every family; a family's own ones follow it."""

    r_max: int = 81


# A base class, not a part: the constructor of a family is one flat list of parameters, and a
# dataclass can only inherit fields. It lists those of its last base first. A family declares its
# own in such a base, so that they stand between `r_max` and the common ones. The space and the
# formula are parts that a family is composed of.
@dataclass(frozen=True)
class Form(Epochs, ABC):
    """The parameters of every family.

    Parameters
    ----------
    r_max
        The last epoch, >= 1.
    crossing
        How much more slowly the configs that end best learn: the pace is 1 for the narrowest (in
        `Bowl`, the worst) and ``10 ** -crossing`` for the widest (the optimum). Between 0 and 1.
    crossing_share
        The share of the configs to which `crossing` applies, selected by a hash of the config; the
        others learn at pace 1. The share does not change the loss at r_max. Between 0 and 1.
    noise
        The standard deviation of the noise that is added to each epoch's loss, >= 0. The noise
        depends on the seed of the training only.
    noise_correlation
        The correlation of the noise of any two epochs of a training, from 0 (independent)
        to 1 (one draw per training).
    cost
        Whether an epoch takes `epoch_seconds` for every config (``"constant"``), or that times a
        factor of the config, at most 1, which the family defines (``"by-config"``).
    epoch_seconds
        The seconds of an epoch, > 0.

    Raises
    ------
    InputError
        A parameter is out of its range.

    """

    crossing: float = 0.25
    crossing_share: float = 1.0
    noise: float = 0.0
    noise_correlation: float = 0.0
    cost: Literal["constant", "by-config"] = "constant"
    epoch_seconds: float = 1.0

    what: ClassVar[str]
    configs: ClassVar[Sequence[Config]] = ()
    optimal_loss: ClassVar[float] = BEST

    def __post_init__(self) -> None:
        self._require(
            ("r_max", self.r_max >= 1, "at least 1"),
            ("crossing", 0 <= self.crossing <= 1, "a number from 0 to 1"),
            ("crossing_share", 0 <= self.crossing_share <= 1, "a number from 0 to 1"),
            ("noise", 0 <= self.noise < math.inf, "a number >= 0"),
            ("noise_correlation", 0 <= self.noise_correlation <= 1, "a number from 0 to 1"),
            ("cost", self.cost in ("constant", "by-config"), "'constant' or 'by-config'"),
            ("epoch_seconds", 0 < self.epoch_seconds < math.inf, "a number > 0"),
        )

    def _require(self, *rules: tuple[str, bool, str]) -> None:
        """Raise InputError for a parameter out of its range; a rule is (name, holds, remedy)."""
        for name, holds, remedy in rules:
            if not holds:
                raise InputError(f"{name} is {getattr(self, name)!r}: it must be {remedy}")

    @property
    @abstractmethod
    def space(self) -> Space:
        """The set that configs are drawn from."""

    @abstractmethod
    def left(self, epoch: Number, pace: Number) -> Number:
        """Return the share of the way to the floor that is left: 1 at epoch 0, then falling."""

    @abstractmethod
    def place(self, config: Config) -> Place:
        """Return where a config lies; KeyError if it lacks a hyperparameter."""
