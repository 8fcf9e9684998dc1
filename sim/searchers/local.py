"""Local search: some trials are near the best one so far, the others are those of random search.

Owns the distribution of a neighbour.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from learning_curves.spaces.scale import Points, from_unit, to_unit
from learning_curves.spaces.space import Config, Space
from learning_curves.streams import generator
from sim.schedulers.protocol import Trial
from sim.searchers.history import History, enough
from sim.searchers.listed import draws
from sim.searchers.stages import ordered

_NEAR = 0.5  # the probability that a trial is near the best one
_STEPS = (0.01, 0.3)  # the standard deviation of a step, from .. to, as a share of the scale
_TRIES = 16  # to find a config that is not the best one itself


class LocalSearch:
    """Tries a neighbour of the best trial so far with probability 1/2, else a draw from the prior.

    Exercise 2 of Dive into Deep Learning 1.0.3, sec. 19.2. The draw from the prior is the one that
    random search has for a trial of this number, so that the two are paired at one seed, and are
    the same until trials can be compared (`history.History`). A neighbour is a normal step away
    in every dimension, its standard deviation log-uniform between 0.01 and 0.3 of the scale, the
    same for all dimensions; a step that would leave the scale is reflected at its end. Choices have
    no order: each is redrawn with probability 1 / dimensions. A neighbour that is the best config
    itself is drawn again.

    The randomness of a trial depends on (seed, its number).

    Parameters
    ----------
    space
        What is searched; a hyperparameter varies.
    seed
        Of all draws.

    """

    adaptive = True

    def __init__(self, space: Space, seed: int) -> None:
        self._space = space
        self._seed = seed
        self._history = History(enough(space))
        self._prior = draws(space, seed)
        self._ordered = np.array(ordered(space))
        self._drawn = 0

    def draw(self) -> Trial:
        """Return the next trial."""
        number, config = self._drawn, next(self._prior)
        self._drawn += 1
        best = self._history.best
        if best is not None:
            rng = generator(self._seed, "local", number)
            if rng.random() < _NEAR:
                config = self._near(best.config, rng)
        return Trial(number, config)

    def observe(self, trial: Trial, epoch: int, loss: float) -> None:
        """Record the loss of `trial` after `epoch`."""
        self._history.hear(trial, epoch, loss)

    def _near(self, best: Config, rng: np.random.Generator) -> Config:
        (centre,) = to_unit(self._space, [best])
        known: dict[str, Any] = dict(best)
        for _ in range(_TRIES):
            step = np.exp(rng.uniform(*np.log(_STEPS)))
            moved = _reflected(centre + step * rng.standard_normal(len(centre)))
            anew = rng.random(len(centre)) < 1 / len(centre)
            chosen = np.where(anew, rng.random(len(centre)), centre)
            (config,) = from_unit(self._space, [np.where(self._ordered, moved, chosen)])
            if config != known:
                break
        return config


def _reflected(places: Points) -> Points:
    """Return `places` reflected into [0, 1] at its ends, as often as needed."""
    return 1 - np.abs(1 - places % 2)
