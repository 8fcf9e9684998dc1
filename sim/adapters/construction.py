"""How an adapted class is called: the run's settings and the user's options, by parameter name.

Owns the complaints about them. Must not know any library.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from importlib.util import find_spec
from typing import Any, TypeVar

from learning_curves.errors import InputError, one_line, suggestion
from learning_curves.own import parameters
from learning_curves.own.typed import fitted

T = TypeVar("T")


def need(library: str, name: str, extra: str | None = None) -> None:
    """Raise if `library` is not installed; `name` is the scheduler that needs it.

    Raises
    ------
    InputError
        It names the remedy: the extra of rungsim, by default called as the library.

    """
    if find_spec(library) is None:
        raise InputError(
            f"{name} needs {library}, which is not installed: "
            f"pip install 'rungsim[{extra or library}]'"
        )


def free(called: Callable[..., Any], taken: Collection[str]) -> list[str]:
    """Return the parameters of a class that the run does not set, in order."""
    return [each for each in parameters(called) if each not in taken]


def construct(
    name: str,
    called: Callable[..., T],
    settings: Mapping[str, Any],
    options: Mapping[str, Any],
    meaning: Mapping[str, str],
) -> T:
    """Return ``called(**settings, **options)``.

    Parameters
    ----------
    name
        Of the scheduler, for the messages.
    called
        The class.
    settings
        What the run sets, by the parameter's name.
    options
        What the user gives, by the parameter's name.
    meaning
        The setting of the run that a parameter of `settings` stands for, by the parameter's name.

    Raises
    ------
    InputError
        An option is unknown, of the wrong type or set by the run; or the class needs another, or
        raises.

    """
    known = parameters(called)
    left = free(called, settings)
    said = f"the scheduler is {name!r}, but"
    for option in options:
        if option in settings:
            setting = meaning.get(option)
            remedy = f", and set {setting} for the run" if setting else ""
            raise InputError(f"{said} its option {option} is set by the run: leave it out{remedy}")
        if option not in left:
            raise InputError(f"{said} it has no option {option!r}: {suggestion(option, left)}")
    for option in left:
        if option not in options and known[option].default is known[option].empty:
            raise InputError(f"{said} it needs {option!r}: give --scheduler-option {option}=VALUE")
    values = {
        option: fitted(f"{said} its option {option}", value, known[option])
        for option, value in options.items()
    }
    try:
        return called(**settings, **values)
    except InputError:
        raise
    except Exception as error:  # libraries check their arguments by errors of many classes
        raise InputError(f"{said} it refuses its settings: {one_line(error)}") from error
