"""Which colour stands for what: schedulers, other labels, trials, and the causes of time.

Owns the colours, dashes and markers. Must not know what is drawn with them. All colours can be
distinguished with any of the three kinds of colour blindness.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from types import MappingProxyType

from matplotlib import colormaps
from matplotlib.colors import to_hex, to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

BLUE, ORANGE, GREEN = "#0072B2", "#E69F00", "#009E73"
VERMILION, SKY, PURPLE = "#D55E00", "#56B4E9", "#CC79A7"
COLOURS = (BLUE, ORANGE, GREEN, VERMILION, SKY, PURPLE)
"""Okabe and Ito's palette without its black, kept for the incumbent, and its yellow, too faint."""
GREY = "#BBBBBB"
DARK_GREY = "#666666"
Dashes = tuple[float, tuple[float, ...]]
LINES: tuple[Dashes, ...] = (
    (0.0, ()),
    (0.0, (5.0, 1.5)),
    (0.0, (1.5, 1.0)),
    (0.0, (6.0, 1.5, 1.5, 1.5)),
)
"""Line styles; their number and that of the colours give 12 pairs when both are cycled through."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
TRIALS = tuple(to_hex(colormaps["viridis"](0.12 + 0.76 * (5 * k % 12) / 11)) for k in range(12))
"""Shades of one sequential map, in an order in which neighbours differ: no scheduler has one."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a line and its points are drawn."""

    colour: str
    dashes: Dashes
    marker: str

    def line(self, *, marker: bool = False, linewidth: float = 1.4) -> Line2D:
        """Return a line for the legend."""
        return Line2D(
            [],
            [],
            color=self.colour,
            linestyle=self.dashes,
            marker=self.marker if marker else "",
            markersize=4,
            linewidth=linewidth,
        )


# One hue a family, one shade a variant.
SCHEDULERS: Mapping[str, Look] = MappingProxyType(
    {
        "random": Look(ORANGE, LINES[0], "o"),
        "random-batch": Look("#7A6A2A", LINES[1], "s"),
        "sh": Look(GREEN, LINES[2], "^"),
        "sh-overlap": Look("#004D38", LINES[3], "v"),
        "asha": Look(BLUE, LINES[0], "D"),
        "asha-stopping": Look(SKY, LINES[1], "P"),
        "pasha": Look("#1B2A6B", LINES[3], "X"),
        "hyperband": Look(VERMILION, LINES[0], "s"),
        "hyperband-overlap": Look("#7A1F00", LINES[1], "o"),
        "async-hyperband": Look("#E377C2", LINES[3], "^"),
        "median": Look("#A0A0A0", LINES[0], "v"),
    }
)
"""The built-in schedulers: each has the same look in every picture."""
_OWN = re.compile(r"[^:=]+:[A-Za-z_]\w*")  # module:Class
_OWN_COLOURS = ("#9919B3", "#6680FF", "#946638", "#2200CC", "#4A1C33")
_OWN_MARKERS = ("*", "p", "h", "<", ">", "d")


def scheduler_look(name: str) -> Look:
    """Return the look of a scheduler: of a built-in one a fixed one, else made from the name alone.

    >>> scheduler_look("asha").colour, scheduler_look("mine:Mine") == scheduler_look("mine:Mine")
    ('#0072B2', True)
    """
    if name in SCHEDULERS:
        return SCHEDULERS[name]
    digest = sha256(name.replace("_", " ").encode(errors="surrogatepass")).digest()
    return Look(
        _OWN_COLOURS[digest[0] % len(_OWN_COLOURS)],
        LINES[digest[1] % len(LINES)],
        _OWN_MARKERS[digest[2] % len(_OWN_MARKERS)],
    )


def scheduler_looks(labels: Iterable[str]) -> dict[str, Look]:
    """Return the look of each label, a scheduler's name or a text with one, such as "asha, eta 3".

    Labels of one scheduler share its colour and marker, and differ in their dashes.

    >>> looks = scheduler_looks(["asha, 4 workers", "asha, 8 workers"])
    >>> [look.colour for look in looks.values()], len({look.dashes for look in looks.values()})
    (['#0072B2', '#0072B2'], 2)
    """
    looks: dict[str, Look] = {}
    for label in dict.fromkeys(labels):
        look = scheduler_look(_scheduler_in(label) or label)
        taken = sum(
            (each.colour, each.marker) == (look.colour, look.marker) for each in looks.values()
        )
        dashes = LINES[(LINES.index(look.dashes) + taken) % len(LINES)]
        looks[label] = Look(look.colour, dashes, look.marker)
    return looks


def label_looks(labels: Iterable[str]) -> dict[str, Look]:
    """Return the look of each label: a scheduler's where it names one, else by its place."""
    labels = list(dict.fromkeys(labels))
    found = scheduler_looks(label for label in labels if _scheduler_in(label))
    others = (label for label in labels if label not in found)
    used = {look.colour for look in found.values()}
    free = [colour for colour in COLOURS if colour not in used] or list(COLOURS)
    found |= {
        label: Look(free[k % len(free)], LINES[k % len(LINES)], MARKERS[k % len(MARKERS)])
        for k, label in enumerate(others)
    }
    return {label: found[label] for label in labels}


def _scheduler_in(label: str) -> str:
    """Return the part of a label between commas that names a scheduler; "" if none does."""
    for part in label.split(", "):
        name = part.replace(" ", "-")
        if name in SCHEDULERS:
            return name
        if _OWN.fullmatch(part):
            return part
    return ""


def tinted(colour: str, tint: float) -> str:
    """Return `colour` mixed with so much white, or below 0 black.

    >>> tinted("#0000FF", 0.5), tinted("#0000FF", -0.5)
    ('#8080ff', '#000080')
    """
    towards = 1.0 if tint > 0 else 0.0
    red, green, blue = (part + (towards - part) * abs(tint) for part in to_rgb(colour))
    return to_hex((red, green, blue))


def is_dark(colour: str) -> bool:
    """Report whether white text is easier to read on `colour` than black text.

    >>> is_dark(BLUE), is_dark(ORANGE)
    (True, False)
    """
    red, green, blue = to_rgb(colour)
    return 0.299 * red + 0.587 * green + 0.114 * blue < 0.5


@dataclass(frozen=True, slots=True)
class Cause:
    """How a cause of the workers' time is filled."""

    label: str
    face: str
    hatch: str = ""
    edge: str = "white"  # also the colour of the hatch

    @property
    def handle(self) -> Patch:
        """Its patch in the legend."""
        edge = DARK_GREY if self.face == "white" else self.edge
        return Patch(facecolor=self.face, hatch=self.hatch, edgecolor=edge, linewidth=0.4)


CAUSES: Mapping[str, Cause] = MappingProxyType(
    {
        "training": Cause("training", BLUE),
        "overhead": Cause("overhead", SKY, "...."),
        "wasted": Cause("lost training", VERMILION, "/////"),
        "down": Cause("down", "black"),
        "waiting": Cause("waiting", GREY),
        "straggling": Cause("barrier wait", DARK_GREY),
        "shortage": Cause("too few jobs", GREY, "\\\\\\\\\\"),
        "drained": Cause("idle at end", "white", edge=GREY),
    }
)
"""Where a worker's time can go, by the names of `metrics.PARTS` and of the causes of waiting."""


def trial_colours(trials: Sequence[int]) -> list[str]:
    """Return the colour of each trial, by its number."""
    return [TRIALS[trial % len(TRIALS)] for trial in trials]
