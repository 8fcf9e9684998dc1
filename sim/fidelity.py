"""Scheduler fidelity: whether schedulers meet the same fate on a surrogate as on its table.

Owns the paired runs, and what is told of them. A surrogate may predict losses well and still put
schedulers in the wrong order, so this is the level at which it is judged. Must not know how it
predicts (`learning_curves.surrogate`), nor how the figures are shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import isfinite, sqrt
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from learning_curves.blackbox import Blackbox
from learning_curves.curve import RecordedCurve
from learning_curves.space import Config, Space
from learning_curves.tabular import Tabular
from sim import metrics
from sim.experiment import Experiment, simulate

SOURCES = ("table", "retrained", "surrogate")
"""On what each scheduler runs: the recorded curves; the same configs recorded with other seeds; the
curves of a surrogate that has not seen the config."""


@dataclass(frozen=True)
class Retrained:
    """A table whose every training is another recorded one of the same config.

    A `learning_curves.blackbox.Blackbox`. What runs on it and on the table differ by is what real
    training would differ by if it were done again: no surrogate can be asked for more. A config
    with but one recorded training keeps it.

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
    """What became of one run.

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
) -> Iterator[Fate]:
    """Run each scheduler on each source with each seed; yield what became of it.

    Parameters
    ----------
    base
        The experiment; its scheduler, and its seed, are those of the first runs.
    sources
        The curves by a name of `SOURCES`. They have the same configs, so that at one seed all runs
        meet the same ones.
    schedulers
        Their names.
    seeds
        How many, from the base's on.
    target
        The loss of the time to target; it does not end a run.

    """
    for k in range(seeds):
        for scheduler in schedulers:
            experiment = replace(base, scheduler=scheduler, seed=base.seed + k)
            for source, blackbox in sources.items():
                trace = simulate(experiment, blackbox).trace
                rungs = metrics.rung_table(trace).groupby("level")["trials"].sum()
                yield Fate(
                    source,
                    scheduler,
                    experiment.seed,
                    metrics.best_loss(trace),
                    metrics.time_to(trace, target),
                    metrics.utilisation(trace),
                    {int(str(level)): int(count) for level, count in rungs.items()},
                )


def by_scheduler(told: Sequence[Fate]) -> pd.DataFrame:
    """Return one row a scheduler and source.

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
            apart = np.array([each.best_loss - real[each.seed] for each in runs])
            times = [each.time_to_target for each in runs]
            levels = sorted({level for each in runs for level in each.rungs})
            rows.append(
                {
                    "scheduler": scheduler,
                    "source": source,
                    "best_loss": float(np.mean([each.best_loss for each in runs])),
                    "difference": float(apart.mean()),
                    "standard_error": float(apart.std()) / sqrt(len(runs)),
                    "utilisation": float(np.mean([each.utilisation for each in runs])),
                    "rungs": {
                        level: float(np.mean([each.rungs.get(level, 0) for each in runs]))
                        for level in levels
                    },
                    "time_to_target": metrics.median(times),
                    "missed": sum(not isfinite(time) for time in times),
                }
            )
    return pd.DataFrame(rows)


def order_kept(told: Sequence[Fate], source: str) -> dict[str, Any]:
    """Tell how far `source` puts the schedulers in the table's order, by time to target.

    Equal times are equal ranks, two misses among them.

    Returns
    -------
    dict
        ``seeds``; in how many of them the whole order is ``kept``; the ``pairs``: of two
        schedulers, in how many seeds each is sooner; and whether the order of the ``medians`` over
        all seeds is kept.

    """
    times: dict[tuple[str, int], dict[str, float]] = {}
    for each in told:
        times.setdefault((each.source, each.seed), {})[each.scheduler] = each.time_to_target
    seeds = sorted({each.seed for each in told})
    schedulers = list(dict.fromkeys(each.scheduler for each in told))

    def ranks(values: Mapping[str, float]) -> list[float]:
        return list(stats.rankdata([values[name] for name in schedulers], method="min"))

    kept = sum(ranks(times["table", seed]) == ranks(times[source, seed]) for seed in seeds)
    pairs = []
    for i, one in enumerate(schedulers):
        for other in schedulers[i + 1 :]:
            sign = {
                name: [np.sign(_apart(times[name, seed], one, other)) for seed in seeds]
                for name in ("table", source)
            }
            agree = sum(a == b for a, b in zip(sign["table"], sign[source], strict=True))
            pairs.append(
                {
                    "pair": (one, other),
                    "agree": agree,
                    "first_sooner_on_table": sign["table"].count(-1.0),
                    "first_sooner": sign[source].count(-1.0),
                }
            )
    medians = {
        name: ranks({s: metrics.median([times[name, k][s] for k in seeds]) for s in schedulers})
        for name in ("table", source)
    }
    return {
        "source": source,
        "seeds": len(seeds),
        "kept": kept,
        "pairs": pairs,
        "medians": medians["table"] == medians[source],
    }


def _apart(times: Mapping[str, float], one: str, other: str) -> float:
    if times[one] == times[other]:  # both may be infinite
        return 0.0
    return times[one] - times[other]
