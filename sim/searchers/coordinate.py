"""Coordinate descent: one hyperparameter at a time, the one that matters most first.

Owns how much a hyperparameter matters, and the order in which they are varied.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import stats

from learning_curves.spaces.scale import Points, from_unit, to_unit, varying
from learning_curves.spaces.space import Space
from sim.schedulers.protocol import Trial
from sim.searchers.quasi_random import points
from sim.searchers.stages import Stages, ordered

_LINE = 4  # trials along one hyperparameter
_WIDTHS = (1.0, 1 / 2, 1 / 4, 1 / 8, 1 / 16)  # of the scale, pass after pass, then 1 again


class Coordinate:
    """Varies the hyperparameters of the best trial one after the other.

    The search starts with a design over the whole space: points of a scrambled Sobol sequence, at
    least four per dimension. The losses of the design determine the order of the hyperparameters:
    by `sensitivity`, the highest first. A pass takes the hyperparameters in this order, four trials
    each or more (`stages.Stages`). On the first pass their values are from the whole scale, then
    from a window around the best that is half as wide, and so on down to a sixteenth; then from the
    whole scale again. A window stays within the scale, and contains all choices, which have no
    order. Bengio 2012, sec. 3.3, describes coordinate descent by hand.

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
        self._points = points("sobol", dimensions, seed, "coordinate")
        self._design = max(8, 1 << (4 * dimensions - 1).bit_length())  # a power of 2, see `points`
        self._ordered = ordered(space)
        self._order: list[int] = []  # the dimensions, once the design is known
        self._line = -1  # which line is searched, counted over all passes; -1 in the design
        self._centre = np.zeros(dimensions)

    def draw(self) -> Trial:
        """Return the next trial: of the design, or with another value of one hyperparameter."""
        best = self._stages.best_after(_LINE if self._order else self._design)
        if best is not None:
            if not self._order:
                self._order = self._by_sensitivity()
            self._line += 1
            (self._centre,) = to_unit(self._space, [best.config])
        place = next(self._points)
        if self._order:
            place = self._along_the_line(place)
        self._stages.drawn += 1
        return Trial(self._stages.drawn - 1, from_unit(self._space, [place])[0])

    def observe(self, trial: Trial, epoch: int, loss: float) -> None:
        """Record the loss of `trial` after `epoch`."""
        self._stages.hear(trial, epoch, loss)

    def _along_the_line(self, point: Points) -> Points:
        passes, turn = divmod(self._line, len(self._order))
        at = self._order[turn]
        width = _WIDTHS[passes % len(_WIDTHS)] if self._ordered[at] else 1.0
        low = np.clip(self._centre[at] - width / 2, 0, 1 - width)
        place = self._centre.copy()
        place[at] = low + width * point[at]
        return place

    def _by_sensitivity(self) -> list[int]:
        history = self._stages.history
        configs = [history.trial(number).config for number in history.losses]
        told = sensitivity(
            to_unit(self._space, configs), list(history.losses.values()), self._ordered
        )
        return [int(at) for at in np.argsort(-told, kind="stable")]


def sensitivity(
    places: Points, losses: npt.ArrayLike, ordered: npt.ArrayLike
) -> npt.NDArray[np.float64]:
    """Return how much of the losses' ranks each dimension explains alone, at most 1.

    It is the adjusted R squared of the ranks fitted by a parabola in the place, which also fits a
    valley with its minimum inside the scale; for choices, by the mean of each choice.

    Parameters
    ----------
    places
        Shape (trials, dimensions), in [0, 1].
    losses
        Shape (trials,); inf ranks last.
    ordered
        Shape (dimensions,): whether its values have an order.

    Examples
    --------
    >>> places = np.array([[x, y] for x in (0.1, 0.3, 0.5, 0.7, 0.9) for y in (0.2, 0.8)])
    >>> losses = (places[:, 0] - 0.6) ** 2 + 0.01 * places[:, 1]
    >>> sensitivity(places, losses, [True, True]).round(1).tolist()
    [0.8, -0.0]

    """
    ranks = stats.rankdata(np.asarray(losses, dtype=np.float64))
    total = float(((ranks - ranks.mean()) ** 2).sum())
    trials, dimensions = places.shape
    told = np.zeros(dimensions)
    for at, has_order in enumerate(np.asarray(ordered).tolist()):
        place = places[:, at]
        terms = (
            np.column_stack([np.ones(trials), place, place**2])
            if has_order
            else place[:, np.newaxis] == np.unique(place)
        )
        fitted, _, rank, _ = np.linalg.lstsq(terms.astype(np.float64), ranks, rcond=None)
        if total and trials > rank:
            rest = float(((ranks - terms @ fitted) ** 2).sum())
            told[at] = 1 - rest / (trials - rank) / (total / (trials - 1))
    return told
