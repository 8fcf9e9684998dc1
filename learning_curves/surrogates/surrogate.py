"""A surrogate: learning curves over a whole space, fitted to a table.

Owns what is fitted to a table, and how a curve is drawn from it: the mean curve of its config, and
noise as the table's repeated trainings show it. Must not know how a regressor works (`regressors`),
nor how accurate the surrogate is (`cross_validation`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from operator import itemgetter
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt
from scipy.linalg import helmert

from learning_curves import streams
from learning_curves.blackbox import RecordedCurve
from learning_curves.errors import InputError
from learning_curves.spaces import space as spaces
from learning_curves.spaces.space import Config, Space
from learning_curves.surrogates import regressors
from learning_curves.surrogates.features import features
from learning_curves.surrogates.loss_scale import LossScale, scale_of
from learning_curves.tables.tabular import Tabular

Values = npt.NDArray[np.float64]

_DONORS = 8  # configs whose repeated trainings show what noise a mean curve has
FEWEST = 4
"""Configs to learn from, at least."""
_DIGITS = 7  # of the seconds


@dataclass(frozen=True, slots=True)
class Expected:
    """What is expected of some configs.

    The `losses`, on their scale, and the `logs` of the seconds, both of shape (configs, r_max); the
    `donors` of the noise of both, shape (configs, donors); and, where the table has diverged
    curves, the probability of having `diverged`, shape (configs, r_max).
    """

    losses: Values
    logs: Values
    donors: npt.NDArray[np.intp]
    diverged: Values | None


class Surrogate:
    """Curves for every config of a table's space; a `learning_curves.blackbox.Blackbox`.

    The mean over the recorded trainings of a config, on a logistic or logarithmic scale, and the
    logarithm of its seconds are fitted epoch by epoch. A drawn curve adds noise. It is made of the
    differences between the trainings of the eight recorded configs whose mean curves are most
    similar: whole curves, each multiplied by a standard normal number. The noise thus has their
    size and their correlation between epochs: a curve that has not yet taken off may do so early or
    late; a curve that has learnt varies a little. Losses and seconds have independent noise.
    Downward noise of losses is reduced so that no curve is better than the best loss recorded at
    that epoch, unless its mean is: the errors of networks jump up, not down, which two trainings
    cannot show. Where curves of the table diverge, the probability of having diverged is fitted for
    each epoch. A training has diverged from the first epoch where this probability exceeds the
    training's uniform number.

    Parameters
    ----------
    table
        Has at least four configs; the noise comes from those with several trainings.
    regressor
        A name in `regressors.REGRESSORS`.
    seed
        Of the regressor's own randomness.
    kernels
        Those of an earlier fit, as in the attribute `kernels`; missing ones are tuned.

    Raises
    ------
    InputError
        There is no such regressor, there are fewer configs, or the seed is negative.

    Examples
    --------
    >>> from learning_curves.tables.tabular import load
    >>> surrogate = Surrogate(load("lenet-fashion-mnist"))
    >>> config = {"learning_rate": 0.5, "batch_size": 64}
    >>> len(surrogate.curve(config, seed=0).losses(0, 10))
    10

    """

    configs: ClassVar[Sequence[Config]] = ()

    def __init__(
        self,
        table: Tabular,
        regressor: str = regressors.DEFAULT,
        seed: int = 0,
        kernels: Mapping[str, Sequence[float]] = MappingProxyType({}),
    ) -> None:
        if len(table.configs) < FEWEST:
            raise InputError(
                f"{table.name} has {len(table.configs)} configs: give a table of at least {FEWEST}"
            )
        if seed < 0:
            raise InputError(f"seed is {seed}: give a whole number >= 0")
        self.table = table
        self.regressor = regressor
        self.seed = seed
        self._values = itemgetter(*table.space)
        losses, seconds = _means(table)
        self._scale = losses.scale
        points = features(table.space, table.configs)
        targets = {"losses": losses.means, "seconds": seconds}
        if losses.diverged.any():
            targets["diverged"] = losses.diverged
        self._learnt = {
            what: regressors.make(regressor, seed, len(points), kernels.get(what, ()))
            for what in targets
        }
        for what, learnt in self._learnt.items():
            learnt.fit(points, targets[what])
        self._best = losses.best
        self._noise = _Noise(table, self._scale)
        # By seed: the config, as a key, and its curve. All of one run, which holds its curves, too:
        # the other runs of its seed, such as those of other schedulers, have the same trainings.
        self._foreseen: dict[int, tuple[Any, RecordedCurve]] = {}
        self._run = 0  # the seed of that run

    @property
    def space(self) -> Space:
        """The set that configs are drawn from: the table's."""
        return self.table.space

    @property
    def r_max(self) -> int:
        """The last epoch that its curves reach: the table's."""
        return self.table.r_max

    @property
    def train_examples(self) -> int | None:
        """How many examples an epoch trains on; None where the table's card does not say."""
        return self.table.train_examples

    @property
    def sha256(self) -> str:
        """The digest of what it was learnt from, and how."""
        return sha256(f"{self.table.sha256} {self.regressor} {self.seed}".encode()).hexdigest()

    @property
    def kernels(self) -> dict[str, tuple[float, ...]]:
        """The kernels of its Gaussian processes, by what they predict; empty if it has none."""
        return {
            what: learnt.kernel
            for what, learnt in self._learnt.items()
            if isinstance(learnt, regressors.GaussianProcess)
        }

    @property
    def noisy(self) -> bool:
        """Whether any config was trained repeatedly; if not, curves have no noise."""
        return self._noise.known

    def foresee(self, configs: Sequence[Config], seeds: Sequence[int]) -> None:
        """Draw the curves of trainings that will be asked for next, in one block.

        This costs a fortieth of single calls and gives the same curves. They are kept until
        trainings of a run of another seed are foreseen.
        """
        wanted = {
            seed: (self._key(config), config) for config, seed in zip(configs, seeds, strict=True)
        }
        run = streams.run_seed(max(wanted, default=0))
        if run != self._run:
            self._foreseen = {}
            self._run = run
        new = {seed: each for seed, each in wanted.items() if not self._knows(seed, each[0])}
        if new:
            curves = self.drawn(self.expected([config for _, config in new.values()]), [*new])
            keys = (key for key, _ in new.values())
            self._foreseen |= zip(new, zip(keys, curves, strict=True), strict=True)

    def curve(self, config: Config, seed: int) -> RecordedCurve:
        """Return the curve of one training of `config`, any member of the space.

        Raises
        ------
        InputError
            The config lacks a hyperparameter.

        """
        if self._knows(seed, self._key(config)):
            return self._foreseen[seed][1]
        (curve,) = self.drawn(self.expected([config]), [seed])
        return curve

    def expected(self, configs: Sequence[Config]) -> Expected:
        """Return what is expected of `configs`."""
        points = features(self.space, configs)
        found = {what: learnt.predict(points) for what, learnt in self._learnt.items()}
        found = {what: each.reshape(len(configs), self.r_max) for what, each in found.items()}
        diverged = found.get("diverged")
        return Expected(
            found["losses"],
            found["seconds"],
            self._noise.donors(found["losses"]),
            None if diverged is None else np.maximum.accumulate(diverged, axis=1),
        )

    def drawn(self, expected: Expected, seeds: Sequence[int]) -> list[RecordedCurve]:
        """Return the curve of one training of each config, each with its seed.

        A curve does not depend, to the last bit, on the others: every number is computed element by
        element, and sums are in a fixed order.
        """
        noise = self._noise.drawn(expected.donors, seeds)
        room = np.maximum(expected.losses - self._best, 0)
        losses = self._scale.back(expected.losses + _within(noise[:, 0], room))
        if expected.diverged is not None:
            chances = [[streams.uniform(seed, "surrogate divergence")] for seed in seeds]
            losses[expected.diverged > np.array(chances)] = np.inf
        seconds = _rounded(np.exp(expected.logs + noise[:, 1]))
        return [
            RecordedCurve(tuple(one), tuple(other))
            for one, other in zip(losses.tolist(), seconds.tolist(), strict=True)
        ]

    def mean_curves(self, configs: Sequence[Config]) -> tuple[Values, Values]:
        """Return the mean losses (inf where divergence is more likely than not) and the seconds.

        Both of shape (configs, r_max).
        """
        expected = self.expected(configs)
        losses = self._scale.back(expected.losses)
        if expected.diverged is not None:
            losses[expected.diverged > 0.5] = np.inf
        return losses, np.exp(expected.logs)

    def _knows(self, seed: int, key: Any) -> bool:
        known = self._foreseen.get(seed)
        return known is not None and known[0] == key

    def _key(self, config: Config) -> Any:
        try:
            return self._values(config)
        except KeyError:
            spaces.check_names(self.space, config)
            raise


@dataclass(frozen=True, slots=True)
class _MeanLosses:
    """What is learnt of the losses, on their `scale`.

    The `means` of each config, the share of its trainings that have `diverged`, and the `best` of
    all at each epoch.
    """

    scale: LossScale
    means: Values
    diverged: Values
    best: Values


def _means(table: Tabular) -> tuple[_MeanLosses, Values]:
    """Return what is learnt of each config, by epoch: losses, and mean logarithms of seconds."""
    losses = [np.array([c.all_losses for c in each.values()]) for each in table.recorded.curves]
    seconds = [np.array([c.all_seconds for c in each.values()]) for each in table.recorded.curves]
    scale = scale_of(np.concatenate(losses))
    means = [scale.there(_filled(each, scale.worst)).mean(axis=0) for each in losses]
    diverged = [np.isinf(each).mean(axis=0) for each in losses]
    logs = [np.log(each).mean(axis=0) for each in seconds]
    best = scale.there(_filled(np.concatenate(losses).min(axis=0), scale.worst))
    return _MeanLosses(scale, np.array(means), np.array(diverged), best), np.array(logs)


def _filled(losses: Values, worst: float) -> Values:
    """Return `losses` with the worst finite one for infinite ones."""
    return np.where(np.isinf(losses), worst, losses)


class _Noise:
    """The differences between the trainings of a config, as whole curves of losses and seconds.

    Of a config with S trainings these are S - 1 rows, Helmert's contrasts over ``sqrt(S - 1)``: the
    sum of the rows, each times a standard normal number, has the covariance of the trainings.
    """

    def __init__(self, table: Tabular, scale: LossScale) -> None:
        means, rows = [], []
        for by_seed in table.recorded.curves:
            if len(by_seed) < 2:
                continue
            recorded = np.array([curve.all_losses for curve in by_seed.values()])
            losses = scale.there(_filled(recorded, scale.worst))
            logs = np.log([curve.all_seconds for curve in by_seed.values()])
            means.append(losses.mean(axis=0))
            losses = np.where(np.isinf(recorded), means[-1], losses)
            contrasts = helmert(len(by_seed)) @ np.hstack([losses, logs])
            rows.append(contrasts / np.sqrt(len(by_seed) - 1))
        self.known = bool(rows)
        self._means = np.array(means).reshape(-1, table.r_max)
        # (configs, contrasts, 2, r_max); of configs with fewer trainings the rest is 0.
        most = max(map(len, rows), default=0)
        self._rows = np.zeros((len(rows), most, 2, table.r_max))
        for place, each in enumerate(rows):
            self._rows[place, : len(each)] = each.reshape(-1, 2, table.r_max)

    def donors(self, scaled: Values) -> npt.NDArray[np.intp]:
        """Return, for each mean curve, the configs whose mean curves are most similar."""
        apart = regressors.squared_distances(scaled, self._means)
        donors = np.empty((len(scaled), min(_DONORS, len(self._means))), np.intp)
        each = np.arange(len(scaled))
        for nearest in donors.T:  # eight searches for the least cost a quarter of sorting
            apart.argmin(axis=1, out=nearest)
            apart[each, nearest] = np.inf
        return donors

    def drawn(self, donors: npt.NDArray[np.intp], seeds: Sequence[int]) -> Values:
        """Return the noise of trainings, of scaled losses and log seconds; shape (seeds, 2, r_max).

        The donors have equal shares in it.
        """
        rows = self._rows[donors]  # (seeds, donors, contrasts, 2, r_max)
        rows = rows.reshape(len(seeds), -1, *rows.shape[3:])
        factors = streams.normals(seeds, "surrogate noise", 2 * rows.shape[1])
        total = np.zeros((len(seeds), *rows.shape[2:]))
        # One by one: the order of a sum of numpy's may depend on the shape.
        for each in np.swapaxes(rows * factors.reshape(*rows.shape[:3], 1), 0, 1):
            total += each
        total /= np.sqrt(max(1, donors.shape[1]))
        return total


def _rounded(seconds: Values) -> Values:
    """Return `seconds` to seven digits of the least of each row.

    As losses are rounded, that they do not depend on how a machine adds.
    """
    decimals = _DIGITS - np.ceil(np.log10(seconds.min(axis=1)))
    rounded = np.empty_like(seconds)
    for each in np.unique(decimals):
        rows = decimals == each
        rounded[rows] = seconds[rows].round(int(each))
    return rounded


def _within(noise: Values, room: Values) -> Values:
    """Return `noise`, reduced where it is negative so that it stays above ``-room``.

    Below 0 it is ``room * (exp(noise / room) - 1)``: small noise stays what it is.
    """
    down = np.minimum(noise, 0)
    bent = room * np.expm1(np.divide(down, room, out=np.full_like(down, -np.inf), where=room > 0))
    within: Values = np.where(noise < 0, bent, noise)
    return within
