"""The pictures that a study names.

Owns which cells become which points of a picture, and what they are called there. Must not know
how a cell's figures came about, nor how a line is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import isnan, nan
from pathlib import Path
from typing import Any

import pandas as pd

from sim.experiments.measures import MEASURES
from sim.experiments.run import simulate
from sim.reports import plots
from sim.reports.screen import records
from sim.studies.study import Picture, Study, shown
from sim.studies.study_cells import SPEEDUP
from sim.studies.study_file import is_numeric
from sim.traces.trace import Trace

_MOST_GANTTS = 8
_NORMAL = 1.96  # standard errors on either side: an interval of 95 %


def draw(study: Study, cells: pd.DataFrame, fitted: pd.DataFrame, folder: Path) -> None:
    """Draw the study's pictures."""
    for name, picture in study.pictures.items():
        path = folder / f"{name}.png"
        if picture.kind == "gantt":
            _draw_gantts(study, picture, path)
            continue
        some = cells
        for axis, settings in shown(picture).items():
            some = some[some[axis].isin(settings)]
        plots.study_lines(
            _points(study, picture, some, fitted),
            path,
            x=picture.x.rpartition(".")[2].replace("_", " "),
            log=picture.log,
            title=picture.title or study.title,
            law=_law_name(study, picture),
            ticks=[] if is_numeric(study, picture.x) else _settings(study, picture),
        )


def _settings(study: Study, picture: Picture) -> list[str]:
    """Return the settings that a picture shows of its axis x, in order."""
    some = shown(picture).get(picture.x)
    return [each for each in study.settings(picture.x) if some is None or each in some]


def _law_name(study: Study, picture: Picture) -> str:
    if all(measure.startswith(SPEEDUP) for measure in picture.y):
        return "ideal"
    return "power law fitted" if set(picture.y) & set(study.fits) else "closed form"


def _draw_gantts(study: Study, picture: Picture, path: Path) -> None:
    """Draw the runs of the first seed in the cells shown, the first few of them."""
    traces: dict[str, Trace] = {}
    some = shown(picture)
    for cell in study.cells:
        if all(cell.settings[axis] in settings for axis, settings in some.items()):
            open_axes = [axis for axis in study.axes if len(some.get(axis, study.axes[axis])) > 1]
            named = _named(study, cell.settings, open_axes)
            if len(traces) < _MOST_GANTTS:
                title = named or picture.title or study.title
                traces[title] = simulate(cell.experiment).trace
    plots.gantts(traces, path)


def _points(
    study: Study, picture: Picture, some: pd.DataFrame, fitted: pd.DataFrame
) -> pd.DataFrame:
    """Return the points of a picture as `plots.study_lines` takes them.

    Settings that are no numbers lie at 0, 1, 2 ... in their order.
    """
    settings = _settings(study, picture)
    numeric = is_numeric(study, picture.x)
    places = {each: float(each) if numeric else float(k) for k, each in enumerate(settings)}
    rows = []
    for measure in picture.y:
        for cell in records(some[some["measure"] == measure]):
            y, low, high = _estimate(measure, cell)
            x = places[cell[picture.x]]
            law = cell["law"]
            if study.fits.get(measure) == picture.x:
                law = _fitted(study, fitted, cell, x)
            rows.append(
                {
                    "row": _label(measure),
                    "panel": _named(study, cell, [picture.panels]),
                    "colour": _named(study, cell, picture.lines[:1]),
                    "style": _named(study, cell, picture.lines[1:]),
                    "x": x,
                    "y": y,
                    "low": low,
                    "high": high,
                    "law": law,
                }
            )
    columns = ["row", "panel", "colour", "style", "x", "y", "low", "high", "law"]
    return pd.DataFrame(rows, columns=columns)


def _named(study: Study, cell: Mapping[str, Any], axes: Sequence[str]) -> str:
    """Return what the cell is on these axes; a value that is no word bears its axis' name."""
    parts = []
    for axis in filter(None, axes):
        values = study.axes[axis]
        words = isinstance(values, dict) or all(isinstance(each, str) for each in values)
        parts.append(cell[axis] if words else f"{axis.rpartition('.')[2]} {cell[axis]}")
    return ", ".join(parts).replace("_", " ")


def _fitted(study: Study, fitted: pd.DataFrame, cell: Mapping[str, Any], x: float) -> float:
    """Return the power law fitted to the measure of `cell`, at x; NaN if there is none."""
    for fit in records(fitted):
        along = [axis for axis in study.axes if axis != fit["axis"]]
        if all(fit[name] == cell[name] for name in ("measure", *along)):
            return float(fit["factor"] * x ** fit["exponent"])
    return nan


def _label(measure: str) -> str:
    if measure.startswith(SPEEDUP):
        return f"speedup: {measure.removeprefix(SPEEDUP).replace('_', ' ')}"
    unit = " (s)" if MEASURES[measure].seconds else ""
    return measure.replace("_", " ") + unit


def _estimate(measure: str, cell: Mapping[str, Any]) -> tuple[float, float, float]:
    """Return what is told of a measure in a cell, and the ends of its 95 % interval."""
    if measure.startswith(SPEEDUP) or MEASURES[measure].censored:
        return cell["median"], cell["low"], cell["high"]
    error = 0.0 if isnan(cell["standard_error"]) else _NORMAL * cell["standard_error"]
    return cell["mean"], cell["mean"] - error, cell["mean"] + error
