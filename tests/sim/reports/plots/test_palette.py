"""Colours: fixed for what is known, stable for what is not, and distinguishable by everybody."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgb

from sim.reports.plots import palette
from sim.schedulers.catalogue import SCHEDULERS

# What remains of linear RGB colours without one kind of cone (Machado et al. 2009, severity 1).
SIGHTS = {
    "three kinds of cones": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def linear(colour):
    rgb = np.array(to_rgb(colour))
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    """Return linear RGB in CIELAB, whose distances are differences as seen; D65."""
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.array(to_xyz) @ np.clip(rgb, 0, 1) / [0.9505, 1, 1.089]
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_every_built_in_scheduler_has_a_look_of_its_own():
    assert set(palette.SCHEDULERS) == set(SCHEDULERS)
    looks = list(palette.SCHEDULERS.values())
    assert len({look.colour for look in looks}) == len(looks)
    assert len({(look.dashes, look.marker) for look in looks}) == len(looks)


@pytest.mark.parametrize("sight", SIGHTS)
def test_the_colours_of_schedulers_can_be_distinguished(sight):
    seen = {
        name: lab(np.array(SIGHTS[sight]) @ linear(look.colour))
        for name, look in palette.SCHEDULERS.items()
    }
    for one, other in combinations(seen, 2):
        assert np.linalg.norm(seen[one] - seen[other]) > 12, (one, other)  # 2.3 is just seen


def test_trials_and_own_schedulers_have_no_built_in_scheduler_s_colour():
    used = {look.colour.lower() for look in palette.SCHEDULERS.values()}
    own = {palette.scheduler_look(f"mine:Mine{k}").colour.lower() for k in range(100)}
    assert not used & {colour.lower() for colour in palette.TRIALS}
    assert not used & own
    assert len(set(palette.TRIALS)) == len(palette.TRIALS)


@given(st.lists(st.sampled_from([*SCHEDULERS, "mine:Mine", "scheduler-x", "other"]), unique=True))
def test_a_scheduler_looks_the_same_whoever_is_beside_it(names):
    looks = palette.scheduler_looks(names)
    assert list(looks) == names
    for name in names:
        alone = palette.scheduler_looks([name])[name]
        assert (looks[name].colour, looks[name].marker) == (alone.colour, alone.marker)


def test_a_study_s_lines_have_the_colours_of_the_schedulers_that_they_name():
    looks = palette.label_looks(
        ["asha, 4 workers", "asha, 8 workers", "table, sh overlap", "eta 2"]
    )
    four, eight, sh, eta = looks.values()
    assert four.colour == eight.colour == palette.SCHEDULERS["asha"].colour
    assert four.dashes != eight.dashes
    assert sh == palette.SCHEDULERS["sh-overlap"]
    assert eta.colour not in {four.colour, sh.colour}
    # An underscore is shown as a space.
    assert palette.label_looks(["my module:Mine"]) == {
        "my module:Mine": palette.scheduler_look("my_module:Mine")
    }


def test_other_lines_are_distinguished_by_their_place():
    looks = palette.label_looks([f"eta {k}" for k in range(12)]).values()
    assert len({(look.colour, look.dashes) for look in looks}) == 12
