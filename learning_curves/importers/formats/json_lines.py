"""JSON lines as a sheet of cells: one object per line, one column per key.

Owns how objects within an object become columns. Must not know what the columns mean (`tidy`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from learning_curves.errors import InputError
from learning_curves.tables.sheet import Sheet

SUFFIXES = (".jsonl", ".ndjson")
"""The suffixes of JSON lines files."""


def sheet(raw: bytes, path: Path) -> Sheet:
    r"""Return the lines as a sheet; a key that a line lacks is an empty cell.

    The keys of an object within a line's object are columns of their own: ``{"config": {"lr": 1}}``
    has the column ``lr``, or ``config.lr`` where ``lr`` stands in another place, too. A list, and
    an object deeper than that, is a cell that holds its JSON text. NaN and Infinity are numbers;
    null is an empty cell.

    Raises
    ------
    InputError
        A line is not a JSON object in UTF-8; the message names the line.

    Examples
    --------
    >>> found = sheet(b'{"config": {"lr": 0.1}, "step": 1}\n', Path("log.jsonl"))
    >>> found.table.to_pylist()
    [{'lr': 0.1, 'step': 1}]

    """
    lines = raw.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    numbers = [number for number, line in enumerate(lines) if line.strip()]
    flat = [_flat(_object(lines[number], f"{path}, line {number + 1}")) for number in numbers]
    places = list(dict.fromkeys(place for row in flat for place in row))
    columns = dict(zip(_named(places), places, strict=True))
    cells = {
        name: _array([row.get(place) for row in flat], f"{path}, the column {name!r}")
        for name, place in columns.items()
    }
    if not cells:
        raise InputError(f"{path} has no rows: write one object per line, such as {{..}}")
    return Sheet(path, pa.table(cells), "jsonl", np.array(numbers, dtype=np.int64))


def _object(line: bytes, where: str) -> dict[str, Any]:
    try:
        said = json.loads(line.decode("utf-8"))
    except UnicodeDecodeError:
        raise InputError(f"{where}: this is not text in UTF-8: save the file as UTF-8") from None
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InputError(
            f"{where}: this is not JSON, {reason}: write one complete object per line"
        ) from None
    if not isinstance(said, dict):
        raise InputError(f"{where}: there is a {type(said).__name__}: write an object, {{..}}")
    return said


def _flat(said: dict[str, Any]) -> dict[tuple[str, ...], Any]:
    """Return the values of a line's object by their path of keys."""
    found: dict[tuple[str, ...], Any] = {}
    for key, value in said.items():
        inner = value.items() if isinstance(value, dict) else ()
        found |= {(key, name): _cell(each) for name, each in inner}
        if not isinstance(value, dict):
            found[key,] = _cell(value)
    return found


def _cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list) else value


def _named(places: Sequence[tuple[str, ...]]) -> list[str]:
    """Return the column name of each path: its last key, or all keys if that is ambiguous.

    >>> _named([("lr",), ("config", "lr"), ("config", "width")])
    ['lr', 'config.lr', 'width']
    """
    lasts = Counter(place[-1] for place in places)
    names = [
        place[-1] if len(place) == 1 or lasts[place[-1]] == 1 else ".".join(place)
        for place in places
    ]
    for name, times in Counter(names).items():
        if times > 1:
            raise InputError(f"the key {name!r} names two columns: rename one")
    return names


def _array(cells: list[Any], what: str) -> Any:
    try:
        return pa.array(cells)
    except UnicodeEncodeError:
        raise InputError(f"{what} has text that is not valid Unicode: remove it") from None
    except (pa.ArrowException, OverflowError, TypeError):  # numbers and words in one column
        return pa.array([cell if cell is None else str(cell) for cell in cells], pa.string())
