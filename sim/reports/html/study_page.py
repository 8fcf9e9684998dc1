"""The report of a study: its tables, charts, cells and runs, from its folder.

Owns what stands in which section, and which cells are run again for their timelines. Must not
compute statistics, nor know how a chart is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isnan, nan
from pathlib import Path
from shlex import quote
from typing import Any

import pandas as pd

from learning_curves import files
from learning_curves.errors import InputError
from sim.experiments.measures import MEASURES, SHARES, label
from sim.experiments.run import simulate
from sim.reports import study_folder, study_report
from sim.reports.html import charts, survival_and_ranks, timelines
from sim.reports.html.page import Block, Chart, Choice, Json, Note, Page, Section, Source, Table
from sim.reports.plots.palette import Look, label_looks
from sim.reports.screen import records
from sim.reports.study_pictures import axis_label, estimate, named
from sim.studies import study_file
from sim.studies.contrasts import contrasts
from sim.studies.study import Cell, Study
from sim.studies.study_cells import SPEEDUP, by_cell, fits
from sim.studies.study_file import is_numeric
from sim.studies.study_log import StudyLog, Values

_MOST_FIGURES = 60_000  # of runs in the page; each is about ten bytes
_FIRST = "time_to_target"  # the measure whose table is open, if it is there
_SCHEDULER = "scheduler"


def page(folder: Path, *, timelines_of: int = 12) -> Page:
    """Return the report of the study in a folder.

    Parameters
    ----------
    folder
        Holds ``study.toml`` and ``runs.csv``, as `rungsim study` and `rungsim compare` write them.
    timelines_of
        Of how many cells, at most, the first seed is run again for its timeline.

    Raises
    ------
    InputError
        The folder holds no whole study.

    """
    study = study_file.read(f"{(folder / 'study.toml').absolute()}")
    with files.locked(folder, "study"):
        log = StudyLog(study, folder / "runs.csv")
    if log.missing:
        raise InputError(
            f"{folder} lacks {len(log.missing):,} of {study.runs:,} runs: give the command that "
            "began it again, which makes the rest"
        )
    return _Report(study, log.values, folder, timelines_of).page()


@dataclass(frozen=True)
class _Report:
    """The parts of the report of a study."""

    study: Study
    values: Values
    folder: Path
    timelines_of: int

    def page(self) -> Page:
        study = self.study
        notes = files.read_toml(self._toml).get("notes", {})
        facts = {
            "cells": f"{len(study.cells):,}",
            "seeds": f"{study.seeds:,}, from {study.base.seed}",
            "runs": f"{study.runs:,}",
            "curves": ", ".join(dict.fromkeys(cell.experiment.curves for cell in study.cells)),
            "target": "" if study.target is None else f"{study.target:.4g}",
            "rungsim": str(notes.get("rungsim", "")),
        }
        sections = [
            Section("results", "Results", self._headline()),
            Section("charts", "Charts", self._all_charts()),
            Section("timelines", "Timelines", self._timelines),
            Section("cells", "Cells and runs", self._cells_and_runs()),
            Section("study", "What was run", [Source("study.toml", self._toml)]),
        ]
        return Page(
            study.title,
            {name: fact for name, fact in facts.items() if fact},
            [section for section in sections if section.blocks],
            self._runs(),
        )

    @cached_property
    def _toml(self) -> str:
        return (self.folder / "study.toml").read_text(encoding="utf-8")

    @cached_property
    def _cells(self) -> pd.DataFrame:
        return by_cell(self.study, self.values)

    @cached_property
    def _by_measure(self) -> dict[str, list[dict[str, Any]]]:
        """The rows of each measure, one for each cell, in the order of the grid."""
        found: dict[str, list[dict[str, Any]]] = {}
        for row in records(self._cells):
            found.setdefault(row["measure"], []).append(row)
        return found

    # -- tables ----------------------------------------------------------------------------------

    def _headline(self) -> list[Block]:
        """Return a table for each contrast, else a short table of the cells; and the fits."""
        study = self.study
        blocks: list[Block] = []
        found = contrasts(study, self.values)
        tables = list(study_report.contrast_columns(study, found))
        first = _FIRST if _FIRST in study.measures else study.measures[0]
        for title, axes, columns in tables:
            is_open = title.startswith(f"{label(first)} against")
            blocks.append(Table(title, {**axes, **columns}, left=len(axes), is_open=is_open))
        if not tables:
            axes, each = study_report.cell_columns(study, self._cells)
            shown = {name: column for columns in each for name, column in columns.items()}
            parts = {label(share) for share in SHARES} if self._splits_time else set()
            shown = {name: column for name, column in shown.items() if name not in parts}
            blocks.append(Table("By cell", {**axes, **shown}, left=len(axes)))
        blocks += map(Note, study_report.fit_lines(fits(study, self.values)))
        return blocks

    @property
    def _splits_time(self) -> bool:
        return set(SHARES) <= set(self.study.measures)

    def _cells_and_runs(self) -> list[Block]:
        axes, each = study_report.cell_columns(self.study, self._cells)
        columns = {name: column for columns in each for name, column in columns.items()}
        first = axes or {"cell": ["all"]}
        told = "A cell opens to show its runs, and the command that repeats each of them."
        if not self._shows_figures:
            told += " The figures of the runs are in runs.csv."
        everything = Table("By cell", {**first, **columns}, left=len(first), anchor="cell-")
        return [Note(told), everything]

    @property
    def _shows_figures(self) -> bool:
        return self.values.size <= _MOST_FIGURES

    def _runs(self) -> Json:
        """Return what a cell opens to."""
        study = self.study
        anchors = [block for block in self._timelines if isinstance(block, Chart)]
        rows = self.values.tolist() if self._shows_figures else []
        measures = study.measures
        return {
            "seeds": study.seeds,
            "first": study.base.seed,
            "measures": [label(measure) for measure in measures] if rows else [],
            "values": [
                [study_report.number(m, v) for m, v in zip(measures, row, strict=True)]
                for row in rows
            ],
            "command": f"rungsim run --from {quote(str(self.folder / 'runs.csv'))}",
            "gantts": {chart.link.removeprefix("cell-"): chart.anchor for chart in anchors},
        }

    # -- charts ----------------------------------------------------------------------------------

    @cached_property
    def _along(self) -> list[str]:
        """The axes that charts go along: those of numbers, else the longest one."""
        study = self.study
        varied = [axis for axis in study.axes if len(study.axes[axis]) > 1]
        numeric = [axis for axis in varied if is_numeric(study, axis)]
        return numeric or sorted(varied, key=lambda axis: -len(study.axes[axis]))[:1]

    def _coloured(self, x: str) -> str:
        """Return the axis that colours tell apart along `x`; "" if there is no other axis."""
        others = [axis for axis in self.study.axes if axis != x]
        varied = [axis for axis in others if len(self.study.axes[axis]) > 1]
        return _SCHEDULER if _SCHEDULER in others else next(iter(varied), "")

    def _left(self, *taken: str) -> list[str]:
        """Return the axes with several settings beside those."""
        axes = self.study.axes
        return [axis for axis in axes if len(axes[axis]) > 1 and axis not in taken]

    def _choices(self) -> list[Block]:
        """Return a choice for each axis that some chart neither goes along nor colours."""
        open_axes = [each for x in self._along for each in self._left(x, self._coloured(x))]
        if (self.folder / "survival.csv").is_file() and self._along:
            open_axes += self._left(self._coloured(self._along[0]))
        return [Choice(axis, self.study.settings(axis)) for axis in dict.fromkeys(open_axes)]

    def _all_charts(self) -> list[Block]:
        """Return the charts, below the choices where there are any charts."""
        study, x = self.study, next(iter(self._along), "")
        found = [*self._charts()]
        colour = self._coloured(x)
        path = self.folder / "survival.csv"
        if path.is_file():
            found += survival_and_ranks.survival(
                path, self._left(), colour, lambda row: named(study, row, [colour])
            )
        path = self.folder / "ranks.csv"
        if path.is_file():
            found += survival_and_ranks.ranks(path)
        return [*self._choices(), *found] if found else []

    def _charts(self) -> Iterator[Block]:
        shares = set(SHARES) if self._splits_time else set()
        named_speedups = [f"{SPEEDUP}{measure}" for measure in self.study.speedups]
        zero = ~self.values.any(axis=0)
        none = [m for m, is_zero in zip(self.study.measures, zero, strict=True) if is_zero]
        if left_out := [label(measure) for measure in none if measure not in shares]:
            yield Note(f"Without a chart, since it is 0 in all runs: {', '.join(left_out)}.")
        for x in self._along:
            for measure in (*self.study.measures, *named_speedups):
                if measure not in shares and measure not in none:
                    yield from self._lines(measure, x)
        if self._splits_time:
            yield self._utilisation()

    def _lines(self, measure: str, x: str) -> Iterator[Block]:
        """Yield the chart of a measure along an axis and, of a speedup, that of the efficiency."""
        drawn = list(self._series(measure, x))
        name = x.rpartition(".")[2].replace("_", " ")
        numbers = [float(each) for each in self.study.settings(x)] if self._numeric(x) else []
        across = (
            charts.number_axis(name, numbers)
            if numbers
            else charts.axis(name, type="category", categoryarray=[*map(charts.text, self._at(x))])
        )
        laws = [
            charts.Line(
                "ideal" if measure.startswith(SPEEDUP) else f"{line.name}, closed form",
                charts.IDEAL if measure.startswith(SPEEDUP) else _dotted(line.look),
                line.x,
                law,
                meta=line.meta,
                mode="lines",
            )
            for line, law in drawn
            if not all(map(isnan, law))
        ]
        by_meta = {tuple(law.meta.items()): law for law in laws}
        shown = [line for line, _ in drawn]
        is_speedup = measure.startswith(SPEEDUP)
        expected = list(by_meta.values()) if is_speedup else laws
        share = not is_speedup and MEASURES[measure].share
        up = charts.axis(axis_label(measure), **({"tickformat": ".0%"} if share else {}))
        if measure != "best_loss":
            up["rangemode"] = "tozero"
        if is_speedup and numbers and across["type"] == "log":  # so that the ideal is straight
            up = charts.axis(axis_label(measure), type="log", dtick="D2")
        title = f"{label(measure.removeprefix(SPEEDUP))} against {name}"
        title = f"Speedup: {title}" if is_speedup else title[0].upper() + title[1:]
        is_median = is_speedup or MEASURES[measure].censored
        note = "median, 95 % interval" if is_median else "mean ± 1.96 standard errors"
        yield Chart(title, charts.lines([*shown, *expected], x=across, y=up), note)
        if is_speedup and laws:
            one = charts.axis("speedup / ideal speedup", rangemode="tozero", tickformat=".0%")
            relative = [_divided(line, law) for line, law in drawn]
            yield Chart(
                title.replace("Speedup", "Efficiency"),
                charts.lines(relative, x=across, y=one),
                note,
            )

    def _numeric(self, axis: str) -> bool:
        return is_numeric(self.study, axis)

    def _at(self, axis: str) -> list[str]:
        return self.study.settings(axis)

    def _series(self, measure: str, x: str) -> Iterator[tuple[charts.Line, list[float]]]:
        """Yield the lines of a measure along `x`, each with what theory expects."""
        study, colour = self.study, self._coloured(x)
        left = self._left(x, colour)
        looks = self._looks(colour)
        groups: dict[tuple[str, ...], list[int]] = {}
        for place, cell in enumerate(study.cells):
            key = tuple(cell.settings[axis] for axis in (colour, *left) if axis)
            groups.setdefault(key, []).append(place)
        for places in groups.values():
            settings = study.cells[places[0]].settings
            name = named(study, settings, [colour]) or label(measure.removeprefix(SPEEDUP))
            rows = [self._by_measure[measure][place] for place in places]
            points = [estimate(measure, row) for row in rows]
            at = [study.cells[place].settings[x] for place in places]
            yield (
                charts.Line(
                    name,
                    looks.get(settings.get(colour, ""), label_looks([name])[name]),
                    [float(each) for each in at] if self._numeric(x) else at,
                    [point[0] for point in points],
                    [point[1] for point in points],
                    [point[2] for point in points],
                    [
                        f"{named(study, study.cells[place].settings, [x])}: "
                        f"{study_report.estimate_text(row)}"
                        for place, row in zip(places, rows, strict=True)
                    ],
                    places,
                    {axis: settings[axis] for axis in left},
                    mode="lines+markers" if self._numeric(x) else "markers",
                ),
                [row["law"] for row in rows],
            )

    def _looks(self, axis: str) -> dict[str, Look]:
        """Return the look of each setting of an axis."""
        return label_looks(self.study.settings(axis)) if axis else {}

    def _utilisation(self) -> Chart:
        """Return where the workers' time goes, a bar for each cell of the chosen settings."""
        study = self.study
        chosen = [block.axis for block in self._choices() if isinstance(block, Choice)]
        chosen = [axis for axis in chosen if axis not in (_SCHEDULER, "workers")]
        named_axes = self._left(*chosen)
        groups: dict[tuple[tuple[str, str], ...], list[int]] = {}
        for place, cell in enumerate(study.cells):
            key = tuple((axis, cell.settings[axis]) for axis in chosen)
            groups.setdefault(key, []).append(place)
        rows = [
            named(study, study.cells[place].settings, named_axes) or "all"
            for place in next(iter(groups.values()))
        ]
        parts = [
            (
                dict(key),
                {s: [self._by_measure[s][place]["mean"] for place in places] for s in SHARES},
            )
            for key, places in groups.items()
        ]
        figure = charts.shares(rows, parts)
        return Chart("Where the workers' time goes", figure, "means over the seeds", is_wide=True)

    # -- timelines -------------------------------------------------------------------------------

    @cached_property
    def _timelines(self) -> list[Block]:
        """The first seed's run of some cells, run again."""
        if not self.timelines_of:
            return []
        try:
            study_folder.check(self.study, self.folder)
        except InputError as error:
            return [Note(f"No run can be repeated: {error}")]
        study = self.study
        some = _spread(study, self.timelines_of)
        blocks: list[Block] = []
        if len(some) < len(study.cells):
            blocks.append(Note(f"{len(some)} of {len(study.cells)} cells, seed {study.base.seed}."))
        return blocks + [self._timeline(place) for place in some]

    def _timeline(self, place: int) -> Chart:
        study, cell = self.study, self.study.cells[place]
        run = simulate(cell.experiment)
        configs = {trial.number: trial.config for trial in run.trials}
        jobs = len(run.trace.jobs)
        what = "workers by activity" if timelines.is_crowded(run.trace) else "each worker's jobs"
        return Chart(
            named(study, cell.settings, list(study.axes)) or study.title,
            timelines.activity(run.trace, configs),
            f"{what}; seed {cell.experiment.seed}, {jobs:,} jobs, row {place * study.seeds + 1}",
            anchor=f"timeline-{place}",
            link=f"cell-{place}",
            is_wide=True,
        )


def _spread(study: Study, most: int) -> list[int]:
    """Return the places of some cells: as many of each scheduler, spread over the other axes.

    >>> study = study_file.read("main-job")
    >>> [study.cells[place].settings["workers"] for place in _spread(study, 12)][:4]
    ['1', '4', '16', '1']
    """
    cells: Sequence[Cell] = study.cells
    groups: dict[str, list[int]] = {}
    for place, cell in enumerate(cells):
        groups.setdefault(cell.settings.get(_SCHEDULER, ""), []).append(place)
    each = max(1, most // len(groups))
    found: list[int] = []
    for places in groups.values():
        count = min(each, len(places))
        found += [places[k * (len(places) - 1) // max(1, count - 1)] for k in range(count)]
    return sorted(found)[:most]


def _dotted(look: Look) -> Look:
    return Look(look.colour, (0.0, (1.5, 1.0)), look.marker)


def _divided(line: charts.Line, by: Sequence[float]) -> charts.Line:
    """Return a line whose values are divided by those that theory expects."""
    y, low, high = (
        [value / law if law else nan for value, law in zip(values, by, strict=True)]
        for values in (line.y, line.low, line.high)
    )
    told = [
        f"{each.partition(': ')[0]}: {value:.1%}" for each, value in zip(line.told, y, strict=True)
    ]
    settings: Mapping[str, Any] = {**line.__dict__, "y": y, "low": low, "high": high, "told": told}
    return charts.Line(**settings)
