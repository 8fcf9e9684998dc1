"""Paired contrasts: the gains of an axis' settings over one of them, seed by seed.

Owns the pairing of runs, and the statistics over the pairs. Must not know what an axis varies, such
as the scheduler or a fault.
"""

from __future__ import annotations

from functools import partial
from math import isinf
from typing import Any

import pandas as pd

from learning_curves.streams import generator
from sim.experiments.measures import MEASURES
from sim.studies.study import Study
from sim.studies.study_log import Values
from sim.traces.estimates import ENDS, as_columns, difference, speedup

ESTIMATES = ("difference", "ratio", "speedup")
"""The estimates of a contrast; the columns of each end in `estimates.ENDS`."""

COLUMNS = (
    *("axis", "against", "measure", "seeds"),
    *(f"{name}{end}" for name in ESTIMATES for end in ("", *(f"_{each}" for each in ENDS))),
    *("censored", "censored_against"),
)
"""The columns beside the axes."""


def contrasts(study: Study, values: Values) -> pd.DataFrame:
    """Compare each cell with the cell that differs in one setting, by paired seeds.

    Parameters
    ----------
    study
        The study; its `against` names the settings.
    values
        The figures of all its runs, in the order of its grid; shape (runs, measures).

    Returns
    -------
    DataFrame
        One row for each measure and cell, except the cells at the setting: the axes; the `axis` and
        the setting `against`; `measure`; `seeds`; the median `difference`, own less other, over the
        pairs; for measures in seconds also the median `ratio`, own to other, and the median
        `speedup`, other to own, missing for the rest; each with the ends of its 95 % interval and
        of its range (see `estimates.Estimate`); and how many runs are `censored`, own and other.

    """
    cube = values.reshape(len(study.cells), study.seeds, len(study.measures))
    rows: list[dict[str, Any]] = []
    for axis, setting in study.against.items():
        for place, cell in enumerate(study.cells):
            other = study.beside(place, axis, setting)
            if other == place:
                continue
            for m, measure in enumerate(study.measures):
                pair = cube[place, :, m].tolist(), cube[other, :, m].tolist()
                named = {**cell.settings, "axis": axis, "against": setting, "measure": measure}
                seed = cell.experiment.seed
                rows.append(named | _contrast(*pair, seed, seconds=MEASURES[measure].seconds))
    return pd.DataFrame(rows, columns=[*study.axes, *COLUMNS])


def _contrast(
    own: list[float], other: list[float], seed: int, *, seconds: bool
) -> dict[str, float | int]:
    """Return the row of a measure for a pair of cells."""
    resampling = partial(generator, seed, "bootstrap")
    of_pairs = difference(own, other, resampling())
    row: dict[str, float | int] = {"seeds": len(own), **as_columns(of_pairs, "difference")}
    if seconds:
        row |= as_columns(speedup(own, other, resampling()), "ratio")
        row |= as_columns(speedup(other, own, resampling()), "speedup")
    return row | {"censored": sum(map(isinf, own)), "censored_against": sum(map(isinf, other))}
