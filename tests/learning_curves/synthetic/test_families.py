"""What holds for every family in closed form: optimum, crossing, noise, and the bulk form."""

import inspect
import math
import pickle
from itertools import pairwise, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from learning_curves.errors import InputError
from learning_curves.spaces import space as spaces
from learning_curves.synthetic import Bowl, Exponential, PowerLaw, TakeOff
from learning_curves.tables.summary import rank_correlation

FAMILIES = [PowerLaw, Exponential, TakeOff, Bowl]
shares = st.floats(0, 1)
of_width = st.fixed_dictionaries(
    {"learning_rate": st.floats(1e-4, 1.0), "width": st.integers(16, 256)}
)
in_cube = st.fixed_dictionaries({f"x{i}": shares for i in range(1, 9)})


@st.composite
def pairs(draw, **settings):
    """Draw a blackbox and two configs of its space."""
    kind = draw(st.sampled_from(FAMILIES))
    configs = in_cube if kind is Bowl else of_width
    r_max = draw(st.integers(1, 90))
    parameters = {name: draw(values) for name, values in settings.items()}
    return kind(r_max, **parameters), draw(configs), draw(configs)


def drawn(blackbox, count, seed=0):
    return spaces.sample(blackbox.space, np.random.default_rng(seed), count)


def losses(blackbox, count=500):
    """Return the losses of configs drawn, shape (count, r_max)."""
    return blackbox.losses_of(drawn(blackbox, count), range(count))


@pytest.mark.parametrize(
    ("kind", "own"),
    [
        (PowerLaw, []),
        (Exponential, ["half_life"]),
        (TakeOff, ["take_off"]),
        (Bowl, ["dimensions", "matter", "problem"]),
    ],
)
def test_a_familys_own_parameters_come_after_r_max(kind, own):
    common = ["crossing", "crossing_share", "noise", "noise_correlation", "cost", "epoch_seconds"]
    assert list(inspect.signature(kind).parameters) == ["r_max", *own, *common]


@given(pairs(crossing=shares, noise=shares))
def test_a_pickled_family_is_equal_and_so_is_what_its_repr_says(given_):
    blackbox, config, _ = given_
    curve = blackbox.curve(config, 3)
    for copy in (pickle.loads(pickle.dumps(blackbox)), eval(repr(blackbox))):  # noqa: S301, S307
        assert copy == blackbox
        assert hash(copy) == hash(blackbox)
        assert copy.curve(config, 3) == curve


@pytest.mark.parametrize("kind", FAMILIES)
def test_a_config_that_lacks_a_hyperparameter_is_refused(kind):
    blackbox = kind(9, crossing_share=0.5)
    for name in blackbox.space:
        config = {other: value for other, value in blackbox.optimum.items() if other != name}
        with pytest.raises(InputError, match=f"has no '{name}': give a value for each of"):
            blackbox.curve(config, 0)


@given(pairs(crossing=shares, crossing_share=shares))
def test_curves_fall_from_below_0_9_and_none_ends_below_the_optimum(given_):
    blackbox, config, _ = given_
    fell = np.array(blackbox.curve(config, 0).losses(0, blackbox.r_max))
    assert fell[0] < 0.9 + 1e-9
    assert (np.diff(fell) < 1e-9).all()
    assert fell[-1] >= blackbox.optimal_loss - 1e-9
    assert fell[-1] <= 0.5 + 1e-9
    last = blackbox.curve(blackbox.optimum, 0).losses(blackbox.r_max - 1, blackbox.r_max)
    assert last == pytest.approx([blackbox.optimal_loss], abs=1e-9)


@pytest.mark.parametrize("kind", [Exponential, TakeOff])
def test_in_a_dense_grid_of_learning_rates_and_widths_the_optimum_is_best(kind):
    curves = kind(27, crossing=1)
    grid = [
        {"learning_rate": 10 ** (-4 + 4 * i / 40), "width": width}
        for i in range(41)  # holds 0.1 itself, at i = 30
        for width in range(16, 257, 16)
    ]
    finals = curves.losses_of(grid, [0] * len(grid))[:, -1]
    best = grid[int(finals.argmin())]
    assert best["learning_rate"] == pytest.approx(curves.optimum["learning_rate"])
    assert best["width"] == curves.optimum["width"]
    assert finals.max() == pytest.approx(0.5)


def test_in_a_dense_grid_the_best_of_a_bowl_is_next_to_its_optimum():
    curves = Bowl(5, dimensions=3, matter=2, problem=3)
    steps = np.linspace(0, 1, 41)
    grid = [{"x1": a, "x2": b, "x3": 0.3} for a, b in product(steps, steps)]
    finals = curves.losses_of(grid, [0] * len(grid))[:, -1]
    best = grid[int(finals.argmin())]
    assert all(abs(best[name] - curves.optimum[name]) <= 0.0125 for name in ("x1", "x2"))


@given(pairs(crossing=st.just(0.0)))
def test_without_crossing_ranks_are_the_final_ones_at_every_epoch(given_):
    blackbox, one, other = given_
    gaps = np.subtract(*blackbox.losses_of([one, other], [0, 0]))
    assert (gaps * math.copysign(1, gaps[-1]) > -1e-9).all()


@pytest.mark.parametrize("kind", FAMILIES)
def test_the_more_configs_cross_the_less_the_first_ranks_tell(kind):
    told = []
    for share in (0.0, 0.25, 0.5, 1.0):
        table = losses(kind(81, crossing=1, crossing_share=share))
        told.append(rank_correlation(table[:, 0], table[:, -1]))
    assert told[0] == pytest.approx(1)
    assert all(less > more + 0.1 for less, more in pairwise(told))
    assert told[-1] < 0.1


@pytest.mark.parametrize("kind", FAMILIES)
def test_the_share_of_configs_that_cross_is_the_one_given(kind):
    none, every = (losses(kind(9, crossing=crossing), 4000) for crossing in (0, 1))
    may = (none != every).any(axis=1)  # the first to learn are so in any case
    assert may.mean() > 0.98
    before = np.zeros(may.sum(), dtype=bool)
    for share in (0.0, 0.1, 0.5, 0.9, 1.0):
        some = losses(kind(9, crossing=1, crossing_share=share), 4000)
        crosses = (some == every).all(axis=1)
        assert (crosses | (some == none).all(axis=1)).all()
        crosses = crosses[may]
        error = (share * (1 - share) / len(crosses)) ** 0.5
        assert abs(crosses.mean() - share) <= 4 * error
        assert (crosses >= before).all()  # who crosses at one share does at a greater one
        assert some[:, -1] == pytest.approx(none[:, -1])
        before = crosses


@pytest.mark.parametrize("kind", FAMILIES)
def test_whether_a_config_crosses_has_nothing_to_do_with_how_good_it_is(kind):
    table = losses(kind(9, crossing=1, crossing_share=0.5), 4000)
    crosses = (table == losses(kind(9, crossing=1), 4000)).all(axis=1)
    assert stats.ks_2samp(table[crosses, -1], table[~crosses, -1]).pvalue > 0.001


@given(
    pairs(
        crossing=shares,
        crossing_share=shares,
        noise=st.sampled_from([0.0, 0.1]),
        noise_correlation=st.sampled_from([0.0, 0.3, 1.0]),
        cost=st.sampled_from(["constant", "by-config"]),
    ),
    st.data(),
)
def test_bulk_and_lazy_tell_the_same(given_, data):
    blackbox, *configs = given_
    r_max = blackbox.r_max
    start = data.draw(st.integers(0, r_max))
    stop = data.draw(st.integers(start, r_max))
    table = blackbox.losses_of(configs, [3, 4])
    seconds = blackbox.seconds_of(configs, [3, 4])
    assert table.shape == seconds.shape == (2, r_max)
    for place, config in enumerate(configs):
        curve = blackbox.curve(config, seed=3 + place)
        lazy = np.array(curve.losses(start, stop))
        assert (np.abs(table[place, start:stop] - lazy) <= 1e-12 * np.maximum(1, abs(lazy))).all()
        assert list(seconds[place, start:stop]) == list(curve.seconds(start, stop))


@pytest.mark.parametrize("kind", FAMILIES)
def test_bulk_of_no_configs_is_empty_and_seeds_must_be_as_many(kind):
    blackbox = kind(9)
    assert blackbox.losses_of([], []).shape == (0, 9)
    assert blackbox.seconds_of([], []).shape == (0, 9)
    with pytest.raises(ValueError, match="shorter"):
        blackbox.losses_of([blackbox.optimum], [])


@pytest.mark.parametrize("correlation", [0.0, 0.5, 1.0])
def test_noise_is_normal_with_the_given_deviation_and_correlation(correlation):
    count, r_max = 2000, 4
    quiet = Exponential(r_max)
    noisy = Exponential(r_max, noise=0.05, noise_correlation=correlation)
    some = [quiet.optimum] * count
    added = noisy.losses_of(some, range(count)) - quiet.losses_of(some, range(count))
    for epoch in range(r_max):  # seeds are independent: 4 standard errors
        assert abs(added[:, epoch].mean()) < 4 * 0.05 / count**0.5
        assert abs(added[:, epoch].std() - 0.05) < 4 * 0.05 / (2 * count) ** 0.5
        assert stats.kstest(added[:, epoch] / 0.05, "norm").pvalue > 0.001
    told = np.corrcoef(added.T)[np.triu_indices(r_max, k=1)]
    error = (1 - correlation**2) / count**0.5  # of a correlation of normal pairs
    assert (abs(told - correlation) <= 4 * error + 1e-9).all()


@pytest.mark.parametrize("crossing", [0.0, 0.25, 1.0])
@pytest.mark.parametrize("take_off", [0.05, 0.1])
def test_curves_stay_on_the_plateau_until_they_take_off(crossing, take_off):
    blackbox = TakeOff(81, crossing=crossing, take_off=take_off)
    for config in drawn(blackbox, 200):
        narrowness = math.log2(256 / config["width"]) / 4
        half_way = take_off * 81 * 10 ** (crossing * (1 - narrowness))
        curve = blackbox.curve(config, 0)
        span = 0.9 - curve.floor  # some are still falling at r_max
        fell = curve.losses(0, 81)
        on_plateau = int(half_way / 2)
        # 1 / (1 + 2**7) of the way is gone at half of half-way
        assert all(loss >= 0.9 - span / 128 for loss in fell[:on_plateau])
        before, after = math.floor(half_way), math.ceil(half_way)
        if before >= 1 and after <= 81:
            middle = 0.9 - span / 2
            assert fell[before - 1] >= middle - 1e-3 * span
            assert fell[after - 1] <= middle + 1e-3 * span


def test_an_exponential_halves_its_distance_every_half_life():
    curve = Exponential(12, half_life=3, crossing=0).curve(Exponential.optimum, 0)
    above = [loss - curve.floor for loss in curve.losses(0, 12)]
    assert above[3] / above[0] == pytest.approx(0.5)
    assert above[11] / above[8] == pytest.approx(0.5)


def test_only_the_hyperparameters_that_matter_change_a_bowl():
    blackbox = Bowl(9, dimensions=4, matter=2, crossing=0)
    base = {"x1": 0.2, "x2": 0.9, "x3": 0.1, "x4": 0.6}
    told = {
        name: blackbox.curve({**base, name: 0.5}, 0).losses(0, 9)
        == blackbox.curve(base, 0).losses(0, 9)
        for name in base
    }
    assert told == {"x1": False, "x2": False, "x3": True, "x4": True}


def test_the_optimum_of_a_bowl_lies_anywhere_and_is_its_problems():
    optima = [Bowl(problem=problem).optimum for problem in range(300)]
    places = [optimum[name] for optimum in optima for name in ("x1", "x2")]
    assert stats.kstest(places, "uniform").pvalue > 0.001
    assert optima[3] == Bowl(problem=3).optimum
    assert optima[3]["x3"] == 0.5


def test_the_farthest_corner_of_a_bowl_is_the_worst():
    blackbox = Bowl(9, dimensions=3, matter=3)
    corner = {name: float(best < 0.5) for name, best in blackbox.optimum.items()}
    assert blackbox.curve(corner, 0).losses(8, 9) == pytest.approx([0.5])


def test_the_last_hyperparameter_sets_the_cost_of_a_bowl():
    blackbox = Bowl(9, dimensions=2, matter=1, cost="by-config", epoch_seconds=8)
    for x2, seconds in ((0.0, 0.5), (0.5, 2.0), (1.0, 8.0)):  # 8 * 16**(x2 - 1)
        assert blackbox.curve({"x1": 0.5, "x2": x2}, 0).seconds(0, 1) == [seconds]
