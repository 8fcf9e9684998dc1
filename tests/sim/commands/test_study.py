"""`rungsim study` end to end: what it writes, that it writes it again, and how it refuses."""

import json
import re
from dataclasses import fields
from itertools import islice
from pathlib import Path

import pytest
from rich.console import Console

from learning_curves import files
from learning_curves.errors import INTERRUPTED
from sim.commands.cli import main
from sim.experiments.measures import MEASURES
from sim.reports import study_report
from sim.studies import runner
from sim.studies.checks import experiments
from sim.studies.laws import LAWS
from sim.studies.study import Picture, Study
from sim.studies.study_file import parse, read, shipped

TEXT = """
title = "schedulers and workers"
measures = ["finished", "time_to_target", "utilisation", "lost", "wrong_promotions"]
seeds = 4
target = 0.2
[experiment]
curves = "power-law"
eta = 3
r_max = 9
straggler_sigma = 0.5
faults.lost_probability = 0.01
limits.max_seconds = 60
[axes]
scheduler = ["sh", "asha"]
workers = [1, 2, 4]
[speedups]
time_to_target = "workers"
[fits]
wrong_promotions = "workers"
[pictures.speed]
x = "workers"
y = ["speedup.time_to_target", "utilisation"]
lines = ["scheduler"]
log = "x"
[pictures.gantt]
kind = "gantt"
where = { workers = 4 }
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(TEXT)
    return path


def study(*arguments):
    return main(["study", *map(str, arguments)])


def refused(capsys, *arguments):
    try:
        code = study(*arguments)
    except SystemExit as how:  # the parser has refused a value
        code = how.code
    captured = capsys.readouterr()
    assert code == 2
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    return captured.err


def test_what_it_writes(file, tmp_path, capsys):
    out = tmp_path / "out"
    assert study(file, "--out", out, "--processes", 1) == 0
    printed = capsys.readouterr().out
    assert "schedulers and workers: 4 seeds" in printed
    assert "…" not in printed
    assert sum("scheduler" in line and "workers" in line for line in printed.splitlines()) == 2
    assert re.search(r" [\d.]+% \+- [\d.]+% ", printed)
    assert re.search(r"24 runs, [\d,]+ jobs in .* s: [\d,]+ simulated jobs per second", printed)
    names = {"runs.csv", "cells.csv", "fits.csv", "study.toml", "speed.png", "gantt.png"}
    assert {path.name for path in out.iterdir()} == names
    assert len((out / "runs.csv").read_text().splitlines()) == 1 + 24
    assert len((out / "cells.csv").read_text().splitlines()) == 1 + 6 * (5 + 1)
    # Called again, there is nothing left to do, and the answer is the same.
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    assert study(file, "--out", out, "--processes", 1, "--json") == 0
    captured = capsys.readouterr()
    told = json.loads(captured.out)
    assert captured.err == "all 24 runs existed already\n"
    assert len(told["cells"]) == 36
    assert told["fits"][0]["axis"] == "workers"
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_narrow_terminal_gets_tables_of_fewer_measures(file, tmp_path, capsys, monkeypatch):
    def terminal(*, stderr=False):
        return Console(stderr=stderr, width=60, force_terminal=True, markup=False)

    again = (file, "--out", tmp_path / "out", "--processes", 1, "--no-plots")
    assert study(*again) == 0
    capsys.readouterr()
    assert study(*again) == 0
    cells = set(capsys.readouterr().out.split())
    monkeypatch.setattr(study_report, "console", terminal)
    assert study(*again) == 0
    printed = capsys.readouterr().out
    printed = re.sub("\x1b[^m]*m", "", printed)
    assert "…" not in printed
    assert max(map(len, printed.splitlines()[:-2])) <= 60
    assert sum(line.split()[:2] == ["scheduler", "workers"] for line in printed.splitlines()) > 2
    numbers = {cell for cell in cells if re.fullmatch(r"\[?[\d.,]+%?\]?", cell)}
    assert numbers <= set(printed.split())


def test_an_interrupted_study_says_how_far_it_came(file, tmp_path, capsys, monkeypatch):
    def stopped(*arguments):
        yield from islice(run_all(*arguments), 2)
        raise KeyboardInterrupt

    run_all = runner.run_all
    monkeypatch.setattr(runner, "run_all", stopped)
    assert study(file, "--out", tmp_path / "out", "--processes", 1) == INTERRUPTED
    assert "interrupted; 2 of 24 runs are done, and the same command" in capsys.readouterr().err


def test_its_help_leaves_capitals_as_they_are(capsys):
    with pytest.raises(SystemExit):
        study("--help")
    assert "A TOML file of experiments" in capsys.readouterr().out


def test_the_study_as_run_is_run_again_to_the_same_bytes_on_two_processes(file, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    assert study(file, "--out", one, "--processes", 1, "--no-plots") == 0
    again = one / "study.toml"
    assert study(again, "--out", two, "--processes", 2, "--no-plots") == 0
    for name in ("runs.csv", "cells.csv", "fits.csv", "study.toml"):
        assert (one / name).read_bytes() == (two / name).read_bytes()


def test_pictures_are_the_same_bytes_again(file, tmp_path):
    for name in ("one", "two"):
        assert study(file, "--out", tmp_path / name, "--processes", 1, "--seeds", 2) == 0
    for picture in (tmp_path / "one").glob("*.png"):
        assert picture.read_bytes() == (tmp_path / "two" / picture.name).read_bytes()


def test_two_studies_do_not_write_to_one_folder(file, tmp_path, capsys):
    out = tmp_path / "out"
    out.mkdir()
    with files.locked(out, "study"):
        assert f"{out}: another study is writing it" in refused(capsys, file, "--out", out)
    assert not list(out.iterdir())


def test_a_folder_of_another_study_is_refused(file, tmp_path, capsys):
    out = tmp_path / "out"
    assert study(file, "--out", out, "--processes", 1, "--no-plots") == 0
    capsys.readouterr()
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    again = ("--out", out, "--processes", 1)
    assert "it has seeds = 4, not 3" in refused(capsys, file, *again, "--seeds", 3)
    file.write_text(TEXT.replace("max_seconds = 60", "max_seconds = 61"))
    assert "it has experiment.limits.max_seconds = 60, not 61" in refused(capsys, file, *again)
    file.write_text(TEXT)
    (out / "study.toml").unlink()
    assert "holds other runs" in refused(capsys, file, *again)
    (out / "study.toml").write_text("broken = ")
    assert "cannot be read" in refused(capsys, file, *again)
    (out / "study.toml").unlink()
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {
        name: content for name, content in before.items() if name != "study.toml"
    }


def test_a_study_is_extended_by_seeds_and_settings(file, tmp_path, capsys):
    large = TEXT.replace("seeds = 4", "seeds = 6").replace("[1, 2, 4]", "[1, 2, 4, 8]")
    out, whole = tmp_path / "out", tmp_path / "whole"
    again = ("--processes", 1, "--no-plots", "--out")
    assert study(file, *again, out) == 0
    file.write_text(large.replace('title = "schedulers', 'title = "more schedulers'))
    capsys.readouterr()
    assert study(file, *again, out) == 0
    assert "24 of 48 runs" in capsys.readouterr().out
    assert study(file, *again, whole) == 0
    for path in whole.iterdir():
        assert (out / path.name).read_bytes() == path.read_bytes()
    capsys.readouterr()
    # With --overwrite, another study takes its place.
    file.write_text(TEXT.replace("max_seconds = 60", "max_seconds = 30"))
    assert "it has seeds = 6, not 4" in refused(capsys, file, *again, out)
    assert study(file, *again, out, "--overwrite") == 0
    assert len((out / "runs.csv").read_text().splitlines()) == 1 + 24


def test_a_setting_of_another_type_is_another_experiment(file, tmp_path, capsys):
    out = ("--out", tmp_path / "out", "--processes", 1, "--no-plots")
    text = TEXT.replace('scheduler = ["sh", "asha"]', '"costs.checkpoints" = [true]')
    file.write_text(text.replace('lines = ["scheduler"]', 'lines = ["costs.checkpoints"]'))
    assert study(file, *out) == 0
    capsys.readouterr()
    kept = (tmp_path / "out" / "study.toml").read_text()
    (tmp_path / "out" / "study.toml").write_text(kept.replace("    true,", '    "true",'))
    assert "it has axes.costs.checkpoints = ['true'], not [True]" in refused(capsys, file, *out)


def test_a_target_of_zero_is_kept(file, tmp_path):
    file.write_text(TEXT.replace("target = 0.2", "target = 0"))
    assert study(file, "--out", tmp_path / "out", "--processes", 1, "--no-plots") == 0
    assert "target = 0\n" in (tmp_path / "out" / "study.toml").read_text()


def test_a_comparison_without_a_target_draws_no_speedup(file, capsys):
    text = shipped()["main-job"].read_text()
    file.write_text(
        "\n".join(line for line in text.splitlines() if not line.startswith("target = "))
    )
    assert "target is None: give a loss, for pictures.utilisation" in refused(capsys, file)


def test_settings_are_contrasted_in_pairs_of_seeds(file, tmp_path, capsys):
    file.write_text(TEXT + '[against]\nscheduler = "sh"\n')
    out = tmp_path / "out"
    assert study(file, "--processes", 1, "--no-plots", "--out", out) == 0
    assert "reached r_max against scheduler sh, paired by seed" in capsys.readouterr().out
    rows = (out / "contrasts.csv").read_text().splitlines()
    assert len(rows) == 1 + 3 * 5  # worker counts x measures
    assert rows[1].startswith("asha,1,scheduler,sh,finished,4,")


CONCLUDING = """
[against]
scheduler = ["sh", "asha"]
[pictures.ranks]
kind = "ranks"
[pictures.reached]
kind = "reached"
lines = ["scheduler"]
panels = "workers"
"""


def test_conclusions_are_added_without_another_run(file, tmp_path, capsys):
    out = tmp_path / "out"
    plain = TEXT.replace('"finished",', '"finished", "end_seconds",')
    file.write_text(plain)
    assert study(file, "--processes", 1, "--no-plots", "--out", out) == 0
    before = {name: (out / name).read_bytes() for name in ("runs.csv", "cells.csv", "fits.csv")}
    capsys.readouterr()
    asking = 'ranks = "scheduler"\nsurvival = true\n'
    file.write_text(asking + plain + CONCLUDING)
    assert study(file, "--processes", 1, "--out", out, "--format", "svg") == 0
    printed = capsys.readouterr().out
    assert "all 24 runs existed already" in printed
    assert "mean ranks over 12 blocks, 1 is best" in printed
    assert "p (Holm)" in printed
    assert {name: (out / name).read_bytes() for name in before} == before
    assert {path.name for path in out.glob("*.svg")} == {
        *("speed.svg", "gantt.svg", "ranks.svg", "reached.svg")
    }
    header, *rows = (out / "ranks.csv").read_text().splitlines()
    assert header == (
        "measure,axis,setting,blocks,mean_rank,friedman_chi2,friedman_p,critical_difference"
    )
    assert len(rows) == 6 * 2
    header, *rows = (out / "survival.csv").read_text().splitlines()
    assert header == ("scheduler,workers,measure,seconds,reached,low,high,at_risk,n,censored")
    assert rows[0] == "sh,1,time_to_target,0.0,0.0,,,4,4,0"
    header, *rows = (out / "contrasts.csv").read_text().splitlines()
    assert header.endswith("wins,wins_low,wins_high,p_value,p_holm,p_logrank,seeds_needed")
    assert len(rows) == 2 * 3 * 6
    # What is no longer asked for is removed.
    file.write_text(plain)
    assert study(file, "--processes", 1, "--no-plots", "--out", out) == 0
    left = {"ranks.csv", "survival.csv", "contrasts.csv"} & {path.name for path in out.iterdir()}
    assert not left


def test_changed_curves_are_refused(tmp_path, capsys):
    table = tmp_path / "own.csv"
    header = "config_id,lr,seed,epoch,validation_error,seconds\n"
    table.write_text(f"{header}0,0.1,0,1,0.5,1.0\n")
    text = 'measures = ["jobs"]\n[experiment]\ncurves = "own"\nlimits.max_jobs = 2\n'
    (tmp_path / "mine.toml").write_text(text)
    arguments = (tmp_path / "mine.toml", "--out", tmp_path / "out", "--processes", 1)
    assert study(*arguments) == 0
    assert (tmp_path / "out" / "own.csv").read_bytes() == table.read_bytes()  # to be run again
    assert study(tmp_path / "out" / "study.toml", *arguments[1:]) == 0
    capsys.readouterr()
    table.write_text(f"{header}0,0.1,0,1,0.6,1.0\n")
    assert "the curves or rungsim have changed" in refused(capsys, *arguments)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "which study?"),
        (["nope"], "'nope'"),
        (["missing.toml"], "'missing.toml'"),
        (["asha-a1", "--seeds", "0"], "argument --seeds: 0 is too small"),
        (["asha-a1", "--processes", "0"], "argument --processes: 0 is too small"),
        (["."], "cannot be read"),
    ],
    ids=" ".join,
)
def test_bad_input_is_one_line_and_leaves_nothing(capsys, tmp_path, monkeypatch, arguments, named):
    monkeypatch.chdir(tmp_path)
    assert named in refused(capsys, *arguments)
    assert not list(tmp_path.iterdir())


def test_no_run_begins_before_all_are_checked(file, tmp_path, capsys):
    text = TEXT.replace("workers = [1, 2, 4]", "workers = [4, 2, 1]")
    faults = "faults.timetable = [[1, 0, 9]]"
    file.write_text(text.replace("faults.lost_probability = 0.01", faults))
    out = tmp_path / "out"
    message = refused(capsys, file, "--out", out)
    assert "at scheduler sh, workers 1: the timetable names worker 1" in message
    assert not out.exists()


def test_curves_with_a_wrong_setting_are_refused_with_their_cell(file, tmp_path, capsys):
    axis = 'curves = ["power-law:noise=0.1", "power-law:nose=0.1"]'
    text = TEXT.replace('scheduler = ["sh", "asha"]', axis)
    file.write_text(text.replace('lines = ["scheduler"]', 'lines = ["curves"]'))
    message = refused(capsys, file, "--out", tmp_path / "out")
    assert "curves power-law:nose=0.1, workers 1: 'nose=0.1' is no setting" in message


def test_a_starter_is_written_once_runs_and_explains_every_entry(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert study("new", "mine.toml") == 0
    assert "rungsim study mine.toml --dry-run" in capsys.readouterr().out
    text = Path("mine.toml").read_text()
    assert "mine.toml exists already" in refused(capsys, "new", "mine.toml")
    assert Path("mine.toml").read_text() == text
    for entry in (*(each.name for each in fields(Study)), *(each.name for each in fields(Picture))):
        if entry not in {"name", "path", "text", "laws"}:
            assert re.search(rf"^(# )?\[?{entry}\b", text, re.MULTILINE), entry
    # Each optional entry may be switched on where it stands.
    for line in re.findall(r"^# (\S+ = .*)", text, re.MULTILINE):
        switched = text.replace(f"# {line}", line, 1)
        # Others need another entry: the header of their table, or a picture that names their axis.
        if not line.startswith(("even", "uneven", "end_seconds", "panels", '"faults')):
            parse(switched, Path("mine.toml"))
    assert study("mine.toml", "--processes", 1, "--seeds", 2) == 0
    assert Path("rungsim-study/mine/incumbent.png").exists()
    capsys.readouterr()
    assert "which file?" in refused(capsys, "new")
    assert "does not end in .toml" in refused(capsys, "new", "mine")
    assert "unexpected argument 'x'" in refused(capsys, "mine.toml", "x")


def test_a_study_of_the_name_new_is_a_path(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("new").write_text(TEXT)
    assert study("./new", "--dry-run") == 0
    assert "24 to make" in capsys.readouterr().out


def test_a_dry_run_tells_what_is_left_and_writes_nothing(file, tmp_path, capsys):
    out = tmp_path / "out"
    dry = (file, "--out", out, "--processes", 1, "--dry-run")
    assert study(*dry) == 0
    printed = capsys.readouterr().out
    assert "6, each with 4 seeds: 24 runs" in printed
    assert "0 runs are there, 24 to make" in printed
    assert "max_seconds 60" in printed
    assert re.search(
        r"about \d\S* s on 1 process, .*an estimate from one run .* of sh, asha", printed
    )
    assert not out.exists()
    assert study(*dry[:-1], "--no-plots", "--seeds", 2) == 0
    runs = out / "runs.csv"
    runs.write_bytes(runs.read_bytes()[:-5])  # the last row is incomplete
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    capsys.readouterr()
    assert study(*dry, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["runs"], told["done"], told["missing"]) == (24, 11, 13)
    assert told["estimate"]["seconds"] > 0
    assert told["axes"] == {"scheduler": ["sh", "asha"], "workers": ["1", "2", "4"]}
    assert study(*dry, "--overwrite", "--json") == 0
    assert json.loads(capsys.readouterr().out)["missing"] == 24
    assert "it has seeds = 2, not 1" in refused(capsys, *dry, "--seeds", 1)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_all_mistakes_are_told_at_once_with_their_lines(file, tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    changes = {
        '"finished", "time': '"finishd", "time',  # line 3
        "seeds = 4": "seeds = 0\nseed = 4",  # 4 and 5
        'curves = "power-law"': 'curves = "powr-law"',  # 8
        "eta = 3": "eta = 1",  # 9
        "r_max = 9": "r_mx = 9",  # 10
        "lost_probability = 0.01": "lost_probability = 3.0",  # 12
        "max_seconds = 60": 'max_seconds = "60"',  # 13
        '["sh", "asha"]': '["sh", "ahsa"]',  # 15
        "[1, 2, 4]": "[1, 2, 4, 2.5]",  # 16
        'time_to_target = "workers"': 'time_to_target = "worker"',  # 18
        '"utilisation"]\nlines': '"utilization"]\nlines',  # 23
        'kind = "gantt"': 'kind = "gant"',  # 27
    }
    text = TEXT
    for old, new in changes.items():
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    file.write_text(text)
    assert study("mine.toml") == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    told = [line.split(": ", 2)[1:] for line in captured.err.splitlines()]
    lines = (3, 4, 5, 8, 9, 10, 12, 13, 15, 16, 18, 23, 27)
    assert [where for where, _ in told] == [f"mine.toml, line {number}" for number in lines]
    texts = [text for _, text in told]
    assert texts[0] == "measures names 'finishd': did you mean finished?"
    assert texts[1] == "seeds is 0: give a whole number, at least 1"
    assert texts[2] == "it names 'seed': did you mean seeds?"
    assert "there is no table 'powr-law'" in texts[3]
    assert texts[5] == "there is no 'r_mx': did you mean r_max?"
    assert texts[8] == "at scheduler ahsa, workers 1: the scheduler is 'ahsa': did you mean asha?"
    assert texts[9] == "at scheduler sh, workers 2.5: workers is 2.5: give a whole number"
    assert texts[12] == "pictures.gantt.kind is 'gant': did you mean gantt?"
    assert [path.name for path in tmp_path.iterdir()] == ["mine.toml"]


def test_an_axis_that_is_none_is_the_only_mistake(file, capsys):
    file.write_text(TEXT.replace("[1, 2, 4]", "4"))
    assert "line 15: axes.workers is 4: give a list of values" in refused(capsys, file)


def test_a_mistake_in_a_named_setting_has_the_line_of_the_setting(file, capsys):
    text = TEXT.replace("workers = [1, 2, 4]", "")
    text = text.replace(
        '[speedups]\ntime_to_target = "workers"',
        "[axes.size]\n"
        "small = { workers = 1 }\nlarge = { workers = 2, faults.mtfb = 9.0, limits.max_jobs = 0 }",
    )
    text = text[: text.index("[fits]")]
    file.write_text(text)
    assert study(file) == 2
    at = "at scheduler sh, size large: "
    said = [line.split(", line ")[1] for line in capsys.readouterr().err.splitlines()]
    assert said[0] == f"18: {at}[faults] there is no 'mtfb': did you mean mtbf?"
    assert said[1].startswith(f"18: {at}max_jobs is 0: give a number above 0")
    assert len(said) == 2


def test_a_run_that_fails_names_its_seed(file, tmp_path, capsys):
    text = TEXT.replace("max_seconds = 60", "max_jobs = 9")
    file.write_text(text.replace("faults.lost_probability = 0.01", "speeds = [1e-320]"))
    message = refused(capsys, file, "--out", tmp_path / "out", "--processes", 1)
    assert "seed 0: the clock overflowed" in message


def test_the_list_names_them_all(capsys):
    assert study("--list") == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in shipped())
    assert study("--list", "--json") == 0
    assert set(json.loads(capsys.readouterr().out)) == set(shipped())


SMALLER = {  # what makes a study short, for a study that is long
    "asha-five-libraries": ("max_trials = 256", "max_trials = 16"),
    "asha-a1": ("max_seconds = 2000", "max_seconds = 60"),
    "asha-wrong-promotions": (", 10000, 100000, 1000000]", "]"),
    "idle-law": ("max_trials = 32000", "max_trials = 640"),
    "d2l-speedup": ("max_epochs = 600", "max_epochs = 60"),
    "many-workers": ("max_seconds = 3600", "max_seconds = 60"),
    "worker-count": ("4, 8, 16, 32, 64, 128, 256, 512]", "4]"),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", shipped())
def test_the_shipped_studies_run(name, tmp_path):
    text = shipped()[name].read_text(encoding="utf-8")
    old, new = SMALLER.get(name, ("", ""))
    assert not old or text.count(old) == 1
    for table in shipped()[name].parent.glob("*.csv"):
        (tmp_path / table.name).write_bytes(table.read_bytes())
    (tmp_path / f"{name}.toml").write_text(text.replace(old, new) if old else text)
    out = tmp_path / "out"
    assert study(tmp_path / f"{name}.toml", "--seeds", 2, "--processes", 1, "--out", out) == 0
    drawn = {path.stem for path in out.glob("*.png")}
    of_runs = {stem for stem in drawn if stem.startswith(("losses-", "rungs-"))}
    assert drawn - of_runs == set(read(name).pictures)


DOCS = Path(__file__).parents[3] / "docs"


def test_the_examples_of_the_docs_are_studies(tmp_path):
    text = (DOCS / "studies.md").read_text(encoding="utf-8")
    examples = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    studies = [parse(example, tmp_path / "example.toml") for example in examples]
    assert [each.runs for each in studies] == [2 * 2 * 2 * 25, 2 * 50, 5 * 50]
    for each in studies:
        experiments.check(each)


def test_the_docs_tell_of_every_measure_law_and_study():
    text = (DOCS / "studies.md").read_text(encoding="utf-8")
    assert all(f"`{name}`" in text for name in [*MEASURES, *LAWS, *shipped()])
    for name in shipped():
        assert f"| {read(name).runs:,} |" in next(
            line for line in text.splitlines() if line.startswith(f"| `{name}`")
        )
        pages = (page.read_text(encoding="utf-8") for page in DOCS.rglob("*.md"))
        assert any(f"rungsim study {name}" in page for page in pages)
