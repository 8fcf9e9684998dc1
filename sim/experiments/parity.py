"""Parity: how far a simulated run is from the live run that it simulates.

Owns the comparison of two traces. Must not know how they were made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from scipy import stats

from learning_curves.errors import InputError
from sim.traces import metrics
from sim.traces.trace import Trace

Decision: TypeAlias = tuple[int, int, int]
"""A job as the scheduler decided on it: the trial's number, and from and to which epoch."""


@dataclass(frozen=True)
class Parity:
    """How far a simulated run is from a live one, in plain values.

    Parameters
    ----------
    same_jobs
        How many jobs both runs handed out, as a share of those of the run that handed out more.
    same_turn
        How many jobs both handed out at the same position of the sequence, as a share of the same.
    first_difference
        The first position, counted from 0, at which they differ; None if there is none.
    kendall_tau
        Of the ends of the jobs that reported in both runs: 1, they ended in the same order; -1, in
        the opposite order; 0, the two orders are unrelated.
    end_ratio
        The simulated run's end over the live run's.
    live_utilisation, simulated_utilisation
        The share of the workers' time that was spent training.
    live_worker_seconds, simulated_worker_seconds
        The parts of the workers' time; see `metrics.worker_seconds`.

    """

    same_jobs: float
    same_turn: float
    first_difference: int | None
    kendall_tau: float
    end_ratio: float
    live_utilisation: float
    simulated_utilisation: float
    live_worker_seconds: dict[str, float]
    simulated_worker_seconds: dict[str, float]


def decisions(trace: Trace) -> list[Decision]:
    """Return the jobs in the order in which they were handed out, each once.

    A job that was lost and handed out again was decided on once, at its first attempt.
    """
    first = trace.jobs[trace.jobs["attempt"] == 0].sort_values("job")
    return list(zip(*(first[name].tolist() for name in ("trial", "start", "stop")), strict=True))


def compare(live: Trace, simulated: Trace) -> Parity:
    """Compare a simulated run with the live one. O(n log n) in their jobs.

    Raises
    ------
    InputError
        A run has handed out no job, or has taken no time.

    """
    theirs, ours = decisions(live), decisions(simulated)
    for whose, trace, jobs in (("live", live, theirs), ("simulated", simulated, ours)):
        if not (jobs and trace.end):
            raise InputError(
                f"the {whose} run has {len(jobs)} jobs in {trace.end} seconds: give a run "
                "that has jobs"
            )
    longer = max(len(theirs), len(ours))
    # A turn that only one of them has is a difference, too.
    same = [left == right for left, right in zip(theirs, ours, strict=False)] + [False]
    first = same.index(False)
    return Parity(
        same_jobs=(Counter(theirs) & Counter(ours)).total() / longer,
        same_turn=sum(same) / longer,
        first_difference=first if first < longer else None,
        kendall_tau=_kendall_tau(_ends(live), _ends(simulated)),
        end_ratio=simulated.end / live.end,
        live_utilisation=metrics.utilisation(live),
        simulated_utilisation=metrics.utilisation(simulated),
        live_worker_seconds=metrics.worker_seconds(live),
        simulated_worker_seconds=metrics.worker_seconds(simulated),
    )


def _ends(trace: Trace) -> dict[Decision, float]:
    """Return when each job reported, at whichever attempt."""
    done = trace.jobs[trace.jobs["outcome"] == "done"]
    names = ("trial", "start", "stop", "ended")
    rows = zip(*(done[name].tolist() for name in names), strict=True)
    return {(trial, start, stop): ended for trial, start, stop, ended in rows}


def _kendall_tau(live: dict[Decision, float], simulated: dict[Decision, float]) -> float:
    """Return tau-b, which allows for jobs that end together, of the jobs that both know."""
    both = [job for job in live if job in simulated]
    left, right = [live[job] for job in both], [simulated[job] for job in both]
    # Without two different ends there is no order, and scipy says NaN: order agrees with no order
    # as well as chance does, no order with no order perfectly.
    if not (_ordered(left) and _ordered(right)):
        return float(_ordered(left) == _ordered(right))
    return float(stats.kendalltau(left, right).statistic)


def _ordered(ends: Sequence[float]) -> bool:
    return len(set(ends)) > 1
