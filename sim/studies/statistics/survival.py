"""When runs reach a target, where some of them end before: Kaplan and Meier (1958).

Owns when a run that missed is censored. Must not know what the target is.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from math import nan
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from sim.experiments.measures import MEASURES
from sim.studies.study import Study
from sim.studies.study_log import Values

COLUMNS = ("measure", "seconds", "reached", "low", "high", "at_risk", "n", "censored")
"""The columns beside the axes."""
END = "end_seconds"
"""The measure by which a run that missed is censored."""


def times(measures: Sequence[str]) -> list[str]:
    """Return those of the measures that are times which a run may miss.

    >>> times(["end_seconds", "best_loss", "time_to_target"])
    ['time_to_target']
    """
    return [name for name in measures if MEASURES[name].censored and MEASURES[name].seconds]


def survival(study: Study, values: Values) -> pd.DataFrame:
    """Return the share of runs that have reached their target by each time, for each cell.

    It is one less Kaplan and Meier's estimate of the share that has not. A run that missed is
    censored when it ended: at its `end_seconds`, which the study must measure.

    Parameters
    ----------
    study
        The study.
    values
        The figures of all its runs, in the order of its grid; shape (runs, measures).

    Returns
    -------
    DataFrame
        The axes; `measure`; `seconds`, 0 and each time at which a run reached the target or was
        censored; the share `reached` by then, with the ends `low` and `high` of its pointwise 95 %
        interval by Greenwood's formula on the scale log(-log), missing where the share is 0 or 1;
        how many runs were `at_risk` just before: neither there yet nor censored; and of all `n`
        runs of the cell how many are `censored`. None if the study does not ask for it.

    """
    rows: list[dict[str, Any]] = []
    if not study.survival:
        return pd.DataFrame(rows, columns=[*study.axes, *COLUMNS])
    cube = values.reshape(len(study.cells), study.seeds, len(study.measures))
    for place, cell in enumerate(study.cells):
        ends = cube[place, :, study.measures.index(END)]
        for measure in times(study.measures):
            seconds = cube[place, :, study.measures.index(measure)]
            named = {**cell.settings, "measure": measure}
            rows += [named | row for row in _curve(seconds, ends)]
    return pd.DataFrame(rows, columns=[*study.axes, *COLUMNS])


def log_rank(own: Values, own_ends: Values, other: Values, other_ends: Values) -> float:
    """Return the two-sided p-value of the log-rank test of two samples of times (Mantel 1966).

    A time that is infinite is censored at the end of its run. The test knows no pairs: it takes the
    runs for independent. NaN where no run reached its target, or all did at one time.
    """
    if not (np.isfinite(own).any() or np.isfinite(other).any()):
        return nan
    with np.errstate(invalid="ignore"):  # the statistic has no variance
        return float(stats.logrank(_censored(own, own_ends), _censored(other, other_ends)).pvalue)


def _curve(seconds: Values, ends: Values) -> list[dict[str, float]]:
    """Return the rows of one cell, from 0 on."""
    sample = _censored(seconds, ends)
    share = stats.ecdf(sample).sf
    with warnings.catch_warnings():  # undefined where the share is 0 or 1
        warnings.simplefilter("ignore", RuntimeWarning)
        interval: Any = share.confidence_interval(0.95, method="log-log")
    seen = np.where(np.isfinite(seconds), seconds, ends)
    missed = int((~np.isfinite(seconds)).sum())
    n = len(seconds)
    rows = [{"seconds": 0.0, "reached": 0.0, "low": nan, "high": nan, "at_risk": n}]
    for at, left, low, high in zip(
        share.quantiles.tolist(),
        share.probabilities.tolist(),
        interval.low.probabilities.tolist(),
        interval.high.probabilities.tolist(),
        strict=True,
    ):
        known = 0 < left < 1
        at_risk = int((seen >= at).sum())
        rows.append(
            {
                "seconds": at,
                "reached": 1 - left,
                "low": 1 - high if known else nan,
                "high": 1 - low if known else nan,
                "at_risk": at_risk,
            }
        )
    return [row | {"n": n, "censored": missed} for row in rows]


def _censored(seconds: Values, ends: Values) -> stats.CensoredData:
    missed = ~np.isfinite(seconds)
    return stats.CensoredData.right_censored(np.where(missed, ends, seconds), missed)
