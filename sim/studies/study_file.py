"""The TOML file of a study: where it is found, and its valid content.

Owns the checks of an entry. Must not know how an experiment is run; `experiment.Experiment` checks
its own fields.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import fields, replace
from math import inf, isfinite
from pathlib import Path
from typing import Any

from learning_curves import files
from learning_curves.errors import InputError, for_the_user, reading
from sim.experiments.measures import MEASURES
from sim.faults import KINDS
from sim.studies import comparison
from sim.studies.laws import LAWS
from sim.studies.statistics import contrasts, survival
from sim.studies.study import Picture, Study, Table, as_text, shown
from sim.studies.study_cells import STATISTICS

# Of the files of a study, beside its axes.
_COLUMNS = {"seed", "exponent", "factor", *STATISTICS, *contrasts.COLUMNS}

_KINDS_OF_PICTURES = (
    *("lines", "gantt", "incumbent", "first-jobs"),
    *("utilisation", "speedup", "effect", "ranks", "reached"),
)
_SHIPPED = Path(__file__).parent / "packaged"


def shipped() -> dict[str, Path]:
    """Return the studies that come with the package: their files by name."""
    return {path.stem: path for path in sorted(_SHIPPED.glob("*.toml"))}


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
        with for_the_user():
            return _made(given, path)


def _made(given: Table, path: Path) -> Study:
    """Return the study of the file's entries, each checked."""
    given.pop("notes", None)
    known = [each.name for each in fields(Study) if each.name not in {"name", "path"}]
    _known("it names", given, known)
    for name in ("experiment", "axes", "laws", "speedups", "fits", "against", "pictures"):
        _require(isinstance(given.get(name, {}), dict), name, given.get(name), "a table")
    pictures = given.pop("pictures", {})
    entries: dict[str, Any] = {"title": path.stem, "measures": [], "experiment": {}} | given
    entries["axes"] = _axes_by_name(given.get("axes", {}))
    entries["against"] = {
        axis: [as_text(each) for each in some] if isinstance(some, list) else as_text(some)
        for axis, some in given.get("against", {}).items()
    }
    study = Study(
        **entries,
        name=path.stem,
        path=path,
        pictures={name: _picture(name, each) for name, each in pictures.items()},
    )
    _check(study)
    return study


def _check(study: Study) -> None:
    """Raise a ValueError for the first invalid entry."""
    seeds, target = study.seeds, study.target
    _require(type(seeds) is int and seeds >= 1, "seeds", seeds, "a whole number, at least 1")
    _require(isinstance(study.title, str), "title", study.title, "one line of text")
    is_loss = target is None or (type(target) in {int, float} and abs(target) < inf)
    _require(is_loss, "target", target, "a loss")
    _require(isinstance(study.measures, list), "measures", study.measures, "a list of names")
    _known("measures names", study.measures, MEASURES)
    if not study.measures:
        raise ValueError(f"measures is empty: choose from {', '.join(MEASURES)}")
    for name in study.axes:
        settings = study.settings(name)
        if name in _COLUMNS or name in study.measures:
            raise ValueError(f"axes.{name} is the name of another column: choose another name")
        _require(bool(settings), f"axes.{name}", study.axes[name], "at least one value")
        if len(set(settings)) < len(settings):
            raise ValueError(f"axes.{name} has a value twice: {', '.join(settings)}")
        for each in (name, *settings):
            _require(each.isprintable(), "in axes, a name", each, "it one line")
    _check_overlaps(study)
    for entry, named in (("laws", study.laws), ("speedups", study.speedups), ("fits", study.fits)):
        _known(f"{entry} names", named, study.measures)
        _known(f"{entry} names", named.values(), LAWS if entry == "laws" else study.axes)
    _known("against names", study.against, study.axes)
    for axis, some in study.against.items():
        _known(f"against.{axis} is", study.baselines(axis), study.settings(axis))
        _require(bool(some), f"against.{axis}", some, "at least one setting of it")
    _check_statistics(study)
    for measure in study.speedups:
        if not MEASURES[measure].seconds:
            times = ", ".join(name for name, each in MEASURES.items() if each.seconds)
            raise ValueError(
                f"speedups names {measure!r}, which is not a time: choose from {times}"
            )
    for measure, axis in study.fits.items():
        if min(numbers(study, axis)) <= 0 or len(study.axes[axis]) < 2:
            raise ValueError(
                f"fits.{measure} is {axis!r}: a power law needs two settings or more, all above 0"
            )
    for name, picture in study.pictures.items():
        if Path(name).name != name:
            raise ValueError(f"pictures.{name!r} is not a file name: leave out the slashes")
        _check_picture(study, f"pictures.{name}", picture)


def _check_statistics(study: Study) -> None:
    """Raise a ValueError if the study asks for ranks or survival that it cannot have."""
    if study.ranks:
        _known("ranks is", [study.ranks], study.axes)
        enough = len(study.axes[study.ranks]) > 1
        _require(enough, "ranks", study.ranks, "an axis with two settings or more")
    _require(isinstance(study.survival, bool), "survival", study.survival, "true or false")
    if study.survival:
        _known("survival needs the measure", [survival.END], study.measures)
        if not survival.times(study.measures):
            raise ValueError(
                "survival is true, and no measure is a time that a run may miss: measure one of "
                f"{', '.join(survival.times([*MEASURES]))}"
            )


def _check_overlaps(study: Study) -> None:
    """Raise a ValueError for the first field that two axes set."""
    owners: dict[str, str] = {}
    if any("seed" in _set_by(each) for axis in study.axes for each in _settings_of(study, axis)):
        raise ValueError("an axis sets the seed: the seeds of all cells are the same, see seeds")
    for axis in study.axes:
        settings = _settings_of(study, axis)
        for name in dict.fromkeys(name for each in settings for name in _set_by(each)):
            other = owners.setdefault(name, axis)
            if other != axis:
                sets, too = (other, axis) if axis == name else (axis, other)
                does = "varies" if too == name else "sets"
                raise ValueError(
                    f"axes.{sets} sets {name!r}, which axes.{too} {does}, too: leave one out"
                )


def _settings_of(study: Study, axis: str) -> list[Table]:
    """Return each setting of an axis as a table of fields."""
    values = study.axes[axis]
    if isinstance(values, dict):
        return list(values.values())
    return [{axis: value} for value in values]


def _set_by(setting: Table, prefix: str = "") -> list[str]:
    """Return the fields that a setting sets; those of tables by dotted names."""
    found: list[str] = []
    for name, value in setting.items():
        inner = isinstance(value, dict)
        found += _set_by(value, f"{prefix}{name}.") if inner else [f"{prefix}{name}"]
    return found


def numbers(study: Study, axis: str) -> list[float]:
    """Return the settings of an axis of numbers; ValueError if they are not numbers."""
    try:
        found = [float(each) for each in study.settings(axis)]
    except ValueError:
        found = [inf]
    if not all(map(isfinite, found)):
        raise ValueError(f"axes.{axis} holds no numbers: choose another axis")
    return found


def is_numeric(study: Study, axis: str) -> bool:
    """Return whether an axis holds numbers only."""
    try:
        return bool(numbers(study, axis))
    except ValueError:
        return False


def _check_picture(study: Study, name: str, picture: Picture) -> None:
    used = [*filter(None, (picture.x, picture.panels)), *picture.lines, *picture.where]
    _known(f"{name} names", used, study.axes)
    for axis, settings in shown(picture).items():
        _known(f"{name}.where.{axis} is", settings, study.settings(axis))
    match picture.kind:
        case "gantt":
            return
        case "lines":
            offered = [*study.measures, *(f"speedup.{measure}" for measure in study.speedups)]
            _known(f"{name}.y names", picture.y, offered)
            _require(bool(picture.x), f"{name}.x", picture.x, "an axis")
            _require(bool(picture.y), f"{name}.y", picture.y, "measures")
            _known(f"{name}.log is", [picture.log], ("", "x", "y", "xy"))
            if "x" in picture.log and not is_numeric(study, picture.x):
                raise ValueError(
                    f"{name}.log is {picture.log!r}, but axes.{picture.x} holds no numbers: "
                    "leave out x there"
                )
            if "x" in picture.log and min(numbers(study, picture.x)) <= 0:
                raise ValueError(
                    f"{name}.log is {picture.log!r}, but axes.{picture.x} is not all above 0: "
                    "leave out x there"
                )
            _check_no_axis_is_open(study, name, picture)
        case "ranks":
            _require(bool(study.ranks), "ranks", study.ranks, f"an axis, for {name}")
            _known(f"{name}.y names", picture.y, [m for m in study.measures if MEASURES[m].better])
        case "reached":
            _require(study.survival, "survival", study.survival, f"true, for {name}")
            _known(f"{name}.y names", picture.y, survival.times(study.measures))
            _check_no_axis_is_open(study, name, replace(picture, x=""))
        case "incumbent" | "first-jobs":
            _known(f"{name}.kind needs the axis", ("scheduler", "workers"), study.axes)
        case "utilisation" | "speedup" | "effect":
            _known(f"{name}.kind needs the axis", ("scheduler", "workers"), study.axes)
            _known(f"{name}.kind needs the measure", comparison.MEASURES, study.measures)
            allowed = ("scheduler", "workers", *KINDS)
            _known(
                f"{name}.kind is {picture.kind!r}, which is not for the axis", study.axes, allowed
            )
            _known(f"{name}.kind needs", ("speedups.time_to_target",), _speedups(study))
            _require(study.target is not None, "target", study.target, f"a loss, for {name}")
            numbers(study, "workers")
            kind = comparison.effect_of(study)
            if picture.kind == "effect" and kind is None:
                raise ValueError(f"{name}.kind is 'effect', and no axis is of {', '.join(KINDS)}")
            if kind is not None:
                _known(f"axes.{kind} needs the setting", ("with", "without"), study.settings(kind))
                _known(f"against.{kind} is", study.baselines(kind) or [""], ("without",))
        case _:
            _known(f"{name}.kind is", [picture.kind], _KINDS_OF_PICTURES)


def _check_no_axis_is_open(study: Study, name: str, picture: Picture) -> None:
    for axis in study.axes:
        left = len(shown(picture).get(axis, study.axes[axis]))
        if left > 1 and axis not in (picture.x, picture.panels, *picture.lines):
            raise ValueError(
                f"{name} leaves the axis {axis} open: name it in lines or panels, or give "
                "one setting of it in where"
            )


def _speedups(study: Study) -> list[str]:
    return [f"speedups.{measure}" for measure in study.speedups]


def _picture(name: str, given: object) -> Picture:
    if not isinstance(given, dict):
        raise ValueError(f"pictures.{name} is {given!r}: give a table")
    _known(f"pictures.{name} names", given, [each.name for each in fields(Picture)])
    kinds = {"str": str, "list[str]": list, "Table": dict}
    for each in fields(Picture):
        if each.name in given:
            fits = isinstance(given[each.name], kinds[str(each.type)])
            _require(fits, f"pictures.{name}.{each.name}", given[each.name], f"{each.type}")
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


def _known(where: str, names: Collection[str], known: Collection[str]) -> None:
    for name in names:
        if not isinstance(name, str) or name not in known:
            raise ValueError(
                f"{where} {name!r}: choose from {', '.join(filter(None, known)) or 'none'}"
            )


def _require(holds: bool, name: str, value: object, remedy: str) -> None:  # noqa: FBT001
    if not holds:
        raise ValueError(f"{name} is {value!r}: give {remedy}")
