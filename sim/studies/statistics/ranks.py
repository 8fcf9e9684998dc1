"""Ranks of the settings of one axis over blocks, and whether they differ (Demsar 2006).

Owns what a block is. Must not know how a rank is shown.
"""

from __future__ import annotations

from math import inf, nan, sqrt
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from sim.experiments.measures import MEASURES
from sim.studies.statistics.power import rounded
from sim.studies.study import Study
from sim.studies.study_log import Values

COLUMNS = (
    *("measure", "axis", "setting", "blocks", "mean_rank"),
    *("friedman_chi2", "friedman_p", "critical_difference"),
)


def ranks(study: Study, values: Values) -> pd.DataFrame:
    """Rank the settings of the study's axis `ranks` in each block, and compare their mean ranks.

    A block is one setting of each other axis at one seed. In it the best setting has rank 1; equal
    ones, to 12 digits, share their mean rank, and all runs that missed are equal and last.

    Parameters
    ----------
    study
        The study; its `ranks` names the axis.
    values
        The figures of all its runs, in the order of its grid; shape (runs, measures).

    Returns
    -------
    DataFrame
        The `COLUMNS`, one row for each measure that has a better direction and each setting:
        `friedman_chi2` and `friedman_p` of Friedman's (1937) test that all settings are equal,
        missing below three settings or where all are tied in every block; and Nemenyi's
        `critical_difference` at 5 %, by which the mean ranks of two settings must differ:
        ``q sqrt(k (k + 1) / (6 blocks))`` (Demsar 2006, sec. 3.2.2), q of `studentized_range`. None
        if the study ranks no axis.

    """
    rows: list[dict[str, Any]] = []
    axis = study.ranks
    if not axis:
        return pd.DataFrame(rows, columns=[*COLUMNS])
    settings = study.settings(axis)
    n, k = study.runs // len(settings), len(settings)
    q = float(stats.studentized_range.ppf(0.95, k, inf)) / sqrt(2)
    critical = q * sqrt(k * (k + 1) / (6 * n))
    for measure in study.measures:
        better = MEASURES[measure].better
        if not better:
            continue
        by_block = rounded(blocks(study, values, measure)) * (1.0 if better == "smaller" else -1.0)
        ranked = stats.rankdata(by_block, axis=1)
        chi2, p = nan, nan
        if k > 2 and np.ptp(ranked, axis=1).any():
            chi2, p = map(float, stats.friedmanchisquare(*ranked.T))
        tests = {"friedman_chi2": chi2, "friedman_p": p, "critical_difference": critical}
        for setting, mean in zip(settings, ranked.mean(axis=0).tolist(), strict=True):
            named = {"measure": measure, "axis": axis, "setting": setting, "blocks": n}
            rows.append(named | {"mean_rank": mean} | tests)
    return pd.DataFrame(rows, columns=[*COLUMNS])


def blocks(study: Study, values: Values, measure: str) -> Values:
    """Return the figures of a measure, a row for each block and a column for each setting."""
    sizes = [len(axis) for axis in study.axes.values()]
    grid = values[:, study.measures.index(measure)].reshape([*sizes, study.seeds])
    place = list(study.axes).index(study.ranks)
    found: Values = np.moveaxis(grid, place, -1).reshape(-1, sizes[place])
    return found
