"""How accurate a surrogate is on configs that it has not seen.

Owns the folds, and the figures of losses, ranks, seconds and noise. Running schedulers on
the held-out curves is `sim.experiments.fidelity`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from learning_curves.blackbox import RecordedCurve
from learning_curves.errors import InputError
from learning_curves.spaces.space import Config, Space
from learning_curves.streams import generator
from learning_curves.surrogates import regressors
from learning_curves.surrogates.surrogate import FEWEST, Expected, Surrogate
from learning_curves.tables.summary import doubling, rank_correlation
from learning_curves.tables.table_file import Recorded
from learning_curves.tables.tabular import Tabular

Values = npt.NDArray[np.float64]

FOLDS = 8
_DRAWS = 40  # curves drawn of a config, to see their noise


@dataclass(frozen=True)
class HeldOut:
    """A table's twin: each config has the curves of a surrogate fitted to other configs.

    A `learning_curves.blackbox.Blackbox` with the table's configs.

    Parameters
    ----------
    table
        The table.
    surrogates
        Of each of the table's configs, in their order: the surrogate that has not seen it.

    """

    table: Tabular
    surrogates: tuple[Surrogate, ...]

    @property
    def space(self) -> Space:
        """The set that configs are drawn from."""
        return self.table.space

    @property
    def r_max(self) -> int:
        """The last epoch that its curves reach."""
        return self.table.r_max

    @property
    def configs(self) -> Sequence[Config]:
        """The table's configs."""
        return self.table.configs

    def curve(self, config: Config, seed: int) -> RecordedCurve:
        """Return a curve of `config`, one of the table's, by the surrogate that has not seen it."""
        place = self.table.curve(config, seed).config_id
        (curve,) = self.surrogates[place].drawn(self._expected[place], [seed])
        return replace(curve, config_id=place)

    @cached_property
    def _expected(self) -> list[Expected]:
        """What is expected of each config."""
        pairs = zip(self.surrogates, self.configs, strict=True)
        return [each.expected([config]) for each, config in pairs]

    @cached_property
    def means(self) -> tuple[Values, Values]:
        """The mean losses and seconds of each config, both of shape (configs, r_max)."""
        pairs = [
            each.mean_curves([config])
            for each, config in zip(self.surrogates, self.configs, strict=True)
        ]
        losses, seconds = zip(*pairs, strict=True)
        return np.concatenate(losses), np.concatenate(seconds)


def held_out(
    table: Tabular, regressor: str = regressors.DEFAULT, folds: int = FOLDS, seed: int = 0
) -> HeldOut:
    """Return the twin of `table` by cross-validation over its configs.

    Parameters
    ----------
    table
        The table.
    regressor
        A name in `regressors.REGRESSORS`.
    folds
        The configs are split into this number of parts; those of one part are predicted by a
        surrogate that is fitted to all the others. At least 2, at most the number of configs.
    seed
        Of the split, and of the regressor.

    Raises
    ------
    InputError
        There are too few configs, or no such regressor or number of folds.

    """
    check_folds(table, folds)
    count = len(table.configs)
    part = generator(seed, "folds").permutation(count) % folds
    surrogates: list[Surrogate | None] = [None] * count
    for fold in range(folds):
        inside = np.flatnonzero(part == fold).tolist()
        learnt = Surrogate(_rows(table, part != fold), regressor, seed)
        for place in inside:
            surrogates[place] = learnt
    return HeldOut(table, tuple(each for each in surrogates if each is not None))


def check_folds(table: Tabular, folds: int) -> None:
    """Raise if the configs of `table` cannot be split into `folds` parts.

    Raises
    ------
    InputError
        There are fewer than two parts, or more than configs, or too few are left to learn from.

    """
    count = len(table.configs)
    if not 2 <= folds <= count:
        raise InputError(f"folds is {folds}: {table.name} has {count} configs, give 2 to {count}")
    left = count - -(-count // folds)
    if left < FEWEST:
        raise InputError(
            f"{table.name} has {count} configs: {folds} folds leave {left} to learn from, and "
            f"at least {FEWEST} are needed"
        )


def _rows(table: Tabular, of: npt.NDArray[np.bool_]) -> Tabular:
    """Return `table` with some of its configs only."""
    recorded = table.recorded
    places = np.flatnonzero(of).tolist()
    some = Recorded(
        recorded.card,
        tuple(recorded.ids[place] for place in places),
        tuple(recorded.configs[place] for place in places),
        tuple(recorded.curves[place] for place in places),
    )
    return Tabular(some, table.sha256)


def figures(twin: HeldOut) -> dict[str, Any]:
    """Return how well the twin's curves agree with those of its table.

    Returns
    -------
    dict
        ``levels``, a dict for each of the epochs 1, 2, 4, .. r_max: ``epoch``; the
        ``mean_absolute_error`` of the mean loss, over the configs that converge in both;
        ``rank_correlation``, Spearman's, of the means; that of a single recorded training with a
        drawn one, ``of_one_training``, and with another recorded one, ``between_trainings``, which
        is what a perfect surrogate has; the standard deviation of the noise, root mean square over
        the configs, ``noise_recorded`` and ``noise_drawn``. Then ``noise_correlation_recorded`` and
        ``noise_correlation_drawn``, of the noise with that of the next epoch; and
        ``seconds_error``, of a config's seconds up to r_max, as a share: ``median``, ``mean`` and
        ``most``. None where the table does not determine a figure.

    """
    table = twin.table
    losses, seconds = twin.means
    trainings = [list(by_seed.values()) for by_seed in table.recorded.curves]
    recorded = np.array([np.mean([c.all_losses for c in each], axis=0) for each in trainings])
    took = np.array([np.mean([c.all_seconds for c in each], axis=0) for each in trainings])
    relative = np.abs(seconds.sum(axis=1) / took.sum(axis=1) - 1)
    drawn = _drawn(twin)
    real = [np.array([c.all_losses for c in each]) for each in trainings]
    noise = _noise(real), _noise(list(drawn))
    levels = []
    for epoch in doubling(table.r_max):
        at = epoch - 1
        finite = np.isfinite(recorded[:, at]) & np.isfinite(losses[:, at])
        errors = np.abs(losses[finite, at] - recorded[finite, at])
        levels.append(
            {
                "epoch": epoch,
                "mean_absolute_error": float(errors.mean()) if errors.size else None,
                "rank_correlation": rank_correlation(losses[:, at], recorded[:, at]),
                "of_one_training": _mean(
                    rank_correlation(drawn[:, k, at], _pick(real, k, at)) for k in range(_DRAWS)
                ),
                "between_trainings": _between(real, at),
                "noise_recorded": _size(noise[0], at),
                "noise_drawn": _size(noise[1], at),
            }
        )
    return {
        "levels": levels,
        "noise_correlation_recorded": _next_epoch(noise[0]),
        "noise_correlation_drawn": _next_epoch(noise[1]),
        "seconds_error": {
            "median": float(np.median(relative)),
            "mean": float(relative.mean()),
            "most": float(relative.max()),
        },
    }


def _drawn(twin: HeldOut) -> Values:
    """Return the losses of curves drawn from the twin; shape (configs, draws, r_max)."""
    return np.array(
        [
            [twin.curve(config, place * _DRAWS + k).losses(0, twin.r_max) for k in range(_DRAWS)]
            for place, config in enumerate(twin.configs)
        ]
    )


def _pick(real: Sequence[Values], k: int, at: int) -> Values:
    """Return the loss at one epoch of each config's k-th training, counted round."""
    return np.array([each[k % len(each), at] for each in real])


def _between(real: Sequence[Values], at: int) -> float | None:
    """Return the mean rank correlation of two recorded trainings of each config."""
    fewest = min(map(len, real))
    if fewest < 2:
        return None
    pairs = combinations(range(fewest), 2)
    return _mean(rank_correlation(_pick(real, i, at), _pick(real, j, at)) for i, j in pairs)


def _noise(trainings: Sequence[Values]) -> Values:
    """Return the differences of the trainings of a config from their mean; shape (rows, r_max).

    Scaled so that the mean square of the rows is the variance. Configs of which a training
    diverged are left out.
    """
    none = np.empty((0, trainings[0].shape[1]))
    known = [each for each in trainings if len(each) > 1 and np.isfinite(each).all()]
    rows = [(each - each.mean(axis=0)) * np.sqrt(len(each) / (len(each) - 1)) for each in known]
    return np.concatenate([none, *rows])


def _size(noise: Values, at: int) -> float | None:
    return float(np.sqrt(np.mean(noise[:, at] ** 2))) if len(noise) else None


def _next_epoch(noise: Values) -> float | None:
    """Return the correlation of the noise with that of the next epoch, over all epochs."""
    one, other = noise[:, :-1], noise[:, 1:]
    size = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum()) / size if size else None


def _mean(values: Any) -> float | None:
    """Return the mean of what is not None; None if that is nothing."""
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None
