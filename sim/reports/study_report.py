"""Writes a study to files, and prints it.

Owns the tables in files and on the screen. Must not compute the figures.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import inf, isfinite, isnan
from pathlib import Path
from typing import Any

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.table import Table

from sim.experiments.measures import MEASURES, label
from sim.reports.report import write_text
from sim.reports.screen import console, duration, records, to_json
from sim.studies.results import Results
from sim.studies.study import Study
from sim.studies.study_cells import SPEEDUP

Columns = Mapping[str, Sequence[str]]
"""The texts of a table's columns, by heading."""
_ANY_WIDTH = 100_000  # characters, more than any table has
_TABLES = ("fits", "contrasts", "ranks", "survival")
_OF_FIT = ("measure", "axis", "exponent", "standard_error", "factor")


def write(results: Results, folder: Path) -> dict[str, Any]:
    """Write ``cells.csv`` and those of the `_TABLES` that the study asks for.

    Return the content of the JSON output.
    """
    study, tables = results.study, {"cells": results.cells}
    if study.fits:
        tables["fits"] = results.fits
    if study.against:
        tables["contrasts"] = results.contrasts
    if study.ranks:
        tables["ranks"] = results.ranks
    if study.survival:
        tables["survival"] = results.survival
    for name in _TABLES:
        if name not in tables:
            (folder / f"{name}.csv").unlink(missing_ok=True)
    for name, table in tables.items():
        write_text(folder / f"{name}.csv", table.to_csv(index=False))
    told = {name: records(table) for name, table in tables.items()}
    return {"study": study.name, "title": study.title, **told}


def show(results: Results) -> None:
    """Print the tables of a study."""
    print_cells(results.study, results.cells)
    print_contrasts(results.study, results.contrasts)
    print_fits(results.fits)
    print_ranks(results.ranks)


def print_list(titles: Mapping[str, str], *, as_json: bool) -> None:
    """Print the list of studies."""
    if as_json:
        print(to_json(titles), end="")  # noqa: T201  the answer
        return
    table = Table(show_header=False, box=None)
    for name, title in titles.items():
        table.add_row(name, title)
    console().print(table)


def print_dry_run(told: Mapping[str, Any], *, as_json: bool) -> None:
    """Print what a study would run, and about how long that would take."""
    if as_json:
        print(to_json(told), end="")  # noqa: T201  the answer
        return
    settings = ((axis, ", ".join(each)) for axis, each in told["axes"].items())
    limits = (
        f"{name} {', '.join(f'{each:,.10g}' for each in some)}"
        for name, some in told["limits"].items()
    )
    estimate = told["estimate"]
    time = duration(estimate["seconds"])
    processes = f"{estimate['processes']} process{'es' * (estimate['processes'] > 1)}"
    lines = {
        "cells": f"{told['cells']:,}, each with {told['seeds']:,} seeds: {told['runs']:,} runs",
        **{f"  {axis}": text for axis, text in settings},
        "folder": f"{told['folder']}: {told['done']:,} runs are there, {told['missing']:,} to make",
        "limits": "; ".join(limits),
        "measures": ", ".join(told["measures"]),
        "time": f"about {time} on {processes}, besides their start and the pictures (an estimate "
        f"from {estimate['basis']})"
        if told["missing"]
        else "none: all runs are there",
    }
    screen = console()
    screen.print(told["title"], style="italic")
    for name, text in lines.items():
        screen.print(f"{name:{max(map(len, lines))}}  {text}", soft_wrap=True)


def print_cells(study: Study, cells: pd.DataFrame) -> None:
    """Print a line for each cell: a mean with its standard error, or a median with its interval.

    All measures are columns of one table; on a narrow terminal they are split into several tables.
    No cell is truncated.
    """
    axes, by_measure = cell_columns(study, cells)
    screen = console()
    width = screen.width if screen.is_terminal else inf
    parts: list[Columns] = []
    for columns in by_measure:
        if parts and _width(_table(axes, {**parts[-1], **columns})) <= width:
            parts[-1] = {**parts[-1], **columns}
        else:
            parts.append(columns)
    screen.print(f"{study.title}: {study.seeds:,} seed{'s' * (study.seeds > 1)}", style="italic")
    screen.width = _ANY_WIDTH
    for part in parts:
        screen.print(_table(axes, part))


def cell_columns(study: Study, cells: pd.DataFrame) -> tuple[Columns, list[Columns]]:
    """Return the columns of the settings, and those of each measure, by heading."""
    by_measure: dict[str, list[dict[str, Any]]] = {}
    for row in records(cells):
        by_measure.setdefault(row["measure"], []).append(row)
    first = next(iter(by_measure.values()))
    axes = {axis: [row[axis] for row in first] for axis in study.axes}
    return axes, [_columns(study, measure, told) for measure, told in by_measure.items()]


def _columns(study: Study, measure: str, told: Sequence[Mapping[str, Any]]) -> Columns:
    """Return the columns of one measure, by heading."""
    name = label(measure)
    columns = {name: [estimate_text(cell) for cell in told]}
    if measure in study.laws:
        columns[f"{name}, closed form"] = [_law(cell) for cell in told]
    return columns


def _table(axes: Columns, columns: Columns) -> Table:
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in axes:
        table.add_column(name, no_wrap=True)
    for name in columns:
        table.add_column(name, justify="right", no_wrap=True)
    for row in zip(*axes.values(), *columns.values(), strict=True):
        table.add_row(*row)
    return table


def print_contrasts(study: Study, found: pd.DataFrame) -> None:
    """Print a line for each contrast: the median over the pairs of seeds, and its interval."""
    screen = console()
    screen.width = _ANY_WIDTH
    for title, axes, columns in contrast_columns(study, found):
        screen.print(title, style="italic")
        screen.print(_table(axes, columns))


def contrast_columns(study: Study, found: pd.DataFrame) -> Iterator[tuple[str, Columns, Columns]]:
    """Yield a table for each measure: its title, the columns of the settings, and the others."""
    for (axis, against, measure), rows in found.groupby(["axis", "against", "measure"], sort=False):
        told = records(rows)
        columns = {"difference": [_contrast(str(measure), row, "difference") for row in told]}
        if MEASURES[str(measure)].seconds:
            speedup = f"{SPEEDUP}{measure}"
            columns["speedup"] = [_contrast(speedup, row, "speedup") for row in told]
        if MEASURES[str(measure)].better:
            columns["wins"] = [_wins(row) for row in told]
        columns["p (Holm)"] = [p_value(row["p_holm"]) for row in told]
        name = label(str(measure))
        axes = {axis: [row[axis] for row in told] for axis in study.axes}
        yield f"{name} against {axis} {against}, paired by seed", axes, columns


def _contrast(measure: str, row: Mapping[str, Any], estimate: str) -> str:
    values = (row[estimate], row[f"{estimate}_low"], row[f"{estimate}_high"])
    middle, low, high = (number(measure, each) for each in values)
    missed = row["censored"] + row["censored_against"]
    interval = "" if isnan(values[1]) or isnan(values[2]) else f" [{low}, {high}]"
    return f"{middle}{interval}" + (f" ({missed:,} missed)" if missed else "")


def _wins(row: Mapping[str, Any]) -> str:
    return f"{row['wins']:.0%} [{row['wins_low']:.0%}, {row['wins_high']:.0%}]"


def p_value(p: float) -> str:
    """Return a p-value with two digits, never as 0.

    >>> p_value(0.0312), p_value(1.0), p_value(1e-9)
    ('0.031', '1', '< 0.0001')
    """
    return "< 0.0001" if p < 0.0001 else f"{p:.2g}"


def print_ranks(found: pd.DataFrame) -> None:
    """Print a table of mean ranks: a line for each setting, a column for each measure."""
    if found.empty:
        return
    columns: dict[str, list[str]] = {}
    for measure, rows in found.groupby("measure", sort=False):
        columns[label(str(measure))] = [
            *(f"{rank:.2f}" for rank in rows["mean_rank"]),
            f"{rows['critical_difference'].iloc[0]:.2f}",
            *(["-"] if isnan(p := rows["friedman_p"].iloc[0]) else [p_value(p)]),
        ]
    axis, settings = found["axis"].iloc[0], list(dict.fromkeys(found["setting"]))
    screen = console()
    screen.width = _ANY_WIDTH
    screen.print(f"mean ranks over {found['blocks'].iloc[0]:,} blocks, 1 is best", style="italic")
    screen.print(_table({axis: [*settings, "critical difference", "p (Friedman)"]}, columns))


def _width(table: Table) -> int:
    """Return the width of the full table in characters."""
    screen = console()
    screen.width = _ANY_WIDTH
    return screen.measure(table).maximum


def print_fits(fitted: pd.DataFrame) -> None:
    """Print a line for each fit."""
    for line in fit_lines(fitted):
        console().print(line)


def fit_lines(fitted: pd.DataFrame) -> Iterator[str]:
    """Yield a line for each fit."""
    for fit in records(fitted):
        others = [cell for axis, cell in fit.items() if axis not in _OF_FIT and cell]
        where = f" ({', '.join(others)})" if others else ""
        law = (
            "no power law: a mean is 0 or unknown"
            if isnan(fit["exponent"])
            else f"grows as {fit['axis']} ** {_with_error(fit['exponent'], fit['standard_error'])}"
        )
        yield f"{label(fit['measure'])}{where}: {law}"


def rate(runs: int, made: int, jobs: int, seconds: float) -> str:
    """Return a line with the number of simulated runs and their speed.

    >>> rate(100, 40, 1_200_000, 10.0)
    '40 of 100 runs, 1,200,000 jobs in 10.0 s: 120,000 simulated jobs per second'
    >>> rate(256, 0, 0, 0.0)
    'all 256 runs existed already'
    """
    if not made:
        return f"all {runs:,} runs existed already"
    some = f"{made:,}" if made == runs else f"{made:,} of {runs:,}"
    speed = f": {jobs / seconds:,.0f} simulated jobs per second" if jobs and seconds else ""
    return f"{some} runs, {jobs:,} jobs in {duration(seconds)}{speed}"


def estimate_text(cell: Mapping[str, Any]) -> str:
    """Return the mean of a cell with its standard error, or the median with its interval."""
    measure = cell["measure"]
    if measure.startswith(SPEEDUP) or MEASURES[measure].censored:
        middle, low, high = (number(measure, cell[name]) for name in ("median", "low", "high"))
        interval = "" if isnan(cell["low"]) else f" [{low}, {high}]"
        missed = f" ({cell['censored']:,} missed)" if cell["censored"] else ""
        return f"{middle}{interval}{missed}"
    mean, error = cell["mean"], cell["standard_error"]
    if isnan(error):
        return number(measure, mean)
    factor, unit = _unit(measure)
    return _with_error(mean * factor, error * factor, unit)


def _law(cell: Mapping[str, Any]) -> str:
    """Return the value of a closed form with the digits of the mean that it is compared with."""
    measure, error = cell["measure"], cell["standard_error"]
    if MEASURES[measure].censored or not (error > 0 and isfinite(cell["law"])):
        return number(measure, cell["law"])
    factor, unit = _unit(measure)
    return f"{cell['law'] * factor:,.{_decimals(error * factor)}f}{unit}"


def _unit(measure: str) -> tuple[float, str]:
    """Return the factor and the unit in which a measure is shown."""
    if MEASURES[measure].share:
        return 100.0, "%"
    return 1.0, " s" if MEASURES[measure].seconds else ""


def _with_error(mean: float, error: float, unit: str = "") -> str:
    """Return a mean and its standard error with the same decimals: two digits of the error.

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
    """Return the number of decimals that show `digits` digits of a value; 0 for large values.

    >>> _decimals(0.000212), _decimals(0.0996), _decimals(123.0)
    (5, 2, 0)
    """
    exponent = int(f"{value:.{digits - 1}e}".partition("e")[2])
    return max(0, digits - 1 - exponent)


def number(measure: str, value: float) -> str:
    """Return a figure of one run, or a median, with its unit; "never" if it is infinite."""
    if isnan(value):
        return "-"
    is_speedup = measure.startswith(SPEEDUP)
    if not isfinite(value):
        return "inf" if is_speedup else "never" if value > 0 else "-never"
    if is_speedup:
        return f"{value:,.2f}"
    if MEASURES[measure].share:
        return f"{value:.1%}"
    if not MEASURES[measure].seconds:
        return _plain(value)
    decimals = _decimals(value) if 0 < abs(value) < 1 else 1  # epochs of a small model
    return f"{value:,.{decimals}f} s"


def _plain(value: float) -> str:
    """Return a number with four digits, or all digits of a large number's whole part.

    >>> _plain(0.123456), _plain(0.00001), _plain(54.0), _plain(1234.0), _plain(1334217.5)
    ('0.1235', '0.00001', '54', '1,234', '1,334,218')
    """
    decimals = _decimals(value, 4)
    text = f"{value:,.{decimals}f}"
    return text.rstrip("0").rstrip(".") if decimals else text
