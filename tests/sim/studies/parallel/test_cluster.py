"""Studies on Dask workers and other executors: the bytes of one process, whatever happens."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest

from learning_curves.errors import InputError
from sim.commands.cli import main
from sim.studies.parallel import dask_workers, inputs
from sim.studies.parallel.executors import executor_of

dask, distributed = pytest.importorskip("dask"), pytest.importorskip("distributed")

ROOT = Path(__file__).parents[4]

# A table beside its file, a surrogate of it, a closed form, and a scheduler of the user's own.
TEXT = """
measures = ["jobs", "best_loss", "time_to_target"]
seeds = 20
experiment.workers = 4
experiment.r_max = 4
experiment.limits.max_jobs = 300
axes.curves = ["mine", "surrogate:mine", "power-law"]
axes.scheduler = ["asha", "MODULE:Half"]
"""

HALF = """
from sim.schedulers import Idle, Job

class Half:
    def __init__(self, searcher, r_max):
        self.searcher, self.r_max = searcher, r_max

    def next_job(self):
        trial = self.searcher.draw()
        return Idle.DONE if trial is None else Job(trial, 0, self.r_max // 2)

    def job_done(self, job, losses):
        pass

    def job_lost(self, job):
        pass
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    """Return a folder with a module of the user's, on the path of processes that start later."""
    folder = tmp_path_factory.mktemp("home")
    name = f"half_{os.getpid()}"
    (folder / f"{name}.py").write_text(HALF, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(folder)
        patch.setenv("PYTHONPATH", f"{ROOT}{os.pathsep}{folder}", prepend=os.pathsep)
        yield folder
    sys.modules.pop(name, None)


@pytest.fixture(scope="module")
def file(home):
    """Return a study's file, in a folder with its table."""
    (module,) = home.glob("*.py")
    rows = [
        f"{config},{rate},{seed},{epoch},{0.9 - rate * epoch / 8 + seed / 100},1.0\n"
        for config, rate in enumerate((0.1, 0.2, 0.4, 0.5, 0.9))
        for seed in range(2)
        for epoch in range(1, 5)
    ]
    header = "config_id,rate,seed,epoch,validation_error,seconds\n"
    (home / "mine.csv").write_text(header + "".join(rows), encoding="utf-8")
    path = home / "study.toml"
    path.write_text(TEXT.replace("MODULE", module.stem), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def truth(file, tmp_path_factory):
    """Return the files of the study, made by one process."""
    folder = tmp_path_factory.mktemp("truth")
    assert main(command(file, folder, "--processes", "1")) == 0
    return files(folder)


def command(file, folder, *options):
    return ["study", str(file), "--no-plots", "--json", "--out", str(folder), *options]


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


RUNGSIM = [sys.executable, "-c", "from sim.commands.cli import main; raise SystemExit(main())"]


class Cluster:
    """A scheduler and workers without nannies, each a process in a folder of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.processes = []
        self.scheduler = None

    def start(self, workers, port=0):
        where = self.folder / f"scheduler-{len(self.processes)}.json"
        host = ["--host", "127.0.0.1", "--port", str(port)]
        self.scheduler = self._begin("scheduler", *host, "--scheduler-file", str(where))
        with distributed.Client(scheduler_file=str(where), set_as_default=False) as client:
            self.address = json.loads(where.read_text())["address"]
            started = [self.worker() for _ in range(workers)]
            client.wait_for_workers(workers, timeout=60)
        return started

    def worker(self):
        return self._begin("worker", self.address, "--nthreads", "1", "--no-nanny")

    def _begin(self, what, *options):
        line = [sys.executable, "-m", f"distributed.cli.dask_{what}", *options, "--no-dashboard"]
        with (self.folder / f"{what}-{len(self.processes)}.log").open("wb") as log:
            self.processes.append(subprocess.Popen(line, cwd=self.folder, stdout=log, stderr=log))
        return self.processes[-1]

    def stop(self):
        for each in self.processes:
            each.kill()
            each.wait()


@pytest.fixture
def cluster(home, tmp_path):  # noqa: ARG001  its workers are to find the module
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    made = Cluster(folder)
    yield made
    made.stop()


def local(**settings):
    """Return a cluster whose workers are threads of this process."""
    quiet = {"processes": False, "protocol": "tcp", "dashboard_address": ":0", "n_workers": 1}
    return distributed.LocalCluster(
        **{"threads_per_worker": 1, "host": "127.0.0.1"} | quiet | settings
    )


def begun(line, folder, rows):
    """Start a command; return it once its file has as many rows."""
    running = subprocess.Popen([*RUNGSIM, *line], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    runs = folder / "runs.csv"
    while not runs.exists() or runs.read_bytes().count(b"\n") <= rows:
        assert running.poll() is None, running.communicate()
        Event().wait(0.005)  # of a poll: nothing depends on it
    return running


@pytest.mark.slow
def test_a_killed_worker_costs_no_row_and_one_that_joins_makes_some(file, truth, cluster, tmp_path):
    first, _ = cluster.start(2)
    running = begun(command(file, tmp_path / "out", "--dask", cluster.address), tmp_path / "out", 9)
    first.send_signal(signal.SIGKILL)
    cluster.worker()
    _, said = running.communicate()
    assert running.returncode == 0, said
    assert files(tmp_path / "out") == truth


@pytest.mark.slow
def test_a_lost_scheduler_is_told_in_one_line_and_the_same_command_goes_on(
    file, truth, cluster, tmp_path
):
    cluster.start(1)
    line = command(file, tmp_path / "out", "--dask", cluster.address)
    running = begun(line, tmp_path / "out", 9)
    cluster.scheduler.send_signal(signal.SIGKILL)
    told, said = running.communicate()
    assert (running.returncode, told) == (2, b"")
    assert said.decode() == (
        f"rungsim study: --dask {cluster.address}: the Dask scheduler no longer answers: the same "
        "command continues the work\n"
    )
    rows = (tmp_path / "out" / "runs.csv").read_bytes().split(b"\n")
    assert 9 < len(rows) < 122
    cluster.start(1, port=int(cluster.address.rpartition(":")[2]))
    assert subprocess.run([*RUNGSIM, *line], check=False, capture_output=True).returncode == 0
    assert files(tmp_path / "out") == truth


@pytest.mark.slow
def test_local_workers_write_the_bytes_of_one_process(file, truth, tmp_path):
    line = command(file, tmp_path / "out", "--dask", "local", "--processes", "2")
    done = subprocess.run([*RUNGSIM, *line], check=True, capture_output=True, text=True)
    assert done.stderr.count("\n") == 1  # the speed
    assert files(tmp_path / "out") == truth


@pytest.mark.slow
def test_a_comparison_on_a_cluster_writes_the_bytes_of_one_process(tmp_path):
    line = ["compare", "--curves", "power-law", "--scheduler", "sh,asha", "--workers", "1,4"]
    line += ["--seeds", "3", "--r-max", "9", "--json"]
    assert main([*line, "--out", str(tmp_path / "one"), "--processes", "1"]) == 0
    with local() as cluster:
        given = ["--out", str(tmp_path / "two"), "--dask", cluster.scheduler_address]
        assert main([*line, *given]) == 0
    one, two = (files(tmp_path / name / "power-law") for name in ("one", "two"))
    assert one.keys() == two.keys()  # the pictures, too
    assert one["runs.csv"] == two["runs.csv"]


def test_workers_that_join_are_used_and_those_that_leave_no_longer():
    with local() as cluster, dask_workers.dask_workers(cluster.scheduler_address, 1) as workers:

        def become(number):
            cluster.scale(number)
            while len(workers.now()) != number:
                Event().wait(0.005)
            return workers.now()

        (first,) = become(1)
        two = become(2)
        assert first in two
        (left,) = become(1)
        assert left in two
        assert left.submit(abs, -1).result() == 1


def test_what_is_shared_reaches_a_worker_as_it_was():
    with local() as cluster, dask_workers.dask_workers(cluster.scheduler_address, 1) as workers:
        (worker,) = workers.now()
        content = os.urandom(1000)
        assert worker.submit(bytes, workers.shared(content)).result() == content
        with pytest.raises(ZeroDivisionError):
            worker.submit(divmod, 1, 0).result()


def test_workers_of_several_threads_are_refused():
    with (
        local(threads_per_worker=2) as cluster,
        pytest.raises(InputError, match="a worker of 2 threads: start processes of one thread"),
        dask_workers.dask_workers(cluster.scheduler_address, 1),
    ):
        pass


def test_a_cluster_without_workers_is_refused(monkeypatch):
    monkeypatch.setattr(dask_workers, "_SECONDS", 0.5)
    with (
        local(n_workers=0) as cluster,
        pytest.raises(InputError, match="has no worker: start some with dask worker tcp://"),
        dask_workers.dask_workers(cluster.scheduler_address, 1),
    ):
        pass


def refused(capsys, line):
    """Return the one line in which a command is refused."""
    try:
        code = main(line)
    except SystemExit as how:  # by the parser
        code = how.code
    captured = capsys.readouterr()
    assert (code, captured.out, captured.err.count("\n")) == (2, "", 1)
    return captured.err


@pytest.mark.parametrize("bad", ["nonsense", "tcp://127.0.0.1:port", "foo://127.0.0.1:1"])
def test_an_address_that_is_none_is_refused_at_once(bad, file, tmp_path, capsys):
    said = refused(capsys, command(file, tmp_path / "out", "--dask", bad))
    assert f"--dask {bad}: no Dask scheduler answers there" in said


def test_an_address_where_nobody_answers_is_refused(file, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(dask_workers, "_SECONDS", 0.5)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and nobody listens
        address = f"tcp://127.0.0.1:{taken.getsockname()[1]}"
        said = refused(capsys, command(file, tmp_path / "out", "--dask", address))
    assert f"--dask {address}: no Dask scheduler answers there" in said


def test_without_dask_the_remedy_is_named(file, tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    said = refused(capsys, command(file, tmp_path / "out", "--dask", "local"))
    assert "pip install 'rungsim[dask]'" in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--dask", "local", "--executor", "a:b"], "argument --executor: not allowed with"),
        (
            ["--dask", "tcp://x:1", "--processes", "2"],
            "--processes 2 has no effect beside --dask tcp://x:1",
        ),
        (["--executor", "no_such:pool"], "the executor is 'no_such:pool', but there is no module"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options, said, file, tmp_path, capsys):
    assert said in refused(capsys, command(file, tmp_path / "out", *options))


def test_a_complete_study_needs_no_cluster(file, truth, tmp_path, capsys):
    for name, content in truth.items():
        (tmp_path / name).write_bytes(content)
    assert main(command(file, tmp_path, "--dask", "nonsense")) == 0
    assert files(tmp_path) == truth
    assert capsys.readouterr().out


@pytest.fixture
def factory(home):
    """Return a function that writes a factory into a module of the user's own, and names it."""

    def write(body):
        name = f"factory_{os.getpid()}_{len(list(home.glob('factory*')))}"
        (home / f"{name}.py").write_text(body, encoding="utf-8")
        return f"{name}:pool"

    return write


SPAWNED = """
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
def pool():
    return ProcessPoolExecutor(1, get_context("spawn")), 2
"""


@pytest.mark.slow
def test_any_executor_writes_the_bytes_of_one_process(file, truth, factory, tmp_path):
    assert main(command(file, tmp_path / "out", "--executor", factory(SPAWNED))) == 0
    assert files(tmp_path / "out") == truth


@pytest.mark.parametrize(
    ("returned", "said"),
    [
        ("3", "returns 3: return an executor of processes"),
        ("ThreadPoolExecutor(1)", "return an executor of processes"),
        ("ProcessPoolExecutor(1), 0", "returns 0 as the number of processes"),
    ],
)
def test_a_factory_of_something_else_is_refused(returned, said, factory):
    makers = f"{ProcessPoolExecutor.__name__}, {ThreadPoolExecutor.__name__}"
    body = f"from concurrent.futures import {makers}\ndef pool():\n    return {returned}\n"
    with pytest.raises(InputError, match=re.escape(said)), executor_of(factory(body)):
        pass


def test_the_number_of_runs_at_a_time_is_the_callers_or_the_factorys(factory):
    name = factory(SPAWNED)
    for given, number in ((None, 2), (5, 5)):
        with executor_of(name, given) as pools:
            assert len(pools.now()) == number


def test_a_process_of_another_version_is_refused():
    inputs.check_answer(lambda: dict(inputs.VERSIONS), "a worker")
    other = inputs.VERSIONS | {"numpy": "1.0"}
    with pytest.raises(InputError, match=r"a worker has numpy 1\.0, and this process has"):
        inputs.check_answer(lambda: other, "a worker")
    without = lambda: __import__("sim_is_not_there")  # noqa: E731
    with pytest.raises(InputError, match=r"a worker cannot import rungsim: .*install rungsim 0"):
        inputs.check_answer(without, "a worker")
