"""A blackbox: a source of learning curves, such as a table, a surrogate or a closed form.

Owns the one interface through which the simulator sees training.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias, runtime_checkable

from learning_curves.curve import Curve
from learning_curves.spaces.space import Config, Space


class Blackbox(Protocol):
    """A source of learning curves."""

    @property
    def space(self) -> Space:
        """The set that configs are drawn from."""
        ...

    @property
    def r_max(self) -> int:
        """The last epoch that its curves reach."""
        ...

    @property
    def configs(self) -> Sequence[Config]:
        """The only configs that have curves; empty if all configs of the space have curves."""
        ...

    def curve(self, config: Config, seed: int) -> Curve:
        """Return the curve of one training of `config`.

        Parameters
        ----------
        config
            A member of the space; of a table, one of its `configs`.
        seed
            Names the randomness of this training, >= 0: the same seed, the same curve. A table
            with several recorded seeds for the config picks one of them by it.

        Raises
        ------
        InputError
            The config lacks a hyperparameter, or is none that a table has curves of.

        """
        ...


@runtime_checkable
class Foreseeing(Protocol):
    """A blackbox that can compute many curves at once, before they are asked for."""

    def foresee(self, configs: Sequence[Config]) -> None:
        """Prepare for `configs`, which are likely to be asked for next; changes no curve."""
        ...


def foresee(blackbox: Blackbox, configs: Sequence[Config]) -> None:
    """Call `foresee` of `blackbox` with the configs that will be asked for next, if it has one."""
    if isinstance(blackbox, Foreseeing):
        blackbox.foresee(configs)


EpochSeconds: TypeAlias = Callable[[int, int], Sequence[float]]
"""(start, stop) -> the seconds of each of the epochs ``start + 1 .. stop``, each > 0."""


@dataclass(frozen=True, slots=True)
class _RecostedCurve:
    curve: Curve
    seconds: EpochSeconds

    @property
    def config_id(self) -> int:
        return self.curve.config_id

    def losses(self, start: int, stop: int) -> Sequence[float]:
        return self.curve.losses(start, stop)


@dataclass(frozen=True, slots=True)
class Recosted:
    """A blackbox with the same losses and other seconds.

    Parameters
    ----------
    blackbox
        Where the losses come from.
    cost
        Returns the seconds of the epochs of a config.

    """

    blackbox: Blackbox
    cost: Callable[[Config], EpochSeconds]

    @property
    def space(self) -> Space:
        """The set that configs are drawn from."""
        return self.blackbox.space

    @property
    def r_max(self) -> int:
        """The last epoch that its curves reach."""
        return self.blackbox.r_max

    @property
    def configs(self) -> Sequence[Config]:
        """The only configs that have curves; empty if all configs of the space have curves."""
        return self.blackbox.configs

    def curve(self, config: Config, seed: int) -> Curve:
        """Return the curve of one training of `config`, at this cost."""
        return _RecostedCurve(self.blackbox.curve(config, seed), self.cost(config))

    def foresee(self, configs: Sequence[Config]) -> None:
        """Pass `configs` on to the blackbox that the losses come from."""
        foresee(self.blackbox, configs)
