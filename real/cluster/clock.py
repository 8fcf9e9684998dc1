"""The wall clock of a live run.

Owns the time, and waiting for jobs to end. Tests replace it by another clock.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from concurrent import futures
from typing import Any, Protocol


class Clock(Protocol):
    """The time of a run, and waiting."""

    def now(self) -> float:
        """Return the seconds since some fixed moment."""
        ...

    def wait(self, running: Collection[futures.Future[Any]], until: float) -> None:
        """Wait until one of `running` has ended, or until `until`, whichever is first."""
        ...


class WallClock:
    """Real time."""

    def now(self) -> float:
        """Return the seconds since some fixed moment."""
        return time.monotonic()

    def wait(self, running: Collection[futures.Future[Any]], until: float) -> None:
        """Wait until one of `running` has ended, or until `until`, whichever is first."""
        seconds = min(until - self.now(), threading.TIMEOUT_MAX)
        futures.wait(running, max(0.0, seconds), return_when=futures.FIRST_COMPLETED)
