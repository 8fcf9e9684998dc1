"""Curves whose jobs take equally long within each rung: the waiting that remains is no straggling.

Owns the counterfactual behind the two causes of waiting. Must not know how a run is made.
"""

from __future__ import annotations

from math import fsum

import numpy as np
import numpy.typing as npt
import pandas as pd

from learning_curves.blackbox import Blackbox, Recosted
from sim.traces.trace import Trace


def evened(blackbox: Blackbox, trace: Trace, *, checkpoints: bool = True) -> Recosted:
    """Return `blackbox` with the mean training seconds of each rung, as `trace` has them, for all.

    The jobs of a rung are those that go from one epoch to another. The jobs that were lost or cut
    have trained for part of their epochs and are left out, unless there is no other. A job to a
    level that `trace` did not reach takes its mean seconds per epoch; one of which a part is saved
    already, that part of its rung's.

    Parameters
    ----------
    blackbox
        Where the losses come from.
    trace
        The run.
    checkpoints
        Whether its jobs began where their trials had paused, or at 0.

    Raises
    ------
    ValueError
        No job has trained.

    """
    jobs = trace.jobs
    columns = ("start", "stop", "started", "ended", "overhead")
    start, stop, started, ended, overhead = (jobs[name].to_numpy() for name in columns)
    training = ended - started - overhead
    whole = (jobs["outcome"] == "done").to_numpy()
    if not whole.any():
        whole = training > 0
        if not whole.any():
            raise ValueError("no job of the run has trained")
    elif len(trace.kept):
        training = training + _saved_before(trace)
    begun = start if checkpoints else np.zeros_like(start)
    rungs, members = np.unique(np.column_stack([begun, stop])[whole], axis=0, return_inverse=True)
    totals = np.bincount(members.ravel(), training[whole])
    means = totals / np.bincount(members.ravel())
    rates: dict[int, list[tuple[int, float]]] = {}  # by the last epoch: the first, seconds an epoch
    for (first, last), mean in zip(rungs.tolist(), means.tolist(), strict=True):
        rates.setdefault(last, []).append((first, mean / (last - first)))
    per_epoch = float(training[whole].sum()) / float((stop - begun)[whole].sum())

    def seconds(start: int, stop: int) -> list[float]:
        known = [rate for begins, rate in rates.get(stop, ()) if begins <= start]
        return [known[-1] if known else per_epoch] * (stop - start)

    return Recosted(blackbox, lambda _config: seconds)


def is_even(trace: Trace, *, checkpoints: bool = True) -> bool:
    """Return whether a run on the curves of `evened`, for as many jobs, would be this run again.

    It would if no job was lost, none has overhead, and each job ended when it would end there, to
    the last bit. Running jobs may have been cut: in the repeated run they only end later, while
    workers wait. False if this cannot be known.
    """
    jobs = trace.jobs
    outcome = jobs["outcome"]
    whole = (outcome == "done").to_numpy()
    if not whole.any() or jobs["overhead"].any() or (outcome == "lost").any():
        return False
    names = ("start", "stop", "started", "ended")
    start, stop, started, ended = (jobs[name].to_numpy() for name in names)
    begun = start if checkpoints else np.zeros_like(start)
    rungs, members = np.unique(np.column_stack([begun, stop]), axis=0, return_inverse=True)
    members = members.ravel()
    counts = np.bincount(members, whole)
    if not counts.all():  # a rung of which no job has reported
        return False
    means = np.bincount(members, np.where(whole, ended - started, 0.0)) / counts
    lengths = np.diff(rungs, axis=1).ravel().tolist()
    there = [fsum([mean / n] * n) for mean, n in zip(means.tolist(), lengths, strict=True)]
    ends = started + np.array(there)[members]
    return bool((ends[whole] == ended[whole]).all() and (ends[~whole] >= trace.end).all())


def _saved_before(trace: Trace) -> npt.NDArray[np.float64]:
    """Return how many seconds of each job's training its earlier attempts have saved."""
    jobs = trace.jobs
    saved = trace.kept.merge(jobs[["job", "trial", "stop"]], on="job")
    seconds = saved.groupby(["trial", "stop"])["seconds"].sum()
    of_job = seconds.reindex(pd.MultiIndex.from_frame(jobs[["trial", "stop"]]))
    return of_job.fillna(0.0).to_numpy(np.float64)
