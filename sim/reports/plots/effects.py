"""What straggling does: the paired differences against the number of workers.

Owns the points and their intervals. Must not know how a difference is measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from sim.reports.plots import canvas
from sim.reports.plots.canvas import COLOURS, LINES, MARKERS

_LABELS = {
    "slowdown": "end, times as late",
    "time_to_target": "target, later by",
    "finished": "trials finished, more",
}
_NONE = {"slowdown": 1.0}  # no difference; of the others it is 0
_LABEL_GAP = 0.12  # of the axis, between the labels of two worker counts
_DODGE = 0.08  # octaves between the points of two schedulers at one worker count


def effects(rows: pd.DataFrame, path: Path, *, title: str = "") -> None:
    """Draw a panel for each figure that straggling changes, in the median over the seeds.

    Parameters
    ----------
    rows
        As `comparison.effects` returns them. A difference that is not finite is left out; an end of
        an interval that is not reaches to the edge.
    path
        The PNG file to write.
    title
        Above the picture.

    """
    names = [
        name
        for name in _LABELS
        if (rows[[name, f"{name}_low", f"{name}_high"]] != _NONE.get(name, 0.0)).any(axis=None)
    ]
    picture = canvas.figure()
    panels = picture.subplots(1, max(1, len(names)), squeeze=False)[0]
    schedulers = list(dict.fromkeys(rows["scheduler"]))
    entries: list[tuple[Artist, str]] = []
    for axes, name in zip(panels, names, strict=False):
        entries = _panel(axes, rows, name, schedulers)
    if not names:
        canvas.dress(panels[0], x="workers", y="")
        canvas.say(panels[0], "no difference")
    picture.suptitle(title, x=0.01, ha="left", fontsize=canvas.SMALL + 2)
    canvas.legend(picture, entries)
    canvas.save(picture, path)


def _panel(
    axes: Axes, rows: pd.DataFrame, name: str, schedulers: Sequence[str]
) -> list[tuple[Artist, str]]:
    """Draw one figure; return the lines, and what they are called."""
    columns = [name, f"{name}_low", f"{name}_high"]
    values = rows[columns].to_numpy(np.float64)
    finite = values[np.isfinite(values)]
    unit, second = "", 1.0
    if name == "time_to_target":
        unit, second = canvas.time_unit(float(np.abs(finite).max(initial=0.0)))
    canvas.dress(axes, x="workers", y=f"{_LABELS[name]} ({unit})" if unit else _LABELS[name])
    none = _NONE.get(name, 0.0)
    axes.axhline(none, color=canvas.DARK_GREY, linewidth=0.8, linestyle=(0, (1, 1)), zorder=1)
    canvas.octaves(axes, sorted(rows["workers"].unique().tolist()), gap=_LABEL_GAP)
    low, high = finite.min(initial=none) / second, finite.max(initial=none) / second
    pad = 0.08 * (high - low) or 1.0
    axes.set_ylim(low - pad, high + pad)
    lines: list[tuple[Artist, str]] = []
    for place, scheduler in enumerate(schedulers):
        some = rows[(rows["scheduler"] == scheduler) & np.isfinite(rows[name])]
        some = some.sort_values("workers")
        colour = COLOURS[place % len(COLOURS)]
        dodge = 2.0 ** (_DODGE * (place - (len(schedulers) - 1) / 2))
        x = some["workers"].to_numpy(np.float64) * dodge
        middle, *ends = (some[column].to_numpy(np.float64) / second for column in columns)
        (line,) = axes.plot(
            x,
            middle,
            color=colour,
            linestyle=LINES[place % len(LINES)],
            marker=MARKERS[place % len(MARKERS)],
            markersize=4,
            linewidth=1.2,
            zorder=3,
        )
        bottom, top = axes.get_ylim()
        axes.vlines(x, *(np.clip(end, bottom, top) for end in ends), color=colour, linewidth=0.9)
        lines.append((line, scheduler))
    return lines
