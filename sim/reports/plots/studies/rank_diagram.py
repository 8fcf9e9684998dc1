"""The critical-difference diagram of mean ranks (Demsar 2006, fig. 1).

Owns which settings a bar joins, and where their names stand. Must not know how ranks are computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from sim.reports.plots import canvas
from sim.reports.plots.palette import DARK_GREY, label_looks

_HEAD = 0.62  # inches of a diagram above the bars and the names
_LINE = 0.17  # inches of a name
_BAR = 0.11  # inches of a bar


def rank_diagram(ranks: pd.DataFrame, path: Path | None = None, *, title: str = "") -> Figure:
    """Draw the mean ranks of the settings, a diagram for each measure, best to the left.

    Settings whose mean ranks differ by less than the critical difference are joined by a bar: they
    cannot be told apart. The line above the axis is as long as the critical difference.

    Parameters
    ----------
    ranks
        One row a measure and setting, with the columns ``measure``, ``setting``, ``mean_rank`` and
        ``critical_difference``. A scheduler's name gets the scheduler's colour.
    path
        The file to write, in the format of its suffix; None writes none.
    title
        Above the picture.

    """
    measures = list(dict.fromkeys(ranks["measure"]))
    parts = [
        ranks[ranks["measure"] == measure].sort_values("mean_rank", kind="stable")
        for measure in measures
    ]
    heights = [_height(part) for part in parts]
    picture = canvas.figure(max(sum(heights), 0.8) + 0.35)
    canvas.head(picture, title)
    if not parts:
        canvas.say(picture.subplots(), "no ranks")
        return canvas.save(picture, path)
    grid = picture.subplots(len(parts), 1, squeeze=False, height_ratios=heights)
    for axes, measure, part, height in zip(grid[:, 0], measures, parts, heights, strict=True):
        _draw(axes, part, height)
        axes.set_title(measure, fontsize=canvas.MEDIUM, loc="left", parse_math=False)
    return canvas.save(picture, path)


def groups(means: Sequence[float], difference: float) -> list[tuple[int, int]]:
    """Return the longest runs of the ascending `means` that differ by less than `difference`.

    Each is the places of its first and its last mean; a mean alone is none.

    >>> groups([1.0, 1.4, 2.2, 2.5, 4.0], 1.15)
    [(0, 1), (1, 3)]
    """
    found: list[tuple[int, int]] = []
    for first, mean in enumerate(means):
        last = max(k for k, other in enumerate(means) if other - mean < difference or k == first)
        if last > first and (not found or last > found[-1][1]):
            found.append((first, last))
    return found


def _height(part: pd.DataFrame) -> float:
    bars = groups(part["mean_rank"].tolist(), float(part["critical_difference"].iloc[0]))
    return _HEAD + _BAR * len(bars) + _LINE * ((len(part) + 1) // 2)


def _draw(axes: Axes, part: pd.DataFrame, height: float) -> None:
    """Draw one diagram; y is in inches below the axis of ranks."""
    names, means = part["setting"].tolist(), part["mean_rank"].tolist()
    k, difference = len(names), float(part["critical_difference"].iloc[0])
    looks = label_looks(sorted(names))
    side = 0.42 * (k - 1)  # room for the names, in ranks
    axes.set_xlim(1 - side, k + side)
    axes.set_ylim(height - 0.3, -0.3)
    axes.axis("off")
    axes.plot([1, k], [0, 0], color="black", linewidth=0.9)
    for rank in range(1, k + 1):
        axes.plot([rank, rank], [0, -0.05], color="black", linewidth=0.9)
        axes.text(rank, -0.08, f"{rank}", fontsize=canvas.SMALL, ha="center", va="bottom")
    wide = min(difference, float(k - 1))
    axes.plot([1 - side, 1 - side + wide], [-0.05, -0.05], color=DARK_GREY, linewidth=1.6)
    told = f"critical difference {difference:.2f}"
    axes.text(1 - side, -0.08, told, fontsize=canvas.SMALL, color=DARK_GREY, va="bottom")
    bars = groups(means, difference)
    for row, (first, last) in enumerate(bars):
        y = _BAR * (row + 1)
        axes.plot(
            [means[first] - 0.02 * k / 3, means[last] + 0.02 * k / 3],
            [y, y],
            color="black",
            linewidth=3.0,
            solid_capstyle="butt",
            zorder=4,
        )
    below = _BAR * (len(bars) + 1)
    half = (k + 1) // 2
    for place, (name, mean) in enumerate(zip(names, means, strict=True)):
        left = place < half
        row = place if left else k - 1 - place
        y, end = below + _LINE * (row + 0.5), 1 - side / 8 if left else k + side / 8
        look = looks[name]
        axes.plot([mean, mean, end], [0, y, y], color=look.colour, linewidth=1.2, zorder=2)
        axes.plot([mean], [0], marker=look.marker, color=look.colour, markersize=4, zorder=5)
        axes.text(
            end - side / 24 if left else end + side / 24,
            y,
            f"{name}  {mean:.2f}" if left else f"{mean:.2f}  {name}",
            fontsize=canvas.SMALL,
            ha="right" if left else "left",
            va="center",
            parse_math=False,
        )
