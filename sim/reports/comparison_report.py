"""Writes a comparison to files, and prints it.

Owns its files, and the tables on the screen. Must not compute the figures.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import isinf, isnan
from pathlib import Path
from typing import Any

import pandas as pd
from rich.box import SIMPLE_HEAD
from rich.table import Table

from sim.experiments import own
from sim.experiments.experiment import Experiment
from sim.experiments.parts import source
from sim.faults import KINDS
from sim.reports.report import provenance, write_text
from sim.reports.screen import console, duration, records, to_json
from sim.schedulers.hyperband import bracket_shapes
from sim.schedulers.rungs.rung import rung_levels
from sim.studies.comparison import Compared, effect_name, effect_of
from sim.traces.estimates import ENDS, FEWEST

_Row = Mapping[Any, Any]


def write(base: Experiment, compared: Compared, folder: Path) -> dict[str, Any]:
    """Write the figures of a comparison, and the experiment that its runs have in common.

    Return what ``comparison.json`` holds.

    Parameters
    ----------
    base
        With all faults, including those whose effect is measured.
    compared
        The figures.
    folder
        Holds the study's files already.

    """
    told: dict[str, Any] = {"curves": base.curves, "target": compared.study.target}
    told["cells"] = records(compared.cells)
    others = {"gains": compared.gains}
    kind = effect_of(compared.study)
    if kind is not None:
        others[effect_name(kind)] = compared.effects
    tables = {name: table for name, table in others.items() if table is not None}
    told |= {name: records(table) for name, table in tables.items()}
    as_json = to_json(told)
    write_text(folder / "comparison.csv", compared.cells.to_csv(index=False))
    write_text(folder / "comparison.json", as_json)
    for name in ("gains", *map(effect_name, KINDS)):
        if name in tables:
            write_text(folder / f"{name}.csv", tables[name].to_csv(index=False))
        else:
            (folder / f"{name}.csv").unlink(missing_ok=True)
    runs = compared.runs
    axes = {"schedulers": "scheduler", "workers": "workers", "seeds": "seed"}
    grid = {name: runs[column].unique().tolist() for name, column in axes.items()}
    notes = provenance(source(base)) | {"compared": grid | {"target": compared.study.target}}
    own_digests = own.digests(*(cell.experiment for cell in compared.study.cells))
    notes |= {own.NOTE: own_digests} if own_digests else {}
    write_text(folder / "experiment.toml", base.to_toml(**notes))
    return told


def show(base: Experiment, compared: Compared, *, wide: bool) -> None:
    """Print the tables of a comparison; `wide` prints all columns on any screen."""
    seeds = compared.study.seeds
    of = f"{base.curves}, {seeds} seeds"
    _print_cells(f"{of}, target {compared.study.target:.4g}", compared.cells, wide=wide)
    kind = effect_of(compared.study)
    if compared.effects is not None and kind is not None:
        _print_effects(
            f"{of}: the effect of {kind}, paired by seed (without them -> with them)",
            compared.effects,
            wide=wide,
        )
    if compared.gains is not None:
        other = compared.study.baselines("scheduler")[0]
        title = f"{of}: against {other} on the same number of workers, paired by seed"
        _print_gains(title, compared.gains, other, wide=wide)
    if seeds < FEWEST:
        console().print(f"note: intervals need at least {FEWEST} seeds", soft_wrap=True)
    for note in too_narrow(compared):
        console().print(f"note: {note}", soft_wrap=True)


def too_narrow(compared: Compared) -> list[str]:
    """Return a note for each synchronous scheduler whose brackets cannot use all its workers."""
    notes = []
    for name in ("sh", "hyperband"):
        of = [c.experiment for c in compared.study.cells if c.experiment.scheduler == name]
        if not of:
            continue
        most = max(of, key=lambda experiment: experiment.workers)
        r_max = source(most).r_max if most.r_max is None else most.r_max
        levels = rung_levels(most.r_min, r_max, most.eta)
        # SH opens Hyperband's first bracket, the largest one, every time.
        trials = bracket_shapes(levels, most.eta, most.prefact)[0].size
        if trials < most.workers:
            notes.append(
                f"the largest bracket of {name} has {trials} trials and cannot use {most.workers} "
                "workers: raise --prefact, the bracket-size multiplier"
            )
    return notes


def _print_cells(title: str, cells: pd.DataFrame, *, wide: bool) -> None:
    rows = cells.to_dict("records")
    columns = {
        "end\n(mean)": [duration(row["end_seconds"]) for row in rows],
        "utilised\n(mean)": _shares(rows, "training"),
        "barrier\nwait": _shares(rows, "straggling"),
        "too few\njobs": _shares(rows, "shortage"),
        "idle at\nend": _shares(rows, "drained"),
        **{
            name: _shares(rows, name)
            for name in ("overhead", "wasted", "down")
            if any(row[name] for row in rows)
        },
        "reached\nr_max": [f"{row['finished']:.1f}" for row in rows],
        **({"lost\njobs": [f"{row['lost']:.1f}" for row in rows]} if cells["lost"].any() else {}),
        "throughput\n(pooled)": [_times(row["throughput_speedup"]) for row in rows],
        "best loss\n(mean)": [f"{row['best_loss']:.4f}" for row in rows],
        "to target\n(median)": [duration(row["time_to_target"]) for row in rows],
        "missed\ntarget": [str(row["missed"]) for row in rows],
        "speedup to target\n(median) [95 %]": [_speedup(row) for row in rows],
    }
    least = ["idle at\nend", "best loss\n(mean)", "throughput\n(pooled)", "missed\ntarget"]
    least += ["reached\nr_max", "overhead", "lost\njobs", "too few\njobs", "barrier\nwait"]
    least += ["end\n(mean)"]
    _print_rows(title, rows, columns, least, wide=wide)


def _print_effects(title: str, effects: pd.DataFrame, *, wide: bool) -> None:
    rows = effects.to_dict("records")
    waits = {"straggling": "barrier\nwait", "shortage": "too few\njobs"}
    columns = {
        "end: ratio\n(median) [95 %]": [_between(row, "slowdown", _times) for row in rows],
        "end: difference\n(median) [95 %]": [_between(row, "end_seconds", _signed) for row in rows],
        "to target: difference\n(median) [95 %]": [
            _between(row, "time_to_target", _signed) for row in rows
        ],
        **_missed(rows, "missed_without"),
        "reached r_max: difference\n(median) [95 %]": [
            _between(row, "finished", "{:+g}".format) for row in rows
        ],
        **{
            label: [f"{row[f'{name}_without']:.1%} -> {row[name]:.1%}" for row in rows]
            for name, label in waits.items()
        },
    }
    least = ["end: difference\n(median) [95 %]", *waits.values(), "missed\ntarget"]
    least += ["reached r_max: difference\n(median) [95 %]"]
    _print_rows(title, rows, columns, least, wide=wide)


def _print_gains(title: str, gains: pd.DataFrame, other: str, *, wide: bool) -> None:
    rows = gains.to_dict("records")
    columns = {
        f"speedup over {other}\nto target [95 %]": [
            _between(row, "sooner", _times) for row in rows
        ],
        **_missed(rows, "missed_against"),
        f"speedup over {other}\nto end [95 %]": [_between(row, "shorter", _times) for row in rows],
        "reached r_max: difference\n(median) [95 %]": [
            _between(row, "finished", "{:+g}".format) for row in rows
        ],
    }
    _print_rows(title, rows, columns, ["missed\ntarget"], wide=wide)


def _shares(rows: Sequence[_Row], name: str) -> list[str]:
    return [f"{row[name]:.1%}" for row in rows]


def _missed(rows: Sequence[_Row], before: str) -> dict[str, list[str]]:
    """Return the numbers of runs that missed the target, before and after, if any did."""
    if not any(row[before] or row["missed"] for row in rows):
        return {}
    return {"missed\ntarget": [f"{row[before]} -> {row['missed']}" for row in rows]}


def _speedup(row: _Row) -> str:
    return _interval(row["speedup"], [row[end] for end in ENDS], _times)


def _between(row: _Row, name: str, told: Callable[[float], str]) -> str:
    return _interval(row[name], [row[f"{name}_{end}"] for end in ENDS], told)


def _interval(median: float, ends: Sequence[float], told: Callable[[float], str]) -> str:
    """Return an estimate, or the range that contains it, and its interval, if it has one."""
    low, high, least, most = ends
    known = told(median) if not isnan(median) else f"{told(least)} to {told(most)}"
    return known if isnan(low) or isnan(high) else f"{known} [{told(low)}, {told(high)}]"


def _signed(seconds: float) -> str:
    """Return a difference of times; it is infinite if the target was missed."""
    if isnan(seconds):
        return "-"
    if isinf(seconds):
        return "never" if seconds > 0 else "-never"
    return ("-" if seconds < 0 else "+") + duration(abs(seconds))


def _times(factor: float) -> str:
    return "-" if isnan(factor) else f"{factor:.2f}"


def _print_rows(
    title: str,
    rows: Sequence[_Row],
    columns: Mapping[str, Sequence[str]],
    least: Sequence[str],
    *,
    wide: bool,
) -> None:
    """Print a line for each scheduler and worker count.

    If the screen is too narrow for all columns, those in `least` are left out in that order, and a
    note names them. No cell is truncated.
    """
    screen = console()
    kept = dict(columns)
    for name in least:
        if wide or _width(rows, kept) <= screen.width:
            break
        kept.pop(name, None)
    left_out = [name.replace("\n", " ") for name in columns if name not in kept]
    screen.width = max(screen.width, _width(rows, kept))
    screen.print(_table(title, rows, kept))
    if left_out:
        screen.print(f"columns left out: {', '.join(left_out)}; --wide prints all", soft_wrap=True)


def _table(title: str, rows: Sequence[_Row], columns: Mapping[str, Sequence[str]]) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("\nscheduler", no_wrap=True)
    for name in ("\nworkers", *columns):
        table.add_column(name if "\n" in name else f"\n{name}", justify="right", no_wrap=True)
    for i, row in enumerate(rows):
        if i and rows[i - 1]["scheduler"] != row["scheduler"]:
            table.add_section()
        table.add_row(
            row["scheduler"], str(row["workers"]), *(column[i] for column in columns.values())
        )
    return table


def _width(rows: Sequence[_Row], columns: Mapping[str, Sequence[str]]) -> int:
    """Return the width of the full table in characters."""
    screen = console()
    screen.width = 100_000
    return screen.measure(_table("", rows, columns)).maximum
