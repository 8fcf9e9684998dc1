"""Any tidy CSV or Parquet file: a row an epoch, or a row a training with a column an epoch.

Owns which column means what. Our own tables are such files, too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute

from learning_curves.errors import InputError
from learning_curves.importers.log import Floats, Log, Places, Progress, read_whole
from learning_curves.importers.losses import as_losses
from learning_curves.importers.options import Options
from learning_curves.importers.trainings import named, repeats
from learning_curves.spaces.space import Config, Space
from learning_curves.spaces.space import from_dict as space_of
from learning_curves.tables.card import Card, read_card
from learning_curves.tables.cells import guess, member_of
from learning_curves.tables.sheet import Sheet, read_sheet
from learning_curves.tables.table_file import KEYS, MEASURES

_OURS = (*KEYS, *MEASURES)


def read(source: Path, options: Options, progress: Progress) -> Log:
    """Return what the file says.

    Raises
    ------
    InputError
        It is no such file, or lacks a column; or a cell is not what its column needs.

    """
    content, digest = read_whole(source, progress)
    sheet = read_sheet(content, source)
    columns = _columns(sheet, options)
    wide = _wide_columns(sheet, options.wide) if options.wide else {}
    taken = {*columns.values(), *wide.values()}
    if options.wide_seconds:
        taken |= set(_wide_columns(sheet, options.wide_seconds).values())
    card = read_card(beside) if (beside := source.with_suffix(".toml")).is_file() else None
    space = space_of(card.space) if card else {}
    names = _hyperparameters(sheet, options, taken)
    codes, configs = _configs(sheet, names, space)
    rows = _wide(sheet, columns, wide, options) if wide else _long(sheet, columns, options)
    loss, said = as_losses(rows.metric, options.wide or columns["validation_error"], options)
    ids, configs, config, seed = _trainings(sheet, columns, codes, configs, rows)
    given = _from_card(card) if card else {}
    return Log(
        ids=ids,
        configs=configs,
        config=config,
        seed=seed,
        step=rows.step,
        loss=loss,
        seconds=rows.seconds,
        place=lambda row: f"{source}, {sheet.place(int(rows.row[row]))}",
        cumulative=options.seconds_are == "cumulative",
        space={name: domain for name, domain in space.items() if name in names},
        notes=(said, f"hyperparameters: {', '.join(names)}"),
        recording=given.pop("recording", {})
        | {"imported_from": source.name, "format": "tidy", "sha256": digest, "loss": said},
        **given,
    )


@dataclass(frozen=True)
class _Rows:
    """The epochs in the file: in which row of it, and what is said of them."""

    row: Places
    step: Floats
    metric: Floats
    seconds: Floats


def _columns(sheet: Sheet, options: Options) -> dict[str, str]:
    """Return our name -> their column, for all that are there."""
    there = sheet.table.column_names
    for column in there:
        if not column or there.count(column) > 1:
            raise InputError(
                f"{sheet.header()}: the column {column!r} is "
                f"{'there twice: keep one' if column else 'nameless: name it, or leave it out'}"
            )
    for ours, column in options.columns.items():
        if options.wide and ours in ("epoch", "validation_error"):
            raise InputError(f"--map has {ours!r} beside --wide, which has it: leave it out")
        if ours not in _OURS:
            raise InputError(f"--map has {ours!r}, which is none of {', '.join(_OURS)}")
        if column not in there:
            raise InputError(
                f"{sheet.header()}: the column {column!r} of --map is missing, there are "
                f"{', '.join(there)}"
            )
    columns = {ours: ours for ours in _OURS if ours in there} | dict(options.columns)
    wide = {"epoch", "validation_error"} if options.wide else set()
    needed = {"epoch", "validation_error", "seconds"} - wide
    if options.seconds_per_epoch is not None or options.wide_seconds:
        needed -= {"seconds"}
    for ours in sorted(needed - columns.keys()):
        other = ", or --seconds-per-epoch S" if ours == "seconds" else ""
        raise InputError(
            f"{sheet.header()}: the column {ours!r} is missing, there are {', '.join(there)}: "
            f"give --map {ours}=THEIRS{other}"
        )
    return {ours: column for ours, column in columns.items() if ours not in wide}


def _wide_columns(sheet: Sheet, pattern: str) -> dict[int, str]:
    """Return epoch -> the column that has it, ascending."""
    before, after = pattern.split("{epoch}")
    form = re.compile(f"{re.escape(before)}([0-9]+){re.escape(after)}")
    found = {
        int(match[1]): column
        for column in sheet.table.column_names
        if (match := form.fullmatch(column))
    }
    if not found:
        raise InputError(
            f"{sheet.header()}: no column is like {pattern!r}, there are "
            f"{', '.join(sheet.table.column_names)}"
        )
    return dict(sorted(found.items()))


def _hyperparameters(sheet: Sheet, options: Options, taken: set[str]) -> list[str]:
    there = sheet.table.column_names
    if options.hyperparameters is None:
        names = [column for column in there if column not in taken]
    else:
        names = list(options.hyperparameters)
    for name in names:
        if name not in there:
            raise InputError(
                f"{sheet.header()}: the column {name!r} of --hyperparameters is missing, there are "
                f"{', '.join(there)}"
            )
        if name in taken or name in _OURS:
            raise InputError(
                f"{sheet.header()}: the column {name!r} cannot be a hyperparameter: name those "
                "that are by --hyperparameters"
            )
    if not names:
        raise InputError(f"{sheet.header()}: no column is a hyperparameter: add one for each")
    return names


def _configs(sheet: Sheet, names: Sequence[str], space: Space) -> tuple[Places, list[Config]]:
    """Return each row's place in the configs, and these, in the order of first appearance."""
    columns, keys = [], []
    for name in names:
        codes, cells = sheet.encoded(name)
        convert = member_of(space[name]) if name in space else guess(cells)
        values: list[Any] = []
        for code, cell in enumerate(cells):
            try:
                values.append(convert(cell))
            except ValueError as unfit:
                sheet.fail(int(np.argmax(codes == code)), name, str(unfit))
        code_of: dict[Any, int] = {}  # 0.1 and 0.10 are two cells of one value
        same = np.array([code_of.setdefault(v, code) for code, v in enumerate(values)])
        keys.append(same[codes])
        columns.append(values)
    _, first, place = np.unique(np.stack(keys), axis=1, return_index=True, return_inverse=True)
    order = np.argsort(first)
    configs: list[Config] = [
        {name: values[key[row]] for name, values, key in zip(names, columns, keys, strict=True)}
        for row in first[order].tolist()
    ]
    return np.argsort(order)[place.ravel()], configs


def _long(sheet: Sheet, columns: dict[str, str], options: Options) -> _Rows:
    column = columns["validation_error"]
    metric, there = _numbers(sheet, column, or_empty=options.empty is not None)
    if options.empty == "diverged":
        there = np.ones_like(there)
    step = sheet.numbers(columns["epoch"], whole=False)
    sheet.require(np.isfinite(step), columns["epoch"], "is no number of an epoch")
    row = np.flatnonzero(there)
    return _Rows(row, step[row], metric[row], _seconds(sheet, columns, options)[row])


def _wide(sheet: Sheet, columns: dict[str, str], wide: dict[int, str], options: Options) -> _Rows:
    """Return the epochs of a file with a row a training; an empty cell is no epoch."""
    cells = [_numbers(sheet, column, or_empty=True) for column in wide.values()]
    metric = np.stack([values for values, _ in cells], axis=1)  # (rows, epochs)
    row, at = np.nonzero(np.stack([there for _, there in cells], axis=1))
    if options.wide_seconds:
        timed = _wide_columns(sheet, options.wide_seconds)
        for epoch, column in wide.items():
            if epoch not in timed:
                raise InputError(
                    f"{sheet.header()}: {column!r} has no seconds like {options.wide_seconds!r}"
                )
        seconds = np.stack(
            [_numbers(sheet, timed[epoch], or_empty=True)[0] for epoch in wide], axis=1
        )[row, at]
    else:
        seconds = _seconds(sheet, columns, options)[row]
    return _Rows(row, np.array(list(wide), dtype=np.float64)[at], metric[row, at], seconds)


def _seconds(sheet: Sheet, columns: dict[str, str], options: Options) -> Floats:
    if options.seconds_per_epoch is not None:
        return np.full(sheet.table.num_rows, options.seconds_per_epoch)
    seconds: Floats = sheet.numbers(columns["seconds"], whole=False)
    return seconds


def _numbers(sheet: Sheet, column: str, *, or_empty: bool) -> tuple[Floats, Any]:
    """Return the column's numbers, NaN where a cell is empty, and where none is."""
    cells = sheet.table[column]
    if pa.types.is_string(cells.type):
        empty = np.asarray(pyarrow.compute.equal(cells, ""))
    else:
        empty = np.asarray(cells.is_null())
    if empty.any() and not or_empty:
        raise InputError(
            f"{sheet.path}, {sheet.place(int(np.argmax(empty)))}, column {column!r}: the cell is "
            "empty: say what that means, --empty diverged or --empty absent"
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
                sheet.fail(row, column, "is no number: write one")
    return values, ~empty


def _trainings(
    sheet: Sheet, columns: dict[str, str], codes: Places, configs: list[Config], rows: _Rows
) -> tuple[list[int], list[Config], Places, Places]:
    """Return the ids, the config of each, and of each epoch the config's place and the seed."""
    seed = None
    if "seed" in columns:
        seed = sheet.numbers(columns["seed"], whole=True)
        sheet.require(seed >= 0, columns["seed"], "is negative: number seeds from 0")
        seed = seed[rows.row]
    if "config_id" not in columns:
        ids, at = list(range(len(configs))), codes[rows.row]
        return ids, configs, at, _occurrences(at, rows.step) if seed is None else seed
    column = columns["config_id"]
    labels, cells = sheet.encoded(column)
    convert = guess(cells)
    try:
        names = [convert(cell) for cell in cells]
    except ValueError as unfit:
        sheet.fail(0, column, str(unfit))
    _, first, place = np.unique(labels, return_index=True, return_inverse=True)
    changed = codes != codes[first][place]
    if changed.any():
        row = int(np.argmax(changed))
        one, other = configs[codes[row]], configs[codes[first[place[row]]]]
        differs = next(name for name in one if one[name] != other[name])
        sheet.fail(
            row,
            differs,
            f"differs from {other[differs]!r} at {sheet.place(int(first[place[row]]))}, of the "
            f"same {column}: name the hyperparameters by --hyperparameters",
        )
    of_each = [configs[code] for code in codes[first].tolist()]
    if seed is None:
        ids, distinct, config, by_training = repeats(of_each, names)
        return ids, distinct, config[place][rows.row], by_training[place][rows.row]
    ids, distinct, config = named(names, of_each)
    return ids, distinct, config[place][rows.row], seed


def _occurrences(config: Places, step: Floats) -> Places:
    """Return for each epoch how often it stood above, for the same config: its seed.

    Raises
    ------
    InputError
        A config has some of its epochs more often than others: which training an epoch is of is
        then anybody's guess.

    """
    order = np.lexsort((step, config))  # stable: the file's order within an epoch
    same = (np.diff(config[order]) == 0) & (np.diff(step[order]) == 0)
    firsts = np.flatnonzero(np.concatenate(([True], ~same)))
    lengths = np.diff(firsts, append=len(order))
    of = config[order][firsts]
    least: dict[int, int] = {}
    most: dict[int, int] = {}
    for each, times in zip(of.tolist(), lengths.tolist(), strict=True):
        least[each] = min(times, least.get(each, times))
        most[each] = max(times, most.get(each, times))
        if least[each] < most[each]:
            raise InputError(
                f"of one config some epochs are there {least[each]} times and others {most[each]} "
                "times: say which training each row is of, by --map seed=COLUMN"
            )
    seed = np.empty(len(order), dtype=np.int64)
    seed[order] = np.arange(len(order)) - np.repeat(firsts, lengths)
    return seed


def _from_card(card: Card) -> dict[str, Any]:
    return {
        "title": card.title,
        "licence": card.licence,
        "flaws": card.known_flaws,
        "task": card.task,
        "recording": dict(card.recording),
        "train_examples": card.train_examples,
    }
