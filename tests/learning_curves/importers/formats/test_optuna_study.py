"""Optuna's studies: read-only, trial by trial, pruned ones as curves that end early."""

import datetime as dt
import hashlib
import sqlite3
import sys

import pytest

optuna = pytest.importorskip("optuna")

START = dt.datetime(2026, 1, 1)  # noqa: DTZ001  Optuna's are naive
SPACE = {
    "lr": optuna.distributions.FloatDistribution(0.001, 1.0, log=True),
    "layers": optuna.distributions.IntDistribution(1, 4),
    "units": optuna.distributions.IntDistribution(16, 256, log=True),
    "drop": optuna.distributions.FloatDistribution(0.0, 0.5, step=0.25),
    "act": optuna.distributions.CategoricalDistribution(["relu", None]),
}
VALUES = {"lr": 0.1, "layers": 2, "units": 32, "drop": 0.25, "act": "relu"}


def trial(values, state="COMPLETE", seconds=6.0, space=SPACE, **params):
    made = optuna.trial.create_trial(
        state=optuna.trial.TrialState[state],
        params={name: value for name, value in (VALUES | params).items() if name in space},
        distributions=space,
        intermediate_values=values,
        value=0.5 if state == "COMPLETE" else None,
    )
    made.datetime_start = START
    made.datetime_complete = START + dt.timedelta(seconds=seconds)
    return made


@pytest.fixture
def stored(tmp_path):
    """Store studies of the given trials; return the file."""

    def store(*trials, name="mine", direction="minimize", directions=None):
        path = tmp_path / "study.db"
        study = optuna.create_study(
            study_name=name,
            storage=f"sqlite:///{path}",
            direction=None if directions else direction,
            directions=directions,
        )
        study.add_trials(trials)
        return path

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return store


def test_steps_are_epochs_and_a_trials_seconds_are_spread_evenly(stored, imported, losses, seconds):
    got = imported(stored(trial({1: 0.5, 2: 0.4, 3: 0.3}), trial({1: 0.6, 2: 0.5, 3: 0.4}, lr=0.2)))
    assert losses(got) == {(0, 0): [0.5, 0.4, 0.3], (1, 0): [0.6, 0.5, 0.4]}
    assert seconds(got)[0, 0] == [2.0, 2.0, 2.0]  # 6 s over 3 steps
    card = got.table.card
    assert any("spread evenly" in flaw for flaw in card.known_flaws)
    assert card.recording["imported_from"] == "study.db"
    assert card.recording["study"] == "mine"
    assert card.space == {
        "lr": {"distribution": "loguniform", "args": [0.001, 1.0]},
        "layers": {"distribution": "randint", "args": [1, 5]},
        "units": {"distribution": "lograndint", "args": [16, 257]},
        "drop": {"choices": [0.0, 0.25, 0.5]},
        "act": {"choices": ["relu", "None"]},
    }


def test_pruned_trials_are_curves_that_end_early(stored, imported, refused, losses):
    path = stored(trial({1: 0.5, 2: 0.4}), trial({1: 0.6}, "PRUNED", lr=0.2), trial({}, lr=0.3))
    assert "1 of 2 curves ends before epoch 2 (config 1, seed 0 after 1)" in refused(path)
    got = imported(path, incomplete="cut")
    assert losses(got) == {(0, 0): [0.5], (1, 0): [0.6]}
    assert "2 trials: 1 complete, 1 pruned" in got.notes
    assert "1 trials that reported no step are left out" in got.notes


def test_what_is_maximised_is_turned_and_equal_trials_are_seeds(stored, imported, losses):
    path = stored(trial({0: 0.75, 1: 1.0}), trial({0: 0.5, 1: 0.75}), direction="maximize")
    got = imported(path, anchors=True)
    assert losses(got) == {(0, 0): [0.25, 0.0], (0, 1): [0.5, 0.25]}
    assert any("1 of 2 runs have the hyperparameters of an earlier one" in n for n in got.notes)
    got = imported(path, anchors=True, equal_configs="apart")
    assert losses(got) == {(0, 0): [0.25, 0.0], (1, 0): [0.5, 0.25]}
    assert [config["trial"] for config in got.table.configs] == [0, 1]


def test_the_file_is_left_as_it_was(stored, imported):
    path = stored(trial({1: 0.5}))
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    path.chmod(0o400)
    got = imported(path)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    assert got.table.card.recording["sha256"] == before
    assert [each.name for each in path.parent.iterdir()] == ["study.db"]


def test_a_storage_is_given_by_its_url_too(stored, imported, losses):
    path = stored(trial({1: 0.5}))
    from learning_curves.importers import reading
    from learning_curves.importers.options import Options

    url = f"sqlite:///{path}"
    got = reading.read(url, reading.guess(url), Options(), lambda *_: None)
    assert losses(got) == losses(imported(path))


def test_several_studies_are_listed(stored, imported, refused, losses):
    stored(trial({1: 0.5}))
    path = stored(trial({1: 0.25}), name="other")
    assert "holds 2 studies: choose one with --study: mine, other" in refused(path)
    assert "--study takes mine, other" in refused(path, study="third")
    assert losses(imported(path, study="other")) == {(0, 0): [0.25]}


@pytest.mark.parametrize(
    ("trials", "words"),
    [
        ([], "none of 0 ended trials has reported a step"),
        ([trial({})], "none of 1 ended trials has reported a step"),
        (
            [trial({1: 0.5}), trial({1: 0.5}, space={"lr": SPACE["lr"]})],
            "of trials 0 and 1 one has no 'act'",
        ),
        (
            [
                trial({1: 0.5}),
                trial(
                    {1: 0.5}, space=SPACE | {"layers": optuna.distributions.IntDistribution(1, 9)}
                ),
            ],
            "'layers' was drawn from IntDistribution",
        ),
        ([trial({1: 0.5}, space={})], "the trials have no parameters"),
        ([trial({0: 0.5})], "trial 0: epoch 0 of config 0, seed 0 is not one of 1, 2"),
        ([trial({1: 0.5}, seconds=0.0)], "trial 0: epoch 1 of config 0, seed 0 takes 0 s"),
    ],
)
def test_what_is_amiss_is_named(stored, refused, trials, words):
    message = refused(stored(*trials))
    assert words in message
    assert "study.db, study mine" in message


def test_several_objectives_are_refused(stored, refused):
    assert "has several objectives" in refused(stored(directions=["minimize", "minimize"]))


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"no database", "is not a SQLite file"),
        (b"SQLite format 3\0" + b"x" * 100, "is not a storage of Optuna"),
    ],
)
def test_a_file_that_is_no_study_is_named(tmp_path, refused, content, words):
    path = tmp_path / "study.db"
    path.write_bytes(content)
    assert words in refused(path, "optuna")


def test_without_optuna_the_way_to_get_it_is_said(stored, refused, monkeypatch):
    path = stored(trial({1: 0.5}))
    monkeypatch.setitem(sys.modules, "optuna", None)
    assert "pip install 'rungsim[optuna]'" in refused(path)


def test_steps_that_are_no_binary_fractions_are_members_of_the_space(stored, imported):
    # 0.1 + 2 * 0.1 is 0.30000000000000004, and an enqueued 0.3 is stored as typed.
    space = {"x": optuna.distributions.FloatDistribution(0.1, 0.7, step=0.1)}
    path = stored(*(trial({1: 0.5}, space=space, x=x) for x in (0.3, 0.7, 0.1 + 2 * 0.1)))
    got = imported(path)
    assert [config["x"] for config in got.table.configs] == [0.1 + 2 * 0.1, 0.7]


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE trials SET state = 'X'",
        "UPDATE trials SET datetime_start = 'never'",
        "UPDATE trials SET datetime_start = NULL, datetime_complete = 3",
        "UPDATE trial_params SET distribution_json = '[1'",
        'UPDATE trial_params SET distribution_json = \'{"name": "X", "attributes": {}}\'',
        "UPDATE trial_params SET distribution_json = '[]'",
        "UPDATE trial_params SET param_value = 9 WHERE param_name = 'act'",
        "UPDATE trial_params SET param_value = 'x'",
        "UPDATE trial_intermediate_values SET intermediate_value_type = 'X'",
        "UPDATE trial_intermediate_values SET intermediate_value = 'x'",
        "UPDATE trial_intermediate_values SET step = 'x' WHERE step = 1",
        "UPDATE study_directions SET direction = 'UP'",
        "DELETE FROM study_directions",
        "DROP TABLE trial_params",
        "ALTER TABLE trials RENAME COLUMN state TO other",
        "DELETE FROM version_info",
    ],
)
def test_a_damaged_database_ends_in_one_line(stored, refused, recwarn, capfd, change):
    path = stored(trial({1: 0.5, 2: 0.4}), trial({1: 0.6, 2: 0.5}, lr=0.2))
    with sqlite3.connect(path) as database:
        database.execute(change)
    database.close()
    assert "study.db" in refused(path)
    assert not recwarn.list
    assert capfd.readouterr().err == ""
