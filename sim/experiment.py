"""An experiment: one scheduler, one source of curves, one cluster, one seed.

Owns the plain values that a run depends on, which are enough to run it again to the same bytes, and
what is reported of it. Must not know how a run is drawn or typed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from math import isfinite
from pathlib import Path
from typing import Any

import pandas as pd

from learning_curves.blackbox import Blackbox
from learning_curves.curve import Curve
from learning_curves.errors import InputError
from learning_curves.space import Config
from sim import metrics, plain
from sim.border import Border, at_border
from sim.costs import Costs
from sim.even import evened
from sim.faults import Faults, HalfNormalStraggler, Models
from sim.limits import Limits
from sim.parts import cluster, source
from sim.schedulers import Trial, catalogue
from sim.schedulers.catalogue import Make
from sim.trace import Trace


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """All that a run depends on, in plain values.

    Parameters
    ----------
    curves
        A shipped table's name, a table's path, or what else `learning_curves.sources.find`
        takes. ``{seed}`` in it stands for the seed: ``bowl:problem={seed}`` is another problem at
        each.
    seconds
        One of `parts.SECONDS`.
    scheduler
        A name in `catalogue.SCHEDULERS`.
    eta, r_min, r_max, rule, prefact
        The scheduler's settings; an `r_max` of None is the curves' own.
    workers, speeds, straggler_sigma
        The cluster's; see `cluster.Cluster` and `faults.HalfNormalStraggler`.
    searcher
        A name in `searchers.SEARCHERS`.
    order, first, max_trials, grid_points
        The searcher's settings; see `searchers.searcher_for`.
    seed
        Of all randomness, 0 <= seed < 2**32.
    attempts
        How often a job is tried before it is lost for good, >= 1.
    lost
        What the scheduler does with a job that is lost for good, one of `schedulers.LOST`.
    limits, costs, faults
        See `limits.Limits`, `costs.Costs` and `faults.Faults`.

    """

    curves: str
    seconds: str = "recorded"
    scheduler: str = "asha"
    eta: int = 2
    r_min: int = 1
    r_max: int | None = None
    rule: str = "top-k"
    prefact: int = 1
    workers: int = 4
    speeds: tuple[float, ...] = ()
    straggler_sigma: float = 0.0
    searcher: str = "random"
    order: str = "sampled"
    first: tuple[Config, ...] = ()
    max_trials: int | None = None
    grid_points: int | None = None
    seed: int = 0
    attempts: int = 3
    lost: str = "inf"
    limits: Limits = field(default_factory=Limits)
    costs: Costs = field(default_factory=Costs)
    faults: Faults = field(default_factory=Faults)

    def without_stragglers(self) -> Experiment:
        """Return the experiment in which nothing straggles, and all else is as it is here."""
        return replace(self, straggler_sigma=0.0, faults=self.faults.without_stragglers())

    @property
    def models(self) -> Models:
        """What goes wrong on its cluster.

        Raises
        ------
        ValueError
            The straggler sigma is out of its range.

        """
        models = self.faults.models(self.seed)
        straggler = HalfNormalStraggler(self.straggler_sigma, self.seed)
        if not straggler.sigma:
            return models
        return replace(models, stragglers=(straggler, *models.stragglers))

    def to_toml(self, **notes: object) -> str:
        """Return the experiment as TOML; `notes` stand before it and are not read back."""
        return plain.to_toml(self, **notes)

    @classmethod
    def from_toml(cls, text: str, name: str) -> Experiment:
        """Return the experiment that `to_toml` wrote.

        Raises
        ------
        InputError
            The text is not TOML, or does not describe an experiment; it names `name`.

        """
        return plain.from_toml(cls, text, name, limits=Limits, costs=Costs, faults=Faults)


def bounded(experiment: Experiment) -> Experiment:
    """Return `experiment`, with a limit if it has none.

    It is the epochs of 60 trials trained to r_max, or of 3 a worker if these are more. A target,
    or a number of finished trials, may never be reached, and counts as no limit.
    """
    if _ends(experiment):
        return experiment
    r_max = source(experiment).r_max if experiment.r_max is None else experiment.r_max
    max_epochs = max(60, 3 * experiment.workers) * r_max
    return replace(experiment, limits=replace(experiment.limits, max_epochs=max_epochs))


def _ends(experiment: Experiment) -> bool:
    limits = experiment.limits
    bounds = (limits.max_seconds, limits.max_jobs, limits.max_epochs, experiment.max_trials)
    is_exhausted = experiment.order != "sampled" or experiment.grid_points is not None
    return is_exhausted or any(bound is not None for bound in bounds)


def simulate(
    experiment: Experiment, blackbox: Blackbox | None = None, make: Make | None = None
) -> Run:
    """Run `experiment` on the simulated clock.

    Parameters
    ----------
    experiment
        What to run.
    blackbox
        Takes the place of the curves that the experiment names.
    make
        Makes the scheduler, in place of the one that the experiment names, from a searcher and
        the settings; twice, if `Run.waiting` is asked for.

    Raises
    ------
    InputError
        A value is out of its range, or the curves cannot be had.

    Examples
    --------
    >>> run = simulate(Experiment(curves="power-law", r_max=9, eta=3, limits=Limits(max_jobs=40)))
    >>> run.summary()["jobs"], run.summary()["finished"]
    (40, 2)

    """
    if not _ends(experiment):
        raise InputError(
            "the run would never end: limit its seconds, trials, jobs or epochs, "
            "or take each config of a table once"
        )
    if blackbox is None:
        blackbox = source(experiment)
    make = make or partial(catalogue.make, experiment.scheduler)
    made = cluster(experiment, blackbox, make)
    try:
        trace = made.run()
    except OverflowError:
        trace = None
    if trace is None or not isfinite(trace.end):
        raise InputError(
            "the clock ran over: the seconds of the epochs, the costs, the speeds or the faults "
            "are beyond all measure"
        )
    return Run(experiment, blackbox, make, trace, made.trials)


@dataclass(frozen=True)
class Run:
    """What came of an experiment.

    Parameters
    ----------
    experiment
        What was run.
    blackbox
        On which curves.
    make
        What made its scheduler.
    trace
        The log of its jobs.
    trials
        Each trial that was started, and its curve, by its number.

    """

    experiment: Experiment
    blackbox: Blackbox
    make: Make
    trace: Trace
    trials: Mapping[int, tuple[Trial, Curve]]

    @cached_property
    def waiting(self) -> dict[str, float]:
        """The seconds that workers waited, by cause (d2l 19.5); costs a second run.

        The run is repeated for as many jobs, with equal seconds within each rung, equal workers,
        no straggling and no losses; workers come and go as they did. What waiting remains is
        `shortage`: a rung has no job for every worker. The rest is `straggling`: jobs of one rung
        take unequal time, or are tried again. Where the repeated run waits longer than the run
        itself, or no job has trained, all waiting is shortage.
        """
        parts = metrics.worker_seconds(self.trace)
        total = shortage = parts["waiting"]
        if total and parts["training"]:
            even = self.experiment
            outcomes = self.trace.jobs["outcome"]
            if outcomes.isin(["cut", "lost"]).any() or self.trace.end == even.limits.max_seconds:
                # In as many seconds or attempts, or up to the same target, it would get further,
                # or less far.
                even = replace(
                    even, limits=Limits(max_jobs=max(1, int((outcomes != "lost").sum())))
                )
            checkpoints = even.costs.checkpoints
            curves = evened(self.blackbox, self.trace, checkpoints=checkpoints)
            repeated = cluster(even, curves, self.make, even=True).run()
            if even is not self.experiment:  # workers waited to the end there
                repeated = replace(repeated, drained_from=repeated.end)
            shortage = min(total, metrics.worker_seconds(repeated)["waiting"])
        straggling = metrics.beyond_rounding(total - shortage, self.trace)
        return {"straggling": straggling, "shortage": total - straggling}

    def points(self) -> pd.DataFrame:
        """Return each reported epoch as a point in time; see `metrics.points`."""
        curves = {number: curve for number, (_, curve) in self.trials.items()}
        slow = self.experiment.models.slow_epochs
        return metrics.points(self.trace, curves, self.experiment.costs, slow)

    @cached_property
    def best_config(self) -> Config | None:
        """The config of the trial with the lowest loss reported; None if all diverged."""
        if not isfinite(metrics.best_loss(self.trace)):
            return None
        done = self.trace.jobs[self.trace.jobs["outcome"] == "done"]
        best_trial = int(done["trial"].to_numpy()[done["loss"].to_numpy().argmin()])
        return self.trials[best_trial][0].config

    @cached_property
    def border(self) -> list[Border]:
        """Where the best config lies at the border of the space; see `border.at_border`."""
        if self.best_config is None:
            return []
        tried = [trial.config for trial, _ in self.trials.values()]
        return at_border(self.blackbox.space, self.best_config, tried)

    def summary(self) -> dict[str, Any]:
        """Return the figures of the run, ready for JSON: what is infinite or missing is None."""
        experiment, trace = self.experiment, self.trace
        best_config = self.best_config
        target = experiment.limits.target
        return {
            "curves": experiment.curves,
            "scheduler": experiment.scheduler,
            "workers": experiment.workers,
            "seed": experiment.seed,
            "end_seconds": trace.end,
            "utilisation": _finite(metrics.utilisation(trace)),
            "worker_seconds": metrics.worker_seconds(trace),
            "waiting": self.waiting,
            "jobs": len(trace.jobs),
            "lost": metrics.count(trace, "lost"),
            "trials": int(trace.jobs["trial"].nunique()),
            "finished": metrics.finished(trace),
            "epochs": metrics.epochs(trace, experiment.costs),
            "best_loss": _finite(metrics.best_loss(trace)),
            "best_config": None if best_config is None else dict(best_config),
            "time_to_target": None if target is None else _finite(metrics.time_to(trace, target)),
            "border": [each.name for each in self.border],
        }


def check(experiment: Experiment) -> None:
    """Raise what `simulate` would raise for `experiment`, without running it."""
    cluster(experiment, source(experiment), partial(catalogue.make, experiment.scheduler))


def read(path: Path) -> Experiment:
    """Read an ``experiment.toml``.

    Raises
    ------
    InputError
        There is no such file, or it is no experiment.

    """
    try:
        return Experiment.from_toml(path.read_text(encoding="utf-8"), str(path))
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror}; give an experiment.toml"
        ) from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is no text in UTF-8: give an experiment.toml") from None


def _finite(number: float) -> float | None:
    return number if isfinite(number) else None
