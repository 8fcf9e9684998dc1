"""Configs as points of the unit cube, each hyperparameter on its natural scale.

Owns the two maps between a space and the cube. The coordinate of a
value is the cumulative probability of the prior, so a log-uniform hyperparameter is spaced by its
logarithm, and points spread evenly over the cube are draws from the prior. Constants have no
dimension. Must not know how the cube is searched (`sim.searchers`) or fitted (`surrogate`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from learning_curves.spaces import space as spaces
from learning_curves.spaces.distributions import Weighted
from learning_curves.spaces.space import Config, Domain, Space

Points = npt.NDArray[np.float64]


def varying(space: Space) -> tuple[str, ...]:
    """Return the names of the hyperparameters that are not constant: the cube's dimensions.

    >>> from scipy import stats
    >>> varying({"lr": stats.loguniform(0.01, 1), "act": ["relu", "tanh"], "layers": 2})
    ('lr', 'act')
    """
    return tuple(name for name, domain in space.items() if levels(domain) != 1)


def levels(domain: Domain) -> int | None:
    """Return how many values `domain` has; None if they are continuous or unbounded."""
    if spaces.is_distribution(domain):
        low, high = domain.support()
        if spaces.is_whole(domain) and np.isfinite([low, high]).all():
            return int(high) - int(low) + 1
        return None
    return len(domain) if spaces.is_choices(domain) else 1


def to_unit(space: Space, configs: Sequence[Config]) -> Points:
    """Return the place of each config in the cube.

    Parameters
    ----------
    space
        What the configs are members of.
    configs
        Any number of them.

    Returns
    -------
    array, shape (configs, dimensions)
        In [0, 1]. A discrete value has an interval and is placed in its middle.

    Raises
    ------
    KeyError, ValueError
        A config lacks a hyperparameter, or has a value that is none of the choices.

    Examples
    --------
    >>> from scipy import stats
    >>> space = {"lr": stats.loguniform(0.01, 1.0), "act": ["relu", "tanh"], "layers": 2}
    >>> to_unit(space, [{"lr": 0.1, "act": "tanh", "layers": 2}])
    array([[0.5 , 0.75]])

    """
    names = varying(space)
    points = np.empty((len(configs), len(names)))
    for column, name in enumerate(names):
        points[:, column] = places(space[name], [config[name] for config in configs])
    return points


def from_unit(space: Space, points: npt.ArrayLike) -> list[Config]:
    """Return the config at each point of the cube; the inverse of `to_unit`, rounding aside.

    Parameters
    ----------
    space
        What the configs are to be members of.
    points
        Shape (configs, dimensions); places outside [0, 1] are moved to the nearer end.

    Returns
    -------
    list of Config
        In the space's order of names; numbers are Python's own.

    Raises
    ------
    ValueError
        The points have another number of dimensions than the space, or one is NaN.

    Examples
    --------
    >>> from scipy import stats
    >>> space = {"lr": stats.loguniform(0.01, 1.0), "batch": stats.randint(16, 257)}
    >>> from_unit(space, [[0.0, 0.5], [1.0, 1.0]])
    [{'lr': 0.01, 'batch': 136}, {'lr': 1.0, 'batch': 256}]

    """
    names = varying(space)
    places = np.clip(np.asarray(points, dtype=np.float64), 0.0, 1.0)
    if places.shape[1:] != (len(names),) or np.isnan(places).any():
        raise ValueError(f"the points have shape {places.shape}: give {len(names)} numbers per row")
    columns = {name: _values(space[name], places[:, at]) for at, name in enumerate(names)}
    for name, domain in space.items():
        if name not in columns:
            columns[name] = [_only(domain)] * len(places)
    return [
        dict(zip(space, row, strict=True))
        for row in zip(*(columns[name] for name in space), strict=True)
    ]


def places(domain: Domain, values: Sequence[Any]) -> Points:
    """Return the place of each value of one hyperparameter, shape (values,); see `to_unit`."""
    if not spaces.is_distribution(domain):
        edges = _edges(domain)
        found = {choice: place for place, choice in reversed(list(enumerate(domain)))}
        for value in values:
            if value not in found:
                raise ValueError(f"{value!r} is not in {list(domain)[:8]}: give one of the choices")
        at = [found[value] for value in values]
        return (edges[:-1] + edges[1:])[at] / 2
    numbers = np.asarray(values, dtype=np.float64)
    if spaces.is_whole(domain):
        return np.asarray((domain.cdf(numbers - 1) + domain.cdf(numbers)) / 2)
    return np.asarray(domain.cdf(numbers))


def _values(domain: Domain, places: Points) -> list[Any]:
    if not spaces.is_distribution(domain):
        at = np.searchsorted(_edges(domain), places, side="right") - 1
        return [domain[i] for i in np.minimum(at, len(domain) - 1)]
    low, high = domain.support()
    if not np.isfinite([low, high]).all():  # the place of an end that is not there has no value
        places = places.clip(2**-53, 1 - 2**-53)
    # At places with fewer digits than a float's, some of scipy's quantiles fail.
    places = np.where(places < np.finfo(np.float64).tiny, 0.0, places)
    drawn: list[Any] = np.asarray(domain.ppf(places)).clip(low, high).tolist()
    # At place 0 a discrete distribution of scipy has low - 1: hence the clip.
    return [int(value) for value in drawn] if spaces.is_whole(domain) else drawn


def _edges(choices: Sequence[Any]) -> Points:
    """Return where the interval of each choice begins, and where the last one ends."""
    if isinstance(choices, Weighted):
        edges = np.concatenate(([0.0], np.cumsum(choices.shares)))
        edges[-1] = 1.0
        return edges
    return np.arange(len(choices) + 1) / len(choices)


def _only(domain: Domain) -> Any:
    """Return the one value that a domain without a dimension has."""
    if spaces.is_distribution(domain):
        return int(domain.support()[0])
    return domain[0] if spaces.is_choices(domain) else domain
