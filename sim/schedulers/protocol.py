"""The conversation between a cluster and a scheduler.

Owns the words: trials, jobs, the two ways to have no job, and what schedulers and searchers must
answer. A scheduler is a pure state machine: everything that affects its state is in the calls
listed here. It knows no clock, no worker and no file; it is told what was trained, never when.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum
from typing import Any, NamedTuple, Protocol, runtime_checkable


class Trial(NamedTuple):
    """A numbered config under study; the number is its identity.

    Trials and jobs are named tuples: immutable, and made in half the time of frozen dataclasses,
    of which a run makes two a job.

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

    The unit that is scheduled, reported and lost. `bracket` says for whose ladder of rungs it
    trains; it is 0 for schedulers that have but one.
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
    """Refuse what is not in `LOST`.

    Raises
    ------
    ValueError
        It is not there.

    """
    if lost not in LOST:
        raise ValueError(f"lost is {lost!r}: choose from {', '.join(LOST)}")


class ProtocolError(RuntimeError):
    """A call or an answer against the laws of the protocol; it left the state as it was."""


class Scheduler(Protocol):
    """Decides which job a free worker gets.

    The laws (`sim.schedulers.wrappers.contract.Contract` enforces 1 to 3 around any scheduler):

    1. `Idle.WAIT` is answered only while a job is running, or nobody would ever ask again;
       `Idle.DONE` is final.
    2. A trial has at most one running job; a job starts where its trial last reported (0 at
       first), and ``start < stop <= r_max``.
    3. `job_done` and `job_lost` name a running job, once.
    4. A diverged loss (NaN or +inf) is recorded as inf: it fills its place in the rung, ranks
       last, and is never promoted.
    5. Ties rank the lower trial number first; rank and promotion depend on recorded losses only,
       never on who is running.
    6. A lost job records inf at the rung it was training for, so that no barrier waits for ever;
       or, with ``lost="vanish"``, it leaves its rung as if it had never entered it: the rung
       shrinks, and the rooms of later rungs stay what they were.
    """

    @property
    def r_max(self) -> int:
        """The epoch at which a trial is finished."""
        ...

    def next_job(self) -> Job | Idle:
        """Answer a free worker: the job it is to run, or why there is none."""
        ...

    def job_done(self, job: Job, losses: Sequence[float]) -> None:
        """Hear the losses after epochs ``job.start + 1 .. job.stop``, one for each."""
        ...

    def job_lost(self, job: Job) -> None:
        """Hear that `job` will never report."""
        ...


@runtime_checkable
class Dropping(Protocol):
    """The optional part of the protocol: a scheduler that can tell which trials it has dropped.

    Who keeps checkpoints asks; ask through the function `may_go_on`, which any scheduler answers.
    """

    def may_go_on(self, job: Job) -> bool:
        """Tell whether the trial of `job`, the last job that it reported, may be trained further.

        False promises that no job will start where it paused. Asking changes nothing; it is to be
        asked of a trial that is not running, since a lost job may have to start there once more.
        """
        ...


def may_go_on(scheduler: Scheduler, job: Job) -> bool:
    """Ask `scheduler`, if it can tell, else answer that all below r_max may go on.

    See `Dropping.may_go_on`; its cost is the scheduler's.
    """
    if isinstance(scheduler, Dropping):
        return scheduler.may_go_on(job)
    return job.stop < scheduler.r_max


def waits_in(queue: Iterable[Job], job: Job) -> bool:
    """Tell whether a job in `queue` starts where `job` has stopped. O(n)."""
    return any(each.trial == job.trial and each.start == job.stop for each in queue)


class Searcher(Protocol):
    """Numbers trials and draws their configs."""

    @property
    def adaptive(self) -> bool:
        """Whether it learns from what it observes; if not, it need not be told."""
        ...

    def draw(self) -> Trial | None:
        """Return the next trial, its number new; None once the space is exhausted, for ever."""
        ...

    def observe(self, trial: Trial, epoch: int, loss: float) -> None:
        """Hear the loss of `trial` after `epoch`."""
        ...


def inform(searcher: Searcher, job: Job, losses: Sequence[float]) -> None:
    """Tell `searcher` each loss that `job` reports, if it learns from them."""
    if searcher.adaptive:
        for epoch, loss in enumerate(losses, job.start + 1):
            searcher.observe(job.trial, epoch, loss)
