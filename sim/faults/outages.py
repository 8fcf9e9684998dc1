"""What takes jobs and workers away: losses, crashes, preemption, a timetable.

Owns when a job is lost and when a worker is not there, in the seconds of the run. A draw belongs to
(seed, trial, stop, attempt) of a job or (seed, worker, life) of a worker, not to the order of
events; when a worker is away does not depend on what it does. Must not know the scheduler.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from heapq import merge
from itertools import count
from math import inf, isfinite, log, log1p
from operator import attrgetter
from typing import NamedTuple, Protocol

from learning_curves.streams import uniform
from sim.schedulers.protocol import Job


@dataclass(frozen=True, slots=True)
class Losses:
    """In each second a job is lost with probability p; it survives T seconds with (1 - p)**T.

    The model of the ASHA paper (Li et al. 2020, Appendix A.1), in which a job of n epochs
    takes n units of time and p is 0.001, 0.005 or 0.01. T is all the time that the job takes, and
    the job may be lost at any moment of it.

    Parameters
    ----------
    probability
        p, from 0 to below 1.
    seed
        The seed of the experiment, >= 0.

    Raises
    ------
    ValueError
        `probability` is out of its range.

    """

    probability: float
    seed: int
    _log_survival: float = field(init=False, repr=False, compare=False)  # of a second

    def __post_init__(self) -> None:
        if not 0 <= self.probability < 1:
            raise ValueError(
                f"lost_probability is {self.probability}: give a probability per second, at "
                "least 0 and below 1"
            )
        object.__setattr__(self, "_log_survival", log1p(-self.probability))

    def after(self, job: Job, attempt: int) -> float:
        """Return the seconds, > 0, after which `job` is lost if it still runs; inf at p = 0."""
        if not self.probability:
            return inf
        u = uniform(self.seed, "lost", job.trial.number, job.stop, attempt)
        return log(u) / self._log_survival


class Outage(NamedTuple):
    """A worker is away from `start` to `stop`, in seconds since the run began.

    A `stop` of inf: it does not come back. With `saves` it leaves after its last whole epoch has
    been saved, so that the next attempt of its job starts there.
    """

    start: float
    stop: float
    saves: bool = False


class Outages(Protocol):
    """A model of when workers are away."""

    def of(self, worker: int) -> Iterable[Outage]:
        """Return the outages of one worker, in order and apart; there may be no end of them."""
        ...


@dataclass(frozen=True, slots=True)
class Renewals:
    """A worker is there for a random time, then away for a random time, and so on: exponential.

    Crash and repair (the means are the MTBF and the MTTR), or spot preemption and replacement.
    In the long run a worker is away for the share ``mean_away / (mean_there + mean_away)``.

    Parameters
    ----------
    purpose
        Names the stream of its draws, such as ``"crash"``.
    mean_there, mean_away
        Seconds, > 0 and >= 0.
    seed
        The seed of the experiment, >= 0.
    saves
        See `Outage`.

    Raises
    ------
    ValueError
        A mean is out of its range or not finite.

    """

    purpose: str
    mean_there: float
    mean_away: float
    seed: int
    saves: bool = False

    def __post_init__(self) -> None:
        check_renewal("mean_there", self.mean_there, "mean_away", self.mean_away)

    def of(self, worker: int) -> Iterator[Outage]:
        """Yield the outages of one worker, without end."""
        now = 0.0
        for life in count():
            start = now - self.mean_there * log(uniform(self.seed, self.purpose, worker, life, 0))
            now = start - self.mean_away * log(uniform(self.seed, self.purpose, worker, life, 1))
            yield Outage(start, now, self.saves)


Stay = tuple[float, ...]
"""(worker, joins, leaves): the number of a worker, and the seconds between which it is there."""


@dataclass(frozen=True, slots=True)
class Timetable:
    """Workers join and leave at known times: an elastic cluster.

    Parameters
    ----------
    stays
        When each of the workers that it names is there; it is away at all other times. A worker
        that it does not name is always there.
    saves
        See `Outage`.

    Raises
    ------
    ValueError
        A stay does not name a worker and two times, or they are out of order or overlap.

    Examples
    --------
    >>> table = Timetable([(1, 5.0, 10.0), (1, 20.0, float("inf"))])
    >>> [(outage.start, outage.stop) for outage in table.of(1)]
    [(0.0, 5.0), (10.0, 20.0)]
    >>> list(table.of(0))
    []

    """

    stays: Sequence[Stay]
    saves: bool = False

    def __post_init__(self) -> None:
        until: dict[float, float] = {}
        for stay in self.stays:
            whole = len(stay) == 3 and all(type(each) in {int, float} for each in stay)
            if not whole or not (0 <= stay[0] < inf and stay[0] == int(stay[0])):
                raise ValueError(
                    f"the timetable says {list(stay)}: give the number of a worker, and the "
                    "seconds at which it joins and leaves"
                )
        for worker, joins, leaves in sorted(self.stays):
            if not (0 <= joins < inf and joins < leaves):
                raise ValueError(
                    f"in the timetable worker {worker:g} joins at {joins} and leaves at {leaves}: "
                    "give seconds, 0 or more, the first before the second"
                )
            if joins < until.get(worker, 0.0):
                raise ValueError(
                    f"in the timetable worker {worker:g} joins at {joins}, before it has left at "
                    f"{until[worker]}: write its stays in order of time"
                )
            until[worker] = leaves

    @property
    def workers(self) -> int:
        """How many workers there must be for all that it names."""
        return 1 + int(max((stay[0] for stay in self.stays), default=-1))

    def of(self, worker: int) -> Iterator[Outage]:
        """Yield the times at which the worker is not there."""
        stays = sorted(stay[1:] for stay in self.stays if stay[0] == worker)
        away = 0.0
        for joins, leaves in stays:
            if away < joins:
                yield Outage(away, joins, self.saves)
            away = leaves
        if stays and away < inf:
            yield Outage(away, inf, self.saves)


def merged(models: Sequence[Outages], worker: int, horizon: float = inf) -> Iterator[Outage]:
    """Yield when `worker` is away by any of the models, in order and apart; outages that meet join.

    Where several overlap, the first to begin decides whether the worker saves. After an outage that
    ends beyond the `horizon` no other is yielded, and its end may be too early.

    Examples
    --------
    >>> stays = [(0, 0.0, 4.0), (0, 6.0, float("inf"))], [(0, 0.0, 5.0), (0, 9.0, float("inf"))]
    >>> list(merged([Timetable(each) for each in stays], worker=0))
    [Outage(start=4.0, stop=9.0, saves=False)]

    """
    current: Outage | None = None
    for outage in merge(*(model.of(worker) for model in models), key=attrgetter("start")):
        if current is None:
            current = outage
        elif outage.start <= current.stop:
            current = current._replace(stop=max(current.stop, outage.stop))
        else:
            yield current
            current = outage
        if current.stop >= horizon:
            break  # what comes after it can say nothing new
    if current is not None:
        yield current


def check_renewal(there: str, seconds_there: float, away: str, seconds_away: float) -> None:
    """Raise a ValueError, by these names, unless these times are possible.

    With a worker that is hardly ever there, the clock would have events without any effect.
    """
    if not (isfinite(seconds_away) and seconds_away >= 0):
        raise ValueError(f"{away} is {seconds_away}: give seconds, 0 or more")
    least = max(1e-3, 1e-6 * seconds_away)
    if not (isfinite(seconds_there) and seconds_there >= least):
        raise ValueError(
            f"{there} is {seconds_there}: give seconds, at least {least:g} with {away} "
            f"{seconds_away:g}"
        )
