"""The command line end to end: what it writes, that it writes it again, and how it refuses."""

import json
import subprocess
import sys
import tomllib

import pytest

from sim.commands import options
from sim.commands.cli import main
from sim.traces.trace import read

SHORT = ["--curves", "power-law", "--r-max", "9", "--eta", "3", "--max-epochs", "120"]


def refused(capsys, *arguments):
    """Run a command line that must be refused; return its one line of complaint."""
    try:
        code = main(arguments)
    except SystemExit as stop:
        code = stop.code
    captured = capsys.readouterr()
    assert code == 2
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err


def test_run_writes_what_it_says(tmp_path, capsys):
    out = tmp_path / "new" / "out"
    assert main(["run", *SHORT, "--out", str(out), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == json.loads((out / "summary.json").read_text())
    assert {path.name for path in out.iterdir()} == {
        *("jobs.parquet", "summary.json", "experiment.toml"),
        *("gantt.png", "losses.png", "incumbent.png", "rungs.png", "utilisation.png"),
    }
    assert len(read(out / "jobs.parquet").jobs) == told["jobs"]
    contract = (
        "end_seconds utilisation worker_seconds waiting jobs trials finished epochs best_loss "
        "best_config time_to_target"
    )
    assert set(contract.split()) <= set(told)
    parts = {"training", "overhead", "wasted", "down", "waiting", "drained"}
    assert set(told["worker_seconds"]) == parts
    assert set(told["waiting"]) == {"straggling", "shortage"}


@pytest.mark.parametrize("scheduler", ["sh", "asha"])
def test_an_experiment_file_gives_the_same_bytes_again(tmp_path, scheduler):
    first, again = tmp_path / "first", tmp_path / "again"
    options = ["--scheduler", scheduler, "--workers", "3", "--straggler-sigma", "0.3"]
    options += ["--speeds", "1,2", "--save-seconds", "0.5", "--target", "0.11", "--seed", "5"]
    assert main(["run", *SHORT, *options, "--out", str(first), "--no-plots"]) == 0
    file = str(first / "experiment.toml")
    assert main(["run", "--from", file, "--out", str(again), "--no-plots"]) == 0
    for name in ("jobs.parquet", "summary.json", "experiment.toml"):
        assert (again / name).read_bytes() == (first / name).read_bytes()


def test_pictures_are_the_same_bytes_again(tmp_path):
    for name in ("first", "again"):
        assert main(["run", *SHORT, "--out", str(tmp_path / name)]) == 0
    for picture in (tmp_path / "first").glob("*.png"):
        assert picture.read_bytes() == (tmp_path / "again" / picture.name).read_bytes()


def test_a_changed_table_is_not_taken_for_the_one_that_was_run(tmp_path, capsys):
    table = tmp_path / "mine.csv"
    header = "config_id,lr,seed,epoch,validation_error,seconds\n"
    table.write_text(f"{header}0,0.1,0,1,0.5,1.0\n0,0.1,0,2,0.4,1.0\n")
    out = tmp_path / "out"
    assert main(["run", "--curves", str(table), "--out", str(out), "--no-plots"]) == 0
    capsys.readouterr()
    table.write_text(f"{header}0,0.1,0,1,0.6,1.0\n0,0.1,0,2,0.4,1.0\n")
    message = refused(capsys, "run", "--from", str(out / "experiment.toml"))
    assert "have changed since" in message


def test_compare_is_the_same_on_one_process_and_on_two(tmp_path):
    options = ["--scheduler", "sh,asha", "--workers", "1,3", "--seeds", "3", "--no-plots"]
    for processes in ("1", "2"):
        out = tmp_path / processes
        command = ["compare", *SHORT, *options, "--processes", processes, "--out", str(out)]
        assert main([*command, "--json"]) == 0
    one, two = (tmp_path / n / "power-law" for n in ("1", "2"))
    for name in ("runs.csv", "comparison.csv", "comparison.json", "experiment.toml"):
        assert (one / name).read_bytes() == (two / name).read_bytes()
    told = json.loads((one / "comparison.json").read_text())
    cells = {(cell["scheduler"], cell["workers"]): cell for cell in told["cells"]}
    assert set(cells) == {("sh", 1), ("sh", 3), ("asha", 1), ("asha", 3)}
    parts = ("training", "overhead", "wasted", "down", "straggling", "shortage", "drained")
    for cell in cells.values():
        assert sum(cell[part] for part in parts) == pytest.approx(1)
    for scheduler in ("sh", "asha"):
        alone = cells[scheduler, 1]
        assert (alone["speedup"], alone["low"], alone["high"]) == (1, 1, 1)
        assert alone["straggling"] == alone["shortage"] == 0
        assert cells[scheduler, 3]["end_seconds"] < alone["end_seconds"]
    assert cells["sh", 3]["shortage"] > 0 == cells["asha", 3]["shortage"]


def test_settings_of_a_closed_form_go_all_the_way(tmp_path):
    words = ["power-law:crossing=0.5", "power-law:crossing=0.25", "bowl:dimensions=3:matter=1"]
    few = ["--r-max", "9", "--eta", "3", "--max-epochs", "60"]
    out = tmp_path / "all"
    command = ["compare", "--curves", ",".join(words), *few, "--scheduler", "sh", "--workers", "2"]
    assert (
        main([*command, "--seeds", "2", "--no-plots", "--processes", "1", "--out", str(out)]) == 0
    )
    assert {each.name for each in out.iterdir()} == {word.replace(":", ",") for word in words}
    losses = [(out / word.replace(":", ",") / "runs.csv").read_text() for word in words]
    assert len(set(losses)) == 3

    run = ["run", "--no-plots", "--out"]
    one, two = tmp_path / "one", tmp_path / "two"
    assert main([*run, str(one), "--curves", "take-off:take_off=0.1:noise=0.01", *few]) == 0
    assert main([*run, str(two), "--from", str(one / "experiment.toml")]) == 0
    for name in ("jobs.parquet", "summary.json", "experiment.toml"):
        assert (one / name).read_bytes() == (two / name).read_bytes()
    assert json.loads((one / "summary.json").read_text())["curves"].startswith("take-off:take_off")


@pytest.mark.slow
def test_the_main_job_end_to_end(tmp_path):
    command = [sys.executable, "-c", "from sim.commands.cli import main; raise SystemExit(main())"]
    options = ["compare", "--seeds", "2", "--workers", "1,4"]
    done = subprocess.run(
        [*command, *options], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert all("runs after" in line for line in done.stderr.splitlines())  # on a slow machine
    for table in ("softmax-fashion-mnist",):
        folder = tmp_path / "rungsim-compare" / table
        assert f"written to rungsim-compare/{table}" in done.stdout
        assert len(list(folder.glob("*.png"))) >= 5
        told = json.loads((folder / "comparison.json").read_text())
        assert len(told["cells"]) == 4 * 2
        assert 0 < told["target"] < 0.9
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["run", "--eta", "1"], "eta is 1"),
        (["run", "--eta", "two"], "'two'"),
        (["run", "--r-min", "17"], "r_min is 17, above r_max 16"),
        (["run", "--r-max", "17"], "r_max 17 is beyond"),
        (["run", "--workers", "0"], "there are 0 workers"),
        (["run", "--scheduler", "ahsa"], "'ahsa'"),
        (["run", "--rule", "median"], "'median'"),
        (["run", "--curves", "missing.csv"], "missing.csv"),
        (["run", "--curves", "power-law:corssing=1"], "'corssing=1' is no setting"),
        (["compare", "--curves", "power-law,bowl:matter=9"], "matter is 9"),
        (["run", "--from", "missing.toml"], "missing.toml"),
        (["run", "--max-seconds", "0"], "max_seconds is 0"),
        (["run", "--target", "nan"], "the target is nan"),
        (["run", "--speeds", "1,x"], "'1,x'"),
        (["run", "--seconds", "d2l-gpu", "--curves", "power-law"], "examples"),
        (["run", "--order", "given", "--curves", "power-law"], "needs a table"),
        (["run", "--start-seconds", "-1"], "start_seconds is -1.0"),
        (["run", "--max-seconds", "inf"], "max_seconds is inf"),
        (["run", "--max-trials", "-1"], "max_trials is -1"),
        (["run", "--speeds", "1e-320"], "the clock ran over"),
        (["run", "--prefact", "0", "--scheduler", "sh"], "prefact is 0"),
        (["compare", "--target", "inf"], "the target is inf"),
        (["compare", "--seeds", "0"], "--seeds is 0"),
        (["compare", "--processes", "0"], "--processes is 0"),
        (["compare", "--workers", "4,0"], "there are 0 workers"),
        (["compare", "--workers", ""], "''"),
        (["compare", "--scheduler", "asha,sah"], "'sah'"),
        (["compare", "--curves", "softmax-fashion-mnist,nope"], "'nope'"),
        (["curves", "show", "nope"], "'nope'"),
        (["walk"], "'walk'"),
        (["run", "--wrokers", "3"], "--wrokers"),
        (["compare", "--worker", "3"], "--worker"),
    ],
    ids=" ".join,
)
def test_bad_input_is_one_line_and_leaves_nothing(capsys, tmp_path, monkeypatch, arguments, named):
    monkeypatch.chdir(tmp_path)
    out = ["--out", "out"] if arguments[0] in {"run", "compare"} else []
    assert named in refused(capsys, *arguments, *out)
    assert not list(tmp_path.rglob("*.*"))


@pytest.mark.parametrize(
    ("row", "named"),
    [
        ("0,0.1,0,2,nan,1.0", "line 3"),
        ("0,0.1,0,1,0.4,1.0", "line 3"),
        ("0,0.1,0,2,0.4", "line 3"),
        ("0,0.1,0,2,0.4,-1", "line 3"),
        ("0,0.1,0,3,0.4,1.0", "epoch 2 is missing"),
    ],
    ids=["NaN", "a duplicate epoch", "a ragged row", "negative seconds", "a missing epoch"],
)
def test_a_broken_table_is_named_by_its_line(capsys, tmp_path, row, named):
    table = tmp_path / "mine.csv"
    table.write_text(
        f"config_id,lr,seed,epoch,validation_error,seconds\n0,0.1,0,1,0.5,1.0\n{row}\n"
    )
    message = refused(capsys, "run", "--curves", str(table), "--out", str(tmp_path / "out"))
    assert str(table) in message
    assert named in message
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_made_is_named_before_the_run(capsys, tmp_path):
    (tmp_path / "file").write_text("in the way")
    assert "file" in refused(capsys, "run", *SHORT, "--out", str(tmp_path / "file" / "out"))


@pytest.mark.parametrize("arguments", [[], ["--help"], ["run", "--help"], ["compare", "--help"]])
def test_help_teaches(capsys, arguments):
    try:
        code = main(arguments)
    except SystemExit as stop:
        code = stop.code
    assert code == 0
    assert "examples:" in capsys.readouterr().out


def test_sources_of_one_name_are_not_written_over_each_other(capsys, tmp_path):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.csv").write_text(
            "config_id,lr,seed,epoch,validation_error,seconds\n0,0.1,0,1,0.5,1.0\n"
        )
    both = f"{tmp_path}/a/mine.csv,{tmp_path}/b/mine.csv"
    out = tmp_path / "out"
    assert "two curve sources" in refused(capsys, "compare", "--curves", both, "--out", str(out))
    assert not out.exists()


def test_an_option_beside_an_experiment_file_is_refused(capsys, tmp_path):
    assert main(["run", *SHORT, "--out", str(tmp_path), "--no-plots"]) == 0
    capsys.readouterr()
    file = str(tmp_path / "experiment.toml")
    assert "--workers is 3 beside --from" in refused(
        capsys, "run", "--from", file, "--workers", "3"
    )


@pytest.mark.parametrize("searcher", ["local", "sobol", "grid-shuffled", "optuna:tpe"])
def test_a_searcher_gives_the_same_bytes_again(tmp_path, searcher):
    first, again = tmp_path / "first", tmp_path / "again"
    options = ["--searcher", searcher, "--first", "learning_rate=0.1,width=32", "--no-plots"]
    options += ["--max-trials", "30"]
    assert main(["run", *SHORT, *options, "--out", str(first)]) == 0
    file = first / "experiment.toml"
    assert main(["run", "--from", str(file), "--out", str(again), "--no-plots"]) == 0
    for name in ("jobs.parquet", "summary.json", "experiment.toml"):
        assert (first / name).read_bytes() == (again / name).read_bytes()
    told = tomllib.loads(file.read_text())
    assert told["searcher"] == searcher
    assert told["first"] == [{"learning_rate": 0.1, "width": 32}]


def test_compare_takes_a_searcher_too(tmp_path, capsys):
    command = ["compare", *SHORT, "--scheduler", "random", "--workers", "1", "--seeds", "2"]
    command += ["--processes", "1", "--no-plots", "--json", "--out", str(tmp_path), "--overwrite"]
    losses = {}
    for searcher in ("random", "coordinate"):
        assert main([*command, "--searcher", searcher]) == 0
        (told,) = json.loads(capsys.readouterr().out)
        losses[searcher] = told["cells"][0]["best_loss"]
    assert losses["coordinate"] != losses["random"]


def test_a_best_config_at_the_border_is_noted(capsys):
    best = ["--first", "learning_rate=0.1,width=256"]
    assert main(["run", *SHORT, *best, "--searcher", "coordinate", "--scheduler", "random"]) == 0
    notes = [line for line in capsys.readouterr().out.splitlines() if line.startswith("note: ")]
    assert len(notes) == 1
    assert "the best width, 256, " in notes[0]
    assert "its range, 16 to 256: better ones may lie above, widen the range there" in notes[0]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--searcher", "best"], "'best'"),
        (["--searcher", "grid"], "grid over learning_rate is without end: give grid_points"),
        (["--searcher", "sobol", "--grid-points", "3"], "but the searcher is sobol: leave it out"),
        (["--searcher", "sobol", "--order", "given"], "is random search's, not sobol's"),
        (["--first", "0.1"], "'0.1' is no config: write NAME=VALUE,NAME=VALUE"),
        (["--first", "learning_rate=0.1,width=9"], "width = 9: give a whole number from 16 to 256"),
    ],
)
def test_a_searcher_that_cannot_be_is_one_line(capsys, arguments, named):
    assert named in refused(capsys, "run", *SHORT, *arguments)


def test_first_configs_are_read_by_their_kind():
    assert options._config("a=1,b=1.5,c=1e-3,d=relu,e=-2") == {
        "a": 1,
        "b": 1.5,
        "c": 0.001,
        "d": "relu",
        "e": -2,
    }
