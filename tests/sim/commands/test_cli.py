"""The command line end to end: what it writes, that it writes it again, and how it refuses."""

import csv
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from sim.commands import values
from sim.commands.cli import COMMANDS, main
from sim.experiments import estimate
from sim.reports import memory, screen
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
        (["run", "--eta", "1"], "--eta: 1 is too small: give a whole number of at least 2"),
        (["run", "--eta", "two"], "'two'"),
        (["run", "--r-min", "17"], "r_min is 17, above r_max 16"),
        (["run", "--r-max", "17"], "before r_max 17: give at most 16"),
        (["run", "--workers", "0"], "--workers: 0 is too small"),
        (["run", "--scheduler", "ahsa"], "'ahsa' is unknown: did you mean asha?"),
        (["run", "--lost", "gone"], "'gone' is unknown: choose from inf, drop"),
        (["run", "--rule", "optuna"], "--rule optuna has no effect on asha: leave it out"),
        (["run", "--rule", "ray"], "or choose from asha-stopping"),
        (
            ["run", "--rule", "syne-tune-0.13", "--scheduler", "sh"],
            "--rule syne-tune-0.13 has no effect on sh: leave it out, or choose from asha, asha-st",
        ),
        (["run", "--prefact", "2"], "choose from sh, sh-overlap, hyperband, hyperband-overlap"),
        (["run", "--mttr", "3"], "--mttr has no effect without --mtbf: give it"),
        (["run", "--row", "3"], "--row 3 has no effect without --from"),
        (["run", "--from", "runs.csv"], "choose one with --row"),
        (["run", "--from", "runs.csv", "--row", "1"], "there is no study.toml"),
        (["run", "--seed", "-1"], "-1 is too small"),
        (["run", "--seed", "4294967296"], "4294967296 is too large"),
        (["run", "--max-seconds", "1e308"], "jobs take 1e+291 GB of memory (an estimate)"),
        (["run", "--max-epochs", "9" * 18], "lower the limits, or give --force"),
        (["run", "--workers", "4294967296"], "the workers take"),
        (["run", "--r-max", "9" * 18, "--curves", "power-law"], "of memory (an estimate)"),
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
        (["run", "--max-trials", "-1"], "--max-trials: -1 is too small"),
        (["run", "--speeds", "1e-320"], "the clock overflowed"),
        (["run", "--prefact", "0", "--scheduler", "sh"], "0 is too small"),
        (["compare", "--target", "inf"], "the target is inf"),
        (["compare", "--seeds", "0"], "--seeds: 0 is too small"),
        (["compare", "--processes", "0"], "--processes: 0 is too small"),
        (["compare", "--processes", "9" * 20], "give at most"),
        (["compare", "--workers", "4,0"], "0 is too small"),
        (["compare", "--workers", ""], "''"),
        (["compare", "--scheduler", "asha,sah"], "'sah'"),
        (["compare", "--curves", "softmax-fashion-mnist,nope"], "'nope'"),
        (["curves", "show", "nope"], "'nope'"),
        (["curves", "show", "powr-law"], "did you mean power-law?"),
        (["curves", "show", "lenet-fashion-mnst"], "did you mean lenet-fashion-mnist?"),
        (["curves", "space", "d2l-mlp", "--seed", "-1", "--out", "s.json"], "-1 is too small"),
        (["curves", "export", "power-law", "--out", "no/table.csv"], "there is no folder no"),
        (["curves", "fit", "nope", "--out", "out"], "'nope'"),
        (["record", "--out", "out"], "a table's name ends in .csv"),
        (["live", "--workers", "4294967296"], "4294967296 processes take"),
        (["live", "--r-min", "99"], "r_min is 99"),
        (["parity", "--eta", "1"], "1 is too small"),
        (["walk"], "'walk' is unknown"),
        (["cmopare"], "'cmopare' is unknown: did you mean compare?"),
        (["run", "--wrokers", "3"], "no option --wrokers: did you mean --workers?"),
        (["run", "--curves", "\x1b[31m"], "\\x1b[31m"),
        (["run", "--curves", "two\nlines"], "two\\nlines"),
        (["run", "--perfetto", "a\0b"], "is not text in UTF-8"),
        (["run", "more"], "unexpected argument 'more'"),
        (["compare", "--worker", "3"], "--worker"),
    ],
    ids=" ".join,
)
def test_bad_input_is_one_line_and_leaves_nothing(capsys, tmp_path, monkeypatch, arguments, named):
    monkeypatch.chdir(tmp_path)
    out = ["--out", "out"] if arguments[0] in {"run", "compare", "live", "parity"} else []
    assert named in refused(capsys, *arguments, *out)
    assert not list(tmp_path.iterdir())


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


def test_options_take_the_place_of_an_experiment_files_values(tmp_path):
    first, again, plain = tmp_path / "first", tmp_path / "again", tmp_path / "plain"
    changed = ["--workers", "3", "--max-jobs", "50", "--save-seconds", "0.5", "--mttr", "2"]
    options = ["--mtbf", "30", "--speeds", "1,2", "--lost", "drop", "--no-checkpoints"]
    run = ["run", "--no-plots", "--out"]
    assert main([*run, str(first), *SHORT, *options, "--seed", "5"]) == 0
    assert main([*run, str(again), "--from", str(first / "experiment.toml"), *changed]) == 0
    assert main([*run, str(plain), *SHORT, *options, "--seed", "5", *changed]) == 0
    for name in ("jobs.parquet", "summary.json", "experiment.toml"):
        assert (again / name).read_bytes() == (plain / name).read_bytes()
    told = tomllib.loads((again / "experiment.toml").read_text())
    assert (told["workers"], told["seed"], told["lost"]) == (3, 5, "vanish")


def test_an_option_with_the_value_of_its_default_takes_the_place_of_a_files(tmp_path, capsys):
    assert main(["run", *SHORT, "--workers", "7", "--out", str(tmp_path), "--no-plots"]) == 0
    capsys.readouterr()
    file = str(tmp_path / "experiment.toml")
    assert main(["run", "--from", file, "--workers", "4", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["workers"] == 4


def test_any_one_run_of_a_study_is_repeated_by_its_row(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("two.toml").write_text(
        'measures = ["jobs", "end_seconds"]\nseeds = 3\n'
        '[experiment]\ncurves = "power-law"\nr_max = 9\nseed = 4\nlimits.max_epochs = 50\n'
        '[axes]\nscheduler = ["sh", "asha"]\ncosts.checkpoints = [true, false]\n'
    )
    command = ["study", "two.toml", "--no-plots", "--processes", "1", "--out", "out"]
    assert main(command) == 0
    rows = list(csv.DictReader(Path("out/runs.csv").read_text().splitlines()))
    assert len(rows) == 12
    for number in (1, 5, 12):
        capsys.readouterr()
        assert main(["run", "--from", "out/runs.csv", "--row", str(number), "--json"]) == 0
        told, row = json.loads(capsys.readouterr().out), rows[number - 1]
        assert (told["scheduler"], str(told["seed"])) == (row["scheduler"], row["seed"])
        assert (told["jobs"], told["end_seconds"]) == (
            float(row["jobs"]),
            float(row["end_seconds"]),
        )
    capsys.readouterr()
    message = refused(capsys, "run", "--from", "out/runs.csv", "--row", "13")
    assert "out/runs.csv has 12 rows" in message
    Path("out/runs.csv").write_text(Path("out/runs.csv").read_text().replace("asha,", "sha,"))
    assert "is not a run of" in refused(capsys, "run", "--from", "out/runs.csv", "--row", "12")


def test_a_large_run_is_warned_of_a_huge_one_forced(capsys, monkeypatch):
    run = ["run", *SHORT]
    monkeypatch.setattr(estimate, "machine_memory", lambda: 10_000)
    assert "lower the limits, or give --force" in refused(capsys, *run)
    monkeypatch.setattr(memory, "_MUCH", 1000)
    assert main([*run, "--force"]) == 0
    assert capsys.readouterr().err.startswith("warning: about 120 jobs take 0 MB of memory")
    assert main([*run, "--target", "0.1"]) == 0  # it may end much earlier
    assert "at most" in capsys.readouterr().err


def test_tables_show_control_characters_as_escapes(capsys):
    screen.print_table("a\x1b[31m", ["b\x07"], [["c\x1b[0m\x9b"]])
    screen.console().print("d\x1b]0;title\x07")
    printed = capsys.readouterr().out
    assert all(each in printed for each in ("a\\x1b[31m", "b\\x07", "c\\x1b[0m\\x9b", "d\\x1b]0;"))
    assert printed.replace("\n", "").isprintable()


@pytest.mark.parametrize("command", COMMANDS)
def test_short_help_shows_less_than_all_of_it(capsys, command):
    short, whole = helped(capsys, command, "--help"), helped(capsys, command, "--help-all")
    if len(whole) > len(short):
        assert "--help-all shows all" in short
        options = set(re.findall(r"^  (--[a-z-]+)", short, re.MULTILINE))
        assert 5 < len(options) < len(set(re.findall(r"^  (--[a-z-]+)", whole, re.MULTILINE)))
    else:
        assert short == whole


def helped(capsys, *arguments):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 0
    return capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("rungsim ", {"run", "compare", "curves", "study", "record", "live", "parity"}),
        ("rungsim curves im", {"import"}),
        ("rungsim run --scheduler asha-", {"asha-stopping"}),
        ("rungsim live --max-j", {"--max-jobs"}),
    ],
)
def test_a_shell_completes_words(tmp_path, line, offered):
    pytest.importorskip("argcomplete")
    answer = tmp_path / "answer"
    shell = {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
        "_ARGCOMPLETE_IFS": "\n",
    }
    shell |= {"COMP_LINE": line, "COMP_POINT": str(len(line)), "COMP_TYPE": "63"}
    code = "from sim.commands.cli import main; raise SystemExit(main())"
    subprocess.run([sys.executable, "-c", code], env=os.environ | shell, check=True)
    assert offered <= {word.strip() for word in answer.read_text().split("\n")}


def test_the_code_for_a_shell_is_printed(capsys):
    pytest.importorskip("argcomplete")
    assert main(["--print-completion", "bash"]) == 0
    assert "complete" in capsys.readouterr().out
    assert "choose from bash" in refused(capsys, "--print-completion", "csh")


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
    short = ["--curves", "power-law", "--r-max", "9", "--max-epochs", "120"]
    command = ["compare", *short, "--scheduler", "random", "--workers", "1", "--seeds", "2"]
    command += ["--processes", "1", "--no-plots", "--json", "--out", str(tmp_path), "--overwrite"]
    losses = {}
    for searcher in ("random", "coordinate"):
        assert main([*command, "--searcher", searcher]) == 0
        (told,) = json.loads(capsys.readouterr().out)
        losses[searcher] = told["cells"][0]["best_loss"]
    assert losses["coordinate"] != losses["random"]


def test_a_best_config_at_the_border_is_noted(capsys):
    best = ["--first", "learning_rate=0.1,width=256"]
    run = ["run", "--curves", "power-law", "--r-max", "9", "--max-epochs", "120"]
    assert main([*run, *best, "--searcher", "coordinate", "--scheduler", "random"]) == 0
    notes = [line for line in capsys.readouterr().out.splitlines() if line.startswith("note: ")]
    assert len(notes) == 1
    assert "the best width, 256, " in notes[0]
    assert "its range, 16 to 256: better ones may lie above; widen the range there" in notes[0]


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--searcher", "best"], "'best'"),
        (["--searcher", "grid"], "grid over learning_rate is without end: give grid_points"),
        (["--searcher", "sobol", "--grid-points", "3"], "but the searcher is sobol: leave it out"),
        (["--searcher", "sobol", "--order", "given"], "is random search's, not sobol's"),
        (["--first", "0.1"], "'0.1' is not a config: write NAME=VALUE,NAME=VALUE"),
        (["--first", "learning_rate=0.1,width=9"], "width = 9: give a whole number from 16 to 256"),
    ],
)
def test_a_searcher_that_cannot_be_is_one_line(capsys, arguments, named):
    assert named in refused(capsys, "run", *SHORT, *arguments)


def test_first_configs_are_read_by_their_kind():
    assert values.config("a=1,b=1.5,c=1e-3,d=relu,e=-2") == {
        "a": 1,
        "b": 1.5,
        "c": 0.001,
        "d": "relu",
        "e": -2,
    }
