"""A study from Python: what it keeps, compares and draws, and the notebook of the docs."""

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

import sim
from learning_curves.errors import InputError
from sim.commands.cli import main
from sim.studies.comparison import comparison
from sim.studies.statistics.contrasts import contrasts
from sim.studies.study_file import parse

ROOT = Path(__file__).parents[3]
TEXT = """
title = "two schedulers"
measures = ["end_seconds", "finished", "best_loss"]
seeds = 4
[experiment]
curves = "power-law"
r_max = 9
eta = 3
limits.max_epochs = 60
[axes]
scheduler = ["sh", "asha", "random"]
workers = [1, 3]
[against]
scheduler = "random"
[pictures.ends]
x = "workers"
y = ["end_seconds"]
lines = ["scheduler"]
"""


@pytest.fixture
def study():
    return parse(TEXT, Path("mine.toml"))


def test_its_folder_is_that_of_the_command_line_and_continues(study, tmp_path):
    file, ours, theirs = tmp_path / "mine.toml", tmp_path / "ours", tmp_path / "theirs"
    file.write_text(TEXT)
    assert main(["study", str(file), "--out", str(theirs), "--processes", "1"]) == 0
    sim.run_study(replace(sim.read_study(str(file)), seeds=2), folder=ours)
    results = sim.run_study(sim.read_study(str(file)), folder=str(ours), progress=True)
    assert {each.name for each in ours.iterdir()} == {each.name for each in theirs.iterdir()}
    for each in theirs.iterdir():
        assert (ours / each.name).read_bytes() == each.read_bytes(), each.name
    pd.testing.assert_frame_equal(results.runs, sim.run_study(study).runs)
    results.report(tmp_path / "report.html", timelines=0)
    assert "two schedulers" in (tmp_path / "report.html").read_text()
    with pytest.raises(InputError, match="give run_study a folder"):
        sim.run_study(replace(study, seeds=1)).report(tmp_path / "report.html")
    # The command line continues it, too, and Python refuses another study.
    assert main(["study", str(file), "--out", str(ours), "--seeds", "5", "--processes", "1"]) == 0
    with pytest.raises(InputError, match="it has seeds = 5, not 4"):
        sim.run_study(study, folder=ours)


def test_any_two_settings_are_compared(study):
    results = sim.run_study(study)
    # Against the setting of the file, the rows of contrasts.csv.
    given = results.contrasts
    expected = given[given["scheduler"] == "asha"].reset_index(drop=True)
    pd.testing.assert_frame_equal(results.compare("asha", "random"), expected)
    # Else, those that the file would have if it said so.
    asked = contrasts(replace(study, against={"scheduler": "sh"}), results.values)
    expected = asked[asked["scheduler"] == "asha"].reset_index(drop=True)
    found = results.compare("asha", "sh")
    pd.testing.assert_frame_equal(found, expected)
    assert len(found) == 2 * 3  # worker counts x measures
    # By hand: the median over the seeds of the differences of the ends, on 3 workers.
    runs = results.runs[results.runs["workers"] == "3"].set_index(["scheduler", "seed"])
    ends = runs["end_seconds"]
    differences = ends.loc["asha"] - ends.loc["sh"]
    row = found[(found["workers"] == "3") & (found["measure"] == "end_seconds")]
    assert row["difference"].item() == pytest.approx(differences.median())
    along = results.compare("3", "1", axis="workers")
    assert set(along["workers"]) == {"3"}


def test_a_comparison_of_what_is_not_there_is_refused(study):
    results = sim.run_study(replace(study, seeds=1))
    with pytest.raises(InputError, match="no setting of scheduler 'ahsa': did you mean asha"):
        results.compare("ahsa", "sh")
    with pytest.raises(InputError, match="no axis 'worker': did you mean workers"):
        results.compare("3", "1", axis="worker")


def test_each_kind_of_picture_is_a_figure_and_a_file(tmp_path):
    base = sim.Experiment(
        curves="power-law", r_max=9, straggler_sigma=0.5, limits=sim.Limits(max_epochs=60)
    )
    made = comparison(base, schedulers=["sh", "asha"], workers=[1, 2], seeds=2, target=0.3)
    made = replace(made, survival=True, ranks="scheduler")
    plot = sim.run_study(made).plot
    path = tmp_path / "picture.svg"
    figures = [
        plot.lines("workers", ["end_seconds"], lines=["scheduler", "stragglers"], path=path),
        plot.incumbent(),
        plot.gantt(workers=2),
        plot.first_jobs(),
        plot.ranks(["end_seconds"]),
        plot.reached(lines=["scheduler"], where={"workers": 2, "stragglers": "with"}),
        plot.utilisation(),
        plot.speedup(),
        plot.effect(),
    ]
    assert all(figure.axes for figure in figures)
    assert [each.name for each in tmp_path.iterdir()] == ["picture.svg"]
    with pytest.raises(InputError, match="names 'end_secs': did you mean end_seconds"):
        plot.lines("workers", ["end_secs"], lines=["scheduler"])


def test_a_study_made_in_python_is_checked(study):
    broken = replace(study, measures=["end_second"], seeds=0, text="")
    with pytest.raises(InputError) as refusal:
        sim.run_study(broken)
    assert str(refusal.value).splitlines() == [
        "study mine: seeds is 0: give a whole number, at least 1",
        "study mine: measures names 'end_second': did you mean end_seconds?",
        "study mine: pictures.ends.y names 'end_seconds': did you mean end_second?",
    ]


def test_the_notebook_of_the_docs_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    notebook = json.loads((ROOT / "docs/notebooks/study.ipynb").read_text())
    names = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            exec("".join(cell["source"]), names)  # noqa: S102  our own notebook
    assert (tmp_path / "out/cells.csv").exists()
    assert "<table" in names["results"]._repr_html_()
