"""When the second run of `waiting` would be the first again, it is left out: to the same bytes."""

from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from learning_curves.synthetic import Scripted
from sim.experiments import run as runs
from sim.experiments.even import is_even
from sim.experiments.experiment import Experiment
from sim.experiments.run import Run, simulate
from sim.faults import Faults
from sim.jobs.costs import Costs
from sim.jobs.limits import Limits

limits = st.one_of(
    st.builds(Limits, max_jobs=st.integers(1, 100)),
    st.builds(Limits, max_epochs=st.integers(1, 400)),
    st.builds(Limits, max_seconds=st.integers(1, 150) | st.floats(1, 150)),
    st.builds(Limits, max_jobs=st.just(150), max_finished=st.just(2)),
    st.builds(Limits, max_jobs=st.just(150), target=st.floats(0.1, 0.3)),
)
EVEN = Experiment(
    curves="power-law", scheduler="sh", r_max=9, eta=3, workers=5, limits=Limits(max_jobs=80)
)
experiments = st.builds(
    Experiment,
    curves=st.sampled_from(
        ["power-law", "power-law:epoch_seconds=0.7", "power-law:cost=by-config"]
    ),
    scheduler=st.sampled_from(["sh", "hyperband", "random-batch", "sh-overlap", "asha", "pasha"]),
    r_max=st.sampled_from([4, 9, 10]),
    eta=st.integers(2, 3),
    workers=st.integers(1, 9),
    seed=st.integers(0, 9),
    max_trials=st.none() | st.integers(1, 30),
    speeds=st.sampled_from([(), (), (2.0,), (1.0, 2.0)]),
    straggler_sigma=st.sampled_from([0.0, 0.0, 0.5]),
    limits=limits,
    costs=st.sampled_from([Costs(), Costs(), Costs(checkpoints=False), Costs(start_seconds=1.0)]),
    faults=st.sampled_from([Faults(), Faults(), Faults(lost_probability=0.02)]),
)


def both(run):
    """Return the waiting of a run, and what it is by a second run in any case."""
    found = run.waiting
    again = Run(run.experiment, run.blackbox, run.make, run.trace, run.trials, run.curves)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(runs, "is_even", lambda *_args, **_options: False)
        return found, again.waiting


@settings(max_examples=150, deadline=None)
@given(experiments)
@example(EVEN)
@example(replace(EVEN, limits=Limits(max_seconds=31)))
def test_waiting_is_what_a_second_run_would_say(experiment):
    run = simulate(experiment)
    found, by_second_run = both(run)
    assert repr(found) == repr(by_second_run)


def test_a_run_of_equal_jobs_is_not_repeated():
    run = simulate(EVEN)
    assert run.worker_seconds["waiting"] > 0
    assert is_even(run.trace)
    once = Run(
        run.experiment, run.blackbox, None, run.trace, run.trials, run.curves
    )  # nothing to run with
    assert once.waiting == {"straggling": 0, "shortage": run.worker_seconds["waiting"]}


def test_a_run_is_not_even_if_a_job_took_longer_was_lost_or_was_cut_too_late():
    # Three trials of two epochs, 1 s each but for what is said, on two workers, to 3.5 s.
    base = Experiment(
        curves="scripted", scheduler="random", workers=2, order="given",
        limits=Limits(max_seconds=3.5),
    )  # fmt: skip

    def even(*seconds, **settings):
        curves = Scripted([[0.5, 0.4]] * 3, seconds=seconds)
        return is_even(simulate(replace(base, **settings), curves).trace)

    assert even([1, 1], [1, 1], [1, 1])  # 2 s and 2 s, the third cut after 1.5 s of 2
    assert even([1, 1], [1, 1], [1, 9])  # likewise, and nobody can see that it would take longer
    assert not even([1, 1], [1, 1.5], [1, 1])
    assert not even([1, 0.5], [1, 0.5], [1, 9])  # the third would have ended by then in 1.5 s
    assert not even([1, 1], [1, 1], [1, 1], costs=Costs(start_seconds=0.5))
    assert not even([9, 9], [9, 9], [9, 9])  # no job has reported
    faults = Faults(lost_probability=0.9)
    assert not even([1, 1], [1, 1], [1, 1], faults=faults, attempts=9)
