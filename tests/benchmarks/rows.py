"""What is measured: ratios of times, side by side, and bytes and work per job. Asserts nothing.

One row is measured in a process of its own, on whichever `sim` its path leads to:

    PYTHONPATH=CHECKOUT python tests/benchmarks/rows.py NAME REPEATS

prints the measurements as JSON. `python -m tests.benchmarks` does that for each row.
"""

from __future__ import annotations

import gc
import heapq
import json
import logging
import multiprocessing
import resource
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import numpy as np
import simpy

from learning_curves import streams
from learning_curves.blackbox import Blackbox, RecordedCurve
from learning_curves.synthetic import PowerLaw
from sim.cluster.cluster import Cluster
from sim.cluster.garbage import cyclic_collection_paused
from sim.faults import HalfNormalStraggler, Losses, Models
from sim.jobs.limits import Limits
from sim.schedulers import ASHA, Contract, RandomSearch, Retrying, StoppingASHA
from sim.schedulers.protocol import Scheduler
from sim.searchers import Listed, searcher_for

R_MAX, ETA = 256, 4
WORKERS, JOBS = 500, 10**5


@dataclass(frozen=True)
class Row:
    """One row of the table: what is measured, in which unit, and how."""

    title: str
    unit: str
    measure: Callable[[], float]


class Absent(Exception):  # noqa: N818  it is no error
    """A library that a row compares with is not installed."""


class Recorded:
    """A table of 1,000 configs in memory."""

    r_max = R_MAX

    def __init__(self) -> None:
        power_law = PowerLaw(r_max=R_MAX, noise=0.01)
        drawn = searcher_for(power_law, seed=0)
        self.space = power_law.space
        self.configs = [drawn.draw().config for _ in range(1000)]
        self._curves = {}
        for i, config in enumerate(self.configs):
            curve = power_law.curve(config, seed=i)
            epochs = (0, R_MAX)
            seconds = (1 + streams.uniform(0, "seconds", i),) * R_MAX
            self._curves[config["learning_rate"]] = RecordedCurve(
                tuple(curve.losses(*epochs)), seconds, i
            )

    def curve(self, config: dict, seed: int) -> RecordedCurve:  # noqa: ARG002  one seed each
        return self._curves[config["learning_rate"]]


def timed(work: Callable[[], object]) -> float:
    """Return the processor seconds that `work` takes, garbage of earlier work out of the way."""
    gc.collect()
    started = time.process_time()
    work()
    return time.process_time() - started


def asha(blackbox: Blackbox) -> ASHA:
    return ASHA(searcher_for(blackbox, seed=0), r_min=1, r_max=blackbox.r_max, eta=ETA)


def simulated(
    scheduler: Scheduler,
    blackbox: Blackbox,
    workers: int = WORKERS,
    jobs: int = JOBS,
    faults: Models | None = None,
) -> tuple[float, list[float]]:
    """Return the seconds of a simulated run, and the durations of its jobs."""
    limits = Limits(max_jobs=jobs)
    cluster = Cluster(scheduler, blackbox, workers=workers, limits=limits, faults=faults)
    traces = []
    seconds = timed(lambda: traces.append(cluster.run()))
    frame = traces[0].jobs
    assert len(frame) == jobs
    return seconds, (frame["ended"] - frame["started"]).tolist()


def bare_simpy(workers: int, durations: Sequence[float]) -> float:
    """Return the seconds of a bare SimPy loop through these timeouts, one process a worker."""
    env = simpy.Environment()
    left = iter(durations)

    def life():
        for seconds in left:
            yield env.timeout(seconds)

    for _ in range(workers):
        env.process(life())
    return timed(env.run)


def bare_heap(workers: int, durations: Sequence[float]) -> float:
    """Return the seconds of a bare loop over a heap of (end, worker), without SimPy."""

    def loop():
        left = iter(durations)
        running = [(next(left), worker) for worker in range(workers)]
        heapq.heapify(running)
        for seconds in left:
            now, worker = running[0]
            heapq.heapreplace(running, (now + seconds, worker))

    return timed(loop)


def clock_against(
    make: Callable[[Blackbox], Scheduler],
    yardstick: Callable[[int, Sequence[float]], float] = bare_simpy,
    curves: Callable[[], Blackbox] = Recorded,
) -> Callable[[], float]:
    def measure() -> float:
        blackbox = curves()
        seconds, durations = simulated(make(blackbox), blackbox)
        return seconds / yardstick(WORKERS, durations)

    return measure


def alone() -> float:
    """ASHA with its draws and look-ups, its jobs in turn, without a clock."""
    table = Recorded()
    scheduler = asha(table)

    def loop():
        running = deque(scheduler.next_job() for _ in range(WORKERS))
        for _ in range(JOBS):
            job = running.popleft()
            curve = table.curve(job.trial.config, 0)
            scheduler.job_done(job, curve.losses(job.start, job.stop))
            running.append(scheduler.next_job())

    with cyclic_collection_paused():  # as the clock does
        seconds = timed(loop)
    return seconds / bare_simpy(WORKERS, simulated(asha(table), table)[1])


def faulty() -> float:
    table = Recorded()
    faults = Models(stragglers=(HalfNormalStraggler(0.56, 0),), losses=(Losses(0.001, 0),))
    without, _ = simulated(Contract(Retrying(asha(table), attempts=3)), table)
    seconds, _ = simulated(Contract(Retrying(asha(table), attempts=3)), table, faults=faults)
    return seconds / without


def a_job(workers: int, jobs: int) -> float:
    table = Recorded()
    simulated(asha(table), table, workers)  # the interpreter adapts to what it runs
    return simulated(asha(table), table, workers, jobs)[0] / jobs


def surrogate_against_table(name: str) -> Callable[[], float]:
    def measure() -> float:
        from sim.experiments.experiment import Experiment
        from sim.experiments.parts import source

        table, fitted = (source(Experiment(curves=each)) for each in (name, f"surrogate:{name}"))
        for blackbox in (table, fitted):
            simulated(asha(blackbox), blackbox, jobs=WORKERS)
        return simulated(asha(fitted), fitted)[0] / simulated(asha(table), table)[0]

    return measure


_STUDY = """title = "x"
seeds = 24
measures = ["jobs"]
[experiment]
curves = "softmax-fashion-mnist"
workers = 64
eta = 4
limits.max_jobs = 40000
[axes]
scheduler = ["asha", "random"]
"""


def study_seconds(processes: int) -> float:
    """Return how long a study of 48 runs of some tenths of a second takes by the wall clock."""
    import sim

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "study.toml"
        path.write_text(_STUDY, encoding="utf-8")
        started = time.perf_counter()
        sim.run_study(sim.read_study(str(path)), processes)
        return time.perf_counter() - started


def efficiency() -> float:
    """A study on two processes, against two copies of it at a time in a process each.

    Two processes may be slower than one, each by itself, on the cores of a machine: they share its
    memory, and maybe its cores. The copies have that in common with the study.
    """
    with ExitStack() as stack:
        spawned = multiprocessing.get_context("spawn")
        pools = [stack.enter_context(ProcessPoolExecutor(1, spawned)) for _ in range(2)]
        copies = [pool.submit(study_seconds, 1) for pool in pools]
        both = max(copy.result() for copy in copies)
    return 100 * both / (2 * study_seconds(2))


def peak() -> float:
    """Bytes per job at the peak of a run, by tracemalloc, which sees what Python allocates."""
    table = Recorded()
    limits = Limits(max_jobs=JOBS)
    cluster = Cluster(asha(table), table, workers=WORKERS, limits=limits)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    cluster.run()
    return (tracemalloc.get_traced_memory()[1] - before) / JOBS


def wrong_promotions() -> float:
    """MB that the process grows by: a run of 10**6 trials, and its wrong promotions."""
    from sim.experiments.experiment import Experiment
    from sim.experiments.measures import measured
    from sim.experiments.run import simulate

    curves = "softmax-fashion-mnist"
    small = Experiment(curves=curves, eta=ETA, workers=100, limits=Limits(max_jobs=100))
    measured(simulate(small), ["wrong_promotions"])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    large = Experiment(curves=curves, eta=ETA, workers=100, max_trials=10**6)
    measured(simulate(large), ["wrong_promotions"])
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def work(run: Callable[[], object]) -> int:
    """Return how many lines of Python `run` executes, and functions it calls, in Python or in C.

    The same on every machine. What a function in C does inside is not counted.
    """
    done = 0

    def line(_frame: FrameType, event: str, _argument: object):
        nonlocal done
        done += event == "line"
        return line

    def call(_frame: FrameType, event: str, _argument: object) -> None:
        nonlocal done
        done += event in {"call", "c_call"}

    before = sys.gettrace(), sys.getprofile()
    sys.settrace(line)
    sys.setprofile(call)
    try:
        run()
    finally:
        sys.setprofile(before[1])
        sys.settrace(before[0])
    return done


def exponent(costs: dict[int, float]) -> float:
    """Return p of the power law, cost = c * size**p, that fits best in logarithms."""
    sizes, values = np.log(list(costs)), np.log(list(costs.values()))
    return float(np.polyfit(sizes, values, 1)[0])


def work_of(workers: int, jobs: int, make: Callable[[Blackbox], Scheduler] = asha) -> int:
    """Return the work of a run."""
    table = PowerLaw(r_max=R_MAX)
    limits = Limits(max_jobs=jobs)
    return work(Cluster(make(table), table, workers=workers, limits=limits).run)


def growth_with_jobs() -> float:
    return exponent({10**k: work_of(100, 10**k) for k in range(3, 7)})


def growth_with_workers() -> float:
    """Of a fixed number of jobs, so that 0 is ideal."""
    return exponent({10**k: work_of(10**k, 2 * 10**5) for k in range(6)})


def import_time() -> float:
    def command(code: str) -> float:
        started = time.perf_counter()
        subprocess.run((sys.executable, "-c", code), check=True, capture_output=True)
        return time.perf_counter() - started

    return command("from sim.commands.cli import main; main([])") / command("import numpy")


def syne_tune() -> float:
    """Syne Tune's simulator with its ASHA, against ours by its rule; set-up of tables left out."""
    try:
        from syne_tune.optimizer import baselines
    except ImportError:
        raise Absent("pip install 'syne-tune>=0.16'") from None
    from syne_tune_peer import ToTheNextEvent, table_of, tuner_of  # beside this file

    trials, r_max, workers = 1000, 27, 128
    draw = np.random.default_rng(0)
    losses = draw.permutation(trials * r_max).reshape(trials, r_max) / 2**15
    # It adds 2 ms to its clock for each trial that stops, and the time that its own code takes.
    seconds = 1e6 * draw.uniform(1, 4, (trials, 1)) * draw.uniform(0.8, 1.2, (trials, r_max))
    end = 1e6 * 2.5 * 1.2 * trials / workers

    def make(space, configs):
        where = {"max_t": r_max, "grace_period": 1, "reduction_factor": 3}
        return baselines.ASHA(space, "loss", "epoch", points_to_evaluate=configs, **where)

    logging.disable(logging.CRITICAL)
    tuner = tuner_of(losses, seconds, make, workers, end, ToTheNextEvent())
    theirs = timed(tuner.run)
    box = table_of(losses, seconds)
    scheduler = StoppingASHA(Listed(box.configs), r_min=1, r_max=r_max, eta=3, rule="syne-tune")
    cluster = Cluster(scheduler, box, workers=workers, limits=Limits(max_seconds=end))
    traces = []
    ours = timed(lambda: traces.append(cluster.run()))
    started, known = traces[0].jobs["trial"].nunique(), len(tuner.trial_backend._trial_dict)
    if abs(started - known) > 0.02 * known:
        raise RuntimeError(f"not the same work: {started} trials here, {known} there")
    return theirs / ours


def mfhpo() -> float:
    """mfhpo-simulator with our ASHA on its ask-and-tell interface, against our clock."""
    try:
        from benchmark_simulator import AbstractAskTellOptimizer, ObjectiveFuncWrapper
    except ImportError:
        raise Absent("pip install mfhpo-simulator") from None
    jobs, table = 10**4, Recorded()

    class AskTell(AbstractAskTellOptimizer):
        def __init__(self) -> None:
            self.scheduler, self.running, self.told = asha(table), {}, 0

        def ask(self):
            job = self.scheduler.next_job()
            self.running[job.trial.number] = job
            return job.trial.config, {"epoch": job.stop}, job.trial.number

        def tell(self, eval_config, results, *, fidels=None, config_id=None) -> None:  # noqa: ARG002
            job = self.running.pop(config_id)
            curve = table.curve(eval_config, 0)
            self.scheduler.job_done(job, curve.losses(job.start, job.stop))
            self.told += 1

    def trained(eval_config, fidels, seed):  # noqa: ARG001
        curve, epoch = table.curve(eval_config, 0), fidels["epoch"]
        return {"loss": curve.losses(epoch - 1, epoch)[0], "runtime": sum(curve.seconds(0, epoch))}

    with tempfile.TemporaryDirectory() as folder:
        there = ObjectiveFuncWrapper(
            trained,
            ask_and_tell=True,
            save_dir_name="run",
            tmp_dir=folder,
            n_workers=WORKERS,
            n_evals=jobs,
            n_actual_evals_in_opt=jobs + WORKERS,
            obj_keys=["loss"],
            fidel_keys=["epoch"],
            continual_max_fidel=R_MAX,
            expensive_sampler=True,
            seed=0,
        )
        optimizer = AskTell()
        theirs = timed(lambda: there.simulate(optimizer))
    if abs(optimizer.told - jobs) > WORKERS:  # those that run at the end may be in, or not
        raise RuntimeError(f"not the same work: {optimizer.told} jobs there, {jobs} here")
    return theirs / simulated(asha(table), table, jobs=jobs)[0]


_RATIO = "times"
ROWS = {
    "clock": Row("ASHA on the clock / a bare SimPy loop", _RATIO, clock_against(asha)),
    "random": Row(
        "random search on the clock / a bare SimPy loop",
        _RATIO,
        clock_against(lambda box: RandomSearch(searcher_for(box, seed=0), r_max=R_MAX)),
    ),
    "heap": Row("ASHA on the clock / a bare heap loop", _RATIO, clock_against(asha, bare_heap)),
    "alone": Row("ASHA without a clock / a bare SimPy loop", _RATIO, alone),
    "contract": Row(
        "ASHA under the contract, on the clock / a bare SimPy loop",
        _RATIO,
        clock_against(lambda box: Contract(asha(box))),
    ),
    "closed-form": Row(
        "ASHA on closed-form curves, on the clock / a bare SimPy loop",
        _RATIO,
        clock_against(asha, curves=lambda: PowerLaw(r_max=R_MAX)),
    ),
    "faults": Row("straggling, losses and retries / none", _RATIO, faulty),
    "surrogate-lenet": Row(
        "ASHA on a surrogate / on its table: LeNet",
        _RATIO,
        surrogate_against_table("lenet-fashion-mnist"),
    ),
    "surrogate-softmax": Row(
        "ASHA on a surrogate / on its table: softmax",
        _RATIO,
        surrogate_against_table("softmax-fashion-mnist"),
    ),
    "workers": Row(
        "a job on 10,000 workers / on 10 (10^6 jobs)",
        _RATIO,
        lambda: a_job(10_000, 10**6) / a_job(10, 10**6),
    ),
    "jobs": Row(
        "a job of 10^6 / a job of 10^4", _RATIO, lambda: a_job(500, 10**6) / a_job(500, 10**4)
    ),
    "jobs-exponent": Row("work grows with jobs, 10^3 to 10^6, to the power", "", growth_with_jobs),
    "workers-exponent": Row(
        "work grows with workers, 1 to 10^5, to the power", "", growth_with_workers
    ),
    "memory": Row("memory of ASHA at the peak", "bytes a job", peak),
    "wrong-promotions": Row(
        "memory of 10^6 trials of ASHA and their wrong promotions", "MB", wrong_promotions
    ),
    "study": Row("efficiency of a study on two processes", "%", efficiency),
    "help": Row("rungsim --help / import numpy", _RATIO, import_time),
    "syne-tune": Row("Syne Tune's simulator / ours, its ASHA", _RATIO, syne_tune),
    "mfhpo": Row("mfhpo-simulator / our clock, our ASHA", _RATIO, mfhpo),
}


def main() -> None:
    """Print the measurements of one row as JSON, or the remedy if they cannot be made."""
    name, repeats = sys.argv[1:]
    try:
        print(json.dumps([ROWS[name].measure() for _ in range(int(repeats))]))
    except Absent as absent:
        print(json.dumps(str(absent)))


if __name__ == "__main__":
    main()
