"""Objects of the user's own, by the name ``module:Class``: tasks, schedulers, searchers, curves.

Imports nothing heavy, since it decides on a name before anything else is loaded.
"""

from learning_curves.own.files import (
    blamed,
    check_digests,
    defined,
    described,
    digests,
    origin,
    place,
)
from learning_curves.own.loading import callable_with, check, is_own, load, short
from learning_curves.own.making import make, open_options, parameters
from learning_curves.own.typed import option, options

__all__ = [
    "blamed",
    "callable_with",
    "check",
    "check_digests",
    "defined",
    "described",
    "digests",
    "is_own",
    "load",
    "make",
    "open_options",
    "option",
    "options",
    "origin",
    "parameters",
    "place",
    "short",
]
