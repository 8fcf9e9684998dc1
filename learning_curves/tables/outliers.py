"""Epochs whose seconds are far outside the others of a table.

Owns the rule; it is robust: up to half of the epochs may be wrong. Must not print (`sim`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from learning_curves.tables.tabular import Tabular

_TIMES = 10.0
_SPREADS = 6.0


@dataclass(frozen=True)
class Outlier:
    """An epoch, numbered from 1, whose seconds are outlying."""

    config_id: int
    seed: int
    epoch: int
    seconds: float


def outlying_seconds(table: Tabular) -> list[Outlier]:
    """Return the epochs whose seconds are outlying; O(n log n) in the rows of the table.

    An epoch is outlying if its seconds differ by a factor of more than 10 from the median of its
    curve's other epochs, and from the median of the table by a factor of more than 10 and by more
    than 6 median absolute deviations of the logarithms. So neither a slow config nor a curve whose
    epochs grow is outlying, if the table has more of the kind. Curves of one epoch are compared
    with the table alone. A median of an even number is the lower one.

    Returns
    -------
    list of Outlier
        Sorted by config_id, seed and epoch.

    """
    recorded = table.recorded
    whose = [
        (number, seed)
        for number, by_seed in zip(recorded.ids, recorded.curves, strict=True)
        for seed in by_seed
    ]
    curves = [curve.all_seconds for by_seed in recorded.curves for curve in by_seed.values()]
    logs = np.log(np.array(curves))  # (curves, r_max)
    distance = np.abs(logs - _lower_median(logs.ravel()))
    limit = np.maximum(np.log(_TIMES), _SPREADS * _lower_median(distance.ravel()))
    outlying = distance > limit
    for at in np.flatnonzero(outlying.any(axis=1)).tolist() if logs.shape[1] > 1 else ():
        for epoch in np.flatnonzero(outlying[at]).tolist():
            others = _lower_median(np.delete(logs[at], epoch))
            outlying[at, epoch] = abs(logs[at, epoch] - others) > np.log(_TIMES)
    return [
        Outlier(*whose[at], epoch + 1, curves[at][epoch])
        for at, epoch in np.argwhere(outlying).tolist()
    ]


def _lower_median(values: npt.NDArray[np.float64]) -> float:
    return float(np.quantile(values, 0.5, method="lower"))


def warning(found: list[Outlier]) -> str:
    """Return one line that says which epochs are outlying; empty if none is.

    >>> warning([Outlier(7, 0, 1, 1.7e9)]).partition("): ")[0]
    '1 epoch has outlying seconds (config_id 7, seed 0, epoch 1: 1.7e+09 s'
    """
    if not found:
        return ""
    named = [
        f"config_id {each.config_id}, seed {each.seed}, epoch {each.epoch}: {each.seconds:.4g} s"
        for each in found[:3]
    ]
    dots = "; .." if len(found) > 3 else ""
    count = "1 epoch has" if len(found) == 1 else f"{len(found)} epochs have"
    return (
        f"{count} outlying seconds ({'; '.join(named)}{dots}): check whether a clock was read "
        "as a duration or a training was paused; the table is replayed unchanged"
    )
