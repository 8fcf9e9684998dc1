"""What all pictures share: size, time and loss axes, the legend, and how one is saved.

Owns the look. Must not know what is drawn. Uses figures only, never matplotlib's global state of
a current figure, so that pictures may be made in threads and processes.
"""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from threading import Lock
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import rcParams
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from learning_curves.errors import InputError
from learning_curves.files import replacing
from sim.reports.plots.palette import VERMILION

WIDTH = 6.0  # inches, of every picture
HEIGHT = 2.5  # inches, unless there is more to show
DPI = 150
SMALL, MEDIUM, LARGE = 7.0, 8.0, 9.0  # font sizes in points: ticks and legend, labels, titles
FORMATS: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {  # without dates and versions, so that the same figure gives the same bytes
        "png": {"dpi": DPI, "metadata": {"Software": None}},
        "svg": {"metadata": {"Date": None, "Creator": None}},
        "pdf": {"metadata": {"CreationDate": None, "Creator": None, "Producer": None}},
    }
)
_SETTINGS = {
    "svg.hashsalt": "rungsim",  # else the names within the file are random
    "pdf.fonttype": 42,  # TrueType: many journals refuse Matplotlib's Type 3
}
_saving = Lock()  # the settings above are Matplotlib's, and common to all threads
_LOG_FROM = 5.0  # the ratio of the greatest to the least from which an axis is logarithmic
_PAD = 0.06  # of what is drawn, left free above and below it
_PAD_FOR_MARKS = 0.15  # above it, where losses without a number are marked

Floats = npt.NDArray[np.float64]


class Picture(Figure):
    """A figure that notebooks show by itself."""

    def _repr_png_(self) -> bytes:
        return png(self)


def figure(height: float = HEIGHT) -> Figure:
    """Return an empty figure, `height` inches high, that lays itself out when it is drawn."""
    layout = ConstrainedLayoutEngine(w_pad=0.06, h_pad=0.06)
    return Picture(figsize=(WIDTH, height), dpi=DPI, layout=layout)


def png(figure: Figure) -> bytes:
    """Return `figure` as the bytes of a PNG file, the same that `save` writes."""
    file = BytesIO()
    figure.savefig(file, format="png", **FORMATS["png"])
    return file.getvalue()


def save(figure: Figure, path: Path | None) -> Figure:
    """Write `figure` in the format that the suffix of `path` names, and return it.

    The same figure gives the same bytes. Without a path, nothing is written.

    Raises
    ------
    InputError
        The suffix is none of `FORMATS`.

    """
    if path is None:
        return figure
    kind = path.suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        names = ", ".join(f".{each}" for each in FORMATS)
        raise InputError(f"{path} is not the name of a picture: end it in one of {names}")
    common: Any = rcParams
    with replacing(path) as part, _saving:
        before = {name: common[name] for name in _SETTINGS}
        common.update(_SETTINGS)
        try:
            figure.savefig(part, format=kind, **FORMATS[kind])
        finally:
            common.update(before)
    return figure


def dress(axes: Axes, *, x: str, y: str, title: str = "") -> None:
    """Set the labels and sizes of `axes`."""
    axes.set_xlabel(x, fontsize=MEDIUM)
    axes.set_ylabel(y, fontsize=MEDIUM)
    axes.tick_params(labelsize=SMALL)
    axes.spines[["top", "right"]].set_visible(False)
    if title:  # an empty one would still take its space
        # As it is: a dollar sign is not a formula.
        wrapped = textwrap.fill(title, 75)
        axes.set_title(wrapped, fontsize=LARGE, loc="left", parse_math=False)


def head(picture: Figure, title: str) -> None:
    """Set the title above all axes, if there is one."""
    if title:
        wrapped = textwrap.fill(title, 85)
        picture.suptitle(wrapped, fontsize=LARGE, x=0.01, ha="left", parse_math=False)


def say(axes: Axes, what: str) -> None:
    """Write `what` in the middle of `axes`: why there is nothing to see."""
    axes.text(
        0.5,
        0.5,
        what,
        transform=axes.transAxes,
        ha="center",
        va="center",
        fontsize=MEDIUM,
        bbox={"facecolor": "white", "edgecolor": "none"},
    )


def legend(figure: Figure, entries: Sequence[tuple[Artist, str]]) -> None:
    """Put a thin legend below all axes, in as many rows as it needs; the figure grows by these."""
    if not entries:
        return
    handles = [handle for handle, _ in entries]
    # Matplotlib would leave out a label that begins with an underscore.
    labels = [textwrap.shorten(f" {label}", 70, placeholder=" …") for _, label in entries]
    labels = [f" {label}" if label.startswith("_") else label for label in labels]
    columns = legend_columns(labels)
    rows = math.ceil(len(labels) / columns)
    figure.set_figheight(figure.get_figheight() + (rows - 1) * 0.14)
    drawn = figure.legend(
        handles,
        labels,
        loc="outside lower center",
        ncols=columns,
        fontsize=SMALL,
        frameon=False,
        handlelength=2.2,
        columnspacing=1.2,
        borderaxespad=0.2,
    )
    for text in drawn.get_texts():
        text.set_parse_math(False)


def legend_columns(labels: Sequence[str]) -> int:
    """Return the most columns, at least 1, in which a legend of these labels fits a picture.

    Its columns are filled one after the other, each as wide as its longest label.
    """
    points = [4.2 * len(label) + 30 for label in labels]  # estimated; 30 for handle and gap
    for columns in range(len(labels), 1, -1):
        if sum(part.max() for part in np.array_split(points, columns)) <= WIDTH * 72:
            return columns
    return 1


def time_unit(seconds: float) -> tuple[str, float]:
    """Return the unit in which a run of `seconds` is shown, and its length in seconds.

    >>> time_unit(300), time_unit(301), time_unit(18001)
    (('s', 1.0), ('min', 60.0), ('h', 3600.0))
    """
    if seconds <= 300:
        return "s", 1.0
    return ("min", 60.0) if seconds <= 300 * 60 else ("h", 3600.0)


def time_label(unit: str) -> str:
    """Return the label of a time axis."""
    return f"wall-clock time ({unit})"


def is_wide(values: npt.ArrayLike) -> bool:
    """Tell whether the finite `values` are better shown on a logarithmic axis.

    >>> is_wide([0.5, 0.1]), is_wide([0.9, 0.1, float("inf")]), is_wide([0.9, 0.0])
    (False, True, False)
    """
    finite = _finite(values)
    return bool(finite.size and finite.min() > 0 and finite.max() / finite.min() > _LOG_FROM)


def limits(values: npt.ArrayLike, *, log: bool) -> tuple[float, float]:
    """Return the ends of an axis that shows the finite `values`, with some space at both.

    There is more space at the top where some values are not finite.

    >>> limits([0.0, 100.0], log=False), limits([0.0, 100.0, float("inf")], log=False)
    ((-6.0, 106.0), (-6.0, 115.0))
    """
    finite = _finite(values)
    if not finite.size:
        return 0.0, 1.0
    above = _PAD if finite.size == np.size(values) else _PAD_FOR_MARKS
    low, high = float(finite.min()), float(finite.max())
    if log:
        ratio = high / low if high > low else 4.0
        return low / ratio**_PAD, high * ratio**above
    span = high - low or abs(high) or 1.0
    return low - span * _PAD, high + span * above


def scale(axes: Axes, values: npt.ArrayLike, *, label: str = "loss") -> None:
    """Scale the y axis to show the finite `values`, logarithmic where they lie far apart."""
    log = is_wide(values)
    if log:
        axes.set_yscale("log")
        plain_log_ticks(axes.yaxis, limits(values, log=True))
        label = f"{label} (log scale)"
    axes.set_ylim(*limits(values, log=log))
    axes.set_ylabel(label, fontsize=MEDIUM)
    if not _finite(values).size:
        axes.set_yticks([])


def plain_log_ticks(axis: Axis, ends: tuple[float, float]) -> None:
    """Label a logarithmic axis with plain numbers, as many as suit the decades between `ends`."""
    decades = math.log10(ends[1] / ends[0])
    for most, between in (  # labels within a decade
        (1.2, (1.0, 1.5, 2.0, 3.0, 5.0, 7.0)),
        (2.0, (1.0, 2.0, 5.0)),
        (3.0, (1.0, 3.0)),
        (math.inf, (1.0,)),
    ):
        if decades <= most:
            axis.set_major_locator(LogLocator(subs=between, numticks=8))
            break
    axis.set_minor_locator(NullLocator())
    axis.set_major_formatter(FuncFormatter(lambda value, _place: f"{value:g}"))


def mark_diverged(axes: Axes, x: npt.ArrayLike) -> Line2D:
    """Mark at the top edge of `axes` that a loss at `x` was infinite; return the handle."""
    (marks,) = axes.plot(
        x,
        np.full(np.shape(x), 0.98),
        transform=axes.get_xaxis_transform(),
        linestyle="none",
        marker="x",
        markersize=4.5,
        markeredgewidth=1.2,
        color=VERMILION,
        clip_on=False,
        zorder=5,
    )
    return marks


def spread(positions: Sequence[float] | Floats, gap: float) -> list[int]:
    """Choose which of the ascending `positions` get a label; return their places.

    The last is always chosen, so is the first unless it is too near the last; no two chosen are
    less than `gap` apart.

    >>> spread([1, 2, 3, 4, 9, 10], gap=2)
    [0, 2, 5]
    """
    if not len(positions):
        return []
    last = positions[-1]
    chosen: list[int] = []
    for place, position in enumerate(positions[:-1]):
        near = chosen and position - positions[chosen[-1]] < gap
        if not near and last - position >= gap:
            chosen.append(place)
    return [*chosen, len(positions) - 1]


def octaves(axes: Axes, counts: Sequence[int], *, gap: float) -> float:
    """Make x an axis of `counts`, ascending, by their octaves; return how many it is wide, not 0.

    As many are labelled as leave `gap`, a share of the axis, between two labels.
    """
    axes.set_xscale("log", base=2)
    places: Floats = np.log2(counts)
    width = float(np.ptp(places)) or 1.0
    labelled = [counts[place] for place in spread(places, width * gap)]
    axes.set_xticks(labelled, [f"{count:g}" for count in labelled])
    axes.xaxis.set_minor_locator(NullLocator())
    return width


def integers(most: int = 6) -> MaxNLocator:
    """Return ticks at a given number of whole numbers, or fewer."""
    return MaxNLocator(most, integer=True, min_n_ticks=1)


def _finite(values: npt.ArrayLike) -> Floats:
    array = np.asarray(values, dtype=np.float64)
    return array[np.isfinite(array)]
