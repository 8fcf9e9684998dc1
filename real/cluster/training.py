"""One job in the process of a worker: restore, train, save.

Owns the law that a job is trained once and completely, from the epoch where its trial paused. In
whichever process it runs, the losses are those of a training that was never paused. Must not know
the scheduler, nor the other workers.
"""

from __future__ import annotations

import contextlib
import faulthandler
import functools
import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, TypeAlias

import torch

from learning_curves import own, streams
from learning_curves.errors import InputError
from learning_curves.spaces import space as spaces
from learning_curves.spaces.space import Config
from real.cluster import checkpoints
from real.tasks.task import Task, Trainer, not_plain, train_epoch

THREADS = 1  # of each process that trains
_RAISED = BaseException  # by a user's code: not even sys.exit() ends a worker, or the run

MakeTask: TypeAlias = Callable[[], Task]
"""Returns the task, in whichever process; picklable, hashable and equal to its copies."""


class UnsavedError(Exception):
    """A file of a job cannot be written; the message says where and why."""


class FailedError(Exception):
    """A job failed, and its trial has not diverged; the message is what was raised, and where.

    The exception itself may be of a kind that does not survive the way to another process.
    """


class AbandonedError(Exception):
    """A job was begun by a process that has died, and must not be retried without a report."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """A job as it travels to a worker.

    Parameters
    ----------
    config, seed
        Of the training; the losses depend on them alone.
    start, stop
        Train from `start` to `stop` epochs.
    restore
        The checkpoint at `start`; where it cannot be had, the epochs before are trained again.
    save
        Where to leave the checkpoint at `stop`; None for no checkpoint.
    log
        A file that whoever trains this job creates; it gets the traceback of a job that hangs.
    timeout
        The seconds after which the process is ended; None for never.
    device
        The torch device, which must have ended its work when an epoch's seconds are taken.

    """

    config: Config
    seed: int
    start: int
    stop: int
    restore: Path
    save: Path | None
    log: Path
    timeout: float | None = None
    device: str = "cpu"


@dataclass(frozen=True, slots=True)
class Report:
    """The result of a job.

    Parameters
    ----------
    losses
        After each epoch ``start + 1 .. stop``; inf where diverged.
    seconds
        Of each epoch that was trained: as many as losses, or fewer where the training raised.
    restored, saved
        Seconds for loading and writing checkpoints.
    error
        What the training raised, and where, in one line; the losses from there on are inf.
    unreadable
        Why a checkpoint of the trial cannot be read back, in one line; empty if it can be, or if
        that was not tried.

    """

    losses: list[float]
    seconds: list[float] = field(default_factory=list)
    restored: float = 0.0
    saved: float = 0.0
    error: str = ""
    unreadable: str = ""


def settle(make_task: MakeTask) -> int:
    """Make this process ready to train; return its id.

    It loads the task, and what is loaded with the first trainer: torch takes seconds for that.
    """
    torch.set_num_threads(THREADS)
    task = _task(make_task)
    config = spaces.sample(task.space, streams.generator(0, "settle"), 1)[0]
    with contextlib.suppress(_RAISED):  # if it matters, the config's own job meets it again
        task.trainer(config, 0)
    return os.getpid()


def train(make_task: MakeTask, job: Assignment) -> Report:
    """Train `job` in this process.

    Raises
    ------
    UnsavedError
        The log or the checkpoint cannot be written.
    FailedError
        The trial could not be restored or saved.
    AbandonedError
        Another process has begun the job: an executor retried it on its own.

    """
    torch.set_num_threads(THREADS)
    with _claimed(job) as log, _in_one_line():
        _task(make_task)  # where the process is new; that is not the job's time
        with _timed(job, log):
            return _report(make_task, job)


def timed_epoch(
    trainer: Trainer, device: str, now: Callable[[], float] = time.perf_counter
) -> tuple[float, float]:
    """Train one epoch; return the loss, inf if it diverged, and the seconds, > 0."""
    started = now()
    loss = train_epoch(trainer)
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
    elif device == "mps":
        torch.mps.synchronize()
    seconds = max(now() - started, 1e-9)  # a coarse clock may not have ticked
    return (loss if math.isfinite(loss) else math.inf), seconds


_Place: TypeAlias = tuple[MakeTask, int, dict[str, object], int]
"""Where a trainer stands: of which task, seed and config, at which epoch."""


def _place(make_task: MakeTask, job: Assignment, epoch: int) -> _Place:
    return make_task, job.seed, dict(job.config), epoch


class _Memory(threading.local):
    """What a worker has in memory: the trainer of its last job, and where it stands."""

    trainer: tuple[_Place, Trainer] | None = None
    read_back: MakeTask | None = None  # the task whose first checkpoint here was read back


_memory = _Memory()


@functools.lru_cache(maxsize=1)
def _task(make_task: MakeTask) -> Task:
    return make_task()


@contextmanager
def _claimed(job: Assignment) -> Iterator[IO[str]]:
    """Create the job's log, which must not exist yet."""
    try:
        log = job.log.open("x", encoding="utf-8")
    except FileExistsError:
        raise AbandonedError("the process that started it has ended") from None
    except OSError as error:
        raise UnsavedError(f"{job.log}: {error.strerror}") from None
    with log:
        yield log


@contextmanager
def _timed(job: Assignment, log: IO[str]) -> Iterator[None]:
    """End the process, its traceback in `log`, if the job takes too long."""
    if job.timeout is not None:
        # Not a thread of Python's: it need not wait for training that never lets go.
        faulthandler.dump_traceback_later(job.timeout, exit=True, file=log)
    try:
        yield
    finally:
        faulthandler.cancel_dump_traceback_later()


@contextmanager
def _in_one_line() -> Iterator[None]:
    """Turn any exception of a user's code into one that can be sent to another process."""
    try:
        yield
    except UnsavedError:
        raise
    except _RAISED as error:
        raise FailedError(own.described(error)) from None


def _report(make_task: MakeTask, job: Assignment) -> Report:
    """Restore, train and save; return the result."""
    report, trainer = _trainer(make_task, job)
    if trainer is not None:
        report = _epochs(trainer, job, report)
    report.losses.extend([math.inf] * (job.stop - job.start - len(report.losses)))
    if trainer is None or report.losses[-1] == math.inf:
        return report  # no scheduler goes on with it
    if job.save is None:
        return report
    _memory.trainer = _place(make_task, job, job.stop), trainer
    report = _saved(trainer, job.save, report)
    if _memory.read_back != make_task:  # once a process: it costs as much as a restoration
        _memory.read_back = make_task
        report = replace(report, unreadable=report.unreadable or _unreadable(trainer, job.save))
    return report


def _trainer(make_task: MakeTask, job: Assignment) -> tuple[Report, Trainer | None]:
    """Return the report of restoring, and the trainer at `job.start`; None if making it raised."""
    held, _memory.trainer = _memory.trainer, None  # whatever comes, it will not stand there again
    if held is not None and held[0] == _place(make_task, job, job.start):
        return Report([]), held[1]
    del held  # or two models would need room
    task = _task(make_task)
    try:
        trainer = task.trainer(job.config, job.seed)
    except _RAISED as error:  # whatever a training raises, its trial has diverged
        return Report([], error=own.described(error)), None
    if job.start == 0:
        return Report([]), trainer
    started = time.perf_counter()
    unreadable = ""
    try:
        state = checkpoints.load(job.restore)  # the trainer brings it to its device
    except InputError as error:  # the same training, bit for bit, leads there again
        for _ in range(job.start):
            trainer.train_epoch()
        if isinstance(error, checkpoints.NotPlainError):  # neither gone nor damaged
            unreadable = _unreadable(trainer, job.restore)
    else:
        trainer.load_state_dict(state)
    return Report([], restored=time.perf_counter() - started, unreadable=unreadable), trainer


def _epochs(trainer: Trainer, job: Assignment, report: Report) -> Report:
    """Return `report` with the epochs that were trained."""
    error = ""
    try:
        for _ in range(job.start, job.stop):
            loss, seconds = timed_epoch(trainer, job.device)
            report.losses.append(loss)
            report.seconds.append(seconds)
    except _RAISED as raised:  # likewise
        error = own.described(raised)
    return replace(report, error=error)


def _saved(trainer: Trainer, path: Path, report: Report) -> Report:
    """Save the trial to `path`; return `report` with the seconds it took."""
    started = time.perf_counter()
    state = trainer.state_dict()
    try:
        checkpoints.save(path, state)
    except OSError as error:
        raise UnsavedError(f"{path}: {error.strerror or error}") from None
    except Exception as error:
        found = checkpoints.culprit(dict(state))
        if found is None:
            raise
        raise TypeError(not_plain(trainer.state_dict, found)) from error
    return replace(report, saved=time.perf_counter() - started)


def _unreadable(trainer: Trainer, path: Path) -> str:
    """Return why the checkpoint at `path` cannot be read back, and the remedy; empty if it can."""
    try:
        checkpoints.load(path)
    except checkpoints.NotPlainError:
        found = checkpoints.culprit(dict(trainer.state_dict()))
        if found is not None:
            return not_plain(trainer.state_dict, found)
    except InputError:  # it is gone, or the disk fails: what is in it, nobody knows
        pass
    return ""
