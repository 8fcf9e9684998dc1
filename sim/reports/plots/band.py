"""The workers by what they do, as a band over time: a Gantt chart of more jobs than can be seen.

Owns the band. Must not know how a worker's time falls into causes.
"""

from __future__ import annotations

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes

from sim.reports.plots import canvas
from sim.reports.plots.bars import usage
from sim.reports.plots.canvas import Floats
from sim.reports.plots.palette import CAUSES
from sim.traces.metrics import PARTS
from sim.traces.trace import Trace

_BINS = 120  # over the width: more steps than that are averaged


def draw(axes: Axes, trace: Trace, second: float) -> list[tuple[Artist, str]]:
    """Draw one run, in units of `second` seconds; return what the legend needs."""
    times, counts = usage(trace)
    if len(times) > _BINS:
        axes.set_ylabel("workers (mean)", fontsize=canvas.MEDIUM)
        times, counts = means(times, counts, np.linspace(0.0, trace.end, _BINS + 1))
    axes.set_ylim(0, trace.workers)
    axes.yaxis.set_major_locator(canvas.integers())
    bottom = np.zeros(counts.shape[1])
    entries: list[tuple[Artist, str]] = []
    for name, count in zip(PARTS, counts, strict=True):
        if not count.any():
            continue
        look = CAUSES[name]
        top = bottom + count
        drawn = axes.fill_between(
            times / second,
            np.append(bottom, bottom[-1:]),
            np.append(top, top[-1:]),
            step="post",
            facecolor=look.face,
            hatch=look.hatch,
            edgecolor=look.edge,
            linewidth=0.0,
        )
        drawn.set_gid(name)
        entries.append((look.handle, look.label))
        bottom = top
    return entries


def means(times: Floats, counts: Floats, edges: Floats) -> tuple[Floats, Floats]:
    """Return step functions averaged from one of the ascending `edges` to the next.

    >>> means(np.array([0.0, 1.0, 4.0]), np.array([[3.0, 1.0]]), np.array([0.0, 2.0, 4.0]))[1]
    array([[2., 1.]])
    """
    integral = np.concatenate(
        [np.zeros((len(counts), 1)), np.cumsum(counts * np.diff(times), axis=1)], axis=1
    )
    at_edges = np.array([np.interp(edges, times, row) for row in integral])
    return edges, np.diff(at_edges, axis=1) / np.diff(edges)
