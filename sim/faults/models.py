"""All that goes wrong on one cluster: as plain values, and as the models that they stand for.

Owns which models there are, and how they go together. Must not know the clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from sim.faults.outages import (
    Losses,
    Outage,
    Outages,
    Renewals,
    Stay,
    Timetable,
    check_renewal,
    merged,
)
from sim.faults.straggling import (
    LognormalStraggler,
    ParetoStraggler,
    SlowEpochs,
    SlowWorkers,
    Straggler,
)

KINDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "stragglers": ("lognormal_sigma", "pareto_alpha", "slow_workers", "slow_epochs"),
        "losses": ("lost_probability",),
        "crashes": ("mtbf", "mttr"),
        "preemption": ("preempted_every", "preempted_for"),
        "timetable": ("timetable",),
    }
)
"""The kinds of faults, and the fields of `Faults` that switch each of them on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    """What goes wrong on one cluster; all of it together.

    Any object with the right method can be used, also your own.

    Parameters
    ----------
    stragglers
        The factors of a job are multiplied.
    slow_workers, slow_epochs
        None: there are none.
    losses
        A job is lost when the first of them loses it.
    outages
        A worker is away while any of them takes it away.

    """

    stragglers: tuple[Straggler, ...] = ()
    slow_workers: SlowWorkers | None = None
    slow_epochs: SlowEpochs | None = None
    losses: tuple[Losses, ...] = ()
    outages: tuple[Outages, ...] = ()

    @property
    def slow(self) -> bool:
        """Whether anything takes longer than its seconds."""
        return bool(self.stragglers or self.slow_workers or self.slow_epochs)

    @property
    def lose(self) -> bool:
        """Whether jobs can be lost."""
        return bool(self.losses or self.outages)

    def evened(self) -> Models:
        """Return the outages alone: without what makes jobs of one rung take unequal time."""
        return Models(outages=self.outages)

    def outages_of(self, worker: int, horizon: float) -> Iterator[Outage]:
        """Yield when `worker` is away, up to the `horizon` in seconds, in order and apart."""
        return merged(self.outages, worker, horizon)


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What goes wrong, in the plain values of a file or a command line.

    The one model that is not here, |z| stragglers, is `experiment.Experiment.straggler_sigma`.

    Parameters
    ----------
    lognormal_sigma
        See `LognormalStraggler`; 0 is none.
    pareto_alpha
        See `ParetoStraggler`; None is none.
    slow_workers
        The probability that a worker is slow; see `SlowWorkers`.
    slow_worker_factor
        How many times as long a slow worker takes.
    slow_epochs
        The probability that an epoch is slow; see `SlowEpochs`.
    slow_epoch_factor
        How many times as long a slow epoch takes.
    lost_probability
        The probability that a job is lost, per second; see `Losses`.
    mtbf
        Mean seconds between the failures of a worker; None: workers do not crash. See `Renewals`.
    mttr
        Mean seconds until a crashed worker is repaired.
    preempted_every
        Mean seconds until a worker is preempted; None: no worker is.
    preempted_for
        Mean seconds until another worker takes the place of a preempted one.
    save_on_preemption
        Whether a worker that is preempted, or leaves by the timetable, saves its last whole epoch.
    timetable
        When workers join and leave, (worker, joins, leaves) each; see `Timetable`.

    Raises
    ------
    ValueError
        A value is out of its range; it names the field.

    Examples
    --------
    >>> Faults(mtbf=3600.0, mttr=60.0).models(seed=0).lose
    True
    >>> Faults(lost_probability=1.0)
    Traceback (most recent call last):
    ValueError: lost_probability is 1.0: give a probability per second, at least 0 and below 1

    """

    lognormal_sigma: float = 0.0
    pareto_alpha: float | None = None
    slow_workers: float = 0.0
    slow_worker_factor: float = 2.0
    slow_epochs: float = 0.0
    slow_epoch_factor: float = 10.0
    lost_probability: float = 0.0
    mtbf: float | None = None
    mttr: float = 0.0
    preempted_every: float | None = None
    preempted_for: float = 0.0
    save_on_preemption: bool = False
    timetable: tuple[Stay, ...] = ()

    def __post_init__(self) -> None:
        for there, away in (("mtbf", "mttr"), ("preempted_every", "preempted_for")):
            given = getattr(self, there)
            seconds_there = 1e300 if given is None else given  # then the other is looked at alone
            check_renewal(there, seconds_there, away, getattr(self, away))
        self.models(seed=0)
        # Checked even where they are switched off.
        SlowWorkers(self.slow_workers, self.slow_worker_factor, seed=0)
        SlowEpochs(self.slow_epochs, self.slow_epoch_factor, seed=0)

    def without(self, kind: str) -> Faults:
        """Return the faults without those of a kind, one of `KINDS`; the others stay.

        >>> faults = Faults(mtbf=60.0, mttr=5.0, lost_probability=0.01)
        >>> faults.without("crashes") == Faults(lost_probability=0.01)
        True
        """
        none = Faults()
        return replace(self, **{name: getattr(none, name) for name in KINDS[kind]})

    def models(self, seed: int) -> Models:
        """Return the models that are switched on, each with its own random stream."""
        stragglers: list[Straggler] = []
        if self.lognormal_sigma:
            stragglers.append(LognormalStraggler(self.lognormal_sigma, seed))
        if self.pareto_alpha is not None:
            stragglers.append(ParetoStraggler(self.pareto_alpha, seed))
        outages: list[Outages] = []
        if self.mtbf is not None:
            outages.append(Renewals("crash", self.mtbf, self.mttr, seed))
        saves = self.save_on_preemption
        if self.preempted_every is not None:
            every, away = self.preempted_every, self.preempted_for
            outages.append(Renewals("preemption", every, away, seed, saves))
        if self.timetable:
            outages.append(Timetable(self.timetable, saves))
        return Models(
            stragglers=tuple(stragglers),
            slow_workers=SlowWorkers(self.slow_workers, self.slow_worker_factor, seed)
            if self.slow_workers
            else None,
            slow_epochs=SlowEpochs(self.slow_epochs, self.slow_epoch_factor, seed)
            if self.slow_epochs
            else None,
            losses=(Losses(self.lost_probability, seed),) if self.lost_probability else (),
            outages=tuple(outages),
        )
