"""Live runs of tasks that are broken: they stop, or warn, with the line of the task."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from real import live, results
from real.cluster import journal
from real.cluster.cluster import JOURNAL
from real.cluster.crew import Shared
from real.cluster.ledger import TaskError
from real.commands import live as command
from sim.commands.cli import main

TASK = """
import math
import numpy as np

class Trainer:
    def __init__(self, kind, seed):
        self.kind, self.loss = kind, 1 / (2 + seed % 2**32)
        if kind == "refuse":
            raise ValueError("no such\\nmodel")

    def train_epoch(self):
        self.loss *= 0.9
        return {
            "dict": {"loss": self.loss},
            "nan": math.nan,
            "late": self.loss if self.loss > 0.4 else None,
        }.get(self.kind, self.loss)

    def state_dict(self):
        if self.kind == "unsaved":
            raise RuntimeError("no state")
        return {"loss": np.float64(self.loss) if self.kind == "array" else self.loss}

    def load_state_dict(self, state):
        self.loss = state["loss"]

class Task:
    name, r_max = "broken", 4
    space = {"kind": ["good", "dict", "nan", "late", "refuse", "unsaved", "array"]}

    def trainer(self, config, seed):
        return Trainer(config["kind"], seed)
"""


def described(task, *kinds, **changes):
    first = tuple({"kind": kind} for kind in kinds)
    values = {"task": task, "scheduler": "asha", "first": first, "max_trials": len(first)}
    return live.LiveExperiment(**values | {"workers": 1} | changes)


def begun(experiment, folder):
    live.begin(experiment, folder)
    return folder


def in_threads(experiment, folder, hear=lambda _event: None):
    with ThreadPoolExecutor(experiment.workers) as executor:
        return live.run(experiment, folder, hire=lambda: Shared(executor), hear=hear)


def events(folder, kind):
    return [each for each in journal.read(folder / JOURNAL) if isinstance(each, kind)]


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        (
            "dict",
            "NotALossError: train_epoch() returned {'loss': 0.45}: return the loss as a float",
        ),
        ("refuse", "ValueError: no such model"),
        ("unsaved", "RuntimeError: no state"),
    ],
)
def test_a_run_stops_when_eight_trials_have_raised(kind, said, homemade, tmp_path):
    experiment = described(homemade(TASK), *[kind] * 9, attempts=1)
    folder = begun(experiment, tmp_path / "run")
    for _ in range(2):  # resumed, it is the same
        with pytest.raises(TaskError) as error:
            in_threads(experiment, folder)
        message = str(error.value)
        assert message.startswith(
            f"every job raised an exception (8 trials); trial 0: {said} (home"
        )
        assert message.endswith("): fix the task, and start a new run")
        assert "\n" not in message
        assert len(events(folder, journal.Started)) == 8


def test_as_many_trials_as_workers_must_raise(homemade, tmp_path):
    experiment = described(homemade(TASK), *["dict"] * 9, workers=9)
    with pytest.raises(TaskError, match=r"\(9 trials\)"):
        in_threads(experiment, begun(experiment, tmp_path / "run"))


def test_at_the_end_fewer_trials_are_enough(homemade, tmp_path):
    experiment = described(homemade(TASK), "dict")
    with pytest.raises(TaskError, match=r"\(1 trial\); trial 0"):
        in_threads(experiment, begun(experiment, tmp_path / "run"))


@pytest.mark.parametrize("other", ["good", "nan"])
def test_one_job_that_ends_without_an_exception_is_enough_to_go_on(other, homemade, tmp_path):
    experiment = described(homemade(TASK), "dict", "dict", other, *["dict"] * 4)
    folder = begun(experiment, tmp_path / "run")
    lived = in_threads(experiment, folder)
    assert list(lived.raised) == [0, 1, 3, 4, 5, 6]
    summary = results.as_run(experiment, lived).summary()
    assert summary["raised"]["trials"] == 6
    assert summary["raised"]["first"].startswith("trial 0: NotALossError: train_epoch() returned")
    assert summary["raised"]["first"].endswith(", line 11, train_epoch)")
    assert results.replayed(experiment, experiment.recipe(), folder).raised == lived.raised


def test_the_warning_of_a_checkpoint_is_in_the_journal_and_the_summary(homemade, tmp_path):
    experiment = described(homemade(TASK), *["array"] * 4, scheduler="sh")
    folder = begun(experiment, tmp_path / "run")
    lived = in_threads(experiment, folder)
    first, *others = events(folder, journal.Reported)
    went_on = [each for each in others if each.restored]
    assert first.unreadable.startswith("state_dict() (homemade_")
    assert "line 19, state_dict) holds a numpy.float64 at ['loss'], which cannot be" in (
        first.unreadable
    )
    assert went_on
    assert all(each.unreadable == first.unreadable for each in went_on)
    assert lived.unreadable == f"trial 0, epoch 1: {first.unreadable}"
    assert results.as_run(experiment, lived).summary()["unreadable_checkpoint"] == lived.unreadable


def test_a_run_without_trouble_has_no_such_entries(homemade, tmp_path):
    experiment = described(homemade(TASK), *["good"] * 3)
    lived = in_threads(experiment, begun(experiment, tmp_path / "run"))
    assert not {"raised", "unreadable_checkpoint"} & set(
        results.as_run(experiment, lived).summary()
    )


@pytest.fixture
def rungsim(monkeypatch, tmp_path, capsys):
    """Run `rungsim live` in threads of this process; return its code and what it printed."""
    with ThreadPoolExecutor(2) as executor:
        monkeypatch.setattr(command, "_hire", lambda *_: lambda: Shared(executor))

        def rungsim(task, *arguments):
            out = ["--out", str(tmp_path / "out"), "--workers", "1", "--no-plots"]
            code = main(["live", "--task", task, "--scheduler", "asha", *out, *arguments])
            return code, *capsys.readouterr()

        yield rungsim


def test_a_broken_task_is_one_line_and_exit_code_1_and_leaves_nothing(rungsim, homemade, tmp_path):
    code, out, err = rungsim(
        homemade(TASK.replace("self.kind, self.loss)", "'', {})")), "--max-trials", "9"
    )
    assert (code, out) == (1, "")
    *_, line = err.splitlines()
    assert line.startswith(
        "rungsim live: every job raised an exception (8 trials); trial 0: NotALossError: "
        "train_epoch() returned {}: return the loss as a float (homemade_"
    )
    assert not (tmp_path / "out").exists()


def test_a_broken_task_that_has_trained_leaves_its_journal(rungsim, homemade, tmp_path):
    only_late = TASK.replace('["good", "dict", "nan", "late"', '["late"], "more": ["late"')
    code, _, err = rungsim(homemade(only_late), "--r-min", "4", "--max-trials", "9")
    assert code == 1
    assert "trial 0: NotALossError: train_epoch() returned None" in err
    assert (tmp_path / "out" / JOURNAL).exists()


def test_the_screen_counts_the_trials_that_raised(rungsim, homemade):
    first = [f"--first=kind={kind}" for kind in ("good", "dict", "refuse")]
    code, out, _ = rungsim(homemade(TASK), *first, "--max-trials", "3")
    assert code == 0
    *_, note, written = out.splitlines()
    assert note.startswith("note: 2 trials raised an exception; the first one, trial 1: NotALoss")
    assert note.endswith(", line 11, train_epoch)")
    assert written.startswith("written to ")
