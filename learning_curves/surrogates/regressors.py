"""Regressors: from points of the unit cube to vectors of numbers.

Owns their names and settings, all of them behind `fit` and `predict`; scikit-learn does the work.
The prediction at a point does not depend, to the last bit, on the other points that are predicted
with it. Must not know what the numbers mean (`surrogate`). scikit-learn is imported when a
regressor is made, since most runs need none.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from learning_curves.errors import InputError

Values = npt.NDArray[np.float64]

_TUNED_ON = 256  # points at most: the kernel is tuned in O(n**3), a few dozen times
_NEIGHBOURS = 5
_TREES = 200


class Regressor(Protocol):
    """Learns vectors at points, and predicts them at others."""

    def fit(self, points: Values, targets: Values) -> Any:
        """Learn from `points`, shape (n, d), and `targets`, shape (n, m)."""
        ...

    def predict(self, points: Values) -> Values:
        """Return what is expected at `points`, shape (k, d); shape (k, m)."""
        ...


class GaussianProcess:
    """A Gaussian process with one Matern-3/2 kernel, one length per dimension, for all targets.

    The kernel's lengths, height and noise maximise the marginal likelihood of the standardised
    targets, summed over them; on 256 points drawn by `seed` where there are more. Rasmussen and
    Williams, *Gaussian Processes for Machine Learning*, 2006, Algorithm 2.1.

    Parameters
    ----------
    seed
        Of the points that the kernel is tuned on.
    kernel
        The height, the lengths and the noise of an earlier fit, to be used instead of tuning.

    Raises
    ------
    InputError
        By `fit`: the kernel is that of points of other dimensions.

    Notes
    -----
    Prediction is a dot product for each predicted number, O(n m) per predicted point: a matrix
    product would round a row differently depending on the number of rows.

    Examples
    --------
    >>> x = np.linspace(0, 1, 9)[:, np.newaxis]
    >>> round(GaussianProcess().fit(x, np.sin(3 * x)).predict(np.array([[0.4]])).item(), 2)
    0.93

    """

    def __init__(self, seed: int = 0, kernel: Sequence[float] = ()) -> None:
        self._seed = seed
        self.kernel = tuple(kernel)

    def fit(self, points: Values, targets: Values) -> GaussianProcess:
        """Learn; O(n**3)."""
        self._mean = targets.mean(axis=0)
        spread = targets.std(axis=0)
        self._spread = np.where(spread > 0, spread, 1.0)
        standard = (targets - self._mean) / self._spread
        if not self.kernel:
            self.kernel = self._tuned(points, standard)
        height, *lengths, noise = self.kernel
        if len(lengths) != points.shape[1]:
            raise InputError(
                f"the kernel has {len(self.kernel)} numbers, for {points.shape[1]} columns: "
                "fit the surrogate again"
            )
        self._lengths = np.array(lengths)
        self._points = points / self._lengths
        covariance = height * _matern(squared_distances(self._points, self._points))
        covariance[np.diag_indices_from(covariance)] += noise
        weights = height * np.linalg.solve(covariance, standard)
        self._weights = np.ascontiguousarray(weights.T)  # (m, n)
        return self

    def predict(self, points: Values) -> Values:
        """Return what is expected at `points`."""
        near = _matern(squared_distances(points / self._lengths, self._points))  # (k, n)
        products = near[:, np.newaxis, np.newaxis] @ self._weights[..., np.newaxis]
        predicted: Values = self._mean + self._spread * products[..., 0, 0]
        return predicted

    def _tuned(self, points: Values, standard: Values) -> tuple[float, ...]:
        from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415  slow, rarely needed
        from sklearn.gaussian_process import (  # noqa: PLC0415  slow, rarely needed
            GaussianProcessRegressor,
        )
        from sklearn.gaussian_process.kernels import (  # noqa: PLC0415  slow, rarely needed
            ConstantKernel,
            Matern,
            WhiteKernel,
        )

        some = np.random.default_rng(self._seed).permutation(len(points))[:_TUNED_ON]
        lengths = np.full(points.shape[1], 0.5)
        kernel = ConstantKernel(1.0, (1e-2, 1e3)) * Matern(lengths, (3e-2, 1e2), nu=1.5)
        kernel += WhiteKernel(0.1, (1e-5, 1.0))
        process = GaussianProcessRegressor(kernel)
        with warnings.catch_warnings():
            # A length at its bound is a hyperparameter without effect: no fault.
            warnings.simplefilter("ignore", ConvergenceWarning)
            process.fit(points[some], standard[some])
        found = np.exp(process.kernel_.theta).tolist()  # height, lengths, noise
        return tuple(float(f"{each:.6g}") for each in found)


def squared_distances(points: Values, others: Values) -> Values:
    """Return the square of the distance of each pair, summed dimension by dimension.

    Shape (points, others), from shapes (points, d) and (others, d).
    """
    squares = np.zeros((len(points), len(others)))
    apart = np.empty_like(squares)
    for one, other in zip(points.T, others.T, strict=True):
        np.subtract(one[:, np.newaxis], other, out=apart)
        squares += np.square(apart, out=apart)
    return squares


def _matern(squares: Values) -> Values:
    """Return the Matern-3/2 correlation at squared distances, in lengths."""
    scaled = np.sqrt(3) * np.sqrt(squares)
    correlation: Values = (1 + scaled) * np.exp(-scaled)
    return correlation


def _nearest(_seed: int, points: int, _kernel: Sequence[float]) -> Regressor:
    from sklearn.neighbors import KNeighborsRegressor  # noqa: PLC0415  slow, rarely needed

    # By a tree: brute force multiplies matrices, whose rounding depends on their size.
    made: Regressor = KNeighborsRegressor(
        min(_NEIGHBOURS, points), weights="distance", algorithm="kd_tree"
    )
    return made


def _extra_trees(seed: int, _points: int, _kernel: Sequence[float]) -> Regressor:
    from sklearn.ensemble import ExtraTreesRegressor  # noqa: PLC0415  slow, rarely needed

    made: Regressor = ExtraTreesRegressor(_TREES, random_state=seed)
    return made


def _gp(seed: int, _points: int, kernel: Sequence[float]) -> Regressor:
    return GaussianProcess(seed, kernel)


REGRESSORS: Mapping[str, Callable[[int, int, Sequence[float]], Regressor]] = MappingProxyType(
    {"gp": _gp, "extra-trees": _extra_trees, "nearest": _nearest}
)
"""The regressors by name, each made as `make` makes it."""

DEFAULT = "gp"
"""The best of them on the shipped tables; docs/surrogates.md has the figures."""


def make(name: str, seed: int, points: int, kernel: Sequence[float] = ()) -> Regressor:
    """Return the regressor that is called `name`.

    Parameters
    ----------
    name
        One of `REGRESSORS`.
    seed
        Of its own randomness.
    points
        How many it will learn from.
    kernel
        Of a Gaussian process: that of an earlier fit; to be tuned if it is empty.

    Raises
    ------
    InputError
        There is no regressor of this name.

    """
    if name not in REGRESSORS:
        raise InputError(f"the regressor is {name!r}: choose from {', '.join(REGRESSORS)}")
    return REGRESSORS[name](seed, points, kernel)
