"""A learning curve that is a formula, plus noise.

Owns how the loss is put together from what is left of it, and the noise. Must not know the config
that it belongs to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import ClassVar

from learning_curves import streams
from learning_curves.synthetic.form import INITIAL, Form

_quantile = NormalDist().inv_cdf


@dataclass(slots=True)  # not frozen: that would double the microsecond it takes to make one
class FormulaCurve:
    """The curve ``floor + (0.9 - floor) * form.left(epoch, pace)``, plus noise.

    Parameters
    ----------
    form
        The family: the formula, and the noise.
    floor
        What the loss falls towards.
    pace
        How fast it falls, > 0.
    epoch_seconds
        The seconds of each epoch.
    seed
        Names the noise.

    """

    form: Form
    floor: float
    pace: float
    epoch_seconds: float
    seed: int
    config_id: ClassVar[int] = -1

    def losses(self, start: int, stop: int) -> Sequence[float]:
        """Return the loss after each of the epochs ``start + 1 .. stop``; O(stop - start)."""
        floor, span, left, pace = self.floor, INITIAL - self.floor, self.form.left, self.pace
        losses = [floor + span * left(epoch, pace) for epoch in range(start + 1, stop + 1)]
        if self.form.noise:
            for place, added in enumerate(self.noise(start, stop)):
                losses[place] += added
        return losses

    def noise(self, start: int, stop: int) -> Sequence[float]:
        """Return what is added to the loss after each of the epochs ``start + 1 .. stop``.

        It is normal. What epochs share is one draw, so that no epoch needs the one before it.
        """
        noise, seed, correlation = self.form.noise, self.seed, self.form.noise_correlation
        shared = 0.0
        if correlation:  # the training's own luck; no epoch is number 0
            shared = noise * correlation**0.5 * _quantile(streams.uniform(seed, "noise", 0))
            noise *= (1 - correlation) ** 0.5
        return [
            shared + noise * _quantile(streams.uniform(seed, "noise", epoch))
            for epoch in range(start + 1, stop + 1)
        ]

    def seconds(self, start: int, stop: int) -> Sequence[float]:
        """Return the seconds of each of the epochs ``start + 1 .. stop``."""
        return [self.epoch_seconds] * (stop - start)
