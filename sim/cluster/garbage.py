"""Python's collector of cyclic garbage, kept out of a hot loop.

Owns the pause, and that it ends. Must not know what the loop does.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_ENOUGH = 1_000_000  # objects: making them takes fifty times as long as a full collection
_unseen: list[int] = []  # how many objects went to the oldest generation, in each pause


@contextmanager
def cyclic_collection_paused() -> Iterator[None]:
    """Keep the collector from walking a growing heap again and again; restore it at the end.

    A run keeps nearly all its objects, and looking for garbage among them takes a third of its
    time. At the end they go to the oldest generation at once, unless the caller has frozen objects,
    and a later pause begins with a full collection for the cycles that runs have left.

    >>> with cyclic_collection_paused():
    ...     gc.isenabled()
    False
    """
    if sum(_unseen) >= _ENOUGH:
        _unseen.clear()
        gc.collect()
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            if not gc.get_freeze_count():
                _unseen.append(gc.get_count()[0])
                gc.freeze()
                gc.unfreeze()
            gc.enable()
