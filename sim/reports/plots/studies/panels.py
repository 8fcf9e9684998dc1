"""Measures of a study against one of its axes, in panels, with their intervals.

Owns how cells become lines. Must not know what a measure is, nor how its interval came about.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, NullLocator
from matplotlib.transforms import ScaledTranslation

from sim.reports.plots import canvas
from sim.reports.plots.palette import DARK_GREY, LINES, label_looks

_ROW = 1.75  # inches of a row of panels
_DODGE = 0.008  # of the axis, between the points of two lines at one place
_LABEL_GAP = 0.06  # of the axis, between two labels
_ROOM = 0.07  # of the axis, left free at its ends
_CROSS = 6.0  # points, between two crosses at one place
_LETTER = 4.0  # points, of a label on x


def study_lines(
    points: pd.DataFrame,
    path: Path | None = None,
    *,
    x: str,
    log: str = "",
    title: str = "",
    law: str = "theory",
    ticks: Sequence[str] = (),
) -> Figure:
    """Draw the points, a row of panels for each measure, those of one line joined.

    Parameters
    ----------
    points
        One row a point, with the columns ``row`` and ``panel``, which say where it is drawn and
        label that; ``colour`` and ``style``, which name its line, either maybe empty; ``x``;
        ``y``, ``low`` and ``high``; and ``law``, what theory has in its place, drawn as a dotted
        line, in the colour of its line where a panel has several; NaN is not a law. A y that is
        infinite is marked at the top edge, an upper end that is by an arrow. A y that is NaN is
        drawn as the range from ``least`` to ``most``, if there are such columns. A scheduler's
        name in ``colour`` gets the scheduler's colour.
    path
        The file to write, in the format of its suffix; None writes none.
    x
        The label of the common axis.
    log
        Which axes are logarithmic: ``""``, ``"x"``, ``"y"`` or ``"xy"``. What is not above 0
        is then left out.
    title
        Above the picture.
    law
        What the dotted lines are called.
    ticks
        The labels of the places 0, 1, 2 ... on x, if these are no numbers; their points are then
        not joined.

    """
    rows, panels = (list(dict.fromkeys(points[name])) for name in ("row", "panel"))
    picture = canvas.figure(_ROW * max(1, len(rows)) + 0.75)
    grid = picture.subplots(max(1, len(rows)), max(1, len(panels)), sharex=True, squeeze=False)
    canvas.head(picture, title)
    ends = {name: points.get(name, pd.Series(np.nan, points.index)) for name in ("least", "most")}
    points = points.assign(**{name: end.where(points["y"].isna()) for name, end in ends.items()})
    looks = _looks(points, joined=not ticks)
    some_law = False
    coloured = missed = False
    for i, row in enumerate(rows):
        in_row = points[points["row"] == row]
        for j, panel in enumerate(panels):
            axes = grid[i, j]
            last = i == len(rows) - 1
            canvas.dress(axes, x=x if last else "", y=row if j == 0 else "")
            if i == 0 and panel:
                axes.set_title(panel, fontsize=canvas.SMALL, loc="left", parse_math=False)
            _scale(axes, points["x"], in_row, log, gap=_LABEL_GAP * len(panels))
            if ticks:
                _name_places(axes, ticks, len(panels))
            axes.tick_params(labelleft=j == 0, labelbottom=last)
            here = in_row[in_row["panel"] == panel]
            some_law |= bool(np.isfinite(here["law"]).any())
            coloured |= len(_laws(here)) > 1
            _draw(axes, here, looks, log)
            missed |= _mark_missed(axes, here, looks)
    named = ((", ".join(filter(None, names)), look) for names, look in looks.items())
    entries: list[tuple[Artist, str]] = [(Line2D([], [], **k), name) for name, k in named if name]
    if some_law:
        dotted = Line2D([], [], color="black", linewidth=1.0, linestyle=(0, (1, 1)))
        entries.append((dotted, f"{law} (in the colour of its line)" if coloured else law))
    if missed:
        cross = Line2D([], [], linestyle="none", marker="x", color=DARK_GREY, markersize=4.5)
        entries.append((cross, "not reached by most"))
    if points.empty:
        canvas.say(grid[0, 0], "no runs")
    canvas.legend(picture, entries)
    return canvas.save(picture, path)


_Looks = dict[tuple[str, str], dict[str, Any]]
"""How each line is drawn, by its names: the first by colour and marker, the second by style."""


def _looks(points: pd.DataFrame, *, joined: bool) -> _Looks:
    styles = list(dict.fromkeys(points["style"]))
    found = label_looks(points["colour"])
    looks: _Looks = {}
    for names in dict.fromkeys(zip(points["colour"], points["style"], strict=True)):
        look, second = found[names[0]], styles.index(names[1])
        looks[names] = {
            "color": look.colour,
            "marker": look.marker,
            "linestyle": LINES[second % len(LINES)] if joined else "none",
            "markerfacecolor": "white" if second % 2 else look.colour,
            "markersize": 3.5,
            "linewidth": 1.1,
        }
    return looks


def _scale(axes: Axes, xs: pd.Series, in_row: pd.DataFrame, log: str, *, gap: float) -> None:
    """Scale both axes for all panels of a row alike, and label every place on x."""
    places = np.unique(xs.to_numpy(np.float64))
    shown = in_row[["y", "low", "high", "law", "least", "most"]].to_numpy(np.float64).ravel()
    if "y" in log:
        shown = shown[shown > 0]
        axes.set_yscale("log")
        finite = shown[np.isfinite(shown)]
        if finite.size:
            canvas.plain_log_ticks(axes.yaxis, canvas.limits(finite, log=True))
    if shown.size:
        axes.set_ylim(*canvas.limits(shown, log="y" in log))
    if "x" in log:
        axes.set_xscale("log")
        axes.xaxis.set_minor_locator(NullLocator())
    positions = _positions(places, log)
    span = float(np.ptp(positions)) or 1.0
    low, high = positions[0] - span * _ROOM, positions[-1] + span * _ROOM
    axes.set_xlim(*((10**low, 10**high) if "x" in log else (low, high)))
    chosen = places[canvas.spread(positions.tolist(), span * gap)]
    axes.set_xticks(chosen, [_plain(place) for place in chosen])
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: _plain(value)))


def _name_places(axes: Axes, ticks: Sequence[str], panels: int) -> None:
    """Label the places 0, 1, 2 ... on x, slantwise where the labels are too long to lie flat."""
    axes.set_xticks(range(len(ticks)), ticks, parse_math=False)
    room = canvas.WIDTH * 72 * 0.85 / (panels * len(ticks))  # points
    if max(map(len, ticks)) * _LETTER > room:
        for label in axes.get_xticklabels():
            label.set(rotation=30, ha="right", rotation_mode="anchor")


def _plain(value: float) -> str:
    """Return a number without an exponent.

    >>> _plain(0.001), _plain(1000000.0)
    ('0.001', '1,000,000')
    """
    return f"{value:,.0f}" if value >= 1000 else f"{value:g}"


def _positions(places: canvas.Floats, log: str) -> canvas.Floats:
    if "x" not in log:
        return places
    logged: canvas.Floats = np.log10(places)
    return logged


def _laws(here: pd.DataFrame) -> dict[tuple[tuple[float, float], ...], tuple[str, str]]:
    """Return the laws of a panel, each once, as points (x, law), with the first line of each."""
    known = here[np.isfinite(here["law"])].sort_values("x")
    laws: dict[tuple[tuple[float, float], ...], tuple[str, str]] = {}
    for names, line in known.groupby(["colour", "style"], sort=False):
        colour, style = names
        points = tuple(zip(line["x"], line["law"], strict=True))
        laws.setdefault(points, (str(colour), str(style)))
    return laws


def _draw(axes: Axes, here: pd.DataFrame, looks: _Looks, log: str) -> None:
    """Draw the lines of one panel."""
    bottom, top = axes.get_ylim()
    laws = _laws(here)
    for law, names in laws.items():
        colour = looks[names]["color"] if len(laws) > 1 else "black"
        axes.plot(
            *zip(*law, strict=True), color=colour, linewidth=1.0, linestyle=(0, (1, 1)), zorder=4
        )
    for place, (names, look) in enumerate(looks.items()):
        colour, style = names
        line = here[(here["colour"] == colour) & (here["style"] == style)].sort_values("x")
        if line.empty:
            continue
        # Where each line has a law of its own, points stand on it, and lie apart anyway.
        shift = 0.0 if len(laws) > 1 else _DODGE * (place - (len(looks) - 1) / 2)
        x = _dodged(axes, line["x"].to_numpy(np.float64), shift, log)
        y, low, high = (line[name].to_numpy(np.float64) for name in ("y", "low", "high"))
        seen = np.isfinite(y) & ((y > 0) | ("y" not in log))
        axes.plot(
            x[seen],
            y[seen],
            zorder=3,
            **look,
        )
        least, most = (line[name].to_numpy(np.float64) for name in ("least", "most"))
        is_open = ~np.isnan(least)
        axes.vlines(
            x[is_open],
            np.clip(least, bottom, top)[is_open],
            np.clip(most, bottom, top)[is_open],
            color=look["color"],
            linewidth=5,
            alpha=0.35,
            zorder=2,
        )
        rises = np.isinf(high) & np.isfinite(low)
        known = np.isfinite(low)
        axes.vlines(
            x[known],
            np.maximum(low, bottom)[known],
            np.where(rises, top, high)[known],
            color=look["color"],
            linewidth=0.9,
            zorder=2,
        )
        axes.scatter(
            x[rises],
            np.full(int(rises.sum()), top),
            s=14,
            color=look["color"],
            marker="^",
            clip_on=False,
            zorder=4,
        ).set_in_layout(False)


def _mark_missed(axes: Axes, here: pd.DataFrame, looks: _Looks) -> bool:
    """Mark infinite points at the top, in their lines' colours; return whether any are."""
    inches = axes.figure.dpi_scale_trans
    out_of_sight = here[np.isinf(here["y"])]
    for x, together in out_of_sight.groupby("x"):
        lines = zip(together["colour"], together["style"], strict=True)
        for place, line in enumerate(sorted(lines, key=list(looks).index)):
            cross = canvas.mark_diverged(axes, [x])
            aside = _CROSS / 72 * (place - (len(together) - 1) / 2)  # inches
            moved = ScaledTranslation(aside, 0, inches)
            cross.set_transform(axes.get_xaxis_transform() + moved)
            cross.set_color(looks[line]["color"])
    return not out_of_sight.empty


def _dodged(axes: Axes, x: canvas.Floats, shift: float, log: str) -> canvas.Floats:
    """Return `x`, moved by a share of the axis, so that no point hides another."""
    left, right = axes.get_xlim()
    if "x" in log:
        logged: canvas.Floats = x * (right / left) ** shift
        return logged
    return x + (right - left) * shift
