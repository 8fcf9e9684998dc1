"""Options of objects of the user's own: typed as ``name=value``, checked against a signature.

Owns how a text becomes a value, and which values a parameter takes. Must not know the object.
"""

from __future__ import annotations

import inspect
import tomllib
import types
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from learning_curves.errors import InputError


def option(text: str) -> tuple[str, Any]:
    """Return the name and the value of an option typed as ``name=value``.

    The value is read as in TOML; a text that is not a TOML value stays a text.

    Raises
    ------
    InputError
        The text has no name or no value.

    Examples
    --------
    >>> option("patience=3"), option("growth=0.5"), option("mode=fast"), option("mode='3'")
    (('patience', 3), ('growth', 0.5), ('mode', 'fast'), ('mode', '3'))

    """
    name, equals, value = text.partition("=")
    if not (name.isidentifier() and equals and value):
        raise InputError(f"{text!r} is not an option: write NAME=VALUE")
    return name, _value(value)


def options(texts: Iterable[str]) -> dict[str, Any]:
    """Return the options typed as ``name=value``, by name.

    Raises
    ------
    InputError
        A text is not an option, or a name is given twice.

    """
    found: dict[str, Any] = {}
    for name, value in map(option, texts):
        if name in found:
            raise InputError(f"the option {name} is given twice: leave one out")
        found[name] = value
    return found


def _value(text: str) -> Any:
    try:
        found = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    value = found.get("value")
    plain = len(found) == 1 and isinstance(value, bool | int | float | str | list)
    return value if plain else text


_KINDS: dict[Any, tuple[Callable[[Any], bool], str]] = {
    bool: (lambda value: isinstance(value, bool), "true or false"),
    int: (lambda value: type(value) is int, "a whole number"),  # True is an int, too
    float: (lambda value: type(value) in (int, float), "a number"),
    str: (lambda value: isinstance(value, str), "a text, such as \"'3'\""),
    list: (lambda value: isinstance(value, list | tuple), "a list, such as [1, 2]"),
    tuple: (lambda value: isinstance(value, list | tuple), "a list, such as [1, 2]"),
    dict: (lambda value: isinstance(value, Mapping), "a table"),
    type(None): (lambda value: value is None, "nothing"),
}
"""What a value of a kind is, and how a user is asked for one."""


def fitted(said: str, value: Any, parameter: inspect.Parameter) -> Any:
    """Return `value` as the parameter takes it; raise an InputError if it does not."""
    kind = parameter.annotation
    if kind is parameter.empty or isinstance(kind, str):  # what a text names is not known here
        kind = Any if parameter.default in (parameter.empty, None) else type(parameter.default)
        kind = kind if kind in _KINDS else Any
    if not _fits(value, kind):
        raise InputError(f"{said} is {value!r}: give {_asked(kind)}")
    if kind is float:
        return float(value)
    return tuple(value) if (typing.get_origin(kind) or kind) is tuple else value


def _fits(value: Any, kind: Any) -> bool:
    origin, inside = typing.get_origin(kind) or kind, typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return any(_fits(value, each) for each in inside)
    if origin is typing.Literal:
        return any(value == each and type(value) is type(each) for each in inside)
    if origin is typing.Annotated:
        return _fits(value, inside[0])
    if isinstance(origin, type) and issubclass(origin, Sequence) and origin is not str:
        origin = list
    if origin not in _KINDS:
        try:
            return kind in (Any, object) or isinstance(value, kind)
        except TypeError:  # isinstance does not accept this kind
            return True
    if not _KINDS[origin][0](value):
        return False
    element = inside[0] if origin in (list, tuple) and inside else Any
    return element is Any or all(_fits(each, element) for each in value)


def _asked(kind: Any) -> str:
    """Return what a value of this kind is, in words.

    >>> _asked(int | None), _asked(typing.Literal["fast", "slow"]), _asked(list[int])
    ('a whole number', "one of 'fast', 'slow'", 'a list, such as [1, 2]')
    """
    origin, inside = typing.get_origin(kind) or kind, typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_asked(each) for each in inside if each is not type(None))
    if origin is typing.Literal:
        return f"one of {', '.join(map(repr, inside))}"
    if isinstance(origin, type) and issubclass(origin, Sequence) and origin is not str:
        origin = list
    if origin in _KINDS:
        return _KINDS[origin][1]
    return f"a {getattr(kind, '__name__', kind)}, which options do not support"
