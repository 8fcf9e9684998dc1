"""Tidy CSV, Parquet or JSON lines: a row per epoch, or a row per training and a column per epoch.

Owns the meaning of the columns. Our own tables are such files, too.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from learning_curves.errors import InputError
from learning_curves.importers.formats import json_lines
from learning_curves.importers.formats.tidy_epochs import long_epochs, wide_columns, wide_epochs
from learning_curves.importers.formats.tidy_trainings import OURS, trainings
from learning_curves.importers.log import Log, Places, Progress, read_whole
from learning_curves.importers.losses import as_losses
from learning_curves.importers.options import Options
from learning_curves.spaces.space import Config, Space
from learning_curves.spaces.space import from_dict as space_of
from learning_curves.tables.card import Card, read_card
from learning_curves.tables.cells import as_number, guess, member_of
from learning_curves.tables.sheet import Sheet, read_sheet


def read(source: Path, options: Options, progress: Progress) -> Log:
    """Return the curves in the file.

    Raises
    ------
    InputError
        The file cannot be read or lacks a column; or a cell does not fit its column.

    """
    content, digest = read_whole(source, progress)
    by_line = source.suffix in json_lines.SUFFIXES
    whole = json_lines.sheet(content, source) if by_line else read_sheet(content, source)
    _check_names(whole)
    sheet = _selected(whole, options)
    columns = _columns(sheet, options)
    wide = wide_columns(sheet, options.wide) if options.wide else {}
    taken = {*columns.values(), *wide.values()}
    if options.wide_seconds:
        taken |= set(wide_columns(sheet, options.wide_seconds).values())
    card = read_card(beside) if (beside := source.with_suffix(".toml")).is_file() else None
    space = space_of(card.space) if card else {}
    names = _hyperparameters(sheet, options, taken)
    codes, configs = _configs(sheet, names, space)
    epochs = (
        wide_epochs(sheet, columns, wide, options) if wide else long_epochs(sheet, columns, options)
    )
    where = f" ({', '.join(options.where)})" if options.where else ""
    called = f"{options.wide or columns['validation_error']}{where}"
    loss, said = as_losses(epochs.metric, called, options)
    loss = np.where(epochs.diverged, np.inf, loss)
    ids, configs, config, seed, repeated = trainings(
        sheet, columns, codes, configs, epochs, options
    )
    notes = [said, f"hyperparameters: {', '.join(configs[0]) if configs else ''}", *repeated]
    if options.where:
        rows = f"{sheet.table.num_rows} of {whole.table.num_rows} rows"
        notes.insert(0, f"{rows} have {' and '.join(options.where)}: the other rows are left out")
    if epochs.decision:
        notes.append(epochs.decision)
    given = _from_card(card) if card else {}
    return Log(
        ids=ids,
        configs=configs,
        config=config,
        seed=seed,
        step=epochs.step,
        loss=loss,
        seconds=epochs.seconds,
        place=lambda row: f"{source}, {sheet.place(int(epochs.row[row]))}",
        cumulative=options.seconds_are == "cumulative",
        stamps=options.seconds_are == "stamps",
        start=epochs.start,
        absent=epochs.absent,
        space={name: domain for name, domain in space.items() if name in names},
        notes=tuple(notes),
        recording=given.pop("recording", {})
        | {"imported_from": source.name, "format": "tidy", "sha256": digest, "loss": said}
        | ({"repeats": repeated[0]} if repeated else {}),
        **given,
    )


def _selected(sheet: Sheet, options: Options) -> Sheet:
    """Return the rows for which all of `options.where` holds."""
    for condition in options.where:
        column, _, value = condition.partition("=")
        if column not in sheet.table.column_names:
            raise InputError(
                f"{sheet.header()}: the column {column!r} of --where is missing, there are "
                f"{', '.join(sheet.table.column_names)}"
            )
        try:
            encoded = sheet.table[column].combine_chunks().dictionary_encode(null_encoding="encode")
        except pa.ArrowNotImplementedError:  # lists and the like
            sheet.fail(0, column, "is not a number, truth value or string, as --where needs")
        cells = encoded.dictionary.to_pylist()
        fits = np.array([_is(cell, value) for cell in cells], dtype=bool)
        if not fits.any():
            there = sorted({"(empty)" if cell in (None, "") else str(cell) for cell in cells})
            more = f" and {len(there) - 8} more" if len(there) > 8 else ""
            raise InputError(
                f"{sheet.path}: no row has {condition}: the values are {', '.join(there[:8])}{more}"
            )
        sheet = sheet.where(fits[np.asarray(encoded.indices)])
    return sheet


def _is(cell: Any, value: str) -> bool:
    number = as_number(cell)
    return str(cell) == value or (number is not None and number == as_number(value))


def _check_names(sheet: Sheet) -> None:
    there = sheet.table.column_names
    for column in there:
        if not column or there.count(column) > 1:
            raise InputError(
                f"{sheet.header()}: the column {column!r} is "
                f"{'there twice: keep one' if column else 'nameless: name or remove it'}"
            )


def _columns(sheet: Sheet, options: Options) -> dict[str, str]:
    """Return our name -> the source's column, for all columns that exist."""
    there = sheet.table.column_names
    for ours, column in options.columns.items():
        if options.wide and ours in ("epoch", "validation_error"):
            raise InputError(f"--map has {ours!r}, which --wide gives: leave it out")
        if ours not in (*OURS, "start"):
            raise InputError(f"--map has {ours!r}: choose from {', '.join(OURS)}, start")
        if column not in there:
            raise InputError(
                f"{sheet.header()}: the column {column!r} of --map is missing, there are "
                f"{', '.join(there)}"
            )
    columns = {ours: ours for ours in OURS if ours in there} | dict(options.columns)
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


def _hyperparameters(sheet: Sheet, options: Options, taken: set[str]) -> list[str]:
    there = sheet.table.column_names
    if options.hyperparameters is None:
        fixed = {condition.partition("=")[0] for condition in options.where}
        names = [column for column in there if column not in taken | fixed]
    else:
        names = list(options.hyperparameters)
    for name in names:
        if name not in there:
            raise InputError(
                f"{sheet.header()}: the column {name!r} of --hyperparameters is missing, there are "
                f"{', '.join(there)}"
            )
        if name in taken or name in OURS:
            raise InputError(
                f"{sheet.header()}: the column {name!r} cannot be a hyperparameter: name the "
                "hyperparameters with --hyperparameters"
            )
    if not names:
        raise InputError(f"{sheet.header()}: no column is a hyperparameter: add one for each")
    return names


def _configs(sheet: Sheet, names: Sequence[str], space: Space) -> tuple[Places, list[Config]]:
    """Return each row's index in the configs, and the configs in the order of first appearance."""
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


def _from_card(card: Card) -> dict[str, Any]:
    return {
        "title": card.title,
        "licence": card.licence,
        "flaws": card.known_flaws,
        "task": card.task,
        "recording": dict(card.recording),
        "train_examples": card.train_examples,
    }
