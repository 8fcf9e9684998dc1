"""The journal of a live run: every exchange with the scheduler, one line of JSON each.

Owns the form of the file, and the law that a line is written completely or not at all, and is on
the disk before a report has any effect. Must not know how a scheduler uses the events.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any, Self, TypeAlias

from learning_curves import files
from learning_curves.errors import InputError, reading
from learning_curves.spaces.space import Config
from sim.experiments.plain import check_kinds

if sys.platform != "win32":
    import fcntl


@dataclass(frozen=True, slots=True)
class Started:
    """A worker began a job: a new job of the scheduler, or a job that a stop had cut off."""

    seconds: float
    job: int  # in the order of start
    trial: int
    config: Config
    start: int
    stop: int
    bracket: int
    worker: int
    attempt: int  # 0 for the first
    again: bool = False  # not an answer of the scheduler: for it, the job still runs


@dataclass(frozen=True, slots=True)
class Reported:
    """A job ended; see `training.Report`."""

    seconds: float
    job: int
    losses: list[float]
    epoch_seconds: list[float]
    restored: float
    saved: float
    error: str = ""
    unreadable: str = ""


@dataclass(frozen=True, slots=True)
class Lost:
    """A job will not report, and why."""

    seconds: float
    job: int
    reason: str
    raised: bool = False  # an exception of the task, which did not end the process


@dataclass(frozen=True, slots=True)
class Idled:
    """The scheduler had no job: the name of a member of `Idle`."""

    seconds: float
    answer: str


@dataclass(frozen=True, slots=True)
class Stopped:
    """The coordinator stopped, or was found to have died; what was running is lost with it."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Ended:
    """The run is over."""

    seconds: float


Event: TypeAlias = Started | Reported | Lost | Idled | Stopped | Ended
_KINDS: Mapping[str, type[Event]] = {
    kind.__name__.lower(): kind for kind in (Started, Reported, Lost, Idled, Stopped, Ended)
}


class Journal:
    """An append-only file of events; a context manager that holds the file's lock.

    Parameters
    ----------
    path
        The file; begun where it does not exist.

    Raises
    ------
    InputError
        Another process writes it, or it cannot be opened.

    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def __enter__(self) -> Self:
        try:
            self._file: IO[bytes] = self.path.open("a+b", buffering=0)
            files.sync_folder(self.path.parent)
        except OSError as error:
            raise InputError(f"{self.path} cannot be written: {error.strerror}") from None
        if sys.platform != "win32":
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                self._file.close()
                raise InputError(
                    f"{self.path}: another process is running this run: wait until it has ended"
                ) from None
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def read(self) -> list[Event]:
        """Return the events, after cutting off what a crash left torn at the end.

        Raises
        ------
        InputError
            A line is not an event; nothing is changed.

        """
        events, whole = _parse(self.path, self.path.read_bytes())
        self._file.truncate(whole)
        return events

    def append(self, event: Event) -> None:
        """Add one line; a report, what was lost and the end are on the disk on return.

        Raises
        ------
        OSError
            The disk is full or fails; the file is as it was.

        """
        line = _line(event)
        before = os.fstat(self._file.fileno()).st_size
        try:
            left = memoryview(line)
            while left:  # an unbuffered write may take only a part
                left = left[self._file.write(left) :]
            if not isinstance(event, Started | Idled):  # those follow from the rest
                os.fsync(self._file.fileno())
        except BaseException:  # Ctrl-C, too, must not leave half a line
            with contextlib.suppress(OSError):
                self._file.truncate(before)
            raise


def read(path: Path) -> list[Event]:
    """Return the events of a journal that another process may be writing.

    Raises
    ------
    InputError
        There is no such file, or a line is not an event.

    """
    with reading(path, remedy="restore the file"):
        return _parse(path, path.read_bytes())[0]


def _line(event: Event) -> bytes:
    values = asdict(event)
    if isinstance(event, Reported):  # JSON has no infinity
        values["losses"] = [None if loss == math.inf else loss for loss in event.losses]
    kind = type(event).__name__.lower()
    return (json.dumps({"event": kind} | values) + "\n").encode()  # a config may hold Infinity


def _parse(path: Path, content: bytes) -> tuple[list[Event], int]:
    """Return the events in whole lines, and how many bytes these take."""
    events: list[Event] = []
    whole = content.rfind(b"\n") + 1
    for number, line in enumerate(content[:whole].splitlines(), start=1):
        with reading(
            f"{path}: line {number}", "is not an event of a run", remedy="restore the file"
        ):
            values = json.loads(line)
            kind = _KINDS[values.pop("event")]
            events.append(kind(**_checked(kind, values)))
    return events, whole


def _checked(kind: type[Event], values: dict[str, Any]) -> dict[str, Any]:
    if kind is Reported:
        values["losses"] = [math.inf if loss is None else loss for loss in values["losses"]]
    for name, value in values.items():
        if value is None:
            raise ValueError(f"{name} is null")
    check_kinds(kind, values)
    return values
