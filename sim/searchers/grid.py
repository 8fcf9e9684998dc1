"""Grid search: every combination of a few values of each hyperparameter, once.

Owns which values these are, and in which order their combinations come.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any

import numpy as np

from learning_curves.spaces import space as spaces
from learning_curves.spaces.scale import from_unit, levels, varying
from learning_curves.spaces.space import Config, Domain, Space
from learning_curves.streams import generator

_FINEST = 10**6  # values of one hyperparameter
_MOST_SHUFFLED = 10**7  # configs, whose order is held in memory


def grid(
    space: Space,
    seed: int,
    *,
    shuffled: bool = False,
    points: int | None = None,
    most: int | None = None,
) -> Iterator[Config]:
    """Yield each config of a grid over `space` once; the last hyperparameter varies fastest.

    The scale of each hyperparameter is cut into as many equal parts as it has values, and each
    value is the middle of its part, so that all represent equal shares of the prior, and none is an
    end of the scale, which may be infinite. All choices are taken, and all whole numbers of a range
    of at most `points` numbers.

    Parameters
    ----------
    space
        What the configs are members of.
    seed
        Of the shuffling.
    shuffled
        Whether they come in a random order, so that a run that ends early has seen the whole space.
    points
        How many values each other hyperparameter has, >= 1; None: as many as `most` allows.
    most
        How many configs there may be, if `points` does not say.

    Raises
    ------
    ValueError
        `points` is below 1; neither number is given, and a hyperparameter has a continuum of
        values; or the smallest grid has more than `most` configs.

    Examples
    --------
    >>> from scipy import stats
    >>> space = {"lr": stats.loguniform(0.01, 1.0), "act": ["relu", "tanh"]}
    >>> for config in grid(space, seed=0, most=5):
    ...     print(f"{config['lr']:.3f} {config['act']}")
    0.032 relu
    0.032 tanh
    0.316 relu
    0.316 tanh

    """
    points = _fitting(space, most) if points is None and most is not None else points
    if points is not None and points < 1:
        raise ValueError(f"grid_points is {points}: give at least 1")
    if points is not None and points > _FINEST:
        raise ValueError(f"a grid of {points} values a hyperparameter is too fine: allow {_FINEST}")
    axes = [_axis(name, domain, points) for name, domain in space.items()]
    count = prod(map(len, axes))
    if shuffled and count > _MOST_SHUFFLED:
        raise ValueError(
            f"a grid of {count} configs is too large to shuffle: lower grid_points or max_trials"
        )
    return _shuffled(space, axes, seed) if shuffled else _in_order(space, axes)


def _in_order(space: Space, axes: list[list[Any]]) -> Iterator[Config]:
    return (dict(zip(space, values, strict=True)) for values in product(*axes))


def _shuffled(space: Space, axes: list[list[Any]], seed: int) -> Iterator[Config]:
    shape = tuple(map(len, axes))
    for place in generator(seed, "order").permutation(prod(shape)):
        at = np.unravel_index(place, shape)
        yield {name: axis[i] for name, axis, i in zip(space, axes, at, strict=True)}


def _fitting(space: Space, most: int) -> int:
    """Return with how many points for each hyperparameter the grid has `most` configs or fewer."""

    def size(points: int) -> int:
        return prod(_count(domain, points) for domain in space.values())

    if size(1) > most:
        raise ValueError(
            f"the smallest grid has {size(1)} configs, max_trials leaves {most}: allow more"
        )
    return bisect_right(range(1, most + 1), most, key=size)


def _count(domain: Domain, points: int) -> int:
    count = levels(domain)
    if count is None:
        return points
    return count if not spaces.is_distribution(domain) else min(count, points)


def _axis(name: str, domain: Domain, points: int | None) -> list[Any]:
    """Return the values that the grid has of one hyperparameter."""
    if not spaces.is_distribution(domain):
        return list(domain) if spaces.is_choices(domain) else [domain]
    count = levels(domain)
    if count is not None and (points is None or count <= points):
        low = int(domain.support()[0])
        return list(range(low, low + count))
    if points is None:
        raise ValueError(
            f"a grid over {name} is without end: give grid_points, or the max_trials it is to fit"
        )
    middles = (np.arange(points) + 0.5) / points
    alone = {name: domain}
    assert varying(alone)
    values = (config[name] for config in from_unit(alone, middles[:, np.newaxis]))
    return list(dict.fromkeys(values))  # neighbours may round to one whole number
