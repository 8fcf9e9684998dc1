"""Cards: what is written is what is read, and what no card says is refused."""

from dataclasses import fields

import pytest

from learning_curves.errors import InputError
from learning_curves.tables.card import Card, read_card

SPACE = {"lr": {"distribution": "loguniform", "args": [0.01, 1.0]}, "act": {"choices": ["a", "b"]}}
FULL = Card(
    name="lenet",
    r_max=16,
    space=SPACE,
    title='LeNet on "Fashion-MNIST"',
    seeds=(0, 1),
    train_examples=50_000,
    metric="perplexity",
    licence="CC0",
    known_flaws=("one GPU was warm",),
    task={"model": "LeNet", "split": {"train": 50_000}},
    recording={"threads": 1, "finished": True},
)


@pytest.mark.parametrize("card", [FULL, Card("bare", 1, SPACE)])
def test_what_is_written_is_what_is_read(tmp_path, card):
    path = tmp_path / "card.toml"
    card.write(path)
    assert read_card(path) == card
    assert [each.name for each in tmp_path.iterdir()] == ["card.toml"]


def test_the_full_card_leaves_no_field_out():
    assert all(getattr(FULL, each.name) for each in fields(Card))


def test_a_card_needs_little(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("r_max = 3\n[space.lr]\nchoices = [0.1, 0.2]\n")
    assert read_card(path) == Card("mine", 3, {"lr": {"choices": [0.1, 0.2]}})


MINIMAL = {"r_max": "3", "space": '{lr = {choices = [0.1, "a"]}}'}


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"r_max": None}, "'r_max' is missing: write a whole number >= 1"),
        ({"space": None}, "'space' is missing"),
        ({"space": "{}"}, "the space is empty"),
        ({"space": "{lr = 3}"}, "'lr' has 3"),
        ({"space": "3"}, "'space' is 3"),
        ({"r_max": "0"}, "'r_max' is 0"),
        ({"r_max": "true"}, "'r_max' is True"),
        ({"r_max": '"3"'}, "'r_max' is '3'"),
        ({"train_examples": "1.5"}, "'train_examples' is 1.5"),
        ({"metric": "1"}, "'metric' is 1"),
        ({"seeds": "2"}, "'seeds' is 2: write a list"),
        ({"seeds": "[-1]"}, "'seeds' is [-1]"),
        ({"name": "1"}, "'name' is 1: write a string"),
        ({"known_flaws": '"many"'}, "'known_flaws' is 'many'"),
        ({"task": "1"}, "'task' is 1: write a table"),
        ({"license": '"CC0"'}, "a card has no key 'license': use name, r_max"),
        ({"r_max": "]"}, "a card is TOML"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, changed, words):
    path = tmp_path / "card.toml"
    entries = {key: value for key, value in (MINIMAL | changed).items() if value is not None}
    path.write_text("\n".join(f"{key} = {value}" for key, value in entries.items()))
    with pytest.raises(InputError) as caught:
        read_card(path)
    assert str(caught.value).startswith(str(path))
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_bytes_that_are_no_text_are_named(tmp_path):
    path = tmp_path / "card.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(InputError, match=r"card\.toml cannot be read: .*TOML in UTF-8"):
        read_card(path)
    with pytest.raises(InputError, match="absent"):
        read_card(tmp_path / "absent.toml")
