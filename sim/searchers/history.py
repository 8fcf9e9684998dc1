"""The losses that trials have reported, compared at one epoch.

Owns the epoch at which trials are compared. A trial that was trained further has a loss there, too,
so losses after different numbers of epochs are never compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf

from learning_curves.spaces.scale import varying
from learning_curves.spaces.space import Space
from sim.schedulers.protocol import Trial


def enough(space: Space) -> int:
    """Return how many losses at one epoch are enough to learn from: one more than dimensions.

    It is the minimum for fitting a model in BOHB (Falkner et al. 2018, sec. 3.2).
    """
    return len(varying(space)) + 1


class History:
    """The losses so far, compared at the `level`: the highest epoch that enough trials reached.

    Parameters
    ----------
    needed
        How many trials must have reported a loss below inf at an epoch for it to be the level.
        Diverged ones have a loss of inf.

    Examples
    --------
    >>> history = History(needed=2)
    >>> for number, losses in enumerate([[0.9, 0.8, 0.1], [0.7, 0.6], [0.5]]):
    ...     for epoch, loss in enumerate(losses, 1):
    ...         _ = history.hear(Trial(number, {}), epoch, loss)
    >>> history.level, dict(history.losses)  # only trial 0 has come to epoch 3
    (2, {0: 0.8, 1: 0.6})
    >>> history.best.number
    1

    """

    def __init__(self, needed: int) -> None:
        self.level: int | None = None
        self._needed = needed
        self._trials: dict[int, Trial] = {}
        self._losses: dict[int, dict[int, float]] = {}  # by epoch, then by number
        self._finite: dict[int, int] = {}  # how many are below inf, by epoch
        self._best: dict[int, tuple[float, int]] = {}  # loss and number, by epoch

    def hear(self, trial: Trial, epoch: int, loss: float) -> bool:
        """Record the loss of `trial` after `epoch`; return whether it is its first. O(1)."""
        first = trial.number not in self._trials
        self._trials[trial.number] = trial
        loss = loss if loss < inf else inf  # noqa: FURB136  NaN too
        self._losses.setdefault(epoch, {})[trial.number] = loss
        if loss < inf:
            self._finite[epoch] = self._finite.get(epoch, 0) + 1
            self._best[epoch] = min(
                self._best.get(epoch, (loss, trial.number)), (loss, trial.number)
            )
            if self._finite[epoch] >= self._needed and epoch > (self.level or 0):
                self.level = epoch
        return first

    @property
    def losses(self) -> Mapping[int, float]:
        """The losses at the level by trial number, in the order recorded; empty without a level."""
        return {} if self.level is None else self._losses[self.level]

    @property
    def best(self) -> Trial | None:
        """The trial of lowest loss at the level, the lower number first; None without a level."""
        return None if self.level is None else self._trials[self._best[self.level][1]]

    def trial(self, number: int) -> Trial:
        """Return a trial that has reported."""
        return self._trials[number]
