"""The folder of a study: which study it belongs to, its runs, and the copies of its curves.

Owns ``study.toml``, the lock, and the rule that a study continues only on the curves that it
started with. Must not know how its runs are made or reported.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from learning_curves import files, sources
from learning_curves.errors import InputError, reading
from sim.experiments import own
from sim.experiments.experiment import Experiment
from sim.experiments.parts import source
from sim.reports.report import make_folder, provenance, remove_empty, write_text
from sim.studies import study_file
from sim.studies.study import Study
from sim.studies.study_log import StudyLog


def check(study: Study, folder: Path) -> None:
    """Raise if the folder holds the runs of a study that `study` does not extend.

    It may have more seeds, and more settings on its axes, than the study that the folder was made
    for; what is computed of the runs may differ.

    Raises
    ------
    InputError
        The folder is another study's, or the study, its curves or rungsim have changed since.

    """
    path = folder / "study.toml"
    if not path.exists():
        if (folder / "runs.csv").exists():
            raise InputError(f"{folder} holds other runs: choose another --out, or --overwrite")
        return
    wanted = files.read_toml(_text(study))
    with reading(path, remedy="choose another --out"):
        found = files.read_toml(path.read_text(encoding="utf-8"))
    own.check_digests(found.get("notes", {}), path, *(cell.experiment for cell in study.cells))
    for name in dict.fromkeys([*wanted, *found]):
        if name not in _ABOUT and not _has(name, wanted.get(name), found.get(name)):
            raise InputError(
                f"{folder} holds another study: {_difference(name, wanted, found)}; choose "
                "another --out, or --overwrite"
            )


def begin(study: Study, folder: Path, *, overwrite: bool = False) -> None:
    """Write ``study.toml``, and copy the tables beside the study's file.

    Parameters
    ----------
    study
        The study.
    folder
        The folder of its runs.
    overwrite
        Whether the runs of another study are deleted.

    Raises
    ------
    InputError
        See `check`.

    """
    try:
        check(study, folder)
    except InputError:
        if not overwrite:
            raise
        (folder / "runs.csv").unlink(missing_ok=True)
    for curves in {cell.experiment.curves for cell in study.cells}:
        _keep_beside(study, curves, folder)
    path, text = folder / "study.toml", _text(study)
    if not path.exists() or path.read_bytes() != text.encode():
        write_text(path, text)


@contextmanager
def opened(studies: Mapping[Path, Study], *, overwrite: bool) -> Iterator[dict[Path, StudyLog]]:
    """Begin studies in their folders, or open what these hold of them; lock them until the end.

    All folders are locked and checked before the first one is written to.

    Raises
    ------
    InputError
        A folder belongs to another study, is locked by another process, or is not writable.

    """
    made: list[Path] = []
    with ExitStack() as stack:
        try:
            for folder, study in studies.items():
                made += make_folder(folder)
                stack.enter_context(files.locked(folder, "study"))
                if not overwrite:
                    check(study, folder)
            for folder, study in studies.items():
                begin(study, folder, overwrite=overwrite)
            logs = {
                folder: StudyLog(study, folder / "runs.csv") for folder, study in studies.items()
            }
        except BaseException:
            stack.close()
            remove_empty(made)
            raise
        yield logs


def _text(study: Study) -> str:
    """Return the file of a study, with the digests of all that its runs depend on."""
    digests = {}
    notes: dict[str, Any] = {}
    for curves in dict.fromkeys(cell.experiment.curves for cell in study.cells):
        cells = (cell for cell in study.cells if cell.experiment.curves == curves)
        found = provenance(source(next(cells).experiment))
        notes["rungsim"] = found["rungsim"]
        if "curves_sha256" in found:
            digests[_own_name(study, curves)] = found["curves_sha256"]
    notes |= {"curves_sha256": digests} if digests else {}
    own_digests = own.digests(*(cell.experiment for cell in study.cells))
    notes |= {own.NOTE: own_digests} if own_digests else {}
    return study.to_toml(**notes)


# Entries of a study that may change without a change to any run.
_ABOUT = {"title", "laws", "speedups", "fits", "against", "ranks", "survival", "pictures"}


def _difference(name: str, wanted: Any, found: Any) -> str:
    """Return the first value under `name` in which two tables differ, by its dotted name."""
    if name == "notes":
        return "the curves or rungsim have changed since it started"
    here, there, path = wanted.get(name), found.get(name), name
    while isinstance(here, dict) and isinstance(there, dict):
        key = next(k for k in dict.fromkeys([*here, *there]) if here.get(k) != there.get(k))
        here, there, path = here.get(key), there.get(key), f"{path}.{key}"
    return f"it has {path} = {there!r}, not {here!r}"


def _has(name: str, wanted: Any, found: Any) -> bool:
    """Return whether an entry of a study still has all that it had at the start."""
    if name == "seeds" and isinstance(found, int):
        return bool(wanted >= found)
    if name == "notes" and isinstance(found, dict):  # an axis may have gained curves
        digests = wanted.get("curves_sha256", {})
        known = found.get("curves_sha256", {})
        same = wanted.get("rungsim") == found.get("rungsim")
        return same and all(digests.get(curves) == known[curves] for curves in known)
    if name != "axes" or not isinstance(found, dict) or list(wanted) != list(found):
        return bool(wanted == found)
    return all(_holds(wanted[axis], found[axis]) for axis in found)


def _holds(wanted: Any, found: Any) -> bool:
    """Return whether an axis still has its earlier settings; named ones with the same values."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return all(name in wanted and wanted[name] == each for name, each in found.items())
    if isinstance(wanted, list) and isinstance(found, list):  # 1 is not "1", nor true
        return {repr(each) for each in found} <= {repr(each) for each in wanted}
    return False


def _own_name(study: Study, curves: str) -> str:
    """Return the name of these curves in the study's file."""
    how, name = sources.parted(curves)
    path = Path(name)
    return f"{how}{path.name}" if path.exists() and path.parent == study.folder else curves


def _keep_beside(study: Study, curves: str, folder: Path) -> None:
    """Copy curves from beside the study's file, so that the folder can be run again."""
    path = Path(sources.parted(curves)[1])
    if not path.exists() or path.parent != study.folder:
        return
    for each in sources.files(curves):
        kept = folder / each.relative_to(study.folder)
        if not (kept.exists() and kept.samefile(each)):
            kept.parent.mkdir(exist_ok=True)
            files.write(kept, each.read_bytes())


def run_of(path: Path, row: int) -> tuple[Experiment, Study]:
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
    found = _row_of(path, row)
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


def _row_of(path: Path, row: int) -> dict[str, str]:
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
