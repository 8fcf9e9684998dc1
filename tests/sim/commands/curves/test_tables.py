"""The command curves: list, show and check."""

import argparse
import json
import subprocess
import sys
import types

import pytest

from learning_curves.errors import InputError
from learning_curves.sources import FAMILIES
from learning_curves.tables import tabular
from sim.commands.curves import tables

HEADER = "config_id,lr,act[0],seed,epoch,validation_error,seconds\n"
ROWS = "7,0.1,relu,0,1,0.5,1800\n7,0.1,relu,0,2,0.4,1800\n9,0.2,tanh,0,1,0.6,1800\n"
SOUND = HEADER + ROWS + "9,0.2,tanh,0,2,0.3,1800\n"
DIVERGED = HEADER + ROWS + "9,0.2,tanh,0,2,inf,1800\n"
CARD = """
r_max = 2
title = "two [configs] by hand"
licence = "CC0"
known_flaws = ["recorded [/by] hand"]
[space]
lr = {distribution = "uniform", args = [0.0], scale = 1.0}
"act[0]" = {choices = ["relu", "tanh"]}
[task]
model = "none"
"""


@pytest.fixture(autouse=True)
def _shelf(tmp_path, monkeypatch):
    """Ship one table, sound and with a card."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    (folder / "small.csv").write_text(SOUND)
    (folder / "small.toml").write_text(CARD)
    monkeypatch.setattr(tabular, "_TABLES", folder)
    monkeypatch.setenv("COLUMNS", "80")


def run(*words):
    parser = argparse.ArgumentParser()
    tables.add_arguments(parser)
    return tables.main(parser.parse_args([str(word) for word in words]))


def test_list_names_each_shipped_table_with_its_figures(capsys):
    assert run("list") == 0
    out = capsys.readouterr().out
    for words in ("small", "two", "[configs]", "0.3", "2.0"):
        assert words in out
    assert run("list", "--json") == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["name"] == "small"
    assert (found["configs"], found["seeds"], found["r_max"]) == (2, 1, 2)
    assert found["best_loss"] == 0.3
    assert found["hours"] == 2.0


def test_show_prints_the_card_the_space_and_the_figures(capsys):
    assert run("show", "small") == 0
    out = capsys.readouterr().out
    for words in (
        "small: two [configs] by hand",
        "licence: CC0",
        "known flaw: recorded [/by] hand",
        "task:\n  model: none\n",
        "uniform(0.0, scale=1.0)",
        "relu, tanh",
        "best final error 0.3: config_id 9, lr 0.2, act[0] tanh",
        "-1.000",  # the ranks at epoch 1 are the final ones upside down
    ):
        assert words in out
    assert max(map(len, out.splitlines())) <= 80


def test_show_prints_json_of_the_same(capsys):
    assert run("show", "small", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert found["best_config"] == {"config_id": 9, "lr": 0.2, "act[0]": "tanh"}
    assert found["levels"][0]["rank_correlation"] == pytest.approx(-1)
    assert found["card"]["licence"] == "CC0"
    assert found["card"]["space"]["lr"]["distribution"] == "uniform"


def test_show_takes_a_path_and_json_has_null_for_a_diverged_loss(tmp_path, capsys):
    path = tmp_path / "mine.csv"
    path.write_text(DIVERGED)
    assert run("show", path, "--json") == 0
    found = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert found["levels"][1]["loss_quantiles"]["1"] is None
    assert found["diverged"] == 1
    assert run("show", path) == 0
    assert "inf" in capsys.readouterr().out


def test_a_long_list_of_choices_is_shortened(tmp_path, capsys):
    path = tmp_path / "mine.csv"
    rows = [f"{i},0.{i}1,relu,0,1,0.5,1\n" for i in range(9)]
    path.write_text(HEADER + "".join(rows))
    run("show", path)
    assert "0.01, 0.11, 0.21, 0.31, 0.41, 0.51, .. 0.81 (9 choices)" in capsys.readouterr().out


def test_show_draws_to_the_file_asked_for(tmp_path, monkeypatch):
    drawn = []
    plots = types.ModuleType("sim.reports.plots")
    plots.curves = lambda table, path: drawn.append((table.name, path))
    monkeypatch.setitem(sys.modules, "sim.reports.plots", plots)
    assert run("show", "small", "--plot", tmp_path / "curves.png") == 0
    assert drawn == [("small", tmp_path / "curves.png")]


def test_list_names_the_closed_forms_with_their_settings(capsys):
    run("list")
    words = " ".join(capsys.readouterr().out.split())
    for name in FAMILIES:
        assert name in words
    for setting in ("half_life=8.0", "take_off=0.05", "matter=2", "crossing_share=1.0"):
        assert setting in words


def test_show_draws_curves_of_a_closed_form(tmp_path, capsys):
    word = "take-off:crossing=1"
    assert run("show", word, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["name"], found["configs"], found["r_max"]) == (word, 64, 81)
    assert found["levels"][0]["rank_correlation"] < 0  # the best take off last
    assert run("show", word, "--plot", tmp_path / "curves.png") == 0
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    out = capsys.readouterr().out
    assert "take-off:crossing=1: 64 curves drawn" in out
    assert "loguniform(0.0001, 1.0)" in out


def test_show_of_an_unknown_table_is_an_input_error():
    with pytest.raises(InputError, match="the shipped tables are small"):
        run("show", "large")


def test_check_says_which_files_are_sound_and_what_is_wrong_with_the_others(tmp_path, capsys):
    broken = tmp_path / "broken.csv"
    broken.write_text(SOUND.replace("0.3,1800", "0.3,-1"))
    assert run("check", "small") == 0
    printed = capsys.readouterr()
    assert printed.out.startswith("small: ok, 2 configs, 2 curves to epoch 2")
    assert printed.err == ""
    assert run("check", broken, "absent", "small") == 2
    printed = capsys.readouterr()
    assert printed.out.startswith("small: ok")
    first, second = printed.err.splitlines()  # one line each, however long
    assert first.startswith(f"{broken}, line 5, column 'seconds': '-1'")
    assert second.startswith("there is no table 'absent'")


def test_check_prints_json_of_the_same(capsys):
    assert run("check", "small", "absent", "--json") == 2
    sound, absent = json.loads(capsys.readouterr().out)
    assert (sound["table"], sound["ok"], sound["configs"]) == ("small", True, 2)
    assert (absent["table"], absent["ok"]) == ("absent", False)
    assert "'absent'" in absent["error"]


def test_check_warns_of_outlying_seconds_and_the_file_is_sound_all_the_same(tmp_path, capsys):
    path = tmp_path / "clock.csv"
    path.write_text(DIVERGED.replace("0,1,0.5,1800", "0,1,0.5,1.7e9"))
    assert run("check", path, "small") == 0
    printed = capsys.readouterr()
    assert printed.out.startswith(f"{path}: ok")
    assert printed.err == (
        f"warning: {path}: 1 epoch has outlying seconds (config_id 7, seed 0, epoch 1: 1.7e+09 s): "
        "check whether a clock was read as a duration or a training was paused; the table is "
        "replayed unchanged\n"
    )
    assert run("check", path, "small", "--json") == 0
    clock, small = json.loads(capsys.readouterr().out)
    assert clock["outlying_seconds"] == [{"config_id": 7, "seed": 0, "epoch": 1, "seconds": 1.7e9}]
    assert small["outlying_seconds"] == []


@pytest.mark.parametrize("words", [[], ["show"], ["check"], ["draw"]])
def test_a_mistyped_argument_is_refused(words, capsys):
    with pytest.raises(SystemExit, match="2"):
        run(*words)
    assert "usage" in capsys.readouterr().err


def test_the_arguments_are_known_without_numpy():
    code = "import sys, sim.commands.curves.tables; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
