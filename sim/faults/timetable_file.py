"""A timetable of workers as a CSV file: the columns worker, joins, leaves.

Owns how the file is read. What the numbers mean is `outages.Timetable`'s.
"""

from __future__ import annotations

from pathlib import Path

from learning_curves.errors import InputError, for_the_user, reading
from learning_curves.tables.sheet import Sheet, read_sheet
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
    with reading(path, remedy="give a CSV file"), for_the_user():
        return _stays(read_sheet(path.read_bytes(), path))


def _stays(sheet: Sheet) -> tuple[Stay, ...]:
    if sorted(sheet.table.column_names) != sorted(_COLUMNS):
        raise InputError(
            f"{sheet.path} has the columns {', '.join(sheet.table.column_names)}: "
            f"a timetable has {', '.join(_COLUMNS)}"
        )
    columns = [sheet.numbers(name, whole=False).tolist() for name in _COLUMNS]
    stays = tuple(zip(*columns, strict=True))
    Timetable(stays)
    return stays
