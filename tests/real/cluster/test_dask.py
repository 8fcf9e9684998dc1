"""A live run on the workers of a Dask cluster: the same losses, whatever becomes of the workers."""

import json
import os
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest

from learning_curves.errors import InputError
from real import live
from real.cluster import crew, dask_crew, journal, training
from real.cluster.cluster import JOURNAL
from sim.commands.cli import main
from sim.traces.trace import read

dask, distributed = pytest.importorskip("dask"), pytest.importorskip("distributed")

# A chaotic walk, which any lost or doubled epoch would show, and traps that are set by a file.
TASK = """
import os, signal, threading
from pathlib import Path

HERE = Path(__file__).parent

class Trainer:
    def __init__(self, seed):
        self.trial, self.place, self.epoch = seed % 2**32, 0.1 + seed % 1009 / 2000, 0

    def train_epoch(self):
        self.epoch += 1
        self.place *= 3.8 * (1 - self.place)
        for trap in HERE.glob(f"*-{self.trial}-{self.epoch}"):
            trap.unlink()
            TRAPS[trap.name.split("-")[0]]()
        return self.place

    def state_dict(self):
        return {"place": self.place, "epoch": self.epoch}

    def load_state_dict(self, state):
        self.place, self.epoch = state["place"], state["epoch"]

class Task:
    name, space, r_max = "walk", {"x": [1, 2, 3]}, 4

    def trainer(self, config, seed):
        return Trainer(seed)

def kill():
    os.kill(os.getpid(), signal.SIGKILL)

def hang():
    while True:
        threading.Event().wait(0.01)

def hold():
    while not (HERE / "released").exists():
        threading.Event().wait(0.01)

TRAPS = {"kill": kill, "hang": hang, "hold": hold}
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Return a folder with a module of the user's, on the path of the workers that start later."""
    folder = tmp_path_factory.mktemp("home")
    name = f"walk_{os.getpid()}"
    (folder / f"{name}.py").write_text(TASK, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.setenv("PYTHONPATH", str(folder), prepend=os.pathsep)
        yield folder
    sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def address(home):  # noqa: ARG001 - they are to find it
    """Start two worker processes, with nannies; return the scheduler's address."""
    with local(n_workers=2, processes=True) as cluster:
        yield cluster.scheduler_address


def local(**settings):
    return distributed.LocalCluster(
        **{"threads_per_worker": 1, "host": "127.0.0.1", "dashboard_address": ":0"} | settings
    )


@pytest.fixture
def experiment(home):
    (module,) = home.glob("*.py")
    return live.LiveExperiment(task=f"{module.stem}:Task", scheduler="sh", max_trials=4)


@pytest.fixture
def run(tmp_path):
    """Return a function that runs an experiment, and returns what it lived and its events."""

    def on(experiment, hired):
        folder = tmp_path / f"run-{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        live.begin(experiment, folder)
        return live.run(experiment, folder, hire=hired), journal.read(folder / JOURNAL)

    return on


@pytest.fixture
def undisturbed(run):
    """Return a function that runs an experiment on threads of ours."""

    def on(experiment):
        with ThreadPoolExecutor(experiment.workers) as threads:
            return run(experiment, lambda: crew.Shared(threads))

    return on


def hire(address, experiment):
    return partial(dask_crew.Dask, address, partial(training.settle, experiment.recipe))


def losses(lived):
    return {number: curve.all_losses for number, (_, curve) in lived.trials.items()}


def lost(events):
    """Return the (trial, start, attempt, reason) of all lost jobs, and of those tried again."""
    jobs = {event.job: event for event in events if isinstance(event, journal.Started)}
    gone = [(jobs[event.job], event.reason) for event in events if isinstance(event, journal.Lost)]
    again = [(job.trial, job.start, job.attempt) for job in jobs.values() if job.attempt]
    return [(job.trial, job.start, job.attempt, reason) for job, reason in gone], again


@pytest.mark.parametrize("scheduler", ["random", "sh"])
def test_its_workers_report_the_losses_that_threads_do(
    scheduler, experiment, run, undisturbed, address
):
    experiment = replace(experiment, scheduler=scheduler)
    truth, _ = undisturbed(experiment)
    lived, events = run(experiment, hire(address, experiment))
    assert losses(lived) == losses(truth)
    assert len(losses(lived)) == 4
    assert lost(events) == ([], [])


def test_the_command_reports_the_losses_of_local_processes(
    experiment, address, tmp_path, monkeypatch, capsys, epochs_of
):
    monkeypatch.chdir(tmp_path)  # the workers were started elsewhere
    command = ["live", "--task", experiment.task, "--scheduler", "sh", "--max-trials", "4"]
    command += ["--no-plots", "--json"]
    assert main([*command, "--out", "dask", "--dask", address]) == 0
    told = json.loads(capsys.readouterr().out)
    assert main([*command, "--out", "processes"]) == 0
    assert epochs_of(tmp_path / "dask") == epochs_of(tmp_path / "processes")
    assert told["epochs"] == 4 + 2 + 2
    assert told["best_config"] == json.loads(capsys.readouterr().out)["best_config"]


def test_a_killed_worker_costs_an_attempt_and_no_loss(experiment, run, undisturbed, address, home):
    truth, quiet = undisturbed(experiment)
    (last,) = [job for job in quiet if isinstance(job, journal.Started) and job.start == 2]
    (home / f"kill-{last.trial}-3").touch()  # in the middle of the job from 2 to 4
    lived, events = run(experiment, hire(address, experiment))
    assert lost(events) == (
        [(last.trial, 2, 0, "AbandonedError: the process that started it has ended")],
        [(last.trial, 2, 1)],
    )
    assert losses(lived) == losses(truth)
    assert isinstance(events[-1], journal.Ended)


def test_a_job_that_hangs_is_ended_and_the_journal_says_where(
    experiment, run, undisturbed, address, home
):
    experiment = replace(experiment, scheduler="random", job_timeout=3.0)
    truth, _ = undisturbed(experiment)
    (home / "hang-1-2").touch()
    lived, events = run(experiment, hire(address, experiment))
    [(trial, start, attempt, reason)], again = lost(events)
    assert (trial, start, attempt) == (1, 0, 0)
    assert reason.startswith("ran longer than the job timeout of 3 s, in ")
    assert again == [(1, 0, 1)]
    assert losses(lived) == losses(truth)
    assert isinstance(events[-1], journal.Ended)


def test_a_run_that_ends_before_its_jobs_leaves_the_screen_clean(
    experiment, address, home, tmp_path
):
    (home / "hold-1-2").touch()  # while trial 0 goes to its end
    command = [
        sys.executable,
        "-c",
        "from sim.commands.cli import main; raise SystemExit(main())",
        "live",
    ]
    command += ["--task", experiment.task, "--scheduler", "random", "--max-finished", "1"]
    try:
        done = subprocess.run(
            [*command, "--dask", address, "--out", "out", "--no-plots"],
            cwd=tmp_path, capture_output=True, text=True, check=True,
        )  # fmt: skip
    finally:
        (home / "released").touch()
    assert all(" s: trial " in line for line in done.stderr.splitlines())
    jobs = read(tmp_path / "out" / "jobs.parquet").jobs
    assert jobs.set_index("trial")["outcome"].to_dict()[1] == "cut"


def test_a_scheduler_that_dies_is_no_fault_of_the_jobs():
    quick = dask.config.set({"distributed.comm.timeouts.connect": "0.5s"})  # the cluster's end
    with quick, local(n_workers=1, processes=False, protocol="tcp") as cluster:
        hired = dask_crew.Dask(cluster.scheduler_address, os.getpid)
        assert hired.submit(0, abs, -1).result(timeout=60) == 1
        cluster.sync(cluster.workers[0].close)
        future = hired.submit(0, abs, -1)  # nobody is there to do it
        cluster.sync(cluster.scheduler.close)
        with pytest.raises(crew.GoneError, match="the Dask scheduler no longer answers"):
            future.result(timeout=60)
        with pytest.raises(crew.GoneError, match=cluster.scheduler_address):
            hired.submit(0, abs, -1)
        hired.stop()


def test_a_run_whose_scheduler_dies_loses_nothing_and_goes_on_elsewhere(
    experiment, undisturbed, address, tmp_path
):
    truth, _ = undisturbed(experiment)
    folder = tmp_path / "gone"
    folder.mkdir()
    live.begin(experiment, folder)
    quick = dask.config.set({"distributed.comm.timeouts.connect": "0.5s"})  # the cluster's end
    with quick, local(n_workers=2, processes=False, protocol="tcp") as cluster:

        def end_it(event):
            if isinstance(event, journal.Started) and event.start == 2:
                cluster.sync(cluster.scheduler.close)

        with pytest.raises(InputError, match="the Dask scheduler no longer answers: fix that, and"):
            live.run(
                experiment,
                folder,
                hire=hire(cluster.scheduler_address, experiment),
                hear=end_it,
            )
    events = journal.read(folder / JOURNAL)
    assert lost(events) == ([], [])
    assert isinstance(events[-1], journal.Stopped)
    lived = live.run(experiment, folder, hire=hire(address, experiment))
    assert losses(lived) == losses(truth)


def test_workers_that_are_too_few_are_refused(address, monkeypatch):
    monkeypatch.setattr(dask_crew, "_DASK_SECONDS", 0.5)
    with pytest.raises(
        InputError, match=r"has \d of 3 workers: start more with dask worker tcp://"
    ):
        dask_crew.Dask(address, os.getpid, workers=3)


def test_workers_of_several_threads_are_refused():
    with (
        local(n_workers=1, threads_per_worker=2, processes=False, protocol="tcp") as cluster,
        pytest.raises(
            InputError, match="a worker of 2 threads: start processes of one thread with dask"
        ),
    ):
        dask_crew.Dask(cluster.scheduler_address, os.getpid)


def test_a_worker_that_does_not_find_the_task_says_so(address):
    settle = partial(training.settle, live.LiveExperiment(task="no_such_module:Task").recipe)
    with pytest.raises(InputError, match=r"a worker cannot start: .*no module 'no_such_module'"):
        dask_crew.Dask(address, settle)


@pytest.mark.parametrize("bad", ["nonsense", "tcp://127.0.0.1:port", "foo://127.0.0.1:1"])
def test_an_address_that_is_none_is_refused_at_once(bad):
    with pytest.raises(InputError, match=f"--dask {bad}: no Dask scheduler answers"):
        dask_crew.Dask(bad, os.getpid)


def test_without_a_scheduler_the_command_is_refused(experiment, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(dask_crew, "_DASK_SECONDS", 0.5)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        command = ["live", "--task", experiment.task, "--out", str(tmp_path), "--dask", address]
        assert main(command) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert f"--dask {address}: no Dask scheduler answers" in captured.err
    assert not list(tmp_path.iterdir())


def test_without_dask_the_remedy_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(InputError, match="pip install 'distributed>="):
        dask_crew.Dask("tcp://127.0.0.1:1", os.getpid)
