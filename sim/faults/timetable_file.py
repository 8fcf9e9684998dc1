"""A timetable of workers as a CSV file: the columns worker, joins, leaves.

Owns how the file is read. What the numbers mean is `outages.Timetable`'s.
"""

from __future__ import annotations

from pathlib import Path

from learning_curves.errors import InputError
from learning_curves.tables.sheet import read_sheet
from sim.faults.outages import Stay, Timetable

_COLUMNS = ("worker", "joins", "leaves")


def read(path: Path) -> tuple[Stay, ...]:
    """Read when workers are there; the times are seconds, and `inf` is a leave that never comes.

    Raises
    ------
    InputError
        There is no such file, or it is not a CSV of this form, or not a `Timetable`. The message
        names the file and, if one value is wrong, the line.

    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}; give a CSV file") from None
    sheet = read_sheet(raw, path)
    if sorted(sheet.table.column_names) != sorted(_COLUMNS):
        raise InputError(
            f"{path} has the columns {', '.join(sheet.table.column_names)}: "
            f"a timetable has {', '.join(_COLUMNS)}"
        )
    columns = [sheet.numbers(name, whole=False).tolist() for name in _COLUMNS]
    stays = tuple(zip(*columns, strict=True))
    try:
        Timetable(stays)
    except ValueError as error:
        raise InputError(f"{path}: {error}") from None
    return stays
