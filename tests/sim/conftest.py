"""What the tests of the schedulers and of the simulated cluster share."""

from collections import Counter

import pytest

from sim.schedulers import (
    ASHA,
    PASHA,
    AsyncHyperband,
    Hyperband,
    MedianStopping,
    RandomSearch,
    StoppingASHA,
    SuccessiveHalving,
)


def _on_rungs(scheduler, **fixed):
    """Return the maker of a scheduler that has r_min, r_max and eta."""

    def make(searcher, levels, eta, lost="inf"):
        return scheduler(searcher, r_min=levels[0], r_max=levels[1], eta=eta, lost=lost, **fixed)

    return make


MAKERS = {
    "random": lambda searcher, levels, _, lost="inf": RandomSearch(
        searcher, r_max=levels[1], lost=lost
    ),
    "random-batch": lambda searcher, levels, eta, lost="inf": RandomSearch(
        searcher, r_max=levels[1], batch=eta, lost=lost
    ),
    "sh": _on_rungs(SuccessiveHalving),
    "sh-overlap": _on_rungs(SuccessiveHalving, barrier=False),
    "asha": _on_rungs(ASHA),
    "asha-stopping": _on_rungs(StoppingASHA),
    "hyperband": _on_rungs(Hyperband),
    "hyperband-overlap": _on_rungs(Hyperband, barrier=False),
    "async-hyperband": _on_rungs(AsyncHyperband),
    "median": lambda searcher, levels, _, lost="inf": MedianStopping(
        searcher, r_min=levels[0], r_max=levels[1], lost=lost
    ),
    "pasha": _on_rungs(PASHA),
}


class Counted:
    """A scheduler that counts its answers: "WAIT", "DONE", or "job"."""

    def __init__(self, scheduler):
        self.scheduler = scheduler
        self.r_max = scheduler.r_max
        self.answers = Counter()

    def next_job(self):
        answer = self.scheduler.next_job()
        self.answers[getattr(answer, "name", "job")] += 1
        return answer

    def job_done(self, job, losses):
        self.scheduler.job_done(job, losses)

    def job_lost(self, job):
        self.scheduler.job_lost(job)


@pytest.fixture(scope="session")
def makers():
    """Every built-in scheduler by name, made of a searcher, (r_min, r_max), eta, perhaps `lost`."""
    return MAKERS


@pytest.fixture(scope="session")
def counted():
    return Counted


@pytest.fixture(scope="session")
def rows():
    """Write the jobs of a trace as (trial, worker, start, stop, started, ended)."""
    columns = ["trial", "worker", "start", "stop", "started", "ended"]

    def write(trace):
        return list(trace.jobs[columns].itertuples(index=False, name=None))

    return write
