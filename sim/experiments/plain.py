"""Dataclasses as the plain values of a TOML file.

Owns what may stand in a file for a field. Must not know what the fields mean.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, asdict, fields
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

import tomli_w

from learning_curves import files
from learning_curves.errors import for_the_user, reading

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")

_SAID = {
    "str": "a text",
    "int": "a whole number",
    "bool": "true or false",
    "float": "a number",
    "Config": "a table",
    "list[float]": "a list of numbers",
    "tuple[float, ...]": "a list of numbers",
    "tuple[Config, ...]": "a list of tables",
    "tuple[Stay, ...]": "a list of [worker, joins, leaves]",
}
"""What a field is to hold, by its type, in words."""


def to_toml(value: DataclassInstance, **notes: object) -> str:
    """Return a dataclass as TOML, empty tables left out; `notes` come first, not read back."""
    values = {name: each for name, each in asdict(value).items() if each != {}}
    return tomli_w.dumps(({"notes": notes} if notes else {}) | without_none(values))


def from_toml(kind: type[T], text: str, name: str, **parts: type[Any]) -> T:
    """Return the dataclass of this kind that `to_toml` wrote.

    Parameters
    ----------
    kind
        Of dataclass; its fields that are tuples are lists in the file.
    text, name
        The file's content and, for the message, its name.
    parts
        The kinds of the fields that are dataclasses themselves.

    Raises
    ------
    InputError
        The text is not TOML, or does not describe such a dataclass.

    """
    with reading(name, "is not an experiment", remedy="give an experiment.toml"):
        values = files.read_toml(text)
        with for_the_user():
            return _made(kind, values, parts)


def _made(kind: type[T], values: dict[str, Any], parts: Mapping[str, type[Any]]) -> T:
    """Return the dataclass of the values, each checked."""
    values.pop("notes", None)
    made = {field: values.pop(field, {}) for field in parts}
    places = {name.name: "above the tables" for name in fields(kind)}
    places |= {each.name: f"in [{field}]" for field, part in parts.items() for each in fields(part)}
    _check_names(kind, values, "", places, also=parts)
    check_kinds(kind, values)
    for field, part in parts.items():
        if isinstance(made[field], dict):
            _check_names(part, made[field], f"[{field}] ", places)
        check_kinds(part, made[field])
    nested = {field: parts[field](**_frozen(made[field])) for field in parts}
    return kind(**_frozen(values), **nested)


def _check_names(
    kind: type[Any],
    values: dict[str, Any],
    where: str,
    places: Mapping[str, str],
    *,
    also: Iterable[str] = (),
) -> None:
    """Raise a ValueError for a name that the dataclass `kind` does not have, or one that it lacks.

    The names in `also` are fields that are tables of their own. `places` says where each field of
    the file belongs.
    """
    known = {each.name: each for each in fields(kind)}
    for name in values:
        if name not in known:
            if name in places:
                raise ValueError(f"{where}there is no {name!r}: it belongs {places[name]}")
            near = get_close_matches(name, known, n=1)
            choice = f"did you mean {near[0]}?" if near else f"choose from {', '.join(known)}"
            raise ValueError(f"{where}there is no {name!r}: {choice}")
    for name, each in known.items():
        needed = each.default is MISSING and each.default_factory is MISSING
        if needed and name not in values and name not in also:
            raise ValueError(f"{where}{name} is missing: give it")


def check_kinds(kind: type[Any], values: object) -> None:
    """Raise a ValueError for the first value that its field in the dataclass `kind` cannot hold."""
    if not isinstance(values, dict):
        raise ValueError(f"{kind.__name__.lower()} is {values!r}: give a table")
    kinds = {
        "str": str,
        "int": int,
        "bool": bool,
        "float": int | float,
        "Config": dict,
        "list[float]": list,
        "tuple[float, ...]": list,
        "tuple[Config, ...]": list,
        "tuple[Stay, ...]": list,
    }
    entries = {"tuple[Config, ...]": dict, "tuple[Stay, ...]": list}
    for each in fields(kind):
        expected = str(each.type).removesuffix(" | None")
        value = values.get(each.name)
        if value is None or expected not in kinds:
            continue
        fits = isinstance(value, kinds[expected])
        if isinstance(value, list):
            entry = entries.get(expected, int | float)
            fits = fits and all(isinstance(one, entry) for one in value)
        if not fits or isinstance(value, bool) != (expected == "bool"):  # True is an int, too
            raise ValueError(f"{each.name} is {value!r}: give {_SAID.get(expected, expected)}")


def _frozen(values: dict[str, Any]) -> dict[str, Any]:
    """Return `values` with tuples for lists, and for the lists in them."""
    return {
        key: tuple(tuple(one) if isinstance(one, list) else one for one in value)
        if isinstance(value, list)
        else value
        for key, value in values.items()
    }


def without_none(values: dict[str, Any]) -> dict[str, Any]:
    """Return `values`, and the dicts in them, without what is None: TOML has no null.

    >>> without_none({"a": 1, "b": None, "c": {"d": None}})
    {'a': 1, 'c': {}}
    """
    nested = {key: without_none(v) if isinstance(v, dict) else v for key, v in values.items()}
    return {key: value for key, value in nested.items() if value is not None}
