"""Progress over wall-clock time: the losses of the trials, and the incumbents of schedulers.

Owns the quantiles over seeds. Must not know which scheduler did what, nor how a run was made.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.artist import Artist
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from sim.reports.plots import canvas
from sim.reports.plots.canvas import Floats
from sim.reports.plots.palette import LINES, scheduler_looks, trial_colours

_NAMED = 10  # up to this number of trials, the legend names each
_STEEP = 0.05  # the share of the time in which incumbents fall steeply
_QUANTILES = (0.25, 0.5, 0.75)


def losses(points: pd.DataFrame, path: Path | None = None, *, title: str = "") -> Figure:
    """Draw the loss over wall-clock time, one line a trial, with the best at every epoch in black.

    Parameters
    ----------
    points
        One row an epoch of a trial, with the columns ``trial``, ``epoch``, ``seconds`` (when it
        ended) and ``loss``. A loss that is not finite is marked at the top edge.
    path
        The file to write, in the format of its suffix; None writes none.
    title
        Above the picture.

    """
    picture = canvas.figure()
    axes = picture.subplots()
    points = points.sort_values(["seconds", "trial", "epoch"], kind="stable")
    end = float(points["seconds"].max()) if len(points) else 0.0
    unit, second = canvas.time_unit(end)
    canvas.dress(axes, x=canvas.time_label(unit), y="loss", title=title)
    axes.set_xlim(0, (end or 1.0) / second * 1.02)
    canvas.scale(axes, points["loss"])
    entries: list[tuple[Artist, str]] = []
    if points.empty:
        canvas.say(axes, "no losses")
    finite = np.isfinite(points["loss"])
    by_trial = points[finite].groupby("trial", sort=True)
    many = by_trial.ngroups > 100
    trials = [int(trial) for trial in by_trial.groups]
    lines = LineCollection(
        [some[["seconds", "loss"]].to_numpy() / (second, 1.0) for _, some in by_trial],
        colors=trial_colours(trials),
        linestyles=["-" if many else LINES[trial % len(LINES)] for trial in trials],
        linewidths=0.5 if many else 1.0,
        alpha=0.6 if many else 1.0,
    )
    axes.add_collection(lines, autolim=False)
    shown = points[finite]
    axes.scatter(
        shown["seconds"] / second,
        shown["loss"],
        s=1.5 if many else 5.0,
        c=trial_colours(shown["trial"].tolist()),
        linewidths=0,
        zorder=2.5,
    )
    if len(trials) <= _NAMED:
        entries += [(_trial(trial), f"trial {trial}") for trial in trials]
    else:
        entries.append((_trial(0), "a trial"))
    if finite.any():
        times, best = shown["seconds"].to_numpy(), np.minimum.accumulate(shown["loss"].to_numpy())
        (incumbent,) = axes.step(
            np.append(times, end) / second,
            np.append(best, best[-1]),
            where="post",
            color="black",
            linewidth=1.4,
            zorder=3,
        )
        entries.append((incumbent, "best loss at every epoch"))
    elif len(points):
        canvas.say(axes, "all diverged")
    if not finite.all():
        diverged = canvas.mark_diverged(axes, points.loc[~finite, "seconds"] / second)
        entries.append((diverged, "diverged"))
    canvas.legend(picture, entries)
    return canvas.save(picture, path)


def incumbents(
    runs: Mapping[str, Sequence[tuple[Floats, Floats]]],
    path: Path | None = None,
    *,
    end: float,
    title: str = "",
    target: float | None = None,
    best: str = "best loss at job ends",
) -> Figure:
    """Draw the median over seeds of the best loss so far, with a band from 25 to 75 %.

    A seed without a result yet counts as +inf: a line begins when half of the seeds have one,
    and where fewer than three quarters have, its band reaches the top edge. The time axis is
    logarithmic where at least half of the improvements of the medians fall in its first tenth. If
    it is not, the losses of the first twentieth of the time may lie above the top edge, since they
    would hide all that follows.

    Parameters
    ----------
    runs
        For each label, one (times, best losses) a seed: the loss holds from its time, in ascending
        seconds, to the next. The arrays may be empty.
    path
        The file to write, in the format of its suffix; None writes none.
    end
        When the time axis ends, in seconds.
    title
        Above the picture.
    target
        A loss to draw as a dotted line.
    best
        What the best loss is taken over: the label of the loss axis.

    """
    picture = canvas.figure()
    axes = picture.subplots()
    unit, second = canvas.time_unit(end)
    canvas.dress(axes, x=canvas.time_label(unit), y="", title=title)
    bands = {label: quantile_band(seeds, end) for label, seeds in runs.items()}
    quantiles = [np.array(quantiles) for _, quantiles in bands.values()]
    is_log = is_early([(grid, median) for grid, (_, median, _) in bands.values()], end)
    first = 0.0
    if is_log:
        first = min(_first(grid, low) for grid, (low, _, _) in bands.values())
        axes.set_xscale("log")
        canvas.plain_log_ticks(axes.xaxis, (first / second, end / second))
        axes.set_xlabel(f"wall-clock time ({unit}, log scale)", fontsize=canvas.MEDIUM)
    axes.set_xlim(first / second, (end or 1.0) / second)
    steep = 0.0 if is_log else end * _STEEP
    later = [
        band[:, np.searchsorted(grid, steep, side="right") - 1 :].ravel()
        for (grid, _), band in zip(bands.values(), quantiles, strict=True)
    ]
    seen = np.concatenate([[np.nan if target is None else target], *later])
    canvas.scale(
        axes,
        seen[np.isfinite(seen)],
        label=best,
    )
    top = axes.get_ylim()[1]
    entries: list[tuple[Artist, str]] = []
    looks = scheduler_looks(bands)
    for label, (grid, (low, median, high)) in bands.items():
        line = looks[label].line()
        axes.fill_between(
            grid / second,
            low,
            np.minimum(high, top),
            where=np.isfinite(low).tolist(),
            step="post",
            color=line.get_color(),
            alpha=0.18,
            linewidth=0,
        )
        entries.append((line, label))
        if np.isfinite(median).any():
            axes.step(
                grid / second,
                np.where(np.isfinite(median), median, np.nan),
                where="post",
                color=line.get_color(),
                linestyle=looks[label].dashes,
                linewidth=1.4,
            )
    if target is not None:
        dotted = axes.axhline(target, color="black", linewidth=1.0, linestyle=":")
        entries.append((dotted, f"target {target:g}"))
    if not any(np.isfinite(each).any() for each in quantiles):
        canvas.say(axes, "no results")
    canvas.legend(picture, entries)
    return canvas.save(picture, path)


def is_early(medians: Iterable[tuple[Floats, Floats]], end: float) -> bool:
    """Report whether half of the improvements fall in the first tenth of the time, or more.

    Parameters
    ----------
    medians
        One (times, values) a line, in ascending times. What it is at 0 is not an improvement.
    end
        The last time.

    >>> is_early([(np.array([0.0, 1.0, 5.0, 100.0]), np.array([np.inf, 3.0, 2.0, 2.0]))], 100.0)
    True
    """
    falls = np.concatenate(
        [[], *(times[1:][values[1:] < values[:-1]] for times, values in medians)]
    )
    return bool(len(falls)) and bool(np.mean(falls <= end / 10) >= 0.5)


def _first(grid: Floats, values: Floats) -> float:
    """Return the first time above 0 at which a line is known; inf without one."""
    return float(grid[np.isfinite(values) & (grid > 0)].min(initial=np.inf))


def quantile_band(
    seeds: Sequence[tuple[Floats, Floats]], end: float
) -> tuple[Floats, tuple[Floats, Floats, Floats]]:
    """Return the quantiles over seeds of step functions, at every time at which one may change.

    Quantiles are interpolated linearly, as NumPy's; towards +inf they are +inf.

    Parameters
    ----------
    seeds
        One (times, values) a seed, in ascending times; +inf before the first, NaN is +inf.
    end
        The last time.

    Returns
    -------
    grid : array of shape (times,)
        Ascending, from 0 to `end`.
    quantiles : three arrays of shape (times,)
        At 25, 50 and 75 %; each value holds up to the next time. +inf without seeds.

    """
    grid = np.unique(np.concatenate([[0.0, end], *(times for times, _ in seeds)]))
    grid = grid[(grid >= 0) & (grid <= end)]
    if not seeds:
        nothing = np.full(len(grid), np.inf)
        return grid, (nothing, nothing, nothing)
    values = np.empty((len(seeds), len(grid)))
    for row, (times, best) in zip(values, seeds, strict=True):
        known = np.concatenate([[np.inf], np.nan_to_num(best, nan=np.inf, posinf=np.inf)])
        row[:] = known[np.searchsorted(times, grid, side="right")]
    values.sort(axis=0)
    low, median, high = (_quantile(values, q) for q in _QUANTILES)
    return grid, (low, median, high)


def _quantile(ascending: Floats, q: float) -> Floats:
    """Return the linear quantile of each column; NumPy's own has no number beside +inf."""
    place = q * (len(ascending) - 1)
    below = int(place)
    share = place - below
    left: Floats = ascending[below]
    if not share:
        return left
    right = ascending[below + 1]
    found: Floats = right.copy()  # +inf where either is
    known = np.isfinite(right)
    found[known] = left[known] + (right[known] - left[known]) * share
    return found


def _trial(trial: int) -> Line2D:
    """Return the line of a trial for the legend."""
    (colour,) = trial_colours([trial])
    dashes = LINES[trial % len(LINES)]
    return Line2D([], [], color=colour, linestyle=dashes, marker=".", linewidth=1.4)
