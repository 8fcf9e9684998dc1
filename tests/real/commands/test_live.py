"""`rungsim live` end to end: what it writes, that it writes it again, and how it refuses."""

import argparse
import json
import subprocess
import sys
import tomllib

import pytest

from real.cluster import journal
from real.commands import live
from sim.commands.cli import main
from sim.traces.trace import read

COMMAND = [
    sys.executable,
    "-c",
    "from sim.commands.cli import main; raise SystemExit(main())",
    "live",
]
SHORT = ["--data", "subset", "--scheduler", "sh", "--r-max", "4", "--max-trials", "4"]
PICTURES = {f"{name}.png" for name in ("gantt", "losses", "incumbent", "rungs", "utilisation")}
FILES = {"journal.jsonl", "jobs.parquet", "summary.json", "experiment.toml"}

BREAKABLE = """
import multiprocessing, os
from pathlib import Path

class Task:
    name, space, r_max = "breakable", {"x": [0.5]}, 1

    def __init__(self):
        if multiprocessing.parent_process() and Path(__file__).with_name("broken").exists():
            os._exit(3)

    def trainer(self, config, seed):
        return Trainer(config["x"])

class Trainer:
    def __init__(self, x):
        self.x = x

    def train_epoch(self):
        return self.x
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Run to the end once, as a user does; return the folder and what was printed."""
    folder = tmp_path_factory.mktemp("finished") / "new" / "out"
    done = subprocess.run(
        [*COMMAND, *SHORT, "--out", folder, "--json"], capture_output=True, text=True, check=True
    )
    return folder, done


def refused(capsys, *arguments):
    """Run a command line that must be refused; return its one line of complaint."""
    try:
        code = main(["live", *map(str, arguments)])
    except SystemExit as stop:
        code = stop.code
    captured = capsys.readouterr()
    assert code == 2
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err


def test_a_run_writes_what_it_says(finished):
    folder, done = finished
    assert {path.name for path in folder.iterdir()} == FILES | PICTURES
    told = json.loads((folder / "summary.json").read_text())
    assert json.loads(done.stdout) == told
    assert len(read(folder / "jobs.parquet").jobs) == told["jobs"] == 4 + 2 + 1
    assert (told["trials"], told["finished"], told["epochs"]) == (4, 1, 4 + 2 + 2)
    assert told["curves"] == "softmax (live)"
    parts = sum(told["worker_seconds"].values())
    assert parts == pytest.approx(told["workers"] * told["end_seconds"])


def test_progress_goes_to_standard_error_and_the_answer_alone_to_standard_output(finished):
    _, done = finished
    lines = done.stderr.splitlines()
    assert lines
    assert all(" s: trial " in line for line in lines)
    best = json.loads(done.stdout)["best_loss"]
    assert f"best loss {best:.4f}" in lines[-1]


def test_the_journal_tells_all_losses(finished):
    folder, done = finished
    events = journal.read(folder / "journal.jsonl")
    losses = [loss for each in events if isinstance(each, journal.Reported) for loss in each.losses]
    told = json.loads(done.stdout)
    assert len(losses) == told["epochs"]
    assert min(losses) == told["best_loss"]
    assert isinstance(events[-1], journal.Ended)


def test_the_summary_has_the_entries_of_a_simulated_run(finished, tmp_path):
    folder, _ = finished
    simulated = ["run", "--curves", "power-law", "--max-jobs", "3", "--no-plots"]
    assert main([*simulated, "--out", str(tmp_path)]) == 0
    ours, theirs = (json.loads((each / "summary.json").read_text()) for each in (folder, tmp_path))
    assert list(ours) == list(theirs)
    for part in ("worker_seconds", "waiting"):
        assert list(ours[part]) == list(theirs[part])


def test_the_experiment_file_says_what_was_run(finished):
    folder, _ = finished
    told = tomllib.loads((folder / "experiment.toml").read_text())
    given = {"data": "subset", "scheduler": "sh", "r_max": 4, "max_trials": 4, "seed": 0}
    assert {name: told[name] for name in given} == given


def test_resuming_a_run_that_has_ended_changes_no_byte(finished, capsys):
    folder, done = finished
    before = {name: (folder / name).read_bytes() for name in FILES | PICTURES}
    assert main(["live", "--resume", str(folder), "--json"]) == 0
    assert capsys.readouterr() == (done.stdout, "")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_resuming_refuses_what_the_run_has_decided(finished, capsys):
    folder, _ = finished
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for option, value in (
        ("--workers", 3),
        ("--out", "elsewhere"),
        ("--max-seconds", 5.0),
        ("--task", "lenet"),
    ):
        message = refused(capsys, "--resume", folder, option, value)
        assert f"{option} is {value} beside --resume: " in message
        assert "leave it out" in message
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_folder_that_holds_a_run_is_not_written_over(finished, capsys):
    folder, _ = finished
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    message = refused(capsys, *SHORT, "--out", folder)
    assert f"{folder} holds a live run: continue it with rungsim live --resume {folder}" in message
    assert "another --out" in message
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_without_plots_a_table_and_no_pictures(tmp_path, capsys):
    options = ["--data", "subset", "--r-max", "1", "--max-jobs", "1", "--workers", "1"]
    first = ["--first", "learning_rate=0.1,batch_size=128"]
    assert main(["live", *options, *first, "--out", str(tmp_path), "--no-plots"]) == 0
    out, err = capsys.readouterr()
    assert {path.name for path in tmp_path.iterdir()} == FILES
    rows = dict(line.strip().split(maxsplit=1) for line in out.splitlines()[:-1])
    assert rows["jobs"] == rows["trials"] == rows["epochs"] == "1"
    assert "learning_rate 0.1, batch_size 128" in out
    assert out.splitlines()[-1] == f"written to {tmp_path}"
    assert err.count("\n") == 1
    assert err.endswith(", learning_rate 0.1, batch_size 128\n")


@pytest.mark.parametrize(
    ("options", "limits"),
    [
        ([], {"max_seconds": 600.0}),
        (["--max-epochs", "50"], {"max_epochs": 50}),
        (["--target", "0.2"], {"target": 0.2, "max_seconds": 600.0}),  # it may never be reached
        (["--max-finished", "3"], {"max_finished": 3, "max_seconds": 600.0}),  # likewise
        (["--max-trials", "9"], {}),
        (["--max-seconds", "30", "--max-jobs", "7"], {"max_seconds": 30.0, "max_jobs": 7}),
    ],
    ids=lambda value: " ".join(value) or "no limit",
)
def test_a_run_that_no_limit_is_sure_to_end_ends_after_ten_minutes(options, limits, tmp_path):
    from real import live as room

    parser = argparse.ArgumentParser()
    live.add_arguments(parser)
    experiment = live.described(parser.parse_args(["--data", "subset", *options]))
    room.begin(experiment, tmp_path)
    told = tomllib.loads((tmp_path / "experiment.toml").read_text())
    assert told.get("limits", {}) == limits
    assert room.read(tmp_path) == experiment


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--first", "learning_rate=0.1"], "give learning_rate, batch_size"),
        (["--first", "learning_rate=0.1,batch_size=9,depth=2"], "give learning_rate, batch_size"),
        (["--searcher", "best"], "'best'"),
        (["--searcher", "grid"], "grid over learning_rate is without end"),
        (["--searcher", "local", "--first", "learning_rate=9,batch_size=64"], "learning_rate = 9"),
        (["--first", "0.1,128"], "'0.1,128' is not a config: write NAME=VALUE,NAME=VALUE"),
        (["--first", "learning_rate=,batch_size=9"], "write NAME=VALUE"),
        (["--first", "batch_size=9,batch_size=8"], "write NAME=VALUE"),
        (["--first", "learning_rate=nan,batch_size=9"], "'learning_rate=nan' is not finite"),
        (["--eta", "1"], "--eta: 1 is too small"),
        (["--eta", "two"], "'two'"),
        (["--r-max", "17"], "r_max is 17: give at most 16, the last epoch of softmax"),
        (["--r-max", "0"], "--r-max: 0 is too small"),
        (["--r-min", "17"], "r_min is 17, above r_max 16"),
        (["--workers", "0"], "--workers: 0 is too small"),
        (["--seed", "-1"], "--seed: -1 is too small: give a whole number of at least 0"),
        (["--seed", str(2**32)], f"--seed: {2**32} is too large"),
        (["--attempts", "0"], "--attempts: 0 is too small"),
        (["--job-timeout", "0"], "job timeout is 0.0: give seconds above 0"),
        (["--job-timeout", "inf"], "job timeout is inf"),
        (["--max-seconds", "0"], "max_seconds is 0.0: give a number above 0"),
        (["--max-trials", "0"], "max_trials is 0: give at least 1"),
        (["--target", "nan"], "the target is nan: give a loss"),
        (["--prefact", "0", "--scheduler", "sh"], "0 is too small"),
        (["--scheduler", "ahsa"], "'ahsa'"),
        (["--rule", "median"], "'median'"),
        (["--data", "all"], "'all'"),
        (["--task", "sotfmax"], "there is no task 'sotfmax': choose from softmax, lenet"),
        (["--task", "no_such_module:Task"], "no module 'no_such_module'"),
        (["--task", "real.tasks.task:Nothing"], "has no 'Nothing'"),
        (
            ["--task", "real/task.py:build"],
            "'real/task.py:build': write package.module:Class",
        ),
        (["--task", "mine:Task", "--data", "subset"], "mine:Task chooses its own data"),
        (["--wrokers", "3"], "--wrokers"),
        (["--worker", "3"], "--worker"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_is_one_line_and_leaves_nothing(capsys, tmp_path, arguments, named):
    out = tmp_path / "out"
    data = [] if ":" in arguments[1] else ["--data", "subset"]  # a task of one's own has its own
    assert named in refused(capsys, *data, *arguments, "--out", out)
    assert not list(tmp_path.iterdir())


def test_a_device_that_is_not_there_is_refused(capsys, tmp_path):
    import torch

    missing = "mps" if torch.cuda.is_available() else "cuda"  # no machine has both
    message = refused(capsys, "--device", missing, "--out", tmp_path / "out")
    assert f"--device {missing}: " in message
    assert "use --device cpu" in message
    assert not (tmp_path / "out").exists()


def test_a_run_that_cannot_begin_may_be_begun_again(capsys, tmp_path, homemade):
    (tmp_path / "broken").touch()
    out = tmp_path / "out"
    command = ["--task", homemade(BREAKABLE), "--workers", "1", "--max-jobs", "1", "--out", out]
    message = refused(capsys, *command)
    assert "a worker cannot start: its process exited with code 3" in message
    assert not out.exists()
    (tmp_path / "broken").unlink()
    assert main(["live", *map(str, command), "--no-plots"]) == 0
    assert json.loads((out / "summary.json").read_text())["best_loss"] == 0.5


def test_a_folder_without_a_run_cannot_be_resumed(capsys, tmp_path):
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "missing"):
        message = refused(capsys, "--resume", folder)
        assert f"{folder} does not hold a live run" in message
    assert [path.name for path in tmp_path.iterdir()] == ["empty"]


def test_a_simulated_run_cannot_be_resumed(capsys, tmp_path):
    run = ["run", "--curves", "power-law", "--max-jobs", "3", "--no-plots", "--out", str(tmp_path)]
    assert main(run) == 0
    capsys.readouterr()
    assert str(tmp_path / "experiment.toml") in refused(capsys, "--resume", tmp_path)


def test_a_folder_that_cannot_be_made_is_named_before_the_run(capsys, tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert "file" in refused(capsys, "--out", tmp_path / "file" / "out")


def test_without_torch_the_remedy_is_named(monkeypatch, tmp_path, capsys):
    monkeypatch.setitem(sys.modules, "torch", None)
    assert "pip install 'torch" in refused(capsys, "--out", tmp_path / "out")
    assert not list(tmp_path.iterdir())


def test_help_teaches(capsys):
    with pytest.raises(SystemExit, match="0"):
        main(["live", "--help-all"])
    out = capsys.readouterr().out
    assert "examples:" in out
    for option in ("--resume DIR", "--dask ADDRESS", "--first NAME=VALUE,...", "--job-timeout S"):
        assert option in out


@pytest.mark.parametrize("searcher", ["coarse-to-fine", "grid"])
def test_a_searcher_is_resumed_and_simulated_with_the_run(tmp_path, capsys, searcher):
    out = tmp_path / "out"
    short = ["--data", "subset", "--scheduler", "random", "--r-max", "1", "--workers", "1"]
    given = ["--searcher", searcher, "--first", "learning_rate=0.1,batch_size=128"]
    limit = ["--max-trials", "10", "--no-plots", "--json"]
    assert main(["live", *short, *given, *limit, "--out", str(out)]) == 0
    assert json.loads(capsys.readouterr().out)["trials"] == 10  # the grid's are 3 x 3
    # The journal is gone through once more, and the searcher must propose the same configs.
    assert main(["parity", str(out), "--no-plots", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["simulated_end_seconds"] > 0
