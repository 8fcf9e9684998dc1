"""The pictures that a study may name, and how an entry is refused.

Owns which axes and measures a kind of picture needs. Must not know how it is drawn.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from math import inf, isfinite

from learning_curves.errors import suggestion
from sim.experiments.measures import MEASURES
from sim.faults import KINDS
from sim.studies import comparison
from sim.studies.statistics import survival
from sim.studies.study import Picture, Study, shown

OF_COMPARISONS = ("utilisation", "speedup", "effect")
"""The kinds of pictures that only a comparison has."""

_KINDS_OF_PICTURES = (
    *("lines", "gantt", "incumbent", "first-jobs", "ranks", "reached"),
    *OF_COMPARISONS,
)


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


def check_picture(study: Study, name: str, picture: Picture) -> None:
    """Raise a ValueError if a study cannot draw a picture, which the message calls `name`."""
    used = [*filter(None, (picture.x, picture.panels)), *picture.lines, *picture.where]
    known(f"{name} names", used, study.axes)
    for axis, settings in shown(picture).items():
        known(f"{name}.where.{axis} is", settings, study.settings(axis))
    match picture.kind:
        case "gantt":
            return
        case "lines":
            offered = [*study.measures, *(f"speedup.{measure}" for measure in study.speedups)]
            known(f"{name}.y names", picture.y, offered)
            require(bool(picture.x), f"{name}.x", picture.x, "an axis")
            require(bool(picture.y), f"{name}.y", picture.y, "measures")
            known(f"{name}.log is", [picture.log], ("", "x", "y", "xy"))
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
            require(bool(study.ranks), "ranks", study.ranks, f"an axis, for {name}")
            known(
                f"{name}.y names",
                picture.y,
                [m for m in known_measures(study) if MEASURES[m].better],
            )
        case "reached":
            require(study.survival, "survival", study.survival, f"true, for {name}")
            known(
                f"{name}.y names",
                picture.y,
                survival.times(known_measures(study)),
            )
            _check_no_axis_is_open(study, name, replace(picture, x=""))
        case "incumbent" | "first-jobs":
            known(f"{name}.kind needs the axis", ("scheduler", "workers"), study.axes)
        case "utilisation" | "speedup" | "effect":
            known(f"{name}.kind needs the axis", ("scheduler", "workers"), study.axes)
            known(f"{name}.kind needs the measure", comparison.MEASURES, study.measures)
            allowed = ("scheduler", "workers", *KINDS)
            known(
                f"{name}.kind is {picture.kind!r}, which is not for the axis", study.axes, allowed
            )
            known(f"{name}.kind needs", ("speedups.time_to_target",), _speedups(study))
            numbers(study, "workers")
            kind = comparison.effect_of(study)
            if picture.kind == "effect" and kind is None:
                raise ValueError(f"{name}.kind is 'effect', and no axis is of {', '.join(KINDS)}")
            if kind is not None:
                known(f"axes.{kind} needs the setting", ("with", "without"), study.settings(kind))
                known(f"against.{kind} is", study.baselines(kind) or [""], ("without",))
        case _:
            known(f"{name}.kind is", [picture.kind], _KINDS_OF_PICTURES)


def _check_no_axis_is_open(study: Study, name: str, picture: Picture) -> None:
    for axis in study.axes:
        left = len(shown(picture).get(axis, study.axes[axis]))
        if left > 1 and axis not in (picture.x, picture.panels, *picture.lines):
            raise ValueError(
                f"{name} leaves the axis {axis} open: name it in lines or panels, or give one "
                "setting of it in where"
            )


def known_measures(study: Study) -> list[str]:
    """Return the measures of a study that there are; the others are refused by name."""
    return [name for name in study.measures if isinstance(name, str) and name in MEASURES]


def _speedups(study: Study) -> list[str]:
    return [f"speedups.{measure}" for measure in study.speedups]


def known(where: str, names: Collection[str], choices: Collection[str]) -> None:
    """Raise a ValueError for the first name that is not among the choices."""
    for name in names:
        if not isinstance(name, str) or name not in choices:
            offered = [each for each in choices if isinstance(each, str) and each] or ["none"]
            raise ValueError(f"{where} {name!r}: {suggestion(str(name), offered)}")


def require(holds: bool, name: str, value: object, remedy: str) -> None:  # noqa: FBT001
    """Raise a ValueError for an entry that does not hold."""
    if not holds:
        raise ValueError(f"{name} is {value!r}: give {remedy}")
