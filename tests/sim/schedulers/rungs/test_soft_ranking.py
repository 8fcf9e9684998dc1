"""Soft ranking: worked by hand, and against its definition over all pairs and epochs."""

from itertools import combinations
from math import inf, isfinite

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.schedulers.rungs.soft_ranking import SoftRanking, criss_cross, percentile_90

often = settings(max_examples=200, derandomize=True, deadline=None)
losses = st.sampled_from([0.1, 0.2, 0.2, 0.3, 0.4, 0.5, inf, -inf])


def plainly_criss_cross(one, other):
    """Tell whether there are epochs l < k < the last with orders same, opposite, same."""
    orders = [(a > b) - (a < b) for a, b in zip(one, other, strict=True)]
    last = orders[-1]
    return any(
        orders[earlier] == last == -orders[later] and last
        for earlier, later in combinations(range(len(orders) - 1), 2)
    )


@given(st.lists(st.tuples(losses, losses), min_size=1, max_size=8))
@often
def test_criss_crossing_by_definition(pairs):
    one, other = zip(*pairs, strict=True)
    assert criss_cross(one, other) == plainly_criss_cross(one, other)
    assert criss_cross(one, other) == criss_cross(other, one)


@given(st.lists(st.floats(0, 10), min_size=1, max_size=40))
@often
def test_the_percentile_is_numpys(values):
    assert percentile_90(sorted(values)) == pytest.approx(np.percentile(values, 90), abs=1e-12)


@given(
    below=st.integers(1, 3),
    more=st.integers(1, 3),
    data=st.data(),
    epsilon=st.sampled_from([0.0, 0.05, 0.25]),
)
@often
def test_rankings_and_noise_by_definition(below, more, data, epsilon):
    top = below + more
    ranking, curves = SoftRanking(below, epsilon), []
    for _ in range(data.draw(st.integers(0, 9))):
        curve = data.draw(st.lists(losses, min_size=top, max_size=top))
        if curve[below - 1] in {inf, -inf}:  # whoever was promoted had not diverged
            curve[below - 1] = 0.3
        ranking.add(len(curves), curve)
        curves.append(curve)
        distances = [
            abs(one[-1] - other[-1])
            for one, other in combinations(curves, 2)
            if plainly_criss_cross(one, other) and isfinite(one[-1]) and isfinite(other[-1])
        ]
        if distances:
            epsilon = np.percentile(distances, 90)
        assert ranking.epsilon == pytest.approx(epsilon)
        at_top = sorted(range(len(curves)), key=lambda n: (curves[n][-1], n))
        at_below = sorted(range(len(curves)), key=lambda n: (curves[n][below - 1], n))
        assert ranking.agrees() == all(
            abs(curves[up][below - 1] - curves[down][below - 1]) <= ranking.epsilon
            for up, down in zip(at_top, at_below, strict=True)
        )


def test_a_swap_within_the_noise_is_none_by_hand():
    # Levels 2, 3. Trials 0 and 1 cross, and cross back: 1/8 apart at 3, so epsilon is 1/8.
    ranking = SoftRanking(below=2)
    ranking.add(0, [4 / 8, 7 / 8, 2 / 8])
    assert ranking.agrees()
    ranking.add(1, [5 / 8, 6 / 8, 3 / 8])  # below, 1 is the better by 1/8: no more than epsilon
    assert ranking.epsilon == 1 / 8
    assert ranking.agrees()
    ranking.add(2, [1 / 8, 4 / 8, 4 / 8])  # the best below by 2/8, the last at the top; no noise
    assert ranking.epsilon == 1 / 8
    assert not ranking.agrees()


def test_without_noise_known_each_swap_counts_but_equal_losses_are_none():
    ranking = SoftRanking(below=1)
    ranking.add(0, [0.5, 0.4])
    ranking.add(1, [0.5, 0.3])
    assert ranking.agrees()  # equal below
    ranking.add(2, [0.500001, 0.2])
    assert not ranking.agrees()
