"""A table of learning curves at a glance: how losses fall, and what epochs cost.

Owns the two panels. Must not know how the curves were recorded.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import LogNorm, Normalize
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from learning_curves.tables.tabular import Tabular
from sim.reports.plots import canvas
from sim.reports.plots.canvas import Floats
from sim.reports.plots.palette import GREY

_FEW = 30  # up to this number of curves, lines are thick


def curves(table: Tabular, path: Path | None = None) -> Figure:
    """Draw all loss curves of `table`, coloured by final loss, beside the seconds of each epoch.

    A curve that has diverged at the end is grey, and its first diverged epoch marked at the top.

    Parameters
    ----------
    table
        Any; all seeds of a config are drawn.
    path
        The file to write, in the format of its suffix; None writes none.

    """
    recorded = [curve for by_seed in table.recorded.curves for curve in by_seed.values()]
    losses = np.array([curve.all_losses for curve in recorded], dtype=np.float64)
    losses = losses.reshape(-1, table.r_max)  # (curves, r_max), also without curves
    seconds = np.array([curve.all_seconds for curve in recorded]).reshape(losses.shape)

    picture = canvas.figure(2.6)
    left, right = picture.subplots(1, 2, width_ratios=(1.25, 1))
    canvas.dress(left, x="epoch", y=table.metric, title=table.name)
    canvas.dress(right, x="epoch", y="")
    finals = losses[:, -1][np.isfinite(losses[:, -1])]
    low, high = (finals.min(), finals.max()) if len(finals) else (0.0, 1.0)
    norm = (LogNorm if canvas.is_wide(finals) else Normalize)(low, high)
    shades = colormaps["viridis"].with_extremes(bad=GREY)
    colours = shades(norm(np.ma.masked_invalid(losses[:, -1])))
    canvas.scale(left, losses, label=table.metric)
    canvas.scale(right, seconds, label="time per epoch (s)")
    _lines(left, losses, colours)
    _lines(right, seconds, colours)
    diverged = ~np.isfinite(losses)
    if diverged.any():
        first = diverged[diverged.any(axis=1)].argmax(axis=1) + 1
        canvas.legend(picture, [(canvas.mark_diverged(left, first), "first diverged epoch")])
    if diverged.all():
        canvas.say(left, "all diverged")
    if len(finals):
        bar = picture.colorbar(ScalarMappable(norm, shades), ax=left, pad=0.02, aspect=30)
        bar.ax.tick_params(labelsize=canvas.SMALL)
        bar.set_label(f"{table.metric} at epoch {table.r_max}", fontsize=canvas.MEDIUM)
        if isinstance(norm, LogNorm):
            canvas.plain_log_ticks(bar.ax.yaxis, (low, high))
        else:
            bar.locator = MaxNLocator(5)
    return canvas.save(picture, path)


def _lines(axes: Axes, values: Floats, colours: Floats) -> None:
    """Draw one line a row of `values`, shape (curves, epochs), on axes already scaled."""
    epochs = np.arange(1, values.shape[1] + 1)
    few = len(values) <= _FEW
    shown = np.where(np.isfinite(values), values, np.nan)  # a line breaks off where it diverges
    alpha = 0.9 if few else 0.6
    lines = LineCollection(
        list(np.stack(np.broadcast_arrays(epochs, shown), axis=-1)),
        colors=colours,
        linewidths=1.0 if few else 0.5,
        alpha=alpha,
    )
    axes.add_collection(lines, autolim=False)
    if len(epochs) == 1:  # a point is not a line
        axes.scatter(np.ones(len(shown)), shown[:, 0], s=6, c=colours, alpha=alpha, linewidths=0)
    axes.xaxis.set_major_locator(canvas.integers())
    axes.set_xlim(*canvas.limits(epochs, log=False))
