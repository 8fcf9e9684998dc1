"""All searchers: within the space, numbered, repeatable, first the given ones, then the limit."""

import sys
from dataclasses import dataclass, field
from itertools import islice
from math import inf, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from learning_curves.blackbox import Foreseeing, Recosted
from learning_curves.errors import InputError
from learning_curves.spaces.distributions import Weighted, lograndint, reverse_loguniform
from learning_curves.synthetic import PowerLaw, Scripted
from learning_curves.tables.tabular import load
from sim.cluster.cluster import Cluster
from sim.commands import options
from sim.jobs.limits import Limits
from sim.schedulers import ASHA
from sim.searchers import SEARCHERS, searcher_for, searcher_over

LEARNING = ("optuna:tpe", "optuna:gp", "optuna:cma-es")
ADAPTIVE = ("coarse-to-fine", "coordinate", "local", *LEARNING)
ENDLESS = tuple(name for name in SEARCHERS if not name.startswith("grid"))
QUICK = tuple(name for name in SEARCHERS if name != "optuna:gp")  # which takes a second a trial

domains = st.one_of(
    st.tuples(st.floats(-5, 5), st.floats(0.1, 10)).map(lambda t: stats.uniform(*t)),
    st.tuples(st.floats(1e-6, 1e-3), st.floats(1e-2, 10)).map(lambda t: stats.loguniform(*t)),
    st.floats(0.1, 2).map(lambda scale: stats.norm(0, scale)),
    st.tuples(st.integers(-3, 3), st.integers(1, 40)).map(
        lambda t: stats.randint(t[0], t[0] + t[1])
    ),
    st.tuples(st.integers(1, 9), st.integers(1, 500)).map(lambda t: lograndint(t[0], sum(t))),
    st.floats(0.95, 0.9999).map(lambda high: reverse_loguniform(0.5, high)),
    st.lists(st.integers(0, 9) | st.text("ab", min_size=1), min_size=1, max_size=4, unique=True),
    st.lists(st.floats(0.1, 9), min_size=1, max_size=3).map(
        lambda weights: Weighted(tuple(range(len(weights))), tuple(weights))
    ),
    st.sampled_from([3, 0.5, "relu", True]),
)
spaces = st.dictionaries(st.sampled_from("abcd"), domains, min_size=1)
losses = st.sampled_from([0.1, 0.2, 0.3, 0.4, 0.5, 0.5, inf, nan, -inf])


def made(name, space, seed=0, **others):
    """Return the searcher; a grid's has 2 points, if nothing else bounds it."""
    if name.startswith("grid"):
        others.setdefault("grid_points", 2)
    return searcher_over(space, name=name, seed=seed, **others)


def lived(searcher, reports, workers, number):
    """Draw trials on so many workers; `reports` tells the losses of the oldest, none if lost."""
    running, drawn, reports = [], [], iter(reports)
    for _ in range(number):
        if len(running) == workers:
            trial = running.pop(0)
            for epoch, loss in enumerate(next(reports, [0.3]), 1):
                searcher.observe(trial, epoch, loss)
        if (trial := searcher.draw()) is None:
            break
        running.append(trial)
        drawn.append(trial)
    return drawn


random_runs = given(
    space=spaces,
    reports=st.lists(st.lists(losses, max_size=3), max_size=30),
    workers=st.integers(1, 12),
    seed=st.integers(0, 99),
)


@pytest.mark.parametrize("name", [name for name in QUICK if ":" not in name])
@random_runs
@settings(max_examples=40, derandomize=True, deadline=None)
def test_no_value_is_ever_outside_its_range(name, is_member, space, reports, workers, seed):
    stays_inside(name, is_member, space, reports, workers, seed)


@pytest.mark.parametrize("name", [name for name in QUICK if ":" in name])
@random_runs
@settings(max_examples=12, derandomize=True, deadline=None)
def test_nor_is_one_of_optuna(name, is_member, space, reports, workers, seed):
    stays_inside(name, is_member, space, reports, workers, seed)


def stays_inside(name, is_member, space, reports, workers, seed):
    drawn = lived(made(name, space, seed), reports, workers, number=40)
    assert [trial.number for trial in drawn] == list(range(len(drawn)))
    assert name.startswith("grid") or len(drawn) == 40
    assert all(is_member(space, trial.config) for trial in drawn)
    assert lived(made(name, space, seed), reports, workers, number=40) == drawn


@pytest.mark.parametrize("name", SEARCHERS)
def test_the_same_seed_gives_the_same_configs_whoever_else_draws(name, mixed, explore):
    def loss(config):
        return (config["rate"] - 0.1) ** 2 + config["units"]

    number = 16 if name in QUICK else 11
    one = explore(made(name, mixed), number, loss)
    searcher, other = made(name, mixed), made(name, mixed, seed=1)
    between = []
    for config in one:
        trial = searcher.draw()
        between.append(trial.config)
        searcher.observe(trial, 1, loss(config))
        drawn = other.draw()
        other.observe(drawn, 1, -loss(drawn.config))
    assert between == one
    if name != "grid":
        assert explore(made(name, mixed, seed=1), number, loss) != one


@pytest.mark.parametrize("name", ENDLESS)
def test_where_nothing_varies_it_is_random_search(name, explore):
    space = {"layers": 3, "act": ["relu"], "units": stats.randint(5, 6)}
    config = {"layers": 3, "act": "relu", "units": 5}
    assert explore(made(name, space), 5, lambda _: 0.1) == [config] * 5


@pytest.mark.parametrize("name", SEARCHERS)
def test_the_configs_given_come_first_and_count(name, mixed, explore, is_member):
    config = dict.fromkeys(mixed) | {"rate": 0.5, "decay": 0.99, "units": 3, "layers": 2}
    config |= {"act": "elu", "optimiser": "sgd", "epochs": 16}
    searcher = made(name, mixed, first=[config, config], max_trials=14)
    drawn = explore(searcher, 99, lambda _: 0.5)
    assert drawn[:2] == [config] * 2
    assert len(drawn) == 14
    assert searcher.draw() is searcher.draw() is None
    assert all(is_member(mixed, config) for config in drawn)
    assert explore(made(name, mixed, max_trials=0), 9, lambda _: 0.5) == []


@pytest.mark.parametrize("name", ["local", *LEARNING[:1]])
def test_what_is_learnt_includes_the_configs_given_first(name, explore):
    # Only the configs given are any good, and all lie at 0.9: so do most that are proposed.
    space = {"x": stats.uniform(0, 1)}
    given = [{"x": 0.9 + k / 1000} for k in range(10)]
    drawn = explore(
        made(name, space, first=given), 60, lambda c: 0.0 if c in given else 1 + c["x"] * 0
    )
    near = np.mean([abs(config["x"] - 0.9) < 0.1 for config in drawn[10:]])
    assert near > 0.3  # of draws from the prior, 0.2 +- 0.06 would be


@pytest.mark.parametrize("name", [n for n in ENDLESS if n != "random"])
def test_over_a_table_the_nearest_recorded_config_is_tried(name, explore):
    table = load("softmax-fashion-mnist")
    searcher = searcher_for(table, name=name, seed=0)
    number = 20 if name in QUICK else 12
    drawn = explore(searcher, number, lambda c: abs(np.log(c["learning_rate"])))
    assert all(config in table.configs for config in drawn)
    assert len({tuple(config.values()) for config in drawn}) > number / 2


def test_over_a_table_a_grid_may_meet_a_config_again(explore):
    table = Scripted([[0.5]] * 4)
    drawn = explore(searcher_for(table, name="grid", seed=0), 9, lambda _: 0.5)
    assert drawn == list(table.configs)  # its only hyperparameter is a choice: all, once
    recorded = [{"x": 0.1}, {"x": 0.9}]
    searcher = searcher_over({"x": stats.uniform()}, name="grid", seed=0, configs=recorded,
                             grid_points=4)  # fmt: skip
    # at 0.125, 0.375, 0.625, 0.875
    assert explore(searcher, 9, lambda _: 0.5) == [{"x": 0.1}] * 2 + [{"x": 0.9}] * 2


# Weights of choices are nothing that Optuna knows of.
PRIORS = [*((name, True) for name in (*ENDLESS[:6], *LEARNING)), ("optuna:random", False)]


@pytest.mark.parametrize(("name", "weighted"), PRIORS)
def test_what_is_drawn_before_any_report_follows_the_prior(name, weighted, mixed):
    searcher = made(name, mixed)
    drawn = [trial.config for trial in islice(iter(searcher.draw, None), 1000)]
    for hyperparameter in ("rate", "decay"):
        values = [config[hyperparameter] for config in drawn]
        assert stats.kstest(values, mixed[hyperparameter].cdf).pvalue > 0.01
    expected = {
        "units": {k: mixed["units"].pmf(k) for k in range(1, 9)},
        "layers": dict.fromkeys(range(1, 6), 1 / 5),
        "act": dict.fromkeys(mixed["act"], 1 / 3),
        "optimiser": {"sgd": 0.25, "adam": 0.75} if weighted else {"sgd": 0.5, "adam": 0.5},
    }
    for hyperparameter, shares in expected.items():
        values = [config[hyperparameter] for config in drawn]
        counts = [values.count(value) for value in shares]
        assert sum(counts) == 1000
        assert stats.chisquare(counts, 1000 * np.array(list(shares.values()))).pvalue > 0.01


@dataclass
class Foretold:
    """A blackbox that computes what it was told of, and nothing else."""

    curves: PowerLaw = field(default_factory=PowerLaw)
    blocks: list = field(default_factory=list)
    configs = ()

    @property
    def space(self):
        return self.curves.space

    @property
    def r_max(self):
        return self.curves.r_max

    def curve(self, config, seed):
        assert any((config, seed) in block for block in self.blocks)
        return self.curves.curve(config, seed)

    def foresee(self, configs, seeds):
        self.blocks.append(list(zip(configs, seeds, strict=True)))


@pytest.mark.parametrize("name", ["random", "sobol", "halton", "grid"])
@pytest.mark.parametrize("wrap", [lambda box: box, lambda box: Recosted(box, lambda _: None)])
def test_a_blackbox_is_told_what_is_to_come_a_block_at_a_time(name, wrap):
    box = Foretold()
    first = [{"learning_rate": 0.5, "width": 16}]
    searcher = searcher_for(wrap(box), name=name, seed=3, first=first, max_trials=101)
    drawn = [trial.config for trial in iter(searcher.draw, None)]
    told = [training for block in box.blocks for training in block]
    assert told == list(zip(drawn, range(3 << 32, (3 << 32) + 101), strict=True))
    assert drawn[0] == first[0]
    assert list(map(len, box.blocks)) == [32, 64, 5]
    plain = searcher_for(box.curves, name=name, seed=3, first=first, max_trials=101)
    assert drawn == [trial.config for trial in iter(plain.draw, None)]


def test_blocks_are_told_of_no_sooner_than_they_are_needed():
    box = Foretold()
    searcher = searcher_for(box, seed=0)
    assert box.blocks == []
    for _ in range(32):
        searcher.draw()
    assert len(box.blocks) == 1
    assert not isinstance(PowerLaw(), Foreseeing)
    Recosted(PowerLaw(), lambda _: None).foresee([], [])  # nobody is told


def test_a_run_trains_what_was_told():
    box = Foretold()
    asha = ASHA(searcher_for(box, seed=3), r_min=1, r_max=81, eta=3)
    cluster = Cluster(asha, box, workers=5, seed=3, limits=Limits(max_jobs=100))
    assert len(cluster.run().jobs) == 100  # of any other training `Foretold` has no curve


@pytest.mark.parametrize("name", SEARCHERS)
def test_who_learns_says_so(name, mixed):
    assert made(name, mixed).adaptive == (name in ADAPTIVE)


def test_the_command_line_has_the_same_names():
    assert options.SEARCHER_NAMES == SEARCHERS


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"name": "best"}, "searcher is 'best': choose from random, grid, "),
        ({"name": "local", "order": "given"}, "order 'given' is random search's, not local's"),
        ({"name": "local", "grid_points": 3}, "grid_points is 3, but the searcher is local"),
        ({"max_trials": -1}, "max_trials is -1"),
        ({"first": [{"width": 16}]}, "name exactly learning_rate, width"),
    ],
)
def test_what_cannot_be_is_refused(given, message):
    with pytest.raises(ValueError, match=message):
        searcher_for(PowerLaw(), seed=0, **given)


@pytest.mark.parametrize(
    ("package", "name", "remedy"),
    [
        ("optuna", "optuna:tpe", r"pip install 'rungsim\[optuna\]'"),
        ("torch", "optuna:gp", "pip install torch"),
        ("cmaes", "optuna:cma-es", "pip install cmaes"),
    ],
)
def test_a_package_that_is_missing_is_named(package, name, remedy, mixed, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InputError, match=f"{name} needs {package}.*{remedy}"):
        made(name, mixed)
