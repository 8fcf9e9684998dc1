"""The folder of a study: which study it belongs to, and the copies of its curves.

Owns ``study.toml``, and the law that a study goes on only on the curves it began with. Must not
Owns ``study.toml``, and the rule that a study continues only on the curves that it started with.
Must not know how its runs are made or reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from learning_curves import files, sources
from learning_curves.errors import InputError, reading
from sim.experiments import own
from sim.experiments.experiment import Experiment
from sim.experiments.parts import source
from sim.reports.report import provenance, write_text
from sim.studies.study import Study, as_text


def begin(study: Study, folder: Path, *, overwrite: bool = False) -> None:
    """Write ``study.toml`` and copies of the study's tables, or check those that exist.

    Parameters
    ----------
    study
        The study. It may have more seeds, and more settings on its axes, than the one that the
        The study. It may have more seeds, and more settings on its axes, than the one that the
        folder was made for.
    folder
        Where its runs are kept.
    overwrite
        Whether the runs of another study are deleted.

    Raises
    ------
    InputError
        The folder holds another study, or the study, its curves or rungsim have changed since.

    """
    digests = {}
    notes: dict[str, Any] = {}
    for curves in dict.fromkeys(cell.experiment.curves for cell in study.cells):
        cells = (cell for cell in study.cells if cell.experiment.curves == curves)
        found = provenance(source(next(cells).experiment))
        notes["rungsim"] = found["rungsim"]
        if "curves_sha256" in found:
            digests[_own_name(study, curves)] = found["curves_sha256"]
    notes |= {"curves_sha256": digests} if digests else {}
    experiments = [cell.experiment for cell in study.cells]
    own_digests = own.digests(*experiments)
    notes |= {own.NOTE: own_digests} if own_digests else {}
    text = study.to_toml(**notes)
    path = folder / "study.toml"
    try:
        _check_extends(path, text, experiments)
    except InputError:
        if not overwrite:
            raise
        (folder / "runs.csv").unlink(missing_ok=True)
    for curves in {cell.experiment.curves for cell in study.cells}:
        _keep_beside(study, curves, folder)
    if not path.exists() or path.read_bytes() != text.encode():
        write_text(path, text)


# Entries of a study that may change without a change to any run.
_ABOUT = {"title", "laws", "speedups", "fits", "against", "pictures"}


def _check_extends(path: Path, text: str, experiments: Sequence[Experiment]) -> None:
    """Raise unless the study in `text` has all runs of the study in the file at `path`.

    It may have more seeds, and more settings on its axes.
    """
    if not path.exists():
        if (path.parent / "runs.csv").exists():
            raise InputError(
                f"{path.parent} holds other runs: choose another --out, or --overwrite them"
            )
        return
    wanted = files.read_toml(text)
    with reading(path, remedy="choose another --out"):
        found = files.read_toml(path.read_text(encoding="utf-8"))
    own.check_digests(found.get("notes", {}), path, *experiments)
    differs = next(
        (
            name
            for name in dict.fromkeys([*wanted, *found])
            if name not in _ABOUT and not _has(name, wanted.get(name), found.get(name))
        ),
        None,
    )
    if differs is None:
        return
    what = "the curves or rungsim" if differs == "notes" else f"{differs!r} in the study"
    raise InputError(
        f"{path} is of another study, or {what} has changed since it started: choose another "
        "--out, or --overwrite its runs"
    )


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
    if isinstance(wanted, list) and isinstance(found, list):
        return set(map(as_text, found)) <= set(map(as_text, wanted))
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
