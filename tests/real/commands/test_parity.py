"""`rungsim parity` from end to end: a live run, its files, its figures, its refusals."""

import json

import pytest

from learning_curves.tables.tabular import load
from real import live
from real.cluster import journal
from real.cluster.cluster import JOURNAL
from sim.commands.cli import main

LIVE = ["--data", "subset", "--max-trials", "4", "--r-max", "2", "--workers", "1"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("parity") / "live"
    assert main(["live", *LIVE, "--no-plots", "--json", "--out", str(path)]) == 0
    return path


def test_on_one_worker_the_simulation_hands_out_the_same_jobs(folder, capsys):
    assert main(["parity", str(folder), "--json", "--on", "1,3"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == json.loads((folder / "parity.json").read_text(encoding="utf-8"))
    assert told["same_jobs"] == told["same_turn"] == 1
    assert told["first_difference"] is None
    assert [each["workers"] for each in told["on"]] == [1, 3]
    assert told["on"][0]["trained_live"] == 1
    assert (folder / "parity.png").exists()


def test_the_curves_are_a_table_that_owns_up_to_one_training_a_config(folder, capsys):
    assert main(["parity", str(folder), "--no-plots"]) == 0
    assert "same job at the same position" in capsys.readouterr().out
    table = load(folder / "curves.csv")
    assert len(table.configs) == 4
    assert table.card.seeds == (0,)
    assert any(flaw.startswith("one seed: ") for flaw in table.card.known_flaws)


def test_without_a_folder_it_runs_live_first_and_prints_one_answer(tmp_path, capsys):
    out = tmp_path / "live"
    assert main(["parity", *LIVE, "--no-plots", "--json", "--out", str(out)]) == 0
    assert json.loads(capsys.readouterr().out)["same_jobs"] == 1
    assert (out / "summary.json").exists()


def test_a_journal_in_another_order_is_refused(folder, tmp_path, capsys):
    (tmp_path / live.EXPERIMENT).write_bytes((folder / live.EXPERIMENT).read_bytes())
    lines = (folder / JOURNAL).read_bytes().splitlines(keepends=True)
    lines[1], lines[2] = lines[2], lines[1]  # a worker starts a job before its last one ends
    (tmp_path / JOURNAL).write_bytes(b"".join(lines))
    assert main(["parity", str(tmp_path)]) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert f"{tmp_path / JOURNAL}: line" in message


def test_a_journal_without_a_worker_is_refused(folder, tmp_path, capsys):
    (tmp_path / live.EXPERIMENT).write_bytes((folder / live.EXPERIMENT).read_bytes())
    content = (folder / JOURNAL).read_bytes().replace(b'"worker": 0', b'"worker": null', 1)
    (tmp_path / JOURNAL).write_bytes(content)
    assert main(["parity", str(tmp_path)]) == 2
    message = capsys.readouterr().err
    assert "journal.jsonl: line 1 is not an event of a run: worker is null: restore" in message
    assert message.count("\n") == 1


def test_a_run_that_has_not_ended_is_refused(folder, tmp_path, capsys):
    (tmp_path / live.EXPERIMENT).write_bytes((folder / live.EXPERIMENT).read_bytes())
    lines = (folder / JOURNAL).read_bytes().splitlines(keepends=True)
    assert isinstance(journal.read(folder / JOURNAL)[-1], journal.Ended)
    (tmp_path / JOURNAL).write_bytes(b"".join(lines[:-1]))
    assert main(["parity", str(tmp_path)]) == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert f"has not ended: continue it with rungsim live --resume {tmp_path} first" in message


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["--on", "0"], "argument --on: '0' is not a list of numbers"),
        (["--eta", "3"], "--eta is 3"),
    ],
)
def test_bad_options_are_one_line(folder, capsys, options, named):
    try:
        code = main(["parity", str(folder), *options])
    except SystemExit as stop:
        code = stop.code
    assert code == 2
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert named in message
