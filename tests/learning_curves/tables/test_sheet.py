"""The cells of a file: junk is named where it shows, CSV and Parquet alike."""

import math

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from learning_curves.errors import InputError
from learning_curves.tables.tabular import load

# Each example writes to the one folder of its test anew.
in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)

SOUND = "config_id,lr,seed,epoch,validation_error,seconds\n0,0.1,0,1,0.5,1.0\n"


def written(folder, content):
    path = folder / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def complaint(path):
    with pytest.raises(InputError) as caught:
        load(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message
    return message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"\n\n", "is empty"),
        (SOUND.partition("\n")[0], "has no rows"),
        (SOUND + "0,0.1,0,2,0.4\n", "line 3 has 5 values, and the header has 6 names"),
        (SOUND + "0,0.1,0,2,0.4,1.0,9\n", "line 3 has 7 values, and the header has 6 names"),
        (SOUND + "\n0,0.1,0,2,0.4,1.0\n", "line 3, column 'config_id': the cell is empty"),
        (
            SOUND + '0,"0.1\n",0,2,0.4,1.0\n',
            "line 3: a quoted value spans several lines: close its quotes on the same line",
        ),
        (SOUND + '0,"0.1,0,2,0.4,1.0\n', "line 3 has 2 values"),
        (SOUND.replace(",", ";"), "line 1: the column 'config_id' is missing"),
        (SOUND.encode().replace(b"0.1", b"\xff"), "line 2: this is not text"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "line 1: this is not text"),
        (SOUND.encode("utf-16"), "line 1: this is not text"),
        (bytes(range(128)), "line 2: this is not CSV"),
        (b"{}", "line 1: the column 'config_id' is missing"),
    ],
)
def test_a_file_that_is_no_table_is_named(tmp_path, content, words):
    assert words in complaint(written(tmp_path, content))


@in_one_folder
@given(content=st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode)))
def test_junk_is_an_input_error(content, tmp_path):
    for junk in (content, SOUND.encode() + content + b",x"):
        complaint(written(tmp_path, junk))


@pytest.mark.parametrize("ending", ["\n\n\n", "", "\r\n"])
def test_line_endings_and_a_byte_order_mark_do_not_matter(tmp_path, ending):
    plain = load(written(tmp_path, SOUND))
    text = SOUND.rstrip("\n").replace("\n", "\r\n" if ending == "\r\n" else "\n") + ending
    assert load(written(tmp_path, text)).recorded == plain.recorded
    assert load(written(tmp_path, b"\xef\xbb\xbf" + text.encode())).recorded == plain.recorded


def parquet(folder, **changed):
    columns = {
        "config_id": [0, 0],
        "lr": [0.1, 0.1],
        "seed": [0, 0],
        "epoch": [1, 2],
        "validation_error": [0.5, 0.4],
        "seconds": [1.0, 1.0],
    }
    path = folder / "table.parquet"
    pa.parquet.write_table(pa.table({**columns, **changed}), path)
    return path


@pytest.mark.parametrize(
    ("column", "cells", "words"),
    [
        ("config_id", [0, None], "row 2, column 'config_id': the cell is empty"),
        ("lr", [0.1, None], "row 2, column 'lr': the cell is empty"),
        ("lr", [0.1, math.nan], "row 2, column 'lr': nan is not a value"),
        ("lr", [[0.1], [0.1]], "row 1, column 'lr': [0.1] is not a number"),
        ("lr", [b"a", b"a"], "row 1, column 'lr': b'a' is not a number"),
        ("seed", [0.0, 0.5], "row 2, column 'seed': 0.5 is not a whole number"),
        ("epoch", [1, 1], "row 2, column 'epoch': 1 repeats row 1"),
        ("epoch", [[1], [2]], "row 1, column 'epoch': [1] is not a whole number"),
        (
            "validation_error",
            [0.5, math.nan],
            "row 2, column 'validation_error': nan is not a loss",
        ),
        ("seconds", [-1.0, 1.0], "row 1, column 'seconds': -1.0 is not a duration"),
    ],
)
def test_a_wrong_cell_of_parquet_is_named_by_row(tmp_path, column, cells, words):
    assert words in complaint(parquet(tmp_path, **{column: cells}))


def test_a_parquet_file_of_other_types_is_read(tmp_path):
    path = parquet(tmp_path, seed=[3.0, 3.0], act=pa.array(["relu"] * 2).dictionary_encode())
    table = load(path)
    assert table.configs == ({"lr": 0.1, "act": "relu"},)
    assert table.card.seeds == (3,)


@in_one_folder
@given(data=st.data())
def test_parquet_that_is_cut_short_is_named(data, tmp_path):
    path = parquet(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: data.draw(st.integers(0, len(content) - 1))])
    assert "cannot be read as Parquet" in complaint(path)
