"""The searchers by the names that the command line gives them.

Owns the names, what each one stands for, and how a searcher is fitted to the available curves.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain, islice
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from learning_curves import own
from learning_curves.blackbox import Blackbox, Foreseeing
from learning_curves.errors import InputError, need, suggestion
from learning_curves.spaces import space as spaces
from learning_curves.spaces.scale import varying
from learning_curves.spaces.space import Config, Space
from learning_curves.streams import generator, training_seed
from sim.schedulers.protocol import Searcher, Trial
from sim.searchers.coarse_to_fine import CoarseToFine
from sim.searchers.coordinate import Coordinate
from sim.searchers.grid import grid
from sim.searchers.listed import Listed, draws, rows
from sim.searchers.local import LocalSearch
from sim.searchers.nearest import nearest
from sim.searchers.quasi_random import sequence
from sim.searchers.tried import Tried

_FORESEEN = 32, 512  # trainings that are foreseen at first, and at most, at a time


class _Size(NamedTuple):
    """What bounds a grid: the points of a hyperparameter, or the configs of all."""

    points: int | None
    most: int | None


Order: TypeAlias = Callable[[Space, int, _Size], Iterator[Config]]
"""Makes the configs of a searcher that learns nothing, from a space and a seed."""

Make: TypeAlias = Callable[[Space, int], Searcher]
"""Makes a searcher from a space and a seed."""


def _random(space: Space, seed: int, _: _Size) -> Iterator[Config]:
    return draws(space, seed)


def _grid(space: Space, seed: int, size: _Size) -> Iterator[Config]:
    return grid(space, seed, points=size.points, most=size.most)


def _grid_shuffled(space: Space, seed: int, size: _Size) -> Iterator[Config]:
    return grid(space, seed, points=size.points, most=size.most, shuffled=True)


def _sobol(space: Space, seed: int, _: _Size) -> Iterator[Config]:
    return sequence("sobol", space, seed)


def _halton(space: Space, seed: int, _: _Size) -> Iterator[Config]:
    return sequence("halton", space, seed)


def _optuna(name: str) -> Make:
    def make(space: Space, seed: int) -> Searcher:
        need("optuna", f"optuna:{name}")
        from sim.searchers import optuna_samplers  # noqa: PLC0415  an optional extra, slow

        return optuna_samplers.make(name, space, seed)

    return make


_ORDERS: Mapping[str, Order] = MappingProxyType(
    {
        "random": _random,
        "grid": _grid,
        "grid-shuffled": _grid_shuffled,
        "sobol": _sobol,
        "halton": _halton,
    }
)

_MAKERS: Mapping[str, Make] = MappingProxyType(
    {
        "coarse-to-fine": CoarseToFine,
        "coordinate": Coordinate,
        "local": LocalSearch,
        **{f"optuna:{name}": _optuna(name) for name in ("tpe", "gp", "cma-es", "random", "qmc")},
    }
)

SEARCHERS = (*_ORDERS, *_MAKERS)
"""The names of the searchers."""

OFFERED = ("space", "seed", "rng", "max_trials")
"""What a searcher of the user's own gets, if its constructor has a parameter of that name."""


def named_by_user(name: str) -> bool:
    """Return whether a searcher's name is ``module:Class`` of the user's own.

    >>> named_by_user("mine:Mine"), named_by_user("optuna:tpe")
    (True, False)
    """
    return own.is_own(name) and not name.startswith("optuna:")


def searcher_for(
    blackbox: Blackbox,
    *,
    seed: int,
    name: str = "random",
    order: str = "sampled",
    first: Sequence[Config] = (),
    max_trials: int | None = None,
    grid_points: int | None = None,
    options: Mapping[str, Any] = MappingProxyType({}),
) -> Searcher:
    """Return the searcher of this name over all that `blackbox` has curves for.

    Over a table random search goes through the configs in the given order. Any other searcher
    proposes points of the space, and the nearest recorded config is tried (`nearest.nearest`),
    again if it was tried before.

    Parameters
    ----------
    blackbox
        Where the curves come from. If it is `Foreseeing` and the searcher learns nothing, its
        `foresee` is called with the trainings to come, in a run of this seed.
    seed
        Of the configs drawn and of the shuffling, >= 0.
    name, options
        One of `SEARCHERS`; or ``module:Class`` for one of the user's own, and its options by name.
    order
        One of `listed.ORDERS`; only ``"sampled"`` has a meaning without a table, or for another
        searcher than random search.
    first
        Configs to try first, before all others.
    max_trials
        After this many trials the searcher is exhausted.
    grid_points
        How many values of each hyperparameter a grid has (`grid.grid`); None: as many as
        `max_trials` allows.

    Raises
    ------
    InputError
        The searcher needs a package that is not installed, one of the user's own cannot be made,
        or a config in `first` is not a member of the space.
    ValueError
        The name or the order is unknown, or has no meaning here; a config in `first` has no curve;
        `max_trials` is below 0; or see `grid.grid`.

    """
    for config in first:
        if not blackbox.configs:
            spaces.check_config(blackbox.space, config)
        elif config not in blackbox.configs:
            raise ValueError(f"the config {dict(config)!r} is not in the table: choose a row")
    return searcher_over(
        blackbox.space,
        seed=seed,
        name=name,
        configs=blackbox.configs,
        order=order,
        first=first,
        max_trials=max_trials,
        grid_points=grid_points,
        options=options,
        foresee=blackbox.foresee if isinstance(blackbox, Foreseeing) else None,
    )


def searcher_over(
    space: Space,
    *,
    seed: int,
    name: str = "random",
    configs: Sequence[Config] = (),
    order: str = "sampled",
    first: Sequence[Config] = (),
    max_trials: int | None = None,
    grid_points: int | None = None,
    options: Mapping[str, Any] = MappingProxyType({}),
    foresee: Callable[[Sequence[Config], Sequence[int]], None] | None = None,
) -> Searcher:
    """Return the searcher of this name over `space`; see `searcher_for`.

    If no hyperparameter varies, there is nothing to search: every searcher is random search, except
    a grid, which yields its only config once.

    Parameters
    ----------
    space, seed, name, order, first, max_trials, grid_points, options
        See `searcher_for`; the configs in `first` are taken as they are.
    configs
        Those of a table; empty if the whole space has curves.
    foresee
        Called with the configs to come and the seeds of their trainings, a block at a time, if no
        observation can change them.

    """
    is_own = named_by_user(name)
    if name not in SEARCHERS and not is_own:
        raise ValueError(f"the searcher is {name!r}: {suggestion(name, SEARCHERS)}")
    if options and not is_own:
        raise ValueError(
            f"the searcher is {name}, which has no option {next(iter(options))!r}: leave it out; "
            "options are for a searcher named module:Class"
        )
    if max_trials is not None and not 0 <= max_trials <= sys.maxsize:
        raise ValueError(f"max_trials is {max_trials}: give a number, 0 or more")
    is_grid = name.startswith("grid")
    if grid_points is not None and not is_grid:
        raise ValueError(f"grid_points is {grid_points}, but the searcher is {name}: leave it out")
    if name != "random" and order != "sampled":
        raise ValueError(f"the order {order!r} is random search's, not {name}'s: leave it out")
    if not varying(space) and not is_grid and not is_own:
        name = "random"
    replace = nearest(space, configs) if configs and name != "random" and varying(space) else None
    left = None if max_trials is None else max(0, max_trials - len(first))
    if is_own or name in _MAKERS:
        made = _own(name, space, seed, left, options) if is_own else _MAKERS[name](space, seed)
        return Tried(made, first=first, replace=replace, most=max_trials)
    if name == "random" and configs:
        proposed = rows(configs, order, seed)
    elif order == "sampled":
        proposed = _ORDERS[name](space, seed, _Size(grid_points, left))
    else:
        raise ValueError(f"the order {order!r} needs a table: these curves are drawn, use sampled")
    if replace is not None:
        proposed = map(replace, proposed)
    tried = islice(chain(first, proposed), max_trials)
    return Listed(tried if foresee is None else _foreseen(tried, foresee, training_seed(seed, 0)))


_METHODS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "adaptive": (lambda value: isinstance(value, bool), "True if it learns from losses, or False"),
    "draw": (own.callable_with(0), "a method without arguments that returns a Trial or None"),
    "observe": (own.callable_with(3), "a method of trial, epoch and loss"),
}


def _own(
    name: str, space: Space, seed: int, most: int | None, options: Mapping[str, Any]
) -> Searcher:
    """Make a searcher of the user's own; InputError if it cannot be, or is not a searcher."""
    rng = generator(seed, "own searcher")
    offered = {"space": space, "seed": seed, "rng": rng, "max_trials": most}
    made: Searcher = own.make(name, "searcher", offered, options, flag="--searcher-option")
    own.check(name, "searcher", made, _METHODS)
    return _Checked(made, name, space)


class _Checked:
    """A searcher of the user's own, each of whose trials is checked; numpy's values are plain."""

    def __init__(self, searcher: Searcher, name: str, space: Space) -> None:
        self.adaptive = searcher.adaptive
        self.observe = searcher.observe
        self._searcher, self._name, self._space = searcher, name, space
        self._drawn = 0

    def draw(self) -> Trial | None:
        """Return the next trial; None once the searcher is exhausted."""
        trial = self._searcher.draw()
        if trial is None:
            return None
        said = f"the searcher is {self._name!r}, but draw() returned"
        if not isinstance(trial, Trial) or not isinstance(trial.config, Mapping):
            raise InputError(f"{said} {own.short(trial)}: return a Trial of number and config")
        if trial.number != self._drawn:
            raise InputError(f"{said} trial {trial.number} as number {self._drawn}: count from 0")
        config = {
            key: value.item() if isinstance(value, np.generic) else value
            for key, value in trial.config.items()
        }
        try:
            spaces.check_config(self._space, config)
        except InputError as error:
            raise InputError(f"{said} trial {trial.number}, and {error}") from None
        self._drawn += 1
        return Trial(trial.number, config)


def _foreseen(
    configs: Iterator[Config],
    foresee: Callable[[Sequence[Config], Sequence[int]], None],
    first: int,
) -> Iterator[Config]:
    """Yield `configs`, each block of them foreseen; blocks double, so that few are unused.

    `first` is the seed of the first training.
    """
    size, most = _FORESEEN
    while block := list(islice(configs, size)):
        foresee(block, range(first, first + len(block)))
        yield from block
        first += len(block)
        size = min(2 * size, most)
