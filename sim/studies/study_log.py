"""The runs of a study on disk: ``runs.csv``, which grows by whole rows.

Owns what a row is, and what is left of the file after any interruption: its whole rows, of which
none is run again. When the last run is in, the rows stand in the order of the grid, so the final
bytes do not depend on when the study was stopped, on whether it was extended, nor on how many
processes worked on it. Must not know how a run is made.
"""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from learning_curves import files
from learning_curves.errors import InputError, reading
from sim.experiments.experiment import Experiment
from sim.studies.study import Study

Values = npt.NDArray[np.float64]


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
        self._study = study
        self._path = path
        self._grid = study.grid()
        self._keys = [_row([*key.values()]) for key in study.labels()]
        self._header = f"{_row([*study.axes, 'seed', *study.measures])}\n"
        self._lines: dict[int, str] = {}  # by the run's index in the grid
        self._values: dict[int, list[float]] = {}
        self._read()
        if not self._lines:
            files.write(path, self._header.encode())
        self._missing = deque(k for k in range(len(self._grid)) if k not in self._lines)

    @property
    def missing(self) -> Sequence[Experiment]:
        """The experiments that have not run yet, in the order of the grid."""
        return [self._grid[place] for place in self._missing]

    @property
    def done(self) -> int:
        """The number of runs in the file."""
        return len(self._lines)

    @property
    def values(self) -> Values:
        """The figures of the runs so far, in the order of the grid; shape (runs, measures)."""
        rows = [self._values[place] for place in sorted(self._values)]
        return np.array(rows, dtype=np.float64).reshape(-1, len(self._study.measures))

    def append(self, values: Sequence[float]) -> None:
        """Add the row of the first missing run and flush it to the system.

        After the last one the rows are put into the order of the grid.
        """
        place = self._missing[0]
        row = f"{self._keys[place]},{','.join(map(repr, values))}\n"
        with self._path.open("a", encoding="utf-8", newline="") as file:
            file.write(row)
        self._missing.popleft()
        self._lines[place] = row
        self._values[place] = list(values)
        if not self._missing:
            self._sort()

    def _sort(self) -> None:
        if list(self._lines) != sorted(self._lines):
            self._lines = dict(sorted(self._lines.items()))
            files.write(self._path, "".join([self._header, *self._lines.values()]).encode())

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
        places = {key: place for place, key in enumerate(self._keys)}
        for number, line in enumerate(lines, start=2):
            key, *values = _parted(line, len(self._study.measures))
            place = places.get(key, -1)
            if place < 0 or place in self._lines:
                self._refuse(number)
            try:
                self._values[place] = [float(value) for value in values]
            except ValueError:
                self._refuse(number)
            self._lines[place] = f"{line}\n"
        if len(whole.encode()) < len(found):
            files.write(self._path, whole.encode())
        if len(self._lines) == len(self._keys):
            self._sort()

    def _refuse(self, line: int) -> None:
        raise InputError(
            f"{self._path}, line {line}, is not a row of this study: "
            "delete the file to run the study from the start, or choose another --out"
        )


def _parted(line: str, measures: int) -> list[str]:
    """Return the key of a row, settings and seed as they are written, and each of its figures.

    >>> _parted('"a, b",0,9,0.5', 2)
    ['"a, b",0', '9', '0.5']
    """
    return line.rsplit(",", measures)


def _row(cells: Sequence[str]) -> str:
    """Return one line of CSV, without its end."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()
