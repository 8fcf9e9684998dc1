"""Distributions of hyperparameters that scipy.stats lacks, and choices with a prior.

Owns their formulas. Frozen, they are used as scipy's own: ``lograndint(1, 1025)`` stands in a space
like ``scipy.stats.randint(1, 1025)`` does.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
from scipy import stats

from learning_curves.errors import InputError


class _LogRandint(stats.rv_discrete):
    """Log-uniform whole numbers: ``lograndint(low, high)`` holds ``low .. high - 1``, low >= 1.

    A number k gets the share of the log scale from k - 1/2 to k + 1/2, as in ConfigSpace and in
    Syne Tune.

    >>> lograndint(1, 4).pmf([1, 2, 3]).round(3).tolist()
    [0.565, 0.263, 0.173]
    """

    def _argcheck(self, *args: Any) -> Any:
        low, high = args
        return (low >= 1) & (high > low) & (low == np.floor(low)) & (high == np.floor(high))

    def _get_support(self, *args: Any, **_: Any) -> Any:
        low, high = args
        return low, high - 1

    def _cdf(self, x: Any, *args: Any) -> Any:
        low, high = args
        first = np.log(low - 0.5)
        return (np.log(np.floor(x) + 0.5) - first) / (np.log(high - 0.5) - first)

    def _pmf(self, x: Any, *args: Any) -> Any:
        low, high = args
        return np.log((x + 0.5) / (x - 0.5)) / np.log((high - 0.5) / (low - 0.5))

    def _ppf(self, q: Any, *args: Any) -> Any:
        low, high = args
        edge = (low - 0.5) * ((high - 0.5) / (low - 0.5)) ** q
        k = np.clip(np.ceil(edge - 0.5), low, high - 1)
        below = np.clip(k - 1, low, high - 1)  # q may be the rounded image of `below`
        return np.where(self._cdf(below, low, high) >= q, below, k)


class _ReverseLogUniform(stats.rv_continuous):
    """For decay rates: ``reverse_loguniform(low, high)`` is x with 1 - x log-uniform, high < 1.

    >>> reverse_loguniform(0.9, 0.999).ppf([0, 0.5, 1]).round(6).tolist()
    [0.9, 0.99, 0.999]
    """

    def _argcheck(self, *args: Any) -> Any:
        low, high = args
        return (high > low) & (high < 1)

    def _get_support(self, *args: Any, **_: Any) -> Any:
        low, high = args
        return low, high

    def _pdf(self, x: Any, *args: Any) -> Any:
        low, high = args
        return 1 / ((1 - x) * np.log((1 - low) / (1 - high)))

    def _cdf(self, x: Any, *args: Any) -> Any:
        low, high = args
        return np.log((1 - low) / (1 - x)) / np.log((1 - low) / (1 - high))

    def _ppf(self, q: Any, *args: Any) -> Any:
        low, high = args
        return 1 - (1 - low) * ((1 - high) / (1 - low)) ** q


lograndint = _LogRandint(name="lograndint", shapes="low, high")
"""Makes log-uniform whole numbers from ``low`` to ``high - 1``."""

reverse_loguniform = _ReverseLogUniform(name="reverse_loguniform", shapes="low, high")
"""Makes numbers from ``low`` to ``high``, below 1, whose distance from 1 is log-uniform."""

OURS = MappingProxyType(
    {"lograndint": lograndint, "reverse_loguniform": reverse_loguniform},
)
"""The distributions of this module by name."""


@dataclass(frozen=True)
class Weighted(Sequence[Any]):
    """Choices with a prior: some are likelier than others.

    Parameters
    ----------
    values
        The choices.
    weights
        How likely each is, in any unit, each > 0.

    Raises
    ------
    InputError
        There are not as many weights as values, or one is not above 0.

    Examples
    --------
    >>> Weighted(("sgd", "adam"), (1, 3)).shares
    (0.25, 0.75)

    """

    values: tuple[Any, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(self.values))
        object.__setattr__(self, "weights", tuple(self.weights))
        if len(self.values) != len(self.weights):
            raise InputError(
                f"there are {len(self.values)} choices and {len(self.weights)} weights: give each "
                "choice one"
            )
        for weight in self.weights:
            if not 0 < weight < math.inf:
                raise InputError(f"a choice has weight {weight!r}: give a number > 0")

    def __getitem__(self, place: Any) -> Any:
        return self.values[place]

    def __len__(self) -> int:
        return len(self.values)

    @property
    def shares(self) -> tuple[float, ...]:
        """The probability of each choice."""
        total = math.fsum(self.weights)
        return tuple(weight / total for weight in self.weights)
