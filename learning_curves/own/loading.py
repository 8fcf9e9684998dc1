"""Objects of the user's own are found by the name ``module:Class``.

Owns how such a name is found, and the check that what it makes has all its pieces. Must not know
what the object is for.
"""

from __future__ import annotations

import importlib
import inspect
import re
import sys
import types
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from learning_curves.errors import InputError, one_line

_NAME = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


def is_own(name: str) -> bool:
    """Return whether `name` has the form ``package.module:Class``.

    >>> is_own("mine:Mine"), is_own("asha"), is_own("a/b.py:Mine")
    (True, False, False)
    """
    return _NAME.fullmatch(name) is not None


def load(name: str, what: str) -> Callable[..., Any]:
    """Return the class or function that `name` names.

    The module is looked for in the current folder first, as by ``python -m``; also in a process
    that was spawned there.

    Parameters
    ----------
    name
        Such as ``"package.module:Class"``.
    what
        The kind of object, for the messages, such as ``"scheduler"``.

    Raises
    ------
    InputError
        The name has another form, there is no such module or attribute, the import raises, or the
        attribute cannot be called.

    """
    module_name, _, attribute = name.partition(":")
    if not is_own(name):
        raise InputError(
            f"the {what} is {name!r}: write package.module:Class, the module without slashes or .py"
        )
    module = _module(name, module_name, what)
    try:
        made = getattr(module, attribute)
    except AttributeError:
        near = get_close_matches(attribute, vars(module), n=1)
        choice = f"did you mean {near[0]}?" if near else "name a class or a function of it"
        raise InputError(
            f"the {what} is {name!r}, but {getattr(module, '__file__', None) or module_name} has "
            f"no {attribute!r}: {choice}"
        ) from None
    if not callable(made):
        raise InputError(
            f"the {what} is {name!r}, but {attribute!r} is {short(made)}: "
            f"name a class, or a function that returns the {what}"
        )
    # A file of settings names what is called: nothing of Python itself, such as os:system.
    home = str(getattr(made, "__module__", None) or "").partition(".")[0]
    if home in sys.stdlib_module_names or module_name.partition(".")[0] in sys.stdlib_module_names:
        raise InputError(
            f"the {what} is {name!r}, which is a part of Python: name a class or a function of "
            "your own"
        )
    found: Callable[..., Any] = made
    return found


def _module(name: str, module_name: str, what: str) -> types.ModuleType:
    here = str(Path.cwd())
    if not {"", here} & set(sys.path):
        sys.path.insert(0, here)
    importlib.invalidate_caches()  # the file may be younger than the last look at its folder
    try:
        return importlib.import_module(module_name)
    except InputError:
        raise  # it is one clear line already
    except (Exception, SystemExit) as error:  # whatever a user's code may raise
        if isinstance(error, ModuleNotFoundError) and _leads_to(error.name, module_name):
            raise InputError(
                f"the {what} is {name!r}, but there is no module {error.name!r} in {here} or "
                "elsewhere on Python's path: run rungsim in the folder that holds it"
            ) from None
        raise InputError(
            f"the {what} is {name!r}, but importing {module_name} raised {one_line(error)}: fix "
            f'it; python -c "import {module_name}" shows where'
        ) from error


def _leads_to(missing: str | None, module_name: str) -> bool:
    """Return whether `missing` is the module or a package around it, not one that it imports."""
    return f"{module_name}.".startswith(f"{missing}.")


def check(
    name: str,
    what: str,
    made: Any,
    pieces: Mapping[str, tuple[Callable[[Any], bool], str]],
) -> None:
    """Raise an InputError for the first piece that `made` lacks, or that is wrong.

    Parameters
    ----------
    name, what
        See `load`.
    made
        What it made.
    pieces
        By the attribute's name: what accepts its value, and how a user is asked for one.

    """
    called = name.partition(":")[2]
    found = f"the {what} is {name!r}, but {called}() is a {type(made).__name__}"
    for piece, (fits, asked) in pieces.items():
        try:
            value = getattr(made, piece)
        except AttributeError:
            raise InputError(f"{found} without {piece!r}: give it {asked}") from None
        except (Exception, SystemExit) as error:  # a property may raise anything
            raise InputError(
                f"the {what} is {name!r}, but {called}() raised {one_line(error)} for {piece!r}: "
                "fix it"
            ) from error
        if not fits(value):
            raise InputError(f"{found} whose {piece!r} is {short(value)}: make it {asked}")


def callable_with(count: int) -> Callable[[Any], bool]:
    """Return a predicate for functions that can be called with `count` positional arguments."""

    def fits(function: Any) -> bool:
        if not callable(function):
            return False
        try:
            inspect.signature(function).bind(*range(count))
        except TypeError:
            return False
        except ValueError:  # a built-in, which does not report its signature
            return True
        return True

    return fits


def short(value: object) -> str:
    """Return a value in one line of at most 60 characters.

    >>> short("x" * 99) == "'" + "x" * 56 + "..."
    True
    """
    text = " ".join(repr(value).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
