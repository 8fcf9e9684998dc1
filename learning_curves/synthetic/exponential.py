"""The exponential: in each epoch the same share of the remaining loss is gained.

Owns its formula.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from learning_curves.spaces.space import Config, Space
from learning_curves.synthetic import learning_rate_and_width
from learning_curves.synthetic.closed_form import ClosedForm
from learning_curves.synthetic.form import Epochs, Number


@dataclass(frozen=True)
class _Own(Epochs):
    half_life: float = 8.0


@dataclass(frozen=True)
class Exponential(ClosedForm, _Own):
    """Exponential curves over a learning rate and a width; a `learning_curves.blackbox.Blackbox`.

    As `PowerLaw`, but the loss falls as ``2 ** (-pace * epoch / half_life)``. At pace 1 its
    distance from its limit halves every `half_life` epochs.

    The other parameters are those of `learning_curves.synthetic.form.Form`.

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

    what = "as fast at the end as at first, as a share of what is left"
    space: ClassVar[Space] = learning_rate_and_width.SPACE
    optimum: ClassVar[Config] = learning_rate_and_width.OPTIMUM

    def __post_init__(self) -> None:
        super().__post_init__()
        holds = 0.001 <= self.half_life <= 1000
        self._require(("half_life", holds, "a number from 0.001 to 1000"))

    def left(self, epoch: Number, pace: Number) -> Number:
        """Return the share of the way to the floor that is left after `epoch`."""
        left: Number = 2.0 ** (-pace * epoch / self.half_life)
        return left

    place = staticmethod(learning_rate_and_width.place)
