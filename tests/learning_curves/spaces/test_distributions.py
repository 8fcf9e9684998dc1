"""Our distributions against their formulas, and scipy's rules for every distribution."""

import math
import pickle

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy import stats

from learning_curves.errors import InputError
from learning_curves.spaces import space as spaces
from learning_curves.spaces.distributions import OURS, Weighted, lograndint, reverse_loguniform

lows = st.integers(1, 10**6)
counts = st.one_of(st.integers(1, 50), st.integers(1, 10**6))


def test_three_numbers_by_hand():
    # cells [0.5, 1.5), [1.5, 2.5), [2.5, 3.5] of a log scale that is log(3.5 / 0.5) = log 7 wide
    found = lograndint(1, 4).pmf([0, 1, 2, 3, 4])
    shares = [0, math.log(3), math.log(5 / 3), math.log(7 / 5), 0]
    assert found == pytest.approx([share / math.log(7) for share in shares], rel=1e-14)


@given(lows, st.integers(1, 2000))
@example(low=10**6, count=1)
@example(low=10**6, count=2)
def test_each_whole_number_has_its_cell_of_the_log_scale(low, count):
    domain, k = lograndint(low, low + count), np.arange(low, low + count)
    log_width = [math.log1p(1 / (each - 0.5)) for each in range(low, low + count)]
    pmf = domain.pmf(k)
    assert pmf.sum() == pytest.approx(1, abs=1e-12)
    assert pmf == pytest.approx(np.array(log_width) / math.fsum(log_width), rel=1e-12)
    assert domain.cdf(k) == pytest.approx(np.cumsum(pmf), abs=1e-12)


@given(lows, counts, st.lists(st.floats(0, 1), min_size=1))
@example(low=1, count=1, shares=[0.5])
@example(low=10**6, count=1, shares=[0.5])
def test_ppf_is_the_least_number_whose_cdf_reaches_the_share(low, count, shares):
    domain, high = lograndint(low, low + count), low + count
    k = np.unique([low, high - 1, *(low + int(share * (count - 1)) for share in shares)])
    assert domain.ppf(domain.cdf(k)).tolist() == k.tolist()
    edges = domain.cdf(k)  # where rounding decides
    beside = [*np.nextafter(edges, 0), *np.nextafter(edges[edges < 1], 1)]
    q = np.array([*beside, *(share for share in shares if share > 0)])
    found = domain.ppf(q)
    assert ((low <= found) & (found < high)).all()
    assert (domain.cdf(found) >= q).all()
    assert (domain.cdf(found - 1) < q).all()


@pytest.mark.parametrize("low", [1, 17, 1000])
def test_whole_numbers_are_drawn_as_often_as_their_cells_are_wide(low):
    domain = lograndint(low, low + 12)
    drawn = domain.rvs(size=20_000, random_state=np.random.default_rng(1))
    k = np.arange(low, low + 12)
    observed = [(drawn == each).sum() for each in k]
    assert sum(observed) == 20_000
    assert stats.chisquare(observed, 20_000 * domain.pmf(k)).pvalue > 0.001


@pytest.mark.parametrize(("low", "high"), [(0.9, 0.999), (0.0, 0.5), (-3.0, 1 - 1e-12)])
def test_the_distance_from_one_is_log_uniform(low, high):
    drawn = reverse_loguniform(low, high).rvs(size=5000, random_state=np.random.default_rng(2))
    mirrored = stats.loguniform(1 - high, 1 - low)
    assert stats.kstest(1 - drawn, mirrored.cdf).pvalue > 0.001


@given(st.floats(-1e6, 0.999), st.floats(0.001, 0.999))
def test_the_formulas_are_those_of_the_mirrored_loguniform(low, share):
    high = low + (1 - low) * share
    assume(low < high < 1)
    x = np.linspace(low, high, 7)[1:-1]
    ours, mirrored = reverse_loguniform(low, high), stats.loguniform(1 - high, 1 - low)
    assert ours.pdf(x) == pytest.approx(mirrored.pdf(1 - x), rel=1e-6)
    assert ours.cdf(x) == pytest.approx(mirrored.sf(1 - x), abs=1e-9)
    assert ours.ppf(ours.cdf(x)) == pytest.approx(x, rel=1e-9, abs=1e-9)


@given(
    st.floats(-1e9, 1, exclude_max=True), st.floats(-1e9, 1, exclude_max=True), st.integers(0, 99)
)
@example(low=1e-20, high=0.5, seed=0)  # 1 - (1 - low) is 0
@example(low=0.0, high=1 - 2**-53, seed=0)
@example(low=0.3, high=math.nextafter(0.3, 1), seed=0)
def test_reverse_loguniform_never_leaves_its_range(low, high, seed):
    low, high = sorted((low, high))
    assume(low < high)
    domain = reverse_loguniform(low, high)
    assert domain.support() == (low, high)
    drawn = domain.rvs(size=50, random_state=np.random.default_rng(seed))
    assert ((low <= drawn) & (drawn <= high)).all()
    assert domain.ppf([0, 1]) == pytest.approx([low, high], rel=1e-12)
    places = domain.cdf(drawn)
    assert ((places >= 0) & (places <= 1)).all()


@given(lows, counts, st.integers(0, 99))
def test_lograndint_never_leaves_its_range(low, count, seed):
    drawn = lograndint(low, low + count).rvs(size=50, random_state=np.random.default_rng(seed))
    assert drawn.dtype.kind == "i"
    assert ((low <= drawn) & (drawn < low + count)).all()


@pytest.mark.parametrize(
    ("domain", "name", "args", "support"),
    [
        (lograndint(8, 257), "lograndint", (8, 257), (8, 256)),
        (reverse_loguniform(0.9, 0.999), "reverse_loguniform", (0.9, 0.999), (0.9, 0.999)),
    ],
    ids=["lograndint", "reverse_loguniform"],
)
def test_frozen_they_tell_what_a_space_asks_of_them(domain, name, args, support):
    assert OURS[name] is not None
    assert (domain.dist.name, domain.args, domain.kwds) == (name, args, {})
    assert domain.support() == support
    assert spaces.is_distribution(domain)
    assert spaces.is_whole(domain) == (name == "lograndint")
    again = pickle.loads(pickle.dumps(domain))  # noqa: S301  our own, as worker processes get it
    assert again.ppf([0.1, 0.5, 0.9]).tolist() == domain.ppf([0.1, 0.5, 0.9]).tolist()


@pytest.mark.parametrize(
    "domain",
    [
        *(lograndint(*args) for args in [(0, 5), (-3, 5), (1.5, 4), (1, 4.5), (3, 3), (5, 2)]),
        *(reverse_loguniform(*args) for args in [(0, 1), (0.5, 0.5), (0.5, 0.2), (2, 3)]),
    ],
    ids=lambda domain: f"{domain.dist.name}{domain.args}",
)
def test_parameters_out_of_range_are_refused(domain):
    with pytest.raises(InputError, match="give arguments in its range"):
        spaces.check({"x": domain})


def test_weights_are_told_apart_from_their_unit():
    assert Weighted(("sgd", "adam"), (1, 3)) == Weighted(["sgd", "adam"], [1, 3])
    assert Weighted("abc", (1e308, 1e308, 2e307)).shares == pytest.approx((5 / 11, 5 / 11, 1 / 11))
    assert list(Weighted("ab", (1, 2))) == ["a", "b"]


@given(st.lists(st.floats(1e-3, 1e3), min_size=1, max_size=8))
def test_shares_are_in_proportion_and_sum_to_one(weights):
    shares = Weighted(range(len(weights)), weights).shares
    assert sum(shares) == pytest.approx(1, abs=1e-12)
    assert shares == pytest.approx([weight / sum(weights) for weight in weights])


@pytest.mark.parametrize(
    ("values", "weights", "words"),
    [
        ("ab", (1,), "2 choices and 1 weights"),
        ("a", (1, 2), "1 choices and 2 weights"),
        ("ab", (1, 0), "weight 0: give a number > 0"),
        ("ab", (1, -2.5), "weight -2.5"),
        ("ab", (1, math.inf), "weight inf"),
        ("ab", (math.nan, 1), "weight nan"),
        ("ab", (1e-10, 1), "weight 1e-10, less than a billionth"),
    ],
)
def test_weights_that_mean_nothing_are_refused(values, weights, words):
    with pytest.raises(InputError, match=words):
        Weighted(values, weights)


def test_weighted_choices_are_drawn_by_their_shares():
    space = {"x": Weighted(("a", "b", "c"), (1, 3, 6))}
    drawn = [config["x"] for config in spaces.sample(space, np.random.default_rng(3), 10_000)]
    for value, share in zip("abc", (0.1, 0.3, 0.6), strict=True):
        error = (share * (1 - share) / 10_000) ** 0.5
        assert abs(drawn.count(value) / 10_000 - share) < 4 * error
