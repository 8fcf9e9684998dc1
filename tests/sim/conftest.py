"""What the tests of the schedulers and of the simulated cluster share."""

from collections import Counter

import pytest

from sim.schedulers import ASHA, RandomSearch, StoppingASHA, SuccessiveHalving

MAKERS = {
    "random": lambda searcher, levels, _: RandomSearch(searcher, r_max=levels[1]),
    "random-batch": lambda searcher, levels, eta: RandomSearch(
        searcher, r_max=levels[1], batch=eta
    ),
    "sh": lambda searcher, levels, eta: SuccessiveHalving(
        searcher, r_min=levels[0], r_max=levels[1], eta=eta
    ),
    "sh-overlap": lambda searcher, levels, eta: SuccessiveHalving(
        searcher, r_min=levels[0], r_max=levels[1], eta=eta, barrier=False
    ),
    "asha": lambda searcher, levels, eta: ASHA(searcher, r_min=levels[0], r_max=levels[1], eta=eta),
    "asha-stopping": lambda searcher, levels, eta: StoppingASHA(
        searcher, r_min=levels[0], r_max=levels[1], eta=eta
    ),
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
    """Every built-in scheduler by name, made of a searcher, (r_min, r_max) and eta."""
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
