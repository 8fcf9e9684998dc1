"""A golden trace for each scheduler: what a release changes in a run is seen here, row by row.

After a change that is meant: ``python tests/sim/test_golden.py`` writes the files anew; read the
difference before committing it.
"""

from pathlib import Path

import pandas as pd
import pytest

from learning_curves.synthetic import PowerLaw
from sim.experiments.experiment import Experiment
from sim.experiments.run import simulate
from sim.jobs.costs import Costs
from sim.jobs.limits import Limits
from sim.schedulers.catalogue import SCHEDULERS
from sim.traces.trace import read

GOLDEN = Path(__file__).parents[2] / "golden"


def run(scheduler):
    """Return a run with all that the clock knows: unequal epochs, costs, stragglers, a limit."""
    experiment = Experiment(
        curves="power-law",
        scheduler=scheduler,
        eta=3,
        r_max=20,
        workers=3,
        speeds=(1.0, 1.0, 0.8),
        straggler_sigma=0.25,
        seed=7,
        limits=Limits(max_seconds=60.0),
        costs=Costs(start_seconds=0.5, restore_seconds=0.25, save_seconds=0.125),
    )
    return simulate(experiment, PowerLaw(r_max=20, noise=0.01, cost="by-config"))


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_a_run_is_the_golden_one(scheduler):
    golden = read(GOLDEN / f"{scheduler}.csv")
    trace = run(scheduler).trace
    # Another machine's mathematical library may differ in the last digit, and in nothing else.
    pd.testing.assert_frame_equal(trace.jobs, golden.jobs, rtol=1e-12, atol=0)
    assert (trace.end, trace.drained_from) == (golden.end, golden.drained_from)


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_a_golden_trace_is_worth_keeping(scheduler):
    trace = read(GOLDEN / f"{scheduler}.csv")
    assert len(trace.jobs) >= 8
    assert trace.end == 60.0
    assert "cut" in set(trace.jobs["outcome"])


if __name__ == "__main__":
    for name in SCHEDULERS:
        run(name).trace.write(GOLDEN / f"{name}.csv")
