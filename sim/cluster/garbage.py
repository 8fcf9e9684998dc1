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
    time. At the end they go to the oldest generation at once, where a full collection finds the
    cycles that a user's scheduler makes. If the caller has frozen objects, they go there by way of
    the younger ones, which takes a tenth.

    >>> with cyclic_collection_paused():
    ...     gc.isenabled()
    False
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():
            gc.freeze()
            gc.unfreeze()
        if was_enabled:
            gc.enable()
