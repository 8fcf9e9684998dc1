"""One run of a study or a comparison, by its row in ``runs.csv``.

Owns the conversion of a row into its experiment. Must not know how a row is measured.
"""

from __future__ import annotations

import csv
from dataclasses import replace
from itertools import islice
from pathlib import Path

from learning_curves.errors import InputError
from sim.experiments.experiment import Experiment
from sim.studies import study_file
from sim.studies.study import Study


def read(path: Path, row: int) -> tuple[Experiment, Study]:
    """Return the experiment and the study of a row of ``runs.csv``, beside its ``study.toml``.

    Parameters
    ----------
    path
        The file, or its folder.
    row
        The row of data, from 1; the header does not count.

    Raises
    ------
    InputError
        There is no such row, or the two files are of different studies.

    """
    if path.is_dir():
        path /= "runs.csv"
    study = path.with_name("study.toml")
    if not study.is_file():
        raise InputError(f"there is no {study}, which describes {path.name}: restore it")
    found = _row(path, row)
    grid = study_file.read(f"{study.absolute()}")
    settings = {axis: found.get(axis) for axis in grid.axes}
    cell = next((cell for cell in grid.cells if cell.settings == settings), None)
    seed = found.get("seed", "")
    if cell is None or not seed.isdecimal():
        raise InputError(
            f"row {row} of {path} is not a run of {study}: give a runs.csv and "
            "study.toml of one study"
        )
    return replace(cell.experiment, seed=int(seed)), grid


def _row(path: Path, row: int) -> dict[str, str]:
    try:
        with path.open(encoding="utf-8", newline="") as file:
            found = next(islice(csv.DictReader(file), row - 1, row), None)
            if found is not None:
                return found
            file.seek(0)
            rows = sum(1 for _ in csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read: {error}; give the runs.csv of a study") from None
    raise InputError(f"{path} has {rows} rows: give a --row from 1 to {rows}")
