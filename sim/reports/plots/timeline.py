"""Gantt charts: what each worker did when, as in d2l Fig. 19.3.1, 19.5.1 and 19.5.2.

Owns how bars are drawn, and when there are too many of them. Must not know how the time of the
workers falls into bars.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib import patheffects
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgba_array
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from sim.reports.plots import band, canvas
from sim.reports.plots.bars import bars
from sim.reports.plots.canvas import Floats
from sim.reports.plots.palette import DARK_GREY, GREY, TRIALS, is_dark, tinted
from sim.traces.trace import Trace

_NUMBERED = 32  # up to this number of workers, rows are high enough for the numbers of trials
_MOST_ROWS = 64  # more workers than that are drawn as a band
_NARROW = 2.0  # points: narrower jobs cannot be seen
_AXES_POINTS = 370.0  # the axes are at least so wide
_DIGIT_POINTS = 4.6  # the width of a digit
_MARGIN = 0.8  # inches of a picture for title, time axis and legend
_BAND = 1.3  # inches, of a band


def gantt(trace: Trace, path: Path | None = None, *, title: str = "") -> Figure:
    """Draw one row a worker: training coloured and numbered by trial, waiting grey, down black.

    The part of a bar that is overhead is darker, and stands in front wherever in the job it fell.
    A lost job is hatched, what it has saved included; a job cut short by the run's end is pale and
    hatched in grey. A worker that is down, crashed or absent, has a thin black bar; the row of one
    that is idle at the end is white. Above 32 workers the trials bear no numbers, and all bars are
    as high as a row. A run of more jobs than can be seen, see `crowded`, is drawn as a band
    instead: how many workers each cause occupies over time.

    Parameters
    ----------
    trace
        The run.
    path
        The file to write, in the format of its suffix: .png, .svg or .pdf; None writes none.
    title
        Above the picture.

    """
    return gantts({title: trace}, path)


def gantts(traces: Mapping[str, Trace], path: Path | None = None, *, title: str = "") -> Figure:
    """Draw the `gantt` of several runs, one above the other with a common time axis.

    Parameters
    ----------
    traces
        Each run under its title. A thin line marks where a run ended before the longest.
    path
        The file to write, in the format of its suffix; None writes none.
    title
        Above all of them: what they have in common.

    """
    end = max((trace.end for trace in traces.values()), default=0.0) or 1.0
    bands = [crowded(trace, end) for trace in traces.values()]
    heights = [
        _BAND if is_band else _height(trace.workers)
        for trace, is_band in zip(traces.values(), bands, strict=True)
    ] or [1.0]
    picture = canvas.figure(sum(heights) + 0.25 * (len(heights) - 1) + 0.2 * bool(title) + _MARGIN)
    column = picture.subplots(
        len(heights), 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights}
    )[:, 0]
    canvas.head(picture, title)
    unit, second = canvas.time_unit(end)
    entries: dict[str, Artist] = {}
    shown: set[str] = set()
    for axes, (name, trace), is_band in zip(column, traces.items(), bands, strict=bool(traces)):
        if is_band:
            what = f"workers by activity ({len(trace.jobs):,} jobs)"
            canvas.dress(axes, x="", y="workers", title=f"{name}: {what}" if name else what)
            entries |= {label: handle for handle, label in band.draw(axes, trace, second)}
        else:
            canvas.dress(axes, x="", y="worker", title=name)
            shown |= _draw(axes, trace, end, second)
    labels = {"cut": "cut short", "training": "training (colour: trial)", "drained": "idle at end"}
    if any(
        trace.workers <= _NUMBERED and not is_band
        for trace, is_band in zip(traces.values(), bands, strict=True)
    ):
        labels["training"] = "training (number: trial)"
    rows = {labels.get(kind, kind): look.handle for kind, look in _LOOKS.items() if kind in shown}
    entries = rows | {label: handle for label, handle in entries.items() if label not in rows}
    for axes, trace in zip(column, traces.values(), strict=bool(traces)):
        if 0 < trace.end < end:
            mark = axes.axvline(trace.end / second, color="black", linewidth=0.8)
            entries["end of the run"] = mark
    if not traces:
        canvas.dress(column[0], x="", y="worker")
        canvas.say(column[0], "no runs")
        column[0].set_yticks([])
    column[-1].set_xlim(0, end / second)
    column[-1].set_xlabel(canvas.time_label(unit), fontsize=canvas.MEDIUM)
    canvas.legend(picture, [(handle, label) for label, handle in entries.items()])
    return canvas.save(picture, path)


def crowded(trace: Trace, end: float) -> bool:
    """Report whether a chart up to `end`, in seconds, has more jobs than can be seen.

    It has where there are more than 64 workers, or where half of the time in jobs is in jobs
    narrower than 2 points.
    """
    if trace.workers > _MOST_ROWS:
        return True
    seconds = (trace.jobs["ended"] - trace.jobs["started"]).to_numpy()
    narrow = seconds * _AXES_POINTS / end < _NARROW
    return bool(seconds[narrow].sum() > seconds.sum() / 2)


@dataclass(frozen=True)
class _Look:
    """How one kind of bar is filled."""

    face: str = ""  # the colour of all, whatever their trial
    tint: float = 0.0  # how much paler than its trial's colour; below 0 darker
    hatch: str = ""
    edge: str = "white"  # also the colour of the hatch
    half: float = 0.42  # of a row, above its middle and below

    def faces(self, trials: npt.NDArray[np.int64]) -> Floats:
        """Return the colour of each bar, shape (bars, 4)."""
        if self.face:
            return to_rgba_array([self.face] * len(trials))
        palette: Floats = to_rgba_array([tinted(each, self.tint) for each in TRIALS])
        return palette[trials % len(TRIALS)]

    @property
    def handle(self) -> Patch:
        """Its patch in the legend."""
        face = self.face or tinted(TRIALS[0], self.tint)
        edge = self.edge if self.hatch else DARK_GREY
        return Patch(facecolor=face, hatch=self.hatch, edgecolor=edge, linewidth=0.4)


_LOOKS = {
    "training": _Look(),
    "overhead": _Look(tint=-0.5),
    "lost": _Look(tint=0.55, hatch="//////", edge="#333333"),
    "cut": _Look(tint=0.7, hatch="......", edge="#AAAAAA"),
    "down": _Look(face="black", half=0.17),
    "waiting": _Look(face=GREY),
    "drained": _Look(face="white"),
}
"""The kinds of bars, in the order of the legend."""


def _height(workers: int) -> float:
    """Return the height in inches of the rows of a number of workers."""
    if workers > _NUMBERED:
        return min(max(2.2, workers * 0.04), 4.5)
    return min(max(0.5, workers * 0.3), max(1.7, workers * 0.135))  # 0.135: a number's height


def _draw(axes: Axes, trace: Trace, end: float, second: float) -> set[str]:
    """Draw one run on axes that go to `end`, in units of some seconds; return the kinds of bars."""
    numbered = trace.workers <= _NUMBERED
    axes.set_ylim(trace.workers - 0.5, -0.5)  # worker 0 on top
    if numbered:
        axes.set_yticks(range(trace.workers))
    else:
        axes.yaxis.set_major_locator(canvas.integers())
    if trace.jobs.empty:
        canvas.say(axes, "no jobs")
    drawn = bars(trace)
    drawn["points"] = (drawn["stop"] - drawn["start"]) * _AXES_POINTS / end
    for kind, some in drawn[drawn["kind"] != "drained"].groupby("kind", sort=True):
        look = _LOOKS[str(kind)]
        x, y = some[["start", "stop"]].to_numpy() / second, some["worker"].to_numpy()
        half = look.half if numbered else 0.5  # thin rows leave no space between them
        corners = [x[:, [0, 0, 1, 1]], y[:, None] + np.array([-half, half, half, -half])]
        shapes = PolyCollection(
            list(np.stack(corners, axis=-1)),  # (bars, 4, 2)
            facecolor=look.faces(some["trial"].to_numpy()),
            edgecolor=look.edge,
            hatch=look.hatch,
            # An edge parts a bar from the next, where it is wide enough to bear one.
            linewidth=np.where(some["points"] > 3, 0.6, 0.0) if numbered else 0.0,
            antialiased=numbered,  # else seams would show between rows without an edge
        )
        axes.add_collection(shapes, autolim=False)
    if numbered:
        _number(axes, drawn[drawn["trial"] >= 0], second)
    return set(drawn["kind"])


def _number(axes: Axes, drawn: pd.DataFrame, second: float) -> None:
    """Print the trial of each bar in which its digits fit."""
    digits = drawn["trial"].astype(str).str.len()
    fits = (drawn["kind"] != "overhead") & (drawn["points"] > digits * _DIGIT_POINTS + 2)
    columns = ("kind", "trial", "worker", "start", "stop")
    for kind, trial, worker, start, stop in drawn.loc[fits, columns].itertuples(index=False):
        training = kind == "training"
        axes.text(
            (start + stop) / 2 / second,
            worker,
            str(trial),
            fontsize=canvas.SMALL,
            ha="center",
            va="center_baseline",
            color="white" if training and is_dark(TRIALS[trial % len(TRIALS)]) else "black",
            path_effects=[] if training else _HALO,
        ).set_in_layout(False)


_HALO = [patheffects.withStroke(linewidth=2.0, foreground="white")]
"""Keeps a number legible on a hatch."""
