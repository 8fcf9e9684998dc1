"""One HTML page of sections, with its style, its scripts and its data inside.

Owns the form of the page, and how text and data enter it so that none of it is executed. Must not
know what a section is about.

The page forbids itself the network by its Content Security Policy, which also names the digests of
the only two scripts that may run.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from importlib import resources
from typing import Any

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from sim.reports.screen import finite, shown

_ASSETS = resources.files("sim.reports.html") / "assets"
# Of JSON in a script element: `<` could end the element, or begin a comment in it.
_UNSAFE = str.maketrans({each: f"\\u{ord(each):04x}" for each in "<>&\u2028\u2029"})

Json = dict[str, Any]


@dataclass(frozen=True)
class Note:
    """A paragraph of text."""

    text: str
    kind: str = "note"


@dataclass(frozen=True)
class Source:
    """A text that keeps its lines, such as a file."""

    title: str
    text: str
    kind: str = "source"


@dataclass(frozen=True)
class Table:
    """A table of texts.

    Parameters
    ----------
    title
        Its caption.
    columns
        The texts by heading, as many in each.
    left
        How many of the first columns hold words; the others hold numbers.
    is_open
        Whether it is shown before it is asked for.
    anchor
        The prefix of the anchor of each row, which a number from 0 follows; none if empty. Such a
        row opens to show `Page.runs`.

    """

    title: str
    columns: Mapping[str, Sequence[str]]
    left: int = 1
    is_open: bool = True
    anchor: str = ""
    kind: str = "table"

    @property
    def rows(self) -> list[tuple[str, ...]]:
        """The rows."""
        return list(zip(*self.columns.values(), strict=True))


@dataclass(frozen=True)
class Chart:
    """A chart.

    Parameters
    ----------
    title
        Its caption.
    figure
        The ``traces``, ``layout`` and ``height`` (pixels) that the page's script hands to Plotly.
        All text in it must have been through `charts.text`.
    note
        Below the caption.
    anchor
        Its own; none if empty.
    link
        The anchor that the caption leads to; none if empty.
    is_wide
        Whether it takes the whole width.

    """

    title: str
    figure: Json
    note: str = ""
    anchor: str = ""
    link: str = ""
    is_wide: bool = False
    kind: str = "chart"


@dataclass(frozen=True)
class Choice:
    """A choice of one setting of an axis: the charts show no other.

    Parameters
    ----------
    axis
        The axis, as in the ``meta`` of the traces.
    settings
        Its settings; the first one is chosen at first.

    """

    axis: str
    settings: Sequence[str]
    kind: str = "choice"


Block = Note | Source | Table | Chart | Choice


@dataclass(frozen=True)
class Section:
    """A part of the page with a heading.

    Parameters
    ----------
    anchor
        Its name in links.
    title
        Its heading.
    blocks
        What it holds, in order.

    """

    anchor: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Page:
    """A report.

    Parameters
    ----------
    title
        The title, one line.
    facts
        What it is about, by name.
    sections
        Its parts.
    runs
        What the rows of the tables with anchors open to; see ``assets/report.js``.

    """

    title: str
    facts: Mapping[str, str]
    sections: Sequence[Section]
    runs: Json = field(default_factory=dict)

    def html(self) -> str:
        """Return the page; the same page is the same text."""
        charts = [
            block.figure
            for section in self.sections
            for block in section.blocks
            if isinstance(block, Chart)
        ]
        scripts = [_asset("plotly-basic.min.js"), _asset("report.js")]
        html: str = _template().render(
            page=self,
            style=Markup(_asset("report.css")),  # noqa: S704  our own file
            data=Markup(embedded({"charts": charts, "runs": self.runs})),  # noqa: S704  escaped
            scripts=[Markup(each) for each in scripts],  # noqa: S704  our own files
            digests=[_digest(each) for each in scripts],
        )
        return html


def embedded(value: object) -> str:
    r"""Return JSON that may stand in a script element; null for infinite or missing numbers.

    >>> embedded({"name": "</script>&", "loss": float("nan")})
    '{"name":"\\u003c/script\\u003e\\u0026","loss":null}'
    """
    text = json.dumps(finite(value), allow_nan=False, separators=(",", ":"))
    return text.translate(_UNSAFE)


def _template() -> Template:
    made = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_legible,
    )
    return made.from_string(_asset("report.html"))


def _legible(value: object) -> object:
    """Return a text with escapes for its control characters, which HTML does not allow."""
    return shown(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


def _digest(script: str) -> str:
    """Return the name of a script in a Content Security Policy."""
    return f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"
