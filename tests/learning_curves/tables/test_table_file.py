"""Tables on disk: what they say, and the naming of what is wrong with them."""

import csv
import io
import math
from dataclasses import replace
from itertools import product

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from learning_curves.errors import InputError
from learning_curves.tables.card import Card
from learning_curves.tables.tabular import load

# Each example writes to the one folder of its test anew.
in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)

HEADER = ["config_id", "lr", "act", "seed", "epoch", "validation_error", "seconds"]
R_MAX = 3
CARD = Card(
    "sound",
    R_MAX,
    {
        "lr": {"distribution": "loguniform", "args": [0.01, 1.0]},
        "act": {"choices": ["relu", "tanh"]},
    },
    seeds=(0, 1),
)


def sound_rows():
    """Return 4 configs (ids 0, 2, 4, 6) x 2 seeds x 3 epochs, in order."""
    rows = []
    for i, seed, epoch in product((0, 2, 4, 6), (0, 1), range(1, R_MAX + 1)):
        act = ["relu", "tanh"][i // 2 % 2]
        loss = 0.5 / epoch + i / 100 + seed / 1000
        rows.append(
            [str(i), str(0.1 + i / 10), act, str(seed), str(epoch), str(loss), str(1.0 + i)]
        )
    return rows


def written(folder, rows, header=HEADER, card=CARD):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return written_text(folder, text.getvalue(), card)


def written_text(folder, text, card=None):
    path = folder / "table.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.with_suffix(".toml").unlink(missing_ok=True)
    if card:
        card.write(path.with_suffix(".toml"))
    return path


def complaint(path):
    with pytest.raises(InputError) as caught:
        load(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


@in_one_folder
@given(rows=st.permutations(sound_rows()), card=st.sampled_from([CARD, None]))
def test_the_order_of_the_rows_does_not_matter(rows, card, tmp_path):
    assert load(written(tmp_path, rows, card=card)).recorded == (
        load(written(tmp_path, sound_rows(), card=card)).recorded
    )


@pytest.mark.parametrize("card", [CARD, None], ids=["card", "no card"])
def test_a_sound_table_says_what_its_rows_say(tmp_path, card):
    table = load(written(tmp_path, sound_rows(), card=card))
    assert table.ids == (0, 2, 4, 6)
    assert table.configs[2] == {"lr": 0.5, "act": "relu"}
    assert table.r_max == 3
    curve = table.recorded.curves[2][1]
    assert curve.all_losses == (0.5 + 0.04 + 0.001, 0.25 + 0.04 + 0.001, 0.5 / 3 + 0.04 + 0.001)
    assert curve.all_seconds == (5.0, 5.0, 5.0)
    assert table.final_losses == pytest.approx([0.5 / 3 + i / 100 for i in (0, 2, 4, 6)], abs=0)
    assert table.card.seeds == (0, 1)


CELLS = [  # column, what is written there, what the message says of it
    ("config_id", "-1", "is negative"),
    ("config_id", "1.5", "is not a whole number"),
    ("config_id", "one", "is not a whole number"),
    ("config_id", "", "is empty"),
    ("lr", "0.005", "outside the card's space, 0.01 to 1.0"),
    ("lr", "1.5", "outside the card's space"),
    ("lr", "fast", "is not a number"),
    ("lr", "nan", "is not a number"),
    ("lr", "", "is empty"),
    ("act", "gelu", "not in the card's space, ['relu', 'tanh']"),
    ("act", "", "is empty"),
    ("seed", "-1", "is negative"),
    ("seed", "0.5", "is not a whole number"),
    ("seed", "7", "not in the card's seeds [0, 1]"),
    ("epoch", "0", "is below 1"),
    ("epoch", "4", "is beyond the card's r_max 3"),
    ("epoch", "last", "is not a whole number"),
    ("epoch", "1e0", "is not a whole number"),
    ("validation_error", "nan", "is not a loss"),
    ("validation_error", "NaN", "is not a loss"),
    ("validation_error", "-inf", "is not a loss"),
    ("validation_error", "low", "is not a number"),
    ("validation_error", "", "is empty"),
    ("seconds", "0", "is not a duration"),
    ("seconds", "-1.5", "is not a duration"),
    ("seconds", "inf", "is not a duration"),
    ("seconds", "nan", "is not a duration"),
    ("seconds", "long", "is not a number"),
    ("seconds", "", "is empty"),
]


@pytest.mark.parametrize(("column", "value", "words"), CELLS)
@settings(in_one_folder, max_examples=6)
@given(row=st.integers(0, 23))
def test_a_wrong_cell_is_named(column, value, words, row, tmp_path):
    rows = sound_rows()
    rows[row][HEADER.index(column)] = value
    message = complaint(written(tmp_path, rows))
    assert f", line {row + 2}, column {column!r}: " in message  # line 1 is the header
    assert words in message
    numbers = {"nan", "NaN", "inf", "-inf"}
    assert (value or "empty") in message or value in numbers


def test_the_first_wrong_row_is_named(tmp_path):
    rows = sound_rows()
    for row in (17, 5, 20):
        rows[row][-1] = "0"
    assert "line 7," in complaint(written(tmp_path, rows))


@in_one_folder
@given(row=st.integers(0, 23), card=st.sampled_from([CARD, None]))
def test_a_missing_row_is_named_by_its_curve(row, card, tmp_path):
    rows = sound_rows()
    number, _, _, seed, epoch, *_ = rows.pop(row)
    message = complaint(written(tmp_path, rows, card=card))
    assert f"config_id {number}, seed {seed}, whose epoch {epoch} is missing" in message
    neighbour = row - 1 if epoch != "1" else row  # the row before the gap, if it is the curve's
    assert f", line {neighbour + 2}, column 'epoch': '{rows[neighbour][4]}'" in message


@in_one_folder
@given(row=st.integers(0, 23), at=st.integers(0, 24), other=st.booleans())
def test_a_row_that_comes_twice_is_named(row, at, other, tmp_path):
    rows = sound_rows()
    epoch = rows[row][4]
    rows.insert(at, [*rows[row][:-2], "0.25", "2.5"] if other else rows[row])
    first, second = sorted((at, row + (at <= row)))
    message = complaint(written(tmp_path, rows))
    assert f", line {second + 2}, column 'epoch': '{epoch}' repeats line {first + 2}:" in message


@in_one_folder
@given(row=st.integers(0, 23), column=st.sampled_from(["lr", "act"]))
def test_a_config_that_changes_is_named(row, column, tmp_path):
    rows = sound_rows()
    cell = HEADER.index(column)
    was, rows[row][cell] = rows[row][cell], {"lr": "0.9", "act": "relu"}[column]
    assume(rows[row][cell] != was)
    start = row - row % 6  # each config has 6 rows; against the first of them the others count
    named = row if row != start else start + 1
    message = complaint(written(tmp_path, rows))
    assert f", line {named + 2}, column {column!r}: {rows[named][cell]!r} differs from" in message
    assert f"at line {start + 2}" in message


def test_two_spellings_of_a_number_are_one_value(tmp_path):
    rows = sound_rows()
    rows[1][1], rows[2][1] = "0.10", "1e-1"
    for card in (CARD, None):
        assert load(written(tmp_path, rows, card=card)).configs[0]["lr"] == 0.1


def test_a_config_under_two_ids_is_named(tmp_path):
    rows = sound_rows()
    for row in rows[12:18]:  # config_id 4, lines 14 to 19
        row[1:3] = rows[0][1:3]
    message = complaint(written(tmp_path, rows))
    assert ", line 14, column 'config_id': '4' has the hyperparameters of config_id 0" in message


def test_a_seed_that_the_card_names_need_not_be_there_for_every_config(tmp_path):
    rows = [row for row in sound_rows() if row[3] == "0"]
    assert load(written(tmp_path, rows)).card.seeds == (0, 1)


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (["config_id", "lr", "act", "seed", "epoch", "validation_error", "time"], "'seconds' is"),
        (["config_id", "lr", "seed", "seed", "epoch", "validation_error", "seconds"], "'act' is"),
        (["config_id", "lr", "lr", "seed", "epoch", "validation_error", "seconds"], "'lr' is"),
        (["config_id", "lr", "", "seed", "epoch", "validation_error", "seconds"], "has no name"),
    ],
    ids=["no seconds", "two seeds", "two lr", "nameless"],
)
def test_a_wrong_header_is_named(tmp_path, header, words):
    message = complaint(written(tmp_path, sound_rows(), header))
    assert ", line 1: " in message
    assert words in message or "is there twice" in message


def test_a_column_that_the_card_does_not_know_is_named(tmp_path):
    rows = [[*row, "1"] for row in sound_rows()]
    message = complaint(written(tmp_path, rows, [*HEADER, "width"]))
    assert "line 1: the column 'width' is not in the card's space" in message
    loaded = load(written(tmp_path, rows, [*HEADER, "width"], card=None))
    assert loaded.configs[0] == {"lr": 0.1, "act": "relu", "width": 1}


def test_a_hyperparameter_has_a_name_of_its_own(tmp_path):
    space = {**CARD.space, "seed": {"choices": [0, 1]}}
    message = complaint(written(tmp_path, sound_rows(), card=replace(CARD, space=space)))
    assert "'seed' cannot be a hyperparameter" in message


def test_a_table_of_no_hyperparameter_is_refused(tmp_path):
    rows = [[row[0], *row[3:]] for row in sound_rows()]
    assert "no column is a hyperparameter" in complaint(
        written(tmp_path, rows, [HEADER[0], *HEADER[3:]], card=None)
    )


SOUND = "config_id,lr,seed,epoch,validation_error,seconds\n0,0.1,0,1,0.5,1.0\n"


def test_text_stays_text_behind_a_byte_order_mark(tmp_path):
    text = "\ufefflr,config_id,seed,epoch,validation_error,seconds\n01,0,0,1,0.5,1.0\n"
    card = Card("text", 1, {"lr": {"choices": ["01", "1"]}})
    assert load(written_text(tmp_path, text, card)).configs == ({"lr": "01"},)


@pytest.mark.parametrize(
    ("domain", "cell", "value"),
    [
        ({"choices": [0.1, 1.0]}, "0.10", 0.1),
        ({"choices": [0.1, 1.0]}, "1", 1.0),
        ({"constant": 0.1}, "1e-1", 0.1),
        ({"distribution": "randint", "args": [1, 9]}, "2.0", 2),
        ({"distribution": "uniform", "args": [0, 9]}, "2", 2.0),
    ],
)
def test_a_value_is_the_one_that_the_card_has_however_it_is_spelled(tmp_path, domain, cell, value):
    card = Card("spelled", 1, {"lr": domain})
    found = load(written_text(tmp_path, SOUND.replace("0.1", cell), card)).configs[0]["lr"]
    assert (found, type(found)) == (value, type(value))


def test_a_whole_number_is_not_half(tmp_path):
    card = Card("whole", 1, {"lr": {"distribution": "randint", "args": [1, 9]}})
    message = complaint(written_text(tmp_path, SOUND.replace("0.1", "2.5"), card))
    assert "line 2, column 'lr': '2.5' is not a whole number" in message


def test_a_diverged_epoch_is_inf(tmp_path):
    table = load(written_text(tmp_path, SOUND.replace("0.5", "inf")))
    assert table.final_losses.tolist() == [math.inf]


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1", "2"], [1, 2]),
        (["1", "0.5"], [1.0, 0.5]),
        (["True", "False"], [True, False]),
        (["relu", "1"], ["relu", "1"]),
        (["0.1", "1e-05"], [0.1, 1e-05]),
    ],
)
def test_without_a_card_the_space_is_read_off_the_columns(tmp_path, cells, values):
    rows = [f"{i},{cell},0,1,0.5,1.0\n" for i, cell in enumerate(cells)]
    table = load(written_text(tmp_path, SOUND.partition("\n")[0] + "\n" + "".join(rows)))
    assert [config["lr"] for config in table.configs] == values
    assert [type(config["lr"]) for config in table.configs] == [type(each) for each in values]
    assert table.space == {"lr": sorted(values)}
    assert table.name == "table"
    assert table.train_examples is None


@pytest.mark.parametrize("cell", ["nan", "inf", "re\x07lu"])
def test_without_a_card_a_value_must_still_be_one(tmp_path, cell):
    message = complaint(written_text(tmp_path, SOUND.replace("0.1", cell)))
    assert f", line 2, column 'lr': {cell!r} " in message
