"""The training of a job, worked by hand: its seconds, and what a lost attempt leaves behind."""

import pytest

from learning_curves.synthetic import Scripted
from sim.cluster.training import Training
from sim.cluster.worker import Worker
from sim.faults import Models
from sim.jobs.costs import Costs
from sim.schedulers import Job, Trial

JOB = Job(Trial(0, {}), 0, 4)
OTHER = Job(Trial(1, {}), 0, 4)


class SlowAt:
    """Slow epochs by a script: (trial, attempt, epoch) -> its seconds over what they would be."""

    def __init__(self, script):
        self.script = script

    def slowed(self, seconds, job, attempt, first):
        epochs = enumerate(seconds, first + 1)
        key = job.trial.number, attempt
        return [each * self.script.get((*key, epoch), 1.0) for epoch, each in epochs]


class AtOnce:
    """Epochs that take no time."""

    def slowed(self, seconds, *_):
        return [0.0 for _ in seconds]


@pytest.fixture
def worker():
    """Return a worker whose curve has epochs of 1 s."""
    curves = Scripted([[0.5] * 4], [[1.0] * 4])
    worker = Worker(0)
    worker.curve = curves.curve(curves.configs[0], 0)
    return worker


def test_slow_epochs_are_those_of_the_attempt_that_trains_them(worker):
    # The first attempt takes 3 s for epoch 2: its epochs end at 1, 4, 5 and 6, so that 2 are saved
    # at 4.5. The second trains epochs 3 and 4, the last of them in 2 s.
    slow = SlowAt({(0, 0, 2): 3.0, (0, 1, 4): 2.0, (0, 1, 2): 9.0, (1, 0, 1): 5.0})
    training = Training(Costs(), Models(slow_epochs=slow), r_max=4)
    assert training.begin(worker, JOB) == 6.0
    assert training.lose(worker, JOB, 4.5, saves=True) == 4.0
    assert training.first_epoch(JOB) == 2
    assert training.begin(worker, JOB) == 3.0
    assert training.begin(worker, OTHER) == 8.0
    assert (worker.attempt, worker.first) == (0, 0)


def test_an_attempt_that_saves_nothing_begins_where_the_job_does(worker):
    training = Training(Costs(), Models(), r_max=4)
    assert training.begin(worker, JOB) == 4.0
    assert training.lose(worker, JOB, 2.5, saves=False) == 0.0
    assert (training.first_epoch(JOB), training.begin(worker, JOB)) == (0, 4.0)
    assert worker.attempt == 1
    assert training.lose(worker, JOB, 0.5, saves=True) == 0.0  # no whole epoch
    assert (training.first_epoch(JOB), training.begin(worker, JOB)) == (0, 4.0)
    assert worker.attempt == 2


def test_epochs_that_take_no_time_are_saved_at_once(worker):
    training = Training(Costs(save_seconds=2.0), Models(slow_epochs=AtOnce()), r_max=4)
    assert training.begin(worker, JOB) == worker.finish
    assert training.lose(worker, JOB, 0.5, saves=True) == 0.0
    assert training.first_epoch(JOB) == 4
