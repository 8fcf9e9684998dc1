"""Coordinate descent: what matters is found, and varied one at a time, the most first."""

from math import inf

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sim.searchers.coordinate import Coordinate, sensitivity

SPACE = {"dull": stats.uniform(0, 1), "act": ["a", "b"], "keen": stats.uniform(0, 1)}


def loss(config):
    return (config["keen"] - 0.4) ** 2 + 0.05 * (config["act"] == "b") + 1e-4 * config["dull"]


def changed(configs):
    """Return which hyperparameters differ among `configs`."""
    return {name for name in configs[0] if len({config[name] for config in configs}) > 1}


def test_after_the_design_one_hyperparameter_varies_at_a_time_the_keenest_first(explore):
    # Three dimensions: a design of 16, then lines of 4: keen, act, dull, keen, ...
    drawn = explore(Coordinate(SPACE, seed=0), 41, loss)
    assert changed(drawn[:16]) == set(SPACE)
    lines = [changed(drawn[start : start + 4]) for start in range(16, 40, 4)]
    assert lines[0] == lines[3] == {"keen"}
    assert {frozenset(line) for line in lines[1:3]} <= {frozenset({"act"}), frozenset({"dull"})}
    # Its first window is the whole scale, its second half as wide.
    for start, width in ((16, 1), (28, 1 / 2)):
        values = [config["keen"] for config in drawn[start : start + 4]]
        assert width / 2 < max(values) - min(values) <= width


def test_the_rest_of_a_line_is_that_of_the_best_so_far(explore):
    drawn = explore(Coordinate(SPACE, seed=1), 30, loss)
    best = min(drawn[:16], key=loss)
    assert all(abs(config["dull"] - best["dull"]) < 1e-12 for config in drawn[16:20])
    assert {config["act"] for config in drawn[16:20]} == {best["act"]}


def test_a_line_goes_on_until_enough_of_it_have_reported(explore):
    drawn = explore(Coordinate(SPACE, seed=0), 56, loss, workers=20)
    # Sixteen of the design have reported before trial 36; four of the line before trial 60.
    assert changed(drawn[:36]) == set(SPACE)
    assert changed(drawn[36:]) == {"keen"}


def test_a_floor_inside_the_scale_is_seen_and_noise_is_not():
    rng = np.random.default_rng(0)
    places = rng.random((200, 3))
    places[:, 2] = (np.floor(3 * places[:, 2]) + 0.5) / 3
    losses = (places[:, 0] - 0.5) ** 2 + 0.2 * (places[:, 2] == 0.5)
    valley, noise, choice = sensitivity(places, losses, [True, True, False])
    assert valley > 0.2
    assert choice > 0.2
    assert abs(noise) < 0.05


@given(
    losses=st.lists(st.sampled_from([0.1, 0.2, 0.3, inf]), min_size=1, max_size=9),
    ordered=st.booleans(),
    seed=st.integers(0, 9),
)
@settings(max_examples=200, derandomize=True, deadline=None)
def test_a_sensitivity_is_a_number_at_most_1(losses, ordered, seed):
    places = np.random.default_rng(seed).integers(0, 3, (len(losses), 2)) / 2
    told = sensitivity(places, losses, [ordered, True])
    assert np.isfinite(told).all()
    assert (told <= 1 + 1e-12).all()
