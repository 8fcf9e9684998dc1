"""The power law: fast at first, and slower and slower.

Owns its formula.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from learning_curves.spaces.space import Config, Space
from learning_curves.synthetic import learning_rate_and_width
from learning_curves.synthetic.closed_form import ClosedForm
from learning_curves.synthetic.form import Number


def left_of(_: object, epoch: Number, pace: Number) -> Number:
    """Return the share of the way to the floor that is left after `epoch`."""
    left: Number = (1 + epoch) ** -pace
    return left


@dataclass(frozen=True)
class PowerLaw(ClosedForm):
    """Power-law curves over a learning rate and a width; a `learning_curves.blackbox.Blackbox`.

    The badness of a config, 0 at the optimum and at most 1, is that of `learning_rate_and_width`.
    Without noise, the loss is 0.9 before training and ``0.1 + 0.4 * badness`` at r_max; between
    them it falls as ``(1 + epoch) ** -pace``. At crossing 0 the ranks at epoch 1 are those at
    r_max; at 1, with r_max 81, they are unrelated. If the cost is by-config, an epoch takes
    `epoch_seconds` times width / 256.

    The parameters are those of `learning_curves.synthetic.form.Form`.

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

    what = "fast at first, then slower and slower"
    space: ClassVar[Space] = learning_rate_and_width.SPACE
    optimum: ClassVar[Config] = learning_rate_and_width.OPTIMUM

    left = left_of
    place = staticmethod(learning_rate_and_width.place)
