"""The trainings in a source, one row per epoch, before they are checked for completeness.

Owns the structure that every reader fills. Files are read once, for their content and their
digest. Must not know any format.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from learning_curves.errors import InputError
from learning_curves.spaces.space import Config, Space

Floats: TypeAlias = npt.NDArray[np.float64]
Places: TypeAlias = npt.NDArray[np.int64]

Progress: TypeAlias = Callable[[int, int], None]
"""Called with the amount read so far and the total amount of a long read."""


@dataclass(frozen=True)
class Log:
    """One row for each epoch of each training, in any order; all arrays have one entry per row.

    Parameters
    ----------
    ids
        The id of each config, ascending.
    configs
        The configs, one for each id.
    config
        The index in `configs` of each row's config.
    seed
        Which training of its config a row belongs to, >= 0.
    step
        The epoch as the source numbers it.
    loss
        The loss, to be minimised; NaN and inf where training diverged.
    seconds
        NaN where the source does not record them.
    cumulative
        Whether `seconds` count from the beginning of the training rather than of the epoch.
    stamps
        Whether `seconds` are clock times at the end of the epoch.
    start
        With `stamps`, the clock time at the start of the training; None if unknown.
    absent
        The rows whose loss was not measured; None if there are none.
    place
        Returns the location of a row in the source, for messages.
    space
        The domains that the format defines, by name.
    anchored
        Whether the steps do not count epochs: epoch k is then the k-th step.
    from_0
        Whether step 0 is the state before training rather than an epoch.
    notes
        The decisions that the import made, one line each, for the screen.
    title, licence, flaws, task, recording, train_examples
        The content of the card.

    """

    ids: Sequence[int]
    configs: Sequence[Config]
    config: Places
    seed: Places
    step: Floats
    loss: Floats
    seconds: Floats
    place: Callable[[int], str]
    cumulative: bool = False
    stamps: bool = False
    start: Floats | None = None
    absent: npt.NDArray[np.bool_] | None = None
    space: Space = field(default_factory=dict)
    anchored: bool = False
    from_0: bool = False
    notes: tuple[str, ...] = ()
    title: str = ""
    licence: str = ""
    flaws: tuple[str, ...] = ()
    task: Mapping[str, Any] = field(default_factory=dict)
    recording: Mapping[str, Any] = field(default_factory=dict)
    train_examples: int | None = None

    @property
    def on_a_clock(self) -> bool:
        """Whether the seconds of an epoch are the difference of two of `seconds`."""
        return self.cumulative or self.stamps


class Digesting(io.RawIOBase):
    """A file that is read from start to end and hashed at the same time.

    Parameters
    ----------
    path
        The file.
    progress
        Called with the bytes read and the size in bytes after each read.

    Raises
    ------
    InputError
        The file cannot be opened, or is empty.

    """

    def __init__(self, path: Path, progress: Progress) -> None:
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise InputError(f"{path} cannot be read: {error.strerror}") from None
        self._size = path.stat().st_size
        self._progress = progress
        self._digest = sha256()
        if not self._size:
            self._file.close()
            raise InputError(f"{path} is empty: give the file that contains the curves")

    def readable(self) -> bool:
        """Return True: the file can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer` and return the number of bytes."""
        count = self._file.readinto(buffer)
        self._digest.update(memoryview(buffer)[:count])
        self._progress(self._file.tell(), self._size)
        return count

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()

    @property
    def sha256(self) -> str:
        """The digest of what has been read."""
        return self._digest.hexdigest()

    def rest_sha256(self) -> str:
        """Read the rest of the file and return the digest of the whole."""
        while self.read(1 << 20):
            pass
        return self.sha256


def read_whole(path: Path, progress: Progress) -> tuple[bytes, str]:
    """Return the content of the file at `path`, and its digest.

    Raises
    ------
    InputError
        It cannot be read, or is empty.

    """
    with Digesting(path, progress) as file:
        return file.readall(), file.sha256


def digest_of(path: Path, progress: Progress) -> str:
    """Return the digest of the file at `path`, which is read in blocks.

    Raises
    ------
    InputError
        It cannot be read, or is empty.

    """
    with Digesting(path, progress) as file:
        return file.rest_sha256()


def one_of(
    asked: str | None, there: Sequence[str], *, option: str, what: str, source: object
) -> str:
    """Return the requested name, or the only one that exists.

    Raises
    ------
    InputError
        The name does not exist, or there are several and none was requested; the message lists
        them.

    """
    if asked in there:
        return str(asked)
    if asked is None and len(there) == 1:
        return there[0]
    listed = ", ".join(there[:40]) + (f" and {len(there) - 40} more" if len(there) > 40 else "")
    if asked is None:
        raise InputError(f"{source} holds {len(there)} {what}: choose one with {option}: {listed}")
    raise InputError(f"{source} has no {what.rstrip('s')} {asked!r}: {option} takes {listed}")
