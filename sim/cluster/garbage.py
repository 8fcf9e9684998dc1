"""Python's collector of cyclic garbage, kept out of a hot loop.

Owns the pause, and that it ends. Must not know what the loop does.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def cyclic_collection_paused() -> Iterator[None]:
    """Keep the collector from walking a growing heap again and again; restore it at the end.

    A run keeps nearly all its objects, and looking for garbage among them takes a third of its
    time. Cycles that a user's scheduler makes are collected after the run.

    >>> with cyclic_collection_paused():
    ...     gc.isenabled()
    False
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
