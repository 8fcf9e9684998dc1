"""A surrogate: learning curves over a whole space, fitted to a table.

Owns what is fitted to a table, and how a curve is drawn from it: the mean curve of its config, and
noise as the table's repeated trainings show it. Must not know how a regressor works (`regressors`),
nor how accurate the surrogate is (`cross_validation`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from math import ceil, log10
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
_REMEMBERED = 8192  # configs that were foreseen: a kilobyte each for curves of 20 epochs


@dataclass(frozen=True, slots=True)
class _Expected:
    """What is expected of one config.

    `scaled` losses and, below them, logarithms of seconds, shape (2, r_max); the `donors` of the
    noise of both; and, where the table has diverged curves, the probability of having `diverged`.
    """

    scaled: Values
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
        # In the order in which they were foreseen. More than one block: workers that are freed
        # together are all given their jobs before the first curve is asked for.
        self._foreseen: dict[Any, _Expected] = {}

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

    def foresee(self, configs: Sequence[Config]) -> None:
        """Compute the mean curves of `configs`, whose curves will be asked for next, in one block.

        This costs a tenth of single calls and gives the same curves. Old results are dropped.
        """
        if not configs:
            return
        keys = [self._key(config) for config in configs]
        self._foreseen |= zip(keys, self._expect(configs), strict=True)
        for key in list(islice(self._foreseen, max(0, len(self._foreseen) - _REMEMBERED))):
            del self._foreseen[key]

    def curve(self, config: Config, seed: int) -> RecordedCurve:
        """Return the curve of one training of `config`, any member of the space.

        Raises
        ------
        InputError
            The config lacks a hyperparameter.

        """
        expected = self._foreseen.get(self._key(config))
        if expected is None:
            (expected,) = self._expect([config])
        noise = self._noise.drawn(expected.donors, seed)
        room = np.maximum(expected.scaled[0] - self._best, 0)
        losses = self._scale.back(expected.scaled[0] + _within(noise[0], room))
        if expected.diverged is not None:
            losses[expected.diverged > streams.uniform(seed, "surrogate divergence")] = np.inf
        seconds = np.exp(expected.scaled[1] + noise[1])
        # As losses, to seven digits of the least, that they do not depend on how a machine adds.
        seconds = seconds.round(_DIGITS - ceil(log10(seconds.min())))
        return RecordedCurve(tuple(losses.tolist()), tuple(seconds.tolist()))

    def mean_curves(self, configs: Sequence[Config]) -> tuple[Values, Values]:
        """Return the mean losses (inf where divergence is more likely than not) and the seconds.

        Both of shape (configs, r_max).
        """
        expected = self._expect(configs)
        losses = self._scale.back(np.array([each.scaled[0] for each in expected]))
        for row, each in zip(losses, expected, strict=True):
            if each.diverged is not None:
                row[each.diverged > 0.5] = np.inf
        return losses, np.exp([each.scaled[1] for each in expected])

    def _key(self, config: Config) -> Any:
        try:
            return self._values(config)
        except KeyError:
            spaces.check_names(self.space, config)
            raise

    def _expect(self, configs: Sequence[Config]) -> list[_Expected]:
        points = features(self.space, configs)
        shape = len(configs), self.r_max
        found = {w: learnt.predict(points).reshape(shape) for w, learnt in self._learnt.items()}
        diverged: Sequence[Values | None] = [None] * len(configs)
        if "diverged" in found:
            diverged = list(np.maximum.accumulate(found["diverged"], axis=1))
        both = np.stack([found["losses"], found["seconds"]], axis=1)
        return list(map(_Expected, both, self._noise.donors(found["losses"]), diverged))


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
        apart = np.zeros((len(scaled), len(self._means)))
        for one, other in zip(scaled.T, self._means.T, strict=True):
            apart += (one[:, np.newaxis] - other) ** 2
        nearest: npt.NDArray[np.intp] = apart.argsort(axis=1, kind="stable")[:, :_DONORS]
        return nearest

    def drawn(self, donors: npt.NDArray[np.intp], seed: int) -> Values:
        """Return the noise of one training, of scaled losses and log seconds; shape (2, r_max).

        The donors have equal shares in it.
        """
        rows = self._rows[donors].reshape(-1, *self._rows.shape[2:])
        factors = streams.normals(seed, "surrogate noise", count=2 * len(rows))
        # No product of matrices, which would cost a thread more than it adds.
        total: Values = (rows * factors.reshape(-1, 2, 1)).sum(axis=0)
        total /= np.sqrt(max(1, len(donors)))
        return total


def _within(noise: Values, room: Values) -> Values:
    """Return `noise`, reduced where it is negative so that it stays above ``-room``.

    Below 0 it is ``room * (exp(noise / room) - 1)``: small noise stays what it is.
    """
    down = np.minimum(noise, 0)
    bent = room * np.expm1(np.divide(down, room, out=np.full_like(down, -np.inf), where=room > 0))
    within: Values = np.where(noise < 0, bent, noise)
    return within
