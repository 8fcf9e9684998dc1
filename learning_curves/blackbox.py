"""A blackbox: a source of learning curves, such as a table, a surrogate or a closed form.

Owns the one interface through which the simulator sees training: that of a source and that of a
curve, the loss after, and the seconds of, each epoch of one config and seed. Must not know where
curves come from, or what time it is (`sim.cluster.cluster`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

if TYPE_CHECKING:
    from learning_curves.spaces.space import Config, Space  # which imports numpy


class Curve(Protocol):
    """The training of a config, epoch by epoch; may be computed on demand.

    Both methods take the epochs ``start + 1 .. stop``, which a job from `start` to `stop` trains,
    and return one number for each of them. The epochs must lie within the curve, ``0 <= start <=
    stop <= r_max``; this is not checked again.
    """

    @property
    def config_id(self) -> int:
        """The place of its config in the blackbox's `configs`; -1 if these are empty."""
        ...

    def losses(self, start: int, stop: int) -> Sequence[float]:
        """Return the loss after each of the epochs ``start + 1 .. stop``; `inf` where diverged."""
        ...

    def seconds(self, start: int, stop: int) -> Sequence[float]:
        """Return what each of the epochs ``start + 1 .. stop`` cost, in seconds, each > 0."""
        ...


@dataclass(frozen=True, slots=True)
class RecordedCurve:
    """A curve whose every epoch is known.

    Parameters
    ----------
    all_losses
        The loss after each epoch 1..r_max.
    all_seconds
        The seconds of each epoch 1..r_max.
    config_id
        The place of its config in the blackbox's `configs`.

    Examples
    --------
    >>> curve = RecordedCurve((0.9, 0.5, 0.4), (10.0, 11.0, 10.0))
    >>> curve.losses(1, 3)
    (0.5, 0.4)
    >>> sum(curve.seconds(0, 2))
    21.0

    """

    all_losses: tuple[float, ...]
    all_seconds: tuple[float, ...]
    config_id: int = -1

    def losses(self, start: int, stop: int) -> Sequence[float]:
        """Return the loss after each of the epochs ``start + 1 .. stop``."""
        return self.all_losses[start:stop]

    def seconds(self, start: int, stop: int) -> Sequence[float]:
        """Return the seconds of each of the epochs ``start + 1 .. stop``."""
        return self.all_seconds[start:stop]


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

    def foresee(self, configs: Sequence[Config], seeds: Sequence[int]) -> None:
        """Prepare for trainings that are likely to be asked for next; changes no curve.

        Of each training its config, and its seed as `Blackbox.curve` will get it.
        """
        ...


def foresee(blackbox: Blackbox, configs: Sequence[Config], seeds: Sequence[int]) -> None:
    """Call `foresee` of `blackbox`, if it has one."""
    if isinstance(blackbox, Foreseeing):
        blackbox.foresee(configs, seeds)


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

    def foresee(self, configs: Sequence[Config], seeds: Sequence[int]) -> None:
        """Pass the trainings on to the blackbox that the losses come from."""
        foresee(self.blackbox, configs, seeds)
