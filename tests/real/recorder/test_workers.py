import math
import multiprocessing
import os
import sys
import textwrap

import pytest

from real.recorder import workers
from real.recorder.events import Epoch, Failure, Order

# What a user may write: a task that needs no data, in a module of its own.
HOMEMADE = """
import os
from learning_curves.errors import InputError

class Trainer:
    def __init__(self, config, seed):
        self.config, self.seed, self.epoch = config, seed, 0
        if config["what"] == "refuse":
            raise ValueError("what = 'refuse'\\nis no good")

    def train_epoch(self):
        self.epoch += 1
        if self.config["what"] == "die" and self.epoch == 2:
            os._exit(17)
        if self.config["what"] == "break" and self.epoch == 2:
            raise BrokenPipeError("the data set's server hung up")
        if self.config["what"] == "nan":
            return float("nan")
        return 1 / (self.seed + self.epoch)

class Task:
    name, space, r_max = "homemade", {"what": ["work", "refuse", "die", "break", "nan"]}, 3

    def trainer(self, config, seed):
        return Trainer(config, seed)
"""


@pytest.fixture
def homemade(tmp_path, monkeypatch):
    name = f"homemade_{os.getpid()}"
    (tmp_path / f"{name}.py").write_text(textwrap.dedent(HOMEMADE))
    monkeypatch.syspath_prepend(tmp_path)  # spawned processes get the parent's sys.path
    module = __import__(name)
    yield module.Task
    del sys.modules[name]


def orders(*configs, r_max=3):
    return [Order(i, config, 0, r_max) for i, config in enumerate(configs)]


def test_a_failing_curve_leaves_the_others_alone(homemade):
    kinds = ["work", "refuse", "die", "break", "nan", "work"]
    messages = list(
        workers.train(homemade, orders(*({"what": kind} for kind in kinds)), processes=2)
    )
    failures = {m.order.config_id: m.reason for m in messages if isinstance(m, Failure)}
    assert failures == {
        1: "ValueError: what = 'refuse' is no good",
        2: "its process exited with code 17",
        3: "BrokenPipeError: the data set's server hung up",
    }
    errors = {i: [] for i in range(len(kinds))}
    for message in messages:
        if isinstance(message, Epoch):
            errors[message.order.config_id].append(message.error)
            assert message.number == len(errors[message.order.config_id])
            assert 0 < message.seconds < math.inf
    assert errors[0] == errors[5] == [1, 1 / 2, 1 / 3]
    assert errors[4] == [math.inf] * 3
    assert errors[1] == []
    assert len(errors[2]) <= 1  # the die was cast in the second epoch
    assert len(errors[3]) <= 1


def test_closing_ends_the_processes(homemade):
    running = workers.train(homemade, orders({"what": "work"}, r_max=10**9), processes=1)
    next(running)
    children = multiprocessing.active_children()
    assert children
    running.close()
    assert not any(child in multiprocessing.active_children() for child in children)


@pytest.mark.parametrize("clock", ["wall", "cpu"])
def test_the_epochs_fill_their_clock_without_overlap(homemade, clock):
    now = workers._CLOCKS[clock]
    (order,) = orders({"what": "work"}, r_max=50)
    before = now()
    messages = list(workers._train_one(homemade, order, clock, "cpu", warm=True))
    assert [message.number for message in messages] == list(range(1, 51))
    assert 0 < sum(message.seconds for message in messages) <= now() - before


def test_the_first_epoch_in_a_process_is_trained_once_more_and_not_recorded(homemade):
    trained = []

    class Counting(homemade):
        def trainer(self, config, seed):
            trained.append(seed)
            return super().trainer(config, seed)

    for warm, trainings in ((False, 2), (True, 3)):
        (order,) = orders({"what": "work"})
        messages = list(workers._train_one(Counting, order, "wall", "cpu", warm=warm))
        assert [message.error for message in messages] == [1, 1 / 2, 1 / 3]
        assert len(trained) == trainings
