"""The exponential: in each epoch the same share of the remaining loss is gained.

Owns its formula.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

from learning_curves.spaces.space import Config, Space
from learning_curves.synthetic import closed_form, form, learning_rate_and_width
from learning_curves.synthetic.form import Number


@dataclass(frozen=True)
class Exponential:
    """Exponential curves over a learning rate and a width; a `learning_curves.blackbox.Blackbox`.

    As `PowerLaw`, but the loss falls as ``2 ** (-pace * epoch / half_life)``. At pace 1 its
    distance from its limit halves every `half_life` epochs.

    The other parameters are those of `PowerLaw`.

    Parameters
    ----------
    half_life
        In epochs, from 0.001 to 1000.

    Raises
    ------
    InputError
        A parameter is out of its range.

    Examples
    --------
    >>> curves = Exponential(r_max=4, half_life=1, crossing=0)
    >>> [round(loss, 3) for loss in curves.curve(curves.optimum, seed=0).losses(0, 4)]
    [0.473, 0.26, 0.153, 0.1]

    """

    r_max: int = 81
    half_life: float = 8.0
    crossing: float = 0.25
    crossing_share: float = 1.0
    noise: float = 0.0
    noise_correlation: float = 0.0
    cost: Literal["constant", "by-config"] = "constant"
    epoch_seconds: float = 1.0

    what: ClassVar[str] = "as fast at the end as at first, as a share of what is left"
    configs: ClassVar[Sequence[Config]] = ()
    optimum: ClassVar[Config] = learning_rate_and_width.OPTIMUM
    optimal_loss: ClassVar[float] = form.BEST

    def __post_init__(self) -> None:
        holds = 0.001 <= self.half_life <= 1000
        form.check(self, ("half_life", holds, "a number from 0.001 to 1000"))

    @property
    def space(self) -> Space:
        """The set that configs are drawn from: learning_rate and width."""
        return learning_rate_and_width.space()

    def left(self, epoch: Number, pace: Number) -> Number:
        """Return the share of the way to the floor that is left after `epoch`."""
        left: Number = 2.0 ** (-pace * epoch / self.half_life)
        return left

    place = staticmethod(learning_rate_and_width.place)
    curve = closed_form.curve
    losses_of = closed_form.losses_of
    seconds_of = closed_form.seconds_of
