"""Runs of equal hyperparameters: seeds of one config, which is said, or apart."""

import pytest

LOG = """\
run,lr,epoch,validation_error,seconds
a,0.1,1,0.5,1
a,0.1,2,0.4,1
b,0.2,1,0.6,1
b,0.2,2,0.3,1
c,0.1,1,0.7,1
c,0.1,2,0.6,1
"""
MAP = {"config_id": "run"}


@pytest.fixture
def log(tmp_path):
    def write(text=LOG):
        (tmp_path / "log.csv").write_text(text)
        return tmp_path / "log.csv"

    return write


def seeded(*seeds):
    """Return the log with a column seed, of two rows each."""
    rows = LOG.splitlines()
    column = ["seed", *(str(seed) for seed in seeds for _ in range(2))]
    return "\n".join(f"{row},{cell}" for row, cell in zip(rows, column, strict=True))


def test_runs_that_become_seeds_are_counted_on_the_screen_and_in_the_card(log, imported, losses):
    got = imported(log(), columns=MAP)
    assert losses(got) == {(0, 0): [0.5, 0.4], (0, 1): [0.7, 0.6], (1, 0): [0.6, 0.3]}
    said = (
        "1 of 3 runs have the hyperparameters of an earlier one: the runs are seeds of 2 configs "
        "(--equal-configs apart makes each run a config of its own)"
    )
    assert said in got.notes
    assert got.table.card.recording["repeats"] == said


def test_runs_apart_have_one_more_hyperparameter(log, imported, losses):
    got = imported(log(), columns=MAP, equal_configs="apart")
    assert got.table.configs == (
        {"lr": 0.1, "run": "a"},
        {"lr": 0.2, "run": "b"},
        {"lr": 0.1, "run": "c"},
    )
    assert losses(got) == {(0, 0): [0.5, 0.4], (1, 0): [0.6, 0.3], (2, 0): [0.7, 0.6]}
    assert "repeats" not in got.table.card.recording
    assert "hyperparameters: lr, run" in got.notes


def test_whole_numbers_stay_the_ids_of_runs_apart(log, imported):
    text = LOG.replace("run", "config_id").replace("a,", "9,").replace("b,", "4,")
    got = imported(log(text.replace("c,", "7,")), equal_configs="apart")
    assert got.table.ids == (4, 7, 9)
    assert got.table.configs[1] == {"lr": 0.1, "config": 7}


def test_recorded_seeds_of_equal_configs_are_kept(log, imported, losses, refused):
    path = log(seeded(3, 3, 5))
    got = imported(path, columns=MAP)
    assert losses(got) == {(0, 3): [0.5, 0.4], (0, 5): [0.7, 0.6], (1, 3): [0.6, 0.3]}
    assert "1 of 3 runs have the hyperparameters" in got.table.card.recording["repeats"]
    path = log(seeded(3, 3, 3))
    assert "the runs 'a' and 'c' of run have the same hyperparameters and seed 3" in refused(
        path, columns=MAP
    )
    got = imported(path, columns=MAP, equal_configs="apart")
    assert losses(got) == {(0, 3): [0.5, 0.4], (1, 3): [0.6, 0.3], (2, 3): [0.7, 0.6]}


def test_without_a_name_of_runs_repeats_are_said(log, imported, refused):
    path = log("\n".join(row.partition(",")[2] for row in LOG.splitlines()))
    (said,) = [note for note in imported(path).notes if "trainings" in note]
    assert said.startswith("3 trainings of 2 configs: those of equal hyperparameters are seeds")
    assert "apart needs the column that names a run: --map config_id=COLUMN" in refused(
        path, equal_configs="apart"
    )


def test_runs_that_differ_are_not_mentioned(log, imported):
    got = imported(log(LOG.replace("c,0.1", "c,0.3")), columns=MAP)
    assert not [note for note in got.notes if "runs" in note]
    assert "repeats" not in got.table.card.recording


def test_a_hyperparameter_of_the_runs_name_is_in_the_way(log, refused):
    path = log(LOG.replace("run", "config_id").replace("lr", "config"))
    assert "makes 'config' a hyperparameter, and one of that name exists" in refused(
        path, equal_configs="apart"
    )


def test_wide_files_have_empty_cells_as_asked_and_said(log, imported, refused, losses):
    path = log("lr,e_1,e_2,s_1,s_2\n0.1,0.5,,1,2\n0.2,0.6,0.3,1,2\n")
    asked = {"wide": "e_{epoch}", "wide_seconds": "s_{epoch}"}
    assert "1 of 2 curves ends before epoch 2" in refused(path, **asked)
    got = imported(path, **asked, incomplete="drop")
    assert "1 loss is empty: not measured (--empty diverged makes them inf)" in got.notes
    got = imported(path, **asked, empty="diverged")
    assert losses(got)[0, 0] == [0.5, float("inf")]
