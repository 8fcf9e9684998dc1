"""Configs and the unit cube: there and back, within range, and evenly by the prior."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from learning_curves.spaces import scale
from learning_curves.spaces import space as spaces
from learning_curves.spaces.distributions import Weighted, lograndint, reverse_loguniform

places = st.floats(0, 1)
ENDS = [0.0, np.finfo(np.float64).tiny, 2**-53, 0.5, 1 - 2**-53, 1.0]


@st.composite
def floats_between(draw):
    low = draw(st.floats(1e-9, 1e3))
    high = low * (1 + 10 ** draw(st.floats(-6, 6)))
    kind = draw(st.sampled_from(["uniform", "loguniform", "reverse", "truncnorm", "beta"]))
    match kind:
        case "uniform":
            return stats.uniform(low, high - low)
        case "loguniform":
            return stats.loguniform(low, high)
        case "reverse":
            return reverse_loguniform(1 - high, 1 - low)
        case "truncnorm":
            return stats.truncnorm(-1.5, 2, loc=low, scale=high - low)
        case _:
            return stats.beta(2, 3, loc=low, scale=high - low)


@st.composite
def whole_numbers(draw):
    low, count = draw(st.integers(1, 10**6)), draw(st.integers(1, 10**6))
    return draw(st.sampled_from([stats.randint, lograndint]))(low, low + count)


texts = st.text(max_size=3)
choices = st.lists(st.one_of(st.integers(2), texts), min_size=1, max_size=9, unique=True)


@st.composite
def weighted(draw):
    values = draw(choices)
    weights = st.lists(st.floats(1e-4, 1e4), min_size=len(values), max_size=len(values))
    return Weighted(values, draw(weights))


constants = st.one_of(st.integers(), texts, st.booleans())
domains = st.one_of(floats_between(), whole_numbers(), choices, weighted(), constants)
bounded = st.dictionaries(texts, domains, min_size=1, max_size=4)


def test_each_form_by_hand():
    space = {
        "lr": stats.loguniform(0.01, 1.0),
        "batch": stats.randint(1, 5),  # each owns a quarter
        "opt": Weighted(("sgd", "adam"), (1, 3)),  # [0, 1/4) and [1/4, 1]
        "act": ("relu", "tanh"),
        "layers": 2,
    }
    config = {"lr": 0.1, "batch": 3, "opt": "adam", "act": "relu", "layers": 2}
    assert scale.varying(space) == ("lr", "batch", "opt", "act")
    point = scale.to_unit(space, [config])
    assert point == pytest.approx(np.array([[0.5, 0.625, 0.625, 0.25]]))
    assert scale.from_unit(space, [[0.5, 0.74, 0.2499, 0.5]]) == [
        {"lr": pytest.approx(0.1), "batch": 3, "opt": "sgd", "act": "tanh", "layers": 2}
    ]


@pytest.mark.parametrize(
    ("domain", "count"),
    [
        (stats.uniform(0, 1), None),
        (stats.poisson(3), None),
        (stats.binom(10, 0.3), 11),
        (lograndint(3, 4), 1),
        (lograndint(8, 257), 249),
        (["a", "b"], 2),
        (Weighted("ab", (1, 2)), 2),
        ("ab", 1),
        (3.5, 1),
    ],
)
def test_levels_are_counted_where_they_end(domain, count):
    assert scale.levels(domain) == count


def assert_same(space, config, again):
    assert list(again) == list(space)
    for name, domain in space.items():
        value = config[name]
        assert type(again[name]) is type(value)
        if type(value) is float and spaces.is_distribution(domain):
            assert again[name] == pytest.approx(value, rel=1e-9)
        else:
            assert again[name] == value


@given(bounded, st.integers(0, 99))
def test_a_config_is_found_again_at_its_place(space, seed):
    configs = spaces.sample(space, np.random.default_rng(seed), 10)
    points = scale.to_unit(space, configs)
    assert points.shape == (10, len(scale.varying(space)))
    assert ((points >= 0) & (points <= 1)).all()
    for config, again in zip(configs, scale.from_unit(space, points), strict=True):
        assert_same(space, config, again)


@given(bounded, st.data())
def test_no_point_leads_out_of_the_space(space, data):
    names = scale.varying(space)
    row = st.lists(
        st.one_of(places, st.sampled_from(ENDS)), min_size=len(names), max_size=len(names)
    )
    for config in scale.from_unit(space, np.array([data.draw(row)])):
        for name, domain in space.items():
            value = config[name]
            if spaces.is_distribution(domain):
                low, high = domain.support()
                assert low <= value <= high
                assert type(value) is (int if spaces.is_whole(domain) else float)
            elif spaces.is_choices(domain):
                assert value in list(domain)
            else:
                assert value == domain
        again = scale.from_unit(space, scale.to_unit(space, [config]))[0]
        assert_same(space, config, again)


UNBOUNDED = {
    "norm": stats.norm(0.1, 3),
    "lognorm": stats.lognorm(2),
    "expon": stats.expon(1),
    "poisson": stats.poisson(3.5),
    "geom": stats.geom(0.2),
    "binom": stats.binom(20, 0.3),
    "skellam": stats.skellam(3, 4),  # without end on both sides
}


@given(st.lists(st.one_of(places, st.sampled_from(ENDS)), min_size=7, max_size=7))
@example(row=[0.0] * 7)
@example(row=[1.0] * 7)
def test_a_distribution_without_end_has_a_finite_value_at_every_place(row):
    (config,) = scale.from_unit(UNBOUNDED, [row])
    for name, value in config.items():
        low, high = UNBOUNDED[name].support()
        assert low <= value <= high
        assert np.isfinite(value)
        assert type(value) is (int if spaces.is_whole(UNBOUNDED[name]) else float)


@pytest.mark.parametrize("name", ["poisson", "geom", "binom", "skellam"])
def test_whole_numbers_without_end_are_found_again_but_for_the_last_tail(name):
    domain = UNBOUNDED[name]
    k = np.arange(domain.ppf(1e-9), domain.ppf(1 - 1e-9)).astype(int).tolist()
    configs = [{"x": each} for each in k]
    assert scale.from_unit({"x": domain}, scale.to_unit({"x": domain}, configs)) == configs


@pytest.mark.parametrize("name", ["norm", "lognorm", "expon"])
def test_floats_without_end_are_found_again(name):
    space = {"x": UNBOUNDED[name]}
    configs = spaces.sample(space, np.random.default_rng(1), 1000)
    again = scale.from_unit(space, scale.to_unit(space, configs))
    found = np.array([config["x"] for config in again])
    assert found == pytest.approx(np.array([config["x"] for config in configs]), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(
    "domain",
    [
        stats.loguniform(1e-4, 1.0),
        stats.uniform(0.5, 0.4),
        stats.norm(3, 2),
        reverse_loguniform(0.9, 0.9999),
    ],
    ids=lambda domain: domain.dist.name,
)
def test_evenly_spread_points_are_draws_from_the_prior(domain):
    points = (np.arange(2000) + 0.5).reshape(-1, 1) / 2000
    values = [config["x"] for config in scale.from_unit({"x": domain}, points)]
    # The empirical cdf of such points is off by half a step, 1/4000, and no more.
    assert stats.kstest(values, domain.cdf).statistic == pytest.approx(1 / 4000, rel=1e-6)


@pytest.mark.parametrize(
    ("domain", "shares"),
    [
        (lograndint(1, 6), lograndint(1, 6).pmf(np.arange(1, 6))),
        (stats.binom(3, 0.4), stats.binom(3, 0.4).pmf(np.arange(4))),
        (Weighted((0, 1, 2), (1, 3, 6)), (0.1, 0.3, 0.6)),
        ([0, 1, 2], (1 / 3, 1 / 3, 1 / 3)),
    ],
    ids=["lograndint", "binom", "weighted", "choices"],
)
def test_each_value_owns_its_share_of_evenly_spread_points(domain, shares):
    points = (np.arange(2000) + 0.5).reshape(-1, 1) / 2000
    values = [config["x"] for config in scale.from_unit({"x": domain}, points)]
    counted = [values.count(value) / 2000 for value in sorted(set(values))]
    assert counted == pytest.approx(shares, abs=1 / 2000)


def test_constants_alone_have_points_without_dimensions():
    space = {"a": 1, "b": ["only"], "c": stats.randint(3, 4)}
    points = scale.to_unit(space, [{"a": 1, "b": "only", "c": 3}] * 2)
    assert points.shape == (2, 0)
    assert scale.from_unit(space, points) == [{"a": 1, "b": "only", "c": 3}] * 2


@pytest.mark.parametrize("points", [[0.5, 0.5], [[0.5]], [[0.5] * 3] * 2, [[0.5, np.nan]]])
def test_points_of_another_shape_are_refused(points):
    with pytest.raises(ValueError, match="give 2 numbers per row"):
        scale.from_unit({"x": stats.uniform(0, 1), "y": [1, 2]}, points)


def test_a_place_beyond_the_cube_is_moved_to_its_side():
    space = {"x": stats.uniform(0, 1), "y": [1, 2]}
    assert scale.from_unit(space, [[-3, 7]]) == [{"x": 0.0, "y": 2}]


def test_what_is_no_member_has_no_place():
    space = {"x": ["a", "b"]}
    with pytest.raises(ValueError, match="'c'"):
        scale.to_unit(space, [{"x": "c"}])
    with pytest.raises(KeyError, match="x"):
        scale.to_unit(space, [{}])
