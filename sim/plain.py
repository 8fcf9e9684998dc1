"""Dataclasses as the plain values of a TOML file.

Owns what may stand in a file for a field. Must not know what the fields mean.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any


def check_kinds(kind: type[Any], values: object) -> None:
    """Raise a ValueError for the first value that its field in the dataclass `kind` cannot hold."""
    if not isinstance(values, dict):
        raise ValueError(f"{kind.__name__.lower()} is {values!r}: give a table")
    kinds = {"str": str, "int": int, "bool": bool, "float": int | float, "tuple[float, ...]": list}
    for each in fields(kind):
        expected = str(each.type).removesuffix(" | None")
        value = values.get(each.name)
        if value is None or expected not in kinds:
            continue
        fits = isinstance(value, kinds[expected])
        if isinstance(value, list):
            fits = fits and all(isinstance(number, int | float) for number in value)
        if not fits or isinstance(value, bool) != (expected == "bool"):  # True is an int, too
            raise ValueError(f"{each.name} is {value!r}: give {expected}")


def without_none(values: dict[str, Any]) -> dict[str, Any]:
    """Return `values`, and the dicts in them, without what is None: TOML has no null.

    >>> without_none({"a": 1, "b": None, "c": {"d": None}})
    {'a': 1, 'c': {}}
    """
    nested = {key: without_none(v) if isinstance(v, dict) else v for key, v in values.items()}
    return {key: value for key, value in nested.items() if value is not None}
