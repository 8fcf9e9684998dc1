"""Schedulers of other libraries as ours, and ours as theirs.

Owns the names ``library:Class``, and which module adapts which library. Must not know any library:
each module here imports its own inside its functions, when a scheduler is made, so that a list of
names costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from types import MappingProxyType
from typing import Any, cast

from learning_curves._lazy import lazily
from learning_curves.errors import InputError, suggestion
from sim.schedulers.catalogue import Settings
from sim.schedulers.protocol import Scheduler, Searcher

ADAPTED: Mapping[str, str] = MappingProxyType(
    {
        "optuna": "sim.adapters.optuna_pruners",
        "ray": "sim.adapters.ray_tune",
        "syne-tune": "sim.adapters.syne_tune",
    }
)
"""The module that adapts the schedulers of a library, by the prefix of their names.

Each has ``NAMES``, the classes that it adapts; ``make(class_name, searcher, settings, options)``,
which returns a `Scheduler`; and, where the options are known, ``options(class_name)``.
"""

_REVERSE = {
    "OptunaPruner": "sim.adapters.for_optuna:OptunaPruner",
    "RayScheduler": "sim.adapters.for_ray:RayScheduler",
}
__getattr__, __dir__ = lazily(
    __name__,
    _REVERSE,
)


def adapts(name: str) -> bool:
    """Return whether `name` has the prefix of a library.

    >>> adapts("optuna:HyperbandPruner"), adapts("mine:Mine"), adapts("asha")
    (True, False, False)
    """
    return name.partition(":")[0] in ADAPTED and ":" in name


def names() -> tuple[str, ...]:
    """Return the names of all adapted schedulers; no library is imported.

    >>> "ray:ASHAScheduler" in names()
    True
    """
    return tuple(
        f"{prefix}:{each}"
        for prefix, module in ADAPTED.items()
        for each in import_module(module).NAMES
    )


def options(name: str) -> list[str] | None:
    """Return the names of the options that an adapted scheduler takes; None if any.

    Raises
    ------
    InputError
        There is no such scheduler, or its library is not installed.

    """
    module, class_name = _found(name)
    asked = getattr(module, "options", None)
    return None if asked is None else list(asked(class_name))


def make(
    name: str, searcher: Searcher, settings: Settings, options: Mapping[str, Any]
) -> Scheduler:
    """Return a scheduler of another library, behind our protocol.

    Parameters
    ----------
    name
        ``library:Class``, such as ``"optuna:HyperbandPruner"``.
    searcher
        Where the trials come from.
    settings
        Those of the run; each library gets those that it has a parameter for.
    options
        Further parameters of the class, by name.

    Raises
    ------
    InputError
        There is no such scheduler, its library is not installed, or it refuses an option.
    ValueError
        It refuses a setting.

    """
    module, class_name = _found(name)
    return cast("Scheduler", module.make(class_name, searcher, settings, options))


def _found(name: str) -> tuple[Any, str]:
    """Return the module and the class that `name` names."""
    prefix, _, class_name = name.partition(":")
    if prefix not in ADAPTED:
        raise InputError(f"the library is {prefix!r}: choose from {', '.join(ADAPTED)}")
    module = import_module(ADAPTED[prefix])
    if class_name not in module.NAMES:
        known = [f"{prefix}:{each}" for each in module.NAMES]
        raise InputError(f"the scheduler is {name!r}: {suggestion(name, known)}")
    return module, class_name


__all__ = ["ADAPTED", "OptunaPruner", "RayScheduler", "adapts", "make", "names", "options"]
