"""Scheduler fidelity: whether schedulers behave on a surrogate as they do on its table.

Owns the paired runs, and what is reported on them. A surrogate may predict losses well and still
put schedulers in the wrong order, so it is judged by their order. Must not know how it
predicts (`learning_curves.surrogates.surrogate`), nor how the figures are shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial
from itertools import combinations
from math import isfinite, nan, sqrt
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from learning_curves.blackbox import Blackbox, RecordedCurve
from learning_curves.spaces.space import Config, Space
from learning_curves.tables.tabular import Tabular
from sim.experiments.experiment import Experiment
from sim.experiments.run import simulate
from sim.traces import estimates, metrics

SOURCES = ("table", "retrained", "surrogate")
"""On what each scheduler runs: the recorded curves; the same configs recorded with other seeds; the
curves of a surrogate that has not seen the config."""

BATCH = 21
"""The seeds of an experiment as it would be published, of which `order_kept` takes the median."""


@dataclass(frozen=True)
class Retrained:
    """A table whose every training is another recorded one of the same config.

    A `learning_curves.blackbox.Blackbox`. Runs on it and on the table differ as
    much as repeated real trainings would: no surrogate can do better. A config with only one
    recorded training keeps it.

    Parameters
    ----------
    table
        The table.

    """

    table: Tabular

    @property
    def space(self) -> Space:
        """The set that configs are drawn from."""
        return self.table.space

    @property
    def r_max(self) -> int:
        """The last epoch that its curves reach."""
        return self.table.r_max

    @property
    def configs(self) -> Sequence[Config]:
        """The configs that have curves."""
        return self.table.configs

    def curve(self, config: Config, seed: int) -> RecordedCurve:
        """Return the recorded curve of `config` that follows the one the table would give."""
        curve = self.table.curve(config, seed)
        others = list(self.table.recorded.curves[curve.config_id].values())
        place = next(i for i, each in enumerate(others) if _same(each, curve))
        return replace(others[(place + 1) % len(others)], config_id=curve.config_id)


def _same(one: RecordedCurve, other: RecordedCurve) -> bool:
    return one.all_losses == other.all_losses and one.all_seconds == other.all_seconds


@dataclass(frozen=True, slots=True)
class Fate:
    """The result of one run.

    Parameters
    ----------
    source, scheduler, seed
        Which run it was.
    best_loss
        The incumbent at the end; inf if there is none.
    time_to_target
        In seconds; inf if it was missed.
    utilisation
        The share of the workers' time spent in training.
    rungs
        Level -> how many trials reported there.

    """

    source: str
    scheduler: str
    seed: int
    best_loss: float
    time_to_target: float
    utilisation: float
    rungs: Mapping[int, int]


def fates(
    base: Experiment,
    sources: Mapping[str, Blackbox],
    schedulers: Sequence[str],
    seeds: int,
    target: float,
    pool: Executor | None = None,
) -> Iterator[list[Fate]]:
    """Run each scheduler on each source with each seed; yield the results, seed by seed.

    Parameters
    ----------
    base
        The experiment; its seed is the first.
    sources
        The curves by a name of `SOURCES`. They have the same configs, so that at one seed all runs
        meet the same ones.
    schedulers
        Their names.
    seeds
        How many, from the base's on.
    target
        The loss of the time to target; it does not end a run.
    pool
        Where to run them, if not here; the result is the same.

    """
    work = partial(_fates, sources=sources, schedulers=schedulers, target=target)
    experiments = [replace(base, seed=base.seed + k) for k in range(seeds)]
    if pool is None:
        return map(work, experiments)
    return pool.map(work, experiments, chunksize=max(1, seeds // 16))


def _fates(
    base: Experiment, sources: Mapping[str, Blackbox], schedulers: Sequence[str], target: float
) -> list[Fate]:
    told = []
    for scheduler in schedulers:
        experiment = replace(base, scheduler=scheduler)
        for source, blackbox in sources.items():
            trace = simulate(experiment, blackbox).trace
            rungs = metrics.rung_table(trace).groupby("level")["trials"].sum()
            told.append(
                Fate(
                    source,
                    scheduler,
                    experiment.seed,
                    metrics.best_loss(trace),
                    metrics.time_to(trace, target),
                    metrics.utilisation(trace),
                    {int(str(level)): int(count) for level, count in rungs.items()},
                )
            )
    return told


def by_scheduler(told: Sequence[Fate]) -> pd.DataFrame:
    """Return one row for each scheduler and source.

    Returns
    -------
    DataFrame
        ``scheduler``, ``source``; means over the seeds of the ``best_loss``, of its ``difference``
        from that on the table at the same seed, with the ``standard_error``, of the
        ``utilisation`` and of the trials at each rung, ``rungs``; the median ``time_to_target``,
        inf where most runs missed it, and how many ``missed`` it.

    """
    rows: list[dict[str, Any]] = []
    for scheduler in dict.fromkeys(each.scheduler for each in told):
        own = [each for each in told if each.scheduler == scheduler]
        real = {each.seed: each.best_loss for each in own if each.source == "table"}
        for source in dict.fromkeys(each.source for each in own):
            runs = [each for each in own if each.source == source]
            apart = np.array([_apart(each.best_loss, real[each.seed]) for each in runs])
            times = [each.time_to_target for each in runs]
            levels = sorted({level for each in runs for level in each.rungs})
            rows.append(
                {
                    "scheduler": scheduler,
                    "source": source,
                    "best_loss": float(np.mean([each.best_loss for each in runs])),
                    "difference": float(apart.mean()),
                    "standard_error": float(apart.std(ddof=1)) / sqrt(len(runs))
                    if len(runs) > 1
                    else nan,
                    "utilisation": float(np.mean([each.utilisation for each in runs])),
                    "rungs": {
                        level: float(np.mean([each.rungs.get(level, 0) for each in runs]))
                        for level in levels
                    },
                    "time_to_target": estimates.median(times),
                    "missed": sum(not isfinite(time) for time in times),
                }
            )
    return pd.DataFrame(rows)


def _apart(loss: float, real: float) -> float:
    return 0.0 if loss == real else loss - real  # both may be infinite


def order_kept(
    told: Sequence[Fate], source: str, rng: np.random.Generator, resamples: int = 1000
) -> dict[str, Any]:
    """Return how often `source` keeps the table's order of the schedulers, by time to target.

    Equal times are equal ranks, two misses among them.

    Parameters
    ----------
    told
        The results of the same schedulers on the table and on `source`, at the same seeds.
    source
        Its name.
    rng
        Of the resampling.
    resamples
        How often an experiment of `BATCH` seeds is drawn from the seeds, with replacement.

    Returns
    -------
    dict
        ``source``; the number of ``seeds``; in how many of them the whole order is ``kept``; in
        which share of the resampled experiments that of the ``medians`` is; and the ``pairs``: of
        two schedulers, in how many seeds the source agrees on which is sooner (``agree``), and in
        how many the first is sooner, by the ``table`` and by the ``source``.

    """
    schedulers = list(dict.fromkeys(each.scheduler for each in told))
    seeds = sorted({each.seed for each in told})
    found = {(each.source, each.scheduler, each.seed): each.time_to_target for each in told}
    real, other = (
        np.array([[found[name, scheduler, seed] for scheduler in schedulers] for seed in seeds])
        for name in ("table", source)
    )  # (seeds, schedulers)
    drawn = rng.integers(len(seeds), size=(resamples, BATCH))
    medians = [_ranks(_medians(times[drawn])) for times in (real, other)]
    pairs = []
    for i, j in combinations(range(len(schedulers)), 2):
        by_table, by_other = _sooner(real[:, i], real[:, j]), _sooner(other[:, i], other[:, j])
        pairs.append(
            {
                "first": schedulers[i],
                "second": schedulers[j],
                "agree": int((by_table == by_other).sum()),
                "table": int((by_table == 1).sum()),
                "source": int((by_other == 1).sum()),
            }
        )
    return {
        "source": source,
        "seeds": len(seeds),
        "kept": int((_ranks(real) == _ranks(other)).all(axis=1).sum()),
        "medians": float((medians[0] == medians[1]).all(axis=1).mean()),
        "pairs": pairs,
    }


def _ranks(times: metrics.Seconds) -> metrics.Seconds:
    """Return the rank of each scheduler's time in its row; infinite ones are equal."""
    return np.asarray(stats.rankdata(times, method="min", axis=1))


def _medians(times: metrics.Seconds) -> metrics.Seconds:
    """Return the median over the seeds of each experiment, shape (experiments, schedulers).

    Of an odd number of seeds it is one of the times, be it infinite.
    """
    return np.sort(times, axis=1)[:, times.shape[1] // 2]


def _sooner(one: metrics.Seconds, other: metrics.Seconds) -> npt.NDArray[np.int_]:
    """Return 1 where the first is sooner, -1 where the second is, 0 where neither is."""
    return np.where(one < other, 1, np.where(one > other, -1, 0))
