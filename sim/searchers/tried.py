"""The trials as they are tried, where a proposed config may have no curve.

Owns the changes between an adaptive searcher and the run: configs to try first, the recorded config
that replaces a proposed one, a limit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from learning_curves.spaces.space import Config
from sim.schedulers.protocol import Searcher, Trial


class Tried:
    """A searcher whose trials come after those given, and whose configs may be replaced.

    The searcher inside observes every loss, with the config that was tried. Its own trials are
    numbered from 0; those given first have the numbers below.

    Parameters
    ----------
    searcher
        Proposes configs.
    first
        Configs to try before all others.
    replace
        Returns the config that is tried in place of the one proposed; None for that one.
    most
        After this number of trials in all it is exhausted; None: no limit.

    Examples
    --------
    >>> from sim.searchers import Listed
    >>> searcher = Tried(Listed([{"lr": 0.2}]), first=[{"lr": 0.1}])
    >>> searcher.draw(), searcher.draw()
    (Trial(number=0, config={'lr': 0.1}), Trial(number=1, config={'lr': 0.2}))
    >>> searcher.draw() is None
    True

    """

    def __init__(
        self,
        searcher: Searcher,
        *,
        first: Sequence[Config] = (),
        replace: Callable[[Config], Config] | None = None,
        most: int | None = None,
    ) -> None:
        self.adaptive = searcher.adaptive
        self._searcher = searcher
        self._first = first
        self._replace = replace
        self._most = most
        self._drawn = 0

    def draw(self) -> Trial | None:
        """Return the next trial; None once the limit is reached."""
        number = self._drawn
        if self._most is not None and number >= self._most:
            return None
        if number < len(self._first):
            config = self._first[number]
        else:
            trial = self._searcher.draw()
            if trial is None:
                return None
            config = trial.config if self._replace is None else self._replace(trial.config)
        self._drawn += 1
        return Trial(number, config)

    def observe(self, trial: Trial, epoch: int, loss: float) -> None:
        """Pass the searcher the loss of `trial` after `epoch`, by the searcher's own number."""
        own = Trial(trial.number - len(self._first), trial.config)
        self._searcher.observe(own, epoch, loss)
