"""Contrasts with several baselines, and ranks, by hand and over several tables."""

from math import inf, isnan
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import sim
from sim.experiments.run import simulate
from sim.experiments.target import loss_scale
from sim.studies.statistics import power
from sim.studies.statistics.contrasts import contrasts
from sim.studies.statistics.ranks import ranks
from sim.studies.study_file import parse
from sim.traces import metrics

TEXT = """
measures = ["end_seconds", "finished", "time_to_target", "jobs"]
seeds = 6
ranks = "scheduler"
[experiment]
curves = "power-law"
[axes]
scheduler = ["random", "sh", "asha"]
workers = [1, 4]
[against]
scheduler = ["random", "sh"]
"""
STUDY = parse(TEXT, Path("three.toml"))


def figures(study=STUDY):
    """Return figures in which about a fifth of the runs misses, and many are equal."""
    rng = np.random.default_rng(3)
    values = rng.integers(1, 9, (study.runs, len(study.measures))).astype(float)
    values[:, 2] = np.where(rng.random(study.runs) < 0.2, inf, values[:, 2])
    values[:, 0] = 10.0
    return values


def test_each_baseline_is_compared_with_all_others():
    values = figures()
    found = contrasts(STUDY, values)
    assert len(found) == 2 * 2 * 2 * 4  # baselines, other schedulers, worker counts, measures
    cube = values.reshape(3, 2, 6, 4)
    names, counts = ["random", "sh", "asha"], ["1", "4"]
    for _, row in found.iterrows():
        m, w = STUDY.measures.index(row["measure"]), counts.index(row["workers"])
        own = cube[names.index(row["scheduler"]), w, :, m]
        other = cube[names.index(row["against"]), w, :, m]
        more, less, equal = (own > other).sum(), (own < other).sum(), (own == other).sum()
        better = {"jobs": np.nan, "finished": more}.get(row["measure"], less)
        assert row["wins"] == (better + equal / 2) / 6 or isnan(better + row["wins"])
        assert row["p_value"] == power.signed_rank(power.paired_differences(own, other))
        # The number of jobs has no better direction.
        assert isnan(row["wins_low"]) == (row["measure"] == "jobs")
    assert set(found[found["p_logrank"].notna()]["measure"]) == {"time_to_target"}


def test_the_correction_counts_each_pair_of_cells_once():
    found = contrasts(STUDY, figures())
    for _, rows in found.groupby("measure"):
        pairs = {}  # of random and sh, sh and asha, asha and random, with 1 and 4 workers: 6
        for _, row in rows.iterrows():
            pair = frozenset((row["scheduler"], row["against"])), row["workers"]
            assert pairs.setdefault(pair, row["p_value"]) == row["p_value"]
        assert len(pairs) == 6
        corrected = dict(zip(pairs, power.holm([*pairs.values()]), strict=True))
        for _, row in rows.iterrows():
            pair = frozenset((row["scheduler"], row["against"])), row["workers"]
            assert row["p_holm"] == corrected[pair] >= row["p_value"]


def test_one_baseline_gives_the_same_estimates_as_a_list_of_it():
    values = figures()
    one = parse(TEXT.replace('scheduler = ["random", "sh"]\n', 'scheduler = "sh"\n'), Path("a"))
    both = contrasts(STUDY, values)
    of_sh = both[both["against"] == "sh"].reset_index(drop=True).drop(columns="p_holm")
    assert contrasts(one, values).drop(columns="p_holm").equals(of_sh)
    assert parse(STUDY.to_toml(), Path("three.toml")) == STUDY
    assert parse(one.to_toml(), Path("a")).against == {"scheduler": "sh"}


def test_without_the_end_of_runs_there_is_no_log_rank_test():
    study = parse(TEXT.replace('"end_seconds", ', ""), Path("three.toml"))
    assert contrasts(study, figures()[:, 1:])["p_logrank"].isna().all()


def test_ranks_by_hand():
    # Four blocks: workers 1 and 4 at two seeds. Columns: random, sh, asha.
    study = parse(
        TEXT.replace("seeds = 6", "seeds = 2").replace(', "jobs"', ""), Path("three.toml")
    )
    times = [[3.0, 2.0, 1.0], [inf, inf, 5.0], [4.0, 6.0, 5.0], [7.0, 3.0, 2.0]]
    cube = np.zeros((3, 2, 2, 3))
    cube[..., 2] = np.array(times).T.reshape(3, 2, 2)
    cube[..., 1] = -cube[..., 2]  # of which larger is better
    found = ranks(study, cube.reshape(12, 3))
    # Ranks: (3, 2, 1), (2.5, 2.5, 1), (1, 3, 2), (3, 2, 1): sums 9.5, 9.5, 5.
    for measure in ("time_to_target", "finished"):
        rows = found[found["measure"] == measure]
        assert rows["setting"].tolist() == ["random", "sh", "asha"]
        assert rows["mean_rank"].tolist() == [9.5 / 4, 9.5 / 4, 5 / 4]
        assert set(rows["blocks"]) == {4}
        # Uncorrected, 12 / (4 x 3 x 4) (9.5**2 + 9.5**2 + 5**2) - 3 x 4 x 4 = 3.375; divided by
        # 1 - (2**3 - 2) / (4 x 3 x (9 - 1)) = 0.9375 for the tie: 3.6. With 2 degrees of freedom
        # p = exp(-3.6 / 2).
        assert rows["friedman_chi2"].tolist() == pytest.approx([3.6] * 3, rel=1e-10)
        assert rows["friedman_p"].tolist() == pytest.approx([np.exp(-1.8)] * 3, rel=1e-10)
    equal = found[found["measure"] == "end_seconds"]
    assert equal["mean_rank"].tolist() == [2.0, 2.0, 2.0]
    assert equal["friedman_p"].isna().all()


@pytest.mark.parametrize(
    ("settings", "q"),
    [(2, 1.960), (3, 2.343), (4, 2.569), (5, 2.728)],  # Demsar 2006, table 5 (a)
)
def test_the_critical_difference_is_that_of_the_paper(settings, q):
    names = ["random", "sh", "asha", "hyperband", "pasha"][:settings]
    text = TEXT.replace('["random", "sh", "asha"]', f"{names}".replace("'", '"'))
    study = parse(text, Path("some.toml"))
    found = ranks(study, figures(study))
    wanted = q * np.sqrt(settings * (settings + 1) / (6 * 2 * 6))
    assert found["critical_difference"].tolist() == pytest.approx([wanted] * len(found), rel=3e-4)
    assert "jobs" not in set(found["measure"])


def test_over_several_tables_each_is_compared_with_itself():
    text = """
    measures = ["regret", "regret_area", "best_loss"]
    seeds = 6
    ranks = "scheduler"
    experiment.eta = 3
    experiment.limits.max_seconds = 40
    axes.curves = ["power-law", "bowl", "softmax-fashion-mnist"]
    axes.scheduler = ["random", "asha"]
    against.scheduler = "random"
    """
    study = parse(text, Path("suite.toml"))
    results = sim.run_study(study)
    runs = results.runs.set_index(["curves", "scheduler", "seed"]).sort_index()
    scales = {loss_scale(cell.experiment) for cell in study.cells}
    assert len(scales) == 3
    for experiment in study.grid():
        row = runs.loc[(experiment.curves, experiment.scheduler, experiment.seed)]
        trace = simulate(experiment).trace
        assert row["regret"] == metrics.regret(trace, *loss_scale(experiment))
    for _, row in results.contrasts.iterrows():
        own, other = (
            runs.loc[(row["curves"], name), row["measure"]] for name in ("asha", "random")
        )
        assert row["scheduler"] == "asha"
        assert row["difference"] == pytest.approx(np.median(own - other), abs=1e-12)
        assert row["wins"] == pytest.approx(np.mean(own < other) + np.mean(own == other) / 2)
    told = ranks(study, results.values)
    assert set(told["blocks"]) == {3 * 6}
    for measure in study.measures:
        own, other = (runs.xs(name, level="scheduler")[measure] for name in ("asha", "random"))
        asha = np.mean(1 + (own > other) + (own == other) / 2)
        rows = told[told["measure"] == measure].set_index("setting")
        assert rows["mean_rank"]["asha"] == pytest.approx(asha)
        assert rows["friedman_p"].isna().all()  # it needs three settings


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('ranks = "scheduler"', 'ranks = "eta"', "ranks is 'eta': choose from scheduler, workers"),
        ("[1, 4]\n", '[1]\n[pictures.a]\nkind="reached"\n', "survival is False: give true"),
        ('["random", "sh"]', '["random", "nope"]', "against.scheduler is 'nope'"),
        ('["random", "sh"]', "[]", "give at least one setting of it"),
    ],
)
def test_what_a_study_cannot_compare_is_refused(old, new, message):
    head, _, tail = TEXT.rpartition(old)
    with pytest.raises(ValueError, match=message):
        parse(f"{head}{new}{tail}", Path("three.toml"))


def test_figures_that_differ_by_rounding_share_their_rank():
    values = figures()
    noise = np.random.default_rng(4).choice([-1e-16, 0.0, 1e-16], values.shape)
    pd.testing.assert_frame_equal(ranks(STUDY, values * (1 + 2 * noise)), ranks(STUDY, values))
