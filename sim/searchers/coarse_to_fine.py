"""Coarse to fine: a few points everywhere, then more of them around the best, and so on.

Owns the boxes that are searched one after the other.
"""

from __future__ import annotations

import numpy as np

from learning_curves.spaces.scale import from_unit, to_unit, varying
from learning_curves.spaces.space import Space
from sim.schedulers.protocol import Trial
from sim.searchers.quasi_random import points
from sim.searchers.stages import Stages, ordered

_BOXES = 5  # sides 1, 1/2, .. 1/16 of the scale, then 1 again


class CoarseToFine:
    """Searches a box, then one of half its sides around the best trial so far, and so on.

    The multi-resolution search that Bengio 2012, sec. 3.3, advises: begin with few values over a
    wide range, then refine around the best. The first box is the whole space, its points those of
    one scrambled Sobol sequence: low-discrepancy instead of a grid, so that each trial tries a new
    value of every hyperparameter. After the box of a sixteenth the search starts again with the
    whole space, since the best region may be elsewhere. A box has at least four points per
    dimension; `stages.Stages` decides when it ends, and `history.History` which trial is the best.
    A box stays within the scale, and choices, which have no order, are never narrowed.

    The randomness of a trial depends on (seed, its number).

    Parameters
    ----------
    space
        What is searched; a hyperparameter varies.
    seed
        Of the scrambling.

    """

    adaptive = True

    def __init__(self, space: Space, seed: int) -> None:
        dimensions = len(varying(space))
        self._space = space
        self._stages = Stages(space)
        self._points = points("sobol", dimensions, seed, "coarse-to-fine")
        self._size = max(8, 1 << (4 * dimensions - 1).bit_length())  # a power of 2, see `points`
        self._ordered = ordered(space)
        self._box = 0
        self._low, self._sides = np.zeros(dimensions), np.ones(dimensions)

    def draw(self) -> Trial:
        """Return the next trial: a point of the present box."""
        best = self._stages.best_after(self._size)
        if best is not None:
            self._box = (self._box + 1) % _BOXES
            self._sides = np.where(self._ordered, 0.5**self._box, 1.0)
            (centre,) = to_unit(self._space, [best.config])
            self._low = np.clip(centre - self._sides / 2, 0, 1 - self._sides)
        place = self._low + self._sides * next(self._points)
        self._stages.drawn += 1
        return Trial(self._stages.drawn - 1, from_unit(self._space, [place])[0])

    def observe(self, trial: Trial, epoch: int, loss: float) -> None:
        """Record the loss of `trial` after `epoch`."""
        self._stages.hear(trial, epoch, loss)
