"""Tasks that break one law each, and those that keep all."""

import copy
import math
from pathlib import Path

import numpy as np
import pytest
import torch

from learning_curves.errors import InputError
from learning_curves.laws import BrokenLaw
from real.tasks.check import check_task, results
from real.tasks.task_laws import LAWS

NAMES = [law.name for law in LAWS]


class Good:
    """A weight that follows noise with momentum; its state is two tensors and a generator."""

    def __init__(self, config, seed):
        self.rate = config["rate"]
        self.generator = torch.Generator().manual_seed(seed)
        self.weight, self.velocity = torch.ones(2), torch.zeros(2)

    def train_epoch(self):
        noise = torch.rand(2, generator=self.generator)
        self.velocity = 0.9 * self.velocity - self.rate * (self.weight - noise)
        self.weight += self.velocity
        return float(self.weight.square().sum())

    def state_dict(self):
        return {
            "weight": self.weight.clone(),
            "more": [self.velocity.clone(), self.generator.get_state()],
        }

    def load_state_dict(self, state):
        self.weight = state["weight"].clone()
        self.velocity = state["more"][0].clone()
        self.generator.set_state(state["more"][1])


class Task:
    name, r_max = "tried", 5

    def __init__(self, trainer=Good):
        self.space = {"rate": [0.1, 0.2, 0.3, 0.4], "kind": "x"}
        self.training = trainer

    def trainer(self, config, seed):
        return self.training(config, seed)


class Raises(Good):
    def train_epoch(self):
        return float(torch.ones(2) @ torch.ones(3))


class RaisesAtOnce(Good):
    def __init__(self, config, seed):
        super().__init__(config, seed)
        raise LookupError("no\ndata")


class Dict(Good):
    def train_epoch(self):
        return {"loss": super().train_epoch()}


class MinusInf(Good):
    def train_epoch(self):
        return -math.inf


class Pops(Good):
    def __init__(self, config, seed):
        super().__init__(config, seed)
        config.pop("kind")


class Global(Good):
    def train_epoch(self):
        return super().train_epoch() + float(torch.rand(()))


class Array(Good):
    def state_dict(self):
        return {**super().state_dict(), "best": [0.5, {"loss": np.float64(0.5)}]}


class NoDict(Good):
    def state_dict(self):
        return list(super().state_dict().items())


class Alias(Good):
    def state_dict(self):
        return {**super().state_dict(), "weight": self.weight}


class SavingDraws(Good):
    def state_dict(self):
        torch.rand(1, generator=self.generator)
        return super().state_dict()


class NoMomentum(Good):
    def state_dict(self):
        state = super().state_dict()
        return {**state, "more": [torch.zeros(2), state["more"][1]]}


class Unseen(Good):
    """The state that is not restored shows in no loss of the first epochs."""

    def train_epoch(self):
        super().train_epoch()
        return 0.5

    def load_state_dict(self, state):
        pass


class CannotLoad(Good):
    def load_state_dict(self, state):
        self.weight = state["wieght"]


BROKEN = {
    Raises: ("trains", "RuntimeError: ", "train_epoch"),
    RaisesAtOnce: ("trains", "LookupError: no data (", "__init__"),
    Dict: ("losses", "train_epoch() returned {'loss': ", "train_epoch"),
    MinusInf: ("losses", "returned -inf: return inf where diverged", "train_epoch"),
    Pops: ("config", "copy it first, dict(config)", "trainer"),
    Global: ("determinism", "draw from a generator seeded with seed", "train_epoch"),
    Array: ("readable", "holds a numpy.float64 at ['best'][1]['loss'], ", "state_dict"),
    NoDict: ("readable", "return a dict", "state_dict"),
    Alias: ("copy", "the state after epoch 1 was changed at ['weight']", "state_dict"),
    SavingDraws: ("copy", "must not change the training", "state_dict"),
    NoMomentum: ("resume", "where the training was stopped and resumed", "load_state_dict"),
    Unseen: ("resume", "the losses agree, but the state differs at ", "load_state_dict"),
    CannotLoad: ("resume", "KeyError: 'wieght' (", "load_state_dict"),
}


@pytest.mark.parametrize("made", BROKEN, ids=lambda made: made.__name__)
def test_each_mistake_breaks_its_own_law_and_has_its_line(made):
    name, said, where = BROKEN[made]
    with pytest.raises(BrokenLaw) as error:
        check_task(Task(made))
    assert error.value.law.name == name
    assert said in error.value.message
    assert "(test_check.py, line " in error.value.message
    assert f", {where})" in error.value.message
    assert "\n" not in str(error.value)


def test_every_law_but_the_note_on_seeds_is_broken_by_one_of_them():
    assert {name for name, *_ in BROKEN.values()} == set(NAMES) - {"seeds"}


def test_the_page_lists_the_laws():
    page = (Path(__file__).parents[3] / "docs" / "own-task.md").read_text(encoding="utf-8")
    for law in LAWS:
        assert f"| `{law.name}` | {law.sentence} | {law.mistake} |\n" in page


def test_a_task_that_keeps_all_laws():
    assert [(each.law.name, each.note) for each in check_task(Task())] == [(n, "") for n in NAMES]


def test_later_laws_are_checked_on_a_state_that_cannot_be_read():
    found = {each.law.name: each.broken is not None for each in results(Task(Array))}
    assert list(found) == NAMES
    assert [name for name, broken in found.items() if broken] == ["readable"]


def test_without_a_training_nothing_more_is_checked():
    assert [each.law.name for each in results(Task(Dict))] == ["trains", "losses"]


class Sometimes(Good):
    def train_epoch(self):
        if self.rate == 0.1:
            raise MemoryError("no room")
        return super().train_epoch() if self.rate < 0.3 else math.nan


@pytest.mark.parametrize(
    ("rates", "trains", "losses", "resume"),
    [
        ((0.1, 0.2), "1 of 2 configs raised, the first one MemoryError: no room (test", "", ""),
        ((0.2, 0.3), "", "1 of 2 configs diverged", ""),
        ((0.4, 0.3), "", "2 of 2 configs diverged", "not checked: every config diverged"),
    ],
)
def test_a_config_may_diverge(rates, trains, losses, resume):
    configs = [{"rate": rate, "kind": "x"} for rate in rates]
    checked = check_task(Task(Sometimes), configs=configs)
    notes = {each.law.name: each.note for each in checked}
    for name, said in (("trains", trains), ("losses", losses), ("resume", resume)):
        assert notes[name].startswith(said)
        assert bool(notes[name]) == bool(said)


class Constant(Good):
    def __init__(self, config, seed):  # noqa: ARG002
        super().__init__(config, 0)


def test_a_seed_that_changes_nothing_is_a_note():
    notes = {each.law.name: each.note for each in check_task(Task(Constant))}
    assert notes["seeds"].startswith("seeds change nothing")


def test_a_training_of_one_epoch_is_never_resumed():
    made = Task()
    made.r_max = 1
    notes = {each.law.name: each.note for each in check_task(made)}
    assert notes["resume"].startswith("not checked: a training of one epoch")


def test_nothing_is_trained_beyond_what_is_asked_for():
    epochs = []

    class Counted(Good):
        def train_epoch(self):
            epochs.append(1)
            return super().train_epoch()

    check_task(Task(Counted), configs=1, epochs=4)
    assert len(epochs) == 4 * 4 + 2  # one more for the config, one for the seeds


def test_a_named_task_is_found_and_checked(homemade):
    name = homemade(
        "class Task:\n"
        "    name, r_max, space = 'named', 2, {'x': [0.5]}\n"
        "    def trainer(self, config, seed): return self\n"
        "    def train_epoch(self): return [0.5]\n"
    )
    with pytest.raises(BrokenLaw, match=r"returned \[0\.5\]: .* \(homemade_\w+\.py, line 4, train"):
        check_task(name)


@pytest.mark.parametrize(
    ("given", "values", "said"),
    [
        (Task(), {"configs": 0}, "the number of configs is 0"),
        (Task(), {"epochs": 0}, "the number of epochs is 0"),
        (Task(), {"seed": -1}, "the seed is -1"),
        (Task(), {"configs": [{"rate": 0.1}]}, "has no 'kind'"),
        (object(), {}, "without 'name'"),
        ("sotfmax", {}, "there is no task 'sotfmax'"),
    ],
)
def test_bad_input_is_one_line(given, values, said):
    with pytest.raises(InputError, match=said):
        results(copy.copy(given), **values)
