"""Measures of a run, on a trace small enough to work out by hand, and against brute force."""

from math import inf, nan

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from learning_curves.blackbox import RecordedCurve
from sim.jobs.costs import Costs
from sim.traces import estimates, metrics
from sim.traces.trace import COLUMNS, OUTCOMES, Outcome, Trace, down_table, frame, kept_table, pack


def trace(rows, *, workers=2, r_max=4, end=10.0, drained_from=10.0):
    jobs = pd.DataFrame(
        [
            dict.fromkeys(COLUMNS, 0) | {"job": i, "overhead": 0.0} | row
            for i, row in enumerate(rows)
        ],
        columns=list(COLUMNS),
    )
    jobs["outcome"] = pd.Categorical([row["outcome"] for row in rows], categories=list(OUTCOMES))
    return Trace(jobs, workers, r_max, end, drained_from)


def job(trial, worker, start, stop, started, ended, loss=nan, outcome="done", overhead=0.0):
    return {
        "trial": trial,
        "worker": worker,
        "start": start,
        "stop": stop,
        "started": started,
        "ended": ended,
        "loss": loss,
        "outcome": outcome,
        "overhead": overhead,
    }


# Two workers, 10 seconds, DONE from second 8 on.
#   worker 0: 0-3 trial 0 (1 s of overhead), waits 3-5, 5-8 trial 0, drained 8-10
#   worker 1: 0-5 trial 1, 5-7 lost (1 s of overhead), waits 7-8, drained 8-9, 9-10 cut
STORY = trace(
    [
        job(0, 0, 0, 1, 0.0, 3.0, 0.5, overhead=1.0),
        job(1, 1, 0, 1, 0.0, 5.0, 0.7),
        job(0, 0, 1, 4, 5.0, 8.0, 0.2),
        job(2, 1, 0, 1, 5.0, 7.0, outcome="lost", overhead=1.0),
        job(2, 1, 0, 1, 9.0, 10.0, outcome="cut"),
    ],
    drained_from=8.0,
)


def test_the_workers_time_is_split_by_hand():
    assert metrics.worker_seconds(STORY) == {
        "training": 2 + 5 + 3 + 1,
        "overhead": 1 + 1,
        "wasted": 1,
        "down": 0,
        "waiting": 2 + 1,
        "drained": 2 + 1,
    }
    assert metrics.utilisation(STORY) == 11 / 20
    assert metrics.finished(STORY) == 1


def test_the_incumbent_is_what_was_reported_when_it_was_reported():
    times, losses = metrics.incumbent(STORY)
    assert times.tolist() == [3.0, 8.0]
    assert losses.tolist() == [0.5, 0.2]
    assert metrics.time_to(STORY, 0.5) == 3.0
    assert metrics.time_to(STORY, 0.3) == 8.0
    assert metrics.time_to(STORY, 0.1) == inf


def test_a_run_without_a_finite_loss_has_no_incumbent():
    diverged = trace([job(0, 0, 0, 1, 0.0, 3.0, inf)])
    assert metrics.incumbent(diverged)[0].size == 0
    assert metrics.time_to(diverged, inf) == inf


@settings(derandomize=True, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 5)), max_size=30))
def test_the_incumbent_against_brute_force(reports):
    run = trace([job(i, 0, 0, 1, 0.0, float(t), float(x)) for i, (t, x) in enumerate(reports)])
    times, losses = metrics.incumbent(run)
    for now in range(10):
        seen = [loss for ended, loss in reports if ended <= now]
        past = losses[times <= now]
        assert (past[-1] if past.size else inf) == min(seen, default=inf)
    assert all(np.diff(losses) < 0)


def test_a_rung_table_counts_who_went_on():
    table = metrics.rung_table(STORY)
    assert table.to_dict("records") == [
        {"bracket": 0, "level": 1, "trials": 2, "diverged": 0, "went_on": 1}
        | {"best": 0.5, "median": 0.6},
        {"bracket": 0, "level": 4, "trials": 1, "diverged": 0, "went_on": 0}
        | {"best": 0.2, "median": 0.2},
    ]


def test_points_lie_within_their_jobs_in_proportion_to_the_epochs_seconds():
    curves = {
        0: RecordedCurve((0.5, 0.4, 0.3, 0.2), (9.0, 1.0, 1.0, 2.0)),
        1: RecordedCurve((0.7, 0.6, 0.6, 0.6), (5.0,) * 4),
    }
    points = metrics.points(STORY, curves, Costs(start_seconds=1.0))
    assert points["trial"].tolist() == [0, 1, 0, 0, 0]
    assert points["epoch"].tolist() == [1, 1, 2, 3, 4]
    # Trial 0's second job: 3 s for epochs of 1, 1 and 2 units, from second 5.
    assert points["seconds"].tolist() == [3.0, 5.0, 5.75, 6.5, 8.0]
    assert points["loss"].tolist() == [0.5, 0.7, 0.4, 0.3, 0.2]


def test_speedup_counts_a_miss_and_never_drops_it():
    rng = np.random.default_rng(0)
    # Ratios 4, 2, and 0 for the miss: the median is 2.
    estimate = estimates.speedup([8.0, 8.0, 8.0], [2.0, 4.0, inf], rng)
    assert (estimate.median, estimate.censored) == (2.0, 1)
    # Missed with one worker only, a seed is an infinite speedup.
    assert estimates.speedup([inf, 8.0, 8.0], [2.0, 4.0, 4.0], rng).median == 2.0
    assert estimates.speedup([8.0] * 3, [inf] * 3, rng).median == 0.0


def test_a_miss_is_not_averaged_with_a_ratio():
    # Ten seeds, five missed with many workers: in the middle lie a miss and 2, as the other way
    # round a miss with one worker and 1/2; a mean of the two would be no seed's.
    one, many = [8.0] * 10, [2.0] * 2 + [4.0] * 3 + [inf] * 5
    rng = np.random.default_rng(0)
    assert estimates.speedup(one, many, rng).median == 2.0
    assert estimates.speedup(many, one, rng).median == 0.5


def test_a_speedup_that_nobody_saw_is_not_told():
    rng = np.random.default_rng(0)
    # One seed of five missed with both: whatever it is, the median of 2, 2, 2, 2 and it is 2.
    sure = estimates.speedup([4.0] * 4 + [inf], [2.0] * 4 + [inf], rng)
    assert (sure.median, sure.censored) == (2.0, 1)
    unsure = estimates.speedup([inf] * 3 + [10.0] * 2, [inf] * 3 + [5.0] * 2, rng)
    assert np.isnan(unsure.median)
    assert (unsure.least, unsure.most, unsure.censored) == (0.0, inf, 3)
    assert (sure.least, sure.most) == (2.0, 2.0)


def test_one_unknown_pair_leaves_the_median_between_two_neighbours():
    # Ratios 1, 2, 3 and one unknown: the median is 1.5 if that is 0, and 2.5 if it is infinite.
    times = np.array([1.0, 1.0, 1.0, inf])
    estimate = estimates.speedup([1.0, 2.0, 3.0, inf], times, np.random.default_rng(0))
    assert np.isnan(estimate.median)
    assert (estimate.least, estimate.most, estimate.censored) == (1.5, 2.5, 1)


@given(st.lists(st.tuples(*[st.sampled_from([1.0, 2.0, 3.0, 5.0, inf])] * 2), min_size=1))
def test_the_median_lies_within_its_range_whatever_the_unknown_pairs_are(pairs):
    one, many = (np.array(each) for each in zip(*pairs, strict=True))
    estimate = estimates.speedup(one, many, np.random.default_rng(0), resamples=50)
    unknown = np.isinf(one) & np.isinf(many)
    # A miss with many workers only is less than any ratio; as a median it counts as 0.
    known = np.where(np.isinf(many), -inf, one / np.where(np.isinf(many), 1.0, many))
    for guess in (0.0, 0.7, 1.0, 40.0, 1e9):
        median = max(0.0, estimates.median(np.where(unknown, guess, known)))
        assert estimate.least <= median <= estimate.most
    if estimate.least == estimate.most:
        assert estimate.median == estimate.least
    else:
        assert np.isnan(estimate.median)
        assert unknown.any() or {-inf, inf} <= set(known)
    assert np.isnan([estimate.low, estimate.high]).all() == (len(pairs) < estimates.FEWEST)


def test_the_interval_covers_the_median_as_often_as_it_says():
    # Ratios drawn around a median of 2; a 95 % interval misses it in 5 % of 400 repetitions, with
    # a standard error of sqrt(0.05 * 0.95 / 400) = 1.1 %. The percentile bootstrap of a median of
    # 21 is known to be a little off: 4 standard errors are allowed on top of 1 %.
    rng = np.random.default_rng(1)
    missed = 0
    for _ in range(400):
        many = np.exp(rng.normal(size=21))
        ratio = 2 * np.exp(rng.normal(scale=0.5, size=21))
        estimate = estimates.speedup(ratio * many, many, rng, resamples=400)
        missed += not estimate.low <= 2 <= estimate.high
    assert abs(missed / 400 - 0.05) <= 0.01 + 4 * 0.011


@pytest.mark.parametrize(
    ("values", "expected"), [([3.0, 1.0], 2.0), ([1.0, inf], 1.0), ([1.0, inf, inf], inf)]
)
def test_the_median_among_infinite_values(values, expected):
    assert estimates.median(values) == expected


def test_points_of_a_job_that_saves_and_of_one_that_trains_again():
    curves = {0: RecordedCurve((0.5, 0.4, 0.3, 0.2), (1.0, 1.0, 1.0, 1.0))}
    saves = trace([job(0, 0, 0, 1, 0.0, 6.0, 0.5, overhead=5.0)])
    assert metrics.points(saves, curves, Costs(save_seconds=5.0))["seconds"].tolist() == [1.0]
    # From 8 to 12 s it trains epochs 1 to 4, and reports 3 and 4.
    again = trace([job(0, 0, 2, 4, 8.0, 12.0, 0.2)])
    points = metrics.points(again, curves, Costs(checkpoints=False))
    assert points["epoch"].tolist() == [3, 4]
    assert points["seconds"].tolist() == [11.0, 12.0]


@pytest.mark.parametrize(
    ("of", "to", "median"),
    [
        ([5.0, 7.0, 9.0], [4.0, 4.0, 4.0], 3.0),
        ([5.0, 7.0], [4.0, 4.0], 2.0),
        ([5.0, inf, inf], [4.0, 4.0, 4.0], inf),
        ([5.0, 4.0, 4.0], [4.0, inf, inf], -inf),
        ([5.0, 6.0, inf], [4.0, 4.0, inf], nan),  # -inf, 1, 2 or 1, 2, inf
        ([5.0, 5.0, inf], [4.0, 4.0, inf], 1.0),  # 1 either way
        ([1.0, 2.0, 3.0, inf], [2.0, inf, inf, 1.0], -1.0),  # -inf, -inf, -1, inf: the finite one
        ([2.0, inf, inf, 1.0], [1.0, 2.0, 3.0, inf], 1.0),  # and the same the other way round
    ],
)
def test_the_median_difference_of_pairs(of, to, median):
    told = estimates.difference(of, to, np.random.default_rng(0))
    assert told.median == pytest.approx(median, nan_ok=True)
    assert told.least <= (median if median == median else told.most) <= told.most  # noqa: PLR0124
    assert np.isnan([told.low, told.high]).all() == (len(of) < estimates.FEWEST)
    assert told.censored == sum(each == inf for each in of)


def test_time_away_is_down_and_saved_training_is_not_wasted():
    # Worker 1 is away from 2 to 6, its job lost at 2, of which 1.5 s were saved; it is free from
    # 6 to 10. Worker 0 trains to 10. Nothing is handed out from 8 on.
    rows = [
        pack(0, 0, -1, 0, 0, 0, 9, 0, Outcome.DONE, 0.0, 10.0, 0.0, 0.5),
        pack(1, 1, -1, 1, 0, 0, 9, 0, Outcome.LOST, 0.0, 2.0, 0.25, nan),
    ]
    trace = Trace(
        frame(b"".join(rows)),
        workers=2,
        r_max=9,
        end=10.0,
        drained_from=8.0,
        down=down_table([(1, 2.0, 6.0)]),
        kept=kept_table([(1, 3, 0.25, 1.5)]),
    )
    assert metrics.worker_seconds(trace) == {
        "training": 11.5,
        "overhead": 0.25,
        "wasted": 0.25,
        "down": 4.0,
        "waiting": 2.0,
        "drained": 2.0,
    }
