"""The pause of the cyclic garbage collector."""

import gc
import weakref

import pytest

from sim.cluster import garbage
from sim.cluster.garbage import cyclic_collection_paused


class Node:
    """An object that can hold itself."""

    def __init__(self):
        self.me = self


def test_cycles_that_runs_leave_are_collected_in_the_end(monkeypatch):
    monkeypatch.setattr(garbage, "_ENOUGH", 1000)
    monkeypatch.setattr(garbage, "_unseen", [])
    with cyclic_collection_paused():
        left = weakref.ref(Node())
        kept = [[i] for i in range(1000)]
    assert left() is not None
    with cyclic_collection_paused():
        assert left() is None
    assert len(kept) == 1000


def test_what_the_caller_has_frozen_stays_frozen():
    gc.freeze()
    try:
        frozen = gc.get_freeze_count()
        with cyclic_collection_paused():
            pass
        assert gc.get_freeze_count() == frozen > 0
    finally:
        gc.unfreeze()


def fail():
    with cyclic_collection_paused():
        assert not gc.isenabled()
        raise KeyError


@pytest.mark.parametrize("enabled", [False, True])
def test_the_collector_is_as_it_was(enabled):
    (gc.enable if enabled else gc.disable)()
    try:
        with pytest.raises(KeyError):
            fail()
        assert gc.isenabled() == enabled
    finally:
        gc.enable()
