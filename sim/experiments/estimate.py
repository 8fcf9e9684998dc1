"""How large a run will be: its jobs and its memory, estimated before it begins.

Owns the bytes that a job, a worker and an epoch take, and the estimate of the number of jobs from
the limits. All of it is an estimate. Must not know what is done about a run that is too large.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from math import inf, prod
from pathlib import Path

from learning_curves.blackbox import Blackbox, Curve
from learning_curves.errors import InputError
from sim.experiments import own
from sim.experiments.experiment import Experiment
from sim.experiments.parts import source
from sim.experiments.run import simulate
from sim.searchers import draws
from sim.traces import metrics

# Measured on CPython 3.11: what the peak of a process grows by.
_JOB = 800
_WORKER = 1300
_EPOCH = 50  # of one job, while it reports
_POINT = 220  # an epoch of the whole run, where its losses are drawn
_RUN = 1000  # of many: its experiment and its figures

_SMALL = 200_000  # jobs, too few to matter: no pilot run is needed
_PILOT = 4000  # jobs of the pilot run
_LARGE = 300_000_000  # bytes, too many for a pilot run
_SAMPLED = 8  # curves


@dataclass(frozen=True, slots=True)
class Estimate:
    """An estimate of the size of a run, or of many.

    Parameters
    ----------
    jobs
        How many jobs it has.
    memory
        Bytes at its peak.
    at_most
        Whether it may end much earlier: at a target, or once some trials have reached r_max,
        neither of which can be foreseen.

    """

    jobs: float
    memory: float
    at_most: bool = False


def estimate(experiment: Experiment, *, points: bool = False) -> Estimate:
    """Return an estimate of the size of a run; at most the cost of a run of 4,000 jobs.

    Where the limits allow many jobs, the first 4,000 are run, with random search and the same
    scheduler, cluster and limits. If that pilot run ends by itself, its size is the estimate;
    else it is extrapolated to the limit that will end the run first.

    Parameters
    ----------
    experiment
        With a limit.
    points
        Whether the losses of all epochs will be drawn.

    Raises
    ------
    InputError
        See `run.simulate`.

    Examples
    --------
    >>> from sim.jobs.limits import Limits
    >>> whole = Experiment(curves="power-law", r_max=4, limits=Limits(max_seconds=1e300))
    >>> estimate(whole).jobs > 1e299
    True
    >>> estimate(replace(whole, limits=Limits(max_seconds=1e300, max_jobs=30)))
    Estimate(jobs=30, memory=29400, at_most=False)

    """
    with own.blamed(experiment):
        return _estimated(experiment, points=points)


def _estimated(experiment: Experiment, *, points: bool) -> Estimate:
    blackbox = source(experiment)
    r_max = blackbox.r_max if experiment.r_max is None else experiment.r_max
    fixed = experiment.workers * _WORKER + r_max * _EPOCH
    most = _most_jobs(experiment, blackbox, r_max)
    limits = experiment.limits
    is_open = limits.target is not None or limits.max_finished is not None
    if most <= _SMALL or fixed >= _LARGE:
        jobs = most if most <= _SMALL else 0.0  # the workers alone are too many
        each = _JOB + (_POINT * r_max if points else 0)
        return Estimate(jobs, fixed + jobs * each, at_most=is_open)
    pilot = _PILOT + 4 * experiment.workers
    run = simulate(
        replace(
            experiment,
            searcher="random",
            order="sampled",
            grid_points=None,
            first=(),
            max_trials=None,
            limits=replace(limits, max_jobs=min(pilot, limits.max_jobs or pilot)),
        )
    )
    found = len(run.trace.jobs)
    epochs = metrics.epochs(run.trace, experiment.costs)
    jobs = float(found)
    if found >= pilot:
        finished = metrics.finished(run.trace)
        uses = (  # what the pilot run has used of each limit
            (limits.max_seconds, run.trace.end),
            (limits.max_epochs, epochs),
            (limits.max_finished, finished),
            (_trials(experiment, blackbox), int(run.trace.jobs["trial"].nunique())),
        )
        ends = [found * (limit / used) for limit, used in uses if limit is not None and used]
        jobs = min([most, *ends])
        is_open = limits.target is not None or (limits.max_finished is not None and not finished)
    of_job = _JOB + (_POINT * epochs / max(1, found) if points else 0.0)
    return Estimate(jobs, fixed + jobs * of_job, at_most=is_open and jobs > found)


def together(estimates: Iterable[Estimate], *, runs: int, processes: int) -> Estimate:
    """Return the estimate of many runs, some at a time, of which the figures are kept.

    Parameters
    ----------
    estimates
        Of the kinds of run, each made as often as any other.
    runs
        How many there are of all kinds.
    processes
        How many are made at a time.

    Examples
    --------
    >>> together([Estimate(10, 8e3), Estimate(30, 2e4)], runs=100, processes=2)
    Estimate(jobs=2000.0, memory=140000.0, at_most=False)

    """
    kinds = list(estimates)
    return Estimate(
        runs * sum(kind.jobs for kind in kinds) / len(kinds),
        min(runs, processes) * max(kind.memory for kind in kinds) + runs * _RUN,
        at_most=any(kind.at_most for kind in kinds),
    )


def machine_memory() -> float:
    """Return the bytes of memory of this machine, or of the container; inf where it is unknown."""
    found = [inf]
    with suppress(OSError, ValueError, AttributeError):  # not on Windows
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    with suppress(OSError, ValueError):  # "max" is not a number
        found.append(int(Path("/sys/fs/cgroup/memory.max").read_text(encoding="ascii")))
    return min(each for each in found if each > 0)


def _most_jobs(experiment: Experiment, blackbox: Blackbox, r_max: int) -> float:
    """Return a number of jobs that the run does not exceed, if its curves are like a few of them.

    A job trains an epoch at least; half the seconds of the shortest epoch that is found are taken.
    """
    limits = experiment.limits
    most = [limits.max_jobs or inf, limits.max_epochs or inf]
    trials = _trials(experiment, blackbox)
    if trials is not None:
        most.append(trials * r_max * experiment.attempts)
    if limits.max_seconds is not None and r_max * _EPOCH < _LARGE:
        speed = max(experiment.speeds, default=1.0)
        shortest = min(_epoch_seconds(curve) for curve in _sample(blackbox, experiment.seed))
        most.append(limits.max_seconds * experiment.workers * speed / (shortest / 2))
    return min(most)


def _trials(experiment: Experiment, blackbox: Blackbox) -> int | None:
    """Return how many trials the searcher can propose; None for any number."""
    counts = [] if experiment.max_trials is None else [experiment.max_trials]
    if experiment.order != "sampled":
        counts.append(len(blackbox.configs))
    if experiment.grid_points is not None:
        counts.append(prod([experiment.grid_points] * len(blackbox.space)))
    return min(counts, default=None)


def _sample(blackbox: Blackbox, seed: int) -> list[Curve]:
    configs = blackbox.configs[:_SAMPLED]
    if not configs:
        configs = list(islice(draws(blackbox.space, seed), _SAMPLED))
    return [blackbox.curve(config, number) for number, config in enumerate(configs)]


def _epoch_seconds(curve: Curve) -> float:
    seconds = min(curve.seconds(0, 1))
    if not seconds > 0:
        raise InputError(f"an epoch takes {seconds} seconds: give curves of more than 0 seconds")
    return seconds
