"""The recorded config that is nearest to a point of the space.

Owns which config of a table is tried when a searcher proposes a config that is not recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from learning_curves.spaces.scale import Points, to_unit
from learning_curves.spaces.space import Config, Space
from sim.searchers.stages import ordered


def nearest(space: Space, configs: Sequence[Config]) -> Callable[[Config], Config]:
    """Return a function that maps any config of `space` to the nearest of `configs`.

    Distance is Euclidean on the unit scale of each hyperparameter; two different choices are 1
    apart. Of equally near configs the first is taken. A searcher that proposes many points meets
    some configs more than once, as with the order ``"sampled"``.

    Parameters
    ----------
    space
        What all of them are members of; a hyperparameter varies.
    configs
        Those of a table, at least one.

    Returns
    -------
    callable
        O(configs) per call.

    Examples
    --------
    >>> from scipy import stats
    >>> recorded = [{"lr": 0.001}, {"lr": 0.1}]
    >>> nearest({"lr": stats.loguniform(1e-4, 1)}, recorded)({"lr": 0.02})
    {'lr': 0.1}

    """
    has_order = np.array(ordered(space))
    known = to_unit(space, configs)

    def find(config: Config) -> Config:
        apart: Points = np.abs(known - to_unit(space, [config]))
        apart[:, ~has_order] = apart[:, ~has_order] > 0
        return configs[int((apart**2).sum(axis=1).argmin())]

    return find
