"""The TOML file of a study: where it is found, and what may stand in it.

Owns the complaints about an entry. Must not know how an experiment is run; the fields of one are
`experiment.Experiment`'s to judge.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from dataclasses import fields
from math import inf
from pathlib import Path
from typing import Any

from learning_curves.errors import InputError
from sim.laws import LAWS
from sim.measures import MEASURES
from sim.study import Picture, Study, Table, shown

_COLUMNS = ("seed", "measure", "axis")  # of the files of a study, beside its axes

_SHIPPED = Path(__file__).parent / "studies"


def shipped() -> dict[str, Path]:
    """Return the studies that come with the package: their files by name."""
    return {path.stem: path for path in sorted(_SHIPPED.glob("*.toml"))}


def read(name_or_path: str) -> Study:
    """Read a shipped study, or a file; to get at one's own file of such a name, write ``./NAME``.

    Raises
    ------
    InputError
        There is no such study, or its file breaks a rule.

    """
    path = shipped().get(name_or_path, Path(name_or_path))
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise InputError(
            f"there is no study {name_or_path!r}: give a TOML file, or one of "
            f"{', '.join(shipped())}"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}") from None
    return parse(text, path)


def parse(text: str, path: Path) -> Study:
    r"""Return the study that `text`, the content of the file at `path`, describes.

    Raises
    ------
    InputError
        It is not TOML, or names something that is not known; the message says what is.

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
    try:
        given = tomllib.loads(text)
        given.pop("notes", None)
        known = [each.name for each in fields(Study) if each.name not in {"name", "folder"}]
        _known("it names", given, known)
        for name in ("experiment", "axes", "laws", "speedups", "fits", "pictures"):
            _require(isinstance(given.get(name, {}), dict), name, given.get(name), "a table")
        pictures = given.pop("pictures", {})
        study = Study(
            **{"title": path.stem, "measures": [], "experiment": {}}
            | given
            | {"axes": dict(_axes(given.get("axes", {})))},
            name=path.stem,
            folder=path.parent,
            pictures={name: _picture(name, each) for name, each in pictures.items()},
        )
        _check(study)
    except (tomllib.TOMLDecodeError, TypeError, ValueError) as error:
        raise InputError(f"{path} is no study: {error}") from None
    return study


def _check(study: Study) -> None:
    """Raise a ValueError for the first entry that cannot be."""
    seeds, target = study.seeds, study.target
    _require(type(seeds) is int and seeds >= 1, "seeds", seeds, "a whole number, at least 1")
    _require(isinstance(study.title, str), "title", study.title, "one line of text")
    is_loss = target is None or (type(target) in {int, float} and abs(target) < inf)
    _require(is_loss, "target", target, "a loss")
    _require(isinstance(study.measures, list), "measures", study.measures, "a list of names")
    _known("measures names", study.measures, MEASURES)
    if not study.measures:
        raise ValueError(f"it measures nothing: give measures, of {', '.join(MEASURES)}")
    for name in study.axes:
        settings = study.settings(name)
        if name in _COLUMNS or name in study.measures:
            raise ValueError(f"axes.{name} is the name of another column: choose another name")
        _require(bool(settings), f"axes.{name}", study.axes[name], "at least one value")
        if len(set(settings)) < len(settings):
            raise ValueError(f"axes.{name} has a value twice: {', '.join(settings)}")
    for entry, named in (("laws", study.laws), ("speedups", study.speedups), ("fits", study.fits)):
        _known(f"{entry} names", named, study.measures)
        _known(f"{entry} names", named.values(), LAWS if entry == "laws" else study.axes)
    for axis in study.fits.values():
        numbers(study, axis)
    for name, picture in study.pictures.items():
        if Path(name).name != name:
            raise ValueError(f"pictures.{name!r} is no name of a file: leave out the slashes")
        _check_picture(study, f"pictures.{name}", picture)


def numbers(study: Study, axis: str) -> list[float]:
    """Return the settings of an axis of numbers; ValueError if they are none."""
    try:
        return [float(each) for each in study.settings(axis)]
    except ValueError:
        raise ValueError(f"axes.{axis} holds no numbers: choose another axis") from None


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
            numbers(study, picture.x)
            for axis in study.axes:
                left = len(shown(picture).get(axis, study.axes[axis]))
                if left > 1 and axis not in (picture.x, picture.panels, *picture.lines):
                    raise ValueError(
                        f"{name} leaves the axis {axis} open: name it in lines or panels, or give "
                        "one setting of it in where"
                    )
        case _:
            _known(f"{name}.kind is", [picture.kind], ("lines", "gantt"))


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


def _axes(given: Table, prefix: str = "") -> list[tuple[str, list[Any] | Table]]:
    """Return the axes by their full names: a table that holds lists is of dotted names."""
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
        if name not in known:
            raise ValueError(f"{where} {name!r}: choose from {', '.join(known) or 'none'}")


def _require(holds: bool, name: str, value: object, remedy: str) -> None:  # noqa: FBT001
    if not holds:
        raise ValueError(f"{name} is {value!r}: give {remedy}")
