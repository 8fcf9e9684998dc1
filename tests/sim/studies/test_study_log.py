"""The runs of a study on disk: whatever is left of the file, the final bytes are the same."""

import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from learning_curves.errors import InputError
from sim.commands.cli import main
from sim.studies.runner import run_all
from sim.studies.study_file import parse
from sim.studies.study_log import StudyLog

TEXT = """
measures = ["jobs", "first_finished", "best_loss"]
seeds = 2
[experiment]
curves = "power-law"
r_max = 4
limits.max_jobs = 9
[axes.what]
'a, "quoted" name' = { scheduler = "sh" }
asha = { scheduler = "asha" }
"""


@pytest.fixture
def study(tmp_path):
    return parse(TEXT, tmp_path / "mine.toml")


def finish(study, path):
    log = StudyLog(study, path)
    made = 0
    for each in run_all(study, log.missing):
        log.append(each.place, each.values)
        made += 1
    return made


def test_a_file_cut_anywhere_is_completed_to_the_same_bytes(study, tmp_path):
    path = tmp_path / "runs.csv"
    assert finish(study, path) == 4
    whole = path.read_bytes()
    rows = whole.count(b"\n") - 1
    assert rows == 4
    assert whole.startswith(b"what,seed,jobs,first_finished,best_loss\n")
    for length in range(len(whole) + 1):
        path.write_bytes(whole[:length])
        kept = max(0, whole[:length].count(b"\n") - 1)
        assert finish(study, path) == rows - kept
        assert path.read_bytes() == whole


def test_values_are_read_as_they_were_written(study, tmp_path):
    log = StudyLog(study, tmp_path / "runs.csv")
    log.append(2, [9, float("inf"), 0.1 + 0.2])
    again = StudyLog(study, tmp_path / "runs.csv")
    assert again.values.tolist() == [[9, np.inf, 0.1 + 0.2]]
    assert again.missing == [0, 1, 3]
    with pytest.raises(ValueError, match="the run at place 2 is in"):
        again.append(2, [9, 0.5, 0.5])


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda text: text.replace("what", "which"), 1),
        (lambda _: "something else", 1),
        (lambda text: text.replace("asha,0", "asha,5"), 4),
        (lambda text: text + text.splitlines(keepends=True)[-1], 6),
        (lambda text: text.replace(",9,", ",nine,", 1), 2),
        (lambda text: text.replace(",9,", ",9,9,", 1), 2),
        (lambda text: text.replace("\n", "\r\n"), 1),
    ],
)
def test_a_file_of_something_else_is_left_alone(study, tmp_path, change, line):
    path = tmp_path / "runs.csv"
    finish(study, path)
    broken = change(path.read_bytes().decode()).encode()
    path.write_bytes(broken)
    with pytest.raises(InputError, match=f"line {line}, is not a row of this study: delete"):
        StudyLog(study, path)
    assert path.read_bytes() == broken


def test_an_extended_study_keeps_its_runs_and_ends_in_the_same_bytes(study, tmp_path):
    longer = parse(TEXT.replace("seeds = 2", "seeds = 3"), tmp_path / "mine.toml")
    more = TEXT.replace("seeds = 2", "seeds = 3") + 'sh2 = { scheduler = "sh", r_min = 2 }\n'
    larger = parse(more, tmp_path / "mine.toml")
    path, whole = tmp_path / "runs.csv", tmp_path / "whole.csv"
    assert finish(larger, whole) == 9
    assert [finish(each, path) for each in (study, longer, larger)] == [4, 2, 3]
    assert path.read_bytes() == whole.read_bytes()


@settings(max_examples=60, deadline=None)
@given(st.permutations(range(4)), st.lists(st.integers(0, 150), max_size=3))
def test_runs_in_any_order_and_killed_at_any_byte_end_in_the_same_bytes(order, cuts):
    with TemporaryDirectory() as folder:
        study = parse(TEXT, Path(folder, "mine.toml"))
        path = Path(folder, "runs.csv")
        figures = [[place, 0.1 * place, float("inf")] for place in range(4)]
        whole = Path(folder, "whole.csv")
        log = StudyLog(study, whole)
        for place in range(4):
            log.append(place, figures[place])
        for cut in [*cuts, None]:
            log = StudyLog(study, path)
            for place in [each for each in order if each in log.missing]:
                before = path.read_bytes()
                log.append(place, figures[place])
                # A kill while a row is written leaves all earlier rows and a part of it.
                if cut is not None and len(before) >= cut and log.missing:
                    assert path.read_bytes().startswith(before)
                    path.write_bytes(path.read_bytes()[: len(before) + cut % 7])
                    break
            rows = path.read_text().count("\n") - 1
            assert len(StudyLog(study, path).missing) == 4 - rows
        assert path.read_bytes() == whole.read_bytes()


def test_a_study_without_axes_has_a_row_for_each_seed(tmp_path):
    study = parse(TEXT.split("[axes.what]", maxsplit=1)[0], tmp_path / "mine.toml")
    log = StudyLog(study, tmp_path / "runs.csv")
    log.append(1, [1, 2.0, 3.0])
    log.append(0, [4, 5.0, 6.0])
    assert (tmp_path / "runs.csv").read_text().splitlines()[1:] == ["0,4,5.0,6.0", "1,1,2.0,3.0"]
    assert StudyLog(study, tmp_path / "runs.csv").missing == []


@pytest.mark.parametrize("seed", ["2", "-1", "00", "1.0", "", " 0", "\u0660", "9" * 5000])
def test_a_row_of_another_seed_is_refused(study, tmp_path, seed):
    path = tmp_path / "runs.csv"
    StudyLog(study, path)
    with path.open("a", encoding="utf-8") as file:
        file.write(f"asha,{seed},1,2.0,3.0\n")
    with pytest.raises(InputError, match="line 2, is not a row of this study"):
        StudyLog(study, path)


def test_rows_out_of_order_are_sorted_once_all_are_in(study, tmp_path):
    path = tmp_path / "runs.csv"
    finish(study, path)
    whole = path.read_bytes()
    header, *rows = whole.splitlines(keepends=True)
    path.write_bytes(b"".join([header, *reversed(rows)]))
    assert StudyLog(study, path).values.shape == (4, 3)
    assert path.read_bytes() == whole


# Kills itself as it opens runs.csv to add the row of this number, from 0.
DRIVER = """
import os, signal, sys
from sim.commands.cli import main

left = [int(sys.argv[1])]

def watch(event, args):
    if event == "open" and str(args[0]).endswith("runs.csv") and args[1] == "a":
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1

sys.addaudithook(watch)
raise SystemExit(main(sys.argv[2:]))
"""


@pytest.mark.slow
def test_a_killed_comparison_continues_to_the_same_bytes(tmp_path):
    line = ["compare", "--curves", "power-law", "--scheduler", "sh,asha", "--r-max", "9"]
    line += ["--workers", "1,4", "--seeds", "6", "--straggler-sigma", "0.5", "--against", "sh"]
    line += ["--no-plots"]
    assert main([*line, "--processes", "1", "--out", str(tmp_path / "whole")]) == 0
    command = [sys.executable, "-c", DRIVER, "20", *line]
    command += ["--processes", "2", "--out", str(tmp_path / "killed")]
    killed = subprocess.run(command, check=False, capture_output=True, timeout=300)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    rest, whole = (tmp_path / folder / "power-law" for folder in ("killed", "whole"))
    assert (rest / "runs.csv").read_bytes().count(b"\n") == 1 + 20
    assert main([*line, "--processes", "1", "--out", str(tmp_path / "killed")]) == 0
    names = {path.name for path in whole.iterdir()}
    assert names >= {"runs.csv", "comparison.csv", "straggling.csv", "gains.csv", "study.toml"}
    for name in names:
        assert (rest / name).read_bytes() == (whole / name).read_bytes()
    # The folder is a complete study: nothing is left to run.
    assert main(["study", str(rest / "study.toml"), "--out", str(rest), "--no-plots"]) == 0
    assert (rest / "runs.csv").read_bytes() == (whole / "runs.csv").read_bytes()


@pytest.mark.slow
def test_a_killed_study_goes_on_where_it_was(tmp_path):
    text = TEXT.replace("seeds = 2", "seeds = 60").replace("max_jobs = 9", "max_jobs = 900")
    (tmp_path / "mine.toml").write_text(text)
    line = ["study", str(tmp_path / "mine.toml"), "--no-plots"]
    assert main([*line, "--processes", "1", "--out", str(tmp_path / "whole")]) == 0
    command = [sys.executable, "-c", DRIVER, "40", *line]
    command += ["--processes", "2", "--out", str(tmp_path / "killed")]
    runs = tmp_path / "killed" / "runs.csv"
    # Its processes have their output in common: it ends when the last of them is gone.
    killed = subprocess.run(command, check=False, capture_output=True, timeout=300)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert 3 < runs.read_bytes().count(b"\n") < 121
    assert runs.read_bytes().count(b"\n") == 1 + 40
    assert main([*line, "--processes", "1", "--out", str(tmp_path / "killed")]) == 0
    for name in ("runs.csv", "cells.csv", "study.toml"):
        killed, whole = (tmp_path / folder / name for folder in ("killed", "whole"))
        assert killed.read_bytes() == whole.read_bytes()
