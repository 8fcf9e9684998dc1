"""What the workers' time went to, and what more workers bring.

Owns the bars and their intervals. Must not know how a share or a speedup is measured.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from sim.reports.plots import canvas
from sim.reports.plots.palette import CAUSES, DARK_GREY, Look, scheduler_looks

_PARTS = ("training", "overhead", "wasted", "down", "straggling", "shortage", "drained")
_DODGE = 0.06  # octaves between the points of two schedulers at one worker count
_LABEL_GAP = 0.045  # of the axis, between the labels of two worker counts


def utilisation(rows: pd.DataFrame, path: Path | None = None, *, title: str = "") -> Figure:
    """Draw a bar for each scheduler and worker count, split by what the time went to.

    Parameters
    ----------
    rows
        One row a bar, with the columns ``scheduler``, ``workers``, and ``training``, ``overhead``,
        ``wasted``, ``down``, ``straggling``, ``shortage``, ``drained``: shares of the workers'
        time that sum to 1; NaN counts as 0.
    path
        The file to write, in the format of its suffix; None writes none.
    title
        Above the picture.

    """
    order = {name: place for place, name in enumerate(rows["scheduler"].unique())}
    rows = rows.sort_values(
        ["scheduler", "workers"], key=lambda column: column.map(order).fillna(column), kind="stable"
    )
    places, labels = _bar_places(rows)
    picture = canvas.figure(0.17 * (places[-1] + 1.4 if places else 4) + 0.85)
    axes = picture.subplots()
    canvas.dress(axes, x="share of the workers' time (%)", y="", title=title)
    axes.text(  # upright it would be longer than a few bars are high
        -0.01,
        1.0,
        "scheduler, workers ",
        ha="right",
        va="bottom",
        transform=axes.transAxes,
        fontsize=canvas.SMALL,
    )
    axes.set_xlim(0, 100.3)  # the last bar's edge included
    axes.set_ylim((places[-1] if places else 0) + 0.6, -0.6)  # the first on top
    axes.set_yticks(places, labels, parse_math=False)
    axes.tick_params(axis="y", length=0)
    if rows.empty:
        canvas.say(axes, "no runs")
    left = np.zeros(len(rows))
    entries: list[tuple[Artist, str]] = []
    for cause in _PARTS:
        look = CAUSES[cause]
        share = 100 * rows[cause].fillna(0.0).to_numpy(np.float64)
        if share.any():
            axes.barh(
                places,
                share,
                0.8,
                left,
                facecolor=look.face,
                hatch=look.hatch,
                edgecolor=look.edge,
                linewidth=0.4,
            )
            entries.append((look.handle, look.label))
        if cause == "training":
            for place, width in zip(places, share, strict=True):
                if width > 10:
                    axes.text(
                        width / 2,
                        place,
                        f"{width:.0f} %",
                        ha="center",
                        va="center_baseline",
                        color="white",
                        fontsize=canvas.SMALL,
                    )
        left += share
    canvas.legend(picture, entries)
    return canvas.save(picture, path)


def _bar_places(rows: pd.DataFrame) -> tuple[list[float], list[str]]:
    """Return where each bar stands, with a space between schedulers, and what it is called."""
    places: list[float] = []
    labels: list[str] = []
    last = None
    for scheduler, workers in zip(rows["scheduler"], rows["workers"], strict=True):
        new = scheduler != last
        places.append(places[-1] + 1 + 0.4 * new if places else 0.0)
        labels.append(f"{scheduler}   {workers}" if new else str(workers))
        last = scheduler
    return places, labels


def speedup(
    rows: pd.DataFrame,
    path: Path | None = None,
    *,
    title: str = "",
    seeds: int | None = None,
) -> Figure:
    """Draw the speedup of each scheduler against the number of workers, with the ideal line.

    Parameters
    ----------
    rows
        One row a point, with the columns ``scheduler``, ``workers``, ``speedup`` and the ends
        ``low`` and ``high`` of its interval: NaN is not an interval, an infinite upper end is an
        arrow up, a lower end of 0 one down. A median of 0, missed by most, is a cross at the bottom
        edge; an infinite one is an arrow at the top. A speedup that is NaN is drawn as the range
        from ``least`` to ``most``, if there are such columns. The runs that missed the target, in
        the column ``missed`` if there is one, are counted in the legend.
    path
        The file to write, in the format of its suffix; None writes none.
    title
        Above the picture.
    seeds
        How many runs a row is made of: the legend names them beside those that missed.

    """
    picture = canvas.figure()
    axes = picture.subplots()
    canvas.dress(axes, x="workers", y="speedup", title=title)
    counts = sorted(rows["workers"].unique().tolist()) or [1]
    width = canvas.octaves(axes, counts, gap=_LABEL_GAP)
    axes.set_yscale("log", base=2)
    sides = [counts[0] / 2 ** (width * 0.05), counts[-1] * 2 ** (width * 0.05)]
    axes.set_xlim(*sides)
    rows = _with_ranges(rows)
    seen = np.concatenate([counts, rows[list(_ENDS)].to_numpy(np.float64).ravel()])
    seen = seen[np.isfinite(seen) & (seen > 0)]
    axes.set_ylim(seen.min() / 1.25, seen.max() * 1.25)
    axes.yaxis.set_major_locator(LogLocator(base=2, numticks=9))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:g}"))
    (ideal,) = axes.plot(
        sides, sides, color=DARK_GREY, linewidth=1.0, linestyle=(0, (1, 1)), zorder=1
    )
    entries: list[tuple[Artist, str]] = [(ideal, "ideal")]
    if not (rows["speedup"].notna() | rows["least"].notna()).any():
        canvas.say(axes, "no speedups")
    looks = scheduler_looks(rows["scheduler"])
    step = min(_DODGE, 0.5 / max(1, len(looks)))
    ranges = missed = False
    for place, (scheduler, look) in enumerate(looks.items()):
        some = rows[rows["scheduler"] == scheduler].sort_values("workers")
        dodge = 2.0 ** (step * (place - (len(looks) - 1) / 2))
        some = some.assign(x=some["workers"].to_numpy(np.float64) * dodge)
        ranges |= _draw_line(axes, some, look)
        missed |= bool((some["speedup"] == 0).any())
        entries.append((look.line(marker=True, linewidth=1.2), _counted(scheduler, some, seeds)))
    if ranges:
        bar = Line2D([], [], color=DARK_GREY, linewidth=5, alpha=0.35, solid_capstyle="butt")
        entries.append((bar, "range of a median that misses leave open"))
    if missed:
        entries.append((_mark(DARK_GREY, "x"), "missed by most runs"))
    canvas.legend(picture, entries)
    return canvas.save(picture, path)


_ENDS = ("speedup", "low", "high", "least", "most")


def _with_ranges(rows: pd.DataFrame) -> pd.DataFrame:
    """Return `rows` with the ends of the ranges of the speedups that are NaN, and of no others."""
    ends = {name: rows.get(name, pd.Series(np.nan, rows.index)) for name in ("least", "most")}
    is_open = rows["speedup"].isna()
    return rows.assign(**{name: end.where(is_open) for name, end in ends.items()})


def _counted(scheduler: str, some: pd.DataFrame, seeds: int | None) -> str:
    """Return a scheduler's name, and how many of its runs missed the target."""
    missed = int(some["missed"].sum()) if "missed" in some else 0
    if not missed:
        return scheduler
    of = f" of {seeds * len(some)}" if seeds is not None else ""
    runs = "run" if missed == 1 and not of else "runs"
    return f"{scheduler}: {missed}{of} {runs} missed the target"


def _mark(colour: str, marker: str) -> Line2D:
    return Line2D([], [], linestyle="none", marker=marker, color=colour, markersize=4.5)


def _draw_line(axes: Axes, some: pd.DataFrame, look: Look) -> bool:
    """Draw the points of one scheduler, by workers; report whether one of them is a range."""
    bottom, top = axes.get_ylim()
    x = some["x"].to_numpy(np.float64)
    y, low, high, least, most = (some[name].to_numpy(np.float64) for name in _ENDS)
    is_known = np.isfinite(y) & (y > 0)
    is_range = ~np.isnan(least)
    between = is_range & (least > 0) & np.isfinite(most)  # else there is no middle
    middle = np.full(len(y), np.nan)
    middle[is_known] = y[is_known]
    middle[between] = np.sqrt(least[between] * most[between])
    shown = is_known | is_range
    axes.plot(
        x[shown], middle[shown], color=look.colour, linestyle=look.dashes, linewidth=1.2, zorder=3
    )
    for which, face in ((is_known, look.colour), (between, "white")):
        axes.plot(
            x[which],
            middle[which],
            color=look.colour,
            linestyle="none",
            marker=look.marker,
            markersize=4,
            markerfacecolor=face,
            zorder=3,
        )
    axes.vlines(
        x[is_range],
        np.clip(least, bottom, top)[is_range],
        np.clip(most, bottom, top)[is_range],
        color=look.colour,
        linewidth=5,
        alpha=0.35,
        zorder=2,
    )
    bar = shown & ~np.isnan(low)
    axes.vlines(
        x[bar],
        np.clip(low, bottom, top)[bar],
        np.clip(high, bottom, top)[bar],
        color=look.colour,
        linewidth=0.9,
        zorder=2,
    )
    falls = (bar & ~(low > 0)) | (is_range & ~(least > 0))
    rises = (bar & np.isinf(high)) | (is_range & np.isinf(most)) | np.isposinf(y)
    for open_end, edge, marker in (
        (falls, bottom, "v"),
        (rises, top, "^"),
        (y == 0, bottom, "x"),
    ):
        axes.scatter(
            x[open_end],
            np.full(open_end.sum(), edge),
            s=22,
            color=look.colour,
            marker=marker,
            clip_on=False,
            zorder=4,
        ).set_in_layout(False)
    return bool(is_range.any())
