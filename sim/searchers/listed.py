"""Random search, and any other order of configs that does not depend on observations.

Owns how configs are numbered as they come, and the random orders: draws from a space, a table's
configs. The config of a trial depends on the seed and the trial's number alone, so two schedulers
compared at one seed meet the same configs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, count

from learning_curves.spaces import space as spaces
from learning_curves.spaces.space import Config, Space
from learning_curves.streams import generator
from sim.schedulers.protocol import Trial

ORDERS = ("sampled", "shuffled", "given")
"""In which order a table's configs are tried: with replacement, each once, or as they stand."""

# Configs drawn at a time: vectorised draws cost a fiftieth of single ones. The config of a trial
# depends on it, so a change changes every result and belongs in the changelog.
_BLOCK = 1024


class Listed:
    """The searcher that numbers the configs of an iterable, in its order, from 0.

    Parameters
    ----------
    configs
        Read lazily, one config per draw; may be infinite.

    Examples
    --------
    >>> searcher = Listed([{"lr": 0.1}, {"lr": 0.2}])
    >>> searcher.draw(), searcher.draw()
    (Trial(number=0, config={'lr': 0.1}), Trial(number=1, config={'lr': 0.2}))
    >>> searcher.draw() is None
    True

    """

    adaptive = False

    def __init__(self, configs: Iterable[Config]) -> None:
        # Trial(number, config) for each, at two thirds of the time: no Python code is called.
        self._trials = map(partial(tuple.__new__, Trial), zip(count(), configs))

    def draw(self) -> Trial | None:
        """Return the next trial; None once the iterable has ended."""
        return next(self._trials, None)

    def observe(self, trial: Trial, epoch: int, loss: float) -> None:
        """Ignore what is reported: the order is fixed."""


def draws(space: Space, seed: int) -> Iterator[Config]:
    """Draw configs from `space` without end: random search's.

    >>> from scipy.stats import loguniform
    >>> first = next(draws({"lr": loguniform(1e-4, 1)}, seed=0))
    >>> first == next(draws({"lr": loguniform(1e-4, 1)}, seed=0))
    True
    """
    blocks = (spaces.sample(space, generator(seed, "configs", b), _BLOCK) for b in count())
    return chain.from_iterable(blocks)


def rows(configs: Sequence[Config], order: str, seed: int) -> Iterator[Config]:
    """Go through a table's configs in one of the `ORDERS`; only ``"sampled"`` never ends.

    Raises
    ------
    ValueError
        The order is unknown.

    Examples
    --------
    >>> configs = [{"lr": 0.1}, {"lr": 0.2}, {"lr": 0.3}]
    >>> list(rows(configs, "given", seed=0)) == configs
    True
    >>> [config["lr"] for config in rows(configs, "shuffled", seed=0)]
    [0.3, 0.2, 0.1]

    """
    match order:
        case "sampled":
            blocks = (
                generator(seed, "configs", b).integers(len(configs), size=_BLOCK).tolist()
                for b in count()
            )
            return map(configs.__getitem__, chain.from_iterable(blocks))
        case "shuffled":
            shuffled = generator(seed, "order").permutation(len(configs)).tolist()
            return map(configs.__getitem__, shuffled)
        case "given":
            return iter(configs)
        case _:
            raise ValueError(f"the order is {order!r}: choose from {', '.join(ORDERS)}")
