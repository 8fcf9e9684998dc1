"""A search in stages: each begins where the one before has found the best.

Owns when a stage ends, whoever reports late or never. Must not know what the stages are.
"""

from __future__ import annotations

from collections.abc import Sequence

from learning_curves.spaces import space as spaces
from learning_curves.spaces.scale import varying
from learning_curves.spaces.space import Space
from sim.schedulers.protocol import Trial
from sim.searchers.history import History, enough


class Stages:
    """Numbers the trials of the stages, and tells when to begin the next.

    A stage ends once as many of its own trials as it wants have reported. Until then trials go on
    being drawn from it, as many as there are workers that ask: the reports that a stage waits for
    may never come, when jobs are lost. A late report of an earlier stage counts for the best trial,
    not for the end.

    Parameters
    ----------
    space
        What is searched.

    """

    def __init__(self, space: Space) -> None:
        self.history = History(enough(space))
        self.drawn = 0
        self._first = 0  # the number of the present stage's first trial
        self._heard = 0  # how many of its trials have reported

    def hear(self, trial: Trial, epoch: int, loss: float) -> None:
        """Hear the loss of `trial` after `epoch`."""
        is_first = self.history.hear(trial, epoch, loss)
        self._heard += is_first and trial.number >= self._first

    def best_after(self, wanted: int) -> Trial | None:
        """Begin the next stage, and return the best trial so far, if the present one has ended.

        It has if `wanted` of its trials have reported, and trials can be compared; else None.
        """
        best = self.history.best
        if best is None or self._heard < wanted:
            return None
        self._first, self._heard = self.drawn, 0
        return best


def ordered(space: Space) -> Sequence[bool]:
    """Tell of each dimension whether its values have an order: choices have none."""
    return [not spaces.is_choices(space[name]) for name in varying(space)]
