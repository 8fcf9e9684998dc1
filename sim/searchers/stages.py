"""A search in stages: each begins around the best trial of the stages before.

Owns when a stage ends, also if some trials report late or never. Must not know what the stages are.
"""

from __future__ import annotations

from collections.abc import Sequence

from learning_curves.spaces import space as spaces
from learning_curves.spaces.scale import varying
from learning_curves.spaces.space import Space
from sim.schedulers.protocol import Trial
from sim.searchers.history import History, enough


class Stages:
    """Numbers the trials of the stages, and decides when the next one begins.

    A stage ends when the wanted number of its own trials have reported. Until then trials are drawn
    from it, for any number of workers, because some reports may never come when jobs are lost. A
    late report of an earlier stage counts for the best trial, but not for the end of the stage.

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
        """Record the loss of `trial` after `epoch`."""
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
    """Return for each dimension whether its values have an order: choices have none."""
    return [not spaces.is_choices(space[name]) for name in varying(space)]
