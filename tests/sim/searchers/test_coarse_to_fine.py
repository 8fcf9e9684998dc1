"""Coarse to fine: box after box, each around the best; and what parallel trials do to it."""

import pytest
from scipy import stats

from learning_curves.spaces.distributions import lograndint
from sim.searchers.coarse_to_fine import CoarseToFine

SPACE = {"x": stats.uniform(0, 1), "y": stats.uniform(0, 1)}


def loss(config):
    return (config["x"] - 0.3) ** 2 + (config["y"] - 0.95) ** 2


def spans(configs):
    """Return the extent of each hyperparameter's values."""
    return [
        max(values) - min(values) for values in zip(*(c.values() for c in configs), strict=True)
    ]


def test_each_box_has_half_the_sides_of_the_one_before(explore):
    # A box has 8 points (4 a dimension); one worker has reported them all before it asks again.
    drawn = explore(CoarseToFine(SPACE, seed=0), 41, loss)
    boxes = [drawn[start : start + 8] for start in range(0, 40, 8)]
    for box, side in zip(boxes, [1, 1 / 2, 1 / 4, 1 / 8, 1 / 16], strict=True):
        assert all(side / 2 < span <= side for span in spans(box))


def test_a_box_lies_around_the_best_and_within_the_scale(explore):
    drawn = explore(CoarseToFine(SPACE, seed=0), 40, loss)
    for start in range(8, 40, 8):
        best = min(drawn[:start], key=loss)
        side = 0.5 ** (start / 8)
        for config in drawn[start : start + 8]:
            # Within half a side of the best, or within a side of the end of the scale.
            assert abs(config["x"] - best["x"]) <= side / 2 or config["x"] <= side
            assert abs(config["y"] - best["y"]) <= side / 2 or config["y"] >= 1 - side
            assert 0 <= config["x"] <= 1
            assert 0 <= config["y"] <= 1


def test_after_the_smallest_box_it_begins_anew(explore):
    drawn = explore(CoarseToFine(SPACE, seed=0), 48, loss)
    assert all(span > 0.5 for span in spans(drawn[40:]))


def test_points_go_on_in_a_box_until_enough_of_it_have_reported(explore):
    drawn = explore(CoarseToFine(SPACE, seed=0), 60, loss, workers=50)
    # Nothing has reported before trial 50, eight have before trial 58.
    assert all(span > 0.9 for span in spans(drawn[:58]))
    assert all(span <= 0.5 for span in spans(drawn[58:]))


def test_trials_of_an_earlier_box_do_not_end_a_later_one():
    searcher = CoarseToFine(SPACE, seed=0)
    trials = [searcher.draw() for _ in range(20)]
    for trial in trials[:8]:
        searcher.observe(trial, 1, loss(trial.config))
    inner = [searcher.draw()]
    for trial in trials[8:]:  # of the first box, reported late
        searcher.observe(trial, 1, loss(trial.config))
    inner += [searcher.draw() for _ in range(30)]
    assert all(0.25 < span <= 0.5 for span in spans([trial.config for trial in inner]))


def test_choices_are_never_narrowed(explore):
    space = {"act": ["relu", "tanh", "elu"], "units": lograndint(1, 1025)}
    drawn = explore(CoarseToFine(space, seed=0), 41, lambda config: abs(config["units"] - 30))
    for start in range(0, 40, 8):
        assert {config["act"] for config in drawn[start : start + 8]} == set(space["act"])
    assert all(config["units"] == pytest.approx(30, rel=0.5) for config in drawn[32:40])
