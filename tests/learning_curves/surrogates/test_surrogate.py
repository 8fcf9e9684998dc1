"""Surrogates: means, noise as the trainings show it, shapes, divergence; alone or in blocks."""

import copy
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from learning_curves.blackbox import RecordedCurve
from learning_curves.errors import InputError
from learning_curves.spaces import space as spaces
from learning_curves.streams import training_seed
from learning_curves.surrogates.regressors import REGRESSORS
from learning_curves.surrogates.surrogate import Surrogate
from learning_curves.tables.card import Card
from learning_curves.tables.table_file import Recorded
from learning_curves.tables.tabular import Tabular, load

LENET = Surrogate(load("lenet-fashion-mnist"))
UNIT = {"x": {"distribution": "uniform", "args": [0.0, 1.0]}}
configs = st.fixed_dictionaries(
    {"learning_rate": st.floats(0.01, 1.0), "batch_size": st.integers(32, 256)}
)


def table(losses, seconds=None, name="made"):
    """Return the table of configs x in [0, 1], evenly spaced; losses[config][seed][epoch]."""
    n = len(losses)
    curves = [
        {
            seed: RecordedCurve(tuple(each), tuple((seconds or {}).get(i, [1.0] * len(each))))
            for seed, each in enumerate(trainings)
        }
        for i, trainings in enumerate(losses)
    ]
    xs = tuple({"x": i / (n - 1)} for i in range(n))
    card = Card(name, len(losses[0][0]), UNIT)
    return Tabular(Recorded(card, tuple(range(n)), xs, tuple(curves)))


trainings = st.lists(
    st.tuples(configs, st.integers(0, 3000) | st.integers(0, 2**64 - 1)), min_size=1, max_size=20
)


@settings(max_examples=40, deadline=None)
@given(trainings, st.randoms(), st.integers(1, 20))
def test_curves_are_possible_and_the_same_alone_and_in_any_block(some, rng, size):
    made = copy.copy(LENET)
    made._foreseen = {}
    alone = [made.curve(*each) for each in some]
    order = rng.sample(range(len(some)), len(some))
    for first in range(0, len(order), size):
        made.foresee(*zip(*(some[i] for i in order[first : first + size]), strict=True))
    assert [made.curve(*each) for each in some] == alone
    for curve in alone:
        assert len(curve.all_losses) == len(curve.all_seconds) == 10
        assert all(0 < loss <= 0.9045 for loss in curve.all_losses)  # the worst recorded
        assert all(0 < each < math.inf for each in curve.all_seconds)
        assert curve.config_id == -1


@pytest.mark.parametrize("epochs", [1, 2, 3, 17])
@pytest.mark.parametrize("trained", [1, 2, 5])
def test_a_block_has_the_bits_of_single_curves_whatever_its_shape(epochs, trained):
    # Of any r_max and number of trainings, diverged curves among them, and seconds of any size.
    rng = np.random.default_rng([epochs, trained])
    losses = rng.uniform(0.1, 0.9, (12, trained, epochs))
    losses[rng.random((12, trained)) < 0.3, -1] = np.inf
    seconds = {i: (10.0 ** rng.uniform(-3, 5, epochs)).tolist() for i in range(12)}
    made = Surrogate(table(losses.tolist(), seconds))
    drawn = [{"x": x} for x in rng.random(1024).tolist()]
    seeds = range(1000, 2024)  # of two blocks of normals
    expected = made.drawn(made.expected(drawn), seeds)
    for i in range(0, 1024, 31):
        assert made.curve(drawn[i], seeds[i]) == expected[i]


def test_nothing_is_foreseen_of_no_trainings_and_each_needs_a_seed():
    made = Surrogate(table([[[0.5]], [[0.4]], [[0.3]], [[0.2]]]), "nearest")
    made.foresee([], [])
    assert not made._foreseen
    with pytest.raises(ValueError, match="shorter"):
        made.foresee([{"x": 0.1}, {"x": 0.2}], [0])


def test_a_negative_seed_is_refused():
    with pytest.raises(InputError, match="seed is -1: give a whole number >= 0"):
        Surrogate(LENET.table, "nearest", -1)


def test_what_was_foreseen_is_kept_for_all_runs_of_one_seed_and_no_longer():
    made = Surrogate(table([[[0.5]], [[0.4]], [[0.3]], [[0.2]]]))
    a, b, c = ({"x": x} for x in (0.1, 0.2, 0.3))
    made.foresee([a, b], [1, 2])
    kept = made.curve(a, 1), made.curve(b, 2)
    made.foresee([c, a], [3, 1])  # another run of that seed, which has a training in common
    assert made.curve(a, 1) is kept[0]
    assert made.curve(b, 2) is kept[1]
    assert sorted(made._foreseen) == [1, 2, 3]
    made.foresee([c], [1])  # a run of that seed with other configs
    assert made.curve(c, 1) is made.curve(c, 1)
    assert made.curve(a, 1) == kept[0]
    made.foresee([a], [training_seed(1, 0)])  # a run of another seed
    assert sorted(made._foreseen) == [2**32]


def test_noise_belongs_to_the_seed():
    config = {"learning_rate": 0.1, "batch_size": 100}
    assert LENET.curve(config, 1) == LENET.curve(config, 1)
    assert LENET.curve(config, 1) != LENET.curve(config, 2)


def test_the_plateau_survives_and_so_does_the_take_off():
    slow = [{"learning_rate": 0.012, "batch_size": size} for size in (200, 225, 250)]
    assert (LENET.mean_curves(slow)[0] > 0.85).all()
    quick = {"learning_rate": 0.4, "batch_size": 40}
    assert LENET.mean_curves([quick])[0][0, 3] < 0.25
    between = {"learning_rate": 0.06, "batch_size": 120}  # 0.067 and 0.048 were recorded near it
    fell = LENET.mean_curves([between])[0][0]
    assert fell[1] > 0.85
    assert fell[-1] < 0.5
    # Trainings of one config take off at different epochs.
    first = [
        next(i for i, loss in enumerate(LENET.curve(between, s).all_losses) if loss < 0.75)
        for s in range(40)
    ]
    assert len(set(first)) > 1


def test_a_table_without_noise_is_reproduced_by_a_surrogate_without_noise():
    losses = [[[0.9 - 0.5 * x, 0.8 - 0.6 * x, 0.7 - 0.5 * x * x]] for x in np.linspace(0, 1, 21)]
    made = Surrogate(table(losses))
    assert not made.noisy
    for x in (0.13, 0.5, 0.87):
        curve = made.curve({"x": x}, seed=3)
        exact = [0.9 - 0.5 * x, 0.8 - 0.6 * x, 0.7 - 0.5 * x * x]
        assert curve.all_losses == pytest.approx(exact, abs=0.01)
        assert curve.all_seconds == pytest.approx([1.0] * 3)
        assert made.curve({"x": x}, seed=4) == curve


def test_crossing_curves_still_cross():
    # Large x is worse at first and better in the end.
    losses = [[[0.3 + 0.4 * x, 0.4, 0.5 - 0.4 * x]] for x in np.linspace(0, 1, 15)]
    (low, high), _ = Surrogate(table(losses)).mean_curves([{"x": 0.1}, {"x": 0.9}])
    assert low[0] < high[0]
    assert low[-1] > high[-1]


def test_noise_has_the_covariance_of_the_recorded_trainings():
    # Of every config, trainings whose losses (on a linear scale, since some are below 0) are
    # x - 1 plus shared (1, 1, 0) a + (0, 0, 1) b: correlated in the first two epochs only.
    rng = np.random.default_rng(0)
    factors = rng.normal(size=(60, 2, 2))
    factors -= factors.mean(axis=1, keepdims=True)  # the trainings' mean is the config's
    losses = [
        [[x - 1 + a, x - 1 + a, x - 1 + 0.5 * b] for a, b in each]
        for x, each in zip(np.linspace(-9, 9, 60), factors, strict=True)
    ]
    made = Surrogate(table(losses))
    x = 0.5
    # Those with the nearest mean curves; of two trainings at +a and -a the variance is 2 a**2, and
    # the eight have equal shares.
    mean = made.mean_curves([{"x": x}])[0][0]
    recorded = np.array([np.mean(each, axis=0) for each in losses])
    donors = ((recorded - mean) ** 2).sum(axis=1).argsort()[:8]
    expected = np.zeros((3, 3))
    for a, b in factors[donors, 0]:
        direction = np.array([a, a, 0.5 * b])
        expected += 2 * np.outer(direction, direction) / 8
    draws = 4000
    worst = made._scale.worst
    drawn = np.array([made.curve({"x": x}, seed).all_losses for seed in range(draws)])
    assert drawn.max() < worst  # nothing was cut off
    found = np.cov(drawn.T)
    # Standard error of a covariance of normals: sqrt((c_ii c_jj + c_ij**2) / n).
    variances = np.diag(expected)
    error = np.sqrt((np.outer(variances, variances) + expected**2) / draws)
    assert (np.abs(found - expected) < 4.5 * error).all()
    mean_error = np.sqrt(variances / draws)
    assert (np.abs(drawn.mean(axis=0) - mean) < 4.5 * mean_error).all()


def test_noise_makes_no_curve_better_than_the_best_recorded():
    losses = [[[0.3 + 0.1 * x], [0.5 + 0.1 * x]] for x in np.linspace(0, 1, 12)]
    made = Surrogate(table(losses))
    drawn = [made.curve({"x": 0.5}, seed).all_losses[0] for seed in range(300)]
    # The mean is 0.45; without the bend, one in ten would be below 0.3, the best of x = 0.
    assert 0.3 <= min(drawn) < 0.36
    low = [loss for loss in drawn if loss < 0.4]
    assert len(set(low)) == len(low) > 50  # they do not pile up there
    assert 0.4 < np.mean(drawn) < 0.5


def test_seconds_have_noise_of_their_own():
    losses = [[[0.5], [0.5]] for _ in range(10)]
    recorded = table(losses).recorded
    # Two trainings that take 1 and e seconds: the logarithm has mean 1/2 and variance 1/2.
    curves = tuple(
        {0: RecordedCurve((0.5,), (1.0,)), 1: RecordedCurve((0.5,), (math.e,))} for _ in range(10)
    )
    made = Surrogate(Tabular(Recorded(recorded.card, recorded.ids, recorded.configs, curves)))
    logs = np.log([made.curve({"x": 0.3}, seed).all_seconds[0] for seed in range(2000)])
    assert logs.mean() == pytest.approx(0.5, abs=4 * math.sqrt(0.5 / 2000))
    assert logs.var() == pytest.approx(0.5, abs=4 * 0.5 * math.sqrt(2 / 2000))
    assert made.curve({"x": 0.3}, 0).all_losses == (0.5,)


@pytest.mark.parametrize("regressor", REGRESSORS)
def test_divergence_is_learnt_where_it_happens_and_is_final(regressor):
    # Above x = 0.7 all trainings diverge from the second epoch on.
    xs = np.linspace(0, 1, 31)
    losses = [[[0.5, math.inf, math.inf] if x > 0.7 else [0.5, 0.4, 0.3]] * 2 for x in xs]
    made = Surrogate(table(losses), regressor)
    for seed in range(20):
        assert made.curve({"x": 0.95}, seed).all_losses[1:] == (math.inf, math.inf)
        assert made.curve({"x": 0.95}, seed).all_losses[0] == pytest.approx(0.5, abs=0.01)
        assert max(made.curve({"x": 0.2}, seed).all_losses) < 0.6
    assert made.mean_curves([{"x": 0.95}])[0][0].tolist()[1:] == [math.inf, math.inf]


def test_of_a_config_that_diverges_sometimes_some_curves_diverge():
    losses = [[[0.5, 0.4, 0.3], [0.5, math.inf, math.inf]] for _ in range(12)]
    made = Surrogate(table(losses))
    curves = [made.curve({"x": 0.5}, seed).all_losses for seed in range(400)]
    diverged = sum(math.isinf(losses[-1]) for losses in curves)
    assert abs(diverged - 200) < 4 * math.sqrt(400 / 4)  # 4 standard errors
    for fell in curves:
        first = next((i for i, loss in enumerate(fell) if math.isinf(loss)), 3)
        assert all(map(math.isinf, fell[first:]))


def test_a_mixed_space_without_a_card_is_learnt(tmp_path):
    header = "config_id,lr,act,seed,epoch,validation_error,seconds"
    rows = [
        f"{i},{10.0 ** -(i % 6)},{('relu', 'tanh')[i // 6]},0,{epoch},"
        f"{0.2 + 0.05 * (i % 6) + 0.2 * (i // 6)},2.0"
        for i in range(12)
        for epoch in (1, 2)
    ]
    (tmp_path / "mine.csv").write_text("\n".join([header, *rows]))
    made = Surrogate(load(tmp_path / "mine.csv"))
    good, bad = ({"lr": 0.1, "act": act} for act in ("relu", "tanh"))
    assert made.curve(good, 0).all_losses[1] + 0.1 < made.curve(bad, 0).all_losses[1]
    drawn = spaces.sample(made.space, np.random.default_rng(0), 50)
    made.foresee(drawn, [0] * 50)
    assert all(len(made.curve(config, 0).all_losses) == 2 for config in drawn)


def test_too_few_configs_and_a_config_that_lacks_a_name_are_refused():
    with pytest.raises(InputError, match="made has 3 configs: give a table of at least 4"):
        Surrogate(table([[[0.5]], [[0.4]], [[0.3]]]))
    for ask in (lambda config: LENET.curve(config, 0), lambda config: LENET.foresee([config], [0])):
        with pytest.raises(InputError, match="has no 'batch_size': give a value for each of"):
            ask({"learning_rate": 0.1})
