"""Another environment: the clocks run ahead, and the global generators have another state.

Owns what a scheduler must not look at, and how it is changed for a time. The only file of the
simulator that imports `time` and `random`, since it replaces them.
"""

from __future__ import annotations

import datetime as dt
import random
import sys
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

_CLOCKS = ("time", "monotonic", "perf_counter", "process_time", "thread_time")
_REAL: dict[int, Callable[[], Any]] = {
    id(clock): clock
    for name in _CLOCKS
    for clock in (getattr(time, name), getattr(time, f"{name}_ns"))
}
_HOUR = 3600


@contextmanager
def another_environment(seed: int, modules: Collection[str] = ()) -> Iterator[None]:
    """Let every clock run an hour ahead at each reading, and seed the global generators.

    Clocks are the functions of `time`, and `now`, `utcnow` and `today` of `datetime.datetime`, in
    those modules and under any name in `modules`. Everything is restored at the end.

    Parameters
    ----------
    seed
        Of `random` and `numpy.random`; 0 leaves the clocks as they are.
    modules
        The names of the modules of the scheduler.

    """
    old_random, old_numpy = random.getstate(), np.random.get_state()  # noqa: NPY002  the global one
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002  likewise
    places = [time, dt, *filter(None, map(sys.modules.get, modules))] if seed else []
    replaced = [
        (place, name, value)
        for place in places
        for name, value in vars(place).items()
        if id(value) in _REAL or value is dt.datetime
    ]
    read = [0]
    try:
        for place, name, value in replaced:
            changed = _Ahead if value is dt.datetime else _ahead(value, read)
            setattr(place, name, changed)
        yield
    finally:
        for place, name, value in replaced:
            setattr(place, name, value)
        random.setstate(old_random)
        np.random.set_state(old_numpy)  # noqa: NPY002  likewise


def _ahead(clock: Callable[[], Any], read: list[int]) -> Callable[[], Any]:
    scale = 10**9 if clock.__name__.endswith("_ns") else 1

    def changed() -> Any:
        read[0] += 1
        return clock() + read[0] * _HOUR * scale

    return changed


class _Ahead(dt.datetime):
    """A datetime whose now is a year ahead."""

    @classmethod
    def now(cls, tz: dt.tzinfo | None = None) -> _Ahead:
        """Return the time a year from now."""
        return super().now(tz) + dt.timedelta(days=365)

    @classmethod
    def utcnow(cls) -> _Ahead:
        """Return the time a year from now, without a time zone."""
        return cls.now(dt.UTC).replace(tzinfo=None)

    @classmethod
    def today(cls) -> _Ahead:
        """Return the local time a year from now."""
        return cls.now()
