"""The grid: which values, each combination once, in order or shuffled, of which size."""

from itertools import product
from math import prod

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from learning_curves.spaces.distributions import lograndint
from sim.searchers.grid import grid


def keys(configs):
    return [tuple(config.values()) for config in configs]


def test_values_are_the_middles_of_equal_parts_of_the_scale():
    # log10 from -4 to 0 in four parts: middles -3.5, -2.5, -1.5, -0.5.
    rates = [c["lr"] for c in grid({"lr": stats.loguniform(1e-4, 1)}, seed=0, points=4)]
    assert rates == pytest.approx([10**-3.5, 10**-2.5, 10**-1.5, 10**-0.5])


def test_choices_and_few_whole_numbers_take_all_their_levels():
    space = {"act": ["a", "b"], "layers": stats.randint(1, 4), "units": stats.randint(0, 100)}
    found = keys(grid(space, seed=0, points=4))
    # 100 numbers in 4 parts of 25: from_unit takes the quantile at 1/8, 3/8, 5/8, 7/8.
    assert found == list(product(["a", "b"], [1, 2, 3], [12, 37, 62, 87]))


@given(
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=3),
    rates=st.integers(0, 2),
    points=st.integers(1, 5),
    seed=st.integers(0, 9),
)
@settings(max_examples=200, derandomize=True, deadline=None)
def test_it_covers_exactly_once_in_either_order(sizes, rates, points, seed):
    space = {f"n{i}": list(range(size)) for i, size in enumerate(sizes)}
    space |= {f"r{i}": stats.uniform(0, 1) for i in range(rates)}
    in_order = keys(grid(space, seed=seed, points=points))
    assert len(in_order) == len(set(in_order)) == prod(sizes) * points**rates
    assert in_order == sorted(in_order)  # the last varies fastest
    assert sorted(keys(grid(space, seed=seed, points=points, shuffled=True))) == in_order


def test_shuffled_it_depends_on_the_seed():
    space = {"x": stats.uniform(), "y": stats.uniform()}
    orders = {tuple(keys(grid(space, seed=s, points=3, shuffled=True))) for s in range(20)}
    assert len(orders) == 20  # of 9! orders


@given(
    levels=st.lists(st.integers(1, 9), max_size=3), rates=st.integers(0, 3), most=st.integers(1, 99)
)
@settings(max_examples=300, derandomize=True, deadline=None)
def test_the_largest_that_fits_is_taken(levels, rates, most):
    space = {f"n{i}": stats.randint(0, count) for i, count in enumerate(levels)}
    space |= {f"r{i}": stats.uniform(0, 1) for i in range(rates)} or {"one": 1}

    def size(points):
        return prod(min(points, count) for count in levels) * points**rates

    found = len(list(grid(space, seed=0, most=most)))
    assert found == max(size(points) for points in range(1, 100) if size(points) <= most)


def test_whole_numbers_that_fall_together_come_once():
    # Of log-uniform 1..40, most parts of the scale lie between the first few.
    units = [c["units"] for c in grid({"units": lograndint(1, 41)}, seed=0, points=30)]
    assert units == sorted(set(units))
    assert 1 in units
    assert len(units) < 30


def test_without_a_number_of_points_all_levels_are_taken():
    assert len(list(grid({"a": [1, 2], "n": stats.randint(0, 50)}, seed=0))) == 100


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({}, "a grid over lr is without end: give grid_points, or the max_trials it is to fit"),
        ({"points": 0}, "grid_points is 0: give at least 1"),
        ({"most": 1}, "the smallest grid has 2 configs, max_trials leaves 1: allow more"),
    ],
)
def test_a_grid_that_cannot_be_is_refused(numbers, message):
    with pytest.raises(ValueError, match=message):
        grid({"lr": stats.uniform(), "act": ["a", "b"]}, seed=0, **numbers)


def test_grids_too_large_to_hold_are_refused():
    space = {name: stats.uniform(0, 1) for name in "abcd"}
    with pytest.raises(ValueError, match="a grid of 100000000 configs is too large to shuffle"):
        grid(space, seed=0, points=100, shuffled=True)
    assert next(grid(space, seed=0, points=100)) == dict.fromkeys("abcd", 0.005)
    with pytest.raises(ValueError, match="too fine: allow 1000000"):
        grid({"a": stats.uniform(0, 1)}, seed=0, points=10**7)
