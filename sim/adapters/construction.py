"""How an adapted class is called: the run's settings and the user's options, by parameter name.

Owns the complaints about them, the epochs of its reports, and its silence. Must not know any
library.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

from learning_curves.errors import InputError, one_line, suggestion
from learning_curves.own import parameters
from learning_curves.own.typed import fitted
from sim.schedulers.catalogue import Settings
from sim.schedulers.rungs.rung import rung_levels

T = TypeVar("T")


def levels_of(settings: Settings, *, at_rungs: bool) -> tuple[int, ...]:
    """Return the epochs at which a trial reports: the rung levels, or every `r_min` epochs.

    Raises
    ------
    ValueError
        See `rung.rung_levels`.

    """
    levels = rung_levels(settings.r_min, settings.r_max, settings.eta)
    if at_rungs:
        return levels
    return (*range(settings.r_min, settings.r_max, settings.r_min), settings.r_max)


def set_by_run(settings: Settings, meaning: Mapping[str, str]) -> dict[str, Any]:
    """Return the values of the parameters that stand for a setting of the run, by `meaning`."""
    return {each: getattr(settings, setting) for each, setting in meaning.items()}


@contextmanager
def silenced(logger: str) -> Iterator[None]:
    """Silence what a library logs below `logger`, and warnings: a user cannot act on them."""
    found = logging.getLogger(logger)
    level = found.level
    found.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        found.setLevel(level)


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
