"""Results as files and as text.

Owns the folder that a run is written to, and the table a person reads. Must not
compute what it reports.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any

import pandas as pd
from rich.table import Table

from learning_curves import files
from learning_curves.blackbox import Blackbox
from learning_curves.errors import InputError
from learning_curves.surrogates.surrogate import Surrogate
from learning_curves.tables.tabular import Tabular
from sim.experiments.experiment import Experiment
from sim.experiments.measures import SHARES, measured
from sim.experiments.parts import source
from sim.experiments.run import Run
from sim.reports.screen import console, duration, figure, to_json


def prepare(folder: Path) -> Path:
    """Make the folder, so that a long run does not end in an error.

    Raises
    ------
    InputError
        It cannot be made, or not be written to.

    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"{folder} cannot be made: {error.strerror}; choose another --out"
        ) from None
    if not os.access(folder, os.W_OK):
        raise InputError(f"{folder} cannot be written to: choose another --out")
    return folder


def write_text(path: Path, text: str) -> None:
    """Write a text file, whole or not at all."""
    files.write(path, text.encode())


def provenance(blackbox: Blackbox) -> dict[str, str]:
    """Return what a run on `blackbox` depends on beside its experiment: our version, the table."""
    notes = {"rungsim": metadata.version("rungsim")}
    table = getattr(blackbox, "blackbox", blackbox)  # beneath other seconds
    if isinstance(table, Tabular | Surrogate):
        notes["curves_sha256"] = table.sha256
    return notes


def check_provenance(experiment: Experiment, path: Path) -> None:
    """Raise if the curves are not those that the experiment in the file at `path` was run on.

    Raises
    ------
    InputError
        The table's digest differs from the one noted in the file.

    """
    noted = tomllib.loads(path.read_text(encoding="utf-8")).get("notes", {}).get("curves_sha256")
    found = provenance(source(experiment)).get("curves_sha256")
    if noted is not None and noted != found:
        raise InputError(
            f"the curves {experiment.curves} have changed since {path} was written: "
            "restore the table, or delete curves_sha256 there to run on the present one"
        )


def write_results(run: Run, folder: Path) -> None:
    """Write ``jobs.parquet`` and ``summary.json``; remove older pictures."""
    summary = to_json(run.summary())
    clear_pictures(folder)
    run.trace.write(folder / "jobs.parquet")
    write_text(folder / "summary.json", summary)


def write_run(run: Run, folder: Path) -> None:
    """Write the results, and ``experiment.toml``; remove older pictures."""
    write_results(run, folder)
    write_text(folder / "experiment.toml", run.experiment.to_toml(**provenance(run.blackbox)))


def clear_pictures(folder: Path) -> None:
    """Remove the pictures of an earlier run, which would not belong to what is written now."""
    for name in ("gantt", "losses*", "incumbent", "rungs*", "utilisation", "speedup", "straggling"):
        for picture in folder.glob(f"{name}.png"):
            picture.unlink()


def draw_run(run: Run, folder: Path) -> None:
    """Draw the pictures of a run."""
    from sim.reports import plots  # noqa: PLC0415  imports matplotlib
    from sim.traces import metrics  # noqa: PLC0415  imports matplotlib

    title = f"{run.experiment.scheduler}, {run.experiment.workers} workers"
    plots.gantt(run.trace, folder / "gantt.png", title=title)
    plots.losses(run.points(), folder / "losses.png", title=title)
    plots.incumbents(
        {run.experiment.scheduler: [metrics.incumbent(run.trace)]},
        folder / "incumbent.png",
        end=run.trace.end,
        title=title,
        target=run.experiment.limits.target,
    )
    plots.rungs(run.trace, folder / "rungs.png", title=title)
    told = {"scheduler": run.experiment.scheduler, "workers": run.experiment.workers}
    shares = pd.DataFrame([told | dict(zip(SHARES, measured(run, SHARES), strict=True))])
    plots.utilisation(shares, folder / "utilisation.png", title=title)


def print_run(run: Run) -> None:
    """Print the figures of a run for a person, and what asks for another one."""
    _print_summary(run.summary())
    for border in run.border:
        console().print(f"note: {border.note}", soft_wrap=True)


def _print_summary(summary: Mapping[str, Any]) -> None:
    total = summary["workers"] * summary["end_seconds"]
    table = Table(show_header=False, box=None)
    table.add_row("curves", summary["curves"])
    table.add_row("scheduler", f"{summary['scheduler']}, seed {summary['seed']}")
    table.add_row("workers", str(summary["workers"]))
    table.add_row("end", duration(summary["end_seconds"]))
    parts = summary["worker_seconds"] | summary["waiting"]
    for part in SHARES:
        if parts[part] or part == "training":
            waiting = "waiting: " if part in summary["waiting"] else ""
            table.add_row(f"{waiting}{part}", f"{parts[part] / total:.1%}" if total else "-")
    for name in ("jobs", "lost", "trials", "finished", "epochs"):
        table.add_row(name, str(summary[name]))
    loss = summary["best_loss"]
    table.add_row("best loss", "-" if loss is None else f"{loss:.4f}")
    if summary["best_config"]:
        config = summary["best_config"].items()
        table.add_row("best config", ", ".join(f"{k} {figure(v)}" for k, v in config))
    if summary["time_to_target"] is not None:
        table.add_row("time to target", duration(summary["time_to_target"]))
    console().print(table)
