"""Files that are written completely or not at all, and by one process at a time.

Owns how anything is written to disk: to a temporary name beside the target, flushed, then renamed;
and how the text of a TOML file becomes plain values.
"""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from learning_curves.errors import InputError

if sys.platform != "win32":
    import fcntl


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to; rename it to `path` when all went well.

    On an error the temporary file is removed, and the file at `path` is unchanged.

    Raises
    ------
    InputError
        No file can have this name.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     target = Path(folder, "notes.txt")
    ...     with replacing(target) as part:
    ...         _ = part.write_text("whole")
    ...     target.read_text()
    'whole'
    """
    if not path.name or "\0" in str(path):
        raise InputError(f"{str(path)!r} is not a file name: give another one")
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield part
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
        sync_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


_DEEPEST = 20  # levels of tables and lists; a recursive function takes some frames for each


def read_toml(text: str) -> dict[str, Any]:
    """Return the values of a TOML file; use under `errors.reading`.

    Raises
    ------
    ValueError
        The text is not TOML, or nests tables and lists so deep that no recursive function can
        follow: dotted keys nest without limit.

    Examples
    --------
    >>> read_toml("a.b = [1]")
    {'a': {'b': [1]}}
    >>> read_toml(".".join("a" * 21) + " = 1")
    Traceback (most recent call last):
    ValueError: tables or lists are nested more than 20 deep

    """
    values = tomllib.loads(text)
    level: list[Any] = [values]
    for _ in range(_DEEPEST):
        level = [
            inner
            for each in level
            for inner in (each.values() if isinstance(each, dict) else each)
            if isinstance(inner, dict | list)
        ]
    if level:
        raise ValueError(f"tables or lists are nested more than {_DEEPEST} deep")
    return values


def key_lines(text: str) -> dict[str, int]:
    r"""Return the line, from 1, on which each key of a valid TOML text is given first.

    tomllib tells no positions. But it parses each statement alone, below its table's header; a
    statement that goes on in the next line is not TOML before its last line.

    Parameters
    ----------
    text
        The content of a TOML file, its lines ended by ``\n``.

    Returns
    -------
    dict
        The full dotted name of a key or table -> its line. Quotes are left out, and the tables of
        an array have one name.

    Examples
    --------
    >>> key_lines("a = [\n  1,\n]\n[b.c]\nd.e = 2")
    {'a': 1, 'b': 4, 'b.c': 4, 'b.c.d': 5, 'b.c.d.e': 5}

    """
    found: dict[str, int] = {}
    header = statement = ""
    began = 1
    for number, line in enumerate(text.split("\n"), start=1):
        statement += f"{line}\n"
        is_header = statement.lstrip().startswith("[")
        try:
            values = tomllib.loads(statement if is_header else header + statement)
        except tomllib.TOMLDecodeError:
            continue
        for name in _names(values):
            found.setdefault(name, began)
        header = statement if is_header else header
        statement, began = "", number + 1
    return found


def _names(value: Any, prefix: str = "") -> Iterator[str]:
    """Yield the dotted name of each key in `value`, and in its tables and lists."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield f"{prefix}{key}"
            yield from _names(inner, f"{prefix}{key}.")
    elif isinstance(value, list):
        for inner in value:
            yield from _names(inner, prefix)


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
            raise InputError(
                f"{path}: another {who} is writing it: wait until it has ended"
            ) from error
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
