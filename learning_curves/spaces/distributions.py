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

    The probability of k is the share of the log scale from k - 1/2 to k + 1/2, as in Syne Tune and
    in ConfigSpace before 1.0. (ConfigSpace 1.x cuts ``low .. high - 1`` into cells of equal width.)

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
        low, high = args  # log1p: the range may be narrow and far from 0
        first = low - 0.5
        return np.log1p((np.floor(x) + 0.5 - first) / first) / np.log1p((high - low) / first)

    def _pmf(self, x: Any, *args: Any) -> Any:
        low, high = args
        return np.log1p(1 / (x - 0.5)) / np.log1p((high - low) / (low - 0.5))

    def _ppf(self, q: Any, *args: Any) -> Any:
        low, high = args
        edge = (low - 0.5) * np.exp(q * np.log1p((high - low) / (low - 0.5)))
        k = np.clip(np.ceil(edge - 0.5), low, high - 1)
        below = np.maximum(k - 1, low)  # q may be the rounded image of `below`
        k = np.where(self._cdf(below, low, high) >= q, below, k)
        return np.where(self._cdf(k, low, high) < q, np.minimum(k + 1, high - 1), k)


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
        return 1 / ((1 - x) * np.log1p((high - low) / (1 - high)))

    def _cdf(self, x: Any, *args: Any) -> Any:
        low, high = args
        return np.log1p((x - low) / (1 - x)) / np.log1p((high - low) / (1 - high))

    def _ppf(self, q: Any, *args: Any) -> Any:
        low, high = args
        width = np.log1p((high - low) / (1 - high))  # expm1: 1 - x loses what is below 1e-16
        return np.clip(low - (1 - low) * np.expm1(-q * width), low, high)


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
    """Choices with a prior: each has its own probability.

    Parameters
    ----------
    values
        The choices.
    weights
        Proportional to the probabilities, in any unit; each at least a billionth of the largest, so
        that the choices can be distinguished on the unit interval.

    Raises
    ------
    InputError
        There are not as many weights as values, or one is too small or no number.

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
                f"there are {len(self.values)} choices and {len(self.weights)} weights: give "
                "one weight for each choice"
            )
        for weight in self.weights:
            if not 0 < weight < math.inf:
                raise InputError(f"a choice has weight {weight!r}: give a number > 0")
        if self.weights and min(self.weights) < max(self.weights) * 1e-9:
            raise InputError(
                f"a choice has weight {min(self.weights)!r}, less than a billionth of the "
                "largest: remove the choice"
            )

    def __getitem__(self, place: Any) -> Any:
        return self.values[place]

    def __len__(self) -> int:
        return len(self.values)

    @property
    def shares(self) -> tuple[float, ...]:
        """The probability of each choice."""
        largest = max(self.weights)  # relative to it, their sum is finite
        total = math.fsum(weight / largest for weight in self.weights)
        return tuple(weight / largest / total for weight in self.weights)
