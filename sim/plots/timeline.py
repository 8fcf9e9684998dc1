"""Gantt charts: what each worker did when, as in d2l Fig. 19.3.1, 19.5.1 and 19.5.2.

Owns the gaps between the jobs of a worker, and which of them are waiting. Must not know why a
worker waited.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_rgb, to_rgba_array
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator

from sim.plots import canvas
from sim.plots.canvas import COLOURS, Floats
from sim.trace import Trace

_NUMBERED = 32  # up to so many workers, rows are high enough for the numbers of trials
_AXES_POINTS = 370.0  # the axes are at least so wide
_DIGIT_POINTS = 4.6  # the width of a digit
_MARGIN = 0.8  # inches of a picture for title, time axis and legend


def gantt(trace: Trace, path: Path, *, title: str = "") -> None:
    """Draw one row a worker: training coloured and numbered by trial, waiting grey.

    The part of a bar that is overhead is darker, and stands in front wherever in the job it fell.
    What a loss threw away is hatched; a job cut short by the run's end is pale and hatched in
    grey; a drained worker's row is white. Above 32 workers the trials bear no numbers.

    Parameters
    ----------
    trace
        The run.
    path
        The PNG file to write.
    title
        Above the picture.

    """
    _draw({title: trace}, path)


def gantts(traces: Mapping[str, Trace], path: Path) -> None:
    """Draw the `gantt` of several runs, one above the other with a common time axis.

    Parameters
    ----------
    traces
        Each run under its title. A thin line marks where a run ended before the longest.
    path
        The PNG file to write.

    """
    _draw(traces, path)


def gaps(trace: Trace) -> Floats:
    """Return when workers had no job; O(n log n) in the jobs.

    Returns
    -------
    array of shape (gaps, 3)
        Worker, from, to (both in seconds, from < to <= `trace.end`), by worker, then by time.

    """
    jobs = trace.jobs
    workers = np.arange(trace.workers, dtype=np.float64)
    opening, closing = np.zeros(trace.workers), np.full(trace.workers, trace.end)
    # Every worker is held at 0 and at the end; a gap lies before each start.
    worker = np.concatenate([workers, jobs["worker"].to_numpy(np.float64), workers])
    start = np.concatenate([opening, jobs["started"].to_numpy(), closing])
    stop = np.concatenate([opening, jobs["ended"].to_numpy(), closing])
    order = np.lexsort((stop, start, worker))
    worker, start, stop = worker[order], start[order], stop[order]
    found = (worker[1:] == worker[:-1]) & (start[1:] > stop[:-1])
    return np.column_stack([worker[1:], stop[:-1], start[1:]])[found]


def waits(trace: Trace) -> Floats:
    """Return the part of the `gaps` in which workers waited: until `trace.drained_from`."""
    found = gaps(trace)
    found[:, 2] = np.minimum(found[:, 2], trace.drained_from)
    return found[found[:, 1] < found[:, 2]]


def _draw(traces: Mapping[str, Trace], path: Path) -> None:
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
        _rows(axes, trace.workers)
        for bars in _all_bars(trace):
            if bars.draw(axes, second, _AXES_POINTS / end, trace.workers <= _NUMBERED):
                shown.add(bars.name)
        if trace.jobs.empty:
            canvas.say(axes, "no jobs")
        if 0 < trace.end < end:
            axes.axvline(trace.end / second, color="black", linewidth=0.8)
    if not traces:
        canvas.dress(column[0], x="", y="worker")
        canvas.say(column[0], "no runs")
        column[0].set_yticks([])
    column[-1].set_xlim(0, end / second)
    column[-1].set_xlabel(canvas.time_label(unit), fontsize=canvas.MEDIUM)
    canvas.legend(picture, [(look.handle, name) for name, look in _LOOKS.items() if name in shown])
    canvas.save(picture, path)


def _height(workers: int) -> float:
    """Return the height in inches of the rows of so many workers."""
    if workers > _NUMBERED:
        return min(max(2.2, workers * 0.04), 4.5)
    return min(max(0.5, workers * 0.3), max(1.7, workers * 0.135))  # 0.135: a number's height


def _rows(axes: Axes, workers: int) -> None:
    axes.set_ylim(workers - 0.5, -0.5)  # worker 0 on top
    if workers <= _NUMBERED:
        axes.set_yticks(range(workers))
    else:
        axes.yaxis.set_major_locator(MaxNLocator(6, integer=True))


@dataclass(frozen=True)
class _Look:
    """How one kind of bar is filled."""

    tint: float = 0.0  # how much paler than its trial's colour; below 0 darker
    hatch: str = ""
    edge: str = "white"  # also the colour of the hatch
    face: str = ""  # for all bars, whatever their trial

    def faces(self, trials: npt.NDArray[np.int64]) -> Floats:
        """Return the colour of each bar, shape (bars, 4)."""
        if self.face:
            return to_rgba_array([self.face] * len(trials))
        return to_rgba_array([_tinted(each, self.tint) for each in COLOURS])[trials % len(COLOURS)]

    @property
    def handle(self) -> Patch:
        """Its patch in the legend."""
        face = self.face or _tinted(COLOURS[0], self.tint)
        edge = self.edge if self.hatch else canvas.DARK_GREY
        return Patch(facecolor=face, hatch=self.hatch * 2, edgecolor=edge, linewidth=0.4)


_LOOKS = {
    "training (number: trial)": _Look(),
    "overhead": _Look(tint=-0.5),
    "lost": _Look(tint=0.55, hatch="////", edge="#333333"),
    "cut": _Look(tint=0.75, hatch="....", edge="#AAAAAA"),
    "waiting": _Look(face=canvas.GREY),
    "drained": _Look(face="white"),
}
"""The kinds of bars, in the order of the legend."""
_TRAINING, _OVERHEAD, _LOST, _CUT, _WAITING, _DRAINED = _LOOKS


@dataclass(frozen=True)
class _Bars:
    """Bars of one kind; all arrays of shape (bars,)."""

    name: str
    worker: Floats
    start: Floats  # seconds
    stop: Floats
    trial: npt.NDArray[np.int64]

    def draw(self, axes: Axes, second: float, points: float, numbered: bool) -> bool:
        """Draw them, `points` wide a second; tell whether there was anything to draw."""
        look = _LOOKS[self.name]
        wide = self.stop > self.start
        ...
        return True


def _tinted(colour: str, tint: float) -> tuple[float, float, float]:
    """Mix `colour` with white, or below 0 with black."""
    towards = 1.0 if tint > 0 else 0.0
    red, green, blue = (part + (towards - part) * abs(tint) for part in to_rgb(colour))
    return red, green, blue
