"""Writing a file whole or not at all.

Owns the one way in which a file is replaced here: a temporary file in the same folder, flushed to
the disk, then renamed. Must not know what the bytes mean.
"""

from __future__ import annotations

import os
from pathlib import Path


def write(path: Path, data: bytes) -> None:
    """Replace the file at `path` by `data`; a crash leaves the old file or the new one, whole.

    The temporary name is fixed, so a leftover of a crash is overwritten by the next attempt. One
    writer at a time for each path.

    Raises
    ------
    OSError
        The folder is missing or cannot be written, or the disk is full.

    """
    partial = path.with_name(f".{path.name}.partial")
    with partial.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Bring the names in `folder` to the disk, where the system can (POSIX)."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
