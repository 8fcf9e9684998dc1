"""A world: all that a scheduler meets in one short run, written out.

Owns what the searcher draws, how each trial's loss falls, how long its epochs take, how many
workers there are and which jobs are lost. Must not know what a scheduler does with it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from typing import Any, TypeAlias

from learning_curves import own
from sim.schedulers import protocol
from sim.schedulers.catalogue import Settings
from sim.schedulers.protocol import Scheduler, Trial

Factory: TypeAlias = Callable[..., Scheduler]
"""Makes a scheduler from the keyword arguments that it names; see `made`."""


GEOMETRIES = (
    *((1, 1, 2), (1, 2, 2), (1, 4, 2), (1, 3, 3), (2, 5, 2), (1, 9, 3), (3, 4, 4), (2, 8, 2)),
    *((1, 9, 2), (1, 243, 3)),
)
"""(r_min, r_max, eta): one rung, a power of eta, a last rung out of step.

Logarithms in floating point lose a level of (2, 8, 2) and (1, 243, 3); rounding loses one of (1, 9,
2).
"""


@dataclass(frozen=True, kw_only=True)
class World:
    """What a scheduler meets in one short run.

    Parameters
    ----------
    losses
        One row per trial, in the order in which the searcher draws them: the loss after each epoch
        from 1 on. Later epochs have the last loss of the row.
    seconds
        One number per trial, the seconds of each of its epochs, >= 0; trials beyond take 1 second.
    workers
        How many workers ask for jobs.
    lost
        Which jobs are lost when they would end: their numbers, in the order in which they start.
    r_min, r_max, eta
        The settings of the scheduler, if its factory names them.
    first, step
        Trial i has the number ``first + step * i``.
    configs
        The hyperparameter `x` of trial i is ``(configs + i) / 8``.

    Examples
    --------
    >>> world = World(losses=((0.5, 0.4), (0.3,)))
    >>> world.loss(0, 2), world.loss(1, 2)
    (0.4, 0.3)

    """

    losses: tuple[tuple[float, ...], ...] = ()
    seconds: tuple[float, ...] = ()
    workers: int = 1
    lost: frozenset[int] = frozenset()
    r_min: int = 1
    r_max: int = 4
    eta: int = 2
    first: int = 0
    step: int = 1
    configs: int = 0

    def loss(self, number: int, epoch: int) -> float:
        """Return the loss of the trial with this number after `epoch`."""
        row = self.losses[self.index(number)]
        return row[min(epoch, len(row)) - 1]

    def took(self, number: int, epochs: int) -> float:
        """Return the seconds that the trial with this number takes for as many epochs."""
        index = self.index(number)
        return epochs * (self.seconds[index] if index < len(self.seconds) else 1)

    def index(self, number: int) -> int:
        """Return the place of the trial with this number among those drawn."""
        return (number - self.first) // self.step

    def trial(self, place: int) -> Trial:
        """Return the trial that the searcher draws at this place; a new object each time."""
        return Trial(self.first + self.step * place, {"x": (self.configs + place) / 8})

    def trials(self) -> Iterable[Trial]:
        """Return the trials in the order in which the searcher draws them."""
        return map(self.trial, range(len(self.losses)))

    def with_losses(self, change: Callable[[int, int, float], float], r_max: int) -> World:
        """Return this world with each loss changed, given its trial's place, epoch and value."""
        rows = tuple(
            tuple(change(i, epoch, row[min(epoch, len(row)) - 1]) for epoch in range(1, r_max + 1))
            for i, row in enumerate(self.losses)
        )
        return replace(self, losses=rows)

    def __repr__(self) -> str:
        """Return the call that makes this world, without the arguments of default value."""
        given = {
            each.name: value
            for each in fields(self)
            if (value := getattr(self, each.name)) != each.default
        }
        said = (f"{name}={_written(value)}" for name, value in given.items())
        return f"World({', '.join(said)})"


def _written(value: Any) -> str:
    if isinstance(value, frozenset):
        return f"frozenset({sorted(value)})"
    # repr() of inf and nan is no Python: the snippet imports both from math.
    return repr(value)


class Searcher:
    """The searcher of a world: it draws its trials in turn, and says whether it is exhausted."""

    adaptive = False

    def __init__(self, world: World) -> None:
        self.drawn: list[Trial] = []
        self.has_ended = False
        self._left = iter(world.trials())
        self._count = len(world.losses)

    @property
    def left(self) -> int:
        """How many trials have not been drawn."""
        return self._count - len(self.drawn)

    def draw(self) -> Trial | None:
        """Return the next trial; None after the last."""
        trial = next(self._left, None)
        if trial is None:
            self.has_ended = True
        else:
            self.drawn.append(trial)
        return trial

    def observe(self, trial: Trial, epoch: int, loss: float) -> None:
        """Ignore what is reported."""


def made(factory: Factory, world: World, searcher: protocol.Searcher) -> Scheduler:
    """Return the scheduler that `factory` makes for a world.

    It gets those of the keyword arguments `searcher`, those of `Settings`, and `losses` (the
    function `World.loss`), that it names.
    """
    settings = Settings(r_min=world.r_min, r_max=world.r_max, eta=world.eta, workers=world.workers)
    offered: Mapping[str, Any] = {"searcher": searcher, "losses": world.loss, **asdict(settings)}
    return factory(**{name: offered[name] for name in named(factory) if name in offered})


def unwrapped(factory: Callable[..., Any]) -> tuple[Callable[..., Any], Mapping[str, Any]]:
    """Return the class or function that `factory` calls, and the arguments that `partial` fixes."""
    if isinstance(factory, partial):
        return factory.func, factory.keywords
    return factory, {}


def modules_of(factory: Callable[..., Any], kind: type) -> frozenset[str]:
    """Return the modules of a factory and of the classes of what it makes."""
    inner, _ = unwrapped(factory)
    return frozenset(each.__module__ for each in (inner, *kind.__mro__[:-1]))


def named(factory: Callable[..., Any]) -> frozenset[str]:
    """Return the names of the arguments of `factory` that are not fixed, as by `partial`."""
    inner, fixed = unwrapped(factory)
    taken = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    known = own.parameters(inner).items()
    return frozenset(n for n, each in known if each.kind in taken and n not in fixed)
