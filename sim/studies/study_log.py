"""The runs of a study on disk: ``runs.csv``, which grows by whole rows.

Owns what a row is, and what is left of the file after any interruption: its whole rows, of which
none is run again. When the last run is in, the rows stand in the order of the grid, so the final
bytes do not depend on the order in which the runs were made, on when the study was stopped, nor on
whether it was extended. Must not know how a run is made.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from learning_curves import files
from learning_curves.errors import InputError, reading
from sim.studies.study import Study

Values = npt.NDArray[np.float64]

_DIGITS = 10  # of a seed, at most


class StudyLog:
    """The file of a study's runs.

    Parameters
    ----------
    study
        The study of the runs.
    path
        The file. Its complete rows are kept in any order: a study may be extended by seeds
        and by settings of an axis. An incomplete last row is cut off.

    Raises
    ------
    InputError
        The file holds other rows.

    """

    def __init__(self, study: Study, path: Path) -> None:
        self._path = path
        self._seeds = study.seeds
        self._first_seed = study.base.seed
        # How the rows of each cell begin: with its settings, as they are written.
        ends = [""] if study.axes else []
        self._begins = [_row([*cell.settings.values(), *ends]) for cell in study.cells]
        self._cells = {begin: cell for cell, begin in enumerate(self._begins)}
        self._header = f"{_row([*study.axes, 'seed', *study.measures])}\n"
        self._values = np.full((study.runs, len(study.measures)), np.nan)
        self._known = np.zeros(study.runs, dtype=bool)
        self._done = 0
        self._last = -1  # the place of the last row
        self._in_order = True
        self._read()
        if not self.done:
            files.write(path, self._header.encode())

    @classmethod
    def missing_from(cls, study: Study, folder: Path) -> list[int]:
        """Return the `missing` runs of the study in a folder, which is only read.

        Raises
        ------
        InputError
            The folder holds other rows.

        """
        path = folder / "runs.csv"
        if not path.exists():
            return list(range(study.runs))
        with TemporaryDirectory() as elsewhere:
            copy = Path(elsewhere, path.name)
            with reading(path, remedy="choose another --out"):
                copy.write_bytes(path.read_bytes())
            return cls(study, copy).missing

    @property
    def missing(self) -> list[int]:
        """The places in the grid of the runs that are not in the file, ascending."""
        places: list[int] = np.flatnonzero(~self._known).tolist()
        return places

    @property
    def done(self) -> int:
        """The number of runs in the file."""
        return self._done

    @property
    def values(self) -> Values:
        """The figures of the runs so far, in the order of the grid; shape (runs, measures)."""
        return self._values[self._known]

    def append(self, place: int, values: Sequence[float]) -> None:
        """Add the row of the run at `place` and flush it to the system.

        After the last one the rows are put into the order of the grid.

        Raises
        ------
        ValueError
            The run is in the file already.

        """
        if self._known[place]:
            raise ValueError(f"the run at place {place} is in {self._path} already")
        cell, k = divmod(place, self._seeds)
        key = f"{self._begins[cell]}{self._first_seed + k}"
        with self._path.open("a", encoding="utf-8", newline="") as file:
            file.write(f"{key},{','.join(map(repr, values))}\n")
        self._keep(place, values)
        self._sort()

    def _keep(self, place: int, values: Sequence[float]) -> None:
        self._values[place] = values
        self._known[place] = True
        self._done += 1
        self._in_order &= place > self._last
        self._last = place

    def _sort(self) -> None:
        """Put the rows into the order of the grid, if none is missing."""
        if self._done < len(self._known) or self._in_order:
            return
        rows = self._path.read_bytes().decode().split("\n")[1:-1]
        rows.sort(key=lambda row: self._place(self._parted(row)[0]))
        files.write(self._path, "".join([self._header, *(f"{row}\n" for row in rows)]).encode())
        self._in_order = True

    def _parted(self, row: str) -> list[str]:
        """Return the key of a row, settings and seed as they are written, and each figure."""
        return row.rsplit(",", self._values.shape[1])

    def _place(self, key: str) -> int:
        """Return the place of a run in the grid; -1 if the grid has no such run."""
        begin, comma, seed = key.rpartition(",")
        cell = self._cells.get(begin + comma)
        if cell is None or not (seed.isdecimal() and len(seed) <= _DIGITS):
            return -1
        k = int(seed) - self._first_seed
        return cell * self._seeds + k if 0 <= k < self._seeds and f"{int(seed)}" == seed else -1

    def _read(self) -> None:
        """Read the complete rows of the file, and cut off the rest."""
        if not self._path.exists():
            return
        with reading(self._path, remedy="choose another --out"):
            found = self._path.read_bytes()
        whole = found[: found.rfind(b"\n") + 1].decode(errors="replace")
        if not whole:  # the header is incomplete
            if self._header.encode().startswith(found):
                return
            self._refuse(1)
        first, *lines = whole.split("\n")[:-1]
        if f"{first}\n" != self._header:
            self._refuse(1)
        for number, line in enumerate(lines, start=2):
            key, *values = self._parted(line)
            place = self._place(key)
            if place < 0 or self._known[place]:
                self._refuse(number)
            try:
                self._keep(place, [float(value) for value in values])
            except ValueError:
                self._refuse(number)
        if len(whole.encode()) < len(found):
            files.write(self._path, whole.encode())
        self._sort()

    def _refuse(self, line: int) -> NoReturn:
        raise InputError(
            f"{self._path}, line {line}, is not a row of this study: "
            "delete the file to run the study from the start, or choose another --out"
        )


def _row(cells: Sequence[str]) -> str:
    """Return one line of CSV, without its end."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()
