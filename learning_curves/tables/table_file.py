"""A table of learning curves on disk: CSV or Parquet, one row per config, seed and epoch.

Owns the columns and the rules that every file must keep. Must not know how the curves are used
(`tabular`) or what form the cells have (`sheet`).
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet

from learning_curves.blackbox import RecordedCurve
from learning_curves.errors import InputError
from learning_curves.spaces import space as spaces
from learning_curves.spaces.space import Config
from learning_curves.tables.card import Card
from learning_curves.tables.cells import guess, member_of
from learning_curves.tables.sheet import Sheet, read_sheet

KEYS = ("config_id", "seed", "epoch")
MEASURES = ("validation_error", "seconds")


@dataclass(frozen=True)
class Recorded:
    """What a table says; `ids`, `configs` and `curves` run side by side.

    Parameters
    ----------
    card
        Its card.
    ids
        The recorded id of each config, ascending.
    configs
        The configs, each with the card's hyperparameters.
    curves
        Of each config: seed -> curve, at least one, seeds ascending.

    """

    card: Card
    ids: tuple[int, ...]
    configs: tuple[Config, ...]
    curves: tuple[dict[int, RecordedCurve], ...]


def parse(raw: bytes, path: Path, card: Card | None) -> Recorded:
    """Return what the bytes of a table say, every rule checked; O(n log n) in its rows.

    Parameters
    ----------
    raw
        The content of the file.
    path
        Its name, for messages; the suffix distinguishes CSV from Parquet.
    card
        Its card; if None, r_max is the last epoch in the file, and the space is each
        hyperparameter's values as choices.

    Raises
    ------
    InputError
        The file breaks a rule.

    """
    return recorded_in(read_sheet(raw, path), card)


def recorded_in(sheet: Sheet, card: Card | None) -> Recorded:
    """Return what the sheet of a table says; see `parse`."""
    names = _hyperparameters(sheet, card)
    ids, seeds, epochs = keys = [sheet.numbers(key, whole=True) for key in KEYS]
    losses, seconds = (sheet.numbers(measure, whole=False) for measure in MEASURES)
    if not ids.size:
        raise InputError(
            f"{sheet.path} has no rows: every curve needs one row for each of its epochs"
        )
    sheet.require(ids >= 0, "config_id", "is negative: number configs from 0")
    sheet.require(seeds >= 0, "seed", "is negative: number seeds from 0")
    sheet.require(epochs >= 1, "epoch", "is below 1: number epochs from 1")
    sheet.require(
        ~np.isnan(losses) & (losses != -np.inf),
        "validation_error",
        "is not a loss: write a number, or inf where training diverged",
    )
    sheet.require(
        np.isfinite(seconds) & (seconds > 0),
        "seconds",
        "is not a duration: write the seconds of this one epoch, finite and > 0",
    )
    if card and card.seeds:
        listed = list(card.seeds)
        sheet.require(np.isin(seeds, listed), "seed", f"is not in the card's seeds {listed}")
    r_max = card.r_max if card else int(epochs.max())
    order = np.lexsort((epochs, seeds, ids))
    starts = _complete(sheet, order, keys, r_max, "the card's" if card else "the table's")
    configs = _configs(sheet, ids, names, card)
    curves: dict[int, dict[int, RecordedCurve]] = {}
    for number, seed, curve_losses, curve_seconds in zip(
        ids[order[starts]].tolist(),
        seeds[order[starts]].tolist(),
        losses[order].reshape(-1, r_max).tolist(),
        seconds[order].reshape(-1, r_max).tolist(),
        strict=True,
    ):
        curve = RecordedCurve(tuple(curve_losses), tuple(curve_seconds))
        curves.setdefault(number, {})[seed] = curve
    if card is None:
        values = {name: {config[name] for config in configs} for name in names}
        space = {name: {"choices": sorted(each)} for name, each in values.items()}
        card = Card(sheet.path.stem, r_max, space, seeds=tuple(np.unique(seeds).tolist()))
    return Recorded(card, tuple(curves), configs, tuple(curves.values()))


def render(recorded: Recorded, *, parquet: bool) -> bytes:
    """Return the table as bytes, which `parse`, given the same card, turns back into it."""
    names = list(recorded.card.space)
    header = ["config_id", *names, "seed", "epoch", *MEASURES]
    sides = zip(recorded.ids, recorded.configs, recorded.curves, strict=True)
    rows = [
        [number, *(config[name] for name in names), seed, epoch, loss, seconds]
        for number, config, by_seed in sides
        for seed, curve in by_seed.items()
        for epoch, (loss, seconds) in enumerate(
            zip(curve.all_losses, curve.all_seconds, strict=True), start=1
        )
    ]
    if not parquet:
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows([header, *rows])
        return text.getvalue().encode()
    columns = zip(header, zip(*rows, strict=True), strict=True)
    sink = pa.BufferOutputStream()
    pyarrow.parquet.write_table(pa.table({name: _array(cells) for name, cells in columns}), sink)
    return bytes(sink.getvalue())


def _array(cells: Sequence[Any]) -> Any:
    try:
        return pa.array(cells)
    except (pa.ArrowException, OverflowError):  # a mixed list of choices, such as [16, "all"]
        return pa.array([str(cell) for cell in cells])


def _hyperparameters(sheet: Sheet, card: Card | None) -> list[str]:
    """Return the names of the columns that are hyperparameters, in the order of the space."""
    columns, needed, header = sheet.table.column_names, [*KEYS, *MEASURES], sheet.header()
    for column in columns:
        if not column:
            raise InputError(f"{header}: a column has no name: name it, or remove it")
        if columns.count(column) > 1:
            raise InputError(f"{header}: the column {column!r} is there twice: keep one")
    for column in [*needed, *(card.space if card else ())]:
        if column not in columns:
            raise InputError(
                f"{header}: the column {column!r} is missing, there are {', '.join(columns)}: "
                "add it"
            )
    for column in needed:
        if card and column in card.space:
            raise InputError(f"{header}: {column!r} cannot be a hyperparameter: rename it")
    found = [column for column in columns if column not in needed]
    if not found:
        raise InputError(f"{header}: no column is a hyperparameter: add one for each")
    if card is None:
        return found
    for column in found:
        if column not in card.space:
            raise InputError(
                f"{header}: the column {column!r} is not in the card's space: add it there, "
                "or remove the column"
            )
    return list(card.space)


def _complete(
    sheet: Sheet,
    order: npt.NDArray[np.intp],
    keys: list[npt.NDArray[Any]],
    r_max: int,
    whose: str,
) -> npt.NDArray[np.intp]:
    """Return where, in `order`, each curve starts, or name the row where one is not complete."""
    sheet.require(keys[2] <= r_max, "epoch", f"is beyond {whose} r_max {r_max}")
    ids, seeds, epochs = (key[order] for key in keys)
    same_curve = (ids[1:] == ids[:-1]) & (seeds[1:] == seeds[:-1])
    twice = same_curve & (epochs[1:] == epochs[:-1])
    if twice.any():
        at = int(np.argmax(twice))
        first = sheet.place(int(order[at]))
        sheet.fail(int(order[at + 1]), "epoch", f"repeats {first}: keep one row for each epoch")
    starts = np.flatnonzero(np.concatenate(([True], ~same_curve)))
    lengths = np.diff(starts, append=len(order))
    if (lengths != r_max).any():
        at = int(np.argmax(lengths != r_max))
        start, length = int(starts[at]), int(lengths[at])
        there = epochs[start : start + length] == np.arange(1, length + 1)
        missing = length + 1 if there.all() else int(np.argmin(there)) + 1
        sheet.fail(
            int(order[start + max(missing - 2, 0)]),
            "epoch",
            f"belongs to config_id {ids[start]}, seed {seeds[start]}, whose epoch {missing} is "
            f"missing: every curve needs all epochs from 1 to {whose} r_max {r_max}",
        )
    return starts


def _configs(
    sheet: Sheet, ids: npt.NDArray[np.int64], names: list[str], card: Card | None
) -> tuple[Config, ...]:
    """Return the configs in ascending id, each with one value for each hyperparameter."""
    unique, first, config_of = np.unique(ids, return_index=True, return_inverse=True)
    space = spaces.from_dict(card.space) if card else {}
    columns = []
    for name in names:
        codes, cells = sheet.encoded(name)
        convert = member_of(space[name]) if card else guess(cells)
        values: list[Any] = []
        for code, cell in enumerate(cells):
            try:
                values.append(convert(cell))
            except ValueError as unfit:
                sheet.fail(int(np.argmax(codes == code)), name, str(unfit))
        code_of: dict[Any, int] = {}  # 0.1 and 0.10 are two cells of one value
        codes = np.array([code_of.setdefault(v, code) for code, v in enumerate(values)])[codes]
        changes = codes != codes[first][config_of]
        if changes.any():
            row = int(np.argmax(changes))
            start = int(first[config_of[row]])
            sheet.fail(
                row,
                name,
                f"differs from {values[codes[start]]!r} at {sheet.place(start)}: config_id "
                f"{ids[row]} must have the same hyperparameters in all its rows",
            )
        columns.append([values[code] for code in codes[first].tolist()])
    seen: dict[tuple[Any, ...], int] = {}
    for at, config in enumerate(zip(*columns, strict=True)):
        twin = seen.setdefault(config, at)
        if twin != at:
            sheet.fail(
                int(first[at]),
                "config_id",
                f"has the hyperparameters of config_id {unique[twin]}: give both the same id, "
                "and each training its own seed",
            )
    return tuple(dict(zip(names, config, strict=True)) for config in seen)
