"""Lazy public names: a package imports a name from its module when the name is first used.

Owns the two functions of PEP 562 that `learning_curves`, `sim` and `real` share, so that none of
them imports numpy or torch before they are needed. Must not know which names there are.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any


def lazily(
    package: str, places: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """Return the ``__getattr__`` and the ``__dir__`` of a package that imports its names lazily.

    Parameters
    ----------
    package
        The ``__name__`` of the package.
    places
        For each public name, the module that it stands for, ``"a.b"``, or the module and the
        attribute that it stands for, ``"a.b:c"``.

    Examples
    --------
    >>> getter, names = lazily(__name__, {"join": "os.path:join", "json": "json"})
    >>> getter("join")("a", "b"), names()
    ('a/b', ['join', 'json'])
    >>> getter("jsn")
    Traceback (most recent call last):
    AttributeError: module 'learning_curves._lazy' has no attribute 'jsn'

    """

    def get(name: str) -> Any:
        if name not in places:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, _, attribute = places[name].partition(":")
        found: Any = import_module(module)
        if attribute:
            found = getattr(found, attribute)
        setattr(sys.modules[package], name, found)  # the next use does not come here
        return found

    def names() -> list[str]:
        return sorted(places)

    return get, names
