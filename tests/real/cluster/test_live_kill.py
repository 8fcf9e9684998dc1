"""Live runs killed as by `kill -9`, at random moments: they end as if nothing had happened."""

import contextlib
import os
import random
import select
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import pytest

from learning_curves.errors import InputError
from real import live
from real.cluster import journal
from real.cluster.cluster import JOURNAL
from real.cluster.crew import Shared
from sim.traces import trace

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="it watches processes as Linux can"),
]

# A chaotic walk: a state that is off by a bit, or by an epoch, shows in each loss that follows.
# The trainers tell of each epoch, so that a run is known to live when it is killed.
TASK = """
import contextlib, os
from pathlib import Path
from scipy import stats

PULSE = os.open(Path(__file__).with_name("pulse"), os.O_RDWR | os.O_NONBLOCK)

class Trainer:
    def __init__(self, config, seed):
        self.rate, self.place, self.epoch = config["rate"], 0.1 + seed % 1009 / 2000, 0

    def train_epoch(self):
        with contextlib.suppress(BlockingIOError):
            os.write(PULSE, b".")
        for _ in range(50_000):
            self.place *= self.rate * (1 - self.place)
        self.epoch += 1
        return self.place / self.epoch

    def state_dict(self):
        return {"place": self.place, "epoch": self.epoch}

    def load_state_dict(self, state):
        self.place, self.epoch = state["place"], state["epoch"]

class Task:
    name, space, r_max = "walk", {"rate": stats.uniform(3.6, 0.39)}, 8

    def trainer(self, config, seed):
        return Trainer(config, seed)
"""
# A shell lets its background jobs ignore Ctrl-C; whoever started these tests may be one.
MAIN = """
import signal
from sim.commands.cli import main
signal.signal(signal.SIGINT, signal.default_int_handler)
raise SystemExit(main())
"""
COMMAND = [sys.executable, "-c", MAIN, "live"]
LONG = 300  # seconds, after which what is waited for is not coming
RESULTS = ["experiment.toml", "jobs.parquet", JOURNAL, "summary.json"]


class Run:
    """A command line at work, its processes in a session of their own."""

    def __init__(self, folder, pulse, options):
        begun = (folder / live.EXPERIMENT).exists()
        arguments = ["--resume", folder] if begun else [*options, "--out", folder]
        self.pulse = pulse
        self.log = folder.with_suffix(".log")
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*COMMAND, *map(str, arguments), "--no-plots"],
                stdout=subprocess.DEVNULL,
                stderr=log,
                start_new_session=True,
            )
        self.watch = os.pidfd_open(self.process.pid)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        """Wait for the end; assert that no process of the session outlives it."""
        try:
            if kind is None:
                self.process.wait(LONG)
                for survivor in survivors(self.process.pid):
                    assert select.select([survivor], [], [], LONG)[0], "a worker outlives its run"
                    os.close(survivor)
        finally:
            with contextlib.suppress(ProcessLookupError):  # as it should be
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(LONG)
            os.close(self.watch)

    def train(self, epochs):
        """Return once so many epochs were begun, or the run is over."""
        with contextlib.suppress(BlockingIOError):  # those begun earlier
            os.read(self.pulse, 2**16)
        for _ in range(epochs):
            ready, _, _ = select.select([self.pulse, self.watch], [], [], LONG)
            assert ready, "it trains no more"
            if self.watch in ready:
                return
            os.read(self.pulse, 1)

    def lives_for(self, seconds):
        """Tell whether the run still lives after that time."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(seconds)
        return self.process.returncode is None

    def workers(self):
        """Return the processes that train."""
        found = []
        for children in Path("/proc", str(self.process.pid)).glob("task/*/children"):
            for pid in children.read_text().split():
                with contextlib.suppress(FileNotFoundError):
                    if b"spawn_main" in Path("/proc", pid, "cmdline").read_bytes():
                        found.append(int(pid))
        return found


def survivors(session):
    """Return a descriptor of each process of the session that has not ended."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(ProcessLookupError, FileNotFoundError):
            state, _, _, its_session = stat.read_text().rpartition(")")[2].split()[:4]
            if int(its_session) == session and state not in "ZX":
                found.append(os.pidfd_open(int(stat.parent.name)))
    return found


def kill(run, rng, *, begins):
    """Kill the coordinator, a worker, or both at a random moment; tell whether the run lived."""
    who = rng.choice(["coordinator", "both", "worker", "worker", "worker", "worker"])
    if begins and rng.random() < 0.4:
        moment = rng.uniform(0, 5)  # of which the beginning takes the most
    else:
        run.train(rng.randint(1, 20))
        moment = rng.uniform(0, 0.02)
    if not run.lives_for(moment):
        return False
    workers = [] if who == "coordinator" else run.workers()
    if workers:
        os.kill(rng.choice(workers), signal.SIGKILL)
    if who != "worker" or not workers:
        run.process.kill()
        run.process.wait(LONG)
    return True


def live_through(folder, pulse, options, kills, rng):
    """Run to the end through at most so many kills; return how many hit a living run."""
    hits = 0
    while True:
        with Run(folder, pulse, options) as run:
            if hits < kills:
                hits += kill(run, rng, begins=True)
            while hits < kills and run.lives_for(0):
                hits += kill(run, rng, begins=False)
        if run.process.returncode == 0:
            return hits
        assert run.process.returncode == -signal.SIGKILL, run.log.read_text()


def decisions(jobs):
    """Return what was trained, by whichever worker and whenever."""
    done = jobs[jobs["outcome"] == "done"]
    return sorted(done[["trial", "bracket", "start", "stop", "loss"]].itertuples(index=False))


def check(folder, epochs_of):
    """Assert that the run in `folder` has left what it would have left undisturbed."""
    quiet = folder.with_suffix(".quiet")
    quiet.mkdir()
    experiment = live.read(folder)
    with ThreadPoolExecutor(experiment.workers) as executor:
        truth = live.run(experiment, quiet, hire=lambda: Shared(executor))
    assert epochs_of(folder) == epochs_of(quiet)  # to the bit
    assert set(epochs_of(folder).values()) == {1}
    jobs = trace.read(folder / "jobs.parquet").jobs
    assert decisions(jobs) == decisions(truth.trace.jobs)
    for _, tries in jobs.groupby(["trial", "stop"]):
        assert tries["attempt"].tolist() == list(range(len(tries)))
        assert tries["outcome"].tolist() == ["lost"] * (len(tries) - 1) + ["done"]
    assert sorted(path.name for path in folder.iterdir()) == RESULTS


@pytest.fixture
def pulse(tmp_path):
    os.mkfifo(tmp_path / "pulse")
    descriptor = os.open(tmp_path / "pulse", os.O_RDWR | os.O_NONBLOCK)
    yield descriptor
    os.close(descriptor)


@pytest.mark.parametrize(
    ("options", "kills", "moments"),
    [
        ("--scheduler random --workers 2 --max-trials 100", 7, 1),
        ("--scheduler sh --workers 2 --max-trials 320 --prefact 5", 7, 2),
        ("--scheduler asha --workers 1 --max-trials 300", 6, 3),
    ],
    ids=["random", "sh", "asha"],
)
def test_a_run_killed_at_random_moments_ends_as_if_nothing_had_happened(
    options, kills, moments, homemade, pulse, tmp_path, epochs_of
):
    rng = random.Random(moments)  # noqa: S311 - no secret
    options = [*options.split(), "--task", homemade(TASK), "--attempts", 99, "--seed", 5]
    left, costs = kills, 0
    for number in count():  # mostly the first run takes all kills
        folder = tmp_path / f"run-{number}"
        left -= live_through(folder, pulse, options, left, rng)
        check(folder, epochs_of)
        events = journal.read(folder / JOURNAL)
        costs += sum("SIGKILL" in event.reason for event in events if type(event) is journal.Lost)
        costs += sum(type(event) is journal.Stopped for event in events)
        if left == 0:
            break
    assert costs > 0  # some kills may hit a beginning, or an idle worker


@pytest.mark.usefixtures("pulse")
def test_a_run_killed_as_it_is_written_down_can_be_begun_again(homemade, tmp_path, epochs_of):
    experiment = live.LiveExperiment(task=homemade(TASK), scheduler="random", max_trials=2)
    (tmp_path / JOURNAL).touch()
    live.begin(experiment, tmp_path)
    with ThreadPoolExecutor(2) as executor:
        live.run(live.read(tmp_path), tmp_path, hire=lambda: Shared(executor))
    assert len(epochs_of(tmp_path)) == 2 * 8
    with pytest.raises(InputError, match="holds a live run"):
        live.begin(experiment, tmp_path)


def test_ctrl_c_stops_cleanly_and_the_run_goes_on_when_asked_to(
    homemade, pulse, tmp_path, epochs_of
):
    folder = tmp_path / "run"
    options = ["--scheduler", "random", "--task", homemade(TASK), "--workers", 1]
    options += ["--max-trials", 100]
    with Run(folder, pulse, options) as run:
        run.train(20)
        os.killpg(run.process.pid, signal.SIGINT)
    assert run.process.returncode == 130
    said = run.log.read_text()
    assert said.splitlines()[-1] == (
        f"stopped; rungsim live --resume {folder} continues it; all reports are kept"
    )
    assert "Traceback" not in said
    assert type(journal.read(folder / JOURNAL)[-1]) is journal.Stopped
    with Run(folder, pulse, options) as run:
        pass
    assert run.process.returncode == 0, run.log.read_text()
    check(folder, epochs_of)


# It holds Python's lock: no thread of its process runs any more, one that watches the parent least.
GRIP = """
import ctypes, os
from pathlib import Path

class Trainer:
    def train_epoch(self):
        os.write(os.open(Path(__file__).with_name("pulse"), os.O_RDWR), b".")
        ctypes.PyDLL(None).sleep(10**6)

class Task:
    name, space, r_max = "grip", {"x": 1}, 1

    def trainer(self, config, seed):
        return Trainer()
"""


def test_a_training_that_never_lets_python_go_does_not_outlive_its_run(homemade, pulse, tmp_path):
    with Run(tmp_path / "run", pulse, ["--task", homemade(GRIP), "--workers", 1]) as run:
        run.train(1)
        assert len(run.workers()) == 1
        run.process.kill()
    assert run.process.returncode == -signal.SIGKILL
