"""The statistics of a study's cells: means, medians and their errors.

Owns the statistics over seeds. Must not know how a run was made, nor how a figure is shown.
"""

from __future__ import annotations

from dataclasses import replace
from math import isfinite, nan, sqrt
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from learning_curves.streams import generator
from sim.studies.laws import LAWS
from sim.studies.study import Study
from sim.studies.study_log import Values
from sim.traces import estimates

SPEEDUP = "speedup."
"""The prefix of the name of a measure for its speedup."""
_ROUNDING = 1e-12  # the relative difference up to which values count as equal

STATISTICS = (
    *("seeds", "mean", "standard_error", "median", "low", "high", "least", "most"),
    *("censored", "law"),
)
"""The columns of a measure in a cell."""


def by_cell(study: Study, values: Values) -> pd.DataFrame:
    """Return one row for each cell and measure, including speedups.

    Parameters
    ----------
    study
        The study.
    values
        The figures of all its runs, in the order of its grid; shape (runs, measures).

    Returns
    -------
    DataFrame
        The axes; `measure`, for a speedup ``speedup.MEASURE``; `seeds`; the `mean` and its
        `standard_error`, infinite and missing if a run is censored; the `median`, with a 95 %
        interval from `low` to `high`, missing below six seeds, and the range from `least` to `most`
        within which it lies; how many runs are `censored`: infinite, counted, never dropped; and
        the `law`, what theory expects, if any is named; of a
        speedup over workers, the ideal one.

    """
    cube = values.reshape(len(study.cells), study.seeds, len(study.measures))
    rows: list[dict[str, Any]] = []
    for place, cell in enumerate(study.cells):
        for m, measure in enumerate(study.measures):
            told = _told(cube[place, :, m])
            law = LAWS[study.laws[measure]](cell.experiment) if measure in study.laws else nan
            rows.append({**cell.settings, "measure": measure, **told, "law": law})
        for measure, axis in study.speedups.items():
            m = study.measures.index(measure)
            base = study.beside(place, axis, study.settings(axis)[0])
            estimate = estimates.speedup(
                cube[base, :, m].tolist(),
                cube[place, :, m].tolist(),
                generator(cell.experiment.seed, "bootstrap"),
            )
            if base == place:  # compared with itself, even if runs missed the target
                estimate = replace(estimate, median=1.0, low=1.0, high=1.0, least=1.0, most=1.0)
            told = estimates.as_columns(estimate) | {"censored": estimate.censored}
            named = {**cell.settings, "measure": f"{SPEEDUP}{measure}", "seeds": study.seeds}
            law = nan
            if axis == "workers":  # the ideal: K workers are K times as fast
                law = cell.experiment.workers / study.cells[base].experiment.workers
            rows.append(named | {"mean": nan, "standard_error": nan} | told | {"law": law})
    return pd.DataFrame(rows, columns=[*study.axes, "measure", *STATISTICS])


def fits(study: Study, values: Values) -> pd.DataFrame:
    """Return, for each fit and each line of cells along its axis, the exponent of a power law.

    The logarithm of the mean over the seeds is fitted to that of the axis by least squares. The
    cells of one seed share its configs, and only seeds are independent of each other: the
    standard error is the jackknife's, which leaves out one seed at a time.

    Returns
    -------
    DataFrame
        The axes, the one of the fit empty; `measure`; `axis`; the `exponent` with its
        `standard_error`, and the `factor`, in ``factor * x ** exponent``. All are missing where a
        mean is not above 0 and finite.

    """
    n = study.seeds
    cube = values.reshape(len(study.cells), n, len(study.measures))
    rows: list[dict[str, Any]] = []
    for measure, axis in study.fits.items():
        m = study.measures.index(measure)
        log_x = np.log([float(each) for each in study.settings(axis)])
        lines: dict[tuple[tuple[str, str], ...], list[int]] = {}
        for place, cell in enumerate(study.cells):
            others = tuple((cell.settings | {axis: ""}).items())
            lines.setdefault(others, []).append(place)
        for others, places in lines.items():
            y = cube[places, :, m]  # (settings, seeds)
            exponent, factor = _power_law(log_x, y.mean(axis=1))
            without = np.array(
                [_power_law(log_x, np.delete(y, k, axis=1).mean(axis=1))[0] for k in range(n)]
                if n > 1
                else [nan]
            )
            error = sqrt((n - 1) * float(without.var()))
            told = {"exponent": exponent, "standard_error": error if n > 1 else nan}
            told["factor"] = factor
            rows.append({**dict(others), "measure": measure, "axis": axis, **told})
    columns = ("measure", "axis", "exponent", "standard_error", "factor")
    return pd.DataFrame(rows, columns=[*study.axes, *columns])


def _power_law(log_x: Values, y: Values) -> tuple[float, float]:
    """Return the exponent and the factor; NaN where there is none."""
    if len(y) < 2 or not ((y > 0) & np.isfinite(y)).all():
        return nan, nan
    line = stats.linregress(log_x, np.log(y))
    return float(line.slope), float(np.exp(line.intercept))


def _told(values: Values) -> dict[str, Any]:
    censored = int((~np.isfinite(values)).sum())
    low, high = estimates.interval_of_median(values.tolist())
    mean, median = float(values.mean()), estimates.median(values.tolist())
    return {
        "seeds": len(values),
        "mean": mean,
        "standard_error": _standard_error(values) if isfinite(mean) else nan,
        "median": median,
        "low": low,
        "high": high,
        "least": median,
        "most": median,
        "censored": censored,
    }


def _standard_error(values: Values) -> float:
    if len(values) < 2:
        return nan
    if np.ptp(values) <= _ROUNDING * np.abs(values).max():
        return 0.0
    return float(values.std(ddof=1)) / sqrt(len(values))
