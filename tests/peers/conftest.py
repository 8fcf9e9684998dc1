"""Random runs for the comparison of our rules with the libraries that they follow."""

import os
import random
from dataclasses import replace

import pytest

from sim.experiments.experiment import Experiment
from sim.experiments.run import simulate
from sim.schedulers import Job
from sim.searchers import Listed

RUNS = int(os.environ.get("RUNGSIM_PEER_RUNS", "1000"))
"""How many random runs each comparison makes."""


@pytest.fixture(scope="session")
def optuna():
    found = pytest.importorskip("optuna", reason="Optuna is not installed")
    found.logging.set_verbosity(found.logging.ERROR)
    return found


@pytest.fixture(scope="session")
def ray():
    return pytest.importorskip("ray.tune.schedulers", reason="Ray Tune is not installed")


@pytest.fixture
def random_runs():
    return lambda: (random.Random(seed) for seed in range(RUNS))  # noqa: S311


@pytest.fixture
def reports():
    """Return a function that runs a scheduler on tied losses, on workers of random speeds."""
    return _reports


def _reports(draw, make, *, diverges=(), trials=6, workers=3):
    """Yield each report of a random run: the scheduler, the job and its losses.

    The consumer passes the losses to the scheduler. Losses are multiples of 1/8, exact in binary,
    so that sums and means of few are exact, and ties are frequent; a curve may diverge.
    """
    scheduler = make(Listed([{}] * draw.randint(2, trials)))
    workers = draw.randint(1, workers)
    running = []
    while True:
        while len(running) < workers and isinstance(job := scheduler.next_job(), Job):
            running.append(job)
        if not running:
            return
        job = running.pop(draw.randrange(len(running)))
        losses = [draw.randint(0, 5) / 8 for _ in range(job.start, job.stop)]
        if diverges and draw.random() < 0.15:
            losses[-1] = draw.choice(diverges)
        yield scheduler, job, losses


@pytest.fixture
def one_run():
    """Return a function that returns the jobs of a run with stragglers on crossing curves."""
    experiment = Experiment(
        curves="power-law:crossing=0.5:noise=0.05",
        r_max=27,
        eta=3,
        workers=5,
        straggler_sigma=0.5,
        max_trials=60,
    )
    return lambda **scheduler: simulate(replace(experiment, **scheduler)).trace.jobs
