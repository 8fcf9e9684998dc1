"""Charts of two optional tables of a study: ``survival.csv`` and ``ranks.csv``.

Owns how their rows become curves and diagrams. Must not compute them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isfinite, isnan
from typing import Any

import pandas as pd

from sim.experiments.measures import label
from sim.reports import study_report
from sim.reports.html import charts
from sim.reports.html.page import Chart, Json
from sim.reports.plots.palette import DARK_GREY, Look, label_looks
from sim.reports.plots.studies.rank_diagram import groups
from sim.reports.screen import records


def survival(
    table: pd.DataFrame,
    axes: Sequence[str],
    coloured: str,
    named: Callable[[Mapping[str, Any]], str],
) -> Iterator[Chart]:
    """Yield a chart for each measure: the share of runs that reached it over time (Kaplan-Meier).

    Parameters
    ----------
    table
        As `statistics.survival.survival` returns it.
    axes
        The axes of the study that have several settings.
    coloured
        The one that colours tell apart; the others are chosen. "" for none.
    named
        Returns the name of a row's setting on it.

    """
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
                    [step["seconds"] for step in steps],
                    [step["reached"] for step in steps],
                    [_end(step, "low") for step in steps],
                    [_end(step, "high") for step in steps],
                    [
                        f"{step['reached']:.1%} by {step['seconds']:,.1f} s, "
                        f"{step['at_risk']:,.0f} at risk"
                        for step in steps
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


def _end(step: Mapping[str, Any], name: str) -> float:
    """Return an end of the band, which is as narrow as the line where there is no interval."""
    return float(step["reached"] if isnan(step[name]) else step[name])


def ranks(table: pd.DataFrame) -> Iterator[Chart]:
    """Yield a critical-difference diagram for each measure and axis of a table of mean ranks.

    Parameters
    ----------
    table
        As `statistics.ranks.ranks` returns it.

    """
    for (measure, axis), rows in table.groupby(["measure", "axis"], sort=False):
        told = records(rows)
        first = told[0]
        mean_ranks = {row["setting"]: row["mean_rank"] for row in told}
        looks: dict[str, Look] = label_looks(mean_ranks)
        figure = diagram(mean_ranks, looks, first["critical_difference"])
        p = first["friedman_p"]
        test = "" if isnan(p) else f"p (Friedman): {study_report.p_value(p)}; "
        yield Chart(
            f"Mean ranks of {axis} by {label(str(measure))}",
            figure,
            f"{first['blocks']:,.0f} blocks; {test}a thick line joins settings that differ by less "
            "than the critical difference",
            is_wide=True,
        )


def diagram(mean_ranks: Mapping[str, float], looks: Mapping[str, Look], critical: float) -> Json:
    """Return a critical-difference diagram (Demsar 2006, Fig. 1): rank 1 is the best.

    Settings that a thick line joins do not differ by more than the critical difference.

    Parameters
    ----------
    mean_ranks
        The mean rank of each setting.
    looks
        The look of each setting.
    critical
        The critical difference; NaN for none.

    """
    ordered = sorted(mean_ranks, key=lambda name: (mean_ranks[name], name))
    joined = groups([mean_ranks[name] for name in ordered], critical)
    depth = len(joined) + 1.0
    half = (len(ordered) + 1) // 2
    traces: list[Json] = []
    notes: list[Json] = []
    for place, name in enumerate(ordered):
        left = place < half
        level = depth + (place if left else len(ordered) - 1 - place)
        rank, colour = mean_ranks[name], looks[name].colour
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "x": [rank, rank],
                "y": [0, level],
                "line": {"color": colour, "width": 1.5},
                "marker": {"size": [7, 0], "color": colour},
                "hoverinfo": "text",
                "hovertext": f"{charts.text(name)}: mean rank {rank:.2f}",
                "showlegend": False,
            }
        )
        notes.append(
            {
                "x": rank,
                "y": level,
                "text": f"{charts.text(name)} ({rank:.2f})",
                "showarrow": False,
                "xanchor": "right" if left else "left",
                "xshift": -4 if left else 4,
            }
        )
    for level, (first, last) in enumerate(joined, start=1):
        ends = [mean_ranks[ordered[first]], mean_ranks[ordered[last]]]
        traces.append(_thick(ends, [level, level]))
    if isfinite(critical):
        traces.append(_thick([1, 1 + critical], [-1.1, -1.1], width=2))
        label = {"x": 1 + critical / 2, "y": -1.1, "text": f"critical difference {critical:.2f}"}
        notes.append(label | {"showarrow": False, "yshift": 11})
    most = len(ordered)
    layout = {
        "xaxis": charts.axis(
            "mean rank (1 is the best)",
            range=[1 - 0.25 * most, 1.25 * most],
            tickvals=list(range(1, most + 1)),
            side="top",
            showgrid=False,
            zeroline=False,
        ),
        "yaxis": {"range": [depth + half - 0.5, -1.9], "visible": False},
        "annotations": notes,
        "margin": {"l": 8, "r": 8, "t": 56, "b": 8},
    }
    return {"traces": traces, "layout": layout, "height": 70 + 22 * int(depth + half + 2)}


def _thick(x: Sequence[float], y: Sequence[float], width: float = 5) -> Json:
    line = {"color": DARK_GREY, "width": width}
    trace = {"type": "scatter", "mode": "lines", "x": list(x), "y": list(y), "line": line}
    return trace | {"hoverinfo": "skip", "showlegend": False}
