"""The log: a row for each job at the place of its number, in whichever order the jobs end."""

from hypothesis import given
from hypothesis import strategies as st

from learning_curves.blackbox import RecordedCurve
from sim.cluster.log import Log
from sim.cluster.worker import Worker
from sim.schedulers.protocol import Job, Trial
from sim.traces.trace import Outcome


@given(st.permutations(range(40)))
def test_jobs_are_logged_in_the_order_of_start_whenever_they_end(ends):
    log, worker = Log(), Worker(3)
    worker.curve = RecordedCurve((), (), config_id=5)
    for now, number in enumerate(ends):
        worker.job = Job(Trial(2 * number, {}), 1, 4, bracket=6)
        worker.job_number, worker.started = number, now - 0.5
        log.job(worker, Outcome.DONE, now, 0.25, number / 8)
    jobs = log.trace(workers=4, r_max=4, end=99.0, drained_from=99.0).jobs
    assert jobs["job"].tolist() == list(range(40))
    assert jobs["trial"].tolist() == list(range(0, 80, 2))
    assert jobs["ended"].tolist() == [ends.index(number) for number in range(40)]
    number = ends[-1]
    assert jobs.iloc[number].to_dict() == {
        "job": number,
        "trial": 2 * number,
        "config_id": 5,
        "worker": 3,
        "bracket": 6,
        "start": 1,
        "stop": 4,
        "attempt": 0,
        "outcome": "done",
        "started": 38.5,
        "ended": 39.0,
        "overhead": 0.25,
        "loss": number / 8,
    }
