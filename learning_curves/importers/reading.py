"""Which reader a source needs.

Owns the guess of a format from a source's name and beginning, and the way from a source to a table.
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

_REMEDY = "export it again, or name another --format"


def guess(source: str) -> str:
    """Return the format that a source seems to have.

    Raises
    ------
    InputError
        There is no such source, or it is like none.

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
                f"{source} has a name and a beginning like none of the formats: name it by "
                f"--format {' | '.join(FORMATS)}"
            )


def read(source: str, form: str, options: Options, progress: Progress) -> Imported:
    """Return the table that `source`, of the format `form`, becomes.

    Raises
    ------
    InputError
        The source is not as its format has it, or the options leave something open.

    """
    options.check_for(form)
    if form == "optuna":
        if not optuna_study.is_url(source):
            _there(source)
        called = optuna_study.without_password(source)
        with reading(called, "is no storage of Optuna", remedy=_REMEDY):
            return assemble(optuna_study.read(source, options, progress), options)
    path = _there(source)
    if path.is_dir() != (form == "syne-tune"):
        kind = "a folder" if path.is_dir() else "a file"
        raise InputError(f"{source} is {kind}, and the format {form} is not: name another --format")
    with reading(source, remedy=_REMEDY):
        return assemble(_READERS[form](path, options, progress), options)


def _there(source: str) -> Path:
    path = Path(source)
    if not path.exists():
        raise InputError(f"there is no {source}: give a file, a folder, or a storage's URL")
    return path
