"""How the time of the workers falls into bars, by what they did.

Owns the bars, the gaps between jobs included, and their sums over the workers. Must not know why
a worker waited, or was away, nor how a bar is drawn.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from sim.reports.plots.canvas import Floats
from sim.traces.metrics import PARTS
from sim.traces.trace import Trace


def gaps(trace: Trace) -> Floats:
    """Return when workers were there and had no job; O(n log n) in the jobs and absences.

    Returns
    -------
    array of shape (gaps, 3)
        Worker, from, to (both in seconds, from < to <= `trace.end`), by worker, then by time.

    """
    jobs, down = trace.jobs, trace.down
    workers = np.arange(trace.workers, dtype=np.float64)
    opening, closing = np.zeros(trace.workers), np.full(trace.workers, trace.end)
    # Every worker is held at 0 and at the end, by its jobs, and where it is away; a gap lies before
    # each start.
    worker = np.concatenate([workers, jobs["worker"], down["worker"], workers])
    start = np.concatenate([opening, jobs["started"], down["since"], closing])
    stop = np.concatenate([opening, jobs["ended"], down["until"], closing])
    order = np.lexsort((stop, start, worker))
    worker, start, stop = worker[order], start[order], stop[order]
    found = (worker[1:] == worker[:-1]) & (start[1:] > stop[:-1])
    between: Floats = np.column_stack([worker[1:], stop[:-1], start[1:]])[found]
    return between


def bars(trace: Trace) -> pd.DataFrame:
    """Return the time of all workers in [0, `trace.end`] as bars that leave nothing out.

    Returns
    -------
    DataFrame
        One row a bar, with the columns ``kind`` (overhead | training | lost | cut | down |
        waiting | drained), ``worker``, ``start``, ``stop`` (seconds, start < stop) and ``trial``
        (-1 for none). The overhead of a job stands in front; all training of a lost job is lost,
        what it has saved included.

    """
    jobs, down = trace.jobs, trace.down
    worker, trial = jobs["worker"].to_numpy(np.float64), jobs["trial"].to_numpy()
    started, ended = jobs["started"].to_numpy(), jobs["ended"].to_numpy()
    trains = np.minimum(started + jobs["overhead"].to_numpy(), ended)
    kind = jobs["outcome"].astype(str).replace({"done": "training"})
    idle, since, until = gaps(trace).T
    turns = np.clip(trace.drained_from, since, until)  # from waiting to drained
    parts = (
        ("overhead", worker, started, trains, trial),
        (kind, worker, trains, ended, trial),
        ("down", *down[["worker", "since", "until"]].to_numpy(np.float64).T, -1),
        ("waiting", idle, since, turns, -1),
        ("drained", idle, turns, until, -1),
    )
    names = ("kind", "worker", "start", "stop", "trial")
    found = pd.concat(
        [pd.DataFrame(dict(zip(names, part, strict=True))) for part in parts], ignore_index=True
    )
    return found[found["start"] < found["stop"]].reset_index(drop=True)


def usage(trace: Trace) -> tuple[Floats, Floats]:
    """Return how many workers each cause occupies when; O(n log n) in the jobs and absences.

    The training of a lost job that was saved counts as training, and stands before the rest. The
    integral of each cause over time is what `metrics.worker_seconds` returns.

    Returns
    -------
    times : array of shape (steps + 1,)
        Ascending, from 0 to `trace.end`, in seconds.
    counts : array of shape (causes, steps)
        How many workers from one time to the next, of each of `metrics.PARTS`.

    """
    found = bars(trace)
    cause = found["kind"].replace({"cut": "training", "lost": "wasted"})
    start, stop = found["start"].to_numpy(), found["stop"].to_numpy()
    jobs = trace.jobs
    kept = trace.kept.groupby("job")["seconds"].sum()
    lost = jobs[jobs["job"].isin(kept.index)]
    trains = np.minimum((lost["started"] + lost["overhead"]).to_numpy(), lost["ended"].to_numpy())
    saved = np.minimum(trains + np.asarray(kept.reindex(lost["job"])), lost["ended"].to_numpy())

    times, places = np.unique(
        np.concatenate([[0.0, trace.end], start, stop, trains, saved]), return_inverse=True
    )
    begins, ends, since, until = np.split(
        places[2:], np.cumsum([len(start), len(stop), len(trains)])
    )
    change = np.zeros((len(PARTS), len(times)))
    row = pd.Index(PARTS).get_indexer(pd.Index(cause))
    np.add.at(change, (row, begins), 1)
    np.add.at(change, (row, ends), -1)
    for name, sign in (("training", 1), ("wasted", -1)):
        np.add.at(change[PARTS.index(name)], since, sign)
        np.add.at(change[PARTS.index(name)], until, -sign)
    counts: Floats = change.cumsum(axis=1)[:, :-1]
    return times, counts
