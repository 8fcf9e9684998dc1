"""LCBench's JSON: percent to shares, seconds from the beginning, one data set of several."""

import json

import pytest


def run(config=None, accuracy=(10.0, 50.0, 75.0), time=(1.0, 3.0, 6.0), **log):
    config = {"batch_size": 64, "learning_rate": 0.01, "optimizer": "sgd"} | (config or {})
    log = {"epoch": [0, 1, 2], "Train/val_accuracy": list(accuracy), "time": list(time)} | log
    return {"config": config, "log": log, "results": {"final_val_accuracy": accuracy[-1]}}


TWO = {"adult": {"0": run(), "1": run({"batch_size": 128}, (10.0, 25.0, 100.0))}}


def written(folder, said):
    path = folder / "six_datasets_lw.json"
    path.write_bytes((said if isinstance(said, str) else json.dumps(said)).encode())
    return path


def test_epoch_0_is_left_out_and_percent_become_shares(tmp_path, imported, losses, seconds):
    got = imported(written(tmp_path, TWO))
    assert losses(got) == {(0, 0): [0.5, 0.25], (1, 0): [0.75, 0.0]}
    assert seconds(got) == {(0, 0): [2.0, 3.0], (1, 0): [2.0, 3.0]}  # 3 - 1 and 6 - 3
    card = got.table.card
    assert card.space["learning_rate"] == {"distribution": "loguniform", "args": [0.0001, 0.1]}
    assert card.space["batch_size"] == {"distribution": "lograndint", "args": [16, 513]}
    assert card.task["optimizer"] == "sgd"  # the same in all: no hyperparameter
    assert "loss: (100 - Train/val_accuracy) / 100" in got.notes


def test_a_data_set_is_chosen_and_another_metric(tmp_path, imported, losses):
    cross = {"Train/val_cross_entropy": [2.0, 1.0, 0.5]}
    path = written(tmp_path, TWO | {"higgs": {"7": run(**cross)}})
    got = imported(path, task="higgs", objective="Train/val_cross_entropy")
    assert losses(got) == {(7, 0): [1.0, 0.5]}


def test_true_layers_are_one_and_a_flaw(tmp_path, imported):
    got = imported(
        written(tmp_path, {"a": {"0": run({"num_layers": True}), "1": run({"num_layers": 2})}})
    )
    assert [config["num_layers"] for config in got.table.configs] == [1, 2]
    assert any("num_layers is true" in flaw for flaw in got.table.card.known_flaws)


WHOLE = json.dumps(TWO, indent=1)


@pytest.mark.parametrize(
    ("said", "options", "words"),
    [
        (WHOLE[: len(WHOLE) // 2], {}, "where the file ends too early"),
        (WHOLE[:-1], {}, "where the file ends too early"),
        ("", {}, "is empty"),
        ("[]", {}, "line 1, column 1"),
        ("{}", {}, "holds 0 data sets"),
        ('{"adult": {}}', {}, "data set 'adult' holds no run"),
        ('{"adult": 3}', {}, "line 1, column 11"),
        ('{"adult": {"0": 3}}', {}, "adult, config 0: a run of LCBench has a config and a log"),
        (TWO | {"higgs": {}}, {}, "holds 2 data sets: choose one with --task: adult, higgs"),
        (TWO, {"task": "higgs"}, "has no data set 'higgs': --task takes adult"),
        (TWO, {"objective": "loss"}, "config 0: the log has no 'loss': --objective takes one of"),
        (
            {"a": {"0": run(time=[1, 2])}},
            {},
            "config 0: 'Train/val_accuracy' has 3 values and 'time",
        ),
        (
            {"a": {"0": run(time=[1, "x", 3])}},
            {},
            "config 0: 'time' in the log is not a list of numbers",
        ),
        ({"a": {"0": run(time=[1, 3, 3])}}, {}, "config 0: epoch 2 of config 0, seed 0 takes 0 s"),
        ({"a": {"0": run({"batch_size": 8})}}, {}, "batch_size 8, which is outside"),
        ({"a": {"0": run({"wd": 1}), "1": run()}}, {}, "config 1: the config has no 'wd'"),
        ({"a": {"0": run(), "1": run({"batch_size": 65}, [1, 2], [1, 2])}}, {}, "1 of 2 curves"),
        ({"a": {"0": run(accuracy=[1, 2, 300])}}, {}, "has the value 300.0, outside [0, 100]"),
    ],
)
def test_what_is_amiss_is_named(tmp_path, refused, said, options, words):
    path = written(tmp_path, said)
    message = refused(path, **options)
    assert words in message
    assert str(path) in message


def test_a_file_that_is_no_text_is_named(tmp_path, refused):
    path = tmp_path / "x.json"
    path.write_bytes(b'{"a\xff": {}}')
    assert f"{path} cannot be read: byte 3 is not text in UTF-8" in refused(path)


@pytest.mark.parametrize("cut", range(1, len(WHOLE), 13))
def test_a_file_cut_anywhere_is_one_line(tmp_path, refused, cut):
    assert "line" in refused(written(tmp_path, WHOLE[:cut]))
