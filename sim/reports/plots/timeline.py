"""Gantt charts: what each worker did when, as in d2l Fig. 19.3.1, 19.5.1 and 19.5.2.

Owns how the time of the workers falls into bars, the gaps between jobs included. Must not know
why a worker waited, or was away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex, to_rgb, to_rgba_array
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from sim.reports.plots import canvas
from sim.reports.plots.canvas import COLOURS, Floats
from sim.traces.trace import Trace

_NUMBERED = 32  # up to so many workers, rows are high enough for the numbers of trials
_AXES_POINTS = 370.0  # the axes are at least so wide
_DIGIT_POINTS = 4.6  # the width of a digit
_MARGIN = 0.8  # inches of a picture for title, time axis and legend


def gantt(trace: Trace, path: Path | None = None, *, title: str = "") -> Figure:
    """Draw one row a worker: training coloured and numbered by trial, waiting grey, down black.

    The part of a bar that is overhead is darker, and stands in front wherever in the job it fell.
    A lost job is hatched, what it has saved included; a job cut short by the run's end is pale and
    hatched in grey. A worker that is down, crashed or absent, has a thin black bar; a drained one's
    row is white. Above 32 workers the trials bear no numbers, and all bars are as high as a row.

    Parameters
    ----------
    trace
        The run.
    path
        The PNG file to write; None: none is written.
    title
        Above the picture.

    """
    return gantts({title: trace}, path)


def gantts(traces: Mapping[str, Trace], path: Path | None = None) -> Figure:
    """Draw the `gantt` of several runs, one above the other with a common time axis.

    Parameters
    ----------
    traces
        Each run under its title. A thin line marks where a run ended before the longest.
    path
        The PNG file to write; None: none is written.

    """
    heights = [_height(trace.workers) for trace in traces.values()] or [1.0]
    picture = canvas.figure(sum(heights) + 0.25 * (len(heights) - 1) + _MARGIN)
    column = picture.subplots(
        len(heights), 1, sharex=True, squeeze=False, gridspec_kw={"height_ratios": heights}
    )[:, 0]
    end = max((trace.end for trace in traces.values()), default=0.0) or 1.0
    unit, second = canvas.time_unit(end)
    shown: set[str] = set()
    for axes, (title, trace) in zip(column, traces.items(), strict=bool(traces)):
        canvas.dress(axes, x="", y="worker", title=title)
        shown |= _draw(axes, trace, end, second)
        if 0 < trace.end < end:
            axes.axvline(trace.end / second, color="black", linewidth=0.8)
    if not traces:
        canvas.dress(column[0], x="", y="worker")
        canvas.say(column[0], "no runs")
        column[0].set_yticks([])
    column[-1].set_xlim(0, end / second)
    column[-1].set_xlabel(canvas.time_label(unit), fontsize=canvas.MEDIUM)
    names = {"cut": "cut short", "training": "training (colour: trial)"}
    if any(trace.workers <= _NUMBERED for trace in traces.values()):
        names["training"] = "training (number: trial)"
    canvas.legend(
        picture,
        [(look.handle, names.get(kind, kind)) for kind, look in _LOOKS.items() if kind in shown],
    )
    return canvas.save(picture, path)


def gaps(trace: Trace) -> Floats:
    """Return when workers were there and had no job; O(n log n) in the jobs and absences.

    Returns
    -------
    array of shape (gaps, 3)
        Worker, from, to (both in seconds, from < to <= `trace.end`), by worker, then by time.

    """
    jobs, down = trace.jobs, trace.down
    workers = np.arange(trace.workers, dtype=np.float64)
    opening, closing = np.zeros(trace.workers), np.full(trace.workers, trace.end)
    # Every worker is held at 0 and at the end, by its jobs, and where it is away; a gap lies before
    # each start.
    worker = np.concatenate([workers, jobs["worker"], down["worker"], workers])
    start = np.concatenate([opening, jobs["started"], down["since"], closing])
    stop = np.concatenate([opening, jobs["ended"], down["until"], closing])
    order = np.lexsort((stop, start, worker))
    worker, start, stop = worker[order], start[order], stop[order]
    found = (worker[1:] == worker[:-1]) & (start[1:] > stop[:-1])
    between: Floats = np.column_stack([worker[1:], stop[:-1], start[1:]])[found]
    return between


def bars(trace: Trace) -> pd.DataFrame:
    """Return the time of all workers in [0, `trace.end`] as bars that leave nothing out.

    Returns
    -------
    DataFrame
        One row a bar, with the columns ``kind`` (overhead | training | lost | cut | down |
        waiting | drained), ``worker``, ``start``, ``stop`` (seconds, start < stop) and ``trial``
        (-1 for none). The overhead of a job stands in front; all training of a lost job is lost,
        what it has saved included.

    """
    jobs, down = trace.jobs, trace.down
    worker, trial = jobs["worker"].to_numpy(np.float64), jobs["trial"].to_numpy()
    started, ended = jobs["started"].to_numpy(), jobs["ended"].to_numpy()
    trains = np.minimum(started + jobs["overhead"].to_numpy(), ended)
    kind = jobs["outcome"].astype(str).replace({"done": "training"})
    idle, since, until = gaps(trace).T
    turns = np.clip(trace.drained_from, since, until)  # from waiting to drained
    parts = (
        ("overhead", worker, started, trains, trial),
        (kind, worker, trains, ended, trial),
        ("down", *down[["worker", "since", "until"]].to_numpy(np.float64).T, -1),
        ("waiting", idle, since, turns, -1),
        ("drained", idle, turns, until, -1),
    )
    names = ("kind", "worker", "start", "stop", "trial")
    found = pd.concat(
        [pd.DataFrame(dict(zip(names, part, strict=True))) for part in parts], ignore_index=True
    )
    return found[found["start"] < found["stop"]].reset_index(drop=True)


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
        palette: Floats = to_rgba_array([tinted(each, self.tint) for each in COLOURS])
        return palette[trials % len(COLOURS)]

    @property
    def handle(self) -> Patch:
        """Its patch in the legend."""
        face = self.face or tinted(COLOURS[0], self.tint)
        edge = self.edge if self.hatch else canvas.DARK_GREY
        return Patch(facecolor=face, hatch=self.hatch, edgecolor=edge, linewidth=0.4)


_LOOKS = {
    "training": _Look(),
    "overhead": _Look(tint=-0.5),
    "lost": _Look(tint=0.55, hatch="//////", edge="#333333"),
    "cut": _Look(tint=0.7, hatch="......", edge="#AAAAAA"),
    "down": _Look(face="black", half=0.17),
    "waiting": _Look(face=canvas.GREY),
    "drained": _Look(face="white"),
}
"""The kinds of bars, in the order of the legend."""


def tinted(colour: str, tint: float) -> str:
    """Return `colour` mixed with so much white, or below 0 black.

    >>> tinted("#0000FF", 0.5), tinted("#0000FF", -0.5)
    ('#8080ff', '#000080')
    """
    towards = 1.0 if tint > 0 else 0.0
    red, green, blue = (part + (towards - part) * abs(tint) for part in to_rgb(colour))
    return to_hex((red, green, blue))


def _height(workers: int) -> float:
    """Return the height in inches of the rows of so many workers."""
    if workers > _NUMBERED:
        return min(max(2.2, workers * 0.04), 4.5)
    return min(max(0.5, workers * 0.3), max(1.7, workers * 0.135))  # 0.135: a number's height


def _draw(axes: Axes, trace: Trace, end: float, second: float) -> set[str]:
    """Draw one run on axes that go to `end`, in units of so many seconds; return what kinds."""
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
            color="white" if training and trial % len(COLOURS) in _DARK else "black",
            path_effects=[] if training else _HALO,
        ).set_in_layout(False)


_HALO = [patheffects.withStroke(linewidth=2.0, foreground="white")]
"""Keeps a number legible on a hatch."""
_DARK = {COLOURS.index(each) for each in (canvas.BLUE, canvas.GREEN, canvas.VERMILION)}
