"""Cross-validation of surrogates: nobody sees what it predicts, and the figures are those."""

import math

import numpy as np
import pytest

from learning_curves.blackbox import RecordedCurve
from learning_curves.errors import InputError
from learning_curves.spaces import space as spaces
from learning_curves.surrogates.cross_validation import figures, held_out
from learning_curves.surrogates.regressors import DEFAULT, REGRESSORS
from learning_curves.synthetic import PowerLaw
from learning_curves.tables.card import Card
from learning_curves.tables.table_file import Recorded
from learning_curves.tables.tabular import Tabular, load


def recorded(blackbox, count, seeds=(0,), *, shuffle=False):
    """Return a table of `count` configs of a closed form."""
    drawn = spaces.sample(blackbox.space, np.random.default_rng(1), count)
    order = np.random.default_rng(2).permutation(count) if shuffle else np.arange(count)
    curves = tuple(
        {
            seed: RecordedCurve(
                tuple(curve.losses(0, blackbox.r_max)), tuple(curve.seconds(0, blackbox.r_max))
            )
            for seed in seeds
            for curve in [blackbox.curve(drawn[i], seed * 10**6 + int(i))]
        }
        for i in order
    )
    card = Card("made", blackbox.r_max, spaces.to_dict(blackbox.space))
    return Tabular(Recorded(card, tuple(range(count)), tuple(drawn), curves))


SMOOTH = recorded(PowerLaw(r_max=9, cost="by-config"), 60)


def test_no_surrogate_has_seen_the_config_that_it_predicts():
    twin = held_out(SMOOTH, folds=7)
    assert len(set(map(id, twin.surrogates))) == 7
    for config, learnt in zip(SMOOTH.configs, twin.surrogates, strict=True):
        assert config not in learnt.table.configs
        assert 60 - 9 <= len(learnt.table.configs) <= 60 - 8  # parts of 8 or 9


@pytest.mark.parametrize("regressor", REGRESSORS)
def test_smooth_curves_are_predicted_and_shuffled_ones_are_not(regressor):
    known = figures(held_out(SMOOTH, regressor, folds=5))
    least = 0.8 if regressor == "nearest" else 0.9  # five neighbours of 48 are coarse
    assert all(level["rank_correlation"] > least for level in known["levels"])
    assert known["levels"][-1]["mean_absolute_error"] < 0.04
    assert known["seconds_error"]["median"] < 0.12
    assert known["levels"][0]["between_trainings"] is None  # one training each
    assert known["noise_correlation_drawn"] is None or known["noise_correlation_recorded"] is None
    shuffled = recorded(PowerLaw(r_max=9), 60, shuffle=True)
    unknown = figures(held_out(shuffled, regressor, folds=5))
    # Of 60 unrelated pairs the rank correlation has standard error 1 / sqrt(59) = 0.13.
    assert all(abs(level["rank_correlation"]) < 4 * 0.13 for level in unknown["levels"])


def test_levels_double_up_to_r_max():
    assert [level["epoch"] for level in figures(held_out(SMOOTH, "nearest"))["levels"]] == [
        1,
        2,
        4,
        8,
        9,
    ]


def test_the_figures_of_the_recorded_trainings_are_as_worked_out_by_hand():
    # Four configs, two trainings, one epoch.
    losses = [(0.1, 0.3), (0.2, 0.2), (0.3, 0.5), (0.4, 0.4)]
    curves = tuple(
        {s: RecordedCurve((loss,), (1.0,)) for s, loss in enumerate(pair)} for pair in losses
    )
    # A surrogate learns from four or more, and some are held out: each of the four stands twice.
    card = Card("eight", 1, {"x": {"choices": list(range(8))}})
    configs = tuple({"x": i} for i in range(8))
    table = Tabular(Recorded(card, tuple(range(8)), configs, curves * 2))
    (level,) = figures(held_out(table, folds=8))["levels"]
    # Ranks of .1 .2 .3 .4 against .3 .2 .5 .4, each twice: 1 2 3 4 against 2 1 4 3. Of the
    # deviations -1.5 -.5 .5 1.5 the products sum to .75 .75 .75 .75 = 3, the squares to 5.
    assert level["between_trainings"] == pytest.approx(3 / 5)
    # Differences from the mean: .1 0 .1 0, times sqrt(2): mean square 2 * .02 / 4 = .01.
    assert level["noise_recorded"] == pytest.approx(0.1)


def test_the_twin_has_the_tables_configs_and_ids():
    table = load("lenet-fashion-mnist")
    twin = held_out(table)
    assert (twin.configs, twin.r_max) == (table.configs, 10)
    for place in (0, 17, 63):
        curve = twin.curve(table.configs[place], seed=3)
        assert curve.config_id == place
        assert curve == twin.curve(table.configs[place], seed=3)
    with pytest.raises(InputError, match="the table lenet-fashion-mnist has no config"):
        twin.curve({"learning_rate": 0.5, "batch_size": 64}, 0)


@pytest.mark.parametrize("folds", [1, 61])
def test_a_number_of_folds_that_cannot_be_is_refused(folds):
    with pytest.raises(InputError, match=f"folds is {folds}: made has 60 configs, give 2 to 60"):
        held_out(SMOOTH, folds=folds)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["lenet-fashion-mnist", "softmax-fashion-mnist"])
def test_the_default_is_as_good_on_the_shipped_tables_as_the_page_says(name):
    found = figures(held_out(load(name), DEFAULT))
    levels = {level["epoch"]: level for level in found["levels"]}
    assert levels[found["levels"][-1]["epoch"]]["rank_correlation"] > 0.9
    # Not above two trainings' own agreement by chance: they tell what can be known.
    assert levels[2]["rank_correlation"] > levels[2]["between_trainings"] - 0.05
    assert found["seconds_error"]["mean"] < 0.1
    for level in found["levels"][1:]:
        assert 0.5 < level["noise_drawn"] / level["noise_recorded"] < 1.5
    recorded_correlation = found["noise_correlation_recorded"]
    assert found["noise_correlation_drawn"] == pytest.approx(recorded_correlation, abs=0.2)
    assert math.isfinite(found["seconds_error"]["most"])
