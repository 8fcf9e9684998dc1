"""Charts of two optional tables of a study: ``survival.csv`` and ``ranks.csv``.

Owns how their rows become curves and diagrams. Must not compute them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from learning_curves.errors import InputError, reading
from sim.experiments.measures import label
from sim.reports.html import charts
from sim.reports.html.page import Chart
from sim.reports.plots.palette import Look, label_looks
from sim.reports.screen import records

_SURVIVAL = ("measure", "seconds", "reached", "low", "high", "at_risk")
_RANKS = ("measure", "axis", "setting", "blocks", "mean_rank", "friedman_p", "critical_difference")


def survival(
    path: Path,
    axes: Sequence[str],
    coloured: str,
    named: Callable[[Mapping[str, Any]], str],
) -> Iterator[Chart]:
    """Yield a chart for each measure: the share of runs that reached it over time (Kaplan-Meier).

    Parameters
    ----------
    path
        The table: for each cell and measure a row for each step of its curve.
    axes
        The axes of the study that have several settings.
    coloured
        The one that colours tell apart; the others are chosen. "" for none.
    named
        Returns the name of a row's setting on it.

    Raises
    ------
    InputError
        The file is not such a table.

    """
    table = _table(path, (*axes, *_SURVIVAL))
    for measure, rows in table.groupby("measure", sort=False):
        drawn: list[charts.Line] = []
        looks = label_looks(rows[coloured].unique().tolist() if coloured else [])
        keys = list(axes) or ["measure"]
        for _, some in rows.groupby(keys, sort=False):
            steps = records(some.sort_values("seconds", kind="stable"))
            first = steps[0]
            look = looks[first[coloured]] if coloured else label_looks([str(measure)])[str(measure)]
            drawn.append(
                charts.Line(
                    named(first) or label(str(measure)),
                    look,
                    [0.0, *(step["seconds"] for step in steps)],
                    [0.0, *(step["reached"] for step in steps)],
                    [0.0, *(step["low"] for step in steps)],
                    [0.0, *(step["high"] for step in steps)],
                    [
                        "the start",
                        *(
                            f"{step['reached']:.1%} by {step['seconds']:,.1f} s, "
                            f"{step['at_risk']:,.0f} at risk"
                            for step in steps
                        ),
                    ],
                    meta={axis: first[axis] for axis in axes if axis != coloured},
                    mode="lines",
                    shape="hv",
                )
            )
        name = label(str(measure))
        up = charts.axis("share of runs that reached it", tickformat=".0%", range=[0, 1.01])
        figure = charts.lines(drawn, x=charts.axis(f"{name} (s)"), y=up, band=True)
        title = f"{name[0].upper()}{name[1:]}: the runs that reached it"
        yield Chart(title, figure, "Kaplan-Meier, 95 % band")


def ranks(path: Path) -> Iterator[Chart]:
    """Yield a critical-difference diagram for each measure and axis of a table of mean ranks.

    Raises
    ------
    InputError
        The file is not such a table.

    """
    table = _table(path, _RANKS)
    for (measure, axis), rows in table.groupby(["measure", "axis"], sort=False):
        told = records(rows)
        first = told[0]
        mean_ranks = {row["setting"]: row["mean_rank"] for row in told}
        looks: dict[str, Look] = label_looks(mean_ranks)
        figure = charts.ranks(mean_ranks, looks, first["critical_difference"])
        yield Chart(
            f"Mean ranks of {axis} by {label(str(measure))}",
            figure,
            f"{first['blocks']:,.0f} blocks; Friedman test: p = {first['friedman_p']:.2g}; "
            "a thick line joins settings within the critical difference",
            is_wide=True,
        )


def _table(path: Path, columns: Sequence[str]) -> pd.DataFrame:
    numbers = {"seconds", "reached", "low", "high", "at_risk", "blocks", "mean_rank"}
    numbers |= {"friedman_p", "critical_difference"}
    with reading(path, "is not a table of a study", remedy="delete it, or run the study again"):
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        missing = [name for name in columns if name not in table]
        if missing:
            raise InputError(f"the column {missing[0]} is missing")
        return table.assign(
            **{
                name: pd.to_numeric(table[name].replace("", "nan"))
                for name in columns
                if name in numbers
            }
        )
