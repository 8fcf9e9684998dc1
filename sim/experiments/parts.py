"""The parts of a run, made from the plain values of its experiment: curves, scheduler, cluster.

Owns which value goes where, and which values need each other. Must not know how the run is used.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeAlias

from learning_curves import sources
from learning_curves.blackbox import Blackbox
from learning_curves.errors import InputError, for_the_user
from learning_curves.surrogates.surrogate import Surrogate
from learning_curves.tables.costs import gpu_cost
from learning_curves.tables.tabular import Tabular
from sim.cluster.cluster import Cluster
from sim.experiments.experiment import Experiment
from sim.faults import Timetable
from sim.schedulers import Contract, Retrying, Scheduler
from sim.schedulers.catalogue import Make, Settings
from sim.searchers import searcher_for

SECONDS = ("recorded", "d2l-gpu")
"""Where the seconds of an epoch come from: the curves, or a cost model of a GPU."""


def source(experiment: Experiment) -> Blackbox:
    """Return the curves of `experiment`, read once per process for all that share them."""
    curves = word(experiment)
    return _source(curves, experiment.seconds, experiment.r_max, version(curves))


def word(experiment: Experiment) -> str:
    """Return the word for the curves of `experiment` at its seed."""
    return experiment.curves.replace("{seed}", str(experiment.seed))


Version: TypeAlias = tuple[int | str, ...]
"""When the files of some curves were written; the digest of curves that were adopted."""


def version(curves: str) -> Version:
    """Return what changes if the curves of this word do, for a cache of what is made of them."""
    if curves in _adopted.curves:
        return (_adopted.digest,)
    return tuple(path.stat().st_mtime_ns for path in sources.files(curves))


@lru_cache(maxsize=16)
def _source(
    curves: str,
    seconds: str,
    r_max: int | None,
    version: Version,  # a file that was changed is read again
) -> Blackbox:
    blackbox = _found(curves, r_max, version)
    match seconds:
        case "recorded":
            return blackbox
        case "d2l-gpu":
            examples = (
                blackbox.train_examples if isinstance(blackbox, Tabular | Surrogate) else None
            )
            if examples is None:
                raise InputError(
                    f"{curves} does not record the number of examples in an epoch: write "
                    "train_examples into its card, or use the recorded seconds"
                )
            return gpu_cost.recosted(blackbox, examples)
        case _:
            raise InputError(f"the seconds are {seconds!r}: choose from {', '.join(SECONDS)}")


Curves: TypeAlias = Mapping[str, Blackbox]
"""Curves by the word for them."""


@dataclass(frozen=True, slots=True)
class _Adopted:
    curves: Curves
    digest: str


_adopted = _Adopted({}, "")
_surrogates: dict[tuple[str, Version], Surrogate] = {}


def kept(experiments: Iterable[Experiment]) -> dict[str, Blackbox]:
    """Return the curves of `experiments` that another process may lack: files, and surrogates.

    A file may be on this machine alone, and fitting a surrogate takes a second.
    """
    words = {word(each): each for each in experiments}
    return {
        curves: source(replace(each, seconds="recorded", r_max=None))
        for curves, each in words.items()
        if sources.parted(curves)[0] or sources.files(curves)
    }


@contextmanager
def adopted(curves: Curves, digest: str) -> Iterator[None]:
    """Use these curves of another process for their words meanwhile.

    The curves of a surrogate are the same to the last bit as where it was fitted.

    Parameters
    ----------
    curves
        What `kept` returned there.
    digest
        Differs from that of other curves that are adopted in this process.

    """
    global _adopted  # noqa: PLW0603  as the caches: a process has one
    before = _adopted
    _adopted = _Adopted(curves, digest)
    try:
        yield
    finally:
        _adopted = before


def _found(curves: str, r_max: int | None, version: Version) -> Blackbox:
    """Return what `sources.find` finds; a surrogate is fitted once, for any `r_max`."""
    key = curves, version
    known = _adopted.curves.get(curves, _surrogates.get(key))
    if known is not None:
        sources.check_length(known, curves, r_max)
        return known
    blackbox = sources.find(curves, r_max)
    if isinstance(blackbox, Surrogate):
        _surrogates[key] = blackbox
    return blackbox


def cluster(
    experiment: Experiment, blackbox: Blackbox, make: Make, *, even: bool = False
) -> Cluster:
    """Return the cluster that runs `experiment`, its scheduler under the contract.

    Parameters
    ----------
    experiment
        What to run.
    blackbox
        The curves to run it on.
    make
        Makes its scheduler.
    even
        Whether all workers are equal, nothing straggles and no job is lost at random.

    Raises
    ------
    InputError
        A value is out of its range, or does not go with another.

    """
    _check_faults(experiment)
    with for_the_user():
        models = experiment.models
        return Cluster(
            _scheduler(experiment, blackbox, make, may_lose=models.lose),
            blackbox,
            workers=experiment.workers,
            seed=experiment.seed,
            limits=experiment.limits,
            costs=experiment.costs,
            speeds=() if even else experiment.speeds,
            faults=models.evened() if even else models,
        )


def _check_faults(experiment: Experiment) -> None:
    """Raise if the faults do not fit the rest of the experiment."""
    faults = experiment.faults
    if experiment.attempts < 1:
        raise InputError(f"attempts is {experiment.attempts}: give at least 1")
    named = Timetable(faults.timetable).workers
    if named and named > experiment.workers:
        raise InputError(
            f"the timetable names worker {named - 1}, and the workers are numbered from 0 to "
            f"{experiment.workers - 1}: give more workers"
        )
    if faults.save_on_preemption and not experiment.costs.checkpoints:
        raise InputError(
            "a worker cannot save its epochs without checkpoints: allow "
            "checkpoints, or leave out the saving"
        )


def _scheduler(
    experiment: Experiment, blackbox: Blackbox, make: Make, *, may_lose: bool
) -> Scheduler:
    searcher = searcher_for(
        blackbox,
        seed=experiment.seed,
        name=experiment.searcher,
        options=experiment.searcher_options,
        order=experiment.order,
        first=experiment.first,
        max_trials=experiment.max_trials,
        grid_points=experiment.grid_points,
    )
    settings = Settings(
        r_min=experiment.r_min,
        r_max=blackbox.r_max if experiment.r_max is None else experiment.r_max,
        eta=experiment.eta,
        workers=experiment.workers,
        rule=experiment.rule,
        prefact=experiment.prefact,
        lost=experiment.lost,
    )
    scheduler = make(searcher, settings)
    if may_lose:
        scheduler = Retrying(scheduler, experiment.attempts)
    return Contract(scheduler)
