"""A study as files and as text.

Owns its folder, and the tables that a person reads. Must not compute what it reports.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from math import inf, isfinite, isnan
from pathlib import Path
from typing import Any

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.table import Table

from learning_curves import files, sources
from learning_curves.errors import InputError
from sim.experiments import own
from sim.experiments.experiment import Experiment
from sim.experiments.measures import MEASURES
from sim.experiments.parts import source
from sim.reports.report import provenance, write_text
from sim.reports.screen import console, duration, records, to_json
from sim.studies.study import Study
from sim.studies.study_cells import SPEEDUP

_Columns = Mapping[str, Sequence[str]]
_ANY_WIDTH = 100_000  # characters, more than any table has
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
    experiments = [cell.experiment for cell in study.cells]
    own_digests = own.digests(*experiments)
    notes |= {own.NOTE: own_digests} if own_digests else {}
    text = study.to_toml(**notes)
    path = folder / "study.toml"
    if path.exists():
        _compare(path, text, experiments)
    elif (folder / "runs.csv").exists():
        raise InputError(f"{folder} holds the runs of something else: choose another --out")
    for curves in {cell.experiment.curves for cell in study.cells}:
        _keep_beside(study, curves, folder)
    if not path.exists():
        write_text(path, text)


def _compare(path: Path, text: str, experiments: Sequence[Experiment]) -> None:
    try:
        found, wanted = tomllib.loads(path.read_text(encoding="utf-8")), tomllib.loads(text)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {error}; choose another --out") from None
    own.check_digests(found.get("notes", {}), path, *experiments)
    for each in (found, wanted):  # a digest that is not noted is not compared
        each.get("notes", {}).pop(own.NOTE, None)
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
    how, name = sources.parted(curves)
    path = Path(name)
    return f"{how}{path.name}" if path.exists() and path.parent == study.folder else curves


def _keep_beside(study: Study, curves: str, folder: Path) -> None:
    """Copy curves that stand beside the study's file, so that the folder can be run again."""
    path = Path(sources.parted(curves)[1])
    if not path.exists() or path.parent != study.folder:
        return
    for each in sources.files(curves):
        kept = folder / each.relative_to(study.folder)
        if not (kept.exists() and kept.samefile(each)):
            kept.parent.mkdir(exist_ok=True)
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
    """Print a line a cell: a mean with its standard error, or a median with its interval.

    All measures are columns of one table, unless a terminal is too narrow for it: then there are
    tables of as many measures as fit. No cell is ever cut short, however narrow the terminal.
    """
    rows = records(cells)
    by_measure: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        by_measure.setdefault(row["measure"], []).append(row)
    first = next(iter(by_measure.values()))
    axes = {axis: [row[axis] for row in first] for axis in study.axes}
    screen = console()
    width = screen.width if screen.is_terminal else inf
    parts: list[_Columns] = []
    for measure, told in by_measure.items():
        columns = _columns(study, measure, told)
        if parts and _width(_table(axes, {**parts[-1], **columns})) <= width:
            parts[-1] = {**parts[-1], **columns}
        else:
            parts.append(columns)
    screen.print(f"{study.title}: {study.seeds:,} seed{'s' * (study.seeds > 1)}", style="italic")
    screen.width = _ANY_WIDTH
    for part in parts:
        screen.print(_table(axes, part))


def _columns(study: Study, measure: str, told: Sequence[Mapping[str, Any]]) -> _Columns:
    """Return the columns of one measure, by their headings."""
    name = measure.replace("_", " ")
    columns = {name: [_text(cell) for cell in told]}
    if measure in study.laws:
        columns[f"{name}, closed form"] = [_law(cell) for cell in told]
    return columns


def _table(axes: _Columns, columns: _Columns) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in axes:
        table.add_column(name, no_wrap=True)
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    for row in zip(*axes.values(), *columns.values(), strict=True):
        table.add_row(*row)
    return table


def _width(table: Table) -> int:
    """Return how many characters wide a table is if nothing is cut."""
    screen = console()
    screen.width = _ANY_WIDTH
    return screen.measure(table).maximum


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
    >>> rate(256, 0, 0, 0.0)
    'all 256 runs were done before'
    """
    if not made:
        return f"all {runs:,} runs were done before"
    some = f"{made:,}" if made == runs else f"{made:,} of {runs:,}"
    speed = f": {jobs / seconds:,.0f} simulated jobs a second" if jobs and seconds else ""
    return f"{some} runs, {jobs:,} jobs in {duration(seconds)}{speed}"


def _text(cell: Mapping[str, Any]) -> str:
    measure = cell["measure"]
    if measure.startswith(SPEEDUP) or MEASURES[measure].censored:
        middle, low, high = (_number(measure, cell[name]) for name in ("median", "low", "high"))
        interval = "" if isnan(cell["low"]) else f" [{low}, {high}]"
        missed = f" ({cell['censored']:,} missed)" if cell["censored"] else ""
        return f"{middle}{interval}{missed}"
    mean, error = cell["mean"], cell["standard_error"]
    if isnan(error):
        return _number(measure, mean)
    factor, unit = _unit(measure)
    return _with_error(mean * factor, error * factor, unit)


def _law(cell: Mapping[str, Any]) -> str:
    """Return a closed form, to the digits of the mean that is held against it."""
    measure, error = cell["measure"], cell["standard_error"]
    if MEASURES[measure].censored or not (error > 0 and isfinite(cell["law"])):
        return _number(measure, cell["law"])
    factor, unit = _unit(measure)
    return f"{cell['law'] * factor:,.{_decimals(error * factor)}f}{unit}"


def _unit(measure: str) -> tuple[float, str]:
    """Return what a measure is multiplied by to be shown, and its unit."""
    if MEASURES[measure].share:
        return 100.0, "%"
    return 1.0, " s" if MEASURES[measure].seconds else ""


def _with_error(mean: float, error: float, unit: str = "") -> str:
    """Return a mean and its standard error to the same decimals: two digits of the error.

    >>> _with_error(0.04736, 0.000212), _with_error(1234.56, 12.3), _with_error(64.0, 0.0)
    ('0.04736 +- 0.00021', '1,235 +- 12', '64 +- 0')
    >>> _with_error(97.36, 0.996, "%"), _with_error(2.0, float("nan"))
    ('97.4% +- 1.0%', '2')
    """
    if isnan(error) or not error:
        return f"{_plain(mean)}{unit}" + ("" if isnan(error) else f" +- 0{unit}")
    decimals = _decimals(error)
    return f"{mean:,.{decimals}f}{unit} +- {error:,.{decimals}f}{unit}"


def _decimals(value: float, digits: int = 2) -> int:
    """Return how many decimals show so many digits of a value; 0 if it has them before the point.

    >>> _decimals(0.000212), _decimals(0.0996), _decimals(123.0)
    (5, 2, 0)
    """
    exponent = int(f"{value:.{digits - 1}e}".partition("e")[2])
    return max(0, digits - 1 - exponent)


def _number(measure: str, value: float) -> str:
    if isnan(value):
        return "-"
    is_speedup = measure.startswith(SPEEDUP)
    if not isfinite(value):
        return "inf" if is_speedup else "never"
    if is_speedup:
        return f"{value:,.2f}"
    if MEASURES[measure].share:
        return f"{value:.1%}"
    return f"{value:,.1f} s" if MEASURES[measure].seconds else _plain(value)


def _plain(value: float) -> str:
    """Return four digits of a small number, all of the whole ones of a large.

    >>> _plain(0.123456), _plain(0.00001), _plain(54.0), _plain(1234.0), _plain(1334217.5)
    ('0.1235', '0.00001', '54', '1,234', '1,334,218')
    """
    decimals = _decimals(value, 4)
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if decimals else text
