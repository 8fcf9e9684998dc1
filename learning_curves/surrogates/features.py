"""Configs as the numbers that a regressor learns from.

Owns how a hyperparameter becomes columns: numbers stand on the scale of their prior, log where it
is, and strings have a column each. Must not know what is learnt.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from learning_curves.spaces import scale
from learning_curves.spaces import space as spaces
from learning_curves.spaces.scale import Points
from learning_curves.spaces.space import Config, Domain, Space


def features(space: Space, configs: Sequence[Config]) -> Points:
    """Return the features of configs.

    Parameters
    ----------
    space
        What they are members of. A distribution takes one column, the place of the value on the
        unit scale (see `scale`). Choices that are all numbers take one, too, in the order of their
        size: all that is known of their prior is that it is uniform. Other choices take a
        column each, 1 where chosen. Constants take none.
    configs
        Any number of them.

    Returns
    -------
    array, shape (configs, columns)

    Raises
    ------
    KeyError, ValueError
        A config lacks a hyperparameter, or has a value that is none of the choices.

    Examples
    --------
    >>> space = {"layers": [3, 1, 2], "act": ["relu", "tanh"], "epochs": 9}
    >>> features(space, [{"layers": 3, "act": "tanh", "epochs": 9}]).round(3).tolist()
    [[0.833, 0.0, 1.0]]

    """
    columns = [
        column
        for name in scale.varying(space)
        for column in _columns(space[name], [config[name] for config in configs])
    ]
    if not columns:
        return np.zeros((len(configs), 1))
    return np.column_stack(columns)


def _columns(domain: Domain, values: Sequence[object]) -> list[Points]:
    if not spaces.is_choices(domain):
        return [scale.places(domain, values)]
    if all(isinstance(each, int | float) for each in domain):
        return [scale.places(sorted(domain), values)]
    places = scale.places(list(domain), values)
    codes = np.floor(places * len(domain))
    return [(codes == code).astype(float) for code in range(len(domain))]
