"""The protocol between a cluster and a scheduler.

Owns the types: trials, jobs, the two reasons for having no job, and the methods of schedulers and
searchers. A scheduler is a pure state machine: everything that affects its state is in the calls
listed here. It knows no clock, no worker and no file; it learns what was trained, never when.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple, Protocol, runtime_checkable


class Trial(NamedTuple):
    """A numbered config under study; the number is its identity.

    Trials and jobs are named tuples: immutable, and made in half the time of frozen dataclasses. A
    run makes two of them per job.

    >>> Trial(3, {"lr": 0.1}) == Trial(3, {"lr": 0.2})
    True
    """

    number: int
    config: Mapping[str, Any]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Trial) and self.number == other.number

    def __ne__(self, other: object) -> bool:
        return not self == other

    def __hash__(self) -> int:
        return hash(self.number)


class Job(NamedTuple):
    """Train a trial from `start` to `stop` epochs on one worker; a start of 0 is from scratch.

    The unit that is scheduled, reported and lost. `bracket` is the number of the
    bracket that it trains for, 0 for schedulers that have only one.
    """

    trial: Trial
    start: int
    stop: int
    bracket: int = 0


class Idle(Enum):
    """Why there is no job for a free worker."""

    WAIT = "nothing now; the end of a running job may change that"
    DONE = "nothing, ever again"


LOST = ("inf", "vanish")
"""What a lost job leaves at the rung it was training for: inf, or nothing, so the rung shrinks."""


def check_lost(lost: str) -> None:
    """Raise if `lost` is not in `LOST`.

    Raises
    ------
    ValueError
        It is not in `LOST`.

    """
    if lost not in LOST:
        raise ValueError(f"lost is {lost!r}: choose from {', '.join(LOST)}")


class ProtocolError(RuntimeError):
    """A call or an answer broke a law of the protocol; the state is unchanged.

    Parameters
    ----------
    message
        How the law is broken, in one line.
    law
        The name that `sim.testing.LAWS` gives the law; empty if the caller broke it.

    """

    def __init__(self, message: str, law: str = "") -> None:
        super().__init__(message)
        self.law = law


class Scheduler(Protocol):
    """Decides which job a free worker gets.

    The laws (`sim.schedulers.wrappers.contract.Contract` enforces 1 to 4 around any scheduler):

    1. `next_job` returns `Idle.WAIT` only while a job is running, since otherwise it would never be
       called again; `Idle.DONE` is final.
    2. A trial has at most one running job; a job starts where its trial last reported (0 at
       first), and ``start < stop <= r_max``.
    3. `job_done` and `job_lost` name a running job, once.
    4. A diverged loss (NaN or +inf) is recorded as inf: it fills its place in the rung, ranks
       last, and is never promoted.
    5. Ties rank the lower trial number first, unless the scheduler says otherwise; rank and
       promotion depend on recorded losses only, never on which jobs are running.
    6. For a lost job inf is recorded at the rung it was training for, so that no barrier waits for
       ever; or, with ``lost="vanish"`` (drop), its trial leaves that rung as if it had never
       entered it: the rung shrinks, and later rungs keep the room that they had.
    """

    @property
    def r_max(self) -> int:
        """The epoch at which a trial is finished."""
        ...

    def next_job(self) -> Job | Idle:
        """Return the job that a free worker is to run, or why there is none."""
        ...

    def job_done(self, job: Job, losses: Sequence[float]) -> None:
        """Record the losses after epochs ``job.start + 1 .. job.stop``, one for each."""
        ...

    def job_lost(self, job: Job) -> None:
        """Record that `job` will never report."""
        ...


@runtime_checkable
class Dropping(Protocol):
    """The optional part of the protocol: a scheduler that knows which trials it has dropped.

    It is for programs that keep checkpoints. Call the function `may_go_on`, which takes any
    scheduler.
    """

    def may_go_on(self, job: Job) -> bool:
        """Return whether the trial of `job`, the last job that it reported, may be trained further.

        False promises that no job will start where it paused. The call changes nothing. Call it for
        a trial that is not running, since a lost job may have to start there again.
        """
        ...


def may_go_on(scheduler: Scheduler, job: Job) -> bool:
    """Return `scheduler.may_go_on(job)`; if it has no such method, whether `job` ends below r_max.

    See `Dropping.may_go_on`. The cost is that of the scheduler's method.
    """
    if isinstance(scheduler, Dropping):
        return scheduler.may_go_on(job)
    return job.stop < scheduler.r_max


def waits_in(queue: Iterable[Job], job: Job) -> bool:
    """Return whether a job in `queue` starts where `job` has stopped. O(n)."""
    return any(each.trial == job.trial and each.start == job.stop for each in queue)


class Searcher(Protocol):
    """Numbers trials and draws their configs."""

    @property
    def adaptive(self) -> bool:
        """Whether it learns from what it observes; if not, `observe` need not be called."""
        ...

    def draw(self) -> Trial | None:
        """Return the next trial, with a new number; None once the space is exhausted, for ever."""
        ...

    def observe(self, trial: Trial, epoch: int, loss: float) -> None:
        """Record the loss of `trial` after `epoch`."""
        ...


def inform(searcher: Searcher, job: Job, losses: Sequence[float]) -> None:
    """Pass each loss that `job` reports to `searcher`, if it learns from them."""
    if searcher.adaptive:
        for epoch, loss in enumerate(losses, job.start + 1):
            searcher.observe(job.trial, epoch, loss)
