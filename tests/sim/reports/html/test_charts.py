"""Figures as values: ranges, intervals, ranks."""

from itertools import combinations
from math import inf, nan

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.experiments.experiment import Experiment
from sim.experiments.run import simulate
from sim.jobs.limits import Limits
from sim.reports.html import charts, survival_and_ranks, timelines
from sim.reports.plots.palette import SCHEDULERS, label_looks
from sim.reports.plots.studies import rank_diagram
from sim.traces import metrics

AXIS = charts.axis("x")


def test_an_interval_is_the_distance_to_its_ends():
    line = charts.Line("asha", SCHEDULERS["asha"], [1, 2], [10.0, 4.0], [8.0, 3.5], [11.0, 6.0])
    (trace,) = charts.lines([line], x=AXIS, y=AXIS)["traces"]
    assert trace["error_y"]["array"] == [1.0, 2.0]  # 11 - 10, 6 - 4
    assert trace["error_y"]["arrayminus"] == [2.0, 0.5]  # 10 - 8, 4 - 3.5


def test_an_interval_without_an_end_leaves_the_plot():
    line = charts.Line("sh", SCHEDULERS["sh"], [1, 2], [10.0, inf], [8.0, 9.0], [inf, inf])
    figure = charts.lines([line], x=AXIS, y=AXIS)
    (trace,) = figure["traces"]
    low, high = figure["layout"]["yaxis"]["range"]
    assert low <= 8
    assert high > 10
    assert 10 + trace["error_y"]["array"][0] > high
    assert trace["y"][0] == 10.0
    assert trace["y"][1] != trace["y"][1]  # a gap: JSON has null


def test_a_logarithmic_axis_leaves_out_what_is_not_positive():
    line = charts.Line("sh", SCHEDULERS["sh"], [1, 2], [1.0, 0.0], [0.5, 0.0], [inf, 10.0])
    figure = charts.lines([line], x=AXIS, y=charts.axis("speedup", type="log"))
    low, high = figure["layout"]["yaxis"]["range"]
    assert low < -0.3 < 1 < high  # log10 of 0.5 and of 10


def test_ranks_without_a_friedman_test_are_drawn():
    row = {"measure": "best_loss", "axis": "scheduler", "blocks": 6, "friedman_p": nan}
    settings = [{"setting": "sh", "mean_rank": 1.25}, {"setting": "asha", "mean_rank": 1.75}]
    table = pd.DataFrame([row | each | {"critical_difference": 0.8} for each in settings])
    (chart,) = survival_and_ranks.ranks(table)
    assert "Friedman" not in chart.note
    (chart,) = survival_and_ranks.ranks(table.assign(friedman_p=0.0))
    assert "p (Friedman): < 0.0001" in chart.note


def test_a_band_is_as_narrow_as_its_line_where_there_is_no_interval():
    step = {"measure": "time_to_target", "scheduler": "sh", "at_risk": 4}
    ends = [(0.0, 0.0, nan, nan), (2.0, 0.5, 0.1, 0.9), (3.0, 1.0, nan, nan)]
    names = ("seconds", "reached", "low", "high")
    table = pd.DataFrame([step | dict(zip(names, each, strict=True)) for each in ends])
    (chart,) = survival_and_ranks.survival(
        table, ["scheduler"], "scheduler", lambda row: row["scheduler"]
    )
    band = [trace["y"] for trace in chart.figure["traces"] if "name" not in trace]
    assert sorted(band) == [[0.0, 0.1, 1.0], [0.0, 0.9, 1.0]]


def test_an_axis_of_powers_is_logarithmic():
    assert charts.number_axis("workers", [1, 2, 4, 8])["type"] == "log"
    assert charts.number_axis("workers", [0, 2, 4, 8])["type"] == "linear"
    assert charts.number_axis("p", [0.1, 0.2])["ticktext"] == ["0.1", "0.2"]


def test_each_setting_keeps_its_colour():
    looks = label_looks(["asha", "sh"])
    figure = survival_and_ranks.diagram({"asha": 1.25, "sh": 1.75}, looks, 0.4)
    colours = {t["hovertext"].split(":")[0]: t["line"]["color"] for t in figure["traces"][:2]}
    assert colours == {name: look.colour for name, look in looks.items()}


RANKS = st.lists(st.floats(1, 9).map(lambda rank: round(rank, 2)), min_size=1, max_size=8)


@given(RANKS, st.floats(0, 9) | st.just(nan))
def test_thick_lines_join_exactly_the_pairs_within_the_critical_difference(ranks, critical):
    ordered = sorted(ranks)
    groups = rank_diagram.groups(ordered, critical)
    joined = {pair for first, last in groups for pair in combinations(range(first, last + 1), 2)}
    places = range(len(ordered))
    assert joined == {
        (i, j) for i, j in combinations(places, 2) if ordered[j] - ordered[i] < critical
    }
    assert not any(a != b and b[0] <= a[0] and a[1] <= b[1] for a in groups for b in groups)


@pytest.fixture(scope="module")
def trace():
    limits = Limits(max_seconds=40)
    return simulate(Experiment(curves="power-law", r_max=9, eta=3, workers=3, limits=limits)).trace


def test_the_bars_of_a_gantt_chart_are_the_workers_time(trace):
    figure = timelines.gantt(trace, {})
    parts = {each["kind"]: sum(each["x"]) for each in figure["traces"]}
    told = metrics.worker_seconds(trace)
    # Of three workers for 40 s: what was trained, the jobs that the end has cut included.
    assert parts["training"] + parts.get("cut", 0.0) == pytest.approx(told["training"])
    assert figure["jobs"]["trial"] == trace.jobs["trial"].tolist()


def test_a_density_sums_up_to_the_workers(trace):
    figure = timelines.density(trace)
    heights = np.sum([each["y"] for each in figure["traces"]], axis=0)
    assert heights == pytest.approx(np.full(len(heights), 3.0), abs=1e-3)


def test_many_workers_are_a_density(monkeypatch, trace):
    assert "jobs" in timelines.activity(trace)
    monkeypatch.setattr(timelines, "MOST_WORKERS", 2)
    assert "jobs" not in timelines.activity(trace)


def test_losses_have_a_gap_between_trials(trace):
    figure, note = timelines.losses(trace)
    (drawn,) = figure["traces"]
    done = trace.jobs[trace.jobs["outcome"] == "done"]
    assert sum(x is not None for x in drawn["x"]) == len(done)
    assert drawn["x"].count(None) == done["trial"].nunique() - 1
    assert not note
