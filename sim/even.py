"""Curves whose jobs take equally long within each rung: what waiting is left then is no straggling.

Owns the counterfactual behind the two causes of waiting. Must not know how a run is made.
"""

from __future__ import annotations

import pandas as pd

from learning_curves.blackbox import Blackbox, Recosted
from sim.trace import Trace


def evened(blackbox: Blackbox, trace: Trace, *, checkpoints: bool = True) -> Recosted:
    """Return `blackbox` with the mean training seconds of each rung, as `trace` has them, for all.

    The jobs of a rung are those that go from one epoch to another. The jobs that were lost or cut
    have trained for part of their epochs and are left out, unless there is no other. A job to a
    level that `trace` did not reach takes its mean seconds an epoch; one of which a part is saved
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
    training = jobs["ended"] - jobs["started"] - jobs["overhead"]
    whole = jobs[jobs["outcome"] == "done"]
    if whole.empty:
        whole = jobs[training > 0]
    if whole.empty:
        raise ValueError("no job of the run has trained")
    training = training[whole.index]
    # What earlier attempts of a job have saved of it is part of its training.
    saved = trace.kept.merge(jobs[["job", "trial", "stop"]], on="job")
    earlier = saved.groupby(["trial", "stop"])["seconds"].sum()
    training = (
        training
        + earlier.reindex(pd.MultiIndex.from_frame(whole[["trial", "stop"]])).fillna(0.0).to_numpy()
    )
    begun = whole["start"] * checkpoints
    means = training.groupby([begun, whole["stop"]]).mean()
    rates: dict[int, list[tuple[int, float]]] = {}  # by the last epoch: the first, seconds an epoch
    for (start, stop), mean in means.items():
        rates.setdefault(stop, []).append((start, mean / (stop - start)))
    per_epoch = float(training.sum()) / float((whole["stop"] - begun).sum())

    def seconds(start: int, stop: int) -> list[float]:
        known = [rate for begins, rate in rates.get(stop, ()) if begins <= start]
        return [known[-1] if known else per_epoch] * (stop - start)

    return Recosted(blackbox, lambda _config: seconds)
