"""The command curves: import and export, from end to end."""

import json
import subprocess
import sys

import pytest

from learning_curves.tables.card import read_card
from learning_curves.tables.tabular import load
from sim.commands.cli import main

LOG = """\
run,lr,step,val_acc,duration
a,0.1,1,0.5,2.0
a,0.1,2,0.75,3.0
b,0.2,1,0.25,2.0
"""
MAP = "--map=config_id=run,epoch=step,validation_error=val_acc,seconds=duration"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "log.csv").write_text(LOG)
    return tmp_path


def run(*words):
    return main(["curves", *map(str, words)])


def test_what_is_imported_can_be_run_and_says_what_was_decided(here, capsys):
    assert run("import", "log.csv", "--out", "mine.csv", MAP, "--metric-is", "higher") == 2
    printed = capsys.readouterr()
    assert printed.err == (
        "rungsim curves: log.csv: 1 of 2 curves ends before epoch 2 (config 1, seed 0 after 1): "
        "--incomplete drop leaves 1 to epoch 2, --incomplete cut all 2 to 1, and --r-max N keeps "
        "N epochs only\n"
    )
    assert not (here / "mine.csv").exists()
    assert not (here / "mine.toml").exists()
    words = ["import", "log.csv", "--out", "mine.csv", MAP, "--metric-is", "higher"]
    assert run(*words, "--incomplete", "drop", "--licence", "CC0-1.0") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "log.csv is read in the format tidy (--format)",
        "loss: 1 - val_acc",
        "hyperparameters: lr",
        "1 of 2 curves ends before epoch 2 (config 1, seed 0 after 1): dropped",
        "known flaw: 1 curves that ended before epoch 2 were left out",
        "mine.csv: ok, 1 configs, 1 curves to epoch 2, best final error 0.25",
    ]
    card = read_card(here / "mine.toml")
    assert (card.name, card.licence) == ("mine", "CC0-1.0")
    assert card.recording["import_options"]["incomplete"] == "drop"
    assert run("check", "mine.csv") == 0
    assert main(["run", "--curves", "mine.csv", "--max-trials", "2", "--no-plots"]) == 0


def test_the_card_of_something_else_is_left_alone(here, capsys):
    words = (MAP, "--metric-is", "higher", "--incomplete", "cut")
    for card, out in (("log.toml", "log.parquet"), ("mine.toml", "mine.csv")):
        (here / card).write_text("mine")
        assert run("import", "log.csv", "--out", out, *words) == 2
        assert f"would overwrite {card}, the card of something else" in capsys.readouterr().err
        assert (here / card).read_text() == "mine"
        (here / card).unlink()


@pytest.mark.usefixtures("here")
def test_json_has_the_figures_and_the_decisions(capsys):
    words = ["import", "log.csv", "--out", "mine.parquet", MAP, "--flip", "one-minus"]
    assert run(*words, "--incomplete", "cut", "--format", "tidy", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["table"], found["curves"], found["r_max"]) == ("mine.parquet", 2, 1)
    assert (found["found"], found["incomplete"], found["shortened"]) == (2, 1, 1)
    assert "loss: 1 - val_acc" in found["notes"]
    assert load("mine.parquet").recorded.curves[0][0].all_losses == (0.5,)


@pytest.mark.usefixtures("here")
def test_export_and_import_are_inverse(capsys):
    shipped = load("softmax-fashion-mnist")
    assert run("export", "softmax-fashion-mnist", "--format", "syne-tune", "--out", "box") == 0
    assert run("import", "box", "--out", "again.csv") == 0
    assert run("export", "again.csv", "--out", "again.parquet") == 0
    assert "box is read in the format syne-tune" in capsys.readouterr().out
    again = load("again.parquet")
    assert again.recorded.curves == shipped.recorded.curves
    assert again.configs == shipped.configs
    assert again.card.space == shipped.card.space


LINES = """\
{"config": {"lr": 0.1}, "run": "a", "tag": "val/loss", "value": 0.5, "step": 1, "t": 1700000000}
{"config": {"lr": 0.1}, "run": "a", "tag": "train/loss", "value": 0.4, "step": 1, "t": 1700000001}
{"config": {"lr": 0.1}, "run": "a", "tag": "val/loss", "value": 0.4, "step": 2, "t": 1700000002}
{"config": {"lr": 0.1}, "run": "a", "tag": "val/loss", "value": 0.2, "step": 3, "t": 1700003602}
{"config": {"lr": 0.1}, "run": "b", "tag": "val/loss", "value": 0.6, "step": 1, "t": 1700000000}
{"config": {"lr": 0.1}, "run": "b", "tag": "val/loss", "value": 0.3, "step": 2, "t": 1700000003}
{"config": {"lr": 0.1}, "run": "b", "tag": "val/loss", "value": NaN, "step": 3, "t": 1700000006}
"""


MERGED = (
    "1 of 2 runs have the hyperparameters of an earlier one: the runs are seeds of 1 configs "
    "(--equal-configs apart makes each run a config of its own)"
)
FIRST = (
    "known flaw: the stamps do not say when 2 of 2 trainings began: their first epoch is set "
    "to the median of their other epochs"
)


def test_a_long_log_in_json_lines_becomes_a_table(here, capsys):
    (here / "log.jsonl").write_text(LINES)
    words = ["import", "log.jsonl", "--out", "mine.csv", "--where", "tag=val/loss"]
    words += ["--map", "config_id=run,epoch=step,validation_error=value,seconds=t"]
    assert run(*words, "--seconds-are", "cumulative") == 2
    assert "times of day and not durations: give --seconds-are stamps" in capsys.readouterr().err
    words += ["--seconds-are", "stamps", "--space", "lr=loguniform(1e-4,1)"]
    assert run(*words) == 0
    printed = capsys.readouterr()
    assert printed.out.splitlines() == [
        "log.jsonl is read in the format tidy (--format)",
        "6 of 7 rows have tag=val/loss: the other rows are left out",
        "loss: value (tag=val/loss)",
        "hyperparameters: lr",
        MERGED,
        "1 loss is NaN: diverged (--nan absent reads them as not measured)",
        "1 epochs diverged: their loss is inf",
        FIRST,
        "mine.csv: ok, 1 configs, 2 curves to epoch 3, best final error 0.2",
    ]
    # Run a paused for an hour, and its first epoch is the mean of 2 s and 3600 s.
    assert printed.err.startswith("warning: mine.csv: 2 epochs have outlying seconds (config_id 0")
    assert run(*words, "--equal-configs", "apart", "--nan", "absent", "--incomplete", "cut") == 0
    assert load("mine.csv").configs == ({"lr": 0.1, "run": "a"}, {"lr": 0.1, "run": "b"})


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["import", "no.csv", "--out", "mine.csv"], "there is no no.csv: give a file, a folder"),
        (["import", "log.csv", "--out", "mine.txt"], "--out is mine.txt: a table's name ends in"),
        (["import", "log.csv", "--out", "log.csv", MAP], "would overwrite the source"),
        (
            ["import", "log.dat", "--out", "mine.csv"],
            "has no known format, by its name and its first bytes: give --f",
        ),
        (["import", "log.csv", "--out", "mine.csv"], "the column 'epoch' is missing"),
        (["import", ".", "--out", "mine.csv"], ". has no configspace.json"),
        (
            ["import", ".", "--out", "mine.csv", "--format", "lcdb"],
            ". is a folder, which the format",
        ),
        (
            ["import", "log.csv", "--out", "m.csv", MAP],
            "add --metric-is higher or --metric-is lower",
        ),
        (["import", "log.csv", "--out", "m.csv", MAP, "--where", "run"], "write COLUMN=VALUE"),
        (
            ["import", "log.csv", "--out", "m.csv", MAP, "--flip=negate", "--space=lr=uniform(0,"],
            "the space has 'lr=uniform(0,', in which a quote or a parenthesis is not closed",
        ),
        (["export", "no", "--out", "mine.csv"], "there is no table 'no'"),
        (["export", "softmax-fashion-mnist", "--out", "mine"], "--out is mine: a table's name"),
        (
            ["export", "softmax-fashion-mnist", "--out", ".", "--format", "syne-tune"],
            "holds log.csv",
        ),
    ],
)
def test_mistakes_are_one_line(here, capsys, words, complaint):
    (here / "log.dat").write_text(LOG)
    assert run(*words) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert complaint in printed.err
    assert (here / "log.csv").read_text() == LOG
    assert {path.name for path in here.iterdir()} == {"log.csv", "log.dat"}


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    "words",
    [
        ["import", "log.csv"],
        ["import", "log.csv", "--out", "a.csv", "--map", "epoch"],
        ["import", "log.csv", "--out", "a.csv", "--format", "wandb"],
    ],
)
def test_a_mistyped_argument_is_refused(capsys, words):
    with pytest.raises(SystemExit, match="2"):
        run(*words)
    assert capsys.readouterr().err.startswith("rungsim curves import: ")


@pytest.mark.parametrize("action", ["import", "export"])
def test_help_is_answered_without_the_slow_libraries(action):
    code = (
        "import sys; from sim.commands.cli import main\n"
        f"try: main(['curves', {action!r}, '--help'])\n"
        "except SystemExit: pass\n"
        "sys.exit(bool({'numpy', 'pandas', 'pyarrow', 'scipy', 'optuna'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    assert done.returncode == 0
