"""The run of an experiment, and the result of it.

Owns how an experiment is simulated, and which figures a run has. Must not know how a run is
drawn or typed.

The pictures of a run are made by a room above, `sim.reports`, which is looked up by its name when
`Run.plot` is first used, as the command line looks up its commands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib import import_module
from math import isfinite
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from learning_curves.blackbox import Blackbox, Curve
from learning_curves.errors import InputError
from learning_curves.spaces.space import Config
from sim.experiments import own
from sim.experiments.border import Border, at_border
from sim.experiments.even import evened, is_even
from sim.experiments.experiment import Experiment
from sim.experiments.parts import cluster, source
from sim.jobs.limits import Limits
from sim.schedulers import Trial
from sim.schedulers.catalogue import Make
from sim.traces import metrics
from sim.traces.trace import Trace

_PICTURES = "sim.reports.notebook"


def bounded(experiment: Experiment) -> Experiment:
    """Return `experiment`, with a limit if it has none.

    It is the epochs of 60 trials trained to r_max, or of 3 trials per worker if these are more. A
    target, or a number of finished trials, may never be reached, and counts as no limit.
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
        The experiment to run.
    blackbox
        Curves that replace those that the experiment names.
    make
        Makes the scheduler from a searcher and the settings, and replaces the scheduler that the
        experiment names. It is called a second time for `Run.waiting`.

    Raises
    ------
    InputError
        A value is out of its range, or the curves cannot be had.

    Examples
    --------
    >>> run = simulate(Experiment(curves="power-law", r_max=9, eta=3, limits=Limits(max_jobs=40)))
    >>> run.summary()["jobs"], run.summary()["finished"]
    (40, 2)
    >>> run
    <Run: asha on power-law, 4 workers, seed 0: 40 jobs, end 16 s, best loss 0.1223>

    """
    if blackbox is None:
        blackbox = source(experiment)
    if not _ends(experiment):
        raise InputError(
            "the run would never end: limit its seconds, trials, jobs or epochs, or use each "
            "config of a table once"
        )
    make = make or own.maker(experiment)
    with own.blamed(experiment):
        made = cluster(experiment, blackbox, make)
        try:
            trace = made.run()
        except OverflowError:
            trace = None
    if trace is None or not isfinite(trace.end):
        raise InputError(
            "the clock overflowed: give smaller seconds of the epochs, costs or faults, or "
            "higher speeds"
        )
    return Run(experiment, blackbox, make, trace, made.trials, made.curves)


class Pictures(Protocol):
    """What draws a run: each method returns a Matplotlib figure, and writes it if given a path."""

    @property
    def html(self) -> str: ...  # noqa: D102
    @property
    def png(self) -> bytes: ...  # noqa: D102

    def gantt(self, path: Path | None = None) -> Any: ...  # noqa: D102
    def incumbent(self, path: Path | None = None) -> Any: ...  # noqa: D102
    def losses(self, path: Path | None = None) -> Any: ...  # noqa: D102
    def rungs(self, path: Path | None = None) -> Any: ...  # noqa: D102
    def utilisation(self, path: Path | None = None) -> Any: ...  # noqa: D102


@dataclass(frozen=True, repr=False)
class Run:
    """The result of an experiment.

    Parameters
    ----------
    experiment
        The experiment that was run.
    blackbox
        The curves that it was run on.
    make
        The function that made its scheduler.
    trace
        The log of its jobs.
    trials
        Those that were started, in that order.
    curves
        The curve of each of them, by its number.
    remarks
        More entries of its summary, of a live run.

    Notes
    -----
    A notebook shows a run as a table of its figures, above its Gantt chart.

    Examples
    --------
    >>> run = simulate(Experiment(curves="power-law", r_max=9, eta=3, limits=Limits(max_jobs=40)))
    >>> len(run.jobs), len(run.points()), len(run.incumbent())
    (40, 60, 7)
    >>> figure = run.plot.rungs()

    """

    experiment: Experiment
    blackbox: Blackbox
    make: Make
    trace: Trace
    trials: Sequence[Trial]
    curves: Mapping[int, Curve]
    remarks: Mapping[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        """Return one line: what was run, how much of it, and the best loss."""
        told, trace = self.experiment, self.trace
        return (
            f"<Run: {told.scheduler} on {told.curves}, {told.workers} workers, seed {told.seed}: "
            f"{len(trace.jobs)} jobs, end {trace.end:.6g} s, "
            f"best loss {metrics.best_loss(trace):.4g}>"
        )

    @cached_property
    def worker_seconds(self) -> dict[str, float]:
        """Where the time of the workers went; see `metrics.worker_seconds`."""
        return metrics.worker_seconds(self.trace)

    @cached_property
    def waiting(self) -> dict[str, float]:
        """The seconds that workers waited, by cause (d2l 19.5); may cost a second run.

        The run is repeated for the same number of jobs, with equal seconds within each rung, equal
        workers, no straggling and no losses; workers leave and return as they did. The waiting of
        the repeated run is `shortage`: a rung has no job for every worker. The rest is
        `straggling`: jobs of one rung take unequal time, or are tried again. If the repeated run
        waits longer than the run itself, or if no job has trained, all waiting is `shortage`. So it
        is, without a second run, if nobody waited, and if all jobs of a rung took equally long.
        """
        parts = self.worker_seconds
        total = shortage = parts["waiting"]
        checkpoints = self.experiment.costs.checkpoints
        if total and parts["training"] and not is_even(self.trace, checkpoints=checkpoints):
            even = self.experiment
            outcomes = self.trace.jobs["outcome"]
            if outcomes.isin(["cut", "lost"]).any() or self.trace.end == even.limits.max_seconds:
                # In as many seconds or attempts, or up to the same target, it would get further,
                # or less far.
                even = replace(
                    even, limits=Limits(max_jobs=max(1, int((outcomes != "lost").sum())))
                )
            curves = evened(self.blackbox, self.trace, checkpoints=checkpoints)
            with own.blamed(even):
                repeated = cluster(even, curves, self.make, even=True).run()
            if even is not self.experiment:  # workers waited to the end there
                repeated = replace(repeated, drained_from=repeated.end)
            shortage = min(total, metrics.worker_seconds(repeated)["waiting"])
        straggling = metrics.beyond_rounding(total - shortage, self.trace)
        return {"straggling": straggling, "shortage": total - straggling}

    @property
    def jobs(self) -> pd.DataFrame:
        """The log of the jobs, a row each, in the order of start; see `trace.COLUMNS`."""
        return self.trace.jobs

    @cached_property
    def plot(self) -> Pictures:
        """The pictures of the run, such as ``run.plot.gantt()``; see `notebook.RunPlots`."""
        pictures: Pictures = import_module(_PICTURES).RunPlots(self)
        return pictures

    def _repr_html_(self) -> str:
        return self.plot.html

    def _repr_png_(self) -> bytes:
        return self.plot.png

    def incumbent(self) -> pd.DataFrame:
        """Return when the lowest loss reported so far fell, and to what.

        Returns
        -------
        DataFrame
            Columns seconds (since the run began, ascending) and loss (from then on, falling).

        """
        seconds, loss = metrics.incumbent(self.trace)
        return pd.DataFrame({"seconds": seconds, "loss": loss})

    def points(self) -> pd.DataFrame:
        """Return each reported epoch as a point in time; see `metrics.points`."""
        slow = self.experiment.models.slow_epochs
        return metrics.points(self.trace, self.curves, self.experiment.costs, slow)

    @cached_property
    def best_config(self) -> Config | None:
        """The config of the trial with the lowest loss reported; None if all diverged."""
        if not isfinite(metrics.best_loss(self.trace)):
            return None
        done = self.trace.jobs[self.trace.jobs["outcome"] == "done"]
        best_trial = int(done["trial"].to_numpy()[done["loss"].to_numpy().argmin()])
        return next(trial.config for trial in self.trials if trial.number == best_trial)

    @cached_property
    def border(self) -> list[Border]:
        """Where the best config lies at the border of the space; see `border.at_border`."""
        if self.best_config is None:
            return []
        tried = [trial.config for trial in self.trials]
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
            "worker_seconds": self.worker_seconds,
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
            **self.remarks,
        }


def check(experiment: Experiment) -> None:
    """Raise what `simulate` would raise for `experiment`, without running it."""
    with own.blamed(experiment):
        cluster(experiment, source(experiment), own.maker(experiment))


def _finite(number: float) -> float | None:
    return number if isfinite(number) else None
