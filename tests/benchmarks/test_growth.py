"""How the work of a run grows with its size, counted in lines and calls, not in seconds."""

import pytest

from sim.schedulers.protocol import Idle
from tests.benchmarks.rows import asha, exponent, work_of

MOST = 1.15


class Forgetful:
    """ASHA, but each decision looks at all results again."""

    def __init__(self, scheduler):
        self.scheduler, self.r_max, self.seen = scheduler, scheduler.r_max, []

    def next_job(self):
        assert all(seen is not Idle for seen in self.seen)
        return self.scheduler.next_job()

    def job_done(self, job, losses):
        self.seen.append(losses)
        self.scheduler.job_done(job, losses)


def growth(sizes, work):
    return exponent({size: work(size) for size in sizes})


@pytest.mark.slow
def test_the_work_grows_in_proportion_to_the_jobs():
    assert growth((300, 1000, 3000), lambda jobs: work_of(30, jobs)) < MOST


@pytest.mark.slow
def test_the_work_of_a_run_with_as_many_jobs_grows_little_with_the_workers():
    assert growth((1, 30, 1000), lambda workers: work_of(workers, 2000)) < MOST - 1


@pytest.mark.slow
def test_a_scheduler_that_looks_at_all_results_is_found():
    quadratic = growth(
        (300, 1000, 3000), lambda jobs: work_of(30, jobs, lambda b: Forgetful(asha(b)))
    )
    assert quadratic > 1.5
