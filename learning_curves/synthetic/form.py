"""The interface of a family in closed form.

Owns the losses at the ends, the parameters that all families have, and their ranges. Must not know
how they are used (`closed_form`).
"""

from __future__ import annotations

import math
from typing import Protocol, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

from learning_curves.errors import InputError
from learning_curves.spaces.space import Config, Space

INITIAL = 0.9  # the loss of a model that guesses one of ten classes
BEST = 0.1  # the loss at r_max of the best config
WORST = 0.5  # the loss at r_max of the worst config
COSTS = ("constant", "by-config")

Values = npt.NDArray[np.float64]
Number = TypeVar("Number", float, Values)

Place: TypeAlias = tuple[float, float, float]
"""Where a config lies in its space: its badness, eagerness and share.

How bad it is at r_max, 0 the best and 1 the worst; how early it learns under crossing, 0 the last
and 1 the first; and what its epochs cost, as a share of the dearest, > 0.
"""


class Form(Protocol):
    """The interface of a family; the parameters are described at `PowerLaw`."""

    @property
    def space(self) -> Space:
        """The set that configs are drawn from."""
        ...

    @property
    def r_max(self) -> int:
        """The last epoch."""
        ...

    @property
    def crossing(self) -> float:
        """How much more slowly the configs that end best learn."""
        ...

    @property
    def crossing_share(self) -> float:
        """The share of the configs to which `crossing` applies."""
        ...

    @property
    def noise(self) -> float:
        """The standard deviation of each epoch's noise."""
        ...

    @property
    def noise_correlation(self) -> float:
        """The correlation of two epochs' noise."""
        ...

    @property
    def cost(self) -> str:
        """One of `COSTS`."""
        ...

    @property
    def epoch_seconds(self) -> float:
        """The seconds of an epoch."""
        ...

    def left(self, epoch: Number, pace: Number) -> Number:
        """Return the share of the way to the floor that is left: 1 at epoch 0, then falling."""
        ...

    def place(self, config: Config) -> Place:
        """Return where a config lies.

        Raises
        ------
        KeyError
            It lacks a hyperparameter.

        """
        ...


def check(form: Form, *rules: tuple[str, bool, str]) -> None:
    """Raise if a parameter is out of its range.

    Parameters
    ----------
    form
        Whose parameters.
    rules
        Of those that only this family has: the name, whether it is in its range, and the range in
        words, such as ``"at least 1"``.

    Raises
    ------
    InputError
        It names the parameter, its value and its range.

    """
    common = (
        ("r_max", form.r_max >= 1, "at least 1"),
        ("crossing", 0 <= form.crossing <= 1, "a number from 0 to 1"),
        ("crossing_share", 0 <= form.crossing_share <= 1, "a number from 0 to 1"),
        ("noise", 0 <= form.noise < math.inf, "a number >= 0"),
        ("noise_correlation", 0 <= form.noise_correlation <= 1, "a number from 0 to 1"),
        ("cost", form.cost in COSTS, "'constant' or 'by-config'"),
        ("epoch_seconds", 0 < form.epoch_seconds < math.inf, "a number > 0"),
    )
    for name, holds, remedy in (*common, *rules):
        if not holds:
            raise InputError(f"{name} is {getattr(form, name)!r}: it must be {remedy}")
