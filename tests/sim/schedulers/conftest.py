"""What drives the schedulers in these tests: scripts of bytes that end jobs and ask for more."""

from math import inf, isnan, nan

import pytest

from sim.schedulers import Idle, Job, Trial
from sim.searchers import Listed

LOST = object()
"""In place of a loss: the job never reports."""

# Few values, so that ties are common.
OUTCOMES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.2, 0.3, 0.5, 0.5, -inf, inf, nan, LOST, LOST)


def _trials(count):
    """Return a searcher of so many trials."""
    return Listed([{"number": number} for number in range(count)])


def _moves(script, workers):
    """Yield what to do next, "ask" or (place of a running job, outcome), to the script's end.

    Send back how many jobs are running.
    """
    values = iter(script)
    running = yield None
    for value in values:
        if running and (running == workers or value % 2):
            running = yield (value // 2) % running, OUTCOMES[next(values, 0) % len(OUTCOMES)]
        else:
            running = yield "ask"


def _tell(scheduler, job, outcome):
    """Let `job` end for `scheduler`: its last loss is `outcome`, unless it is lost."""
    if outcome is LOST:
        scheduler.job_lost(job)
    else:
        scheduler.job_done(job, [0.9] * (job.stop - job.start - 1) + [outcome])


def _drive_both(scheduler, oracle, script, workers, *, to_the_end=False, lost="inf"):
    """Let `scheduler` and `oracle` live through `script`; their answers must agree at every step.

    The oracle answers `ask()` and hears `tell(job, loss)`; of a lost job inf, or None if lost jobs
    vanish. With `to_the_end` the script is followed by asking, and ending jobs in order of start,
    until all is done.
    """
    running = []
    of_lost = inf if lost == "inf" else None

    def ask():
        answer, expected = scheduler.next_job(), oracle.ask()
        assert answer == expected
        if isinstance(answer, Job):
            running.append(answer)
        return answer

    def end(place, outcome):
        job = running.pop(place)
        _tell(scheduler, job, outcome)
        if outcome is LOST:
            oracle.tell(job, of_lost)
        else:
            oracle.tell(job, inf if isnan(outcome) else outcome)

    moves = _moves(script, workers)
    next(moves)
    while True:
        try:
            move = moves.send(len(running))
        except StopIteration:
            break
        if move == "ask":
            ask()
        else:
            end(*move)
    while to_the_end:
        while len(running) < workers and isinstance(ask(), Job):
            pass
        if not running:
            assert ask() is Idle.DONE
            break
        end(0, OUTCOMES[running[0].trial.number % 8])


@pytest.fixture(scope="session")
def drive_both():
    return _drive_both


@pytest.fixture(scope="session")
def moves():
    return _moves


@pytest.fixture(scope="session")
def tell():
    return _tell


@pytest.fixture(scope="session")
def lost():
    return LOST


@pytest.fixture(scope="session")
def trials():
    return _trials


@pytest.fixture(scope="session")
def trial():
    return lambda number: Trial(number, {"number": number})


@pytest.fixture(scope="session")
def start():
    """Ask for so many jobs, all of which must be there."""

    def ask(scheduler, count):
        jobs = [scheduler.next_job() for _ in range(count)]
        assert all(isinstance(job, Job) for job in jobs)
        return jobs

    return ask


@pytest.fixture(scope="session")
def brief():
    """Write an answer of a scheduler as (trial, start, stop), or leave it as it is."""

    def write(answer):
        if isinstance(answer, Job):
            return answer.trial.number, answer.start, answer.stop
        return answer

    return write
