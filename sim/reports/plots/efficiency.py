"""What the workers' time went to, and what more workers bring.

Owns the bars and their intervals. Must not know how a share or a speedup is measured.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator

from sim.reports.plots import canvas
from sim.reports.plots.canvas import COLOURS, LINES, MARKERS

_CAUSES = (  # column, label, face, hatch, the hatch's colour
    ("training", "training", canvas.BLUE, "", "white"),
    ("overhead", "overhead", canvas.SKY, "....", "white"),
    ("wasted", "lost training", canvas.VERMILION, "/////", "white"),
    ("down", "down", "black", "", "white"),
    ("straggling", "waiting: straggling", canvas.DARK_GREY, "", "white"),
    ("shortage", "waiting: shortage", canvas.GREY, "\\\\\\\\\\", "white"),
    ("drained", "drained", "white", "", canvas.GREY),
)
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
        The PNG file to write; None: none is written.
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
    for cause, label, face, hatch, edge in _CAUSES:
        share = 100 * rows[cause].fillna(0.0).to_numpy(np.float64)
        if share.any():
            axes.barh(
                places,
                share,
                0.8,
                left,
                facecolor=face,
                hatch=hatch,
                edgecolor=edge,
                linewidth=0.4,
            )
            entries.append((Patch(facecolor=face, hatch=hatch, edgecolor=edge), label))
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


def speedup(rows: pd.DataFrame, path: Path, *, title: str = "") -> None:
    """Draw the speedup of each scheduler against the number of workers, with the ideal line.

    Parameters
    ----------
    rows
        One row a point, with the columns ``scheduler``, ``workers``, ``speedup`` and the ends
        ``low`` and ``high`` of its interval. A speedup that is not a number above 0 is left out;
        an interval without an upper end points up with an arrow, without a lower one down.
    path
        The PNG file to write.
    title
        Above the picture.

    """
    picture = canvas.figure()
    axes = picture.subplots()
    canvas.dress(axes, x="workers", y="speedup", title=title)
    counts = sorted(rows["workers"].unique().tolist()) or [1]
    width = canvas.octaves(axes, counts, gap=_LABEL_GAP)
    axes.set_yscale("log", base=2)
    sides = [counts[0] / 2 ** (width * 0.05), counts[-1] * 2 ** (width * 0.05)]
    axes.set_xlim(*sides)

    known = rows[np.isfinite(rows["speedup"]) & (rows["speedup"] > 0)]
    ends = rows.loc[known.index, ["low", "high"]].to_numpy(np.float64)
    seen = np.concatenate([counts, known["speedup"], ends.ravel()])
    seen = seen[np.isfinite(seen) & (seen > 0)]
    bottom, top = seen.min() / 1.25, seen.max() * 1.25
    axes.set_ylim(bottom, top)
    axes.yaxis.set_major_locator(LogLocator(base=2, numticks=9))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:g}"))
    (ideal,) = axes.plot(
        sides, sides, color=canvas.DARK_GREY, linewidth=1.0, linestyle=(0, (1, 1)), zorder=1
    )
    entries: list[tuple[Artist, str]] = [(ideal, "ideal")]
    if known.empty:
        canvas.say(axes, "no speedups")
    schedulers = list(rows["scheduler"].unique())
    step = min(_DODGE, 0.5 / max(1, len(schedulers)))
    for place, scheduler in enumerate(schedulers):
        some = known[known["scheduler"] == scheduler].sort_values("workers")
        dodge = 2.0 ** (step * (place - (len(schedulers) - 1) / 2))
        colour, marker = COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]
        x = some["workers"].to_numpy(np.float64) * dodge
        (line,) = axes.plot(
            x,
            some["speedup"],
            color=colour,
            linestyle=LINES[place % len(LINES)],
            linewidth=1.2,
            marker=marker,
            markersize=4,
            zorder=3,
        )
        entries.append((line, str(scheduler)))
        low, high = some["low"].to_numpy(np.float64), some["high"].to_numpy(np.float64)
        falls, rises = ~(np.isfinite(low) & (low > 0)), ~np.isfinite(high)
        axes.vlines(
            x,
            np.where(falls, bottom, low),
            np.where(rises, top, high),
            color=colour,
            linewidth=0.9,
            zorder=2,
        )
        for open_end, edge, arrow in ((falls, bottom, "v"), (rises, top, "^")):
            axes.scatter(
                x[open_end],
                np.full(open_end.sum(), edge),
                s=22,
                color=colour,
                marker=arrow,
                clip_on=False,
                zorder=4,
            ).set_in_layout(False)
    canvas.legend(picture, entries)
    canvas.save(picture, path)
