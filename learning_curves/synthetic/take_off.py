"""The take-off: a plateau at the loss of guessing, and a logistic fall from it.

Owns its formula.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from learning_curves.spaces.space import Config, Space
from learning_curves.synthetic import learning_rate_and_width
from learning_curves.synthetic.closed_form import ClosedForm
from learning_curves.synthetic.form import Epochs, Number

_STEEPNESS = 14  # in base 2: the fall from 90 % to 10 % left takes 0.45 of the epochs to take-off


@dataclass(frozen=True)
class _Own(Epochs):
    take_off: float = 0.05


@dataclass(frozen=True)
class TakeOff(ClosedForm, _Own):
    """Curves that take off late, over a learning rate and a width; a `blackbox.Blackbox`.

    As `PowerLaw`, but the loss stays near 0.9 until it takes off, and then falls as a logistic
    function. At pace 1, half of the distance to its limit is left at epoch ``take_off * r_max``,
    and 99 % at half of these epochs, as on the plateau of LeNet with sigmoids (the table
    lenet-fashion-mnist).

    The other parameters are those of `learning_curves.synthetic.form.Form`.

    Parameters
    ----------
    take_off
        The epoch at which curves of pace 1 are half-way down, as a share of r_max, > 0 and at most
        1; other curves are later by the factor 1 / pace.

    Raises
    ------
    InputError
        A parameter is out of its range.

    Examples
    --------
    >>> curves = TakeOff(r_max=10, take_off=0.4, crossing=0)
    >>> [round(loss, 2) for loss in curves.curve(curves.optimum, seed=0).losses(0, 10)]
    [0.9, 0.89, 0.84, 0.5, 0.16, 0.11, 0.1, 0.1, 0.1, 0.1]

    """

    what = "a plateau at the loss of guessing, then a fall"
    space: ClassVar[Space] = learning_rate_and_width.SPACE
    optimum: ClassVar[Config] = learning_rate_and_width.OPTIMUM

    def __post_init__(self) -> None:
        super().__post_init__()
        holds = 0 < self.take_off <= 1
        self._require(("take_off", holds, "a number > 0, at most 1"))

    def left(self, epoch: Number, pace: Number) -> Number:
        """Return the share of the way to the floor that is left after `epoch`."""
        passed = pace * epoch / (self.take_off * self.r_max)  # 1 half-way down
        ahead: Number = 2.0 ** (_STEEPNESS * (1 - passed))
        return (1 + 2.0**-_STEEPNESS) * ahead / (1 + ahead)

    place = staticmethod(learning_rate_and_width.place)
