"""Learning curves in closed form: a power law of known optimum, and curves written out by hand.

Owns the formulas. Each epoch is computed when it is asked for, in plain Python, since most trials
of an experiment are trained for one epoch only.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import NormalDist
from typing import ClassVar, Literal

from scipy import stats

from learning_curves import streams
from learning_curves.curve import RecordedCurve
from learning_curves.errors import InputError
from learning_curves.space import Config, Space

_INITIAL = 0.9  # the loss of a model that guesses one of ten classes
_BEST = 0.1  # the loss at r_max of the best config
_WORST = 0.5  # the loss at r_max of the worst config
_NORMAL = NormalDist()


@dataclass(slots=True)  # not frozen: that would double the microsecond it takes to make one
class PowerLawCurve:
    """The curve ``floor + (initial - floor) * (1 + epoch) ** -rate``, plus noise.

    Parameters
    ----------
    floor
        What the loss falls towards.
    initial
        The loss before any training.
    rate
        How fast it falls, > 0.
    epoch_seconds
        The seconds of each epoch.
    noise
        The standard deviation of what is added to each epoch's loss.
    seed
        Names the noise.

    """

    floor: float
    initial: float
    rate: float
    epoch_seconds: float
    noise: float
    seed: int
    config_id: ClassVar[int] = -1

    def losses(self, start: int, stop: int) -> Sequence[float]:
        """Return the loss after each of the epochs ``start + 1 .. stop``; O(stop - start)."""
        floor, span, power = self.floor, self.initial - self.floor, -self.rate
        losses = [floor + span * epoch**power for epoch in range(start + 2, stop + 2)]
        if self.noise:
            for place in range(stop - start):
                draw = streams.uniform(self.seed, "noise", start + 1 + place)
                losses[place] += self.noise * _NORMAL.inv_cdf(draw)
        return losses

    def seconds(self, start: int, stop: int) -> Sequence[float]:
        """Return the seconds of each of the epochs ``start + 1 .. stop``."""
        return [self.epoch_seconds] * (stop - start)


@dataclass(frozen=True)
class PowerLaw:
    """Power-law curves over a learning rate and a width; a `learning_curves.blackbox.Blackbox`.

    The badness of a config, 0 at the optimum and at most 1, is ``(d**2 + n**2) / 2``: d is how far
    log learning rate, and n how far log width, is from the optimum's, as a share of the farthest
    in the space. Noise aside, the loss is 0.9 before training and ``0.1 + 0.4 * badness`` at
    r_max, and between them falls as ``(1 + epoch) ** -rate`` does.

    Parameters
    ----------
    r_max
        The last epoch, >= 1.
    crossing
        How much slower the wide configs, which end best, learn: the rate is 1 for the narrowest
        and ``10 ** -crossing`` for the widest. At 0 the ranks at epoch 1 are those at r_max; at
        1, with r_max 81, they tell nothing of them. Between 0 and 1.
    noise
        The standard deviation of what is added to each epoch's loss, independently, >= 0. It
        depends on the seed of the training alone.
    cost
        Whether an epoch takes `epoch_seconds` for every config (``"constant"``), or that times
        the width's share of the greatest (``"by-config"``).
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
    noise: float = 0.0
    cost: Literal["constant", "by-config"] = "constant"
    epoch_seconds: float = 1.0

    configs: ClassVar[Sequence[Config]] = ()
    optimum: ClassVar[Config] = {"learning_rate": 0.1, "width": 256}
    optimal_loss: ClassVar[float] = _BEST

    def __post_init__(self) -> None:
        for name, holds, remedy in (
            ("r_max", self.r_max >= 1, "at least 1"),
            ("crossing", 0 <= self.crossing <= 1, "a number from 0 to 1"),
            ("noise", 0 <= self.noise < math.inf, "a number >= 0"),
            ("cost", self.cost in {"constant", "by-config"}, "'constant' or 'by-config'"),
            ("epoch_seconds", 0 < self.epoch_seconds < math.inf, "a number > 0"),
        ):
            if not holds:
                raise InputError(f"{name} is {getattr(self, name)!r}: it must be {remedy}")

    @cached_property
    def space(self) -> Space:
        """The set that configs are drawn from: learning_rate and width."""
        return {"learning_rate": stats.loguniform(1e-4, 1.0), "width": stats.randint(16, 257)}

    def curve(self, config: Config, seed: int) -> PowerLawCurve:
        """Return the curve of one training of `config`, any member of the space.

        Raises
        ------
        KeyError
            The config lacks a hyperparameter.

        """
        width = config["width"]
        distance = math.log10(config["learning_rate"] * 10) / 3  # -1 at 1e-4, 0 at 0.1, 1/3 at 1
        narrowness = math.log2(256 / width) / 4  # 0 at 256, 1 at 16
        badness = (distance * distance + narrowness * narrowness) / 2
        rate = 10 ** (self.crossing * (narrowness - 1))
        final = _BEST + (_WORST - _BEST) * badness
        left = (1 + self.r_max) ** -rate  # of the way from initial to floor, at r_max
        floor = (final - _INITIAL * left) / (1 - left)
        share = width / 256 if self.cost == "by-config" else 1.0
        return PowerLawCurve(floor, _INITIAL, rate, self.epoch_seconds * share, self.noise, seed)


@dataclass(frozen=True)
class Scripted:
    """Curves written out by hand; a `learning_curves.blackbox.Blackbox`.

    Parameters
    ----------
    losses
        The i-th row is the loss of config ``{"number": i}`` after each epoch 1..r_max.
    seconds
        What each of these epochs takes, each > 0; one second where it is left out.

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
