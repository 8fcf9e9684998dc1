"""The grid and its figures, against a few lines of arithmetic."""

from dataclasses import replace
from math import inf

import numpy as np
import pandas as pd
import pytest

from learning_curves.errors import InputError
from sim.comparison import PARTS, by_cell, by_seed, default_target, grid, measure_all
from sim.experiment import Experiment, source
from sim.limits import Limits

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
    assert four["low"] <= 3 <= four["high"]


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
