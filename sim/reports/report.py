"""Results as files and as text.

Owns the folder that a run or a comparison is written to, and the tables a person reads. Must not
compute what it reports.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from math import isinf, isnan
from pathlib import Path
from typing import Any

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.table import Table

from learning_curves import files
from learning_curves.blackbox import Blackbox
from learning_curves.errors import InputError
from learning_curves.surrogates.surrogate import Surrogate
from learning_curves.tables.tabular import Tabular
from sim.experiments import own
from sim.experiments.experiment import Experiment
from sim.experiments.parts import source
from sim.experiments.run import Run
from sim.jobs.limits import Limits
from sim.reports.screen import console, duration, figure, records, to_json
from sim.studies.comparison import PARTS, share_of

OTHERS = ("straggling", "gains")
"""The tables that a comparison may have beside its own: see `comparison.effects` and `gains`."""
_WIDE = 140  # columns that a comparison needs to be one table


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


def provenance(blackbox: Blackbox, *experiments: Experiment) -> dict[str, Any]:
    """Return what runs of `experiments` on `blackbox` depend on beside their plain values.

    These are our version, the table, and the files of what is the user's own (`own.digests`).
    """
    notes: dict[str, Any] = {"rungsim": metadata.version("rungsim")}
    table = getattr(blackbox, "blackbox", blackbox)  # beneath other seconds
    if isinstance(table, Tabular | Surrogate):
        notes["curves_sha256"] = table.sha256
    digests = own.digests(*experiments)
    return notes | ({own.NOTE: digests} if digests else {})


def check_provenance(experiment: Experiment, path: Path) -> None:
    """Raise if the experiment in the file at `path` was run on other curves, or by other code.

    Raises
    ------
    InputError
        The digest of the table, or of a file of the user's own, differs from the one noted there.

    """
    notes = tomllib.loads(path.read_text(encoding="utf-8")).get("notes", {})
    own.check_digests(notes, path, experiment)
    noted = notes.get("curves_sha256")
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
    notes = provenance(run.blackbox, run.experiment)
    write_text(folder / "experiment.toml", run.experiment.to_toml(**notes))


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
    shares = pd.DataFrame([told | share_of(run)])
    plots.utilisation(shares, folder / "utilisation.png", title=title)


def write_comparison(
    base: Experiment,
    runs: pd.DataFrame,
    cells: pd.DataFrame,
    others: Mapping[str, pd.DataFrame],
    target: float,
    folder: Path,
    digests: Mapping[str, str],
) -> dict[str, Any]:
    """Write the runs, the cells and what they were made from; remove older pictures.

    Return what ``comparison.json`` holds. Of `others`, tables by name, of `OTHERS`, each is a file.
    The `digests` are those of the files of the user's own, see `own.digests`.
    """
    told: dict[str, Any] = {"curves": base.curves, "target": target, "cells": records(cells)}
    told |= {name: records(table) for name, table in others.items()}
    as_json = to_json(told)
    compared = {
        "schedulers": runs["scheduler"].unique().tolist(),
        "workers": runs["workers"].unique().tolist(),
        "seeds": runs["seed"].unique().tolist(),
        "target": target,
    }
    clear_pictures(folder)
    write_text(folder / "runs.csv", runs.to_csv(index=False))
    write_text(folder / "comparison.csv", cells.to_csv(index=False))
    write_text(folder / "comparison.json", as_json)
    for name in OTHERS:
        (folder / f"{name}.csv").unlink(missing_ok=True)
    for name, table in others.items():
        write_text(folder / f"{name}.csv", table.to_csv(index=False))
    notes = provenance(source(base)) | {"compared": compared}
    notes |= {own.NOTE: dict(digests)} if digests else {}
    write_text(folder / "experiment.toml", base.to_toml(**notes))
    return told


def short(base: Experiment) -> Limits:
    """Return limits under which a run is short enough to be drawn job by job."""
    r_max = source(base).r_max if base.r_max is None else base.r_max
    return Limits(max_epochs=8 * r_max)


def print_comparison(base: Experiment, cells: pd.DataFrame, target: float, seeds: int) -> None:
    """Print a line a scheduler and worker count: in one table, or three where lines are short."""
    title = f"{base.curves}: {seeds} seeds, target {target:.4g}"
    rows = cells.to_dict("records")
    time = {
        "end": [duration(row["end_seconds"]) for row in rows],
        "utilised": [f"{row['training']:.1%}" for row in rows],
        "straggling": [f"{row['straggling']:.1%}" for row in rows],
        "shortage": [f"{row['shortage']:.1%}" for row in rows],
        "drained": [f"{row['drained']:.1%}" for row in rows],
    }
    for name in ("overhead", "wasted", "down"):
        if any(row[name] for row in rows):
            time[name] = [f"{row[name]:.1%}" for row in rows]
    results = {
        "finished": [f"{row['finished']:.1f}" for row in rows],
        **({"lost": [f"{row['lost']:.1f}" for row in rows]} if cells["lost"].any() else {}),
        "throughput": [_times(row["throughput_speedup"]) for row in rows],
        "best error": [f"{row['best_loss']:.4f}" for row in rows],
    }
    target_reached = {
        "time to target": [duration(row["time_to_target"]) for row in rows],
        "missed": [str(row["missed"]) for row in rows],
        "speedup [95 %]": [
            f"{_times(row['speedup'])} [{_times(row['low'])}, {_times(row['high'])}]"
            for row in rows
        ],
    }
    wide = console().width >= _WIDE
    parts = (time, results, target_reached)
    for part in [time | results | target_reached] if wide else parts:
        _print_rows(title, rows, part)


def print_effects(base: Experiment, effects: pd.DataFrame, seeds: int) -> None:
    """Print what straggling does, a line a scheduler and worker count."""
    rows = effects.to_dict("records")
    columns = {
        "end, times [95 %]": [_between(row, "slowdown", _times) for row in rows],
        "end [95 %]": [_between(row, "end_seconds", _signed) for row in rows],
        "time to target [95 %]": [_between(row, "time_to_target", _signed) for row in rows],
        **_missed(rows, "missed_without"),
        "finished [95 %]": [_between(row, "finished", "{:+g}".format) for row in rows],
    } | {
        f"waiting: {name}": [f"{row[f'{name}_without']:.1%} > {row[name]:.1%}" for row in rows]
        for name in ("straggling", "shortage")
    }
    title = f"{base.curves}: what straggling does, paired by seed, median of {seeds}"
    _print_rows(title, rows, columns)


def print_gains(base: Experiment, gains: pd.DataFrame, against: str, seeds: int) -> None:
    """Print what the schedulers gain over one of them, a line a scheduler and worker count."""
    rows = gains.to_dict("records")
    columns = {
        "target sooner, times [95 %]": [_between(row, "sooner", _times) for row in rows],
        **_missed(rows, "missed_against"),
        "end sooner, times [95 %]": [_between(row, "shorter", _times) for row in rows],
        "finished, more [95 %]": [_between(row, "finished", "{:+g}".format) for row in rows],
    }
    title = f"{base.curves}: against {against} on as many workers, by seed, median of {seeds}"
    _print_rows(title, rows, columns)


def _missed(rows: Sequence[Mapping[Any, Any]], before: str) -> dict[str, list[str]]:
    """Return how many runs missed the target, before and after, if any did."""
    if not any(row[before] or row["missed"] for row in rows):
        return {}
    return {"missed": [f"{row[before]} > {row['missed']}" for row in rows]}


def _between(row: Mapping[Any, Any], name: str, told: Callable[[float], str]) -> str:
    return f"{told(row[name])} [{told(row[f'{name}_low'])}, {told(row[f'{name}_high'])}]"


def _signed(seconds: float) -> str:
    """Return a difference of times; one to a target that was missed has no end."""
    if isnan(seconds):
        return "-"
    if isinf(seconds):
        return "never" if seconds > 0 else "-never"
    return ("-" if seconds < 0 else "+") + duration(abs(seconds))


def _print_rows(
    title: str, rows: Sequence[Mapping[Any, Any]], columns: Mapping[str, Sequence[str]]
) -> None:
    """Print a line a scheduler and worker count."""
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("scheduler", no_wrap=True)
    for name in ("workers", *columns):
        table.add_column(name, justify="right", no_wrap=True)
    for i, row in enumerate(rows):
        if i and rows[i - 1]["scheduler"] != row["scheduler"]:
            table.add_section()
        table.add_row(
            row["scheduler"], str(row["workers"]), *(column[i] for column in columns.values())
        )
    console().print(table)


def _times(factor: float) -> str:
    return "-" if isnan(factor) else f"{factor:.2f}"


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
    for part in PARTS:
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
