"""The rungs of a run: who reached which level with what loss, and went on (d2l 19.4).

Owns what the log says of a trial's fate. Must not know the scheduler's rule.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from sim.reports.plots import canvas
from sim.reports.plots.palette import BLUE, DARK_GREY, GREEN, ORANGE
from sim.traces.trace import Trace

_LABEL_GAP = 0.05  # of the axis, between the labels of two levels
_DODGE = 0.012  # of the axis
_FATES = (  # name, colour, marker, its size
    ("stopped", ORANGE, "o", 10.0),
    ("went on", BLUE, "^", 16.0),
    ("reached r_max", GREEN, "D", 14.0),
)


def rungs(trace: Trace, path: Path | None = None, *, title: str = "") -> Figure:
    """Draw the loss of each trial at each rung, with a thin line through the rungs of a trial.

    Parameters
    ----------
    trace
        The run.
    path
        The file to write, in the format of its suffix; None writes none.
    title
        Above the picture.

    """
    picture = canvas.figure()
    axes = picture.subplots()
    canvas.dress(axes, x="epochs (log scale)", y="loss", title=title)
    points = fates(trace)
    canvas.scale(axes, points["loss"])
    levels = sorted(points["epoch"].unique())
    if not levels:
        canvas.say(axes, "no jobs")
    places = np.log2(levels)
    width = np.ptp(places) if len(levels) > 1 else 1.0
    axes.set_xscale("log", base=2)
    labelled = [levels[place] for place in canvas.spread(places, width * _LABEL_GAP)]
    axes.set_xticks(labelled, [str(level) for level in labelled])
    axes.xaxis.set_minor_locator(NullLocator())
    ends = (levels[0], levels[-1]) if levels else (1, 1)
    axes.set_xlim(ends[0] / 2 ** (width * 0.04), ends[1] * 2 ** (width * 0.04))

    # Those that stopped stand a little to the left of their level, that they hide nobody.
    dodge = 2 ** (width * _DODGE)
    points["x"] = np.where(points["fate"] == "stopped", points["epoch"] / dodge, points["epoch"])
    finite = points[np.isfinite(points["loss"])]
    few = len(finite) <= 200
    lines = [some[["x", "loss"]].to_numpy() for _, some in finite.groupby("trial")]
    axes.add_collection(
        LineCollection(
            [line for line in lines if len(line) > 1],
            colors=DARK_GREY,
            linewidths=0.6 if few else 0.4,
            alpha=0.7 if few else 0.35,
        ),
        autolim=False,
    )
    entries: list[tuple[Artist, str]] = []
    for layer, (fate, colour, marker, size) in enumerate(_FATES):
        some = finite[finite["fate"] == fate]
        if len(some):
            dots = axes.scatter(
                some["x"],
                some["loss"],
                s=size if few else size * 0.6,
                color=colour,
                marker=marker,
                edgecolors="white",
                linewidths=0.3,
                zorder=3 + layer / 10,
            )
            entries.append((dots, fate))
    if len(finite) < len(points):
        diverged = canvas.mark_diverged(axes, points.loc[~np.isfinite(points["loss"]), "epoch"])
        entries.append((diverged, "diverged"))
        if finite.empty:
            canvas.say(axes, "all diverged")
    canvas.legend(picture, entries)
    return canvas.save(picture, path)


def fates(trace: Trace) -> pd.DataFrame:
    """Return the fate of each trial at each rung that it reported at.

    Returns
    -------
    DataFrame
        One row a job that reported, by trial and epoch, with the columns ``trial``, ``epoch``,
        ``loss`` and ``fate``: reached r_max, went on (the trial has a later job, however it
        ended) or stopped.

    """
    jobs = trace.jobs
    points = jobs.loc[jobs["outcome"] == "done", ["trial", "stop", "loss"]]
    points = points.rename(columns={"stop": "epoch"}).sort_values(["trial", "epoch"])
    farthest = points["trial"].map(jobs.groupby("trial")["stop"].max())
    went_on = np.where(points["epoch"] < farthest, "went on", "stopped")
    points["fate"] = np.where(points["epoch"] >= trace.r_max, "reached r_max", went_on)
    return points.reset_index(drop=True)
