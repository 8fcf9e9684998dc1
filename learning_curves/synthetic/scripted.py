"""Learning curves written out by hand.

Owns their form: rows of losses and of seconds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from learning_curves.blackbox import RecordedCurve
from learning_curves.errors import InputError
from learning_curves.spaces.space import Config, Space


@dataclass(frozen=True)
class Scripted:
    """Curves written out by hand; a `learning_curves.blackbox.Blackbox`.

    Parameters
    ----------
    losses
        The i-th row is the loss of config ``{"number": i}`` after each epoch 1..r_max.
    seconds
        The seconds of these epochs, each > 0; one second each by default.

    Raises
    ------
    InputError
        The rows are not of one length, or there is none, or an epoch takes no time.

    Examples
    --------
    >>> curves = Scripted(losses=[[0.9, 0.5], [0.8, 0.7]], seconds=[[1, 1], [3, 3]])
    >>> curves.configs[1], list(curves.curve({"number": 1}, seed=0).losses(0, 2))
    ({'number': 1}, [0.8, 0.7])

    """

    losses: Sequence[Sequence[float]]
    seconds: Sequence[Sequence[float]] = ()
    _curves: dict[int, RecordedCurve] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        seconds = self.seconds or [[1.0] * len(row) for row in self.losses]
        lengths = [[len(row) for row in rows] for rows in (self.losses, seconds)]
        if lengths[0] != lengths[1] or len(set(lengths[0])) != 1 or not lengths[0][0]:
            raise InputError(
                f"the curves have {lengths[0]} losses and {lengths[1]} seconds: "
                "give every config as many of both, at least one"
            )
        for row in seconds:
            if not all(0 < each < math.inf for each in row):
                raise InputError(f"the epochs take {list(row)} seconds: each must be > 0")
        rows = enumerate(zip(self.losses, seconds, strict=True))
        curves = {i: RecordedCurve(tuple(fell), tuple(took), i) for i, (fell, took) in rows}
        object.__setattr__(self, "_curves", curves)

    @cached_property
    def configs(self) -> Sequence[Config]:
        """The numbers of the curves."""
        return tuple({"number": number} for number in self._curves)

    @property
    def space(self) -> Space:
        """The set that configs are drawn from: the numbers of the curves."""
        return {"number": list(self._curves)}

    @property
    def r_max(self) -> int:
        """The last epoch of the curves."""
        return len(self.losses[0])

    def curve(self, config: Config, seed: int) -> RecordedCurve:  # noqa: ARG002  no randomness
        """Return the curve of this number; KeyError if there is none."""
        return self._curves[config["number"]]
