"""Syne Tune's blackbox folder: its arrays, its tasks, its space, and what is amiss in one."""

import json
import math
import shutil

import numpy as np
import pandas as pd
import pytest

from learning_curves.errors import InputError
from learning_curves.importers.formats import syne_tune_space
from learning_curves.spaces import space as spaces

CONFIGSPACE = {
    "lr": {
        "domain_cls": "Float",
        "domain_kwargs": {"lower": 0.001, "upper": 1.0},
        "sampler_cls": "LogUniform",
        "sampler_kwargs": {"base": math.e},
    },
    "layers": {
        "domain_cls": "Categorical",
        "domain_kwargs": {"categories": ["1", "2"]},
        "sampler_cls": "Uniform",
        "sampler_kwargs": {},
    },
}
# (tasks, configs, seeds, fidelities, objectives): 2, 2, 1, 3, 2; single precision, as theirs.
ACCURACY = [[[0.5, 0.75, 1.0]], [[0.25, 0.5, 0.5]]]
TIME = [[[2.0, 4.0, 7.0]], [[1.0, 2.0, 3.0]]]


def arrays(accuracy=ACCURACY, time=TIME):
    one = np.stack([np.array(accuracy), np.array(time)], axis=-1)
    return np.stack([one, one / 2]).astype(np.float32)


def written(folder, **changed):
    source = folder / "box"
    source.mkdir(exist_ok=True)
    metadata = {
        "objectives_names": ["val_accuracy", "time"],
        "task_names": ["adult", "higgs"],
        "metric_elapsed_time": "time",
        "metric_default": "val_accuracy",
    }
    for name, said in {
        "configspace.json": CONFIGSPACE,
        "metadata.json": metadata | changed.get("metadata", {}),
    }.items():
        (source / name).write_text(json.dumps(changed.get(name, said)))
    frame = pd.DataFrame({"lr": [0.1, 0.2], "layers": ["1", "2"]})
    changed.get("frame", frame).to_parquet(source / "hyperparameters.parquet", index=False)
    np.save(source / "fidelities_values.npy", changed.get("fidelities", np.arange(1, 4)))
    np.save(source / "objectives_evaluations.npy", changed.get("values", arrays()))
    return source


ASKED = {"task": "adult", "metric_is": "higher"}


def test_a_task_is_a_table(tmp_path, imported, losses, seconds):
    got = imported(written(tmp_path), **ASKED)
    assert losses(got) == {(0, 0): [0.5, 0.25, 0.0], (1, 0): [0.75, 0.5, 0.5]}
    assert seconds(got) == {(0, 0): [2.0, 2.0, 3.0], (1, 0): [1.0, 1.0, 1.0]}  # from the beginning
    card = got.table.card
    assert card.space["lr"] == {"distribution": "loguniform", "args": [0.001, 1.0]}
    assert card.space["layers"] == {"choices": ["1", "2"]}
    assert set(card.recording["sha256"]) == {
        "configspace.json",
        "metadata.json",
        "hyperparameters.parquet",
        "fidelities_values.npy",
        "objectives_evaluations.npy",
    }
    got = imported(written(tmp_path), task="higgs", metric_is="higher", seconds_are="per-epoch")
    assert losses(got)[0, 0] == [0.75, 0.625, 0.5]
    assert seconds(got)[0, 0] == [1.0, 2.0, 3.5]


def test_what_was_not_recorded_is_absent_and_a_loss_alone_is_asked_for(
    tmp_path, imported, refused, losses
):
    nan = math.nan
    accuracy = [[[0.5, nan, 1.0]], [[0.25, nan, nan]]]
    time = [[[2.0, 4.0, 7.0]], [[1.0, nan, nan]]]
    source = written(tmp_path, values=arrays(accuracy, time))
    assert "epoch 2 of config 0, seed 0 is NaN and a later one is a number" in refused(
        source, incomplete="drop", **ASKED
    )
    got = imported(source, incomplete="drop", nan="diverged", **ASKED)
    assert losses(got) == {(0, 0): [0.5, math.inf, 0.0]}
    assert (got.counts["diverged"], got.counts["dropped"]) == (1, 1)


def test_fidelities_that_are_no_count_are_anchors(tmp_path, imported):
    got = imported(written(tmp_path, fidelities=np.array([1, 3, 9])), **ASKED)
    assert got.table.card.recording["anchors"] == [1, 3, 9]
    assert got.table.r_max == 3


def test_seconds_may_be_given_for_all(tmp_path, imported, seconds):
    source = written(tmp_path, metadata={"metric_elapsed_time": None})
    got = imported(source, objective="val_accuracy", seconds_per_epoch=2.0, **ASKED)
    assert seconds(got)[0, 0] == [2.0, 2.0, 2.0]


def test_a_domain_without_a_form_here_is_read_off_the_configs(tmp_path, imported):
    odd = CONFIGSPACE["lr"] | {"sampler_cls": "Normal"}
    source = written(tmp_path, **{"configspace.json": CONFIGSPACE | {"lr": odd}})
    got = imported(source, **ASKED)
    assert got.table.card.space["lr"] == {"choices": [0.1, 0.2]}
    assert "lr: its choices are the values of the configs" in got.notes


@pytest.mark.parametrize(
    ("domain", "support"),
    [
        (("Float", {"lower": 0.1, "upper": 0.99}, "Uniform"), (0.1, 0.99)),
        (("Float", {"lower": 0.9, "upper": 0.999}, "ReverseLogUniform"), (0.9, 0.999)),
        (("Integer", {"lower": 1, "upper": 9}, "Uniform"), (1, 9)),
        (("Integer", {"lower": 1, "upper": 9}, "LogUniform"), (1, 9)),
    ],
)
def test_bounds_are_included(domain, support):
    kind, kwargs, sampler = domain
    said = {"domain_cls": kind, "domain_kwargs": kwargs, "sampler_cls": sampler}
    space, unknown = syne_tune_space.from_json({"x": said})
    assert space["x"].support() == pytest.approx(support, abs=0)
    assert not unknown
    again = syne_tune_space.to_json(space)["x"]
    assert (again["domain_cls"], again["domain_kwargs"]) == (kind, kwargs)
    assert again["sampler_cls"] == sampler


def test_a_finite_range_is_choices_and_a_point_a_constant():
    # Four values from 1 to 1000 on the log scale: 1, 10, 100, 1000.
    kwargs = {"lower": 1, "upper": 1000, "size": 4, "log_scale": True, "cast_int": True}
    point = {"domain_cls": "Integer", "domain_kwargs": {"lower": 3, "upper": 3}}
    plain = {"x": {"domain_cls": "FiniteRange", "domain_kwargs": kwargs}, "y": point, "z": "adam"}
    space, _ = syne_tune_space.from_json(plain)
    assert space == {"x": [1, 10, 100, 1000], "y": 3, "z": "adam"}


@pytest.mark.parametrize(
    ("domain", "words"),
    [
        (
            {"distribution": "norm", "args": [0.0, 1.0]},
            "has distribution 'norm', which Syne Tune does not have",
        ),
        ({"choices": [16, "all"]}, "choices of several types"),
        ({"choices": ["a", "b"], "weights": [1, 2]}, "choices of different weights"),
    ],
)
def test_what_syne_tune_cannot_draw_is_refused(domain, words):
    with pytest.raises(InputError, match=words):
        syne_tune_space.to_json(spaces.from_dict({"x": domain}))


@pytest.mark.parametrize(
    "name",
    [
        "configspace.json",
        "metadata.json",
        "hyperparameters.parquet",
        "fidelities_values.npy",
        "objectives_evaluations.npy",
    ],
)
def test_each_file_is_needed_whole(tmp_path, refused, name):
    source = written(tmp_path)
    content = (source / name).read_bytes()
    (source / name).write_bytes(content[: len(content) // 2])
    assert str(source / name) in refused(source, **ASKED)
    (source / name).write_bytes(b"")
    assert f"{source / name} is empty" in refused(source, **ASKED)
    (source / name).unlink()
    assert f"{source} has no {name}: a blackbox of Syne Tune has" in refused(source, **ASKED)


@pytest.mark.parametrize(
    ("changed", "options", "words"),
    [
        ({}, {"task": None}, "holds 2 tasks: choose one with --task: adult, higgs"),
        ({}, {"task": "iris"}, "has no task 'iris': --task takes adult, higgs"),
        ({}, {"objective": "loss"}, "has no objective 'loss': --objective takes val_accuracy"),
        ({}, {"time_objective": "t"}, "has no objective 't': --time-objective"),
        ({}, {"metric_is": None}, "'val_accuracy' sounds as if higher were better"),
        ({"values": arrays()[0]}, {}, "has shape (2, 1, 3, 2): the other files have 2 tasks"),
        ({"values": arrays()[..., :1]}, {}, "has shape (2, 2, 1, 3, 1)"),
        ({"fidelities": np.arange(1, 5)}, {}, "4 fidelities"),
        ({"values": np.array([{}], dtype=object)}, {}, "without pickle"),
        ({"values": np.array(["a"])}, {}, "is not an array of numbers"),
        ({"metadata": {"task_names": None}}, {}, "'task_names' is None: give a list of names"),
        ({"metadata.json": [1]}, {}, "holds a list: write an object"),
        (
            {"configspace.json": {"lr": {"domain_cls": "Float"}}},
            {},
            "'lr' cannot be read: KeyError",
        ),
        ({"configspace.json": CONFIGSPACE | {"wd": 0}}, {}, "the space has 'wd', which no config"),
        ({"frame": pd.DataFrame({"lr": [0.1, None]})}, {}, "row 2, column 'lr': the cell is empty"),
        ({"frame": pd.DataFrame({"lr": [0.1, 5.0], "layers": ["1", "2"]})}, {}, "lr 5.0, which is"),
        (
            {"frame": pd.DataFrame({"lr": [0.1, 0.1], "layers": ["1", "1"]})},
            {},
            "config 1 has the hyperparameters of config 0",
        ),
        ({"values": arrays(time=[TIME[0], [[1.0, 1.0, 2.0]]])}, {}, "takes 0 s"),
        ({"metadata": {"rungsim": {"config_ids": [1, 0]}}}, {}, "'config_ids' is [1, 0]"),
    ],
)
def test_what_is_amiss_is_named(tmp_path, refused, changed, options, words):
    source = written(tmp_path, **changed)
    message = refused(source, **(ASKED | options))
    assert words in message
    assert str(source) in message


def test_a_blackbox_of_single_evaluations_is_told_apart(tmp_path, refused):
    source = written(tmp_path)
    shutil.move(source / "hyperparameters.parquet", source / "data-adult.parquet")
    assert "import data-adult.parquet or another one of its files with --format tidy" in refused(
        source
    )
