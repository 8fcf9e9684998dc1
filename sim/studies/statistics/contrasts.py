"""Paired contrasts: the gains of an axis' settings over some of them, seed by seed.

Owns the pairing of runs, and the statistics over the pairs. Must not know what an axis varies, such
as the scheduler or a fault.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from math import isinf
from typing import Any

import pandas as pd

from learning_curves.streams import generator
from sim.experiments.measures import MEASURES
from sim.studies.statistics import power, survival
from sim.studies.study import Study
from sim.studies.study_log import Values
from sim.traces.estimates import ENDS, as_columns, difference, speedup

ESTIMATES = ("difference", "ratio", "speedup")
"""The estimates of a contrast; the columns of each end in `estimates.ENDS`."""

COLUMNS = (
    *("axis", "against", "measure", "seeds"),
    *(f"{name}{end}" for name in ESTIMATES for end in ("", *(f"_{each}" for each in ENDS))),
    *("censored", "censored_against"),
    *("wins", "wins_low", "wins_high", "p_value", "p_holm", "p_logrank", "seeds_needed"),
)
"""The columns beside the axes."""


def contrasts(study: Study, values: Values) -> pd.DataFrame:
    """Compare each cell with the cells that differ in one setting, by paired seeds.

    Parameters
    ----------
    study
        The study; its `against` names the settings, the baselines.
    values
        The figures of all its runs, in the order of its grid; shape (runs, measures).

    Returns
    -------
    DataFrame
        One row for each baseline, measure and cell, except the cells at the baseline: the axes; the
        `axis` and the setting `against`; `measure`; `seeds`; the median `difference`, own less
        other, over the pairs; for measures in seconds also the median `ratio`, own to other, and
        the median `speedup`, other to own, missing for the rest; each with the ends of its 95 %
        interval and of its range (see `estimates.Estimate`); how many runs are `censored`, own and
        other; for measures with a better direction `wins`, the share of seeds at which the own run
        is better, with its interval (see `power.wins`); `p_value` of the signed-rank test, and
        `p_holm`, corrected over all contrasts of the axis and measure, of which one that appears
        both ways counts once; `p_logrank` of times that runs may miss, if the study measures
        `end_seconds`; and `seeds_needed` (see `power.seeds_needed`).

    """
    cube = values.reshape(len(study.cells), study.seeds, len(study.measures))
    rows: list[dict[str, Any]] = []
    for axis in study.against:
        in_axis: list[dict[str, Any]] = []
        pairs: list[tuple[str, frozenset[int]]] = []  # of which a row tells
        for setting in study.baselines(axis):
            for place, cell in enumerate(study.cells):
                other = study.beside(place, axis, setting)
                if other == place:
                    continue
                for measure in study.measures:
                    named = {**cell.settings, "axis": axis, "against": setting, "measure": measure}
                    told = _contrast(study, cube[place], cube[other], measure)
                    in_axis.append(named | told)
                    pairs.append((measure, frozenset((place, other))))
        rows += _corrected(in_axis, pairs)
    return pd.DataFrame(rows, columns=[*study.axes, *COLUMNS])


def _contrast(study: Study, cell: Values, beside: Values, measure: str) -> dict[str, float | int]:
    """Return the row of a measure for a pair of cells, each of shape (seeds, measures)."""
    resampling = partial(generator, study.base.seed, "bootstrap")
    m, about = study.measures.index(measure), MEASURES[measure]
    own, other = cell[:, m].tolist(), beside[:, m].tolist()
    of_pairs = difference(own, other, resampling())
    row: dict[str, float | int] = {"seeds": len(own), **as_columns(of_pairs, "difference")}
    if about.seconds:
        row |= as_columns(speedup(own, other, resampling()), "ratio")
        row |= as_columns(speedup(other, own, resampling()), "speedup")
    row |= {"censored": sum(map(isinf, own)), "censored_against": sum(map(isinf, other))}
    differences = power.paired_differences(own, other)
    if about.better:
        won = power.wins(differences, smaller=about.better == "smaller")
        row |= dict(zip(("wins", "wins_low", "wins_high"), won, strict=True))
    row["p_value"] = power.signed_rank(differences)
    if survival.END in study.measures and survival.times([measure]):
        end = study.measures.index(survival.END)
        row["p_logrank"] = survival.log_rank(cell[:, m], cell[:, end], beside[:, m], beside[:, end])
    return row | {"seeds_needed": power.seeds_needed(differences)}


def _corrected(
    rows: list[dict[str, Any]], pairs: Sequence[tuple[str, frozenset[int]]]
) -> list[dict[str, Any]]:
    """Return the rows of an axis with `p_holm`, by measure; equal pairs of cells count once."""
    by_measure: dict[str, dict[frozenset[int], float]] = {}
    for row, (measure, cells) in zip(rows, pairs, strict=True):
        by_measure.setdefault(measure, {})[cells] = row["p_value"]
    for measure, found in by_measure.items():
        by_measure[measure] = dict(zip(found, power.holm([*found.values()]), strict=True))
    return [
        row | {"p_holm": by_measure[measure][cells]}
        for row, (measure, cells) in zip(rows, pairs, strict=True)
    ]
