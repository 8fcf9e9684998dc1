"""The TOML file of a study: where it is found, and its valid content.

Owns the checks of an entry. Must not know how an experiment is run; `experiment.Experiment` checks
its own fields.
"""

from __future__ import annotations

from dataclasses import fields
from math import inf
from pathlib import Path
from typing import Any

from learning_curves import files
from learning_curves.errors import InputError, Problems, reading
from sim.experiments.measures import MEASURES
from sim.studies.checks import experiments
from sim.studies.checks.pictures import (
    OF_COMPARISONS,
    check_picture,
    known,
    known_measures,
    numbers,
    require,
)
from sim.studies.laws import LAWS
from sim.studies.statistics import contrasts, survival
from sim.studies.study import Picture, Study, Table, as_text
from sim.studies.study_cells import STATISTICS

# Of the files of a study, beside its axes.
_COLUMNS = {"seed", "exponent", "factor", *STATISTICS, *contrasts.COLUMNS}

_SHIPPED = Path(__file__).parent / "packaged"
_STARTER = Path(__file__).parent / "starter.toml"


def shipped() -> dict[str, Path]:
    """Return the studies that come with the package: their files by name."""
    return {path.stem: path for path in sorted(_SHIPPED.glob("*.toml"))}


def starter() -> str:
    """Return the file of a small study in which every entry is explained."""
    return _STARTER.read_text(encoding="utf-8")


def read(name_or_path: str) -> Study:
    """Read a shipped study or a file; write ``./NAME`` for a file with a shipped name.

    Raises
    ------
    InputError
        There is no such study, or its file breaks a rule.

    """
    path = shipped().get(name_or_path, Path(name_or_path))
    remedy = f"give a TOML file, or one of {', '.join(shipped())}"
    if not path.exists():
        raise InputError(f"there is no study {name_or_path!r}: {remedy}")
    with reading(path, remedy=remedy):
        return parse(path.read_text(encoding="utf-8"), path)


def parse(text: str, path: Path) -> Study:
    r"""Return the study that `text`, the content of the file at `path`, describes.

    Raises
    ------
    InputError
        It is not TOML, or has an unknown name; the message lists the known ones.

    Examples
    --------
    >>> study = parse(
    ...     'title = "two"\nmeasures = ["jobs"]\nexperiment.curves = "power-law"\n'
    ...     'axes.scheduler = ["sh", "asha"]\naxes.workers = [1, 4]',
    ...     Path("two.toml"),
    ... )
    >>> [(cell.experiment.scheduler, cell.experiment.workers) for cell in study.cells]
    [('sh', 1), ('sh', 4), ('asha', 1), ('asha', 4)]

    """
    with reading(path, "is not a study", remedy="give a study's TOML file"):
        given = files.read_toml(text)
        if "curves" in given and "experiment" not in given:
            raise InputError(
                f"{path} is an experiment and not a study: run it with rungsim run --from {path}"
            )
    return _made(given, path, text)


def _made(given: Table, path: Path, text: str) -> Study:
    """Return the study of the file's entries; raise all that is wrong with them."""
    problems = Problems()
    given.pop("notes", None)
    names = [each.name for each in fields(Study) if each.name not in {"name", "path", "text"}]
    for name in list(given):
        with problems.at(name):
            known("it names", [name], names)
        if name not in names:
            del given[name]
    for name in ("experiment", "axes", "laws", "speedups", "fits", "against", "pictures"):
        with problems.at(name):
            require(isinstance(given.get(name, {}), dict), name, given.get(name), "a table")
        if name in problems.found:
            del given[name]
    with problems.at("measures"):
        some = given.get("measures", [])
        require(isinstance(some, list), "measures", some, "a list of names")
    if "measures" in problems.found:
        given["measures"] = []
    pictures: dict[str, Picture] = {}
    for name, each in given.pop("pictures", {}).items():
        with problems.at(f"pictures.{name}"):
            pictures[name] = _picture(name, each)
    entries: dict[str, Any] = {"title": path.stem, "measures": [], "experiment": {}} | given
    entries["axes"] = {}
    with problems.at("axes"):
        entries["axes"] = _axes_by_name(given.get("axes", {}))
    entries["against"] = {
        axis: [as_text(each) for each in some] if isinstance(some, list) else as_text(some)
        for axis, some in given.get("against", {}).items()
    }
    study = Study(**entries, name=path.stem, path=path, pictures=pictures, text=text)
    _check(study, problems)
    has_axes = not any(key.partition(".")[0] == "axes" for key in problems.found)
    if problems.found and has_axes and "experiment" in given:
        experiments.collect(study, problems)
    experiments.refuse(study, problems)
    return study


def check(study: Study) -> None:
    """Check the entries of a study that was not read from a file.

    `experiments.check` checks its experiments.

    Raises
    ------
    InputError
        A line for each mistake.

    """
    problems = Problems()
    _check(study, problems)
    experiments.refuse(study, problems)


def _check(study: Study, problems: Problems) -> None:
    """Collect the invalid entries; one that another invalid entry explains is left out."""
    at, no_axes = problems.at, "axes" in problems.found
    seeds, target = study.seeds, study.target
    with at("seeds"):
        require(type(seeds) is int and seeds >= 1, "seeds", seeds, "a whole number, at least 1")
    with at("title"):
        require(isinstance(study.title, str), "title", study.title, "one line of text")
    with at("target"):
        is_loss = target is None or (type(target) in {int, float} and abs(target) < inf)
        require(is_loss, "target", target, "a loss")
    if not study.measures and "measures" not in problems.found:
        problems.add("measures", f"measures is empty: choose from {', '.join(MEASURES)}")
    for name in study.measures:
        with at("measures"):
            known("measures names", [name], MEASURES)
    for name in study.axes:
        with at(f"axes.{name}"):
            _check_axis(study, name)
    if not any(f"axes.{name}" in problems.found for name in study.axes):
        with at("axes"):
            _check_overlaps(study)
    if no_axes or not (study.measures and all(study.axes.values())):
        return  # what names a measure or an axis cannot be judged
    for measure, law in study.laws.items():
        with at(f"laws.{measure}"):
            known("laws names", [measure], study.measures)
            known("laws names", [law], LAWS)
    for measure, axis in study.speedups.items():
        with at(f"speedups.{measure}"):
            known("speedups names", [measure], study.measures)
            known("speedups names", [axis], study.axes)
            times = [name for name, each in MEASURES.items() if each.seconds]
            if measure not in times:
                raise ValueError(
                    f"speedups names {measure!r}, which is not a time: choose from "
                    f"{', '.join(times)}"
                )
    for measure, axis in study.fits.items():
        with at(f"fits.{measure}"):
            known("fits names", [measure], study.measures)
            known("fits names", [axis], study.axes)
            if min(numbers(study, axis)) <= 0 or len(study.axes[axis]) < 2:
                raise ValueError(
                    f"fits.{measure} is {axis!r}: a power law needs two settings or more, all "
                    "above 0"
                )
    for axis, some in study.against.items():
        with at(f"against.{axis}"):
            known("against names", [axis], study.axes)
            known(f"against.{axis} is", study.baselines(axis), study.settings(axis))
            require(bool(some), f"against.{axis}", some, "at least one setting of it")
    with at("ranks"):
        _check_ranks(study)
    with at("survival"):
        _check_survival(study)
    for name, picture in study.pictures.items():
        if target is None and picture.kind in OF_COMPARISONS:
            with at("target"):
                require(
                    "target" in problems.found, "target", target, f"a loss, for pictures.{name}"
                )
        with at(f"pictures.{name}"):
            if Path(name).name != name:
                raise ValueError(f"pictures.{name!r} is not a file name: leave out the slashes")
            check_picture(study, f"pictures.{name}", picture)


def _check_axis(study: Study, name: str) -> None:
    settings = study.settings(name)
    taken = [*_COLUMNS, *study.measures, *(survival.COLUMNS if study.survival is True else ())]
    if name in taken:
        raise ValueError(f"axes.{name} is the name of another column: choose another name")
    require(bool(settings), f"axes.{name}", study.axes[name], "at least one value")
    if len(set(settings)) < len(settings):
        raise ValueError(f"axes.{name} has a value twice: {', '.join(settings)}")
    for each in (name, *settings):
        require(each.isprintable(), "in axes, a name", each, "it one line")


def _check_ranks(study: Study) -> None:
    """Raise a ValueError if the study asks for ranks that it cannot have."""
    if study.ranks:
        known("ranks is", [study.ranks], study.axes)
        enough = len(study.axes[study.ranks]) > 1
        require(enough, "ranks", study.ranks, "an axis with two settings or more")


def _check_survival(study: Study) -> None:
    """Raise a ValueError if the study asks for survival that it cannot have."""
    require(isinstance(study.survival, bool), "survival", study.survival, "true or false")
    if study.survival:
        known("survival needs the measure", [survival.END], study.measures)
        if not survival.times(known_measures(study)):
            raise ValueError(
                "survival is true, and no measure is a time that a run may miss: measure one of "
                f"{', '.join(survival.times([*MEASURES]))}"
            )


def _check_overlaps(study: Study) -> None:
    """Raise a ValueError for the first field that two axes set."""
    owners: dict[str, str] = {}
    if any(
        "seed" in experiments.set_by(each) for axis in study.axes for each in study.tables_of(axis)
    ):
        raise ValueError("an axis sets the seed: the seeds of all cells are the same, see seeds")
    for axis in study.axes:
        settings = study.tables_of(axis)
        for name in dict.fromkeys(name for each in settings for name in experiments.set_by(each)):
            other = owners.setdefault(name, axis)
            if other != axis:
                sets, too = (other, axis) if axis == name else (axis, other)
                does = "varies" if too == name else "sets"
                raise ValueError(
                    f"axes.{sets} sets {name!r}, which axes.{too} {does}, too: leave one out"
                )


def _picture(name: str, given: object) -> Picture:
    if not isinstance(given, dict):
        raise ValueError(f"pictures.{name} is {given!r}: give a table")
    known(f"pictures.{name} names", given, [each.name for each in fields(Picture)])
    kinds = {"str": str, "list[str]": list, "Table": dict}
    for each in fields(Picture):
        if each.name in given:
            fits = isinstance(given[each.name], kinds[str(each.type)])
            require(fits, f"pictures.{name}.{each.name}", given[each.name], f"{each.type}")
    return Picture(**given)


def _axes_by_name(given: Table) -> dict[str, list[Any] | Table]:
    found = _axes(given)
    by_name = dict(found)
    if len(by_name) < len(found):
        names = [name for name, _ in found]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"axes.{twice} is given twice: leave one out")
    return by_name


def _axes(given: Table, prefix: str = "") -> list[tuple[str, list[Any] | Table]]:
    """Return the axes by full name; a table that holds lists stands for dotted names."""
    found: list[tuple[str, list[Any] | Table]] = []
    for name, axis in given.items():
        match axis:
            case list():
                found.append((f"{prefix}{name}", axis))
            case dict() if any(isinstance(each, list) for each in axis.values()):
                found += _axes(axis, f"{prefix}{name}.")
            case dict() if all(isinstance(each, dict) for each in axis.values()):
                found.append((f"{prefix}{name}", axis))
            case _:
                raise ValueError(
                    f"axes.{prefix}{name} is {axis!r}: give a list of values, or a table of named "
                    "settings, each a table of fields"
                )
    return found
