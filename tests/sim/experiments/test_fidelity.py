"""Scheduler fidelity: paired runs, and the orders of the schedulers."""

from dataclasses import replace
from math import inf

import numpy as np
import pytest

from learning_curves.surrogates.cross_validation import held_out
from learning_curves.tables.tabular import load
from sim.experiments.experiment import Experiment
from sim.experiments.fidelity import (
    BATCH,
    SOURCES,
    Fate,
    Retrained,
    by_scheduler,
    fates,
    order_kept,
)
from sim.experiments.run import bounded
from sim.jobs.limits import Limits
from sim.studies.parallel.pool import pool_of

TABLE = load("lenet-fashion-mnist")
BASE = Experiment(curves=TABLE.name, workers=4, limits=Limits(max_epochs=150))
SCHEDULERS = ("random", "sh", "asha")


def test_retrained_is_the_other_recorded_training():
    again = Retrained(TABLE)
    assert (again.configs, again.r_max, again.space) == (TABLE.configs, 10, TABLE.space)
    for place, config in enumerate(TABLE.configs):
        both = TABLE.recorded.curves[place]
        for seed in range(4):
            one, other = TABLE.curve(config, seed), again.curve(config, seed)
            assert {one.all_losses, other.all_losses} == {c.all_losses for c in both.values()}
            assert one.config_id == other.config_id == place


def test_on_the_table_itself_all_is_kept():
    runs = list(fates(BASE, {"table": TABLE, "surrogate": TABLE}, SCHEDULERS, 4, target=0.2))
    told = [fate for each in runs for fate in each]
    assert len(told) == 4 * 3 * 2
    order = order_kept(told, "surrogate", np.random.default_rng(0))
    assert (order["kept"], order["seeds"], order["medians"]) == (4, 4, 1.0)
    assert all(pair["agree"] == 4 for pair in order["pairs"])
    rows = by_scheduler(told)
    assert (rows["difference"] == 0).all()
    assert rows["rungs"].tolist()[0] == {10: 15.0}  # 150 epochs in trials of 10


def test_runs_are_the_same_on_any_number_of_processes():
    sources = dict(zip(SOURCES, (TABLE, Retrained(TABLE), held_out(TABLE, folds=4)), strict=True))
    here = list(fates(BASE, sources, SCHEDULERS, 3, target=0.2))
    with pool_of(2) as pool:
        there = list(fates(BASE, sources, SCHEDULERS, 3, 0.2, pool))
    assert here == there
    seeds = [each[0].seed for each in here]
    assert seeds == [0, 1, 2]
    # The configs are paired: random search finishes as many, whatever the curves.
    finished = {fate.source: fate.rungs[10] for fate in here[0] if fate.scheduler == "random"}
    assert set(finished.values()) == {15}


def fate(source, scheduler, seed, time, loss=0.5):
    return Fate(source, scheduler, seed, loss, time, 1.0, {1: 2, 2: 1})


def test_orders_are_compared_as_worked_out_by_hand():
    table = {0: (1.0, 2.0, 3.0), 1: (1.0, 2.0, 3.0), 2: (3.0, 2.0, inf), 3: (inf, 1.0, inf)}
    other = {0: (4.0, 5.0, 6.0), 1: (2.0, 1.0, 3.0), 2: (3.0, 2.0, inf), 3: (inf, 1.0, 9.0)}
    told = [
        fate(source, name, seed, time)
        for source, times in (("table", table), ("surrogate", other))
        for seed, row in times.items()
        for name, time in zip(SCHEDULERS, row, strict=True)
    ]
    order = order_kept(told, "surrogate", np.random.default_rng(0), resamples=50)
    # Seeds 0 and 2 are in the same order; in 1 the first two change places; in 3 two that both
    # miss are no longer equal.
    assert order["kept"] == 2
    assert [(pair["first"], pair["second"], pair["agree"]) for pair in order["pairs"]] == [
        ("random", "sh", 3),  # but in seed 1
        ("random", "asha", 3),  # but in seed 3
        ("sh", "asha", 4),
    ]
    assert order["pairs"][0]["table"] == 2  # seeds 0 and 1
    assert order["pairs"][0]["source"] == 1  # seed 0


def test_medians_of_an_experiment_are_kept_where_single_seeds_are_not():
    rng = np.random.default_rng(3)
    # sh takes 10 +- 3, asha 7 +- 3 seconds: one seed says little, 21 seeds say much.
    told = [
        fate(source, name, seed, rng.normal(mean, 3))
        for source in ("table", "surrogate")
        for seed in range(200)
        for name, mean in (("sh", 10.0), ("asha", 7.0))
    ]
    order = order_kept(told, "surrogate", np.random.default_rng(0))
    # P(sh sooner) = P(N(3, 3 sqrt 2) < 0) = 0.24; both say the same with 0.76**2 + 0.24**2 = 0.64,
    # standard error sqrt(0.64 * 0.36 / 200) = 0.034.
    assert abs(order["kept"] / 200 - 0.64) < 4 * 0.034
    assert order["medians"] > 0.9
    assert BATCH % 2 == 1


def test_differences_are_paired_by_seed():
    told = [
        fate("table", "sh", 0, 1.0, loss=0.5),
        fate("surrogate", "sh", 0, inf, loss=0.4),
        fate("table", "sh", 1, 1.0, loss=0.3),
        fate("surrogate", "sh", 1, inf, loss=0.4),
        fate("table", "sh", 2, 1.0, loss=inf),
        fate("surrogate", "sh", 2, 4.0, loss=inf),
    ]
    rows = by_scheduler(told).set_index("source")
    # -0.1, +0.1, and nothing where neither has an incumbent: mean 0, variance 0.02 / 2.
    assert rows.loc["surrogate", "difference"] == pytest.approx(0.0)
    assert rows.loc["surrogate", "standard_error"] == pytest.approx((0.02 / 2 / 3) ** 0.5)
    assert rows.loc["surrogate", "missed"] == 2
    assert rows.loc["surrogate", "time_to_target"] == inf
    assert rows.loc["table", "rungs"] == {1: 2.0, 2: 1.0}


def test_an_experiment_of_a_surrogate_is_run_like_one_of_a_table():
    from sim.experiments.run import simulate

    word = replace(BASE, curves="surrogate:lenet-fashion-mnist", seconds="d2l-gpu")
    summary = simulate(bounded(word)).summary()
    assert summary["finished"] > 0
    assert summary == simulate(bounded(word)).summary()
    assert set(summary["best_config"]) == {"learning_rate", "batch_size"}
