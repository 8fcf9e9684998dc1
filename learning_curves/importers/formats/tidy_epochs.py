"""The epochs of a tidy file: the row of each, and the values of its cells.

Owns long and wide files, empty cells and clocks. Must not know to which training an epoch belongs.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute

from learning_curves.errors import InputError
from learning_curves.importers.log import Floats, Places
from learning_curves.importers.options import Options
from learning_curves.importers.seconds import unix_unit
from learning_curves.tables.sheet import Sheet


@dataclass(frozen=True)
class Epochs:
    """The epochs in the file: the row of each, and its values.

    An epoch whose loss is empty has the metric NaN, and is `absent` or has `diverged`.
    """

    row: Places
    step: Floats
    metric: Floats
    seconds: Floats
    absent: npt.NDArray[np.bool_]
    diverged: npt.NDArray[np.bool_]
    start: Floats | None

    @property
    def decision(self) -> str:
        """Return a line that states how empty losses were read; empty if there are none."""
        for where, meaning in (
            (self.absent, "not measured (--empty diverged makes them inf)"),
            (self.diverged, "diverged, so inf (--empty absent reads them as not measured)"),
        ):
            if count := int(where.sum()):
                return f"{count} {'loss is' if count == 1 else 'losses are'} empty: {meaning}"
        return ""


def wide_columns(sheet: Sheet, pattern: str) -> dict[int, str]:
    """Return epoch -> its column, ascending."""
    before, after = pattern.split("{epoch}")
    form = re.compile(f"{re.escape(before)}([0-9]+){re.escape(after)}")
    found = {
        int(match[1]): column
        for column in sheet.table.column_names
        if (match := form.fullmatch(column))
    }
    if not found:
        raise InputError(
            f"{sheet.header()}: no column matches {pattern!r}: the columns are "
            f"{', '.join(sheet.table.column_names)}"
        )
    return dict(sorted(found.items()))


def long_epochs(sheet: Sheet, columns: dict[str, str], options: Options) -> Epochs:
    """Return the epochs of a file with one row per epoch."""
    metric, there = _numbers(sheet, columns["validation_error"], or_empty=options.empty is not None)
    step = sheet.numbers(columns["epoch"], whole=False)
    sheet.require(np.isfinite(step), columns["epoch"], "is not an epoch number: write a number")
    seconds = _seconds(sheet, columns, options, there)
    return _epochs(sheet, columns, options, np.arange(len(step)), step, metric, seconds, there)


def wide_epochs(
    sheet: Sheet, columns: dict[str, str], wide: dict[int, str], options: Options
) -> Epochs:
    """Return the epochs of a file with one row per training."""
    cells = [_numbers(sheet, column, or_empty=True) for column in wide.values()]
    metric = np.stack([values for values, _ in cells], axis=1).ravel()  # (rows * epochs,)
    there = np.stack([there for _, there in cells], axis=1).ravel()
    row = np.repeat(np.arange(sheet.table.num_rows), len(wide))
    if options.wide_seconds:
        timed = wide_columns(sheet, options.wide_seconds)
        for epoch, column in wide.items():
            if epoch not in timed:
                raise InputError(
                    f"{sheet.header()}: {column!r} has no seconds like {options.wide_seconds!r}"
                )
        seconds = np.stack(
            [_numbers(sheet, timed[epoch], or_empty=True)[0] for epoch in wide], axis=1
        ).ravel()
    else:
        seconds = _seconds(sheet, columns, options)[row]
    step = np.tile(np.array(list(wide), dtype=np.float64), sheet.table.num_rows)
    return _epochs(sheet, columns, options, row, step, metric, seconds, there)


def _epochs(
    sheet: Sheet,
    columns: dict[str, str],
    options: Options,
    row: Places,
    step: Floats,
    metric: Floats,
    seconds: Floats,
    there: npt.NDArray[np.bool_],
) -> Epochs:
    """Return the epochs, empty losses read as absent or diverged; `there` marks the others."""
    recorded = options.seconds_per_epoch is None
    if recorded and options.seconds_are != "stamps" and (unit := unix_unit(seconds)):
        first = seconds[np.isfinite(seconds)][0]
        remedy = "give" if unit == "seconds" else f"convert {unit} to seconds, and give"
        raise InputError(
            f"the seconds {options.wide_seconds or columns['seconds']!r} are {first:.15g} and the "
            f"like, which are times of day and not durations: {remedy} --seconds-are stamps"
        )
    empty, none = ~there, np.zeros_like(there)
    diverged = options.empty == "diverged"
    start = _clock(sheet, columns["start"])[row] if "start" in columns else None
    return Epochs(
        row,
        step,
        metric,
        seconds,
        absent=none if diverged else empty,
        diverged=empty if diverged else none,
        start=start,
    )


def _seconds(
    sheet: Sheet,
    columns: dict[str, str],
    options: Options,
    needed: npt.NDArray[np.bool_] | None = None,
) -> Floats:
    """Return the seconds of each row; a cell that is not `needed` may be empty, which gives NaN."""
    if options.seconds_per_epoch is not None:
        return np.full(sheet.table.num_rows, options.seconds_per_epoch)
    if options.seconds_are == "stamps":
        return _clock(sheet, columns["seconds"])
    column = columns["seconds"]
    seconds, there = _numbers(sheet, column, or_empty=True)
    sheet.require(there if needed is None else there | ~needed, column, "")
    return seconds


def _clock(sheet: Sheet, column: str) -> Floats:
    """Return stamps in seconds: numbers as they are, dates and times as Unix time."""
    cells = sheet.table[column]
    kinds = (pa.float64(), pa.timestamp("us"), pa.timestamp("us", "UTC"))
    for kind in kinds:
        try:
            stamps = cells.cast(kind)
        except (
            pa.ArrowException
        ):  # not a number; not a date; or a date with or without a time zone, unlike the others
            continue
        if kind != pa.float64():
            sheet.require(stamps.is_valid().to_numpy(zero_copy_only=False), column, "")
            return np.asarray(stamps.cast(pa.int64()), dtype=np.float64) / 1e6
        break
    seconds: Floats = sheet.numbers(column, whole=False)
    unit = unix_unit(seconds)
    if unit not in (None, "seconds"):
        raise InputError(
            f"{sheet.header()}: the column {column!r} has stamps in {unit}: convert them to seconds"
        )
    return seconds


def _numbers(sheet: Sheet, column: str, *, or_empty: bool) -> tuple[Floats, Any]:
    """Return the column's numbers, NaN where a cell is empty, and which cells are not empty."""
    cells = sheet.table[column]
    empty = np.asarray(cells.is_null())
    if pa.types.is_string(cells.type):
        empty |= np.asarray(pyarrow.compute.equal(pyarrow.compute.coalesce(cells, ""), ""))
    if empty.any() and not or_empty:
        raise InputError(
            f"{sheet.path}, {sheet.place(int(np.argmax(empty)))}, column {column!r}: the cell "
            "is empty: state the meaning with --empty diverged or --empty absent"
        )
    if not empty.any():
        return sheet.numbers(column, whole=False), ~empty
    filled = pyarrow.compute.if_else(pa.array(empty), None, cells)
    kept = filled.filter(pa.array(~empty))
    rows = np.flatnonzero(~empty)
    values = np.full(len(empty), np.nan)
    try:
        values[rows] = np.asarray(kept.cast(pa.float64()))
    except pa.ArrowException:
        for row in rows.tolist():
            try:
                values[row] = cells[row].cast(pa.float64()).as_py()
            except pa.ArrowException:
                sheet.fail(row, column, "is not a number: write one")
    return values, ~empty
