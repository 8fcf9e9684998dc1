"""A run as a viewer sees it: the file is valid by the format's own rules, and tells the trace."""

import json
from collections import defaultdict
from dataclasses import replace
from itertools import pairwise
from math import fsum, inf, nan

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from learning_curves.errors import InputError
from learning_curves.synthetic import PowerLaw
from sim.cluster.cluster import Cluster
from sim.commands.cli import main
from sim.experiments.experiment import Experiment
from sim.experiments.run import simulate
from sim.faults import Faults
from sim.jobs.costs import Costs
from sim.jobs.limits import Limits
from sim.schedulers import RandomSearch
from sim.searchers import searcher_for
from sim.traces import metrics, perfetto
from sim.traces.trace import COLUMNS, Trace, down_table, frame, pack

COSTS = Costs(start_seconds=2.5, save_seconds=0.7, restore_seconds=1.1)
ALL = Faults(
    mtbf=90.0,
    mttr=15.0,
    lost_probability=0.003,
    slow_epochs=0.1,
    preempted_every=200.0,
    preempted_for=30.0,
    save_on_preemption=True,
)


def run(scheduler="asha", workers=5, **settings):
    experiment = Experiment(
        curves="power-law",
        scheduler=scheduler,
        r_max=27,
        eta=3,
        workers=workers,
        **{"faults": ALL, "costs": COSTS, "limits": Limits(max_seconds=300)} | settings,
    )
    return simulate(experiment)


def written(trace, path, **options):
    perfetto.write(trace, path, **options)
    return checked(path.read_text(encoding="utf-8"))


# The format, by its specification ("Trace Event Format")


def refuse(constant):
    raise AssertionError(f"{constant} is not JSON")


def checked(text):
    """Return the events of a file, by phase, after holding it to the format."""
    told = json.loads(text, parse_constant=refuse)
    assert next(iter(told)) == "displayTimeUnit"  # read while the file streams in
    assert told["displayTimeUnit"] in {"ms", "ns"}
    events = defaultdict(list)
    for event in told["traceEvents"]:
        assert {"ph", "pid", "tid", "ts", "name"} <= set(event)
        assert all(isinstance(event[key], int) for key in ("pid", "tid", "ts"))
        assert event["pid"] > 0
        assert 0 < event["tid"] < 2**32
        assert 0 <= event["ts"] <= 2**53
        assert isinstance(event["name"], str)
        match event["ph"]:
            case "X":
                assert isinstance(event["dur"], int)
                assert event["dur"] >= 0
            case "i":
                assert event["s"] in {"g", "p", "t"}
            case "C":
                assert all(isinstance(each, int | float) for each in event["args"].values())
            case "M":
                (key,) = event["args"]
                assert event["name"] in {"process_name", "thread_name", "thread_sort_index"}
                assert event["name"].endswith(key)
            case phase:
                raise AssertionError(f"a phase {phase!r} that we do not write")
        events[event["ph"]].append(event)
    threads = defaultdict(list)
    for event in events["X"]:
        threads[event["tid"]].append(event)
    for slices in threads.values():
        check_nesting(slices)
    named = [event["tid"] for event in events["M"] if event["name"] == "thread_name"]
    assert len(named) == len(set(named))
    assert set(threads) <= set(named)
    return events


def check_nesting(slices):
    """Hold that any two slices of a thread are apart, or one lies in the other."""
    open_until = []
    for event in sorted(slices, key=lambda event: event["ts"]):  # stable, as viewers sort
        start, stop = event["ts"], event["ts"] + event["dur"]
        while open_until and open_until[-1] <= start:
            open_until.pop()
        assert not open_until or stop <= open_until[-1], event
        open_until.append(stop)


def test_the_checker_finds_what_overlaps():
    def slices(*spans):
        return [{"ts": start, "dur": stop - start} for start, stop in spans]

    check_nesting(slices((0, 5), (0, 2), (2, 5), (5, 5), (5, 9)))
    for spans in (((0, 5), (4, 6)), ((0, 5), (0, 6)), ((3, 9), (1, 4))):
        with pytest.raises(AssertionError):
            check_nesting(slices(*spans))


# What the file tells


def jobs_of(events):
    return [event for event in events["X"] if "job" in event.get("args", {})]


def rows_of(events):
    """Return the jobs of a file as a trace has them."""
    rows = [event["args"] for event in jobs_of(events)]
    table = pd.DataFrame([{name: row[name] for name in COLUMNS} for row in rows], columns=COLUMNS)
    table["loss"] = table["loss"].astype(float)  # "inf" and null, too
    return table


@pytest.mark.parametrize("scheduler", ["asha", "sh", "hyperband", "asha-stopping", "random"])
def test_a_run_with_all_that_goes_wrong_is_told_in_full(scheduler, tmp_path):
    made = run(scheduler)
    trace = made.trace
    configs = {trial.number: trial.config for trial in made.trials}
    events = written(trace, tmp_path / "run.json", configs=configs, costs=COSTS)
    # Every number comes back as it was.
    wanted = trace.jobs.assign(outcome=trace.jobs["outcome"].astype(str))
    pd.testing.assert_frame_equal(rows_of(events), wanted, check_dtype=False, check_exact=True)
    for event in jobs_of(events):
        args = event["args"]
        assert event["tid"] == args["worker"] + 1
        assert args["config"] == configs[args["trial"]]
        assert event["ts"] == pytest.approx(1e6 * args["started"], abs=0.5 + 1e-6)
        assert event["ts"] + event["dur"] == pytest.approx(1e6 * args["ended"], abs=0.5 + 1e-6)
    kept = [
        (event["args"]["job"], *event["args"]["kept"].values())
        for event in jobs_of(events)
        if "kept" in event["args"]
    ]
    saved = trace.kept[["job", "epoch", "seconds"]]
    assert sorted(kept) == sorted(saved.itertuples(index=False, name=None))
    away = [event["args"] for event in events["X"] if event["name"] == "away"]
    assert len(away) > 5
    pd.testing.assert_frame_equal(pd.DataFrame(away), trace.down, check_exact=True)


def test_slices_add_up_to_the_seconds_of_the_trace(tmp_path):
    trace = run().trace
    events = written(trace, tmp_path / "run.json", costs=COSTS)

    def seconds(slices):
        return fsum(event["dur"] for event in slices) / 1e6

    jobs, down = trace.jobs, trace.down
    near = pytest.approx
    rounding = 1e-6 * (len(events["X"]) + 1)
    assert seconds(jobs_of(events)) == near((jobs["ended"] - jobs["started"]).sum(), abs=rounding)
    away = [event for event in events["X"] if event["name"] == "away"]
    assert seconds(away) == near((down["until"] - down["since"]).sum(), abs=rounding)
    # Of the jobs that ended, all overhead has its place; of others none while trials are saved.
    done = jobs["outcome"] == "done"
    placed = [event for event in events["X"] if event["name"] in {"start", "save"}]
    full = jobs[done | (jobs["stop"] == trace.r_max)]
    assert seconds(placed) == near(full["overhead"].sum(), abs=rounding)
    saved = [event["dur"] for event in placed if event["name"] == "save"]
    assert len(saved) == (done & (jobs["stop"] < trace.r_max)).sum()
    assert set(saved) <= {699_999, 700_000, 700_001}


def test_where_nothing_is_saved_all_overhead_is_in_front(tmp_path):
    costs = Costs(start_seconds=2.0)
    trace = run(costs=costs).trace
    assert {"done", "lost", "cut"} <= set(trace.jobs["outcome"])
    events = written(trace, tmp_path / "run.json", costs=costs)
    starts = [event for event in events["X"] if event["name"] == "start"]
    assert len(starts) == (trace.jobs["overhead"] > 0).sum()
    begun = {(event["tid"], event["ts"]) for event in jobs_of(events)}
    assert {(event["tid"], event["ts"]) for event in starts} <= begun


def test_without_the_costs_the_overhead_is_a_number_only(tmp_path):
    trace = run().trace
    events = written(trace, tmp_path / "run.json")
    assert len(events["X"]) == len(trace.jobs) + len(trace.down)


def test_losses_the_end_and_the_counters(tmp_path):
    trace = run(limits=Limits(max_jobs=200)).trace
    assert trace.drained_from < trace.end
    events = written(trace, tmp_path / "run.json")
    jobs, down = trace.jobs, trace.down
    lost = jobs[jobs["outcome"] == "lost"]
    marks = [event for event in events["i"] if event["s"] == "t"]
    assert [event["args"]["job"] for event in marks] == lost["job"].tolist()
    left = set(zip(down["worker"], down["since"], strict=True))
    whys = set()
    for mark, job in zip(marks, lost.itertuples(), strict=True):
        name, _, why = mark["name"].partition(": ")
        assert name == f"trial {job.trial} lost"
        assert mark["tid"] == job.worker + 1
        assert mark["ts"] == pytest.approx(1e6 * job.ended, abs=1)
        assert bool(why) == ((job.worker, job.ended) in left)
        whys.add(why)
    assert whys == {"", "the worker left"}
    ends = {event["name"]: event["ts"] / 1e6 for event in events["i"] if event["s"] == "g"}
    wanted = {"no more jobs": trace.drained_from, "end of the run": trace.end}
    assert ends == pytest.approx(wanted, abs=1e-6)

    counted = {
        event["ts"]: event["args"]["at a job"]
        for event in events["C"]
        if event["name"] == "workers"
    }
    assert all(one != other for one, other in pairwise(counted.values()))
    changes = sorted(counted)
    for now, then in pairwise(changes):
        middle = (now + then) / 2e6
        at_a_job = ((jobs["started"] <= middle) & (middle < jobs["ended"])).sum()
        assert counted[now] == at_a_job
    assert counted[changes[-1]] == 0
    best = [event for event in events["C"] if event["name"] == "incumbent"]
    times, losses = metrics.incumbent(trace)
    assert [event["args"]["loss"] for event in best] == losses.tolist()
    assert [event["ts"] / 1e6 for event in best] == pytest.approx(times.tolist(), abs=1e-6)


def test_what_has_no_number_is_text_and_configs_may_hold_anything(tmp_path):
    rows = [(0, 0, -1, 0, 0, 0, 1, 0, 0, 0.0, 1.0, 0.0, inf), (1, 1, *[0] * 8, 1.0, 0.0, nan)]
    trace = Trace(frame(b"".join(pack(*row) for row in rows)), 1, 9, 1.0, 1.0)
    config = {
        "rate": np.float64(inf),
        "width": np.int64(3),
        "small": np.float32(0.5),
        "drop": np.float32(nan),
        "act": 'naïve "relu"\n',
        "layers": (1, nan),
        "on": True,
        "none": None,
        "kind": dict,
    }
    path = tmp_path / "run.json"
    events = written(trace, path, configs={0: config}, name="caf\udce9 \u2028")
    one, two = (event["args"] for event in jobs_of(events))
    assert one["loss"] == "inf"
    assert two["loss"] is None
    assert "config" not in two
    assert one["config"] == {
        "rate": "inf",
        "width": 3,
        "small": 0.5,
        "drop": "nan",
        "act": 'naïve "relu"\n',
        "layers": [1, "nan"],
        "on": True,
        "none": None,
        "kind": "<class 'dict'>",
    }
    assert "naïve".encode() in path.read_bytes()


@st.composite
def spans(draw):
    """Jobs and absences of one worker, one after the other, of any length, often of none."""
    lengths = st.one_of(st.just(0.0), st.floats(0, 3e-6), st.floats(0, 1e5))
    now = draw(st.floats(0, 1e6))
    jobs, down = [], []
    for _ in range(draw(st.integers(1, 12))):
        started = now + draw(lengths)
        now = started + draw(lengths)
        if draw(st.booleans()):
            down.append((0, started, now))
            continue
        overhead = draw(st.floats(0, 1)) * (now - started)
        outcome, stop = draw(st.integers(0, 2)), draw(st.sampled_from([3, 9]))
        row = (len(jobs), 0, -1, 0, 0, 1, stop, 0, outcome, started, now, overhead, 0.5)
        jobs.append(pack(*row))
    return Trace(frame(b"".join(jobs)), 1, 9, now, now, down_table(down))


@settings(deadline=None)
@given(spans(), st.sampled_from([0.0, 1e-6, 3.0]))
def test_whatever_is_rounded_no_two_slices_overlap(trace, save_seconds):
    seen = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(perfetto, "replacing", lambda path: path)
        perfetto.write(trace, Memory(seen), costs=Costs(save_seconds=save_seconds))
    events = checked("".join(seen))
    total = fsum(event["dur"] for event in events["X"] if event["name"] not in {"start", "save"})
    spans = (trace.jobs["ended"] - trace.jobs["started"]).sum()
    spans += (trace.down["until"] - trace.down["since"]).sum()
    assert total / 1e6 == pytest.approx(spans, abs=1e-6 * len(events["X"]))


class Memory:
    """Stands for a path, and for the file that is open there."""

    def __init__(self, seen):
        self.write = seen.append

    def open(self, *_args, **_options):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *_error):
        pass


# Runs of all kinds


def test_a_run_without_jobs(tmp_path):
    events = written(Trace(frame(b""), 3, 9, 0.0, 0.0), tmp_path / "run.json")
    assert events["X"] == []
    assert [event["name"] for event in events["i"]] == ["end of the run"]
    names = [event["args"]["name"] for event in events["M"] if event["name"] == "thread_name"]
    assert names == ["worker 0", "worker 1", "worker 2"]


def test_a_run_in_which_all_jobs_are_lost(tmp_path):
    made = run(
        faults=Faults(lost_probability=0.999),
        costs=Costs(start_seconds=1000.0),
        limits=Limits(max_jobs=30),
    )
    assert (made.trace.jobs["outcome"] == "lost").all()
    events = written(made.trace, tmp_path / "run.json", costs=made.experiment.costs)
    assert len(jobs_of(events)) == 30
    assert all(event["name"].endswith("(lost)") for event in jobs_of(events))
    assert sum(event["name"].endswith(" lost") for event in events["i"]) == 30
    assert [event for event in events["C"] if event["name"] == "incumbent"] == []


def test_a_run_on_thousands_of_workers(tmp_path):
    curves = PowerLaw(r_max=3)
    scheduler = RandomSearch(searcher_for(curves, seed=0, max_trials=4000), r_max=3)
    trace = Cluster(scheduler, curves, workers=3000).run()
    events = written(trace, tmp_path / "run.json")
    assert len(events["X"]) == 4000
    assert len(events["M"]) == 1 + 2 * 3000
    order = [event for event in events["M"] if event["name"] == "thread_sort_index"]
    assert [event["args"]["sort_index"] for event in order] == list(range(3000))


def test_a_run_too_long_for_microseconds_is_refused_and_writes_nothing(tmp_path):
    trace = Trace(frame(b""), 1, 9, 1e10, 1e10)
    with pytest.raises(InputError, match="takes 1e\\+10 s"):
        perfetto.write(trace, tmp_path / "run.json")
    assert list(tmp_path.iterdir()) == []


def test_the_same_run_gives_the_same_bytes_and_an_error_leaves_what_was_there(tmp_path):
    one, two = run(), run()
    for name, made in (("one", one), ("two", two)):
        perfetto.write(made.trace, tmp_path / name, costs=COSTS)
    content = (tmp_path / "one").read_bytes()
    assert content == (tmp_path / "two").read_bytes()
    broken = replace(one.trace, jobs=one.trace.jobs.assign(ended=nan))
    with pytest.raises(ValueError, match="NaN"):
        perfetto.write(broken, tmp_path / "one")
    assert (tmp_path / "one").read_bytes() == content
    assert len(list(tmp_path.iterdir())) == 2


# The command line

SHORT = ["--curves", "power-law", "--r-max", "9", "--eta", "3", "--max-epochs", "120"]


def test_the_command_writes_the_run_that_it_tells_of(tmp_path, capsys):
    file, out = tmp_path / "run.json", tmp_path / "out"
    faults = ["--mtbf", "60", "--mttr", "9", "--lost-probability", "0.01", "--start-seconds", "1"]
    arguments = ["run", *SHORT, *faults, "--json"]
    assert main([*arguments, "--perfetto", str(file)]) == 0
    told = json.loads(capsys.readouterr().out)
    events = checked(file.read_text(encoding="utf-8"))
    jobs = jobs_of(events)
    assert len(jobs) == told["jobs"]
    assert sum(job["args"]["outcome"] == "lost" for job in jobs) == told["lost"] > 0
    assert (
        min(job["args"]["loss"] for job in jobs if job["args"]["outcome"] == "done")
        == told["best_loss"]
    )
    assert all(set(job["args"]["config"]) == set(told["best_config"]) for job in jobs)
    assert any(event["name"] == "start" for event in events["X"])
    assert events["M"][0]["args"]["name"] == "asha on power-law, seed 0"
    # Beside the other results, and beside an experiment file, the same bytes.
    folder = ["--out", str(out), "--no-plots"]
    assert main([*arguments, *folder, "--perfetto", str(out / "run.json")]) == 0
    again = ["run", "--from", str(out / "experiment.toml"), "--perfetto", str(tmp_path / "3.json")]
    capsys.readouterr()
    assert main(again) == 0
    assert "https://ui.perfetto.dev" in capsys.readouterr().out
    assert (out / "run.json").read_bytes() == file.read_bytes()
    assert (tmp_path / "3.json").read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    ("file", "named"), [("no/such/run.json", "there is no folder"), (".", "is a folder")]
)
def test_a_place_that_cannot_be_written_is_named_before_the_run(
    file, named, tmp_path, capsys, monkeypatch
):
    monkeypatch.setattr("sim.experiments.run.simulate", lambda _: pytest.fail("it was run"))
    monkeypatch.chdir(tmp_path)
    assert main(["run", *SHORT, "--perfetto", file]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert named in captured.err
    assert list(tmp_path.iterdir()) == []
