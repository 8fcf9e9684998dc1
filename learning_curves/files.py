"""Files that are written completely or not at all, and by one process at a time.

Owns how anything is written to disk: to a temporary name beside the target, flushed, then renamed.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from learning_curves.errors import InputError

if sys.platform != "win32":
    import fcntl


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to; rename it to `path` when all went well.

    On an error the temporary file is removed, and the file at `path` is unchanged.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     target = Path(folder, "notes.txt")
    ...     with replacing(target) as part:
    ...         _ = part.write_text("whole")
    ...     target.read_text()
    'whole'
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


def write(path: Path, data: bytes) -> None:
    """Replace the file at `path` by `data`; a crash leaves the old file or the new one, whole."""
    with replacing(path) as part:
        part.write_bytes(data)


@contextmanager
def locked(path: Path, who: str) -> Iterator[None]:
    """Lock the folder or file at `path` against other processes that lock it, if the system can.

    A file that does not exist is created.

    Raises
    ------
    InputError
        Another process, which `who` describes, holds the lock.

    """
    if sys.platform == "win32":  # a file that is open could not be replaced
        yield
        return
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR | os.O_CREAT, 0o666)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise InputError(f"{path}: another {who} is writing it: wait for its end") from error
        yield
    finally:
        os.close(descriptor)


def sync_folder(folder: Path) -> None:
    """Bring the names in `folder` to the disk, where the system can (POSIX)."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
