"""Crews: for each worker of a live cluster, the executor that runs its jobs.

Owns how processes start, how they end, and why. Must not know what a job is, nor which worker gets
it. A process whose parent has ended, for whatever reason, ends at once.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any, Protocol, TypeAlias

from learning_curves.errors import InputError

_PR_SET_PDEATHSIG = 1  # Linux: the signal to get when the thread that started this process ends

Settle: TypeAlias = Callable[[], object]
"""Makes a fresh process ready to train; picklable."""


class GoneError(ConnectionError):
    """The executor cannot be reached any more; this is not the fault of the job."""


class Crew(Protocol):
    """Gives each worker an executor, to be used for one job at a time."""

    @property
    def in_processes(self) -> bool:
        """Whether jobs run in separate processes, which may be ended without harm to ours."""
        ...

    def submit(self, worker: int, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Have `worker` call `function`; in a new process if its last one has died."""
        ...

    def end(self, worker: int) -> str:
        """End the process of `worker`, if it has its own and this is alive; return how it ended.

        The text is empty if that is unknown.
        """
        ...

    def stop(self) -> None:
        """End all that runs, now."""
        ...


class Shared:
    """The crew whose workers share one executor of threads.

    Parameters
    ----------
    executor
        Can run as many calls at a time as there are workers; it is not shut down.

    """

    in_processes = False

    def __init__(self, executor: Executor) -> None:
        self.executor = executor
        self._futures: dict[int, Future[Any]] = {}

    def submit(self, worker: int, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Have `worker` call `function`."""
        self._futures[worker] = self.executor.submit(function, *arguments)
        return self._futures[worker]

    def end(self, worker: int) -> str:
        """Cancel the call of `worker`, if it has not begun."""
        self._futures[worker].cancel()
        return ""

    def stop(self) -> None:
        """Cancel all calls that have not begun."""
        for worker in self._futures:
            self.end(worker)


@dataclass(slots=True)
class _Member:
    executor: ProcessPoolExecutor
    process: BaseProcess


class Processes:
    """The crew of local processes, one per worker, each with its own executor.

    With one pool for all, the death of one process would lose the jobs of all.

    Parameters
    ----------
    workers
        How many.
    settle
        The first call in each process; the crew is ready when all have returned.
    gpus
        How many GPUs to share among the workers: worker i sees only GPU ``i % gpus``. 0 leaves
        the processes as they are.

    Raises
    ------
    InputError
        A process dies or fails while it settles.

    """

    in_processes = True

    def __init__(self, workers: int, settle: Settle, *, gpus: int = 0) -> None:
        self._gpus = gpus
        self._members: dict[int, _Member] = {}
        try:
            settling = [self.submit(worker, settle) for worker in range(workers)]
            for worker, settled in enumerate(settling):
                self._await(worker, settled, settle)
        except BaseException as error:
            self.stop()
            if isinstance(error, InputError) or not isinstance(error, Exception):
                raise
            raise InputError(f"the process of a worker cannot start: {error}") from error

    def submit(self, worker: int, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Have `worker` call `function`; in a new process if its last one has died."""
        member = self._members.get(worker)
        if member is not None:
            try:
                return member.executor.submit(function, *arguments)
            except BrokenProcessPool:  # it has died between jobs
                self.end(worker)
        return self._hire(worker, function, *arguments)

    def end(self, worker: int) -> str:
        """End the process of `worker`, if it is alive; return how it ended."""
        member = self._members.get(worker)
        if member is None:
            return ""
        member.process.kill()
        member.executor.shutdown(cancel_futures=True)
        member.process.join()
        del self._members[worker]
        return _how(member.process.exitcode)

    def stop(self) -> None:
        """End all processes."""
        for member in self._members.values():
            member.process.kill()
        for worker in list(self._members):
            self.end(worker)

    def _await(self, worker: int, settled: Future[Any], settle: Settle) -> None:
        """Wait until the process of `worker` has settled; if it was killed, in a second one."""
        try:
            settled.result()
        except BrokenProcessPool:
            self.end(worker)
            try:
                self.submit(worker, settle).result()
            except BrokenProcessPool:
                raise InputError(f"a worker cannot start: {self.end(worker)}") from None

    def _hire(self, worker: int, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        gpu = worker % self._gpus if self._gpus else None
        executor = ProcessPoolExecutor(
            1, multiprocessing.get_context("spawn"), initializer=_begin, initargs=(gpu,)
        )
        before = set(multiprocessing.active_children())
        with deaf_to_ctrl_c():  # the first submission starts the process
            future = executor.submit(function, *arguments)
            (process,) = set(multiprocessing.active_children()) - before
            self._members[worker] = _Member(executor, process)
        return future


@contextlib.contextmanager
def deaf_to_ctrl_c() -> Iterator[None]:
    """Let the processes that are started within ignore Ctrl-C from their start.

    Ctrl-C reaches the whole group of processes; this process handles it, and ends the others.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _begin(gpu: int | None) -> None:
    """Start a process: it sees its own GPU, and ends with its parent."""
    if gpu is not None:
        shown = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")  # by number or by name
        os.environ["CUDA_VISIBLE_DEVICES"] = (
            shown[gpu] if gpu < len(shown) and shown[gpu] else str(gpu)
        )
    os.dup2(2, 1)  # what a task prints does not get among our answers
    if sys.platform == "linux":  # a training that never lets Python go cannot follow below
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        wait([parent.sentinel])
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()


def _how(code: int | None) -> str:
    """Return how a process with this exit code ended.

    >>> _how(17), _how(-9)
    ('its process exited with code 17', 'its process was killed by SIGKILL')
    """
    if code is not None and code < 0:
        return f"its process was killed by {signal.Signals(-code).name}"
    return f"its process exited with code {code}"
