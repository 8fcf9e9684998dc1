"""Every scheduler under every combination of faults: the runs end, and their time adds up.

A failing example prints the command that runs it again.
"""

from itertools import product
from math import inf

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from learning_curves.synthetic import PowerLaw
from sim.experiments.experiment import Experiment
from sim.experiments.run import simulate
from sim.faults import Faults
from sim.jobs.limits import Limits
from sim.schedulers import LOST
from sim.schedulers.catalogue import SCHEDULERS
from sim.testing import strategies
from tests.fuzz.runs import hold


# Random schedulers, searchers and curves are `python -m tests.fuzz`'s.
@pytest.mark.parametrize("scheduler", SCHEDULERS)
@given(data=st.data())
@settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
def test_time_adds_up_and_every_run_ends(scheduler, data):
    hold(data.draw(strategies.experiments(scheduler=scheduler, curves=("power-law",))))


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
            PowerLaw(r_max=9),
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
