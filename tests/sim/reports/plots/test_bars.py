"""Bars: they leave no moment of a worker out, and their sums are what the metrics count."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from learning_curves.synthetic import Scripted
from sim.cluster.cluster import Cluster
from sim.experiments.experiment import Experiment
from sim.experiments.run import simulate
from sim.faults import Faults
from sim.jobs.costs import Costs
from sim.jobs.limits import Limits
from sim.reports.plots import band, bars
from sim.schedulers import SuccessiveHalving
from sim.searchers import searcher_for
from sim.traces.metrics import PARTS, worker_seconds
from sim.traces.trace import Outcome, Trace, down_table, frame, kept_table, pack


@st.composite
def traces(draw):
    """A trace of whole seconds on a few workers, with overhead, gaps, absences, all outcomes."""
    workers = draw(st.integers(1, 4))
    end = draw(st.integers(0, 30))
    rows, down = [], []
    for worker in range(workers):
        now = 0
        while True:
            started = now + draw(st.integers(0, 4))
            ended = started + draw(st.integers(0, 6))
            if ended > end or draw(st.integers(0, 9)) == 0:
                break
            now = ended
            if draw(st.integers(0, 3)) == 0:
                down.append((worker, started, ended))
                continue
            overhead = draw(st.integers(0, ended - started))
            outcome = draw(st.integers(0, 2))
            trial = draw(st.integers(0, 20))
            rows.append((trial, -1, worker, 0, 0, 1, 0, outcome, started, ended, overhead, 0.5))
    rows = draw(st.permutations(rows))
    kept = [
        (job, 1, row[8] + row[10], draw(st.integers(0, row[9] - row[8] - row[10])))
        for job, row in enumerate(rows)
        if row[7] == Outcome.LOST
    ]
    jobs = frame(b"".join(pack(job, *row) for job, row in enumerate(rows)))
    drained_from = draw(st.integers(0, end))
    return Trace(
        jobs,
        workers,
        9,
        end=end,
        drained_from=drained_from,
        down=down_table(down),
        kept=kept_table(kept),
    )


def kind_at(trace, worker, time):
    """Return the kind and the trial at `time`, by looking at every job and absence."""
    for job in trace.jobs.itertuples():
        if job.worker == worker and job.started < time < job.ended:
            if time < job.started + job.overhead:
                return "overhead", job.trial
            return {"done": "training"}.get(job.outcome, job.outcome), job.trial
    for away in trace.down.itertuples():
        if away.worker == worker and away.since < time < away.until:
            return "down", -1
    return ("waiting" if time < trace.drained_from else "drained"), -1


@settings(deadline=None)
@given(traces())
def test_every_moment_of_every_worker_lies_in_the_one_bar_that_tells_what_it_did(trace):
    found = list(bars.bars(trace).itertuples())
    assert all(bar.start < bar.stop for bar in found)
    for worker in range(trace.workers):
        for time in np.arange(0.5, trace.end):  # all events are at whole seconds
            (bar,) = [bar for bar in found if bar.worker == worker and bar.start < time < bar.stop]
            assert (bar.kind, bar.trial) == kind_at(trace, worker, time)


def test_the_gaps_of_the_two_workers_of_d2l_19_5_1():
    # Trial 2 is slow: worker 1 waits for it.
    curves = Scripted(
        losses=[[0.1] * 4, [0.4] * 4, [0.3] * 4, [0.2] * 4],
        seconds=[[1.0] * 4, [1.0] * 4, [4.0] * 4, [2.0] * 4],
    )
    searcher = searcher_for(curves, seed=0, order="given")
    made = SuccessiveHalving(searcher, r_min=1, r_max=4, eta=2)
    trace = Cluster(made, curves, workers=2).run()
    # To level 1: trials 0 and 1 until 1, then 2 on worker 0 until 5 and 3 on worker 1 until 3.
    # To level 2: trial 0 on worker 0 until 6, and 3 on worker 1 until 7.
    # To level 4: trial 0 on worker 1 until 9; for worker 0 there is nothing, ever again.
    assert bars.gaps(trace).tolist() == [[0, 6, 9], [1, 3, 5]]
    # The next bracket was never tried, so nobody was told that all is done.
    idle = bars.bars(trace).query("trial < 0").itertuples(index=False, name=None)
    assert list(idle) == [("waiting", 0, 6, 9, -1), ("waiting", 1, 3, 5, -1)]


# Usage


def part_at(trace, worker, time):
    """Return the part of the time of a worker at `time`, by looking at every job and absence."""
    kind, _ = kind_at(trace, worker, time)
    if kind != "lost":
        return {"cut": "training"}.get(kind, kind)
    for job in trace.jobs.itertuples():
        if job.worker == worker and job.started < time < job.ended:
            saved = trace.kept.loc[trace.kept["job"] == job.job, "seconds"].sum()
            return "training" if time < job.started + job.overhead + saved else "wasted"
    raise AssertionError


@settings(deadline=None, max_examples=25)
@given(traces())
def test_usage_counts_the_workers_of_each_cause_at_every_moment(trace):
    times, counts = bars.usage(trace)
    assert counts.shape == (len(PARTS), len(times) - 1)
    assert (counts.sum(axis=0) == trace.workers).all()
    for moment in np.arange(0.5, trace.end):  # all events are at whole seconds
        found = counts[:, np.searchsorted(times, moment) - 1]
        parts = [part_at(trace, worker, moment) for worker in range(trace.workers)]
        assert dict(zip(PARTS, found, strict=True)) == {each: parts.count(each) for each in PARTS}


@settings(deadline=None, max_examples=25)
@given(traces(), st.integers(1, 40))
def test_usage_integrates_to_the_seconds_of_the_workers_binned_or_not(trace, count):
    times, counts = bars.usage(trace)
    wanted = [worker_seconds(trace)[part] for part in PARTS]
    assert (counts @ np.diff(times)).tolist() == pytest.approx(wanted)
    if trace.end:
        edges, means = band.means(times, counts, np.linspace(0, trace.end, count + 1))
        assert (means @ np.diff(edges)).tolist() == pytest.approx(wanted)


FAULTS = (
    Faults(mtbf=100.0, mttr=20.0),
    Faults(preempted_every=60.0, preempted_for=30.0, save_on_preemption=True),
    Faults(timetable=((0, 0.0, 7.5), (1, 30.0, 90.0), (1, 100.0, np.inf), (2, 50.0, np.inf))),
)


@pytest.mark.parametrize("faults", FAULTS)
@pytest.mark.parametrize("max_seconds", [300, None])
def test_the_usage_of_a_run_is_what_the_metrics_count(faults, max_seconds):
    experiment = Experiment(
        curves="power-law",
        scheduler="sh",
        r_max=27,
        eta=3,
        workers=5,
        costs=Costs(start_seconds=3, save_seconds=1, restore_seconds=2),
        faults=faults,
        limits=Limits(max_seconds=max_seconds),
        max_trials=None if max_seconds else 40,
    )
    trace = simulate(experiment).trace
    times, counts = bars.usage(trace)
    seconds = dict(zip(PARTS, counts @ np.diff(times), strict=True))
    assert seconds == pytest.approx(worker_seconds(trace), abs=1e-6)
    assert (trace.jobs["outcome"] == "lost").any()
