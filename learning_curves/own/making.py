"""Objects of the user's own are made by the names of their parameters.

Owns which values go to a constructor, and the complaints about them. Must not know what the object
is for.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from difflib import get_close_matches
from typing import Any

from learning_curves.errors import InputError, one_line
from learning_curves.own.files import files_of, place
from learning_curves.own.loading import load
from learning_curves.own.typed import fitted

_NAMED = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)


def make(
    name: str,
    what: str,
    offered: Mapping[str, Any],
    given: Mapping[str, Any] | None = None,
    *,
    flag: str | None = None,
) -> Any:
    """Return what the class or function `name` makes, called by the names of its parameters.

    Parameters
    ----------
    name, what
        See `load`.
    offered
        Values by parameter name; each is passed if the signature has the parameter.
    given
        The user's options by parameter name; each must be passed. A float parameter takes a whole
        number, too, and a tuple parameter a list.
    flag
        How the user gives an option, for the messages: ``"--scheduler-option"``; None if there are
        no options.

    Raises
    ------
    InputError
        See `load`; or an option is unknown, missing or of the wrong type, or the call raises.

    """
    called = load(name, what)
    attribute = name.partition(":")[2]
    said = f"the {what} is {name!r}, but"
    known = parameters(called)
    values = _checked(said, attribute, known, offered, given or {}, flag)
    try:
        if not known:
            return called()
        before = [
            values.pop(each.name)
            for each in known.values()
            if each.kind is each.POSITIONAL_ONLY and each.name in values
        ]
        return called(*before, **values)
    except InputError:
        raise  # it is one clear line already
    except (Exception, SystemExit) as error:  # whatever a user's code may raise
        where = place(error, files_of(called)) or f"python -c 'import {name.partition(':')[0]}'"
        raise InputError(
            f"{said} {attribute}() raised {one_line(error)}: fix it; see {where}"
        ) from error


def parameters(called: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Return the parameters of a class or function by name; none if it does not report them.

    A constructor that takes ``**settings`` is taken to pass them on to the next class: the named
    parameters of that one are added.

    >>> class Base:
    ...     def __init__(self, searcher, r_max): ...
    >>> class Patient(Base):
    ...     def __init__(self, patience=1, **settings): ...
    >>> list(parameters(Patient))
    ['patience', 'searcher', 'r_max']
    """
    known = _signature(called)
    bases = called.__mro__[1:-1] if inspect.isclass(called) else ()
    for base in bases:
        rest = [name for name, each in known.items() if each.kind is each.VAR_KEYWORD]
        if not rest:
            break
        del known[rest[0]]
        taken = (*_NAMED, inspect.Parameter.VAR_KEYWORD)
        more = {name: each for name, each in _signature(base).items() if each.kind in taken}
        known |= {name: each for name, each in more.items() if name not in known}
    return known


def _signature(called: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    try:
        known = inspect.signature(called)
    except (TypeError, ValueError):
        return {}
    with suppress(Exception):  # an annotation may name what is imported for typing alone
        known = inspect.signature(called, eval_str=True)
    return dict(known.parameters)


def open_options(name: str, what: str, offered: Collection[str]) -> list[str] | None:
    """Return the names of the options that an object takes; None if it takes any.

    `offered` are the parameters that are passed in any case.
    """
    known = parameters(load(name, what))
    return None if _takes_any(known) else _open(known, offered)


def _open(known: Mapping[str, inspect.Parameter], offered: Collection[str]) -> list[str]:
    """Return the parameters that are left for the user's options."""
    named = (*_NAMED, inspect.Parameter.POSITIONAL_ONLY)
    return [name for name, each in known.items() if each.kind in named and name not in offered]


def _takes_any(known: Mapping[str, inspect.Parameter]) -> bool:
    return any(each.kind is each.VAR_KEYWORD for each in known.values())


def _checked(
    said: str,
    attribute: str,
    known: Mapping[str, inspect.Parameter],
    offered: Mapping[str, Any],
    given: Mapping[str, Any],
    flag: str | None,
) -> dict[str, Any]:
    """Return the values to pass, by name; raise an InputError for one that cannot be."""
    left = _open(known, offered)
    for name in given:
        if name in offered:
            raise InputError(
                f"{said} the option {name} is a setting of the run: leave it out, and set "
                f"{name} for the run"
            )
        if name not in left and not _takes_any(known):
            near = get_close_matches(name, left, n=1)
            choice = f"did you mean {near[0]}?" if near else f"it has {', '.join(left) or 'none'}"
            raise InputError(f"{said} {attribute}() has no option {name!r}: {choice}")
    values = {name: value for name, value in offered.items() if name in known}
    for name in left:
        each = known[name]
        if name in given:
            values[name] = fitted(f"{said} its option {name}", given[name], each)
        elif each.default is each.empty:
            remedy = f"give {flag} {name}=VALUE" if flag else "give it a default"
            raise InputError(f"{said} {attribute}() needs {name!r}: {remedy}")
    return values | {name: value for name, value in given.items() if name not in values}
