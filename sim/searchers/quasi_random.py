"""Quasi-random search: points that cover the unit cube more evenly than random ones.

Owns the scrambled sequences. The point of a trial depends on the seed and its place in the sequence
alone; any 2**k points of Sobol's in a row, from a multiple of 2**k on, are evenly spread.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Literal

from scipy.stats import qmc

from learning_curves.spaces.scale import Points, from_unit, varying
from learning_curves.spaces.space import Config, Space
from learning_curves.streams import generator

Kind = Literal["sobol", "halton"]

_BLOCK = 1024  # points drawn at a time; a power of 2, as Sobol's sequence needs


def points(kind: Kind, dimensions: int, seed: int, purpose: str) -> Iterator[Points]:
    """Yield the points of a scrambled sequence, without end.

    Parameters
    ----------
    kind
        Sobol's sequence with Owen's scrambling, or Halton's.
    dimensions
        How many, >= 1.
    seed, purpose
        Of the scrambling; see `streams.generator`.

    Yields
    ------
    array, shape (dimensions,)
        In [0, 1).

    """
    return chain.from_iterable(_blocks(kind, dimensions, seed, purpose))


def sequence(kind: Kind, space: Space, seed: int) -> Iterator[Config]:
    """Yield configs of `space`, each hyperparameter evenly spread on its scale, without end.

    It draws from the prior, as random search does (Bergstra & Bengio 2012, sec. 4.1, has the
    comparison); the space has a hyperparameter that varies.

    >>> import math
    >>> from scipy import stats
    >>> configs = sequence("sobol", {"lr": stats.loguniform(0.001, 1)}, seed=0)
    >>> lrs = sorted(next(configs)["lr"] for _ in range(8))  # one in each eighth of the scale
    >>> [int(8 * (1 + math.log10(lr) / 3)) for lr in lrs]
    [0, 1, 2, 3, 4, 5, 6, 7]
    """
    for block in _blocks(kind, len(varying(space)), seed, kind):
        yield from from_unit(space, block)


def _blocks(kind: Kind, dimensions: int, seed: int, purpose: str) -> Iterator[Points]:
    family = qmc.Sobol if kind == "sobol" else qmc.Halton
    # `seed` is the name that every scipy since 1.12 has for what newer ones call `rng`.
    engine = family(dimensions, scramble=True, seed=generator(seed, purpose))
    while True:
        yield engine.random(_BLOCK)
