"""Tests of pairs against enumeration, by hand, and against a second implementation."""

from itertools import combinations, product
from math import inf, isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from sim.studies.statistics import power

differences = st.lists(st.integers(-4, 4).map(float) | st.sampled_from([inf, -inf]), min_size=2)


def test_differences_of_runs_that_missed():
    own, other = [1.0, inf, 3.0, inf], [4.0, 2.0, inf, inf]
    assert power.paired_differences(own, other).tolist() == [-3.0, inf, -inf, 0.0]


# statsmodels 0.15: proportion_confint(k, n, method="wilson")
@pytest.mark.parametrize(
    ("better", "ties", "n", "low", "high"),
    [
        (7, 1, 10, 0.44218142427854984, 0.9190521757900056),  # 7.5 of 10
        (10, 0, 10, 0.7224672001371106, 1.0),
        (0, 0, 12, 0.0, 0.24249400665524096),
    ],
)
def test_wins(better, ties, n, low, high):
    pairs = np.array([-1.0] * better + [0.0] * ties + [2.0] * (n - better - ties))
    won = (better + ties / 2) / n
    assert power.wins(pairs, smaller=True) == pytest.approx((won, low, high), rel=1e-10, abs=1e-15)
    assert power.wins(-pairs, smaller=False) == power.wins(pairs, smaller=True)
    mirrored = (1 - won, 1 - high, 1 - low)
    assert power.wins(pairs, smaller=False) == pytest.approx(mirrored, abs=1e-10)


@pytest.mark.parametrize(
    "pairs",
    [
        [3.0, -1.0, 4.0, 2.0, -5.0, 9.0, 6.0, 7.0],
        [3.0, -1.0, 4.0, 0.0, -5.0, inf, 0.0, 7.0],  # a miss has the greatest rank
        [2.0, -2.0, 2.0, 1.0, inf, inf, -inf, 0.0],  # tied, and misses of both
        [inf, inf, inf, inf, inf, inf],
    ],
)
def test_the_signed_rank_test_against_all_signs(pairs):
    some = np.array([each for each in pairs if each])
    ranks = stats.rankdata(np.abs(some))
    middle = ranks.sum() / 2
    found = abs(ranks[some > 0].sum() - middle)
    sums = [np.dot(ranks, signs) for signs in product((0, 1), repeat=len(some))]
    exact = np.mean([abs(each - middle) >= found for each in sums])
    assert power.signed_rank(np.array(pairs)) == pytest.approx(exact, rel=1e-10)


@pytest.mark.parametrize("n", [5, 20, 50])
def test_the_signed_rank_test_is_that_of_scipy(n):
    pairs = np.random.default_rng(n).normal(0.3, 1.0, n)
    wanted = stats.wilcoxon(pairs, method="exact").pvalue
    assert power.signed_rank(pairs) == pytest.approx(wanted, rel=1e-10)


def test_many_pairs_use_the_normal_distribution():
    rng = np.random.default_rng(0)
    pairs = rng.integers(-3, 5, 80).astype(float)
    pairs[:3] = inf
    some = pairs[pairs != 0]
    ranks = stats.rankdata(np.abs(some))
    z = (ranks[some > 0].sum() - ranks.sum() / 2) / np.sqrt((ranks**2).sum() / 4)
    assert power.signed_rank(pairs) == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-10)


def test_equal_pairs_tell_nothing():
    assert power.signed_rank(np.zeros(9)) == 1.0


def test_holm():
    # statsmodels 0.15: multipletests([0.01, 0.04, 0.03, 0.005, 0.2], method="holm")[1]
    wanted = [0.04, 0.09, 0.09, 0.025, 0.2]
    assert power.holm([0.01, 0.04, 0.03, 0.005, 0.2]) == pytest.approx(wanted, rel=1e-10)
    assert power.holm([0.9, 0.8]) == [1.0, 1.0]
    assert power.holm([]) == []


@given(differences)
def test_the_seeds_needed_against_all_pairs(pairs):
    some = [each for each in pairs if each]
    if len(some) < 2:
        assert isnan(power.seeds_needed(np.array(pairs)))
        return
    sums = [0.0 if a == -b else a + b for a, b in combinations(some, 2)]
    p = np.mean([(each > 0) + (each == 0) / 2 for each in sums])
    needed = power.seeds_needed(np.array(pairs))
    if abs(p - 0.5) < 1e-12:
        assert isnan(needed)
    else:  # 1.959964 + 0.841621 = 2.801585
        of_unequal = 2.801585**2 / (3 * (p - 0.5) ** 2)
        wanted = of_unequal * len(pairs) / len(some)
        assert needed == pytest.approx(wanted + 0.5, rel=1e-5, abs=0.51)


def test_the_seeds_needed_have_the_power():
    # A shift of 0.6 standard deviations: P(d + d' > 0) = Phi(0.6 sqrt 2) = 0.8019, so Noether's
    # formula gives 7.849 / (3 x 0.3019**2) = 28.7. With 29 seeds, 400 tests find it 80 % of the
    # time, with a standard error of 2 %.
    rng = np.random.default_rng(0)
    needed = power.seeds_needed(rng.normal(0.6, 1.0, 4000))
    assert needed == pytest.approx(29, abs=3)
    found = [power.signed_rank(rng.normal(0.6, 1.0, 29)) <= 0.05 for _ in range(400)]
    assert np.mean(found) == pytest.approx(0.8, abs=0.08)


def test_one_pair_has_no_sum():
    assert isnan(power.seeds_needed(np.array([1.0])))


@given(st.lists(st.floats(allow_nan=False), min_size=1))
def test_rounding_keeps_twelve_digits(values):
    found = power.rounded(values)
    assert found.tolist() == pytest.approx(values, rel=1e-11, abs=1e-300)
    assert power.rounded(found).tolist() == found.tolist()


def test_figures_that_differ_by_rounding_are_tied():
    own, other = [1.0000000000000002] * 6, [0.9999999999999998] * 6
    differences = power.paired_differences(own, other)
    assert power.wins(differences, smaller=False)[0] == 0.5
    assert power.signed_rank(differences) == 1.0
