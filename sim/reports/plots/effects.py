"""What a fault does: the paired differences against the number of workers.

Owns the points and their intervals. Must not know how a difference is measured.
"""

from __future__ import annotations

import textwrap
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.reports.plots import canvas
from sim.reports.plots.canvas import Floats
from sim.reports.plots.palette import DARK_GREY, Look, scheduler_looks

_LABELS = {
    "slowdown": "run time relative to no {}",
    "time_to_target": "additional time to target",
    "finished": "additional trials at r_max",
}
_NONE = {"slowdown": 1.0}  # no difference; of the others it is 0
_LABEL_GAP = 0.12  # of the axis, between the labels of two worker counts
_DODGE = 0.08  # octaves between the points of two schedulers at one worker count


def effects(
    rows: pd.DataFrame,
    path: Path | None = None,
    *,
    title: str = "",
    cause: str = "stragglers",
) -> Figure:
    """Draw a panel for each figure that a fault changes, in the median over the seeds.

    Parameters
    ----------
    rows
        As `comparison.effects` returns them. An end of an interval that is infinite reaches to the
        edge; one that is NaN is not an interval. A difference that is infinite, as where most runs
        miss the target, is a cross at that edge; one that is NaN is drawn as the range from
        ``..._least`` to ``..._most``, if there are such columns.
    path
        The file to write, in the format of its suffix; None writes none.
    title
        Above the picture.
    cause
        What the runs are compared without, in the plural.

    """
    names = [name for name in _LABELS if _differs(rows, name)]
    picture = canvas.figure()
    panels = picture.subplots(1, max(1, len(names)), squeeze=False)[0]
    entries: list[tuple[Artist, str]] = []
    for axes, name in zip(panels, names, strict=False):
        entries = _panel(axes, rows, name, cause)
    if not names:
        canvas.dress(panels[0], x="workers", y="")
        canvas.say(panels[0], "no difference")
    canvas.head(picture, title)
    canvas.legend(picture, entries)
    return canvas.save(picture, path)


def _differs(rows: pd.DataFrame, name: str) -> bool:
    """Report whether a figure is known to differ anywhere, or is not known."""
    ends = rows[[f"{name}_low", f"{name}_high"]]
    none = _NONE.get(name, 0.0)
    return bool((rows[name] != none).any() or (ends.fillna(none) != none).any(axis=None))


def _panel(axes: Axes, rows: pd.DataFrame, name: str, cause: str) -> list[tuple[Artist, str]]:
    """Draw one figure; return the lines, and what they are called."""
    columns = [name, *(f"{name}_{end}" for end in ("low", "high", "least", "most"))]
    values = rows.reindex(columns=columns).to_numpy(np.float64)
    finite = values[np.isfinite(values)]
    unit, second = "", 1.0
    if name == "time_to_target":
        unit, second = canvas.time_unit(float(np.abs(finite).max(initial=0.0)))
    label = _LABELS[name].format(cause)
    canvas.dress(axes, x="workers", y=textwrap.fill(f"{label} ({unit})" if unit else label, 24))
    none = _NONE.get(name, 0.0)
    axes.axhline(none, color=DARK_GREY, linewidth=0.8, linestyle=(0, (1, 1)), zorder=1)
    canvas.octaves(axes, sorted(rows["workers"].unique().tolist()), gap=_LABEL_GAP)
    low, high = finite.min(initial=none) / second, finite.max(initial=none) / second
    pad = 0.08 * (high - low) or 1.0
    axes.set_ylim(low - pad, high + pad)
    looks = scheduler_looks(rows["scheduler"])
    for place, (scheduler, look) in enumerate(looks.items()):
        some = rows[rows["scheduler"] == scheduler].sort_values("workers")
        dodge = 2.0 ** (_DODGE * (place - (len(looks) - 1) / 2))
        x = some["workers"].to_numpy(np.float64) * dodge
        _line(axes, x, some.reindex(columns=columns).to_numpy(np.float64).T / second, look)
    return [(look.line(marker=True, linewidth=1.2), name) for name, look in looks.items()]


def _line(axes: Axes, x: Floats, values: Floats, look: Look) -> None:
    """Draw one line from its medians, and their low, high, least and most ends."""
    middle, low, high, least, most = values
    seen, bar, is_open = np.isfinite(middle), ~np.isnan(low), np.isnan(middle) & ~np.isnan(least)
    axes.plot(
        x[seen],
        middle[seen],
        color=look.colour,
        linestyle=look.dashes,
        marker=look.marker,
        markersize=4,
        linewidth=1.2,
        zorder=3,
    )
    bottom, top = axes.get_ylim()
    for which, ends, width, alpha in (
        (bar, (low, high), 0.9, 1.0),
        (is_open, (least, most), 5, 0.35),
    ):
        axes.vlines(
            x[which],
            *(np.clip(end[which], bottom, top) for end in ends),
            color=look.colour,
            linewidth=width,
            alpha=alpha,
        )
    endless = np.isinf(middle)
    axes.scatter(
        x[endless],
        np.where(middle[endless] > 0, top, bottom),
        s=22,
        color=look.colour,
        marker="x",
        clip_on=False,
        zorder=4,
    ).set_in_layout(False)
