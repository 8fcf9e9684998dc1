"""Curves whose jobs take equally long within each rung: what waiting is left then is no straggling.

Owns the counterfactual behind the two causes of waiting. Must not know how a run is made.
"""

from __future__ import annotations

import pandas as pd

from learning_curves.blackbox import Blackbox, Recosted
from sim.trace import Trace


def evened(blackbox: Blackbox, trace: Trace) -> Recosted:
    """Return `blackbox` with the mean training seconds of each rung, as `trace` has them, for all.

    The jobs that were cut have trained for part of their epochs and are left out, unless there is
    no other. A job to a level that `trace` did not reach takes its mean seconds an epoch.
    """
    jobs = trace.jobs
    whole = jobs[jobs["outcome"] == "done"] if (jobs["outcome"] == "done").any() else jobs
    training = whole["ended"] - whole["started"] - whole["overhead"]
    # What earlier attempts of a job have saved of it is part of its training.
    saved = trace.kept.merge(jobs[["job", "trial", "stop"]], on="job")
    earlier = saved.groupby(["trial", "stop"])["seconds"].sum()
    training = (
        training
        + earlier.reindex(pd.MultiIndex.from_frame(whole[["trial", "stop"]])).fillna(0.0).to_numpy()
    )
    means = training.groupby(whole["stop"]).mean()
    job_seconds = dict(zip(means.index.tolist(), means.tolist(), strict=True))
    per_epoch = float(training.sum()) / float((whole["stop"] - whole["start"]).sum())

    def seconds(start: int, stop: int) -> list[float]:
        epochs = stop - start
        return [job_seconds.get(stop, per_epoch * epochs) / epochs] * epochs

    return Recosted(blackbox, lambda _config: seconds)
