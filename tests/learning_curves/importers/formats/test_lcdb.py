"""LCDB's CSV: one data set out of many, epochs that are anchors."""

import os
from pathlib import Path

import pytest

HEADER = (
    "openmlid,learner,size_train,size_test,outer_seed,inner_seed,traintime,score_train,"
    "score_valid,score_test\n"
)
# Two learners on two splits of data set 61 at anchors 16 and 23, and a row of another set.
ROWS = """\
61,SVC_linear,16,15,0,0,0.0024,0.9,0.75,0.7
61,SVC_linear,23,15,0,0,0.0014,0.9,1.0,0.7
61,SVC_linear,16,15,1,0,0.0020,0.9,0.5,0.7
61,SVC_linear,23,15,1,0,0.0030,0.9,0.75,0.7
3,SVC_linear,16,15,0,0,0.0020,0.9,0.5,0.7
61,Perceptron,16,15,0,0,0.0010,0.9,0.5,0.7
61,Perceptron,23,15,0,0,0.0040,0.9,0.25,0.7
61,Perceptron,16,15,1,0,0.0010,0.9,0.5,0.7
61,Perceptron,23,15,1,0,0.0020,0.9,0.5,0.25
"""


def written(folder, rows=ROWS, header=HEADER):
    path = folder / "database-accuracy.csv"
    path.write_bytes((header + rows).encode() if isinstance(rows, str) else rows)
    return path


def test_learners_are_configs_splits_seeds_and_anchors_epochs(tmp_path, imported, losses, seconds):
    got = imported(written(tmp_path), task="61")
    assert got.table.configs == ({"learner": "Perceptron"}, {"learner": "SVC_linear"})
    assert losses(got) == {
        (0, 0): [0.5, 0.75],
        (0, 1): [0.5, 0.5],
        (1, 0): [0.25, 0.0],
        (1, 1): [0.5, 0.25],
    }
    assert seconds(got)[1, 0] == [0.0024, 0.0014]
    card = got.table.card
    assert card.recording["anchors"] == [16, 23]
    assert card.recording["splits"] == [[0, 0], [1, 0]]
    assert card.licence == "MIT"
    assert any("a learner starts from scratch at each" in flaw for flaw in card.known_flaws)


def test_cumulative_seconds_charge_a_training_its_last_anchor_only(
    tmp_path, imported, refused, seconds
):
    path = written(tmp_path)
    assert "epoch 23 of config 1, seed 0 takes -0.001 s" in refused(
        path, task="61", seconds_are="cumulative"
    )
    got = imported(path, task="61", seconds_are="cumulative", least_seconds=0.0001)
    assert seconds(got)[0, 0] == pytest.approx([0.001, 0.003])  # 0.004 in all
    assert seconds(got)[1, 0] == pytest.approx([0.0024, 0.0001])  # the larger anchor took less


def test_the_only_data_set_need_not_be_named(tmp_path, imported):
    rows = "".join(row for row in ROWS.splitlines(keepends=True) if not row.startswith("3,"))
    got = imported(written(tmp_path, rows), objective="score_test")
    assert got.table.name == ""
    assert got.table.card.task["data_set"] == "OpenML data set 61"


@pytest.mark.parametrize(
    ("rows", "options", "words"),
    [
        (ROWS, {}, "holds 2 tasks: choose one with --task OPENMLID: 3, 61"),
        (ROWS, {"task": "62"}, "has no task '62': --task OPENMLID takes 3, 61"),
        (ROWS, {"task": "iris"}, "has no task 'iris'"),
        (ROWS, {"task": "61", "objective": "auc"}, "no objective 'auc': --objective takes score_"),
        (ROWS, {"task": "61", "study": "a"}, "--study has no effect with the format lcdb"),
        (ROWS.replace("0.0014", "long"), {"task": "61"}, "'long'"),
        (ROWS.replace("0.0014", ""), {"task": "61"}, "learner SVC_linear: traintime is empty"),
        (ROWS.replace("0.0014", "0"), {"task": "61"}, "epoch 23 of config 1, seed 0 takes 0 s"),
        (ROWS.replace("61,SVC_linear,23,15,0", "61,SVC_linear,16,15,0"), {"task": "61"}, "repeats"),
        (
            ROWS.replace("61,SVC_linear,23,15,0,0,0.0014,0.9,1.0,0.7\n", ""),
            {"task": "61"},
            "1 of 4",
        ),
        (ROWS + "61,Perceptron,16\n", {"task": "61"}, "Expected 10 columns, got 3"),
        ("", {"task": "61"}, "has no task '61'"),
    ],
)
def test_what_is_amiss_is_named(tmp_path, refused, rows, options, words):
    path = written(tmp_path, rows)
    message = refused(path, **options)
    assert words in message
    assert options.get("objective") or options.get("study") or str(path) in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "is empty"),
        (b"openmlid,learner\n61,a\n", "is not LCDB's CSV"),
        (HEADER.encode() + b"61,\xff,16,15,0,0,0.1,0.9,0.75,0.7\n", "invalid UTF8"),
    ],
)
def test_a_file_that_is_none_of_lcdb_is_named(tmp_path, refused, content, words):
    path = written(tmp_path, content)
    message = refused(path, "lcdb", task="61")
    assert words in message
    assert str(path) in message


REAL = os.environ.get("RUNGSIM_LCDB", "")


@pytest.mark.skipif(not REAL, reason="RUNGSIM_LCDB does not name LCDB's database-accuracy.csv")
def test_the_real_file(imported):
    got = imported(Path(REAL), task="61")
    assert (len(got.table.configs), got.table.r_max) == (20, 6)
    assert got.counts["found"] == 500
    assert got.table.card.recording["anchors"] == [16, 23, 32, 45, 64, 121]
    got = imported(Path(REAL), task="40996", incomplete="drop")
    assert got.counts == {
        "found": 419,
        "incomplete": 38,
        "dropped": 38,
        "shortened": 0,
        "diverged": 0,
        "least_seconds": 0,
    }
