"""What a run's trace says: where the workers' time went, and how good the result was when.

Owns the measures; each is a pure function of a trace. Must not know how the trace came about, nor
how a measure is shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
import numpy.typing as npt
import pandas as pd

from learning_curves.curve import Curve
from sim.costs import Costs
from sim.trace import Trace

Seconds = npt.NDArray[np.float64]

PARTS = ("training", "overhead", "wasted", "down", "waiting", "drained")
"""Where a worker's time can go."""


def worker_seconds(trace: Trace) -> dict[str, float]:
    """Split the time of all workers, from 0 to the end, without remainder.

    Returns
    -------
    dict
        Seconds of each of the `PARTS`: `training` that was reported or cut by the end of the run;
        `overhead` (start, save, restore); `wasted`, the training of lost jobs; `down`, which is 0
        on a cluster whose workers never crash; `waiting`, told WAIT; `drained`, told DONE or past
        the last job. They add up to workers x end, up to rounding.

    """
    jobs = trace.jobs
    started, ended = jobs["started"].to_numpy(), jobs["ended"].to_numpy()
    overhead = jobs["overhead"].to_numpy()
    lost = (jobs["outcome"] == "lost").to_numpy()
    training = ended - started - overhead
    before = np.minimum(ended, trace.drained_from) - np.minimum(started, trace.drained_from)
    busy_before = float(before.sum())
    busy_after = float((ended - started - before).sum())
    return {
        "training": float(training[~lost].sum()),
        "overhead": float(overhead.sum()),
        "wasted": float(training[lost].sum()),
        "down": 0.0,
        "waiting": max(0.0, trace.workers * trace.drained_from - busy_before),
        "drained": max(0.0, trace.workers * (trace.end - trace.drained_from) - busy_after),
    }


def utilisation(trace: Trace) -> float:
    """Return the share of the workers' time that was spent training; NaN for a run of no length."""
    total = trace.workers * trace.end
    return worker_seconds(trace)["training"] / total if total else float("nan")


def finished(trace: Trace) -> int:
    """Count the trials that reported at r_max."""
    jobs = trace.jobs
    return int(((jobs["stop"] == trace.r_max) & (jobs["outcome"] == "done")).sum())


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


def points(trace: Trace, curves: Mapping[int, Curve], costs: Costs) -> pd.DataFrame:
    """Return each reported epoch as a point in time.

    Within a job, epochs share its training seconds in proportion to their own.

    Parameters
    ----------
    trace
        The run.
    curves
        The curve of each trial, by its number.
    costs
        What jobs cost beside their epochs.

    Returns
    -------
    DataFrame
        Columns trial, epoch, seconds (since the run began), loss; in the order of the jobs.

    """
    done = trace.jobs[trace.jobs["outcome"] == "done"]
    names = ["trial", "start", "stop", "started", "ended", "overhead"]
    columns: tuple[list[float], ...] = ([], [], [], [])
    for trial, start, stop, started, ended, overhead in zip(
        *(done[name].tolist() for name in names), strict=True
    ):
        first = start if costs.checkpoints else 0
        passed = list(accumulate(curves[trial].seconds(first, stop)))
        stretch = (ended - started - overhead) / passed[-1]
        saves = costs.save_seconds if costs.checkpoints and stop < trace.r_max else 0.0
        begun = started + overhead - saves
        rows = (
            [trial] * (stop - start),
            range(start + 1, stop + 1),
            [begun + stretch * seconds for seconds in passed[start - first :]],
            curves[trial].losses(start, stop),
        )
        for column, values in zip(columns, rows, strict=True):
            column.extend(values)
    return pd.DataFrame(dict(zip(("trial", "epoch", "seconds", "loss"), columns, strict=True)))


@dataclass(frozen=True, slots=True)
class Estimate:
    """A median over seeds with a bootstrap interval.

    Parameters
    ----------
    median, low, high
        The median, and the ends of its 95 % interval.
    censored
        In how many of the seeds the run at hand missed the target.

    """

    median: float
    low: float
    high: float
    censored: int


def speedup(
    at_one: Sequence[float],
    at_many: Sequence[float],
    rng: np.random.Generator,
    resamples: int = 2000,
) -> Estimate:
    """Return the speedup of many workers over one: the median of the ratios of paired seeds.

    Parameters
    ----------
    at_one, at_many
        The time to the target at 1 worker and at many, of the same seeds in the same order; inf
        for a run that missed it. A miss is never dropped: missed with many workers only, the
        seed counts as 0, however late the run would have been; missed with one only, as
        infinite; missed with both, as anything between.
    rng
        Of the bootstrap.
    resamples
        Of the seeds, for the interval.

    Returns
    -------
    Estimate
        `low` and `high` are the 2.5 % and 97.5 % quantiles of the resampled medians. Where the
        seeds missed with both could decide the median, it is NaN.

    Examples
    --------
    >>> speedup([8.0, 9.0, 8.0], [2.0, 3.0, float("inf")], np.random.default_rng(0)).median
    3.0

    """
    one, many = np.asarray(at_one, dtype=float), np.asarray(at_many, dtype=float)
    reached = np.isfinite(many)
    ratios = np.zeros(len(one))
    ratios[reached] = one[reached] / many[reached]
    # Seeds missed with both: at the least 0, at the most infinite.
    least, most = ratios, np.where(~reached & np.isinf(one), np.inf, ratios)
    drawn = rng.integers(len(one), size=(resamples, len(one)))
    # Of the resamples themselves, not between them: between a number and inf there is nothing.
    low = np.quantile(_medians(least[drawn]), 0.025, method="nearest")
    high = np.quantile(_medians(most[drawn]), 0.975, method="nearest")
    known = median(least) == median(most)
    middle = median(least) if known else float("nan")
    return Estimate(middle, float(low), float(high), int((~reached).sum()))


def median(values: npt.ArrayLike) -> float:
    """Return the median, where infinite values may be among them.

    >>> median([1.0, 2.0, float("inf")]), median([1.0, float("inf")])
    (2.0, 1.0)
    """
    return float(_medians(np.atleast_2d(np.asarray(values, dtype=float)))[0])


def _medians(rows: Seconds) -> Seconds:
    """Return the median of each row; of an even number, the lower where the upper is inf."""
    rows = np.sort(rows, axis=1)
    low, high = rows[:, (rows.shape[1] - 1) // 2], rows[:, rows.shape[1] // 2]
    return np.where(np.isinf(high), low, (low + high) / 2)
