"""The pause of the cyclic garbage collector."""

import gc

import pytest

from sim.cluster.garbage import cyclic_collection_paused


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
