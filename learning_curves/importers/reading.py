"""Selects the reader for a source.

Owns the guess of a format from a source's name and first bytes, and the path from a source to a
table.
"""

from __future__ import annotations

from pathlib import Path

from learning_curves.errors import InputError, reading
from learning_curves.importers.assembly import Imported, assemble
from learning_curves.importers.formats import lcbench, lcdb, optuna_study, syne_tune, tidy
from learning_curves.importers.log import Progress
from learning_curves.importers.options import FORMATS, Options

_READERS = {
    "tidy": tidy.read,
    "syne-tune": syne_tune.read,
    "lcdb": lcdb.read,
    "lcbench": lcbench.read,
}
"""The readers of files and folders."""

_REMEDY = "export it again, or give another --format"


def guess(source: str) -> str:
    """Return the format of a source, guessed from its name and first bytes.

    Raises
    ------
    InputError
        There is no such source, or it resembles no format.

    """
    if optuna_study.is_url(source):
        return "optuna"
    path = _there(source)
    if path.is_dir():
        return "syne-tune"
    with reading(path, remedy=_REMEDY), path.open("rb") as file:
        begin = file.read(256)
    if begin.startswith(b"SQLite format 3\0"):
        return "optuna"
    match path.suffix:
        case ".json":
            return "lcbench"
        case ".csv" | ".parquet" | ".jsonl" | ".ndjson":
            header = ",".join(lcdb.COLUMNS).encode()
            return "lcdb" if begin.startswith(header) else "tidy"
        case _:
            raise InputError(
                f"{source} has no known format, by its name and its first bytes: give "
                f"--format {' | '.join(FORMATS)}"
            )


def read(source: str, form: str, options: Options, progress: Progress) -> Imported:
    """Return the table made from `source`, read in the format `form`.

    Raises
    ------
    InputError
        The source breaks a rule of its format, or an option that it needs is missing.

    """
    options.check_for(form)
    if form == "optuna":
        if not optuna_study.is_url(source):
            _there(source)
        called = optuna_study.without_password(source)
        with reading(called, "is not a storage of Optuna", remedy=_REMEDY):
            return assemble(optuna_study.read(source, options, progress), options)
    path = _there(source)
    if path.is_dir() != (form == "syne-tune"):
        kind = "a folder" if path.is_dir() else "a file"
        raise InputError(
            f"{source} is {kind}, which the format {form} cannot read: give another --format"
        )
    with reading(source, remedy=_REMEDY):
        return assemble(_READERS[form](path, options, progress), options)


def _there(source: str) -> Path:
    path = Path(source)
    if not path.exists():
        raise InputError(f"there is no {source}: give a file, a folder, or a storage's URL")
    return path
