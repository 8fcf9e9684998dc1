"""The power law: fast at first, and slower and slower.

Owns its formula.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from learning_curves.spaces.space import Config, Space
from learning_curves.synthetic import closed_form, form, learning_rate_and_width
from learning_curves.synthetic.form import Number


def left_of(_: object, epoch: Number, pace: Number) -> Number:
    """Return the share of the way to the floor that is left after `epoch`."""
    left: Number = (1 + epoch) ** -pace
    return left


@dataclass(frozen=True)
class PowerLaw:
    """Power-law curves over a learning rate and a width; a `learning_curves.blackbox.Blackbox`.

    The badness of a config, 0 at the optimum and at most 1, is that of `learning_rate_and_width`.
    Without noise, the loss is 0.9 before training and ``0.1 + 0.4 * badness`` at r_max; between
    them it falls as ``(1 + epoch) ** -pace``.

    Parameters
    ----------
    r_max
        The last epoch, >= 1.
    crossing
        How much more slowly the wide configs, which end best, learn: the pace is 1 for the
        narrowest and ``10 ** -crossing`` for the widest. At 0 the ranks at epoch 1 are those at
        r_max; at 1, with r_max 81, they are unrelated. Between 0 and 1.
    crossing_share
        The share of the configs to which `crossing` applies, selected by a hash of the config; the
        others learn at pace 1. The share does not change the loss at r_max. Between 0 and 1.
    noise
        The standard deviation of the noise that is added to each epoch's loss, >= 0. The noise
        depends on the seed of the training only.
    noise_correlation
        The correlation of the noise of any two epochs of a training, from 0 (independent)
        to 1 (one draw per training).
    cost
        Whether an epoch takes `epoch_seconds` for every config (``"constant"``), or that
        times width / 256 (``"by-config"``).
    epoch_seconds
        The seconds of an epoch, > 0.

    Raises
    ------
    InputError
        A parameter is out of its range.

    Examples
    --------
    >>> curves = PowerLaw(r_max=4)
    >>> [round(loss, 3) for loss in curves.curve(curves.optimum, seed=0).losses(0, 4)]
    [0.466, 0.281, 0.173, 0.1]
    >>> [round(loss, 3) for loss in curves.curve({"learning_rate": 1, "width": 32}, 0).losses(1, 3)]
    [0.357, 0.282]

    """

    r_max: int = 81
    crossing: float = 0.25
    crossing_share: float = 1.0
    noise: float = 0.0
    noise_correlation: float = 0.0
    cost: Literal["constant", "by-config"] = "constant"
    epoch_seconds: float = 1.0

    what: ClassVar[str] = "fast at first, then slower and slower"
    configs: ClassVar[Sequence[Config]] = ()
    optimum: ClassVar[Config] = learning_rate_and_width.OPTIMUM
    optimal_loss: ClassVar[float] = form.BEST

    def __post_init__(self) -> None:
        form.check(self)

    @property
    def space(self) -> Space:
        """The set that configs are drawn from: learning_rate and width."""
        return learning_rate_and_width.space()

    left = left_of
    place = staticmethod(learning_rate_and_width.place)
    curve = closed_form.curve
    losses_of = closed_form.losses_of
    seconds_of = closed_form.seconds_of
