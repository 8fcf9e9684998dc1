"""Tables from DataFrames: the rules are those of a file."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from learning_curves.errors import InputError
from learning_curves.tables.frame import from_frame
from learning_curves.tables.tabular import load

FRAME = pd.DataFrame(
    {
        "config_id": [7, 7, 9, 9],
        "lr": [0.1, 0.1, 0.2, 0.2],
        "act": ["relu", "relu", "tanh", "tanh"],
        "seed": 0,
        "epoch": [1, 2, 2, 1],
        "validation_error": [0.5, 0.4, math.inf, 0.6],
        "seconds": [1, 2, 3, 4],
    },
    index=list("wxyz"),
)


def test_a_frame_is_the_table_that_its_file_is(tmp_path):
    FRAME.to_csv(tmp_path / "mine.csv", index=False)
    table = from_frame(FRAME, name="mine")
    assert table.recorded == load(tmp_path / "mine.csv").recorded
    table.write(tmp_path / "again.parquet")
    assert load(tmp_path / "again.parquet").recorded == table.recorded
    assert table.curve({"act": "tanh", "lr": 0.2}, seed=5).losses(0, 2) == (0.6, math.inf)


@pytest.mark.parametrize(
    "convert",
    [
        lambda df: df.astype({"act": "category", "seed": "int8", "seconds": "float32"}),
        lambda df: df.convert_dtypes(),
        lambda df: df.astype(object),
        lambda df: df.sample(frac=1, random_state=0),
    ],
)
def test_the_types_and_the_order_of_a_frame_do_not_matter(convert):
    assert from_frame(convert(FRAME)).recorded == from_frame(FRAME).recorded


@pytest.mark.parametrize(
    "space",
    [
        {"lr": stats.loguniform(0.01, 1), "act": ["relu", "tanh", "gelu"]},
        "lr=loguniform(0.01,1),act=choice(relu,tanh,gelu)",
    ],
)
def test_a_space_is_given_as_distributions_or_as_a_line(space):
    table = from_frame(FRAME, space)
    assert table.space["lr"].support() == (0.01, 1)
    assert table.space["act"] == ["relu", "tanh", "gelu"]


@pytest.mark.parametrize(
    ("df", "words"),
    [
        ("FRAME.csv", "df is a str: give a pandas DataFrame"),
        (FRAME.drop(columns="seconds"), "frame, columns: the column 'seconds' is missing"),
        (FRAME.set_index("lr"), "no column is a hyperparameter"),
        (FRAME.iloc[:0], "frame has no rows"),
        (FRAME.iloc[:3], "2 belongs to config_id 9, seed 0, whose epoch 1 is missing"),
        (FRAME.assign(epoch=1), "iloc[1], column 'epoch': 1 repeats iloc[0]"),
        (
            FRAME.assign(seconds=[1, 2, -3, 4]),
            "frame, iloc[2], column 'seconds': -3 is not a duration",
        ),
        (
            FRAME.assign(validation_error=[0.5, np.nan, 0.1, 0.6]),
            "iloc[1], column 'validation_error': nan is not a loss: write a number, or inf where",
        ),
        (FRAME.assign(lr=[0.1, None, 0.2, 0.2]), "iloc[1], column 'lr'"),
        (FRAME.assign(act=["relu", 3, "tanh", "tanh"]), "column 'act': the values are of several"),
        (FRAME.rename(columns={"act": "lr"}), "the column 'lr' is there twice"),
    ],
)
def test_what_breaks_a_rule_is_named(df, words):
    if isinstance(df, pd.DataFrame) and "act" in df and "no column" in words:
        df = df.drop(columns="act")
    with pytest.raises(InputError) as caught:
        from_frame(df)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_value_outside_the_given_space_is_named():
    with pytest.raises(InputError, match=r"iloc\[2\], column 'lr': 0.2 is outside"):
        from_frame(FRAME, {"lr": stats.uniform(0, 0.15), "act": ["relu", "tanh"]})
    with pytest.raises(InputError, match="the column 'act' is not in the card's space"):
        from_frame(FRAME, "lr=uniform(0,1)")
    with pytest.raises(InputError, match=r"which scipy\.stats "):
        from_frame(FRAME, "lr=no(0,1)")
