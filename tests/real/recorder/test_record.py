import contextlib
import csv
import functools
import multiprocessing
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace

import pytest

from learning_curves.errors import InputError
from learning_curves.tables.card import read_card
from real.recorder.events import Begun, Epoch, Failure
from real.recorder.record import Recording, record
from real.tasks import task

R_MAX, CONFIGS, SEEDS = 3, 3, 2
CURVES = CONFIGS * SEEDS


def build(path, **changes):
    make_task = functools.partial(task.build, "softmax", source="subset")
    images = make_task()
    recording = Recording(
        make_task=make_task,
        path=path,
        space=images.space,
        configs=CONFIGS,
        seeds=SEEDS,
        seed=5,
        r_max=R_MAX,
        title=images.title,
        train_examples=len(images.train),
        task=images.about,
        command="rungsim record",
    )
    return replace(recording, **changes)


def rows(path):
    """The table without its seconds, which no two recordings share."""
    with path.open(newline="") as file:
        return [row[:-1] for row in csv.reader(file)]


def begin(recording):
    with contextlib.closing(record(recording)) as events:
        return next(events)


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    path = tmp_path_factory.mktemp("undisturbed") / "t.csv"
    events = list(record(build(path)))
    assert events[0] == Begun(recorded=0, missing=CURVES)
    assert Counter(map(type, events)) == {Begun: 1, Epoch: CURVES * R_MAX}
    return path


def test_the_table_is_every_epoch_of_every_curve_in_order(undisturbed):
    header, *body = rows(undisturbed)
    assert header == [
        *("config_id", "learning_rate", "batch_size", "seed", "epoch", "validation_error")
    ]
    configs = build(undisturbed).draw()
    expected = [
        [str(i), repr(config["learning_rate"]), str(config["batch_size"]), str(seed), str(epoch)]
        for i, config in enumerate(configs)
        for seed in range(SEEDS)
        for epoch in range(1, R_MAX + 1)
    ]
    assert [row[:-1] for row in body] == expected


def test_the_errors_are_those_of_training_here(undisturbed):
    recording = build(undisturbed)
    images, configs = recording.make_task(), recording.draw()
    expected = []
    for config in configs:
        for seed in range(SEEDS):
            trainer = images.trainer(config, seed)
            expected += [repr(trainer.train_epoch()) for _ in range(R_MAX)]
    assert [row[-1] for row in rows(undisturbed)[1:]] == expected
    assert len(set(expected)) > R_MAX  # the curves differ


def test_the_card_says_what_the_table_is(undisturbed):
    card = read_card(undisturbed.with_suffix(".toml"))
    assert (card.name, card.r_max, card.seeds, card.train_examples) == ("t", R_MAX, (0, 1), 1000)
    assert card.licence == "CC0-1.0"
    assert card.task["data_set"] == "Fashion-MNIST subset (1200 images)"
    assert card.recording["finished"] is True
    assert card.recording["threads"] == 1


def test_more_configs_and_seeds_on_more_processes_are_added_to_what_is_there(undisturbed, tmp_path):
    path = tmp_path / "t.csv"
    events = list(record(build(path, configs=1, seeds=1)))
    early = path.read_text().splitlines()
    assert events[0] == Begun(recorded=0, missing=1)
    events = list(record(build(path, processes=2)))
    assert events[0] == Begun(recorded=1, missing=5)
    assert rows(path) == rows(undisturbed)
    assert set(early) <= set(path.read_text().splitlines())  # seconds and all: not trained again
    assert read_card(path.with_suffix(".toml")).seeds == (0, 1)


def test_a_finished_table_is_left_alone(undisturbed):
    before = {file: file.read_bytes() for file in undisturbed.parent.iterdir()}
    other_machine = build(undisturbed, command="another")
    assert list(record(other_machine)) == [Begun(recorded=CURVES, missing=0)]
    assert {file: file.read_bytes() for file in undisturbed.parent.iterdir()} == before


class TestKilled:
    """A recorder killed as by `kill -9`, again and again, at chosen moments."""

    # A moment is just before a file of that name is opened, or renamed to it, for the n-th time.
    DRIVER = """
import argparse, os, signal, sys
from real.commands import record

folder, moment, name, left = *sys.argv[1:4], int(sys.argv[4])

def audit(event, args):
    global left
    if event == moment and str(args[moment == "os.rename"]) == os.path.join(folder, name):
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

parser = argparse.ArgumentParser()
record.add_arguments(parser)
arguments = "--configs 3 --seeds 2 --seed 5 --r-max 3 --processes 2 --data subset --out".split()
arguments = parser.parse_args([*arguments, f"{folder}/t.csv"])
sys.addaudithook(audit)
record.main(arguments)
"""

    @pytest.mark.parametrize(
        ("moments", "curves"),
        [
            # Before the header is written, and while the first card appears.
            ([("open", "t.csv", 3), ("os.rename", "t.toml", 1)], [0, 0]),
            # Before the third curve, before the fifth, while the table is sorted, and after.
            (
                [
                    ("open", "t.csv", 6),  # to lock, read, begin, add, add, add
                    ("open", "t.csv", 5),  # to lock, read, add, add, add
                    ("os.rename", "t.csv", 1),
                    ("os.rename", "t.toml", 1),
                ],
                [2, 4, 6, 6],
            ),
        ],
        ids=["the beginning", "the middle and the end"],
    )
    def test_the_table_is_that_of_an_undisturbed_run(self, undisturbed, tmp_path, moments, curves):
        path = tmp_path / "t.csv"
        kept = set()
        for moment, expected in zip(moments, curves, strict=True):
            command = [sys.executable, "-c", self.DRIVER, str(tmp_path), *map(str, moment)]
            killed = subprocess.run(command, check=False, capture_output=True)
            assert killed.returncode == -signal.SIGKILL, killed.stderr
            lines = path.read_text().splitlines()[1:]
            assert len(lines) == len(set(lines)) == expected * R_MAX
            assert kept <= set(lines)  # seconds and all: nothing is trained twice
            kept = set(lines)
        events = list(record(build(path)))
        assert events[0] == Begun(recorded=curves[-1], missing=CURVES - curves[-1])
        assert rows(path) == rows(undisturbed)
        assert kept <= set(path.read_text().splitlines())
        assert read_card(path.with_suffix(".toml")).recording["finished"] is True


def test_a_torn_tail_is_recorded_again(undisturbed, tmp_path):
    path = tmp_path / "t.csv"
    path.with_suffix(".toml").write_bytes(undisturbed.with_suffix(".toml").read_bytes())
    path.write_bytes(undisturbed.read_bytes()[:-90])  # of the last curve, a row and a half
    events = list(record(build(path)))
    assert events[0] == Begun(recorded=CURVES - 1, missing=1)
    assert rows(path) == rows(undisturbed)


def test_a_recording_closed_early_keeps_what_was_finished(undisturbed, tmp_path):
    path = tmp_path / "t.csv"
    recording = record(build(path))
    while not (isinstance(event := next(recording), Epoch) and event.number == R_MAX):
        pass
    recording.close()
    assert not multiprocessing.active_children()
    assert read_card(path.with_suffix(".toml")).recording["finished"] is False
    assert begin(build(path)) == Begun(recorded=1, missing=CURVES - 1)
    assert rows(path) == rows(undisturbed)[: 1 + R_MAX]


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"seed": 6}, "recording.seed = 5, not 6"),
        ({"r_max": 4}, "r_max = 3, not 4"),
        ({"space": {"learning_rate": 0.1, "batch_size": 16}}, "space.learning_rate = "),
        ({"task": {"name": "lenet"}}, "task.name = 'softmax', not 'lenet'"),
        ({"clock": "cpu"}, "recording.clock = 'wall', not 'cpu'"),
        ({"configs": 2}, "config 2 of 2: give --configs 3"),
        ({"seeds": 1}, "holds seeds up to 1: give --seeds 2"),
    ],
)
def test_a_table_of_another_recording_is_refused_and_left_alone(undisturbed, changes, what):
    before = {file: file.read_bytes() for file in undisturbed.parent.iterdir()}
    with pytest.raises(InputError, match=what) as error:
        list(record(build(undisturbed, **changes)))
    assert str(error.value).startswith(str(undisturbed.with_suffix("")))
    assert "--out" in str(error.value)
    assert {file: file.read_bytes() for file in undisturbed.parent.iterdir()} == before


def test_a_table_without_a_card_is_refused_and_left_alone(undisturbed, tmp_path):
    path = tmp_path / "t.csv"
    path.write_bytes(undisturbed.read_bytes())
    with pytest.raises(InputError, match=r"exists without a card t\.toml"):
        list(record(build(path)))
    assert path.read_bytes() == undisturbed.read_bytes()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no flock")
def test_a_table_that_another_recorder_is_writing_is_left_to_it(undisturbed):
    import fcntl

    with undisturbed.open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(InputError, match="another recorder is writing it"):
            list(record(build(undisturbed)))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on file sizes")
def test_a_full_disk_is_one_line_and_costs_no_finished_curve(tmp_path):
    import resource

    path = tmp_path / "t.csv"
    full = build(path, configs=2, r_max=30)  # four curves of 30 rows, about 2 kB each
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5000, hard))
    try:
        with pytest.raises(InputError, match=r"t\.csv: File too large: fix that") as error:
            list(record(full))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "\n" not in str(error.value)
    torn = path.read_bytes()
    assert len(torn) == 5000
    assert begin(full) == Begun(recorded=2, missing=2)
    assert torn.startswith(path.read_bytes())
    assert len(rows(path)) == 1 + 2 * 30


def test_a_folder_that_is_missing_is_one_line(tmp_path):
    with pytest.raises(InputError, match=r"gone/t\.csv: No such file or directory: fix that"):
        list(record(build(tmp_path / "gone" / "t.csv")))


def test_a_curve_that_fails_is_tried_again_next_time(undisturbed, tmp_path, monkeypatch):
    # The data go missing after the parent has read them, and come back.
    monkeypatch.setenv("RUNGSIM_FASHION_MNIST", str(tmp_path / "gone"))
    path = tmp_path / "t.csv"
    broken = functools.partial(task.build, "softmax", source="auto")
    events = list(record(build(path, make_task=broken, processes=2)))
    assert [type(event) for event in events] == [Begun, *[Failure] * CURVES]
    assert "RUNGSIM_FASHION_MNIST names" in events[-1].reason
    assert read_card(path.with_suffix(".toml")).recording["finished"] is False
    list(record(build(path)))
    assert rows(path) == rows(undisturbed)


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"configs": 0}, "--configs 0: "),
        ({"seeds": -1}, "--seeds -1: "),
        ({"r_max": 0}, "--r-max 0: "),
        ({"processes": 0}, "--processes 0: "),
        ({"seed": -1}, "--seed -1: "),
        ({"clock": "cpu", "device": "cuda"}, "--clock cpu .* --device cuda: use --clock wall"),
    ],
)
def test_what_cannot_be_recorded_is_refused(tmp_path, changes, what):
    with pytest.raises(InputError, match=what):
        build(tmp_path / "t.csv", **changes)
    with pytest.raises(InputError, match=r"t\.parquet: .*NAME\.csv"):
        build(tmp_path / "t.parquet")


def test_fewer_configs_are_a_prefix_of_more(tmp_path):
    few, many = (build(tmp_path / "t.csv", configs=n).draw() for n in (32, 64))
    assert many[:32] == few
    assert len({config["learning_rate"] for config in many}) == 64
    assert build(tmp_path / "t.csv", configs=32, seed=6).draw() != few
