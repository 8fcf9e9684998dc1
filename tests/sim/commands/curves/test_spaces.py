"""The action `rungsim curves space`: shown, drawn from, written, refused."""

import json
from itertools import islice

import pytest

from learning_curves.spaces import configspace_json, space_files
from learning_curves.spaces import space as spaces
from sim.commands.cli import main
from sim.searchers import draws


def run(*words):
    return main(["curves", "space", *map(str, words)])


def test_a_packaged_space_is_shown(capsys):
    assert run("d2l-mlp") == 0
    out = capsys.readouterr().out
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line.split()}
    assert rows["hyperparameter"] == ["drawn", "from", "levels", "median"]
    assert rows["learning_rate"] == ["loguniform(1e-06,", "0.1)", "-", "0.0003162"]
    assert rows["num_layers"] == ["randint(1,", "7)", "6", "3"]
    assert rows["activation"] == ["tanh,", "relu", "2", "-"]


def test_the_space_of_a_table_is_shown(capsys):
    assert run("lenet-fashion-mnist") == 0
    assert "loguniform(0.01, 1.0)" in capsys.readouterr().out


def test_a_space_in_one_line_is_shown_and_a_malformed_one_refused(capsys):
    assert run("lr=loguniform(1e-4,1),act=choice(relu,tanh)") == 0
    out = capsys.readouterr().out
    assert "loguniform(0.0001, 1)" in out
    assert "relu, tanh" in out
    assert run("lr=loguniform(1e-4,1") == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err == (
        "rungsim curves: the space has 'lr=loguniform(1e-4,1', in which a quote or a "
        "parenthesis is not closed: close it\n"
    )


def test_a_file_is_written_and_shown(tmp_path, capsys):
    path = tmp_path / "space.json"
    assert run("d2l-mlp", "--out", path) == 0
    first = capsys.readouterr().out
    again = configspace_json.read(path)
    assert spaces.to_dict(again) == spaces.to_dict(space_files.named("d2l-mlp"))
    assert run(path) == 0
    second = capsys.readouterr().out
    assert first.splitlines()[1:] == second.splitlines()[1:]


def test_weights_are_shown(tmp_path, capsys):
    path = tmp_path / "space.json"
    entry = {"type": "categorical", "name": "opt", "choices": ["sgd", "adam"], "weights": [1, 3]}
    path.write_text(json.dumps({"hyperparameters": [entry]}))
    assert run(path) == 0
    assert "sgd (weight 1), adam (weight 3)" in capsys.readouterr().out


def test_the_draws_are_those_of_random_search(capsys):
    assert run("d2l-mlp", "--sample", 3, "--seed", 7, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    space = space_files.named("d2l-mlp")
    assert told["configs"] == list(islice(draws(space, 7), 3))
    assert told["space"] == spaces.to_dict(space)
    assert told["levels"]["batch_size"] == 249
    assert told["medians"]["momentum"] == 0.495
    assert run("d2l-mlp", "--sample", 3, "--seed", 7) == 0
    out = capsys.readouterr().out
    assert "the first 3 configs of random search, seed 7" in out
    assert f"{told['configs'][2]['learning_rate']:.4g}" in out


def test_without_draws_json_has_none(capsys):
    assert run("d2l-mlp", "--json") == 0
    assert set(json.loads(capsys.readouterr().out)) == {"space", "levels", "medians"}


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["nope"], "the packaged spaces are d2l-mlp"),
        (["absent.json"], "absent.json cannot be read"),
        (["broken.json"], "broken.json: 'lr': 'lower' is 'a': write a number"),
        (["d2l-mlp", "--sample", 0], "--sample: 0 is too small: give a whole number of at least 1"),
        (["d2l-mlp", "--seed", -1, "--sample", 1], "--seed: -1 is too small"),
        (["d2l-mlp", "--out", "space.toml"], "--out is space.toml: end the name in .json"),
        (["normal.json", "--out", "again.json"], "'lr' has distribution 'norm'"),
    ],
)
def test_what_cannot_be_shown_is_refused_in_a_line(tmp_path, monkeypatch, capsys, words, complaint):
    monkeypatch.chdir(tmp_path)
    broken = {"type": "uniform_float", "name": "lr", "lower": "a", "upper": 1.0}
    normal = {"type": "normal_float", "name": "lr", "mu": 0, "sigma": 1}  # as before 1.0
    for name, entry in [("broken", broken), ("normal", normal)]:
        (tmp_path / f"{name}.json").write_text(json.dumps({"hyperparameters": [entry]}))
    try:
        code = run(*words)
    except SystemExit as stop:
        code = stop.code
    assert code == 2
    printed = capsys.readouterr()
    assert complaint in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.json", "normal.json"]
