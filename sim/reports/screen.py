"""Formats figures for the screen and for JSON.

Owns the console, and the format of times and numbers. Must not know their meaning.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from math import isfinite
from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from learning_curves.errors import printable

if TYPE_CHECKING:
    import pandas as pd


class _Escaping(Console):
    """A console that shows control characters as escapes, so that terminals ignore them."""

    def render_str(self, text: str, **settings: Any) -> Text:
        return super().render_str(shown(text), **settings)


def shown(text: str) -> str:
    r"""Return `text` with escapes for control and unprintable characters, except line ends.

    >>> shown("one\ntwo \x1b[31m")
    'one\ntwo \\x1b[31m'
    """
    return "\n".join(map(printable, text.split("\n")))


def console(*, stderr: bool = False) -> Console:
    """Return a console that prints text unchanged and does not wrap output to a file.

    A new one is made for each use, since standard output may have been replaced.
    """
    made = _Escaping(stderr=stderr, markup=False, highlight=False, emoji=False, soft_wrap=True)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = 200
    return made


def duration(seconds: float) -> str:
    """Return a length of time as text.

    >>> duration(5.25), duration(754), duration(93784), duration(float("inf"))
    ('5.2 s', '12 min 34 s', '26 h 03 min', '-')
    """
    if not isfinite(seconds):
        return "-"
    if seconds < 100:
        return f"{seconds:.1f} s"
    minutes = seconds / 60
    if minutes < 100:
        return f"{int(minutes)} min {int(seconds % 60):02d} s"
    return f"{int(minutes // 60)} h {int(minutes % 60):02d} min"


def size(count: float) -> str:
    """Return a number of bytes as text.

    >>> size(3.2e8), size(2.5e10), size(1e300)
    ('320 MB', '25 GB', '1e+291 GB')
    """
    return f"{count / 1e6:.0f} MB" if count < 1e9 else f"{count / 1e9:.3g} GB"


def figure(value: object) -> str:
    """Return a number with four digits, any other value as text.

    >>> figure(0.123456), figure(128), figure("relu")
    ('0.1235', '128', 'relu')
    """
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a table as plain values."""
    return [{str(name): value for name, value in row.items()} for row in table.to_dict("records")]


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table whose cells wrap on a narrow screen, except those of the first column."""
    table = Table(
        title=title,
        title_justify="left",
        box=SIMPLE_HEAD,
        show_edge=False,
        pad_edge=False,
        collapse_padding=True,
    )
    for place, name in enumerate(header):
        table.add_column(name, overflow="fold", no_wrap=place == 0)
    for row in rows:
        table.add_row(*row)
    console().print(table)


def to_json(value: object) -> str:
    """Return JSON with one line per entry; numbers in full, null for infinite or missing ones."""
    return json.dumps(finite(value), indent=2, allow_nan=False) + "\n"


def finite(value: Any) -> Any:
    """Return a value for JSON, which has no infinite or missing numbers: None for each of them."""
    match value:
        case float():
            return value if isfinite(value) else None
        case Mapping():
            return {name: finite(each) for name, each in value.items()}
        case list() | tuple():
            return [finite(each) for each in value]
        case _:
            return value
