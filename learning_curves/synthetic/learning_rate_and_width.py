"""The space of a learning rate and a width, and how good a config of it is.

Owns the optimum and the distance from it. Must not know the curves.
"""

from __future__ import annotations

import math

from scipy import stats

from learning_curves.spaces.space import Config, Space
from learning_curves.synthetic.form import Place

OPTIMUM: Config = {"learning_rate": 0.1, "width": 256}
SPACE: Space = {"learning_rate": stats.loguniform(1e-4, 1.0), "width": stats.randint(16, 257)}


def place(config: Config) -> Place:
    """Return where `config` lies.

    Its badness is ``(d**2 + n**2) / 2``: d is how far log learning rate, and n how far log width,
    is from the optimum's, divided by the largest distance in the space. Narrow configs learn first,
    and wide configs cost most.

    >>> place({"learning_rate": 1e-4, "width": 16})
    (1.0, 1.0, 0.0625)
    >>> place(OPTIMUM)
    (0.0, 0.0, 1.0)
    """
    width = config["width"]
    distance = math.log10(config["learning_rate"] * 10) / 3  # -1 at 1e-4, 0 at 0.1, 1/3 at 1
    narrowness = math.log2(256 / width) / 4  # 0 at 256, 1 at 16
    badness = (distance * distance + narrowness * narrowness) / 2
    return badness, narrowness, width / 256
