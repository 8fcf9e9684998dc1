"""True curves against predicted ones, of configs that the surrogate has not seen.

Owns which configs are shown. Must not know how a curve is predicted.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from learning_curves.spaces.space import Config
from learning_curves.surrogates.cross_validation import HeldOut
from sim.reports.plots import canvas
from sim.reports.plots.palette import BLUE, SKY, VERMILION
from sim.reports.screen import figure

_ROWS, _COLUMNS = 3, 4  # of panels
_DRAWS = 5  # drawn curves in a panel
_LETTERS = 24  # of the smallest size, fit above a panel
_LINES = 4  # above a panel


def held_out(twin: HeldOut, path: Path | None = None) -> Figure:
    """Draw recorded trainings, the predicted mean and drawn curves of twelve held-out configs.

    The configs are spread evenly over the ranks of their final losses, the best and the worst
    among them.

    Parameters
    ----------
    twin
        Its table has the true curves.
    path
        The file to write, in the format of its suffix; None writes none.

    """
    table = twin.table
    order = np.argsort(table.final_losses, kind="stable")
    count = min(len(order), _ROWS * _COLUMNS)
    shown = order[np.linspace(0, len(order) - 1, count).round().astype(int)].tolist()
    every = np.array([c.all_losses for each in table.recorded.curves for c in each.values()])
    lines = max((len(described(config)) for config in twin.configs), default=1)
    picture = canvas.figure(4.6 + _ROWS * 0.11 * (lines - 1))
    grid = picture.subplots(_ROWS, _COLUMNS, sharex=True, sharey=True, squeeze=False)
    panels = list(grid.flat)
    for axes, place in zip(panels, shown, strict=False):
        entries = _panel(axes, twin, place)
    for axes in panels[len(shown) :]:
        axes.set_axis_off()
    canvas.scale(panels[0], every, label=table.metric)
    middle = panels[_COLUMNS * ((_ROWS - 1) // 2)]
    middle.set_ylabel(panels[0].get_ylabel(), fontsize=canvas.MEDIUM)
    panels[0].set_ylabel("")
    panels[0].set_xlim(1 - 0.03 * table.r_max, table.r_max * 1.03)
    panels[0].xaxis.set_major_locator(canvas.integers())
    for axes in panels[-_COLUMNS:]:
        axes.set_xlabel("epoch", fontsize=canvas.MEDIUM)
    regressor = twin.surrogates[0].regressor
    canvas.head(picture, f"{table.name}: held-out configs, {regressor}")
    canvas.legend(picture, entries)
    return canvas.save(picture, path)


def described(config: Config) -> list[str]:
    """Return a line for each hyperparameter and its value, as short as a panel is narrow.

    >>> described({"learning_rate": 0.9254, "batch_size": 82})
    ['learning rate 0.9254', 'batch size 82']
    """
    lines = []
    for name, value in config.items():
        told = f" {figure(value)}"
        words = name.replace("_", " ")
        room = max(4, _LETTERS - len(told))
        lines.append((words if len(words) <= room else words[: room - 1] + "…") + told)
    if len(lines) > _LINES:
        more = len(lines) - _LINES + 1
        lines[_LINES - 1 :] = [f"and {more} more"]
    return lines


def _panel(axes: Axes, twin: HeldOut, place: int) -> list[tuple[Artist, str]]:
    """Draw one config; return the handles."""
    epochs = np.arange(1, twin.r_max + 1)
    config = twin.configs[place]
    canvas.dress(axes, x="", y="")
    named = "\n".join(described(config))
    axes.set_title(named, fontsize=canvas.SMALL, loc="left", parse_math=False, pad=2)
    for seed in range(_DRAWS):
        curve = twin.curve(config, place * _DRAWS + seed)
        (drawn,) = axes.plot(epochs, curve.losses(0, twin.r_max), linewidth=0.7, color=SKY)
    for curve in twin.table.recorded.curves[place].values():
        (true,) = axes.plot(epochs, curve.all_losses, linewidth=1.1, color=VERMILION)
    mean = twin.means[0][place]
    (expected,) = axes.plot(epochs, mean, linewidth=1.1, color=BLUE, linestyle=(0, (4, 1.5)))
    return [
        (true, "recorded trainings"),
        (expected, "predicted mean, config not seen"),
        (drawn, "curves drawn from the surrogate"),
    ]
