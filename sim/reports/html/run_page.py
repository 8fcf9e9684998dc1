"""The report of one run, simulated or live, from its folder.

Owns what stands in which section. Must not know how the run was made, nor how a chart is drawn:
nothing is run again.
"""

from __future__ import annotations

import json
from pathlib import Path
from shlex import quote
from typing import Any

from learning_curves import files
from learning_curves.errors import reading
from sim.experiments.measures import SHARES
from sim.reports import report
from sim.reports.html import charts, timelines
from sim.reports.html.page import Chart, Note, Page, Section, Source
from sim.reports.plots.palette import Look, scheduler_look
from sim.traces import trace as traces
from sim.traces.trace import Trace

_REMEDY = "give the folder of a run"


def page(folder: Path) -> Page:
    """Return the report of the run in a folder.

    Parameters
    ----------
    folder
        Holds ``summary.json``, ``jobs.parquet`` and ``experiment.toml``, as `rungsim run` and
        `rungsim live` write them.

    Raises
    ------
    InputError
        A file is missing, or is not what its name says.

    """
    trace = traces.read(folder / "jobs.parquet")
    path = folder / "summary.json"
    with reading(path, "is not the summary of a run", remedy=_REMEDY):
        summary = json.loads(path.read_text(encoding="utf-8"))
        table = report.summary_table(summary)
        names, values = (map(str, column.cells) for column in table.columns)
        facts = dict(zip(names, values, strict=True))
        utilisation = _utilisation(summary)
        raised = summary.get("raised")
        look = scheduler_look(str(summary["scheduler"]))
    path = folder / "experiment.toml"
    with reading(path, "is not an experiment", remedy=_REMEDY):
        toml = path.read_text(encoding="utf-8")
        given = files.read_toml(toml)
        target = given.get("limits", {}).get("target")
    is_live = "task" in given
    kind = "Live run" if is_live else "Run"
    notes = [Note(f"{raised['trials']} raised an exception; {raised['first']}")] if raised else []
    sections = [
        Section("results", "Results", [*notes, utilisation]),
        Section("timeline", "Timeline", [Note(timelines.HOW), _timeline(trace)]),
        Section("losses", "Losses", _losses(trace, look, target)),
        Section("run", "What was run", [*_commands(folder, is_live), Source(path.name, toml)]),
    ]
    title = f"{kind} of {facts['scheduler']}, on {facts['curves']}, {facts['workers']} workers"
    return Page(title, facts, sections)


def _utilisation(summary: dict[str, Any]) -> Chart:
    total = summary["workers"] * summary["end_seconds"]
    parts = summary["worker_seconds"] | summary["waiting"]
    shares = {part: [float(parts[part]) / total if total else 0.0] for part in SHARES}
    figure = charts.shares([str(summary["scheduler"])], [({}, shares)])
    return Chart("Where the workers' time goes", figure, is_wide=True)


def _timeline(trace: Trace) -> Chart:
    what = "Workers by activity" if timelines.is_crowded(trace) else "Each worker's jobs"
    return Chart(what, timelines.activity(trace), f"{len(trace.jobs):,} jobs", is_wide=True)


def _losses(trace: Trace, look: Look, target: float | None) -> list[Chart]:
    figure, note = timelines.losses(trace)
    best = timelines.incumbent(trace, look, target)
    return [
        Chart("Losses over time, joined by trial", figure, note),
        Chart("Incumbent: the lowest loss reported so far", best),
    ]


def _commands(folder: Path, is_live: bool) -> list[Source]:  # noqa: FBT001  private
    file = quote(str(folder / "experiment.toml"))
    if is_live:
        simulate = f"rungsim parity {quote(str(folder))}"
        return [Source("Compare it with its own simulation", simulate)]
    again = f"rungsim run --from {file}"
    return [
        Source("Repeat it, or write its Perfetto trace", f"{again}\n{again} --perfetto run.json")
    ]
