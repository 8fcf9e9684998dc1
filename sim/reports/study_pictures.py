"""The pictures that a study names.

Owns which cells become which points of a picture, and their labels. Must not know how figures are
computed, nor how a line is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isnan, nan
from pathlib import Path
from typing import Any

import pandas as pd
from scipy import stats

from sim.experiments.experiment import Experiment
from sim.experiments.measures import MEASURES, label
from sim.experiments.run import simulate
from sim.reports import plots
from sim.reports.screen import duration, records
from sim.studies.checks.pictures import is_numeric
from sim.studies.comparison import Compared, effect_of
from sim.studies.results import Results
from sim.studies.study import Cell, Picture, Study, shown
from sim.studies.study_cells import SPEEDUP
from sim.traces import metrics
from sim.traces.trace import Trace

_MOST_GANTTS = 8
_OF_RUNS = ("losses", "rungs")
_SHORTEST = 1e-9  # seconds; a limit must be above 0


def draw(results: Results, folder: Path, *, suffix: str = ".png") -> None:
    """Draw the study's pictures.

    Parameters
    ----------
    results
        The study and the figures of its runs.
    folder
        The folder of the pictures; a file has the picture's name and the `suffix`.

    """
    drawing = Drawing(results)
    for name, picture in results.study.pictures.items():
        drawing.draw(picture, folder / f"{name}{suffix}")


class Drawing:
    """Draws pictures of a study.

    Parameters
    ----------
    results
        The study and the figures of its runs; each table is computed once for all pictures.

    """

    def __init__(self, results: Results) -> None:
        self._results = results
        self._compared = Compared(results.study, results.values)

    def draw(self, picture: Picture, path: Path | None = None) -> plots.Figure:
        """Return a picture that `pictures.check_picture` allows; write it if given a path."""
        results, study, compared = self._results, self._results.study, self._compared
        match picture.kind:
            case "gantt":
                return _draw_gantts(study, picture, path)
            case "incumbent":
                return _draw_incumbents(study, picture, path)
            case "first-jobs":
                return _draw_first_jobs(study, picture, path)
            case "utilisation":
                return plots.utilisation(compared.cells, path, title=study.base.curves)
            case "speedup":
                title = f"{study.base.curves}, time to {study.target:.3g}"
                return plots.speedup(compared.cells, path, title=title, seeds=study.seeds)
            case "effect":
                kind = str(effect_of(study))
                title = f"{study.base.curves}: effect of {kind}"
                return plots.effects(_effects(compared), path, title=title, cause=kind)
            case "ranks":
                return _draw_ranks(picture, results.ranks, path, title=picture.title or study.title)
            case "reached":
                return _draw_reached(study, picture, results.survival, path)
            case _:
                return _draw_lines(study, picture, results.cells, results.fits, path)


def _effects(compared: Compared) -> pd.DataFrame:
    assert compared.effects is not None, "study_file checks that there is an effect"
    return compared.effects


def _draw_lines(
    study: Study, picture: Picture, cells: pd.DataFrame, fitted: pd.DataFrame, path: Path | None
) -> plots.Figure:
    some = cells
    for axis, settings in shown(picture).items():
        some = some[some[axis].isin(settings)]
    return plots.study_lines(
        _points(study, picture, some, fitted),
        path,
        x=picture.x.rpartition(".")[2].replace("_", " "),
        log=picture.log,
        title=picture.title or study.title,
        law=_law_name(study, picture),
        ticks=[] if is_numeric(study, picture.x) else _settings(study, picture),
    )


def _draw_ranks(
    picture: Picture, found: pd.DataFrame, path: Path | None, *, title: str
) -> plots.Figure:
    """Draw the mean ranks of the measures that a picture names, or of all."""
    some = found[found["measure"].isin(picture.y)] if picture.y else found
    named = some.assign(measure=[label(measure) for measure in some["measure"]])
    return plots.rank_diagram(named, path, title=title)


def _draw_reached(
    study: Study, picture: Picture, found: pd.DataFrame, path: Path | None
) -> plots.Figure:
    """Draw the share of runs that have reached their target, of the cells of a picture."""
    some = found[found["measure"].isin(picture.y)] if picture.y else found
    for axis, settings in shown(picture).items():
        some = some[some[axis].isin(settings)]
    told = records(some)
    curves = some.assign(
        row=[label(row["measure"]) for row in told],
        panel=[named(study, row, [picture.panels]) for row in told],
        line=[named(study, row, picture.lines) for row in told],
    )
    return plots.reached(curves, path, title=picture.title or study.title)


def _by_scheduler(study: Study, picture: Picture) -> dict[str, Cell]:
    """Return a cell for each scheduler: with the middle worker count, with faults.

    Other axes are at their first setting unless the picture names one.
    """
    some = {axis: settings[:1] for axis in study.axes if (settings := study.settings(axis))}
    counts = study.settings("workers")
    some |= {"workers": [counts[len(counts) // 2]]} | shown(picture)
    some["scheduler"] = shown(picture).get("scheduler", study.settings("scheduler"))
    return {
        cell.settings["scheduler"]: cell
        for cell in study.cells
        if all(cell.settings[axis] in settings for axis, settings in some.items())
    }


def _draw_incumbents(study: Study, picture: Picture, path: Path | None) -> plots.Figure:
    """Draw the incumbents of each scheduler over the seeds; repeats each run."""
    cells = _by_scheduler(study, picture)
    end = 0.0
    by_scheduler: dict[str, list[tuple[metrics.Seconds, metrics.Seconds]]] = {}
    for name, cell in cells.items():
        for k in range(study.seeds):
            one = replace(cell.experiment, seed=cell.experiment.seed + k)
            trace = simulate(one).trace
            end = max(end, trace.end)
            by_scheduler.setdefault(name, []).append(metrics.incumbent(trace))
    workers = next(iter(cells.values())).experiment.workers
    title = f"{study.base.curves}, {workers} workers: median, quartiles of {study.seeds} seeds"
    return plots.incumbents(by_scheduler, path, end=end, title=title, target=study.target)


def _draw_first_jobs(study: Study, picture: Picture, path: Path | None) -> plots.Figure:
    """Draw the start of each scheduler's run with the first seed: workers, losses and rungs.

    The picture covers the time of three consecutive trainings to r_max. The losses and the rungs
    have files of their own, beside `path`.
    """
    cells = _by_scheduler(study, picture)
    length = min(_three_trainings(cell.experiment) for cell in cells.values())
    base = next(iter(cells.values())).experiment
    where = f"{base.curves}, {base.workers} workers, seed {base.seed}: the first {duration(length)}"
    traces: dict[str, Trace] = {}
    for name, cell in cells.items():
        limits = replace(cell.experiment.limits, max_seconds=length)
        run = simulate(replace(cell.experiment, limits=limits))
        traces[name] = run.trace
        if path is None:
            continue
        named = name.replace(":", ",")  # as in a folder's name
        losses, rungs = (path.with_name(f"{kind}-{named}{path.suffix}") for kind in _OF_RUNS)
        plots.losses(run.points(), losses, title=f"{name} on {where}")
        if len(run.trace.jobs["stop"].unique()) > 1:
            plots.rungs(run.trace, rungs, title=f"{name} on {where}")
    return plots.gantts(traces, path, title=where)


def _three_trainings(experiment: Experiment) -> float:
    """Return the mean seconds of three trainings to r_max in a run."""
    trace = simulate(experiment).trace
    epochs = int((trace.jobs["stop"] - trace.jobs["start"]).sum())
    if not epochs:
        return trace.end
    busy = float((trace.jobs["ended"] - trace.jobs["started"]).sum())
    return max(min(trace.end, 3 * trace.r_max * busy / epochs), _SHORTEST)


def _settings(study: Study, picture: Picture) -> list[str]:
    """Return the settings that a picture shows of its axis x, in order."""
    some = shown(picture).get(picture.x)
    return [each for each in study.settings(picture.x) if some is None or each in some]


def _law_name(study: Study, picture: Picture) -> str:
    if all(measure.startswith(SPEEDUP) for measure in picture.y):
        return "ideal"
    return "power law fitted" if set(picture.y) & set(study.fits) else "closed form"


def _draw_gantts(study: Study, picture: Picture, path: Path | None) -> plots.Figure:
    """Draw the runs of the first seed in the first few of the shown cells."""
    traces: dict[str, Trace] = {}
    some = shown(picture)
    for cell in study.cells:
        if all(cell.settings[axis] in settings for axis, settings in some.items()):
            open_axes = [axis for axis in study.axes if len(some.get(axis, study.axes[axis])) > 1]
            name = named(study, cell.settings, open_axes)
            if len(traces) < _MOST_GANTTS:
                title = name or picture.title or study.title
                traces[title] = simulate(cell.experiment).trace
    return plots.gantts(traces, path)


def _points(
    study: Study, picture: Picture, some: pd.DataFrame, fitted: pd.DataFrame
) -> pd.DataFrame:
    """Return the points of a picture in the form of `plots.study_lines`.

    Settings that are not numbers are placed at 0, 1, 2, ... in their order.
    """
    settings = _settings(study, picture)
    numeric = is_numeric(study, picture.x)
    places = {each: float(each) if numeric else float(k) for k, each in enumerate(settings)}
    rows = []
    for measure in picture.y:
        for cell in records(some[some["measure"] == measure]):
            y, low, high = estimate(measure, cell)
            x = places[cell[picture.x]]
            law = cell["law"]
            if study.fits.get(measure) == picture.x:
                law = _fitted(study, fitted, cell, x)
            rows.append(
                {
                    "row": axis_label(measure),
                    "panel": named(study, cell, [picture.panels]),
                    "colour": named(study, cell, picture.lines[:1]),
                    "style": named(study, cell, picture.lines[1:]),
                    "x": x,
                    "y": y,
                    "low": low,
                    "high": high,
                    "law": law,
                }
            )
    columns = ["row", "panel", "colour", "style", "x", "y", "low", "high", "law"]
    return pd.DataFrame(rows, columns=columns)


def named(study: Study, cell: Mapping[str, Any], axes: Sequence[str]) -> str:
    """Return the cell's settings on these axes; a value that is not a word follows its axis."""
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


def axis_label(measure: str) -> str:
    """Return the label of a measure's axis, with its unit."""
    if measure.startswith(SPEEDUP):
        return f"speedup: {label(measure.removeprefix(SPEEDUP))}"
    unit = " (s)" if MEASURES[measure].seconds else ""
    return label(measure) + unit


def estimate(measure: str, cell: Mapping[str, Any]) -> tuple[float, float, float]:
    """Return the estimate of a measure in a cell, and the ends of its 95 % interval.

    The interval of a mean is Student's.
    """
    if measure.startswith(SPEEDUP) or MEASURES[measure].censored:
        return cell["median"], cell["low"], cell["high"]
    if isnan(cell["standard_error"]):
        return cell["mean"], cell["mean"], cell["mean"]
    error = float(stats.t.ppf(0.975, cell["seeds"] - 1)) * cell["standard_error"]
    return cell["mean"], cell["mean"] - error, cell["mean"] + error
