"""The power law: its optimum, its crossings, its noise; and the curves written out by hand."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from learning_curves.errors import InputError
from learning_curves.spaces import space as spaces
from learning_curves.synthetic import PowerLaw, Scripted
from learning_curves.tables.summary import rank_correlation

configs = st.fixed_dictionaries(
    {"learning_rate": st.floats(1e-4, 1.0), "width": st.integers(16, 256)}
)


def drawn(count):
    return spaces.sample(PowerLaw().space, np.random.default_rng(0), count)


def losses(blackbox, some_configs):
    """Return all losses, shape (configs, r_max)."""
    return np.array([blackbox.curve(c, seed=0).losses(0, blackbox.r_max) for c in some_configs])


@pytest.mark.parametrize(("r_max", "crossing"), [*product([1, 2, 9, 81], [0.0, 0.3, 1.0])])
def test_nothing_in_a_dense_grid_beats_the_optimum(r_max, crossing):
    curves = PowerLaw(r_max=r_max, crossing=crossing)
    grid = [
        {"learning_rate": 10 ** (-4 + 4 * i / 80), "width": width}
        for i in range(81)  # holds 0.1 itself, at i = 60
        for width in range(16, 257, 8)
    ]
    finals = losses(curves, grid)[:, -1]
    best = grid[int(np.argmin(finals))]
    assert best["learning_rate"] == pytest.approx(0.1)
    assert best["width"] == 256
    assert finals.min() == pytest.approx(curves.optimal_loss, abs=1e-12)
    assert finals.max() == pytest.approx(0.5)  # the worst corner
    optimum = curves.curve(curves.optimum, seed=0).losses(r_max - 1, r_max)
    assert optimum == pytest.approx([curves.optimal_loss], abs=1e-12)


@given(configs, st.floats(0, 1), st.integers(2, 100))
def test_a_curve_falls_from_0_9_to_what_its_badness_says(config, crossing, r_max):
    curves = PowerLaw(r_max=r_max, crossing=crossing)
    fell = curves.curve(config, seed=0).losses(0, r_max)
    assert fell[0] < 0.9
    assert (np.diff(fell) < 0).all()
    distance = abs(np.log10(config["learning_rate"]) + 1) / 3
    narrowness = np.log2(256 / config["width"]) / 4
    assert fell[-1] == pytest.approx(0.1 + 0.4 * (distance**2 + narrowness**2) / 2)


@given(configs, configs, st.integers(2, 100))
def test_without_crossing_ranks_at_epoch_1_are_those_at_r_max(one, other, r_max):
    first, second = losses(PowerLaw(r_max=r_max, crossing=0), [one, other])
    gaps = first - second
    if abs(gaps[-1]) > 1e-9:  # less is rounding
        assert (np.sign(gaps) == np.sign(gaps[-1])).all()


def test_crossing_takes_the_ranks_at_epoch_1_away():
    some = drawn(300)
    told = []
    for crossing in (0.0, 0.25, 0.5, 1.0):
        table = losses(PowerLaw(crossing=crossing), some)
        told.append(rank_correlation(table[:, 0], table[:, -1]))
    assert told[0] == pytest.approx(1)
    assert told[0] > told[1] > told[2] > told[3]
    assert abs(told[3]) < 0.2


def test_at_crossing_1_the_best_overtakes_a_narrow_one():
    wide, narrow = PowerLaw.optimum, {**PowerLaw.optimum, "width": 16}
    first, second = losses(PowerLaw(crossing=1), [wide, narrow])
    assert first[0] > second[0]
    assert first[-1] < second[-1]


@given(configs, st.sampled_from([0.0, 0.1]), st.data())
def test_a_stretch_is_that_slice_of_the_whole(config, noise, data):
    curve = PowerLaw(r_max=30, noise=noise, cost="by-config").curve(config, seed=5)
    start = data.draw(st.integers(0, 30))
    stop = data.draw(st.integers(start, 30))
    assert list(curve.losses(start, stop)) == list(curve.losses(0, 30))[start:stop]
    assert list(curve.seconds(start, stop)) == list(curve.seconds(0, 30))[start:stop]


def test_only_the_epochs_asked_for_are_drawn(monkeypatch):
    asked = []
    monkeypatch.setattr(
        "learning_curves.streams.uniform",
        lambda seed, purpose, epoch: asked.append((seed, purpose, epoch)) or 0.5,
    )
    PowerLaw(noise=0.1).curve(PowerLaw.optimum, seed=7).losses(3, 5)
    assert asked == [(7, "noise", 4), (7, "noise", 5)]


def test_noise_is_normal_of_zero_mean_and_the_given_deviation():
    config, seeds, r_max = PowerLaw.optimum, 200, 20
    quiet = PowerLaw(r_max=r_max).curve(config, 0).losses(0, r_max)
    noisy = PowerLaw(r_max=r_max, noise=0.05)
    added = np.array([noisy.curve(config, seed).losses(0, r_max) for seed in range(seeds)]) - quiet
    count = added.size
    assert abs(added.mean()) < 4 * 0.05 / count**0.5  # 4 standard errors
    assert abs(added.std() - 0.05) < 4 * 0.05 / (2 * count) ** 0.5
    assert stats.kstest(added.ravel() / 0.05, "norm").pvalue > 0.001


def test_noise_belongs_to_the_seed_and_the_epoch():
    curves = PowerLaw(noise=0.05)
    one, again, other = (
        list(curves.curve(PowerLaw.optimum, seed).losses(0, 9)) for seed in (1, 1, 2)
    )
    assert one == again
    assert len(set(one) & set(other)) == 0


def test_seconds_are_constant_or_follow_the_width():
    config = {"learning_rate": 0.1, "width": 64}
    constant = PowerLaw(epoch_seconds=8).curve(config, 0)
    by_config = PowerLaw(epoch_seconds=8, cost="by-config").curve(config, 0)
    assert list(constant.seconds(1, 4)) == [8, 8, 8]
    assert list(by_config.seconds(1, 4)) == [2, 2, 2]  # 64 / 256 of it


def test_the_whole_space_has_curves():
    curves = PowerLaw()
    assert list(curves.configs) == []
    assert curves.curve(curves.optimum, 0).config_id == -1
    with pytest.raises(InputError, match="has no 'width': give a value for each of"):
        curves.curve({"learning_rate": 0.1}, 0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("r_max", 0),
        ("crossing", -0.1),
        ("crossing", 1.1),
        ("crossing", float("nan")),
        ("noise", -1),
        ("noise", float("inf")),
        ("cost", "free"),
        ("epoch_seconds", 0),
    ],
)
def test_a_parameter_out_of_range_is_named(name, value):
    with pytest.raises(InputError, match=f"{name} is {value!r}"):
        PowerLaw(**{name: value})


def test_scripted_curves_are_those_written():
    curves = Scripted(losses=[[0.9, 0.5], [0.8, float("inf")]], seconds=[[1, 2], [3, 4]])
    assert list(curves.configs) == [{"number": 0}, {"number": 1}]
    assert curves.space == {"number": [0, 1]}
    assert curves.r_max == 2
    for number, config in enumerate(curves.configs):
        assert curves.curve(config, seed=0).config_id == number
    assert list(curves.curve({"number": 1}, seed=9).losses(0, 2)) == [0.8, float("inf")]
    assert list(curves.curve({"number": 1}, seed=9).seconds(1, 2)) == [4]
    assert list(Scripted([[0.9, 0.5]]).curve({"number": 0}, 0).seconds(0, 2)) == [1, 1]
    with pytest.raises(KeyError):
        curves.curve({"number": 2}, 0)


@pytest.mark.parametrize(
    ("some_losses", "seconds", "words"),
    [
        ([[0.9, 0.5], [0.9]], [], r"\[2, 1\]"),
        ([[0.9, 0.5]], [[1]], r"\[2\] losses and \[1\] seconds"),
        ([], [], "at least one"),
        ([[]], [[]], "at least one"),
        ([[0.9, 0.5]], [[1, 0]], r"\[1, 0\] seconds"),
    ],
)
def test_scripted_curves_are_all_of_one_length(some_losses, seconds, words):
    with pytest.raises(InputError, match=words):
        Scripted(some_losses, seconds)
