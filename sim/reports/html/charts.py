"""Figures for Plotly: lines over an axis, stacked shares, step curves, ranks.

Owns how figures look, as plain values for JSON. Must not know how a number came about. The colours
of text, grid and ground are the page's, which knows whether it is dark.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from math import isfinite, isinf, log10, nan
from typing import Any

from sim.reports.html.page import Json
from sim.reports.plots.palette import CAUSES, DARK_GREY, Look
from sim.reports.screen import shown

HEIGHT = 340  # pixels
_ROW = 24  # pixels, of a bar
_SYMBOLS = {
    "o": "circle",
    "s": "square",
    "^": "triangle-up",
    "D": "diamond",
    "v": "triangle-down",
    "P": "cross",
    "X": "x",
    "*": "star",
    "p": "pentagon",
    "h": "hexagon",
    "<": "triangle-left",
    ">": "triangle-right",
    "d": "diamond-tall",
}
"""What Plotly calls the markers of Matplotlib."""
IDEAL = Look(DARK_GREY, (0.0, (1.5, 1.0)), "o")
"""Of a line that theory expects."""


def text(value: object) -> str:
    r"""Return a text that Plotly shows as it is: it takes a part of HTML for markup.

    >>> text("<b>a</b> & b\x1b")
    '&lt;b&gt;a&lt;/b&gt; &amp; b\\x1b'
    """
    return escape(shown(str(value)), quote=False)


@dataclass(frozen=True)
class Line:
    """A line through points.

    Parameters
    ----------
    name
        In the legend.
    look
        Its colour, dashes and markers.
    x, y
        The points; one without a finite `y` is left out.
    low, high
        The ends of the interval of each point; none if empty. An infinite end leaves the plot.
    told
        The text of each point when it is pointed at.
    cells
        The place of the cell of each point, which a click leads to.
    meta
        Axis -> setting: it is shown only while this setting is chosen.
    mode
        As in Plotly: ``"lines+markers"``, ``"markers"`` or ``"lines"``.
    shape
        ``"linear"``, or ``"hv"`` for steps.

    """

    name: str
    look: Look
    x: Sequence[float | str]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    told: Sequence[str] = ()
    cells: Sequence[int] = ()
    meta: Mapping[str, str] = field(default_factory=dict)
    mode: str = "lines+markers"
    shape: str = "linear"


def lines(
    drawn: Sequence[Line],
    *,
    x: Json,
    y: Json,
    band: bool = False,
) -> Json:
    """Return a figure of lines.

    Parameters
    ----------
    drawn
        The lines.
    x, y
        The axes, as `axis` returns them.
    band
        Whether intervals are bands along the line, in place of bars at its points.

    """
    ends = [end for line in drawn for ends in (line.y, line.low, line.high) for end in ends]
    is_log = y.get("type") == "log"
    known = [end for end in ends if isfinite(end) and (end > 0 or not is_log)]
    if known and any(isinf(end) for line in drawn for end in _ends(line)):
        if y.get("rangemode") == "tozero" and not is_log:
            known = [0.0, *known]
        y = {**y, "range": _range(known, is_log=is_log)}
    top, bottom = max(known, default=1.0), min(known, default=0.0)
    beyond = (bottom - 10 * (top - bottom + 1.0), top + 10 * (top - bottom + 1.0))
    traces: list[Json] = []
    for line in drawn:
        if band and len(line.low):
            traces += _band(line)
        traces.append(_trace(line, None if band else beyond))
    return {"traces": traces, "layout": {"xaxis": x, "yaxis": y}, "height": HEIGHT}


def axis(title: str, **settings: Any) -> Json:
    """Return an axis with its title, and settings of Plotly's."""
    return {"title": {"text": text(title)}, **settings}


def number_axis(title: str, values: Iterable[float]) -> Json:
    """Return an axis of numbers, logarithmic where they span a factor of 8, with a tick at each."""
    ticks = sorted(set(values))
    is_log = len(ticks) > 2 and ticks[0] > 0 and ticks[-1] >= 8 * ticks[0]
    return axis(
        title,
        type="log" if is_log else "linear",
        tickmode="array",
        tickvals=ticks,
        ticktext=[f"{each:g}" for each in ticks],
    )


def shares(
    rows: Sequence[str], parts: Sequence[tuple[Mapping[str, str], Mapping[str, Sequence[float]]]]
) -> Json:
    """Return a figure of stacked bars: where the workers' time goes.

    Parameters
    ----------
    rows
        The names of the bars, from the top.
    parts
        For each choice of settings, axis -> setting, the shares by cause, each as long as `rows`.

    """
    causes = [c for c in CAUSES if any(any(by.get(c, ())) for _, by in parts) or c == "training"]
    traces = [
        {
            "type": "bar",
            "orientation": "h",
            "name": text(CAUSES[cause].label),
            "y": [*map(text, rows)],
            "x": [rounded(share) for share in by[cause]],
            "marker": filled(cause),
            "meta": dict(meta),
            "hovertemplate": "%{y}: %{x:.1%} %{fullData.name}<extra></extra>",
        }
        for meta, by in parts
        for cause in causes
        if cause in by
    ]
    layout = {
        "barmode": "stack",
        "bargap": 0.25,
        "xaxis": axis("share of the workers' time", tickformat=".0%", range=[0, 1.001]),
        "yaxis": {"autorange": "reversed", "type": "category", "automargin": True},
    }
    return {"traces": traces, "layout": layout, "height": 130 + _ROW * max(3, len(rows))}


def filled(cause: str) -> Json:
    """Return the fill of a bar or an area that stands for a cause of the workers' time."""
    look = CAUSES[cause]
    return hatched(look.face, look.hatch[:1], look.edge)


def hatched(colour: str, hatch: str, ink: str) -> Json:
    """Return the fill of a bar with a hatch, one of Plotly's shapes; "" for none."""
    marker: Json = {"color": colour, "line": {"color": "#888888", "width": 0.5}}
    if hatch:
        pattern = {"shape": hatch, "fgcolor": ink, "bgcolor": colour, "size": 6, "solidity": 0.3}
        marker["pattern"] = pattern
    return marker


def rounded(value: float, digits: int = 7) -> float:
    """Return a number rounded to a number of digits: a chart shows no more.

    >>> rounded(1234.56789012), rounded(float("nan"))
    (1234.568, nan)
    """
    return float(f"{value:.{digits}g}")


def _ends(line: Line) -> list[float]:
    return [
        end
        for y, *ends in zip(line.y, line.low, line.high, strict=False)
        for end in ends
        if isfinite(y)
    ]


def _range(known: Sequence[float], *, is_log: bool) -> list[float]:
    """Return the range of an axis beyond which intervals go on."""
    least, most = min(known), max(known)
    if is_log:
        return [log10(least) - 0.05, log10(most) + 0.05]
    margin = 0.05 * ((most - least) or abs(most) or 1.0)
    return [least - margin if least else 0.0, most + margin]


def _trace(line: Line, beyond: tuple[float, float] | None) -> Json:
    """Return the points and, unless they are a band, the intervals within the limits `beyond`."""
    y = [rounded(each) if isfinite(each) else nan for each in line.y]
    dash = ",".join(f"{2 * each:g}px" for each in line.look.dashes[1]) or "solid"
    trace: Json = {
        "type": "scatter",
        "mode": line.mode,
        "name": text(line.name),
        "x": [text(each) if isinstance(each, str) else each for each in line.x],
        "y": y,
        "line": {"color": line.look.colour, "dash": dash, "width": 1.8, "shape": line.shape},
        "meta": dict(line.meta),
    }
    if "markers" in line.mode:
        trace["marker"] = {"symbol": _SYMBOLS[line.look.marker], "size": 7}
        trace["marker"]["color"] = line.look.colour
    if line.told:
        name = text(line.name)
        trace |= {"hoverinfo": "text", "hovertext": [f"{name}: {text(each)}" for each in line.told]}
    if line.cells:
        trace["customdata"] = list(line.cells)
    if beyond is not None and len(line.low):
        least, most = beyond
        trace["error_y"] = {
            "type": "data",
            "symmetric": False,
            "array": [rounded(min(h, most) - v) for v, h in zip(y, line.high, strict=True)],
            "arrayminus": [rounded(v - max(w, least)) for v, w in zip(y, line.low, strict=True)],
            "color": line.look.colour,
            "thickness": 1,
            "width": 3,
        }
    return trace


def _band(line: Line) -> list[Json]:
    """Return the invisible ends of a band, the upper one filled down to the lower one."""
    common = {
        "type": "scatter",
        "mode": "lines",
        "x": list(line.x),
        "line": {"width": 0, "shape": line.shape, "color": line.look.colour},
        "hoverinfo": "skip",
        "showlegend": False,
        "meta": dict(line.meta),
    }
    fill = {"fill": "tonexty", "fillcolor": f"{line.look.colour}30"}
    low, high = ([rounded(each) for each in ends] for ends in (line.low, line.high))
    return [{**common, "y": low}, {**common, **fill, "y": high}]
