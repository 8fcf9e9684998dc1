"""The trainings in a source, row by row, before they are checked for completeness.

Owns the form that every reader fills, and how files are read once, for their content and their
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
"""Is told how far a long read has come, and how far it goes."""


@dataclass(frozen=True)
class Log:
    """One row for each epoch of each training, in any order; the arrays run side by side.

    Parameters
    ----------
    ids
        The id of each config, ascending.
    configs
        The configs, one for each id.
    config
        The place in `configs` of each row's.
    seed
        Which training of its config a row belongs to, >= 0.
    step
        What the source has as the epoch.
    loss
        What is minimised; NaN and inf where training diverged.
    seconds
        NaN where the source does not say.
    cumulative
        Whether `seconds` count from the beginning of the training, rather than of the epoch.
    stamps
        Whether `seconds` are what a clock says at the end of the epoch.
    start
        Of `stamps`, what the clock said when the training began; None where nobody knows.
    absent
        The rows whose epoch has no loss since none was measured; None for none of them.
    place
        Tells where in the source a row stands, as a person would say it.
    space
        The domains that the format itself knows, by name.
    anchored
        Whether the steps are no count of epochs by their nature: epoch k is the k-th of them.
    from_0
        Whether step 0 is the state before training, and no epoch.
    notes
        What was decided on the way, a line each, for the screen.
    title, licence, flaws, task, recording, train_examples
        What goes into the card.

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
    """A file that is read from start to end, its digest made on the way.

    Parameters
    ----------
    path
        The file.
    progress
        Told the bytes read and the bytes there are, after each read.

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
            raise InputError(f"{path} is empty: give the file that has the curves")

    def readable(self) -> bool:
        """Tell that it can be read."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fill `buffer`; return with how many bytes."""
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
        """Read what is left, for nothing else, and return the digest of all."""
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
    """Return the digest of the file at `path`, which is read in pieces.

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
    """Return the name that was asked for, or the only one there is.

    Raises
    ------
    InputError
        It is not there, or there are several and none was asked for; the message lists them.

    """
    if asked in there:
        return str(asked)
    if asked is None and len(there) == 1:
        return there[0]
    listed = ", ".join(there[:40]) + (f" and {len(there) - 40} more" if len(there) > 40 else "")
    if asked is None:
        raise InputError(f"{source} holds {len(there)} {what}: choose by {option}: {listed}")
    raise InputError(f"{source} has no {what.rstrip('s')} {asked!r}: {option} takes {listed}")
