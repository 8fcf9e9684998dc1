"""Tidy files of any columns: which means what, and the naming of what is amiss."""

import json
import math

import pandas as pd
import pytest

# Two trainings of two epochs, as somebody's script may have logged them.
LOG = """\
run,lr,step,val_loss,duration
a,0.1,1,0.5,2.0
a,0.1,2,0.4,3.0
b,0.2,1,0.6,2.0
b,0.2,2,0.3,2.5
"""
MAP = {"config_id": "run", "epoch": "step", "validation_error": "val_loss", "seconds": "duration"}


def written(folder, text, name="log.csv"):
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_columns_are_mapped_and_the_others_are_hyperparameters(tmp_path, imported, losses, seconds):
    got = imported(written(tmp_path, LOG), columns=MAP)
    assert got.table.configs == ({"lr": 0.1}, {"lr": 0.2})
    assert got.table.card.space == {"lr": {"choices": [0.1, 0.2]}}
    assert losses(got) == {(0, 0): [0.5, 0.4], (1, 0): [0.6, 0.3]}
    assert seconds(got) == {(0, 0): [2.0, 3.0], (1, 0): [2.0, 2.5]}
    assert got.table.card.recording["imported_from"] == "log.csv"
    assert got.table.card.recording["import_options"] == {"columns": MAP}
    assert len(got.table.card.recording["sha256"]) == 64


def test_cumulative_seconds_become_those_of_each_epoch(tmp_path, imported, seconds):
    got = imported(written(tmp_path, LOG), columns=MAP, seconds_are="cumulative")
    # 3.0 - 2.0 = 1.0 and 2.5 - 2.0 = 0.5; epoch 1 counts from the beginning.
    assert seconds(got) == {(0, 0): [2.0, 1.0], (1, 0): [2.0, 0.5]}


def test_seconds_are_never_invented(tmp_path, imported, refused, seconds):
    rows = [line.rpartition(",")[0] for line in LOG.splitlines()]
    path = written(tmp_path, "\n".join(rows) + "\n")
    mapped = {ours: theirs for ours, theirs in MAP.items() if ours != "seconds"}
    message = refused(path, columns=mapped)
    assert f"{path}, line 1: the column 'seconds' is missing" in message
    assert "--seconds-per-epoch S" in message
    got = imported(path, columns=mapped, seconds_per_epoch=4.0)
    assert seconds(got)[0, 0] == [4.0, 4.0]
    assert got.table.card.known_flaws == ("seconds were not recorded: every epoch is set to 4.0 s",)


def test_without_ids_configs_are_told_apart_by_their_values_and_repeats_are_seeds(
    tmp_path, imported, losses
):
    text = (
        "lr,epoch,validation_error,seconds\n0.2,1,0.5,1\n0.2,2,0.4,1\n"
        "0.1,1,0.7,1\n0.20,1,0.6,1\n0.2,2,0.3,1\n0.1,2,0.6,1\n"
    )
    got = imported(written(tmp_path, text))
    assert got.table.configs == ({"lr": 0.2}, {"lr": 0.1})
    assert losses(got) == {(0, 0): [0.5, 0.4], (0, 1): [0.6, 0.3], (1, 0): [0.7, 0.6]}


def test_runs_of_equal_hyperparameters_are_seeds_of_one_config(tmp_path, imported, losses):
    got = imported(written(tmp_path, LOG.replace("0.2", "0.1")), columns=MAP)
    assert losses(got) == {(0, 0): [0.5, 0.4], (0, 1): [0.6, 0.3]}


def test_whole_numbers_stay_the_ids(tmp_path, imported):
    text = LOG.replace("a,", "9,").replace("b,", "4,")
    assert imported(written(tmp_path, text), columns=MAP).table.ids == (4, 9)


def test_a_wide_file_has_a_column_an_epoch(tmp_path, imported, losses, seconds):
    text = "lr,acc_1,acc_2,acc_3,t_1,t_2,t_3\n0.1,0.5,0.75,,1,2,\n0.2,0.25,0.5,1.0,1,2,3\n"
    path = written(tmp_path, text)
    asked = {"wide": "acc_{epoch}", "wide_seconds": "t_{epoch}", "metric_is": "higher"}
    got = imported(path, incomplete="cut", **asked)
    assert losses(got) == {(0, 0): [0.5, 0.25], (1, 0): [0.75, 0.5]}
    assert seconds(got) == {(0, 0): [1.0, 2.0], (1, 0): [1.0, 2.0]}
    got = imported(path, incomplete="drop", **asked)
    assert losses(got) == {(1, 0): [0.75, 0.5, 0.0]}


def test_epochs_from_0_are_told_by_the_user(tmp_path, imported, refused, losses, seconds):
    text = "run,lr,step,val_loss,duration\na,0.1,0,0.9,1.0\na,0.1,1,0.5,3.0\na,0.1,2,0.4,6.0\n"
    path = written(tmp_path, text)
    assert "line 2: epoch 0 of config 0, seed 0 is not one of 1, 2, ..: --drop-epoch-0" in refused(
        path, columns=MAP
    )
    got = imported(path, columns=MAP, anchors=True)
    assert losses(got)[0, 0] == [0.9, 0.5, 0.4]
    assert got.table.card.recording["anchors"] == [0, 1, 2]
    got = imported(path, columns=MAP, drop_epoch_0=True, seconds_are="cumulative")
    assert losses(got)[0, 0] == [0.5, 0.4]
    assert seconds(got)[0, 0] == [2.0, 3.0]  # 3 - 1: what was over before training does not count


def test_a_loss_that_is_no_number_has_diverged_and_is_counted(tmp_path, imported, losses):
    got = imported(written(tmp_path, LOG.replace("0.3,", "nan,")), columns=MAP)
    assert losses(got)[1, 0] == [0.6, math.inf]
    assert got.counts["diverged"] == 1
    assert "1 epochs diverged: their loss is inf" in got.notes


def test_an_empty_loss_means_what_the_user_says(tmp_path, imported, refused, losses):
    path = written(tmp_path, LOG.replace("0.3,", ","))
    message = refused(path, columns=MAP)
    assert f"{path}, line 5, column 'val_loss': the cell is empty" in message
    assert losses(imported(path, columns=MAP, empty="diverged"))[1, 0] == [0.6, math.inf]
    got = imported(path, columns=MAP, empty="absent", incomplete="cut")
    assert losses(got) == {(0, 0): [0.5], (1, 0): [0.6]}


def test_parquet_is_read_alike(tmp_path, imported, losses):
    path = tmp_path / "log.parquet"
    frame = pd.read_csv(written(tmp_path, LOG))
    frame.loc[3, "val_loss"] = math.nan
    frame.to_parquet(path)
    got = imported(path, columns=MAP, empty="diverged")
    assert losses(got) == {(0, 0): [0.5, 0.4], (1, 0): [0.6, math.inf]}


@pytest.mark.parametrize(
    ("metric", "options", "expected", "note"),
    [
        ("0.75", {"metric_is": "higher"}, 0.25, "loss: 1 - val_loss"),
        ("75", {"metric_is": "higher", "flip": "percent"}, 0.25, "loss: (100 - val_loss) / 100"),
        ("75", {"metric_is": "higher"}, -75.0, "loss: -val_loss"),
        ("0.75", {"flip": "negate"}, -0.75, "loss: -val_loss"),
        ("0.75", {"metric_is": "lower"}, 0.75, "loss: val_loss"),
    ],
)
def test_a_metric_where_higher_is_better_is_turned_and_said(
    tmp_path, imported, losses, metric, options, expected, note
):
    text = "run,lr,step,val_loss,duration\na,0.1,1," + metric + ",1\n"
    got = imported(written(tmp_path, text), columns=MAP, **options)
    assert losses(got) == {(0, 0): [expected]}
    assert note in got.notes


def test_a_name_that_sounds_like_an_accuracy_is_not_guessed(tmp_path, refused):
    path = written(tmp_path, LOG.replace("val_loss", "val_acc"))
    assert "'val_acc' sounds as if higher were better: add --metric-is" in refused(
        path, columns=MAP | {"validation_error": "val_acc"}
    )


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("a,0.1,2,0.4", "a,0.1,1,0.4", "line 3: epoch 1 of config 0, seed 0 repeats"),
        ("0.4", "low", "line 3, column 'val_loss': 'low' is not a number"),
        ("3.0", "long", "line 3, column 'duration': 'long' is not a number"),
        ("3.0", "0", "line 3: epoch 2 of config 0, seed 0 takes 0 s"),
        ("3.0", "-1", "line 3: epoch 2 of config 0, seed 0 takes -1 s"),
        ("3.0", "inf", "line 3: epoch 2 of config 0, seed 0 takes inf s, which is not a duration"),
        ("0.4", "-inf", "line 3: epoch 2 of config 0, seed 0 has the loss -inf"),
        ("a,0.1,2", "a,0.1,two", "line 3, column 'step': 'two' is not a number"),
        ("a,0.1,2", "a,0.1,2.5", "line 3: epoch 2.5 of config 0, seed 0 is not one of 1, 2"),
        ("a,0.1,2", "a,0.3,2", "line 3, column 'lr': '0.3' differs from 0.1 at line 2"),
        ("a,0.1,2", "a,,2", "line 3, column 'lr': the cell is empty"),
        ("a,0.1,2,0.4,3.0", "a,0.1,2,0.4", "line 3 has 4 values, and the header has 5 names"),
        ("val_loss", "loss", "the column 'val_loss' of --map is missing, there are run, lr"),
        ("lr", "run", "the column 'run' is there twice"),
        ("lr", "seed", "no column is a hyperparameter"),
        ("lr", "epoch", "the column 'epoch' cannot be a hyperparameter"),
    ],
)
def test_what_is_amiss_is_named(tmp_path, refused, old, new, words):
    path = written(tmp_path, LOG.replace(old, new, 1))
    message = refused(path, columns=MAP)
    assert words in message
    assert str(path) in message


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "is empty"), (b"run,lr\n\xff,1\n", "line 2: this is not text"), (b"\n", "is empty")],
)
def test_no_table_at_all_is_named(tmp_path, refused, content, words):
    path = written(tmp_path, content)
    message = refused(path, "tidy", columns=MAP)
    assert words in message
    assert str(path) in message


def test_a_header_alone_has_no_curves(tmp_path, refused):
    path = written(tmp_path, LOG.partition("\n")[0])
    assert "has no rows" in refused(path, columns=MAP)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"columns": {"loss": "val_loss"}}, "--map has 'loss': choose from config_id, seed"),
        ({"hyperparameters": ("lr", "wd")}, "the column 'wd' of --hyperparameters is missing"),
        ({"hyperparameters": ("step",)}, "the column 'step' cannot be a hyperparameter"),
        (
            {"columns": {"seconds": "duration"}, "wide": "a_{epoch}"},
            "no column matches 'a_{epoch}'",
        ),
        ({"wide": "a_{epoch}"}, "--map has 'epoch', which --wide gives"),
        ({"wide": "acc"}, "write {epoch} once"),
        ({"r_max": 3}, "--r-max is 3, and the last epoch of the source is 2"),
        ({"r_max": 0}, "--r-max is 0: give at least 1"),
        ({"least_seconds": 0.0}, "--least-seconds is 0.0: give a number > 0"),
        ({"task": "a"}, "--task has no effect with the format tidy"),
        ({"flip": "percent", "metric_is": "lower"}, "--flip is percent beside --metric-is lower"),
        (
            {"metric_is": "higher", "flip": "one-minus"},
            "'val_loss' has the value 1.6, outside [0, 1]",
        ),
    ],
)
def test_options_that_do_not_fit_are_named(tmp_path, refused, options, words):
    text = LOG.replace("0.6", "1.6")
    assert words in refused(written(tmp_path, text), **({"columns": MAP} | options))


def test_least_seconds_are_counted_and_a_flaw(tmp_path, imported, seconds):
    text = LOG.replace("3.0", "0")
    got = imported(written(tmp_path, text), columns=MAP, least_seconds=0.5)
    assert seconds(got)[0, 0] == [2.0, 0.5]
    assert got.counts["least_seconds"] == 1
    assert "1 epochs of less than 0.5 s were set to 0.5 s" in got.table.card.known_flaws


def test_the_card_beside_gives_the_space(tmp_path, imported, refused):
    path = written(tmp_path, LOG)
    card = (
        'r_max = 2\ntitle = "mine"\n[space]\nlr = {distribution = "uniform", args = [0.0, 1.0]}\n'
    )
    written(tmp_path, card, "log.toml")
    got = imported(path, columns=MAP)
    assert got.table.card.title == "mine"
    assert got.table.card.space["lr"]["distribution"] == "uniform"
    written(tmp_path, card.replace("1.0", "0.15"), "log.toml")
    assert "line 4, column 'lr': '0.2' is outside the card's space" in refused(path, columns=MAP)


def test_the_space_is_given_in_configspaces_json(tmp_path, imported, refused):
    hyperparameter = {
        "type": "uniform_float",
        "name": "lr",
        "lower": 0.01,
        "upper": 1.0,
        "log": True,
        "default_value": 0.1,
    }
    said = {"hyperparameters": [hyperparameter], "conditions": [], "forbiddens": []}
    space = written(tmp_path, json.dumps(said), "space.json")
    got = imported(written(tmp_path, LOG), columns=MAP, space=space)
    assert got.table.card.space["lr"] == {"distribution": "loguniform", "args": [0.01, 1.0]}
    assert got.table.card.recording["import_options"]["space"] == "space.json"
    odd = written(tmp_path, LOG.replace("0.2", "2.0"))
    assert "config 1 has lr 2.0, which is outside the card's space, 0.01 to 1.0" in refused(
        odd, columns=MAP, space=space
    )


def test_trainings_without_a_seed_are_never_spliced(tmp_path, refused):
    # Of one config: a training of epochs 1 and 3, then one of 1, 2 and 3.
    rows = ["0.1,1,.9,1", "0.1,3,.7,1", "0.1,1,.5,1", "0.1,2,.4,1", "0.1,3,.3,1"]
    path = written(tmp_path, "\n".join(["lr,epoch,validation_error,seconds", *rows]) + "\n")
    assert "some epochs occur 1 times and others 2 times" in refused(path)
