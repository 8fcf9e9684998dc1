"""Measures of a trace: where the workers' time went, and how good the result was at which time.

Owns the measures; each is a pure function of a trace. Must not know how the trace came about, nor
how a measure is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate

import numpy as np
import numpy.typing as npt
import pandas as pd

from learning_curves.blackbox import Curve
from sim.faults import SlowEpochs
from sim.jobs.costs import Costs
from sim.schedulers.protocol import Job, Trial
from sim.traces.trace import Trace

Seconds = npt.NDArray[np.float64]

PARTS = ("training", "overhead", "wasted", "down", "waiting", "drained")
"""Where a worker's time can go."""


def worker_seconds(trace: Trace) -> dict[str, float]:
    """Split the time of all workers, from 0 to the end, without remainder.

    Returns
    -------
    dict
        Seconds of each of the `PARTS`: `training` that was reported, saved by a lost job, or cut by
        the end of the run; `overhead` (start, save, restore); `wasted`, the training of lost jobs
        that was not saved; `down`, crashed or absent; `waiting`, idle after WAIT; `drained`, idle
        after DONE or after the last job. They add up to workers x end, up to rounding.

    """
    jobs, down = trace.jobs, trace.down
    started, ended = jobs["started"].to_numpy(), jobs["ended"].to_numpy()
    overhead = jobs["overhead"].to_numpy()
    lost = (jobs["outcome"] == "lost").to_numpy()
    training = ended - started - overhead
    before = np.minimum(ended, trace.drained_from) - np.minimum(started, trace.drained_from)
    busy_before = float(before.sum())
    busy_after = float((ended - started - before).sum())
    kept = float(trace.kept["seconds"].sum())
    since, until = down["since"].to_numpy(), down["until"].to_numpy()
    away = np.minimum(until, trace.drained_from) - np.minimum(since, trace.drained_from)
    away_before = float(away.sum())
    away_after = float((until - since - away).sum())
    waiting = trace.workers * trace.drained_from - busy_before - away_before
    drained = trace.workers * (trace.end - trace.drained_from) - busy_after - away_after
    return {
        "training": float(training[~lost].sum()) + kept,
        "overhead": float(overhead.sum()),
        "wasted": beyond_rounding(float(training[lost].sum()) - kept, trace),
        "down": float((until - since).sum()),
        "waiting": beyond_rounding(waiting, trace),
        "drained": beyond_rounding(drained, trace),
    }


def beyond_rounding(seconds: float, trace: Trace) -> float:
    """Return what is left of the workers' time, or 0 where that is no more than rounding."""
    return seconds if seconds > 1e-12 * trace.workers * trace.end else 0.0


def utilisation(trace: Trace) -> float:
    """Return the share of the workers' time that was spent training; NaN for a run of no length."""
    total = trace.workers * trace.end
    return worker_seconds(trace)["training"] / total if total else float("nan")


def finished(trace: Trace) -> int:
    """Count the trials that reported at r_max."""
    jobs = trace.jobs
    return int(((jobs["stop"] == trace.r_max) & (jobs["outcome"] == "done")).sum())


def count(trace: Trace, outcome: str) -> int:
    """Count the jobs with this outcome (done, lost or cut); each attempt counts."""
    return int((trace.jobs["outcome"] == outcome).sum())


def epochs(trace: Trace, costs: Costs) -> int:
    """Count the epochs that were trained for the jobs that reported."""
    done = trace.jobs[trace.jobs["outcome"] == "done"]
    return int((done["stop"] - done["start"] * costs.checkpoints).sum())


def best_loss(trace: Trace) -> float:
    """Return the lowest loss that a job ended with; inf where none did with a finite one."""
    done = (trace.jobs["outcome"] == "done").to_numpy()
    lowest = trace.jobs["loss"].to_numpy()[done].min(initial=np.inf)
    return float(lowest) if np.isfinite(lowest) else float("inf")


def incumbent(trace: Trace) -> tuple[Seconds, Seconds]:
    """Return when the best loss observed so far improved, and to what.

    A loss is observed when its job reports, at the job's end, and is that after its last epoch.

    Returns
    -------
    times, losses
        Seconds, ascending, and the incumbent from then on, strictly falling; shape (improvements,).

    """
    done = trace.jobs[trace.jobs["outcome"] == "done"]
    ended, loss = done["ended"].to_numpy(), done["loss"].to_numpy()
    order = np.argsort(ended, kind="stable")
    ended, best = ended[order], np.minimum.accumulate(loss[order])
    previous = np.concatenate(([np.inf], best[:-1]))
    improved = best < previous
    return ended[improved], best[improved]


def time_to(trace: Trace, target: float) -> float:
    """Return when a loss at or below `target` was first observed, in seconds; inf if never."""
    times, losses = incumbent(trace)
    reached = times[losses <= target]
    return float(reached[0]) if reached.size else float("inf")


def regret(trace: Trace, best: float, median: float) -> float:
    """Return the normalised regret of the incumbent at the end of the run, from 0 to 1.

    It is ``(incumbent - best) / (median - best)``, cut to [0, 1]; 1 if nothing has reported a
    finite loss. If `best` is `median`, it is 0 for an incumbent at or below it, else 1.

    Parameters
    ----------
    trace
        The run.
    best, median
        The losses of regret 0 and of regret 1, finite, best <= median.

    """
    _, losses = incumbent(trace)
    return float(_regrets(np.append(np.inf, losses), best, median)[-1])


def regret_area(trace: Trace, best: float, median: float, until: float | None = None) -> float:
    """Return the mean over simulated time of the normalised regret of the incumbent, from 0 to 1.

    It is the area under the regret from 0 to `until`, divided by `until`: what a run that is
    stopped at a time chosen uniformly at random would have reached on average. The regret is 1
    before the first report; after the end of the run it keeps its last value.

    Parameters
    ----------
    trace
        The run.
    best, median
        See `regret`.
    until
        Seconds; None: the end of the run. Of a run of no length it is the `regret`.

    """
    end = trace.end if until is None else until
    times, losses = incumbent(trace)
    regrets = _regrets(np.append(np.inf, losses), best, median)
    if not end:
        return float(regrets[-1])
    edges = np.minimum(np.concatenate(([0.0], times, [end])), end)
    return float(np.diff(edges) @ regrets / end)


def _regrets(losses: Seconds, best: float, median: float) -> Seconds:
    """Return the normalised regret of each loss."""
    if best == median:
        return (losses > best).astype(np.float64)
    return np.clip((losses - best) / (median - best), 0.0, 1.0)


def rung_table(trace: Trace) -> pd.DataFrame:
    """Return, for each bracket and rung level, what was recorded there.

    Returns
    -------
    DataFrame
        Columns bracket, level (epochs), trials (that reported there), diverged, went_on (that
        trained further), best and median loss.

    """
    went_on = set(zip(trace.jobs["trial"], trace.jobs["start"], strict=True))
    done = trace.jobs[trace.jobs["outcome"] == "done"]
    table = done[["bracket"]].assign(
        level=done["stop"],
        trials=1,
        diverged=np.isinf(done["loss"].to_numpy()).astype(int),
        went_on=[int(each in went_on) for each in zip(done["trial"], done["stop"], strict=True)],
        best=done["loss"],
        median=done["loss"],
    )
    how = {"trials": "sum", "diverged": "sum", "went_on": "sum", "best": "min", "median": "median"}
    return table.groupby(["bracket", "level"], as_index=False).agg(how)


def points(
    trace: Trace,
    curves: Mapping[int, Curve],
    costs: Costs,
    slow_epochs: SlowEpochs | None = None,
) -> pd.DataFrame:
    """Return each reported epoch as a point in time.

    Within a job, epochs share its training seconds in proportion to their own. An epoch that a
    lost job has saved is a point of that job, if a later attempt has reported.

    Parameters
    ----------
    trace
        The run.
    curves
        The curve of each trial, by its number.
    costs
        What jobs cost beside their epochs.
    slow_epochs
        Which of the epochs were slow.

    Returns
    -------
    DataFrame
        Columns trial, epoch, seconds (since the run began), loss; in the order of the jobs.

    """
    jobs = trace.jobs
    done = jobs["outcome"] == "done"
    saved = {int(row[0]): row[1:] for row in trace.kept.itertuples(index=False, name=None)}
    reported = set(zip(jobs["trial"][done], jobs["stop"][done], strict=True))
    begun: dict[tuple[int, int], int] = {}  # where the next attempt begins, by trial and stop
    columns: tuple[list[float], ...] = ([], [], [], [])
    some = jobs[done | jobs["job"].isin(list(saved))]
    names = ["job", "trial", "start", "stop", "attempt", "started", "ended", "overhead"]
    for number, trial, start, stop, attempt, started, ended, overhead in zip(
        *(some[name].tolist() for name in names), strict=True
    ):
        if (trial, stop) not in reported:
            continue
        curve, job = curves[trial], Job(Trial(trial, {}), start, stop)
        first = begun.get((trial, stop), costs.first_epoch(job))
        last, trains, kept = saved.get(number, (stop, 0.0, 0.0))
        begun[trial, stop] = last
        if first == last:  # all was saved before
            continue
        each = curve.seconds(first, stop)
        if slow_epochs is not None:
            each = slow_epochs.slowed(each, job, attempt, first)
        passed = list(accumulate(each))
        if number in saved:
            stretch = kept / passed[last - first - 1]
        else:
            saves = costs.after(job, trace.r_max)
            trains = started + overhead - saves
            stretch = (ended - started - overhead) / passed[-1]
        new = max(start, first)
        rows = (
            [trial] * (last - new),
            range(new + 1, last + 1),
            [trains + stretch * seconds for seconds in passed[new - first : last - first]],
            curve.losses(new, last),
        )
        for column, values in zip(columns, rows, strict=True):
            column.extend(values)
    return pd.DataFrame(dict(zip(("trial", "epoch", "seconds", "loss"), columns, strict=True)))
