"""A learning curve: the loss after, and the seconds of, each epoch of one config and seed.

Owns the interface of a curve. Must not know where curves come from (`blackbox`) or
what time it is (`sim.cluster.cluster`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


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
