"""How fast the clock is, as ratios measured side by side. Asserts nothing.

    python tests/benchmarks/clock.py

The yardstick is a bare SimPy loop: one process a worker, ``yield env.timeout(...)``, as many
timeouts of as many seconds as the simulation has jobs. The simulation does all that a run does:
ASHA (eta 4, R 256) decides, curves are looked up, every job is logged and the log becomes a table.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import simpy

from learning_curves import streams
from learning_curves.blackbox import Blackbox, RecordedCurve
from learning_curves.synthetic import PowerLaw
from sim.cluster.cluster import Cluster
from sim.faults import HalfNormalStraggler, Losses, Models
from sim.jobs.limits import Limits
from sim.schedulers import ASHA, Contract, Retrying
from sim.searchers import searcher_for

R_MAX, ETA = 256, 4


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


def bare(workers: int, durations: list[float]) -> float:
    """Return the seconds of a bare SimPy loop through these timeouts."""
    env = simpy.Environment()
    left = iter(durations)

    def life():
        for seconds in left:
            yield env.timeout(seconds)

    for _ in range(workers):
        env.process(life())
    return timed(env.run)


def asha(
    blackbox: Blackbox, workers: int, jobs: int, *, contract: bool, faults: Models | None = None
) -> tuple[float, list]:
    """Return the seconds of a simulated run, and the durations of its jobs."""
    scheduler = ASHA(searcher_for(blackbox, seed=0), r_min=1, r_max=R_MAX, eta=ETA)
    if faults is not None:
        scheduler = Retrying(scheduler, attempts=3)
    if contract:
        scheduler = Contract(scheduler)
    limits = Limits(max_jobs=jobs)
    cluster = Cluster(scheduler, blackbox, workers=workers, limits=limits, faults=faults)
    traces = []
    seconds = timed(lambda: traces.append(cluster.run()))
    frame = traces[0].jobs
    assert len(frame) == jobs
    return seconds, (frame["ended"] - frame["started"]).tolist()


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that `work` takes, garbage of earlier work out of the way."""
    gc.collect()
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def median_ratio(pairs: list[tuple[float, float]]) -> str:
    """Return the median of the ratios, and their range."""
    ratios = sorted(a / b for a, b in pairs)
    return f"{statistics.median(ratios):.2f}  ({ratios[0]:.2f} to {ratios[-1]:.2f})"


def main() -> None:
    """Print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7, help="of each pair (default: 7)")
    parser.add_argument("--quick", action="store_true", help="leave the million jobs out")
    args = parser.parse_args()

    table, formula = Recorded(), PowerLaw(r_max=R_MAX)
    _, durations = asha(table, 500, 10**5, contract=False)
    print(f"bare SimPy loop, 500 workers, 10**5 timeouts: {bare(500, durations) * 10:.2f} us each")
    print("ASHA on 500 workers, 10**5 jobs, against it:")
    for name, blackbox, contract in (
        ("recorded curves", table, False),
        ("recorded curves, under the contract", table, True),
        ("closed-form curves, all epochs alike", formula, False),
    ):
        pairs = []
        for _ in range(args.repeats):
            seconds, durations = asha(blackbox, 500, 10**5, contract=contract)
            pairs.append((seconds, bare(500, durations)))
        print(f"  {name:38}{median_ratio(pairs)}")

    faults = Models(stragglers=(HalfNormalStraggler(0.56, 0),), losses=(Losses(0.001, 0),))
    pairs = [
        (
            asha(table, 500, 10**5, contract=True, faults=faults)[0],
            asha(table, 500, 10**5, contract=True)[0],
        )
        for _ in range(args.repeats)
    ]
    print(f"straggling, losses and retries, against none  {median_ratio(pairs)}")

    def per_job(workers: int, jobs: int) -> float:
        return asha(table, workers, jobs, contract=False)[0] / jobs

    print("cost of a job, against another size:")
    repeats = max(1, args.repeats // 2)
    jobs = 10**5 if args.quick else 10**6
    pairs = [(per_job(10_000, jobs), per_job(10, jobs)) for _ in range(repeats)]
    print(f"  10,000 workers against 10             {median_ratio(pairs)}")
    if not args.quick:
        pairs = [(per_job(500, 10**6), per_job(500, 10**4)) for _ in range(repeats)]
        print(f"  10**6 jobs against 10**4              {median_ratio(pairs)}")

    def command(*arguments: str) -> float:
        return timed(lambda: subprocess.run(arguments, check=True, capture_output=True))

    pairs = [
        (
            command(sys.executable, "-c", "from sim.commands.cli import main; main([])"),
            command(sys.executable, "-c", "import numpy"),
        )
        for _ in range(args.repeats)
    ]
    print(f"rungsim --help against import numpy     {median_ratio(pairs)}")


if __name__ == "__main__":
    main()
