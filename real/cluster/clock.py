"""The wall clock of a live run.

Owns what time it is, and waiting for jobs to end. Tests put a clock of their own in its place.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from concurrent import futures
from typing import Any, Protocol


class Clock(Protocol):
    """Tells the time of a run, and waits."""

    def now(self) -> float:
        """Return the seconds since some fixed moment."""
        ...

    def wait(self, running: Collection[futures.Future[Any]], until: float) -> None:
        """Return when one of `running` has ended, or it is `until`, whichever is first."""
        ...


class WallClock:
    """Real time, of which it is never too early."""

    def now(self) -> float:
        """Return the seconds since some fixed moment."""
        return time.monotonic()

    def wait(self, running: Collection[futures.Future[Any]], until: float) -> None:
        """Return when one of `running` has ended, or it is `until`, whichever is first."""
        seconds = min(until - self.now(), threading.TIMEOUT_MAX)
        futures.wait(running, max(0.0, seconds), return_when=futures.FIRST_COMPLETED)
