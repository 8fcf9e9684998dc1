"""The recorded config that is nearest to a point of the space.

Owns what a table tries when a searcher proposes a config that nobody recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from learning_curves.spaces.scale import Points, to_unit
from learning_curves.spaces.space import Config, Space
from sim.searchers.stages import ordered


def nearest(space: Space, configs: Sequence[Config]) -> Callable[[Config], Config]:
    """Return what maps any config of `space` to the nearest of `configs`.

    Distance is Euclidean on the unit scale of each hyperparameter; two different choices are 1
    apart. Of equally near ones the first is taken. Who proposes many points meets some configs
    again, as with the order ``"sampled"``.

    Parameters
    ----------
    space
        What all of them are members of; a hyperparameter varies.
    configs
        Those of a table, at least one.

    Returns
    -------
    callable
        O(configs) a call.

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
