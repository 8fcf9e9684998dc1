"""The grid and its figures, against a few lines of arithmetic."""

from dataclasses import replace
from math import inf

import numpy as np
import pandas as pd
import pytest

from learning_curves.errors import InputError
from sim.experiments.experiment import Experiment
from sim.experiments.parts import source
from sim.experiments.run import simulate
from sim.faults import Faults
from sim.jobs.costs import Costs
from sim.jobs.limits import Limits
from sim.studies.comparison import (
    PARTS,
    by_cell,
    by_seed,
    default_target,
    effects,
    gains,
    grid,
    measure_all,
)

BASE = Experiment(curves="power-law", r_max=9, eta=3, seed=5, limits=Limits(max_epochs=60))


def test_every_cell_meets_the_same_seeds():
    cells = grid(BASE, schedulers=["sh", "asha"], workers=[1, 4], seeds=3)
    told = [(each.scheduler, each.workers, each.seed) for each in cells]
    assert told == [(s, w, 5 + k) for s in ("sh", "asha") for w in (1, 4) for k in range(3)]


def test_a_row_a_run_in_the_order_of_the_grid():
    cells = grid(BASE, schedulers=["sh"], workers=[1, 4], seeds=2)
    runs = by_seed(measure_all(cells, 0.2))
    assert runs["workers"].tolist() == [1, 1, 4, 4]
    assert runs["seed"].tolist() == [5, 6, 5, 6]
    assert runs[list(PARTS)].sum(axis=1).tolist() == pytest.approx([1] * 4)


def row(workers, seed, seconds, *, end=10.0, finished=4):
    return {
        "scheduler": "asha",
        "workers": workers,
        "seed": seed,
        "end_seconds": end,
        "finished": finished,
        "lost": 0,
        "best_loss": 0.1 * (1 + seed),
        "time_to_target": seconds,
        **dict.fromkeys(PARTS, 0.0),
        "training": 1.0,
    }


def test_the_figures_of_a_cell():
    runs = [row(1, 0, 8.0), row(1, 1, 9.0), row(1, 2, 8.0)]
    runs += [row(4, 0, 2.0, end=5.0), row(4, 1, 3.0, end=5.0), row(4, 2, inf, end=5.0, finished=1)]
    alone, four = by_cell(pd.DataFrame(runs), seed=0).to_dict("records")
    assert (alone["speedup"], alone["missed"], alone["throughput_speedup"]) == (1, 0, 1)
    # Ratios 4, 3 and, for the miss, 0. Trials a second: 9 / 15 against 12 / 30.
    assert (four["speedup"], four["missed"]) == (3, 1)
    assert four["throughput_speedup"] == pytest.approx(1.5)
    assert four["time_to_target"] == 3
    assert four["best_loss"] == pytest.approx(0.2)
    assert four["least"] == four["most"] == 3
    assert np.isnan([four["low"], four["high"]]).all()  # too few seeds for an interval


def test_nothing_finished_gives_no_throughput():
    runs = [row(1, 0, inf, finished=0), row(2, 0, inf, finished=0)]
    cells = by_cell(pd.DataFrame(runs), seed=0)
    assert cells["throughput_speedup"].isna().all()
    assert cells["time_to_target"].tolist() == [inf, inf]


def test_a_tenth_of_the_configs_reach_the_target():
    experiment = Experiment(curves="softmax-fashion-mnist")
    table = source(experiment)
    for r_max in (16, 4):
        target = default_target(replace(experiment, r_max=r_max))
        losses = [table.curve(each, 0).losses(0, r_max)[-1] for each in table.configs]
        assert 0.1 <= np.mean(np.array(losses) <= target) <= 0.11
    # Other seconds are no other losses.
    assert default_target(replace(experiment, seconds="d2l-gpu")) == default_target(experiment)
    assert 0.1 < default_target(BASE) == default_target(BASE) < 0.2


def test_where_nearly_all_diverge_a_target_must_be_given(tmp_path):
    rows = [f"{i},{i},0,1,{'inf' if i else 0.5},1.0" for i in range(20)]
    path = tmp_path / "diverging.csv"
    path.write_text("\n".join(["config_id,lr,seed,epoch,validation_error,seconds", *rows]) + "\n")
    with pytest.raises(InputError, match="give a --target"):
        default_target(Experiment(curves=str(path)))


def test_where_nothing_straggles_nothing_is_compared_with():
    runs = by_seed(measure_all(grid(BASE, schedulers=["sh"], workers=[2], seeds=1), 0.2))
    assert not [name for name in runs.columns if name.endswith("_without")]
    losing = replace(BASE, faults=Faults(lost_probability=0.01))
    assert next(measure_all([losing], 0.2)).without is None


def test_the_twin_of_a_run_has_its_losses_and_no_stragglers():
    faults = Faults(pareto_alpha=1.5, slow_epochs=0.1, lost_probability=0.02, mtbf=40.0, mttr=2.0)
    straggling = replace(BASE, straggler_sigma=0.5, faults=faults)
    (measured,) = measure_all([straggling], 0.2)
    alone = simulate(replace(BASE, faults=Faults(lost_probability=0.02, mtbf=40.0, mttr=2.0)))
    assert measured.without.end_seconds == alone.trace.end
    assert measured.without.without is None
    (row,) = by_seed([measured]).to_dict("records")
    assert row["end_seconds_without"] == alone.trace.end < row["end_seconds"]
    assert row["shortage_without"] == pytest.approx(measured.without.shares["shortage"])


def test_what_straggling_does_is_told_by_pairs():
    with_ = [row(4, seed, seconds, end=end) for seed, seconds, end in _SLOWED]
    without = {"end_seconds": 10.0, "finished": 4, **dict.fromkeys(PARTS, 0.0)}
    runs = pd.DataFrame(
        each
        | {f"{name}_without": value for name, value in without.items()}
        | {"time_to_target_without": 6.0 if each["seed"] < 4 else inf}
        for each in with_
    )
    (told,) = effects(runs, seed=0).to_dict("records")
    # Ends later by 1, 2, 3, 4, 5; targets later by 1, 3, 2, never, and who knows (missed by both).
    assert (told["scheduler"], told["workers"]) == ("asha", 4)
    assert told["slowdown"] == 1.3  # of 1.1, 1.2, 1.3, 1.4, 1.5
    assert told["end_seconds"] == 3
    assert (told["finished"], told["finished_least"], told["finished_most"]) == (0, 0, 0)
    # Sorted: 1, 2, 3, inf and one from -inf to inf: the median lies from 2 to 3.
    assert np.isnan(told["time_to_target"])
    assert (told["time_to_target_least"], told["time_to_target_most"]) == (2, 3)


_SLOWED = [(0, 7.0, 11.0), (1, 9.0, 12.0), (2, 8.0, 13.0), (3, inf, 14.0), (4, inf, 15.0)]


def test_a_barrier_multiplies_what_straggling_costs():
    # Batches of 8 equal jobs with lognormal lengths of mean 1: random search takes what its work
    # takes, a batch the maximum of 8, exp(0.5 * 1.42 - 0.125) = 1.8 of the mean or more.
    base = replace(
        BASE,
        eta=3,
        workers=8,
        limits=Limits(max_epochs=9 * 8 * 20),
        costs=Costs(),
        faults=Faults(lognormal_sigma=0.5),
    )
    cells = grid(base, schedulers=["random", "random-batch"], workers=[8], seeds=6)
    random, batch = effects(by_seed(measure_all(cells, 0.0)), seed=0).to_dict("records")
    assert abs(random["end_seconds"]) < 0.15 * 20 * 9
    assert 1.7 < batch["slowdown"] < 2.1
    assert batch["end_seconds_low"] > 0.7 * 20 * 9
    assert batch["straggling"] > 0.4
    assert batch["straggling_without"] == batch["shortage"] == batch["shortage_without"] == 0


def test_what_a_scheduler_gains_over_another_is_told_by_pairs():
    base = [
        row(4, seed + more, seconds, end=20.0)
        for more in (0, 3)
        for seed, seconds in enumerate((8.0, 9.0, inf))
    ]
    other = [
        row(4, seed + more, seconds, end=end, finished=finished)
        for more in (3, 0)  # the seeds in another order
        for seed, seconds, end, finished in ((2, 5.0, 10.0, 9), (0, 4.0, 10.0, 6), (1, 3.0, 5.0, 7))
    ]
    runs = pd.DataFrame([each | {"scheduler": "sh"} for each in base] + other)
    (told,) = gains(runs, "sh", seed=0).to_dict("records")
    assert (told["scheduler"], told["workers"]) == ("asha", 4)
    assert told["sooner"] == 3  # of 8 / 4, 9 / 3, and inf / 5, twice each
    assert (told["sooner_low"], told["sooner_high"]) == (2, inf)
    assert told["shorter"] == 2  # of 2, 4, 2
    assert told["finished"] == 3  # of 2, 3, 5
