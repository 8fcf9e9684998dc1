"""The sheet of cells that a table's file holds, before anybody asks what they mean.

Owns reading CSV and Parquet, and the wording of a complaint about a cell: file, row as a person
counts it, column, value. Must not know what a learning curve is (`table_file`).
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from learning_curves.errors import InputError, reading

_EMPTY = "the cell is empty: write a value in every column of every row"


def is_parquet(path: Path) -> bool:
    """Return whether `path` names a Parquet file; any other table is CSV."""
    return path.suffix == ".parquet"


@dataclass(frozen=True)
class Sheet:
    """The cells of a file: all of them text if it is a CSV, typed if it is Parquet.

    Parameters
    ----------
    path
        The file.
    table
        Its cells, a `pyarrow.Table`.
    kind
        The form of the source: ``"csv"``, ``"parquet"``, ``"jsonl"`` or ``"frame"``, a DataFrame.
    rows
        The row of the source, from 0, that each row of `table` was; None if they are the same.

    """

    path: Path
    table: Any
    kind: str = "csv"
    rows: npt.NDArray[np.int64] | None = None

    def header(self) -> str:
        """Return where the column names stand, as a person would say it."""
        return f"{self.path}, {'line 1' if self.kind == 'csv' else 'columns'}"

    def place(self, row: int) -> str:
        """Return where the row stands; the first line of a CSV is its header."""
        row = row if self.rows is None else int(self.rows[row])
        match self.kind:
            case "csv":
                return f"line {row + 2}"
            case "jsonl":
                return f"line {row + 1}"
            case "frame":
                return f"iloc[{row}]"
            case _:
                return f"row {row + 1}"

    def where(self, kept: npt.NDArray[np.bool_]) -> Sheet:
        """Return the sheet of the rows where `kept` is true; their places stay as they are."""
        rows = np.arange(len(kept)) if self.rows is None else self.rows
        return Sheet(self.path, self.table.filter(pa.array(kept)), self.kind, rows[kept])

    def fail(self, row: int, column: str, why: str) -> NoReturn:
        """Raise the complaint that the value at this row and column is, or does, `why`."""
        value = self.table[column][row].as_py()
        fault = _EMPTY if value in (None, "") else f"{value!r} {why}"
        raise InputError(f"{self.path}, {self.place(row)}, column {column!r}: {fault}")

    def require(self, holds: npt.NDArray[np.bool_], column: str, why: str) -> None:
        """Raise the complaint about the first row where `holds` is false, if there is one."""
        if not holds.all():
            self.fail(int(np.argmin(holds)), column, why)

    def numbers(self, column: str, *, whole: bool) -> npt.NDArray[Any]:
        """Return the column as an array, or complain about the first cell that is not a number."""
        cells, kind = self.table[column], pa.int64() if whole else pa.float64()
        try:
            numbers = cells.cast(kind)
        except pa.ArrowException:
            numbers = pa.array([_cast(cell, kind) for cell in cells], kind)
        self.require(
            numbers.is_valid().to_numpy(zero_copy_only=False),
            column,
            f"is not a {'whole ' if whole else ''}number: write one",
        )
        return np.asarray(numbers)

    def encoded(self, column: str) -> tuple[npt.NDArray[np.intp], list[Any]]:
        """Return each row's code, and the cell that each code stands for."""
        cells = self.table[column].combine_chunks()
        self.require(cells.is_valid().to_numpy(zero_copy_only=False), column, "")
        try:
            encoded = cells.dictionary_encode()
        except pa.ArrowNotImplementedError:  # lists and the like
            self.fail(0, column, "is not a number, truth value or string: write one of these")
        return encoded.indices.to_numpy(), encoded.dictionary.to_pylist()


def _cast(cell: Any, kind: Any) -> Any:
    try:
        return cell.cast(kind).as_py()
    except pa.ArrowException:
        return None


def read_sheet(raw: bytes, path: Path) -> Sheet:
    """Return the sheet that the bytes of a file hold.

    Raises
    ------
    InputError
        The bytes are no CSV, or no Parquet, as the suffix of `path` has it.

    """
    if is_parquet(path):
        return Sheet(path, _read_parquet(raw, path), "parquet")
    return Sheet(path, _read_csv(raw, path))


def _read_csv(raw: bytes, path: Path) -> Any:
    raw = raw.rstrip(b"\r\n")
    if not raw:
        raise InputError(f"{path} is empty: write a first line with the column names")
    try:
        header = next(csv.reader([raw.partition(b"\n")[0].decode("utf-8-sig")]), [])
        texts = dict.fromkeys(header, pa.string())
        table = pyarrow.csv.read_csv(
            pa.BufferReader(raw + b"\n"),
            parse_options=pyarrow.csv.ParseOptions(ignore_empty_lines=False),
            convert_options=pyarrow.csv.ConvertOptions(
                column_types=texts, strings_can_be_null=False
            ),
        )
    except (UnicodeDecodeError, csv.Error, pa.ArrowException) as error:
        raise _broken(raw, path, error) from None
    if table.num_rows != raw.count(b"\n"):
        raise _broken(raw, path, "a quoted value spans several lines")
    return table


def _broken(raw: bytes, path: Path, reason: object) -> InputError:
    """Return the complaint about a file that is not CSV, with the line where that shows."""
    try:
        lines = raw.decode("utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        return InputError(f"{path}, line {line}: this is not text in UTF-8: save it as a CSV file")
    rows = csv.reader(lines)
    try:
        width = len(next(rows))
        for before, row in enumerate(rows, start=1):
            if rows.line_num != before + 1:
                return InputError(
                    f"{path}, line {before + 1}: a quoted value spans several "
                    "lines: close its quotes on the same line"
                )
            if len(row) != width:
                return InputError(
                    f"{path}, line {before + 1} has {len(row)} values, and the header has "
                    f"{width} names: write one value for each column"
                )
    except csv.Error:
        return InputError(
            f"{path}, line {rows.line_num}: this is not CSV: put commas between the values and a "
            "newline between the rows"
        )
    return InputError(f"{path} cannot be read as CSV: {' '.join(str(reason).split())}")


def _read_parquet(raw: bytes, path: Path) -> Any:
    with reading(path, "cannot be read as Parquet", remedy="write the file again"):
        return pyarrow.parquet.read_table(pa.BufferReader(raw))
