"""Every scheduler under every combination of faults: 10,000 runs that end, and whose time adds up.

A failing example prints the command that runs it again.
"""

from dataclasses import replace
from itertools import product
from math import inf, isclose

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from learning_curves.synthetic import PowerLaw
from sim.experiments.experiment import Experiment
from sim.experiments.run import simulate
from sim.faults import Faults
from sim.jobs.costs import Costs
from sim.jobs.limits import Limits
from sim.schedulers import LOST
from sim.schedulers.catalogue import SCHEDULERS
from sim.traces import metrics

CURVES = {r_max: PowerLaw(r_max=r_max) for r_max in range(1, 10)}


def on(*values, off):
    """Draw one of the values in half of the runs."""
    return st.sampled_from([*values, *[off] * len(values)])


few_seconds = st.sampled_from([0.0, 0.5, 3.0])
timetables = st.sampled_from(
    [
        ((0, 2.0, 9.0), (1, 0.0, 4.0), (1, 6.0, inf)),
        ((0, 0.0, 3.0), (1, 1.0, 5.0), (2, 2.0, 7.0)),  # of up to 3 workers, none is left
        ((0, 30.0, inf),),
    ]
)


@st.composite
def experiments(draw):
    saves = draw(st.booleans())
    timetable = draw(timetables | st.just(()) | st.just(()))
    r_max = draw(st.integers(1, 9))
    limit = draw(st.sampled_from(["none", "none", "seconds", "jobs", "epochs", "finished"]))
    return Experiment(
        curves="power-law",
        eta=draw(st.integers(2, 4)),
        r_min=draw(st.integers(1, r_max)),
        r_max=r_max,
        workers=draw(st.integers(3 if timetable else 1, 5)),
        speeds=draw(on((1.0, 2.0), off=())),
        straggler_sigma=draw(on(0.5, off=0.0)),
        max_trials=draw(st.integers(0, 25)),
        seed=draw(st.integers(0, 2**32 - 1)),
        attempts=draw(st.integers(1, 4)),
        lost=draw(st.sampled_from(LOST)),
        limits=Limits(
            max_seconds=draw(st.floats(0.5, 60)) if limit == "seconds" else None,
            max_jobs=draw(st.integers(1, 40)) if limit == "jobs" else None,
            max_epochs=draw(st.integers(1, 90)) if limit == "epochs" else None,
            max_finished=draw(st.integers(1, 3)) if limit == "finished" else None,
        ),
        costs=Costs(draw(few_seconds), draw(few_seconds), draw(few_seconds), checkpoints=saves),
        faults=Faults(
            lognormal_sigma=draw(on(0.5, off=0.0)),
            pareto_alpha=draw(on(1.2, off=None)),
            slow_workers=draw(on(0.5, off=0.0)),
            slow_epochs=draw(on(0.2, off=0.0)),
            lost_probability=draw(on(0.001, 0.1, 0.999, off=0.0)),
            mtbf=draw(on(0.5, 20.0, off=None)),
            mttr=draw(few_seconds),
            preempted_every=draw(on(2.0, 30.0, off=None)),
            preempted_for=draw(few_seconds),
            save_on_preemption=saves and draw(st.booleans()),
            timetable=timetable,
        ),
    )


def check(experiment):
    """Run the experiment, under the contract, and hold its log to the laws of worker time."""
    note(
        "to run it again:\n\n"
        f"cat > failing.toml <<'EOF'\n{experiment.to_toml()}EOF\n"
        "rungsim run --from failing.toml\n"
    )
    run = simulate(experiment, CURVES[experiment.r_max])
    trace, jobs = run.trace, run.trace.jobs
    parts = metrics.worker_seconds(trace)
    whole = trace.workers * trace.end
    assert isclose(sum(parts.values()), whole, rel_tol=1e-9, abs_tol=1e-9)
    assert min(parts.values()) >= 0
    assert trace.end <= (experiment.limits.max_seconds or inf)
    assert jobs["attempt"].max() < experiment.attempts or jobs.empty
    assert len(run.trials) <= experiment.max_trials
    if experiment.seed % 4 == 0:  # it takes as long again
        waiting = run.waiting
        assert min(waiting.values()) >= 0
        assert isclose(sum(waiting.values()), parts["waiting"], rel_tol=1e-9, abs_tol=1e-9)
        points = run.points()
        done = jobs[jobs["outcome"] == "done"]
        assert len(points) == (done["stop"] - done["start"]).sum()
        assert points["seconds"].between(0, trace.end * (1 + 1e-12)).all()


# More than 10,000 runs in all.
@pytest.mark.parametrize("scheduler", SCHEDULERS)
@given(experiment=experiments())
@settings(
    max_examples=950,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
def test_time_adds_up_and_every_run_ends(scheduler, experiment):
    check(replace(experiment, scheduler=scheduler))


KINDS = {
    "all jobs are lost": Faults(lost_probability=1 - 1e-9),
    "a few jobs are lost": Faults(lost_probability=0.02),
    "crashes all the time": Faults(mtbf=0.2, mttr=0.2),
    "crashes": Faults(mtbf=20.0, mttr=3.0),
    "preemption": Faults(preempted_every=10.0, preempted_for=2.0),
    "preemption that saves": Faults(
        preempted_every=2.0, preempted_for=2.0, save_on_preemption=True
    ),
    "no worker is left": Faults(timetable=((0, 0.0, 5.0), (1, 0.0, 6.0), (2, 3.0, 9.0))),
    "no worker is there yet": Faults(timetable=tuple((n, 50.0, inf) for n in range(3))),
    "heavy tails": Faults(pareto_alpha=0.8, slow_workers=0.5, slow_epochs=0.3),
}


@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_no_run_hangs(scheduler, kind, lost):
    """It is DONE, its limit is reached, or no worker is left."""
    for limits, max_trials in product([Limits(), Limits(max_seconds=100.0)], [0, 1, 20]):
        run = simulate(
            Experiment(
                curves="power-law",
                scheduler=scheduler,
                eta=3,
                r_max=9,
                workers=3,
                max_trials=max_trials,
                lost=lost,
                limits=limits,
                faults=KINDS[kind],
            ),
            CURVES[9],
        )
        trace = run.trace
        if kind == "no worker is left":
            assert trace.end <= 9.0
            assert max_trials < 20 or trace.end == 9.0
        if kind == "all jobs are lost":
            assert run.summary()["finished"] == 0
            assert (trace.jobs["outcome"] == "lost").all()
            assert len(trace.jobs) == 3 * max_trials  # three attempts at each trial
        elif max_trials == 20 and kind in {"a few jobs are lost", "crashes"}:
            assert run.summary()["best_loss"] is not None
