"""The runs of a study on disk: ``runs.csv``, which grows by whole rows in the order of the grid.

Owns what a row is, and what is left of the file after any interruption: its whole rows, of which
none is run again, so the final bytes do not depend on when it was stopped, nor on how many
processes worked on it. Must not know how a run is made.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import cache, partial
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt

from learning_curves import files
from learning_curves.errors import InputError, reading
from sim.experiments.experiment import Experiment
from sim.experiments.measures import measured
from sim.experiments.run import simulate
from sim.studies.comparison import default_target
from sim.studies.study import Study, naming

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Measured:
    """What is kept of one run: the figures, in the study's order, and how many jobs it had."""

    values: list[float]
    jobs: int


class StudyLog:
    """The file of a study's runs.

    Parameters
    ----------
    study
        Whose runs they are.
    path
        The file; whole rows that it holds are kept, a torn last one is cut off.

    Raises
    ------
    InputError
        It holds something else.

    """

    def __init__(self, study: Study, path: Path) -> None:
        self._study = study
        self._path = path
        self._keys = [
            _row([*cell.settings.values(), str(cell.experiment.seed + k)])
            for cell in study.cells
            for k in range(study.seeds)
        ]
        header = f"{_row([*study.axes, 'seed', *study.measures])}\n"
        self._rows = self._kept(header)
        if not self._rows:
            files.write(path, header.encode())

    @property
    def missing(self) -> Sequence[Experiment]:
        """The experiments that are still to be run, in the order of the grid."""
        return self._study.grid()[len(self._rows) :]

    @property
    def done(self) -> int:
        """How many runs it holds."""
        return len(self._rows)

    @property
    def values(self) -> Values:
        """The figures of the runs so far; shape (runs, measures)."""
        return np.array(self._rows, dtype=np.float64).reshape(-1, len(self._study.measures))

    def append(self, values: Sequence[float]) -> None:
        """Add the row of the next run; it is with the system when this returns."""
        row = f"{self._keys[len(self._rows)]},{','.join(map(repr, values))}\n"
        with self._path.open("a", encoding="utf-8", newline="") as file:
            file.write(row)
        self._rows.append(list(values))

    def _kept(self, header: str) -> list[list[float]]:
        """Return the whole rows of the file, and cut off what follows them."""
        if not self._path.exists():
            return []
        with reading(self._path, remedy="choose another --out"):
            found = self._path.read_bytes()
        whole = found[: found.rfind(b"\n") + 1].decode(errors="replace")
        if not whole:  # torn in the header
            if header.encode().startswith(found):
                return []
            self._refuse(1)
        first, *lines = whole.split("\n")[:-1]
        if f"{first}\n" != header:
            self._refuse(1)
        rows = []
        for number, line in enumerate(lines):
            key = f"{self._keys[number]}," if number < len(self._keys) else "\n"
            values = line.removeprefix(key).split(",")
            if not line.startswith(key) or len(values) != len(self._study.measures):
                self._refuse(number + 2)
            try:
                rows.append([float(value) for value in values])
            except ValueError:
                self._refuse(number + 2)
        if len(whole.encode()) < len(found):
            files.write(self._path, whole.encode())
        return rows

    def _refuse(self, line: int) -> None:
        raise InputError(
            f"{self._path}, line {line}, is no row of this study: "
            "delete the file to run the study anew, or choose another --out"
        )


def run_all(
    study: Study, experiments: Sequence[Experiment], pool: Executor | None = None
) -> Iterator[Measured]:
    """Run the experiments, in `pool` if there is one, and yield what is kept of each, in order.

    Raises
    ------
    InputError
        One of them cannot go on; the message names its seed.

    """
    work = partial(_measure, measures=tuple(study.measures), target=study.target)
    if pool is None:
        yield from map(work, experiments)
        return
    # No more at a time than keeps all processes busy: a study may have a million runs.
    ahead = iter(experiments)
    while some := list(islice(ahead, 4096)):
        yield from pool.map(work, some, chunksize=2)


def _measure(experiment: Experiment, measures: tuple[str, ...], target: float | None) -> Measured:
    with naming({experiment.scheduler: f"with seed {experiment.seed}"}):
        run = simulate(experiment)
    if target is None and "time_to_target" in measures:
        target = _default_target(experiment.curves, experiment.r_max)
    values = measured(run, measures, -np.inf if target is None else target)
    return Measured(values, len(run.trace.jobs))


@cache
def _default_target(curves: str, r_max: int | None) -> float:
    return default_target(Experiment(curves=curves, r_max=r_max))


def _row(cells: Sequence[str]) -> str:
    """Return one line of CSV, without its end."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(cells)
    return line.getvalue()
