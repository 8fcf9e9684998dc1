"""Draw the picture of docs/families.md: ``python docs/pictures/families.py``."""  # noqa: INP001  a script

from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize

from learning_curves.sources import FAMILIES, find
from learning_curves.spaces import space as spaces
from learning_curves.streams import generator
from sim.reports.plots import canvas

COUNT = 64
SHARES = (0, 0.5, 1)


def main() -> None:
    """Draw a row a share of crossing curves, a column a family."""
    picture = canvas.figure(4.2)
    rows = picture.subplots(len(SHARES), len(FAMILIES), sharex=True, sharey=True)
    norm, shades = Normalize(0.1, 0.5), colormaps["viridis"]
    for row, share in enumerate(SHARES):
        for axes, name in zip(rows[row], FAMILIES, strict=True):
            blackbox = find(f"{name}:crossing=1:crossing_share={share}")
            configs = spaces.sample(blackbox.space, generator(0, "look"), COUNT)
            losses = blackbox.losses_of(configs, range(COUNT))
            for fell in losses[np.argsort(-losses[:, -1])]:  # the best on top
                axes.plot(np.arange(1, 82), fell, color=shades(norm(fell[-1])), linewidth=0.5)
            canvas.dress(
                axes,
                x="epoch" if share == SHARES[-1] else "",
                y=f"loss, share {share}" if name == "power-law" else "",
                title=name if share == SHARES[0] else "",
            )
    bar = picture.colorbar(ScalarMappable(norm, shades), ax=rows, pad=0.02, aspect=40)
    bar.ax.tick_params(labelsize=canvas.SMALL)
    bar.set_label("loss at epoch 81", fontsize=canvas.MEDIUM)
    canvas.save(picture, Path(__file__).with_suffix(".png"))


if __name__ == "__main__":
    main()
