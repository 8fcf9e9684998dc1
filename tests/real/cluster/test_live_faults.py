"""Live runs whose trainings, disks and folders fail: they end normally, or say why in one line."""

import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from math import inf
from pathlib import Path

import pytest

from real import live
from real.cluster import journal
from real.cluster.cluster import JOURNAL
from real.cluster.crew import Shared
from sim.commands import cli
from sim.schedulers import catalogue

# A chaotic walk, which any lost or doubled epoch would show, and ways to go wrong at epoch 2.
TASK = """
import ctypes, math, os, signal, sys, threading
from pathlib import Path

class Fussy(Exception):
    def __init__(self, what, when):  # so it can be pickled, but not unpickled
        super().__init__(f"{what} at {when}")

class Odd:
    "No plain data: it is not loaded from a checkpoint."

class Trainer:
    def __init__(self, config, seed):
        self.what, self.place, self.epoch = config["what"], 0.1 + seed % 1009 / 2000, 0
        if self.what == "refuse":
            raise ValueError("no such\\nmodel")

    def train_epoch(self):
        self.epoch += 1
        self.place *= 3.8 * (1 - self.place)
        loss = FAULTS[self.what]() if self.epoch == 2 and self.what in FAULTS else None
        return self.place if loss is None else loss

    def state_dict(self):
        more = {"odd": Odd(), "heavy": "x" * 10_000 * self.epoch, "local": lambda: 0}
        return {"place": self.place, "epoch": self.epoch, "more": more.get(self.what)}

    def load_state_dict(self, state):
        if self.what == "fussy":
            raise Fussy("no state", self.epoch)
        self.place, self.epoch = state["place"], state["epoch"]

def broken():
    raise ZeroDivisionError("no examples")

def hang():
    while True:
        threading.Event().wait(0.01)

def grip():
    ctypes.PyDLL(None).sleep(10**6)  # Python's lock is held: nothing else runs

def once():
    died = Path(__file__).with_name("died")
    if not died.exists():
        died.touch()
        os._exit(9)

FAULTS = {
    "broken": broken,
    "leave": lambda: sys.exit(3),
    "nan": lambda: math.nan,
    "minus": lambda: -math.inf,
    "die": lambda: os._exit(17),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "hang": hang,
    "grip": grip,
    "once": once,
}

class Task:
    name, r_max = "faults", 4
    space = {"what": ["good", "odd", "heavy", "refuse", "fussy", "local", *FAULTS], "clip": 1.0}

    def trainer(self, config, seed):
        return Trainer(config, seed)
"""
DIVERGED = {
    "broken": r"ZeroDivisionError: no examples \(homemade_\w+\.py, line \d+, broken\)",
    "refuse": r"ValueError: no such model \(homemade_\w+\.py, line \d+, __init__\)",
    "leave": r"SystemExit: 3 \(homemade_\w+\.py, line \d+, <lambda>\)",
    "nan": "",
    "minus": "",
}
LOST = {
    "die": r"its process exited with code 17",
    "kill": r"its process was killed by SIGKILL",
    "hang": r"ran longer than the job timeout of 5 s, in wait \(.*threading\.py, line \d+\)",
    "grip": r"ran longer than the job timeout of 5 s, in grip \(.*homemade_\w+\.py, line \d+\)",
    "local": r"TypeError: state_dict\(\) \(.*\.py, .*\) holds a function at \['more'\], which .*",
    "fussy": r"Fussy: no state at 0 \(homemade_\w+\.py, line \d+, load_state_dict\)",
}


def described(task, *kinds, **changes):
    first = tuple({"what": kind, "clip": 1.0} for kind in kinds)
    return live.LiveExperiment(
        **{"task": task, "scheduler": "sh", "first": first, "max_trials": len(first)} | changes
    )


def in_threads(experiment, folder, hear=lambda _event: None):
    with ThreadPoolExecutor(experiment.workers) as executor:
        return live.run(experiment, folder, hire=lambda: Shared(executor), hear=hear)


def begun(experiment, folder):
    folder.mkdir()
    live.begin(experiment, folder)
    return folder


def stop_at(report):
    """Return a listener that presses Ctrl-C at a report."""
    left = [report]

    def hear(event):
        left[0] -= isinstance(event, journal.Reported)
        if left[0] == 0:
            raise KeyboardInterrupt

    return hear


class Ear:
    """Passes all on to a scheduler, and keeps what it is told."""

    def __init__(self, scheduler, heard):
        self.scheduler, self.heard, self.r_max = scheduler, heard, scheduler.r_max
        self.next_job, self.may_go_on = scheduler.next_job, scheduler.may_go_on

    def job_done(self, job, losses):
        self.heard.append((job.trial.config["what"], job.stop, losses[-1]))
        self.scheduler.job_done(job, losses)

    def job_lost(self, job):
        self.heard.append((job.trial.config["what"], job.stop, "lost"))
        self.scheduler.job_lost(job)


@pytest.mark.slow
def test_whatever_a_training_does_it_costs_its_own_trial_alone(homemade, tmp_path, monkeypatch):
    heard, make = [], catalogue.make
    monkeypatch.setattr(catalogue, "make", lambda *settings: Ear(make(*settings), heard))
    kinds = ["fussy", "odd", "once", *DIVERGED, *(set(LOST) - {"fussy"}), "good", "good", "good"]
    settings = {"r_min": 2, "prefact": 8, "attempts": 2, "job_timeout": 5.0}
    experiment = described(homemade(TASK), *kinds, **settings)  # all in one bracket
    folder = begun(experiment, tmp_path / "run")
    lived = live.run(experiment, folder)

    jobs, reasons, reports = {}, {kind: [] for kind in kinds}, {}
    for event in journal.read(folder / JOURNAL):
        if isinstance(event, journal.Started):
            jobs[event.job] = event.config["what"]
        elif isinstance(event, journal.Lost):
            reasons[jobs[event.job]].append(event.reason)
        elif isinstance(event, journal.Reported):
            reports[jobs[event.job]] = event
    assert isinstance(event, journal.Ended)
    assert reasons.pop("once") == ["its process exited with code 9"]
    for kind, said in reasons.items():
        assert len(said) == (2 if kind in LOST else 0)
        assert all(re.fullmatch(LOST[kind], reason) for reason in said), said
    for kind, error in DIVERGED.items():
        assert re.fullmatch(error, reports[kind].error)
        assert [loss == inf for loss in reports[kind].losses] == [kind == "refuse", True]

    ends = [(kind, 4 if kind == "fussy" else 2, "lost") for kind in LOST]
    ends += [(kind, 2, inf) for kind in DIVERGED]
    assert sorted(each for each in heard if each[2] in ("lost", inf)) == sorted(ends)
    table = lived.trace.jobs
    for number, (kind, (_, curve)) in enumerate(zip(kinds, lived.trials.values(), strict=True)):
        rows = table[table["trial"] == number]
        lost = {kind: [0, 1] for kind in LOST} | {"once": [0]}
        assert rows[rows["outcome"] == "lost"]["attempt"].tolist() == lost.get(kind, [])
        if kind in ("good", "odd", "once"):
            assert curve.all_losses == walk(experiment, number)
        else:
            assert rows["start"].max() == (2 if kind == "fussy" else 0)  # it never went on
    assert {path.name for path in folder.iterdir()} == {JOURNAL, live.EXPERIMENT}


def walk(experiment, seed):
    """Return the losses of the training of this seed, where nothing goes wrong."""
    trainer = experiment.recipe().trainer({"what": "good"}, seed)
    return tuple(trainer.train_epoch() for _ in range(4))


def cut_short(path):
    path.write_bytes(path.read_bytes()[:99])


@pytest.mark.parametrize(("lost", "finished"), [("inf", 1), ("vanish", 0)])
def test_a_trial_lost_for_good_leaves_what_the_experiment_says(lost, finished, homemade, tmp_path):
    # ASHA, eta 2: of two results one is promoted, of one alone none.
    settings = {"scheduler": "asha", "r_min": 2, "workers": 1, "attempts": 1, "lost": lost}
    experiment = described(homemade(TASK), "good", "local", **settings)
    folder = begun(experiment, tmp_path / "run")
    lived = in_threads(experiment, folder)
    jobs = lived.trace.jobs
    assert (jobs["outcome"] == "lost").tolist()[:2] == [False, True]
    assert (jobs["stop"] == 4).sum() == finished
    assert live.read(folder) == experiment


@pytest.mark.parametrize(
    "damage", [Path.unlink, cut_short, lambda path: path.write_bytes(b"")], ids=["no", "half", "0"]
)
def test_a_checkpoint_that_goes_missing_in_a_stop_costs_time_alone(
    damage, homemade, tmp_path, epochs_of
):
    experiment = described(homemade(TASK), *["good"] * 8, prefact=2)
    folder = begun(experiment, tmp_path / "run")
    with pytest.raises(KeyboardInterrupt):
        in_threads(experiment, folder, stop_at(report=9))  # of 8 + 4 + 2 jobs
    damaged = list((folder / "checkpoints").glob("*.pt"))
    assert len(damaged) >= 3
    for path in damaged:
        damage(path)
    (folder / ".jobs.parquet.1234.part").touch()  # of one who was killed as he wrote
    in_threads(experiment, folder)
    quiet = begun(experiment, tmp_path / "quiet")
    in_threads(experiment, quiet)
    assert epochs_of(folder) == epochs_of(quiet)
    assert len(epochs_of(folder)) == 8 + 4 + 2 * 2
    assert {path.name for path in folder.iterdir()} == {JOURNAL, live.EXPERIMENT}


def test_a_choice_may_be_infinite(homemade, tmp_path, epochs_of):
    task = homemade(f"{TASK}    space = {{'what': 'good', 'clip': math.inf}}")
    experiment = described(task, max_trials=4)
    folder = begun(experiment, tmp_path / "run")
    with pytest.raises(KeyboardInterrupt):
        in_threads(experiment, folder, stop_at(report=2))
    lived = in_threads(live.read(folder), folder)
    assert all(trial.config["clip"] == inf for trial, _ in lived.trials.values())
    assert len(epochs_of(folder)) == 4 + 2 + 2


def command(*arguments, bytes_a_file):
    """Run the command line where no file may grow larger, and return what it printed."""
    code = (
        "import resource, sys; from sim.commands.cli import main; "
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({bytes_a_file}, {bytes_a_file})); "
        "sys.exit(main())"
    )
    arguments = [sys.executable, "-c", code, "live", *map(str, arguments), "--no-plots"]
    return subprocess.run(arguments, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on file sizes")
@pytest.mark.parametrize(
    ("kind", "trials", "bytes_a_file", "kept", "fails"),
    [
        ("good", 9, 3000, 8, "run: File too large: fix that, and continue with .* --resume .*/run"),
        ("heavy", 4, 15_000, 4, r"run/checkpoints/trial-\d-epoch-2\.pt: File too large: fix .*"),
        ("good", 3, 3000, 6, "run: .*: fix that, and rungsim live --resume .* writes the results"),
    ],
    ids=["journal", "checkpoint", "results"],
)
def test_a_full_disk_is_one_line_and_costs_no_report(
    kind, trials, bytes_a_file, kept, fails, homemade, tmp_path, epochs_of, capsys
):
    folder = tmp_path / "run"
    arguments = ["--task", homemade(TASK), "--workers", 1, "--scheduler", "sh", "--out", folder]
    arguments += ["--max-trials", trials] + [f"--first=what={kind},clip=1"] * trials
    full = command(*arguments, bytes_a_file=bytes_a_file)
    assert full.returncode == 2
    assert "Traceback" not in full.stderr
    assert re.fullmatch(f"rungsim live: (/.*/)?{fails}", full.stderr.splitlines()[-1])
    before = epochs_of(folder)
    assert len(before) >= kept
    assert cli.main(["live", "--resume", str(folder), "--no-plots"]) == 0
    assert "best config" in capsys.readouterr().out
    (quiet := tmp_path / "quiet").mkdir()
    in_threads(live.read(folder), quiet)
    assert before <= epochs_of(folder) == epochs_of(quiet)
    results = {"jobs.parquet", "summary.json"}
    assert {path.name for path in folder.iterdir()} == {JOURNAL, live.EXPERIMENT, *results}


@pytest.mark.parametrize("where", ["file", "file/below"])
def test_a_folder_that_cannot_be_is_one_line(where, homemade, tmp_path, capsys):
    (tmp_path / "file").touch()
    for arguments in (["--task", homemade(TASK), "--out", where], ["--resume", where]):
        assert cli.main(["live", *arguments]) == 2
        said = capsys.readouterr().err
        assert said.startswith(f"rungsim live: {where}")
        assert said.count("\n") == 1


def test_a_run_that_is_going_on_is_left_to_who_is_at_it(homemade, tmp_path, epochs_of, capsys):
    experiment = described(homemade(TASK), *["good"] * 4)
    folder = begun(experiment, tmp_path / "run")
    codes = []

    def intrude(event):
        if isinstance(event, journal.Started):
            codes.append(cli.main(["live", "--resume", str(folder)]))
            codes.append(cli.main(["live", "--out", str(folder)]))

    in_threads(experiment, folder, intrude)
    assert set(codes) == {2}
    first, second, *_ = capsys.readouterr().err.splitlines()
    assert first == (
        f"rungsim live: {folder / JOURNAL}: another process is running this run: wait until "
        "it has ended"
    )
    assert second.startswith(
        f"rungsim live: {folder} holds a live run: continue it with rungsim live"
    )
    assert len(epochs_of(folder)) == 4 + 2 + 2
