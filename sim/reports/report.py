"""Writes results to files, and prints them.

Owns the folder that a run is written to, and the table on the screen. Must not compute the figures.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from typing import Any

from rich.table import Table

from learning_curves import files
from learning_curves.blackbox import Blackbox
from learning_curves.errors import InputError, reading
from learning_curves.surrogates.surrogate import Surrogate
from learning_curves.tables.tabular import Tabular
from sim.experiments import own
from sim.experiments.experiment import Experiment
from sim.experiments.measures import SHARES, label
from sim.experiments.parts import source
from sim.experiments.run import Run
from sim.reports.screen import console, duration, figure, to_json

PICTURES = ("gantt", "losses", "incumbent", "rungs", "utilisation")
"""The pictures of a run."""


def check_place(folder: Path) -> Path:
    """Check that `folder` can be made or written to, and return it; makes nothing.

    A long run then does not end in an error, and a refused one leaves nothing behind.

    Raises
    ------
    InputError
        The folder cannot be made or written to.

    """
    try:
        nearest = next(each for each in (folder, *folder.absolute().parents) if each.exists())
    except OSError as error:
        raise InputError(
            f"{folder} cannot be made: {error.strerror}; choose another --out"
        ) from None
    if not nearest.is_dir():
        raise InputError(f"{folder}: {nearest.name} is not a folder: choose another --out")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise InputError(f"{nearest} cannot be written to: choose another --out")
    return folder


def check_file(path: Path, option: str) -> None:
    """Raise if no file can be written to `path`; makes nothing.

    Parameters
    ----------
    path
        The file.
    option
        The option that names it, for the message, such as ``"--perfetto"``.

    Raises
    ------
    InputError
        The file cannot be written; the message names the option.

    """
    folder = path.parent
    try:
        if not folder.is_dir():
            raise InputError(f"{option} {path}: there is no folder {folder}; make it first")
        if path.is_dir():
            raise InputError(f"{option} {path} is a folder: give the name of a file in it")
    except OSError as error:
        raise InputError(f"{option} {path}: {error.strerror}; give another name") from None
    if not os.access(folder, os.W_OK):
        raise InputError(f"{option} {path}: the folder {folder} cannot be written to")


def make_folder(folder: Path) -> list[Path]:
    """Make the folder and its parents; return the new folders, the outermost first.

    Raises
    ------
    InputError
        The folder cannot be made or written to.

    """
    check_place(folder)
    above = [each for each in (folder, *folder.parents) if not each.exists()]
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        remove_empty(above[::-1])
        raise InputError(
            f"{folder} cannot be made: {error.strerror}; choose another --out"
        ) from None
    return above[::-1]


def remove_empty(folders: Sequence[Path]) -> None:
    """Remove the empty ones of the folders that `make_folder` made."""
    for folder in reversed(folders):
        with suppress(OSError):
            folder.rmdir()


def write_text(path: Path, text: str) -> None:
    """Write a text file, whole or not at all."""
    files.write(path, text.encode())


def provenance(blackbox: Blackbox, *experiments: Experiment) -> dict[str, Any]:
    """Return what determines the runs of `experiments` on `blackbox` beside their plain values.

    These are the version of rungsim, the table, and the user's own files (`own.digests`).
    """
    notes: dict[str, Any] = {"rungsim": metadata.version("rungsim")}
    table = getattr(blackbox, "blackbox", blackbox)  # beneath other seconds
    if isinstance(table, Tabular | Surrogate):
        notes["curves_sha256"] = table.sha256
    digests = own.digests(*experiments)
    return notes | ({own.NOTE: digests} if digests else {})


def check_provenance(experiment: Experiment, path: Path) -> None:
    """Raise if the experiment in the file at `path` was run on other curves or with other code.

    Raises
    ------
    InputError
        The digest of the table, or of a file of the user's own, differs from the one noted there.

    """
    with reading(path, remedy="give an experiment.toml"):
        notes = files.read_toml(path.read_text(encoding="utf-8")).get("notes", {})
        if not isinstance(notes, dict):
            raise InputError(f"notes is {notes!r}: give a table, or delete it")
        noted = notes.get("curves_sha256")
    own.check_digests(notes, path, experiment)
    found = provenance(source(experiment)).get("curves_sha256")
    if noted is not None and noted != found:
        raise InputError(
            f"the curves {experiment.curves} have changed since {path} was written: "
            "restore the table, or delete curves_sha256 there to use the changed one"
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
    notes = provenance(run.blackbox, run.experiment)
    write_text(folder / "experiment.toml", run.experiment.to_toml(**notes))


def clear_pictures(folder: Path, names: Sequence[str] = PICTURES) -> None:
    """Remove the pictures of an earlier run, which do not belong to the new results."""
    for name in names:
        remove_picture(folder, name)


def remove_picture(folder: Path, name: str) -> None:
    """Remove a picture of an earlier run in any format; `name` is a pattern of its stem."""
    for kind in ("png", "svg", "pdf"):
        for picture in folder.glob(f"{name}.{kind}"):
            picture.unlink()


def draw_run(run: Run, folder: Path, kind: str = "png") -> None:
    """Draw the pictures of a run in a format, "png", "svg" or "pdf"."""
    run.plot.gantt(folder / f"gantt.{kind}")
    run.plot.losses(folder / f"losses.{kind}")
    run.plot.incumbent(folder / f"incumbent.{kind}")
    run.plot.rungs(folder / f"rungs.{kind}")
    run.plot.utilisation(folder / f"utilisation.{kind}")


def print_run(run: Run) -> None:
    """Print the figures of a run, and notes that suggest another run."""
    console().print(summary_table(run.summary()))
    for border in run.border:
        console().print(f"note: {border.note}", soft_wrap=True)


def summary_table(summary: Mapping[str, Any]) -> Table:
    """Return the figures of a run, `Run.summary`, as a table with one name and value per row."""
    total = summary["workers"] * summary["end_seconds"]
    table = Table(show_header=False, box=None)
    table.add_row("curves", summary["curves"])
    table.add_row("scheduler", f"{summary['scheduler']}, seed {summary['seed']}")
    table.add_row("workers", str(summary["workers"]))
    table.add_row("end", duration(summary["end_seconds"]))
    parts = summary["worker_seconds"] | summary["waiting"]
    for part in SHARES:
        if parts[part] or part == "training":
            table.add_row(label(part), f"{parts[part] / total:.1%}" if total else "-")
    for name in ("jobs", "lost", "trials", "finished", "epochs"):
        table.add_row(label(name), str(summary[name]))
    loss = summary["best_loss"]
    table.add_row("best loss", "-" if loss is None else f"{loss:.4f}")
    if summary["best_config"]:
        config = summary["best_config"].items()
        table.add_row("best config", ", ".join(f"{k} {figure(v)}" for k, v in config))
    if summary["time_to_target"] is not None:
        table.add_row("time to target", duration(summary["time_to_target"]))
    return table
