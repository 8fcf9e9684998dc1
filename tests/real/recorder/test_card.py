from dataclasses import replace
from pathlib import Path

import pytest

from learning_curves.errors import InputError
from learning_curves.tables.card import Card, read_card
from real.recorder import card as cards

PATH = Path("t.toml")
CARD = Card(
    name="t",
    r_max=16,
    space={"learning_rate": {"distribution": "loguniform", "args": [0.01, 1.0]}},
    seeds=(0,),
    train_examples=1000,
    known_flaws=("one seed",),
    task={"model": "LeNet"},
    recording={
        "seed": 0,
        "device": "cpu",
        "clock": "wall",
        "threads": 1,
        "command": "rungsim record",
        "processor": "a",
        "torch": "2.5.0",
        "python": "3.11.0",
        "numpy": "1.26.0",
        "date": "2026-01-01",
    },
)


def recording(**changes):
    return replace(CARD, recording={**CARD.recording, **changes})


@pytest.mark.parametrize(
    "other",
    [
        replace(CARD, seeds=(0, 1)),
        replace(CARD, title="another heading", known_flaws=()),
        recording(torch="2.6.0", processor="b", date="2027-01-01", command="rungsim record -h"),
    ],
)
def test_more_seeds_and_another_machine_are_the_same_recording(other):
    cards.check_same(PATH, CARD, other)


@pytest.mark.parametrize(
    ("other", "what"),
    [
        (replace(CARD, r_max=8), "r_max = 16, not 8"),
        (replace(CARD, train_examples=None), "train_examples = 1000, not None"),
        (replace(CARD, space={**CARD.space, "layers": {"constant": 2}}), "space.layers = None"),
        (replace(CARD, space={"learning_rate": {"constant": 1}}), "space.learning_rate = "),
        (replace(CARD, task={"model": "MLP"}), "task.model = 'LeNet', not 'MLP'"),
        (replace(CARD, task={}), "task.model = 'LeNet', not None"),
        (recording(seed=1), "recording.seed = 0, not 1"),
        (recording(device="cuda"), "recording.device = 'cpu', not 'cuda'"),
        (recording(clock="cpu"), "recording.clock = 'wall', not 'cpu'"),
    ],
)
def test_what_the_numbers_depend_on_must_agree(other, what):
    with pytest.raises(InputError, match=rf"^t\.toml: recorded with {what}") as error:
        cards.check_same(PATH, CARD, other)
    assert "--out" in str(error.value)


def test_the_order_of_the_hyperparameters_must_agree():
    # It is the order of the columns, and that in which a config's values are drawn.
    two = {"a": {"constant": 1}, "b": {"constant": 2}}
    other = dict(reversed(two.items()))
    with pytest.raises(InputError, match="space"):
        cards.check_same(PATH, replace(CARD, space=two), replace(CARD, space=other))


def test_a_change_of_machine_is_owned_up_to_once():
    new = recording(torch="2.6.0", date="2027-01-01")
    once = cards.carry_on(CARD, new)
    assert once.recording["torch"] == "2.6.0"
    assert once.recording["date"] == "2026-01-01"
    assert once.known_flaws == (
        "one seed",
        "started with torch 2.5.0, continued with torch 2.6.0",
    )
    assert cards.carry_on(once, new) == once
    assert cards.carry_on(CARD, CARD) == CARD


def test_a_flaw_that_a_person_added_is_kept_and_one_that_is_mended_is_not():
    one, two = (tuple(cards.known_flaws("cpu", seeds)) for seeds in (1, 2))
    old = replace(CARD, known_flaws=(*one, "the fan was broken"))
    new = replace(CARD, known_flaws=two, seeds=(0, 1))
    assert cards.carry_on(old, new).known_flaws == (*two, "the fan was broken")
    assert cards.carry_on(old, replace(CARD, known_flaws=one)).known_flaws == old.known_flaws


def test_a_card_written_and_read_is_of_the_same_recording(tmp_path):
    path = tmp_path / "t.toml"
    cards.mark(CARD, finished=False).write(path)
    found = read_card(path)
    assert found.recording["finished"] is False
    cards.check_same(path, found, CARD)


def test_the_machine_is_described():
    here = cards.machine("cpu")
    assert list(here) == ["processor", "torch", "python", "numpy", "date"]
    assert all(here.values())
