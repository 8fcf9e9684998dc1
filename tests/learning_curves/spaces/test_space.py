"""Spaces: draws stay within and follow the distribution; the plain form loses nothing."""

import tomllib
from collections import Counter

import numpy as np
import pytest
import tomli_w
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from learning_curves.errors import InputError
from learning_curves.spaces import space as spaces
from learning_curves.spaces.distributions import Weighted, lograndint, reverse_loguniform

seeds = st.integers(0, 2**32 - 1)


@given(seeds, st.floats(1e-9, 1e3), st.floats(-15, 6))
@example(seed=0, low=0.001, log_width=-15)  # as narrow as this, rounding alone steps out
def test_loguniform_never_leaves_its_range(seed, low, log_width):
    high = low * (1 + 10**log_width)
    drawn = spaces.sample({"x": stats.loguniform(low, high)}, np.random.default_rng(seed), 50)
    assert all(low <= config["x"] <= high for config in drawn)


@given(seeds, st.integers(-1000, 1000), st.integers(1, 1000))
def test_randint_never_leaves_its_range(seed, low, count):
    drawn = spaces.sample({"x": stats.randint(low, low + count)}, np.random.default_rng(seed), 50)
    assert all(type(config["x"]) is int for config in drawn)
    assert all(low <= config["x"] < low + count for config in drawn)


@given(seeds, st.lists(st.one_of(st.integers(), st.text(), st.booleans()), min_size=1))
def test_a_choice_is_one_of_those_given_and_a_constant_itself(seed, choices):
    space = {"x": choices, "y": "fixed"}
    for config in spaces.sample(space, np.random.default_rng(seed), 20):
        assert any(config["x"] is choice for choice in choices)
        assert config["y"] == "fixed"
        assert list(config) == ["x", "y"]


def test_loguniform_is_uniform_in_the_logarithm():
    drawn = spaces.sample({"x": stats.loguniform(1e-4, 1.0)}, np.random.default_rng(1), 5000)
    logs = [(np.log10(config["x"]) + 4) / 4 for config in drawn]
    assert stats.kstest(logs, "uniform").pvalue > 0.001


@pytest.mark.parametrize(
    "domain", [stats.randint(16, 26), list(range(16, 26))], ids=["randint", "choices"]
)
def test_each_of_ten_values_comes_as_often(domain):
    drawn = spaces.sample({"x": domain}, np.random.default_rng(2), 5000)
    counts = Counter(config["x"] for config in drawn)
    assert sorted(counts) == list(range(16, 26))
    assert stats.chisquare(list(counts.values())).pvalue > 0.001


def test_hyperparameters_are_drawn_independently():
    space = {"x": stats.uniform(0, 1), "y": stats.uniform(0, 1), "z": [0, 1]}
    drawn = spaces.sample(space, np.random.default_rng(3), 5000)
    table = np.array([list(config.values()) for config in drawn])
    rho = np.corrcoef(table, rowvar=False)
    assert np.abs(rho - np.eye(3)).max() < 4 / 5000**0.5  # 4 standard errors


SPACE = {
    "lr": stats.loguniform(1e-4, 1.0),
    "momentum": stats.uniform(loc=0.5, scale=0.4),
    "batch": stats.randint(16, 257),
    "act": ["relu", "tanh"],
    "nesterov": True,
    "units": lograndint(32, 1025),
    "beta2": reverse_loguniform(0.9, high=0.9999),
    "optimiser": Weighted(("sgd", "adam"), (1, 2.5)),
}


def test_the_plain_form_draws_the_same():
    again = spaces.from_dict(spaces.to_dict(SPACE))
    drawn = [spaces.sample(space, np.random.default_rng(4), 20) for space in (SPACE, again)]
    assert drawn[0] == drawn[1]
    assert spaces.to_dict(again) == spaces.to_dict(SPACE)


def test_a_card_keeps_the_plain_form():
    plain = spaces.to_dict(SPACE)
    again = tomllib.loads(tomli_w.dumps(plain))
    assert again == plain
    assert list(again) == list(SPACE)
    assert again["optimiser"] == {"choices": ["sgd", "adam"], "weights": [1, 2.5]}
    assert spaces.from_dict(again)["optimiser"] == SPACE["optimiser"]


@pytest.mark.parametrize(
    ("domain", "words"),
    [
        ({"distribution": "nope", "args": []}, "'nope'"),
        ({"distribution": "sqrt", "args": []}, "'sqrt'"),
        ({"distribution": "loguniform", "args": [1.0]}, "missing 1 required"),
        ({"distribution": "norm", "args": [0], "scal": 1}, "scal"),
        ({"distribution": "loguniform", "args": [1.0, 0.1]}, r"\[1.0, 0.1\]"),
        ({"distribution": "norm", "args": [0], "scale": -1}, r"\[0, -1\]"),
        ({"distribution": "randint", "args": ["a", 3]}, "list of numbers"),
        ({"distribution": "loguniform"}, "list of numbers"),
        ({"choices": []}, "empty list"),
        ({"choices": [[1]]}, r"\[1\]"),
        ({"choices": ["a", "b"], "weights": [1]}, "2 choices and 1 weights"),
        ({"choices": ["a", "b"], "weights": [1, 0]}, "weight 0: give a number > 0"),
        ({"choices": ["a", "b"], "weights": [1, "x"]}, "choices"),
        ({"choices": ["a", "b"], "weights": 2}, "choices"),
        ({"choices": [], "weights": []}, "empty list"),
        ({"distribution": "lograndint", "args": [0, 9]}, r"\[0, 9\]"),
        ({"distribution": "reverse_loguniform", "args": [0.5, 1.0]}, r"\[0.5, 1.0\]"),
        ({"constant": {"a": 1}}, "{'a': 1}"),
        (3, "has 3"),
    ],
)
def test_what_cannot_be_drawn_from_is_refused(domain, words):
    with pytest.raises(InputError, match=words) as caught:
        spaces.from_dict({"ok": {"constant": 1}, "broken": domain})
    assert "'broken'" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_empty_space_is_refused():
    with pytest.raises(InputError, match="empty"):
        spaces.check({})


@pytest.mark.parametrize(
    ("config", "message"),
    [
        ({"rate": 0.5, "units": 3}, "name exactly rate, units, act, one"),
        ({"rate": 0.5, "units": 3, "act": "a", "one": 1, "two": 2}, "name exactly rate"),
        (
            {"rate": 2.0, "units": 3, "act": "a", "one": 1},
            "= 2.0: give a number from 0.01 to 1",
        ),
        ({"rate": "0.5", "units": 3, "act": "a", "one": 1}, "rate = '0.5': give a number"),
        ({"rate": True, "units": 3, "act": "a", "one": 1}, "rate = True: give a number"),
        ({"rate": float("nan"), "units": 3, "act": "a", "one": 1}, "rate = nan: give a number"),
        ({"rate": 0.5, "units": 3.5, "act": "a", "one": 1}, "units = 3.5: give a whole number"),
        ({"rate": 0.5, "units": 5, "act": "a", "one": 1}, "a whole number from 1 to 4"),
        ({"rate": 0.5, "units": 3, "act": "c", "one": 1}, "act = 'c': give one of 'a', 'b'"),
        ({"rate": 0.5, "units": 3, "act": "a", "one": 2}, "one = 2: give one of 1"),
    ],
)
def test_a_config_that_is_no_member_is_named(config, message):
    space = {
        "rate": stats.loguniform(0.01, 1),
        "units": stats.randint(1, 5),
        "act": ["a", "b"],
        "one": 1,
    }
    spaces.check_config(space, {"rate": 1, "units": 4, "act": "b", "one": 1})
    with pytest.raises(InputError, match=message):
        spaces.check_config(space, config)
