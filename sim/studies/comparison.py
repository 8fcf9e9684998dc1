"""A comparison: several schedulers and worker counts on the same seeds.

Owns the grid of experiments, and what is told of each cell of it. The result does not depend on
how many processes worked on it. Must not know how it is shown.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from math import inf, isfinite, isinf, nan
from threading import Thread
from typing import Any

import numpy as np
import pandas as pd

from learning_curves.blackbox import foresee
from learning_curves.errors import InputError
from learning_curves.spaces import space
from learning_curves.streams import generator
from sim.experiments import own
from sim.experiments.experiment import Experiment
from sim.experiments.parts import source
from sim.experiments.run import Run, simulate
from sim.traces import metrics

PARTS = ("training", "overhead", "wasted", "down", "straggling", "shortage", "drained")
"""Where the workers' time can go, with waiting told apart by its cause."""

FIGURES = ("end_seconds", "time_to_target", "finished")
"""What is told with stragglers and without."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a comparison keeps of one run.

    Parameters
    ----------
    experiment
        What was run.
    end_seconds, finished, lost, best_loss, time_to_target
        As in a run's summary; infinite where there is none.
    shares
        The share of the workers' time that went to each of the `PARTS`.
    incumbent
        See `metrics.incumbent`.
    without
        The same without stragglers, at the same seed; None where nothing straggles.

    """

    experiment: Experiment
    end_seconds: float
    finished: int
    lost: int
    best_loss: float
    time_to_target: float
    shares: dict[str, float]
    incumbent: tuple[metrics.Seconds, metrics.Seconds]
    without: Measured | None = None


def grid(
    base: Experiment, *, schedulers: Sequence[str], workers: Sequence[int], seeds: int
) -> list[Experiment]:
    """Return an experiment for each scheduler, worker count and seed, in this order of nesting.

    The seeds are `base`'s and those that follow it, the same for every cell: compared runs meet
    the same configs and the same stragglers. An option goes to the schedulers that take it.

    Raises
    ------
    InputError
        No scheduler takes an option; see `own.fit`.

    """
    return own.fit(
        [
            replace(base, scheduler=scheduler, workers=count, seed=base.seed + k)
            for scheduler in schedulers
            for count in workers
            for k in range(seeds)
        ]
    )


def default_target(experiment: Experiment) -> float:
    """Return a loss that one config in ten reaches by the experiment's r_max.

    It is the 10 % quantile over the table's configs, one training of each; without a table, over
    1,000 configs drawn from the space, each trained with a seed of its own.

    Raises
    ------
    InputError
        So few configs converge that there is no such loss.

    """
    blackbox = source(experiment)
    last = blackbox.r_max if experiment.r_max is None else experiment.r_max
    configs = blackbox.configs or space.sample(blackbox.space, generator(0, "target"), 1000)
    foresee(blackbox, configs)
    seeds = [0] * len(configs) if blackbox.configs else range(len(configs))
    curves = map(blackbox.curve, configs, seeds)
    final = [curve.losses(last - 1, last)[0] for curve in curves]
    target = float(np.quantile(final, 0.1, method="inverted_cdf"))
    if not isfinite(target):
        raise InputError(f"most configs of {experiment.curves} diverge: give a --target")
    return target


def share_of(run: Run) -> dict[str, float]:
    """Return the share of the workers' time that went to each of the `PARTS`; they sum to 1."""
    seconds = metrics.worker_seconds(run.trace) | run.waiting
    total = run.trace.workers * run.trace.end or 1.0
    return {part: seconds[part] / total for part in PARTS}


@contextmanager
def pool_of(processes: int) -> Iterator[Executor]:
    """Yield a pool of so many processes to work in; at the end it is waited for, or given up.

    A script that uses it needs the guard ``if __name__ == "__main__":``, since the processes are
    started afresh: a fork of one with threads, as a progress bar's, may hang.
    """
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, context, initializer=_serve)
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _serve() -> None:
    """Begin a process of a pool: it leaves Ctrl-C to its parent, and does not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def outlive_not() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)  # the parent was killed, or it would have waited for this process

    Thread(target=outlive_not, daemon=True).start()


def measure_all(
    experiments: Sequence[Experiment], target: float, pool: Executor | None = None
) -> Iterator[Measured]:
    """Run the experiments, in `pool` if there is one, and yield what is kept of each, in order."""
    work = partial(_measure, target=target)
    if pool is None:
        return map(work, experiments)
    return pool.map(work, experiments, chunksize=8)


def _measure(experiment: Experiment, target: float) -> Measured:
    twin = experiment.without_stragglers()
    without = None if twin == experiment else _measure(twin, target)
    run = simulate(experiment)
    incumbent = metrics.incumbent(run.trace)
    losses = incumbent[1]
    return Measured(
        experiment=experiment,
        end_seconds=run.trace.end,
        finished=metrics.finished(run.trace),
        lost=metrics.count(run.trace, "lost"),
        best_loss=float(losses[-1]) if losses.size else inf,
        time_to_target=metrics.time_to(run.trace, target),
        shares=share_of(run),
        incumbent=incumbent,
        without=without,
    )


def by_seed(measured: Iterable[Measured]) -> pd.DataFrame:
    """Return one row a run: scheduler, workers, seed, the figures, and the shares.

    Where jobs straggle, the `FIGURES` and shares without that follow, named ``..._without``.
    """
    return pd.DataFrame(
        _figures(each)
        | {
            f"{name}_without": value
            for name, value in (_figures(each.without).items() if each.without else ())
            if name in {*FIGURES, *PARTS}
        }
        for each in measured
    )


def _figures(measured: Measured) -> dict[str, Any]:
    return {
        "scheduler": measured.experiment.scheduler,
        "workers": measured.experiment.workers,
        "seed": measured.experiment.seed,
        "end_seconds": measured.end_seconds,
        "finished": measured.finished,
        "lost": measured.lost,
        "best_loss": measured.best_loss,
        "time_to_target": measured.time_to_target,
        **measured.shares,
    }


def effects(runs: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return what straggling does, by scheduler and worker count: with against without, by seed.

    Parameters
    ----------
    runs
        As `by_seed` returns them, of experiments that straggle.
    seed
        Of the bootstrap.

    Returns
    -------
    DataFrame
        One row a scheduler and worker count: ``slowdown``, how many times as late the run ends, and
        for each of the `FIGURES` the difference, with less without: medians over the pairs, each
        with the ends ``..._low`` and ``..._high`` of its 95 % interval (see `metrics.speedup` and
        `metrics.difference`). Then how many runs missed the target, and the mean shares of waiting,
        split into ``straggling`` and ``shortage``, each with straggling and without it.

    """
    rows: list[dict[str, Any]] = []
    for (scheduler, workers), cell in runs.groupby(["scheduler", "workers"], sort=False):
        count = int(str(workers))
        row: dict[str, Any] = {"scheduler": scheduler, "workers": count}
        pairs = {name: (cell[name].tolist(), cell[f"{name}_without"].tolist()) for name in FIGURES}
        rng = generator(seed, "effect", count, len(FIGURES))
        row |= _told("slowdown", metrics.speedup(*pairs["end_seconds"], rng))
        for place, (name, pair) in enumerate(pairs.items()):
            rng = generator(seed, "effect", count, place)
            row |= _told(name, metrics.difference(*pair, rng))
        times, without = pairs["time_to_target"]
        row |= {"missed": sum(map(isinf, times)), "missed_without": sum(map(isinf, without))}
        for name in ("straggling", "shortage"):
            row |= {each: cell[each].mean() for each in (name, f"{name}_without")}
        rows.append(row)
    return pd.DataFrame(rows)


def gains(runs: pd.DataFrame, against: str, seed: int) -> pd.DataFrame:
    """Return what each other scheduler gains over `against` on as many workers, seed by seed.

    Parameters
    ----------
    runs
        As `by_seed` returns them; those of `against` are among them.
    against
        The scheduler's name.
    seed
        Of the bootstrap.

    Returns
    -------
    DataFrame
        One row a scheduler and worker count: ``sooner`` and ``shorter``, how many times as early
        the target is reached and the run ends, and ``finished``, how many more trials are: medians
        over the pairs, each with the ends ``..._low`` and ``..._high`` of its 95 % interval (see
        `metrics.speedup` and `metrics.difference`); and how many runs missed the target, its own
        and those of `against`.

    """
    rows: list[dict[str, Any]] = []
    base = runs[runs["scheduler"] == against].set_index(["workers", "seed"])
    others = runs[runs["scheduler"] != against]
    for (scheduler, workers), cell in others.groupby(["scheduler", "workers"], sort=False):
        count = int(str(workers))
        paired = cell.set_index(["workers", "seed"])
        rngs = (generator(seed, "gain", count, place) for place in range(3))
        ends, times, finished = (
            (base.loc[paired.index, name].tolist(), paired[name].tolist()) for name in FIGURES
        )
        rows.append(
            {"scheduler": scheduler, "workers": count}
            | _told("sooner", metrics.speedup(*times, next(rngs)))
            | _told("shorter", metrics.speedup(*ends, next(rngs)))
            | _told("finished", metrics.difference(finished[1], finished[0], next(rngs)))
            | {"missed": sum(map(isinf, times[1])), "missed_against": sum(map(isinf, times[0]))}
        )
    return pd.DataFrame(rows)


def _told(name: str, estimate: metrics.Estimate) -> dict[str, float]:
    return {name: estimate.median, f"{name}_low": estimate.low, f"{name}_high": estimate.high}


def by_cell(runs: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return one row a scheduler and worker count.

    Parameters
    ----------
    runs
        As `by_seed` returns them, with the fewest workers of all in each scheduler's.
    seed
        Of the bootstrap.

    Returns
    -------
    DataFrame
        Means over the seeds of the end, the shares, the trials finished, the jobs lost and the best
        loss; the median time to target (inf where most runs missed it), how many runs missed it,
        and the speedup with its 95 % interval, against the same scheduler with the fewest workers
        (see `metrics.speedup`); the throughput speedup: the trials finished a second, of all seeds
        together, against the same.

    """
    rows: list[dict[str, Any]] = []
    fewest = runs["workers"].min()
    for scheduler in runs["scheduler"].unique():
        own = runs[runs["scheduler"] == scheduler]
        base = own[own["workers"] == fewest]
        for count in own["workers"].unique():
            cell = own[own["workers"] == count]
            estimate = metrics.speedup(
                base["time_to_target"].tolist(),
                cell["time_to_target"].tolist(),
                generator(seed, "bootstrap", int(count)),
            )
            if count == fewest:  # against itself, whatever was missed
                estimate = metrics.Estimate(1.0, 1.0, 1.0, estimate.censored)
            rows.append(
                {
                    "scheduler": scheduler,
                    "workers": int(count),
                    "end_seconds": cell["end_seconds"].mean(),
                    **{part: cell[part].mean() for part in PARTS},
                    "finished": cell["finished"].mean(),
                    "lost": cell["lost"].mean(),
                    "best_loss": cell["best_loss"].mean(),
                    "time_to_target": metrics.median(cell["time_to_target"].tolist()),
                    "missed": estimate.censored,
                    "speedup": estimate.median,
                    "low": estimate.low,
                    "high": estimate.high,
                    "throughput_speedup": _throughput(cell) / _throughput(base),
                }
            )
    return pd.DataFrame(rows)


def _throughput(cell: pd.DataFrame) -> float:
    seconds = float(cell["end_seconds"].sum())
    return float(cell["finished"].sum()) / seconds or nan if seconds else nan
