"""Which trainings are repeats of one config, and which are separate configs.

Owns how ids and seeds are assigned if a source lacks some of them. Must not know formats.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from learning_curves.errors import InputError
from learning_curves.importers.log import Places
from learning_curves.spaces.space import Config


def repeats(
    configs: Sequence[Config], names: Sequence[Any] | None = None
) -> tuple[list[int], list[Config], Places, Places]:
    """Assign seeds to trainings that have none: equal configs become seeds 0, 1, .. of one config.

    Parameters
    ----------
    configs
        One for each training, in the source's order.
    names
        The source's name of each training; a config gets the name of its first one (see `named`).

    Returns
    -------
    ids, configs, config, seed
        The ids, ascending; the config of each; and for each training the index of its config, and
        its seed.

    Examples
    --------
    >>> ids, configs, config, seed = repeats([{"lr": 1}, {"lr": 2}, {"lr": 1}], [7, 5, 9])
    >>> ids, configs, config.tolist(), seed.tolist()
    ([5, 7], [{'lr': 2}, {'lr': 1}], [1, 0, 1], [0, 0, 1])

    """
    places: dict[tuple[Any, ...], int] = {}
    firsts: list[int] = []
    trained: list[int] = []
    config, seed = [], []
    for training, each in enumerate(configs):
        place = places.setdefault(tuple(each.items()), len(places))
        if place == len(firsts):
            firsts.append(training)
            trained.append(0)
        config.append(place)
        seed.append(trained[place])
        trained[place] += 1
    their = [place if names is None else names[first] for place, first in enumerate(firsts)]
    ids, distinct, rank = named(their, [configs[first] for first in firsts])
    return ids, distinct, rank[config], np.array(seed, dtype=np.int64)


def named(
    names: Sequence[Any], configs: Sequence[Config]
) -> tuple[list[int], list[Config], Places]:
    """Return configs numbered by their names if all are whole numbers >= 0, else in order.

    Parameters
    ----------
    names, configs
        The source's name of each config, without duplicates, and the config.

    Returns
    -------
    ids, configs, config
        The ids, ascending; the config of each; and the index of each name's config.

    Examples
    --------
    >>> named(["b", "a"], [{"lr": 1}, {"lr": 2}])[0], named([7, 5], [{"lr": 1}, {"lr": 2}])[:2]
    ([0, 1], ([5, 7], [{'lr': 2}, {'lr': 1}]))

    """
    own = all(type(name) is int and name >= 0 for name in names)
    ids = list(names) if own else list(range(len(names)))
    order = sorted(range(len(ids)), key=lambda at: ids[at])
    places = np.empty(len(ids), dtype=np.int64)
    places[order] = np.arange(len(ids))
    return [ids[at] for at in order], [configs[at] for at in order], places


def apart(configs: Sequence[Config], names: Sequence[Any], column: str) -> list[Config]:
    """Return the configs with their names as one more hyperparameter.

    Raises
    ------
    InputError
        The configs have a hyperparameter of this name.

    Examples
    --------
    >>> apart([{"lr": 1}, {"lr": 1}], ["a", "b"], "run")
    [{'lr': 1, 'run': 'a'}, {'lr': 1, 'run': 'b'}]

    """
    if any(column in config for config in configs):
        raise InputError(
            f"--equal-configs apart makes {column!r} a hyperparameter, and one of that name "
            "exists: rename it"
        )
    return [{**config, column: name} for config, name in zip(configs, names, strict=True)]


def merged(runs: int, configs: int) -> list[str]:
    """Return a line with the numbers of merged runs and of configs; no line if no run was merged.

    >>> merged(5, 5), merged(5, 3)[0][:54]
    ([], '2 of 5 runs have the hyperparameters of an earlier one')
    """
    if runs == configs:
        return []
    said = (
        f"{runs - configs} of {runs} runs have the hyperparameters of an earlier one: the runs are "
        f"seeds of {configs} configs (--equal-configs apart makes each run a config of its own)"
    )
    return [said]
