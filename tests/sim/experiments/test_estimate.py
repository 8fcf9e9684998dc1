"""The estimate of a run's size against the run itself, and what must not be called large."""

from dataclasses import replace

import pytest

from sim.experiments import estimate
from sim.experiments.experiment import Experiment
from sim.experiments.run import simulate
from sim.faults import Faults
from sim.jobs.limits import Limits

ENDLESS = 10**18
BASE = Experiment(curves="power-law", r_max=9, eta=3)


@pytest.mark.parametrize("scheduler", ["random", "sh", "asha", "asha-stopping", "hyperband"])
@pytest.mark.parametrize(
    "limits",
    [{"max_seconds": 1500.0}, {"max_epochs": 6000}, {"max_finished": 150, "max_epochs": 10**6}],
    ids=str,
)
def test_an_extrapolated_run_is_as_large_as_it_was_estimated(monkeypatch, scheduler, limits):
    monkeypatch.setattr(estimate, "_SMALL", 100)
    monkeypatch.setattr(estimate, "_PILOT", 300)
    whole = replace(BASE, scheduler=scheduler, limits=Limits(**limits))
    jobs = len(simulate(whole).trace.jobs)
    assert jobs > 320 or scheduler == "random"
    assert estimate.estimate(whole).jobs == pytest.approx(jobs, rel=0.2)


@pytest.mark.parametrize(
    "short",
    [
        {"limits": Limits(max_seconds=1e308, max_jobs=50)},
        {"limits": Limits(max_seconds=20.0, max_epochs=ENDLESS)},
        {"limits": Limits(max_epochs=50, max_jobs=ENDLESS)},
        {"limits": Limits(max_finished=3, max_epochs=ENDLESS)},
        {"limits": Limits(max_epochs=ENDLESS), "max_trials": 5},
        {"limits": Limits(max_epochs=ENDLESS), "searcher": "grid", "grid_points": 4},
        {"limits": Limits(max_epochs=ENDLESS), "curves": "lenet-fashion-mnist", "order": "given"},
        {
            "limits": Limits(max_seconds=50.0, max_jobs=ENDLESS),
            "faults": Faults(mtbf=20.0, mttr=5.0),
        },
    ],
    ids=str,
)
def test_a_run_that_any_limit_ends_early_is_small(short):
    assert estimate.estimate(replace(BASE, **short)).memory < 100e6


def test_a_target_makes_the_estimate_an_upper_one():
    found = estimate.estimate(replace(BASE, limits=Limits(max_epochs=ENDLESS, target=0.0)))
    assert found.at_most
    assert found.jobs > 1e15
    reached = estimate.estimate(replace(BASE, limits=Limits(max_epochs=ENDLESS, target=0.5)))
    assert reached.jobs < 100


@pytest.mark.parametrize(
    "large",
    [
        {"limits": Limits(max_seconds=1e308)},
        {"limits": Limits(max_epochs=ENDLESS)},
        {"limits": Limits(max_jobs=5), "workers": 2**32},
        {"limits": Limits(max_jobs=5), "r_max": 10**12},
    ],
    ids=str,
)
def test_what_no_machine_holds_is_large(large):
    assert estimate.estimate(replace(BASE, **large)).memory > 1e12
