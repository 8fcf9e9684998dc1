"""JSON lines and long logs: which rows and columns there are, and what is amiss."""

import json
import math

import pytest

ROWS = [
    {"config": {"lr": 0.1, "act": "relu"}, "run": "a", "step": 1, "tag": "val", "value": 0.5},
    {"config": {"lr": 0.1, "act": "relu"}, "run": "a", "step": 1, "tag": "train", "value": 9},
    {"config": {"lr": 0.1, "act": "relu"}, "run": "a", "step": 2, "tag": "val", "value": 0.4},
    {"config": {"lr": 1, "act": "tanh"}, "run": "b", "step": 1, "tag": "val", "value": 0.6},
    {"config": {"lr": 1, "act": "tanh"}, "run": "b", "step": 2, "tag": "val", "value": math.nan},
]
ASKED = {
    "columns": {"config_id": "run", "epoch": "step", "validation_error": "value"},
    "seconds_per_epoch": 1.0,
}
WHERE = ASKED | {"where": ("tag=val",)}


def written(folder, rows, name="log.jsonl"):
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    (folder / name).write_text("\n".join(lines) + "\n")
    return folder / name


@pytest.mark.parametrize("name", ["log.jsonl", "log.ndjson"])
def test_rows_are_objects_and_objects_in_them_have_columns(tmp_path, imported, losses, name):
    got = imported(written(tmp_path, ROWS, name), **WHERE)
    assert got.table.configs == ({"lr": 0.1, "act": "relu"}, {"lr": 1.0, "act": "tanh"})
    assert losses(got) == {(0, 0): [0.5, 0.4], (1, 0): [0.6, math.inf]}
    assert got.notes[:3] == (
        "4 of 5 rows have tag=val: the other rows are left out",
        "loss: value (tag=val)",
        "hyperparameters: lr, act",
    )
    assert got.table.card.recording["import_options"]["where"] == ["tag=val"]


def test_a_key_in_two_places_is_written_in_full(tmp_path, imported):
    rows = [row | {"lr": 7} for row in ROWS]
    got = imported(written(tmp_path, rows), **WHERE, hyperparameters=("config.lr", "lr", "act"))
    assert got.table.configs[0] == {"config.lr": 0.1, "lr": 7, "act": "relu"}


def test_what_is_no_number_or_word_is_text(tmp_path, imported):
    rows = [
        row | {"layers": [64, at > 2], "deep": {"a": {"b": 1}}, "mixed": "all" if at > 2 else 16}
        for at, row in enumerate(ROWS)
    ]
    got = imported(written(tmp_path, rows), **WHERE)
    assert got.table.configs[1] == {
        "lr": 1.0,
        "act": "tanh",
        "layers": "[64, true]",
        "a": '{"b": 1}',
        "mixed": "all",
    }


def test_a_missing_key_and_null_are_empty_cells(tmp_path, imported, refused, losses):
    for last in ({"value": None}, {}):
        rows = [{k: v for k, v in row.items() if k != "value"} | {"value": 1} for row in ROWS]
        rows[4] = {k: v for k, v in ROWS[4].items() if k != "value"} | last
        path = written(tmp_path, rows)
        assert "line 5, column 'value': the cell is empty: state the meaning" in refused(
            path, **WHERE
        )
        got = imported(path, **WHERE, empty="diverged")
        assert losses(got)[1, 0] == [1.0, math.inf]
        assert "1 loss is empty: diverged, so inf (--empty absent reads them as not measured)" in (
            got.notes
        )


def test_a_line_keeps_its_number(tmp_path, refused):
    rows = [ROWS[0], "", *ROWS[1:3], ROWS[2]]
    message = refused(written(tmp_path, rows), **WHERE)
    assert "line 5: epoch 2 of config 0, seed 0 repeats" in message
    assert "log.jsonl, line 4" in message


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ('{"run": ', "log.jsonl, line 2: this is not JSON, Expecting value"),
        ("[1, 2]", "log.jsonl, line 2: there is a list: write an object"),
        ("[" * 100_000, "log.jsonl, line 2: this is not JSON, it is nested too deeply"),
        ('{"run": "\\ud800"}', "the column 'run' has text that is not valid Unicode"),
        ('{"a.b": 1, "a": {"b": 2}, "b": 3}', "the key 'a.b' names two columns"),
    ],
)
def test_what_is_no_row_is_named(tmp_path, refused, row, words):
    assert words in refused(written(tmp_path, [ROWS[0], row]), **ASKED)


@pytest.mark.parametrize("content", [b"\n\n", b"{}\n", b'{"a": 1}\n\xff\n'])
def test_no_rows_at_all_are_named(tmp_path, refused, content):
    (tmp_path / "log.jsonl").write_bytes(content)
    assert str(tmp_path / "log.jsonl") in refused(tmp_path / "log.jsonl", **ASKED)


@pytest.mark.parametrize(
    ("where", "words"),
    [
        ("tag=test", "no row has tag=test: the values are train, val"),
        ("kind=val", "the column 'kind' of --where is missing, there are lr, act, run"),
        ("tag", "--where is 'tag': write COLUMN=VALUE"),
        ("=val", "--where is '=val': write COLUMN=VALUE"),
    ],
)
def test_a_condition_that_selects_nothing_is_named(tmp_path, refused, where, words):
    assert words in refused(written(tmp_path, ROWS), **ASKED, where=(where,))


def test_numbers_are_selected_by_value_and_conditions_add_up(tmp_path, imported, losses):
    path = written(tmp_path, ROWS)
    got = imported(path, **ASKED, where=("tag=val", "step=1.0"))
    assert losses(got) == {(0, 0): [0.5], (1, 0): [0.6]}
    csv = tmp_path / "log.csv"
    csv.write_text("lr,tag,step,value\n.1,val,1,0.5\n.1,val,2,0.4\n.1,train,1,9\n.2,val,1,.6\n")
    columns = {"epoch": "step", "validation_error": "value"}
    asked = {"columns": columns, "seconds_per_epoch": 1.0, "where": ("tag=val", "step=1")}
    assert losses(imported(csv, **asked)) == {(0, 0): [0.5], (1, 0): [0.6]}


def test_the_selected_value_is_part_of_the_metrics_name(tmp_path, refused):
    rows = [row | {"tag": "val_acc"} for row in ROWS]
    assert "'value (tag=val_acc)' sounds as if higher were better" in refused(
        written(tmp_path, rows), **ASKED, where=("tag=val_acc",)
    )
