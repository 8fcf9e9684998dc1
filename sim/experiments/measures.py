"""The figures of one run by name: what a study may keep of each of its runs.

Owns the names, and what each one costs: only measures that were asked for are computed. Must not
know how many runs there are, nor how they are summarised.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from math import inf
from types import MappingProxyType

import numpy as np

from sim.experiments.experiment import Experiment
from sim.experiments.run import Run
from sim.experiments.target import loss_scale
from sim.traces import metrics
from sim.traces.trace import Trace


@dataclass(frozen=True, slots=True)
class Measure:
    """A figure of a run.

    Parameters
    ----------
    of
        Computes it, from the run and the target.
    what
        What it is, in a few words and with its unit.
    seconds
        Whether it is a length of simulated time.
    censored
        Whether it is infinite in a run that ended too early for it to be known.
    share
        Whether it is a share, from 0 to 1.
    better
        Whether a ``"smaller"`` or a ``"larger"`` value is better; empty if neither is.

    """

    of: Callable[[Run, float], float]
    what: str
    seconds: bool = False
    censored: bool = False
    share: bool = False
    better: str = ""


def measured(run: Run, names: Sequence[str], target: float = -inf) -> list[float]:
    """Return the figures of `run` that are called `names`, in this order.

    >>> from sim.experiments.experiment import Experiment
    >>> from sim.experiments.run import simulate
    >>> from sim.jobs.limits import Limits
    >>> limits = Limits(max_jobs=40)
    >>> run = simulate(Experiment(curves="power-law", r_max=9, eta=3, workers=1, limits=limits))
    >>> measured(run, ["jobs", "finished", "first_finished"])
    [40, 4, 21.0]
    """
    return [MEASURES[name].of(run, target) for name in names]


def check(names: Collection[str], experiment: Experiment) -> None:
    """Raise what `measured` would raise for a run of `experiment`, without the run.

    Raises
    ------
    InputError
        One of the measures does not exist on its curves.

    """
    if any(name in names for name in ("regret", "regret_area")):
        loss_scale(experiment)


def first_finished(trace: Trace) -> float:
    """Return when the first trial reported at r_max, in seconds; inf if none did."""
    jobs = trace.jobs
    last = (jobs["stop"] == trace.r_max) & (jobs["outcome"] == "done")
    ended = jobs["ended"].to_numpy()[last.to_numpy()]
    return float(ended.min()) if ended.size else inf


def promotions(trace: Trace) -> int:
    """Count how often a trial was promoted from a rung at which it had reported."""
    return int((~trace.jobs.loc[trace.jobs["start"] > 0].duplicated(["trial", "start"])).sum())


def wrong_promotions(trace: Trace, eta: int, given_up: int | None = None) -> int:
    """Count the promotions that are wrong at the end of the run (Li et al. 2020, sec. 3).

    A promotion from a rung is wrong if the trial is not among the best ``n // eta`` of the n trials
    that are recorded there when the run ends; equal losses rank the lower number first.
    O(n log n) in the jobs.

    Parameters
    ----------
    trace
        The run.
    eta
        The reduction factor.
    given_up
        The number of the last attempt, from 0; a job lost in it is recorded as
        inf; None if nothing is recorded for it.

    """
    jobs = trace.jobs
    start, stop, loss = (jobs[name].to_numpy() for name in ("start", "stop", "loss"))
    recorded = jobs["outcome"] == "done"
    if given_up is not None:
        recorded |= (jobs["outcome"] == "lost") & (jobs["attempt"] == given_up)
    recorded &= jobs["stop"] < trace.r_max
    trial, bracket = (
        np.unique(jobs[name].to_numpy(), return_inverse=True)[1] for name in ("trial", "bracket")
    )
    bracket = bracket * trace.r_max  # plus an epoch: the number of a rung

    ranked = np.flatnonzero(recorded)
    losses = np.where(np.isnan(loss), inf, loss)
    rung = bracket + stop
    ranked = ranked[np.lexsort((trial[ranked], losses[ranked], rung[ranked]))]
    _, first, size = np.unique(rung[ranked], return_index=True, return_counts=True)
    rank = np.arange(len(ranked)) - np.repeat(first, size)
    best = ranked[(rank < np.repeat(size // eta, size)) & (losses[ranked] < inf)]

    sent = np.flatnonzero(start)
    left = np.unique((bracket + start)[sent] * len(jobs) + trial[sent])  # sent again if it was lost
    return int(np.isin(left, rung[best] * len(jobs) + trial[best], invert=True).sum())


def _wrong(run: Run, _target: float) -> float:
    it = run.experiment
    return wrong_promotions(run.trace, it.eta, it.attempts - 1 if it.lost == "inf" else None)


def _regret(run: Run, _target: float) -> float:
    return metrics.regret(run.trace, *loss_scale(run.experiment))


def _regret_area(run: Run, _target: float) -> float:
    until = run.experiment.limits.max_seconds
    return metrics.regret_area(run.trace, *loss_scale(run.experiment), until)


def _share(part: str) -> Callable[[Run, float], float]:
    def share(run: Run, _target: float) -> float:
        total = run.trace.workers * run.trace.end
        return run.worker_seconds[part] / total if total else 0.0

    return share


def _waiting(cause: str) -> Callable[[Run, float], float]:
    def share(run: Run, _target: float) -> float:
        total = run.trace.workers * run.trace.end
        return run.waiting[cause] / total if total else 0.0

    return share


SHARES = ("training", "overhead", "wasted", "down", "straggling", "shortage", "drained")
"""The measures that split the workers' time without remainder, waiting by its cause."""
_SHARE = "share of the workers' time"

_LABELS = MappingProxyType(
    {
        "finished": "reached r_max",
        "first_finished": "first at r_max",
        "wasted": "lost training",
        "straggling": "barrier wait",
        "shortage": "too few jobs",
        "drained": "idle at end",
    }
)


def label(name: str) -> str:
    """Return the label of a measure on the screen; files keep its name.

    >>> label("drained"), label("time_to_target")
    ('idle at end', 'time to target')
    """
    return _LABELS.get(name, name.replace("_", " "))


MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "end_seconds": Measure(
            lambda run, _: run.trace.end,
            "the end of the run, in seconds",
            seconds=True,
            better="smaller",
        ),
        "jobs": Measure(lambda run, _: len(run.trace.jobs), "jobs started"),
        "trials": Measure(lambda run, _: int(run.trace.jobs["trial"].nunique()), "trials started"),
        "epochs": Measure(
            lambda run, _: metrics.epochs(run.trace, run.experiment.costs),
            "epochs trained and reported",
        ),
        "finished": Measure(
            lambda run, _: metrics.finished(run.trace), "trials trained to r_max", better="larger"
        ),
        "first_finished": Measure(
            lambda run, _: first_finished(run.trace),
            "seconds until the first trial was trained to r_max",
            seconds=True,
            censored=True,
            better="smaller",
        ),
        "best_loss": Measure(
            lambda run, _: metrics.best_loss(run.trace),
            "the lowest loss reported",
            censored=True,
            better="smaller",
        ),
        "regret": Measure(
            _regret,
            "normalised regret at the end: 0 the best final loss of the configs, 1 their median",
            better="smaller",
        ),
        "regret_area": Measure(
            _regret_area,
            "mean of the normalised regret over the time that the run may take",
            better="smaller",
        ),
        "time_to_target": Measure(
            lambda run, target: metrics.time_to(run.trace, target),
            "seconds until a loss at or below the target",
            seconds=True,
            censored=True,
            better="smaller",
        ),
        "lost": Measure(
            lambda run, _: metrics.count(run.trace, "lost"), "jobs lost", better="smaller"
        ),
        "cut": Measure(
            lambda run, _: metrics.count(run.trace, "cut"), "jobs cut short by the end of the run"
        ),
        "promotions": Measure(lambda run, _: promotions(run.trace), "promotions"),
        "wrong_promotions": Measure(_wrong, "wrong promotions", better="smaller"),
        "utilisation": Measure(
            _share("training"), f"{_SHARE} in training", share=True, better="larger"
        ),
        **{
            part: Measure(
                _share(part),
                f"{_SHARE}: {label(part)}",
                share=True,
                better="larger" if part == "training" else "smaller",
            )
            for part in metrics.PARTS
        },
        **{
            cause: Measure(
                _waiting(cause),
                f"{_SHARE}: {label(cause)} (may take a second run)",
                share=True,
                better="smaller",
            )
            for cause in ("straggling", "shortage")
        },
    }
)
"""The measures by name."""
