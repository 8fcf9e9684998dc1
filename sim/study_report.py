"""A study as files and as text.

Owns its folder, and the tables that a person reads. Must not compute what it reports.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from math import isfinite, isnan
from pathlib import Path
from typing import Any

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.table import Table

from learning_curves import files
from learning_curves.errors import InputError
from sim.measures import MEASURES
from sim.parts import source
from sim.report import provenance, write_text
from sim.screen import console, duration, figure, to_json
from sim.study import Study
from sim.study_cells import SPEEDUP, records

_OF_FIT = ("measure", "axis", "exponent", "standard_error", "factor")


def begin(study: Study, folder: Path) -> None:
    """Write ``study.toml``, and the tables beside the study's file, or see that they are there.

    Raises
    ------
    InputError
        The folder is another study's, or the study, its curves or rungsim have changed since.

    """
    digests = {}
    notes: dict[str, Any] = {}
    for curves in dict.fromkeys(cell.experiment.curves for cell in study.cells):
        cells = (cell for cell in study.cells if cell.experiment.curves == curves)
        found = provenance(source(next(cells).experiment))
        notes["rungsim"] = found["rungsim"]
        if "curves_sha256" in found:
            digests[_own_name(study, curves)] = found["curves_sha256"]
    notes |= {"curves_sha256": digests} if digests else {}
    text = study.to_toml(**notes)
    path = folder / "study.toml"
    if path.exists():
        _compare(path, text)
    elif (folder / "runs.csv").exists():
        raise InputError(f"{folder} holds the runs of something else: choose another --out")
    for curves in {cell.experiment.curves for cell in study.cells}:
        _keep_beside(study, curves, folder)
    if not path.exists():
        write_text(path, text)


def _compare(path: Path, text: str) -> None:
    try:
        found, wanted = tomllib.loads(path.read_text(encoding="utf-8")), tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}; choose another --out") from None
    if found == wanted:
        return
    names = [*wanted, *(name for name in found if name not in wanted)]
    differs = next((name for name in names if found.get(name) != wanted.get(name)), "order")
    what = "the curves or rungsim" if differs == "notes" else f"{differs!r} in the study"
    raise InputError(
        f"{path} is of another study, or {what} has changed since it was begun: "
        "delete the folder, or choose another --out"
    )


def _own_name(study: Study, curves: str) -> str:
    """Return how the study's file names these curves."""
    path = Path(curves)
    return path.name if path.is_file() and path.parent == study.folder else curves


def _keep_beside(study: Study, curves: str, folder: Path) -> None:
    """Copy a table that stands beside the study's file, so that the folder can be run again."""
    path = Path(curves)
    if not path.is_file() or path.parent != study.folder:
        return
    for each in (path, path.with_suffix(".toml")):
        kept = folder / each.name
        if each.is_file() and not (kept.exists() and kept.samefile(each)):
            files.write(kept, each.read_bytes())


def write(study: Study, cells: pd.DataFrame, fitted: pd.DataFrame, folder: Path) -> dict[str, Any]:
    """Write ``cells.csv`` and, if there are fits, ``fits.csv``; return what JSON tells."""
    write_text(folder / "cells.csv", cells.to_csv(index=False))
    told = {"study": study.name, "title": study.title, "cells": records(cells)}
    if study.fits:
        write_text(folder / "fits.csv", fitted.to_csv(index=False))
        told["fits"] = records(fitted)
    return told


def print_list(titles: Mapping[str, str], *, as_json: bool) -> None:
    """Print what studies there are."""
    if as_json:
        print(to_json(titles), end="")  # noqa: T201  the answer
        return
    table = Table(show_header=False, box=None)
    for name, title in titles.items():
        table.add_row(name, title)
    console().print(table)


def print_cells(study: Study, cells: pd.DataFrame) -> None:
    """Print a line a cell: a mean with its standard error, or a median with its interval."""
    table = Table(
        title=f"{study.title}: {study.seeds} seed{'s' * (study.seeds > 1)}",
        title_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    for axis in study.axes:
        table.add_column(axis, no_wrap=True)
    measures = list(dict.fromkeys(cells["measure"]))
    for measure in measures:
        table.add_column(measure.replace("_", " "), justify="right", no_wrap=True)
        if measure in study.laws:
            table.add_column("closed form", justify="right", no_wrap=True)
    rows = records(cells)
    for first in range(0, len(rows), len(measures)):
        texts: list[str] = []
        for cell in rows[first : first + len(measures)]:
            texts.append(_text(cell))
            if cell["measure"] in study.laws:
                texts.append(_number(cell["measure"], cell["law"]))
        table.add_row(*(str(rows[first][axis]) for axis in study.axes), *texts)
    console().print(table)


def print_fits(fitted: pd.DataFrame) -> None:
    """Print a line a fit."""
    for fit in records(fitted):
        others = [cell for axis, cell in fit.items() if axis not in _OF_FIT and cell]
        where = f" ({', '.join(others)})" if others else ""
        told = (
            "no power law: a mean is 0, or not known"
            if isnan(fit["exponent"])
            else f"grows as {fit['axis']} ** {_with_error(fit['exponent'], fit['standard_error'])}"
        )
        console().print(f"{fit['measure']}{where}: {told}")


def rate(runs: int, made: int, jobs: int, seconds: float) -> str:
    """Return how fast `made` of all the runs were simulated, for a person.

    >>> rate(100, 40, 1_200_000, 10.0)
    '40 of 100 runs, 1,200,000 jobs in 10.0 s: 120,000 simulated jobs a second'
    """
    some = f"{made:,}" if made == runs else f"{made:,} of {runs:,}"
    speed = f": {jobs / seconds:,.0f} simulated jobs a second" if jobs and seconds else ""
    return f"{some} runs, {jobs:,} jobs in {duration(seconds)}{speed}"


def _text(cell: Mapping[str, Any]) -> str:
    measure = cell["measure"]
    if measure.startswith(SPEEDUP) or MEASURES[measure].censored:
        middle, *ends = (_number(measure, cell[name]) for name in ("median", "low", "high"))
        missed = f" ({cell['censored']} missed)" if cell["censored"] else ""
        return f"{middle} [{ends[0]}, {ends[1]}]{missed}"
    return _with_error(cell["mean"], cell["standard_error"])


def _with_error(mean: float, error: float) -> str:
    return _plain(mean) if isnan(error) else f"{_plain(mean)} +- {error:.2g}"


def _number(measure: str, value: float) -> str:
    if isnan(value):
        return "-"
    if not isfinite(value):
        return "never" if not measure.startswith(SPEEDUP) else "inf"
    seconds = not measure.startswith(SPEEDUP) and MEASURES[measure].seconds
    return f"{value:.1f} s" if seconds else _plain(value)


def _plain(value: float) -> str:
    """Return four digits of a small number, all of the whole ones of a large.

    >>> _plain(0.123456), _plain(54.0), _plain(1334217.5)
    ('0.1235', '54', '1,334,218')
    """
    return f"{value:,.0f}" if abs(value) >= 10_000 else figure(value)
