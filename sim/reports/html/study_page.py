"""The report of a study: its tables, charts, cells and runs, from its folder.

Owns what stands in which section, and which cells are run again for their timelines. Must not
compute statistics, nor know how a chart is drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from shlex import quote

from learning_curves import files
from learning_curves.errors import InputError
from sim.experiments.measures import SHARES, label
from sim.experiments.run import simulate
from sim.reports import study_folder, study_report
from sim.reports.html import timelines
from sim.reports.html.page import Block, Chart, Json, Note, Page, Section, Source, Table, embedded
from sim.reports.html.study_charts import StudyCharts, splits_time
from sim.reports.study_pictures import named
from sim.reports.study_report import Columns
from sim.studies import study_file
from sim.studies.results import Results
from sim.studies.study import Cell, Study
from sim.studies.study_log import StudyLog

_MOST_FIGURES = 60_000  # of runs in the page; each is about ten bytes
_MOST_TIMELINES = 2_000_000  # characters of all Gantt charts; the other runs are summed up
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
    return _Report(Results(study, log.values), folder, timelines_of).page()


@dataclass(frozen=True)
class _Report:
    """The parts of the report of a study."""

    results: Results
    folder: Path
    timelines_of: int

    @property
    def study(self) -> Study:
        return self.results.study

    def page(self) -> Page:
        study = self.study
        notes = files.read_toml(self._toml).get("notes", {})
        beside = f"{study.folder}/"
        curves = [cell.experiment.curves.replace(beside, "") for cell in study.cells]
        facts = {
            "cells": f"{len(study.cells):,}",
            "seeds": f"{study.seeds:,}, from {study.base.seed}",
            "runs": f"{study.runs:,}",
            "curves": ", ".join(dict.fromkeys(curves)),
            "target": "" if study.target is None else f"{study.target:.4g}",
            "rungsim": str(notes.get("rungsim", "")),
        }
        sections = [
            Section("results", "Results", self._headline()),
            Section("charts", "Charts", StudyCharts(self.results).blocks()),
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
    def _cell_columns(self) -> tuple[Columns, Columns]:
        """The columns of the cells' settings, and those of their figures."""
        axes, each = study_report.cell_columns(self.study, self.results.cells)
        return axes, {name: column for columns in each for name, column in columns.items()}

    # -- tables ----------------------------------------------------------------------------------

    def _headline(self) -> list[Block]:
        """Return a table for each contrast, else a short table of the cells; and the fits."""
        study = self.study
        blocks: list[Block] = []
        tables = list(study_report.contrast_columns(study, self.results.contrasts))
        first = _FIRST if _FIRST in study.measures else study.measures[0]
        for title, axes, columns in tables:
            is_open = title.startswith(f"{label(first)} against")
            blocks.append(Table(title, {**axes, **columns}, left=len(axes), is_open=is_open))
        if not tables:
            axes, columns = self._cell_columns
            parts = {label(share) for share in SHARES} if splits_time(study) else set()
            shown = {name: column for name, column in columns.items() if name not in parts}
            blocks.append(Table("By cell", {**axes, **shown}, left=len(axes)))
        blocks += map(Note, study_report.fit_lines(self.results.fits))
        return blocks

    def _cells_and_runs(self) -> list[Block]:
        axes, columns = self._cell_columns
        first = axes or {"cell": ["all"]}
        told = "A cell opens to show its runs, and the command that repeats each of them."
        if not self._shows_figures:
            told += " The figures of the runs are in runs.csv."
        everything = Table("By cell", {**first, **columns}, left=len(first), anchor="cell-")
        return [Note(told), everything]

    @property
    def _shows_figures(self) -> bool:
        return self.results.values.size <= _MOST_FIGURES

    def _runs(self) -> Json:
        """Return what a cell opens to."""
        study = self.study
        anchors = [block for block in self._timelines if isinstance(block, Chart)]
        rows = self.results.values.tolist() if self._shows_figures else []
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
        told = f"{len(some)} of {len(study.cells)} cells, the run of seed {study.base.seed}. "
        blocks: list[Block] = [Note(told + timelines.HOW)]
        left = _MOST_TIMELINES
        for place in some:
            chart = self._timeline(place, left)
            left -= len(embedded(chart.figure))
            blocks.append(chart)
        return blocks

    def _timeline(self, place: int, left: int) -> Chart:
        """Return the timeline of a cell's first run; a Gantt chart up to `left` characters."""
        study, cell = self.study, self.study.cells[place]
        run = simulate(cell.experiment)
        trace = run.trace
        figure = timelines.activity(trace, {trial.number: trial.config for trial in run.trials})
        if "jobs" in figure and len(embedded(figure)) > left:
            figure = timelines.density(trace)
        what = "each worker's jobs" if "jobs" in figure else "workers by activity"
        row = place * study.seeds + 1
        return Chart(
            named(study, cell.settings, list(study.axes)) or study.title,
            figure,
            f"{what}; seed {cell.experiment.seed}, {len(trace.jobs):,} jobs, row {row:,}",
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
        found += [places[(2 * k + 1) * len(places) // (2 * count)] for k in range(count)]
    return sorted(found)[:most]
