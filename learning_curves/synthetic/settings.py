"""The settings of a family, as they are typed: ``crossing=0.5``.

Owns how a text becomes a parameter. Must not know which families there are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any

from learning_curves.errors import InputError

_KINDS = {int: "a whole number", float: "a number", str: "a word"}


def defaults(family: type[Any]) -> dict[str, Any]:
    """Return the settings of `family` and their defaults; its r_max is none of them.

    >>> from learning_curves.synthetic import Exponential
    >>> list(defaults(Exponential))[:3]
    ['half_life', 'crossing', 'crossing_share']
    """
    return {each.name: each.default for each in fields(family) if each.name != "r_max"}


def made(family: type[Any], r_max: int, texts: Sequence[str]) -> Any:
    """Return the blackbox of `family` with these settings.

    Parameters
    ----------
    family
        One of the families.
    r_max
        The last epoch of its curves.
    texts
        Such as ``["crossing=0.5", "noise=0.01"]``.

    Raises
    ------
    InputError
        A text is no setting, or its value is of the wrong kind or out of its range; it names the
        text, and lists the settings.

    Examples
    --------
    >>> from learning_curves.synthetic import PowerLaw
    >>> made(PowerLaw, 9, ["crossing=1", "noise=0.01"]) == PowerLaw(9, crossing=1, noise=0.01)
    True

    """
    known = defaults(family)
    try:
        return family(r_max, **_given(known, texts))
    except InputError as error:
        raise InputError(f"{error}; the settings are {', '.join(known)}") from None


def _given(known: Mapping[str, Any], texts: Sequence[str]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for text in texts:
        name, _, value = text.partition("=")
        if name not in known:
            raise InputError(f"{text!r} is no setting")
        if name in given:
            raise InputError(f"{name} is given twice")
        kind = type(known[name])
        try:
            given[name] = kind(value)
        except ValueError:
            raise InputError(f"{name} is {value!r}: it must be {_KINDS[kind]}") from None
    return given
