"""The figures of a table.

Owns the figures that show whether early stopping can work on a table. Must not print (`sim`).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import stats

from learning_curves.tables.tabular import Tabular

_QUANTILES = (0.0, 0.1, 0.5, 0.9, 1.0)


def summary(table: Tabular) -> dict[str, Any]:
    """Return the figures of `table`; O(n log n) in its rows.

    Returns
    -------
    dict
        ``name``, ``title``, ``r_max``, ``metric``, ``train_examples``, ``sha256``; the numbers of
        ``configs``, of ``seeds`` (the most that a config has), of ``curves`` and of those
        ``diverged`` at r_max; ``hours`` of all epochs; ``best_loss`` at r_max, of each config's
        first seed, and ``best_config``; ``seconds_quantiles`` of an epoch; and ``levels``, one dict
        for each of the epochs 1, 2, 4, .. r_max, with ``epoch``, ``loss_quantiles``, and
        ``rank_correlation`` of the loss there with that at r_max, over all curves.

    """
    by_config = [list(by_seed.values()) for by_seed in table.recorded.curves]
    curves = [curve for each in by_config for curve in each]
    losses = np.array([curve.all_losses for curve in curves])  # (curves, r_max)
    seconds = np.array([curve.all_seconds for curve in curves])  # (curves, r_max)
    best = int(np.argmin(table.final_losses))
    return {
        "name": table.name,
        "title": table.title,
        "r_max": table.r_max,
        "metric": table.metric,
        "train_examples": table.train_examples,
        "sha256": table.sha256,
        "configs": len(by_config),
        "seeds": max(map(len, by_config)),
        "curves": len(curves),
        "diverged": int(np.isinf(losses[:, -1]).sum()),
        "hours": float(seconds.sum()) / 3600,
        "best_loss": float(table.final_losses[best]),
        "best_config": {"config_id": table.ids[best], **table.configs[best]},
        "seconds_quantiles": _quantiles(seconds),
        "levels": [
            {
                "epoch": epoch,
                "loss_quantiles": _quantiles(losses[:, epoch - 1]),
                "rank_correlation": rank_correlation(losses[:, epoch - 1], losses[:, -1]),
            }
            for epoch in doubling(table.r_max)
        ],
    }


def doubling(r_max: int) -> list[int]:
    """Return the epochs at which figures are reported.

    >>> doubling(10), doubling(16)
    ([1, 2, 4, 8, 10], [1, 2, 4, 8, 16])
    """
    return [*(1 << k for k in range((r_max - 1).bit_length())), r_max]


def _quantiles(values: npt.NDArray[np.float64]) -> dict[str, float]:
    # Observed values only: to interpolate towards inf gives no number.
    found = np.quantile(values, _QUANTILES, method="inverted_cdf")
    return {f"{q:g}": value for q, value in zip(_QUANTILES, found.tolist(), strict=True)}


def rank_correlation(one: npt.NDArray[np.float64], other: npt.NDArray[np.float64]) -> float | None:
    """Return Spearman's rank correlation, ties and inf included; None if either is constant.

    >>> rank_correlation(np.array([1.0, 2.0, 3.0]), np.array([0.1, 0.5, np.inf]))
    1.0
    """
    one_ranks, other_ranks = stats.rankdata(one), stats.rankdata(other)
    if np.ptp(one_ranks) == 0 or np.ptp(other_ranks) == 0:
        return None
    return float(np.corrcoef(one_ranks, other_ranks)[0, 1])
