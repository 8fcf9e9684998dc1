"""A comparison: the study of several schedulers and worker counts on the same seeds.

Owns its definition as a study, and the figures reported for each cell. Must not know how a
study is run, nor how its figures are shown.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import nan
from pathlib import Path
from typing import Any

import pandas as pd

from learning_curves.errors import InputError
from sim.experiments.experiment import Experiment
from sim.experiments.measures import SHARES
from sim.faults import KINDS
from sim.studies.statistics.contrasts import contrasts
from sim.studies.study import Picture, Study
from sim.studies.study_cells import SPEEDUP, by_cell
from sim.studies.study_log import Values
from sim.traces.estimates import ENDS

MEASURES = ("end_seconds", "finished", "lost", "best_loss", "time_to_target", *SHARES)
"""The figures of a run that a comparison keeps."""

_WITH, _WITHOUT = "with", "without"
_ENDS = ("", *(f"_{end}" for end in ENDS))


def comparison(
    base: Experiment,
    *,
    schedulers: Sequence[str],
    workers: Sequence[int],
    seeds: int,
    target: float,
    against: str | None = None,
    effect_of: str | None = None,
    path: Path = Path(),
) -> Study:
    """Return the study that compares schedulers and worker counts.

    Parameters
    ----------
    base
        The shared settings of the experiments. Its seed is the first.
    schedulers, workers
        The axes of the grid; `workers` ascending.
    seeds
        The number of seeds, the same for all cells.
    target
        The loss of the time to target; it does not end a run.
    against
        The scheduler that the others are compared with.
    effect_of
        The kind of faults, one of `faults.KINDS`, whose effect is measured: each run is paired with
        its twin without them. ``"none"``: no effect is measured. None: that of stragglers, if the
        experiment has any.
    path
        The path of the study's file.

    Raises
    ------
    InputError
        The experiment has no faults of the kind.

    """
    if not (schedulers and workers):
        raise InputError("nothing is compared: give at least one scheduler and one worker count")
    if against is not None and against not in schedulers:
        raise InputError(f"{against} is not compared: add it to the schedulers")
    axes: dict[str, list[Any] | dict[str, Any]] = {
        "scheduler": list(dict.fromkeys(schedulers)),
        "workers": sorted(set(workers)),
    }
    contrasted: dict[str, str | list[str]] = {} if against is None else {"scheduler": against}
    pictures = {
        "incumbent": Picture(kind="incumbent"),
        "utilisation": Picture(kind="utilisation"),
        "speedup": Picture(kind="speedup"),
        "gantt": Picture(kind="first-jobs"),
    }
    if effect_of is None and base.without("stragglers") != base:
        effect_of = "stragglers"
    if effect_of not in (None, "none"):
        twin = base.without(effect_of)
        if twin == base:
            raise InputError(
                f"the experiment has no {effect_of}: give the options that cause them, or "
                "choose another effect"
            )
        axes[effect_of] = {_WITH: _difference(base, twin), _WITHOUT: {}}
        contrasted[effect_of] = _WITHOUT
        pictures[effect_name(effect_of)] = Picture(kind="effect")
        base = twin
    return Study(
        name="comparison",
        title=f"{base.curves}: schedulers and worker counts",
        experiment={name: each for name, each in _table(base).items() if name not in axes},
        axes=axes,
        measures=[*MEASURES],
        seeds=seeds,
        target=target,
        speedups={"time_to_target": "workers"},
        against=contrasted,
        pictures=pictures,
        path=path,
    )


def effect_of(study: Study) -> str | None:
    """Return the kind of faults whose effect a comparison measures."""
    return next((axis for axis in study.axes if axis in KINDS), None)


def effect_name(kind: str) -> str:
    """Return the name of the files for the effect of a kind of faults.

    >>> effect_name("stragglers"), effect_name("losses")
    ('straggling', 'effect-of-losses')
    """
    return "straggling" if kind == "stragglers" else f"effect-of-{kind}"


def _table(experiment: Experiment) -> dict[str, Any]:
    return tomllib.loads(experiment.to_toml())


def _difference(base: Experiment, twin: Experiment) -> dict[str, Any]:
    """Return the fields of `base` that differ from `twin`, as a setting of an axis."""
    given, others = _table(base), _table(twin)
    setting = {k: v for k, v in given.items() if k != "faults" and others.get(k) != v}
    faults = others.get("faults", {})
    setting["faults"] = {k: v for k, v in given["faults"].items() if faults.get(k) != v}
    return setting


@dataclass(frozen=True)
class Compared:
    """The figures of a comparison.

    Parameters
    ----------
    study
        As `comparison` returns it.
    values
        The figures of all its runs, in the order of its grid; shape (runs, measures).

    """

    study: Study
    values: Values

    @cached_property
    def runs(self) -> pd.DataFrame:
        """One row for each run: the settings, the seed and the `MEASURES`."""
        keys = pd.DataFrame(self.study.labels()).astype({"workers": int, "seed": int})
        return pd.concat([keys, pd.DataFrame(self.values, columns=self.study.measures)], axis=1)

    @cached_property
    def cells(self) -> pd.DataFrame:
        """One row for each scheduler and worker count, with faults if their effect is measured.

        Means over the seeds of the end, the shares, the trials finished, the jobs lost and the best
        loss; the median time to target (inf where most runs missed it), how many runs missed it,
        and the speedup with its 95 % interval, against the same scheduler with the fewest workers
        (see `estimates.speedup`); the throughput speedup: the trials finished a second, of all
        seeds together, against the same.
        """
        figures = self._by_measure(self._by_cell)
        rows: list[dict[str, Any]] = []
        for key, cell in figures.items():
            scheduler, count = key
            means = {m: cell[m]["mean"] for m in MEASURES}
            time, speedup = cell["time_to_target"], cell[f"{SPEEDUP}time_to_target"]
            fewest = self._throughput(scheduler, next(w for s, w in figures if s == scheduler))
            rows.append(
                {
                    "scheduler": scheduler,
                    "workers": count,
                    "end_seconds": means["end_seconds"],
                    **{part: means[part] for part in SHARES},
                    **{name: means[name] for name in ("finished", "lost", "best_loss")},
                    "time_to_target": time["median"],
                    "missed": time["censored"],
                    "speedup": speedup["median"],
                    **{end: speedup[end] for end in ENDS},
                    "throughput_speedup": self._throughput(scheduler, count) / fewest,
                }
            )
        return pd.DataFrame(rows)

    @cached_property
    def effects(self) -> pd.DataFrame | None:
        """The effect of the faults, by scheduler and worker count; None if none is measured.

        One row for each scheduler and worker count: ``slowdown``, the ratio of the end with the
        faults to the end without; the differences of ``end_seconds``, ``time_to_target`` and
        ``finished``, with less without: medians over the pairs of seeds, each with the ends
        ``..._low`` and ``..._high`` of its 95 % interval. Then how many runs missed the target, and
        the mean shares of waiting, ``straggling`` and ``shortage``, each with the faults and
        without.
        """
        kind = effect_of(self.study)
        if kind is None:
            return None
        shares, without = (self._by_measure(self._by_cell, arm) for arm in (_WITH, _WITHOUT))
        rows: list[dict[str, Any]] = []
        for (scheduler, count), pairs in self._contrasts(kind).items():
            row: dict[str, Any] = {"scheduler": scheduler, "workers": count}
            row |= _renamed(pairs["end_seconds"], "ratio", "slowdown")
            for name in ("end_seconds", "time_to_target", "finished"):
                row |= _renamed(pairs[name], "difference", name)
            row |= _missed(pairs, "missed_without")
            for name in ("straggling", "shortage"):
                row[name] = shares[scheduler, count][name]["mean"]
                row[f"{name}_without"] = without[scheduler, count][name]["mean"]
            rows.append(row)
        return pd.DataFrame(rows)

    @cached_property
    def gains(self) -> pd.DataFrame | None:
        """The gains over the scheduler that the others are compared with; None if there is none.

        One row for each scheduler and worker count: ``sooner`` and ``shorter``, the speedups of the
        time to target and of the end, and ``finished``, the difference of trials finished: medians
        over the pairs of seeds, each with the ends ``..._low`` and ``..._high`` of its 95 %
        interval; and how many runs missed the target, its own and those of the other.
        """
        if "scheduler" not in self.study.against:
            return None
        return pd.DataFrame(
            {"scheduler": scheduler, "workers": count}
            | _renamed(pairs["time_to_target"], "speedup", "sooner")
            | _renamed(pairs["end_seconds"], "speedup", "shorter")
            | _renamed(pairs["finished"], "difference", "finished")
            | _missed(pairs, "missed_against")
            for (scheduler, count), pairs in self._contrasts("scheduler").items()
        )

    def _throughput(self, scheduler: str, count: int) -> float:
        """Return the trials finished per second over all seeds; NaN if there are none."""
        runs = self._with(self.runs)
        cell = runs[(runs["scheduler"] == scheduler) & (runs["workers"] == count)]
        seconds = float(cell["end_seconds"].sum())
        return float(cell["finished"].sum()) / seconds or nan if seconds else nan

    @cached_property
    def _by_cell(self) -> pd.DataFrame:
        return by_cell(self.study, self.values)

    @cached_property
    def _all_contrasts(self) -> pd.DataFrame:
        return contrasts(self.study, self.values)

    def _contrasts(self, axis: str) -> dict[tuple[str, int], dict[str, Any]]:
        rows = self._all_contrasts
        return self._by_measure(rows[rows["axis"] == axis])

    def _with(self, rows: pd.DataFrame, arm: str = _WITH) -> pd.DataFrame:
        """Return the rows with the faults, or those without."""
        kind = effect_of(self.study)
        return rows if kind is None else rows[rows[kind] == arm]

    def _by_measure(
        self, rows: pd.DataFrame, arm: str = _WITH
    ) -> dict[tuple[str, int], dict[str, Any]]:
        """Return the rows by scheduler and worker count, then by measure."""
        found: dict[tuple[str, int], dict[str, Any]] = {}
        for row in self._with(rows, arm).to_dict("records"):
            found.setdefault((row["scheduler"], int(row["workers"])), {})[row["measure"]] = row
        return found


def _renamed(row: dict[str, Any], estimate: str, name: str) -> dict[str, float]:
    return {f"{name}{end}": row[f"{estimate}{end}"] for end in _ENDS}


def _missed(pairs: dict[str, Any], other: str) -> dict[str, int]:
    times = pairs["time_to_target"]
    return {"missed": times["censored"], other: times["censored_against"]}
