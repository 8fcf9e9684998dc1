"""The share of runs that have reached their target, over simulated time.

Owns how such curves are drawn. Must not know how a share or its interval is estimated.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.reports.plots import canvas
from sim.reports.plots.palette import Look, label_looks

_ROW = 1.75  # inches of a row of panels


def reached(curves: pd.DataFrame, path: Path | None = None, *, title: str = "") -> Figure:
    """Draw step curves with their bands, a row of panels for each measure.

    Parameters
    ----------
    curves
        One row a step, with the columns ``row`` and ``panel``, which say where it is drawn and
        label that; ``line``, which names its curve; ``seconds``, ascending in each curve;
        ``reached``, the share from then on; and ``low`` and ``high``, the ends of its interval,
        NaN where it has none. A scheduler's name in ``line`` gets the scheduler's colour. A curve
        ends where the last of its runs did.
    path
        The file to write, in the format of its suffix; None writes none.
    title
        Above the picture.

    """
    rows, panels = (list(dict.fromkeys(curves[name])) for name in ("row", "panel"))
    picture = canvas.figure(_ROW * max(1, len(rows)) + 0.75)
    grid = picture.subplots(
        max(1, len(rows)), max(1, len(panels)), sharex=True, sharey=True, squeeze=False
    )
    canvas.head(picture, title)
    unit, second = canvas.time_unit(float(curves["seconds"].max()) if len(curves) else 1.0)
    looks = label_looks(curves["line"])
    for i, row in enumerate(rows):
        for j, panel in enumerate(panels):
            axes = grid[i, j]
            last = i == len(rows) - 1
            canvas.dress(
                axes,
                x=canvas.time_label(unit) if last else "",
                y=f"share of runs:\n{row}" if j == 0 else "",
            )
            if i == 0 and panel:
                axes.set_title(panel, fontsize=canvas.SMALL, loc="left", parse_math=False)
            axes.set_ylim(-0.03, 1.03)
            here = curves[(curves["row"] == row) & (curves["panel"] == panel)]
            for name, curve in here.groupby("line", sort=False):
                _draw(axes, curve, looks[str(name)], second)
    if curves.empty:
        canvas.say(grid[0, 0], "no runs")
    canvas.legend(picture, [(look.line(), name) for name, look in looks.items() if name])
    return canvas.save(picture, path)


def _draw(axes: Axes, curve: pd.DataFrame, look: Look, second: float) -> None:
    seconds = curve["seconds"].to_numpy(np.float64) / second
    share, low, high = (curve[name].to_numpy(np.float64) for name in ("reached", "low", "high"))
    # Where there is no interval the band is as narrow as the line.
    low, high = np.where(np.isnan(low), share, low), np.where(np.isnan(high), share, high)
    axes.fill_between(
        seconds, low, high, step="post", color=look.colour, alpha=0.18, linewidth=0, zorder=1
    )
    axes.step(
        seconds,
        share,
        where="post",
        color=look.colour,
        linestyle=look.dashes,
        linewidth=1.3,
        zorder=3,
    )
