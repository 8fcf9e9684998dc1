"""Crews: for each worker of a live cluster, the executor that runs its jobs.

Owns how processes are born, how they end, and why. Must not know what a job is, nor who gets which.
A process whose parent is gone, however it went, ends at once.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import logging
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess
from typing import Any, Protocol, TypeAlias

from learning_curves.errors import InputError

_DASK_SECONDS = 10.0  # to wait for an answer of a Dask scheduler
_PR_SET_PDEATHSIG = 1  # Linux: the signal to get when the thread that started this process ends

Settle: TypeAlias = Callable[[], object]
"""Makes a fresh process ready to train; picklable."""


class GoneError(ConnectionError):
    """Whoever was to train cannot be reached any more: no fault of the job's."""


class Crew(Protocol):
    """Gives each worker an executor, to be used for one job at a time."""

    @property
    def in_processes(self) -> bool:
        """Whether jobs run in processes of their own, which may be ended without harm to ours."""
        ...

    def submit(self, worker: int, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Have `worker` call `function`; in a new process if its last one has died."""
        ...

    def end(self, worker: int) -> str:
        """End the process of `worker`, if it has one of its own and still lives; say how it ended.

        The answer is empty where that cannot be known.
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
        One that can run as many calls at a time as there are workers; not shut down.

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
        """Give up what `worker` runs, if it has not begun."""
        self._futures[worker].cancel()
        return ""

    def stop(self) -> None:
        """Give up all that has not begun."""
        for worker in self._futures:
            self.end(worker)


class Dask:
    """The crew of a Dask cluster, which knows no worker of ours: a job goes to a free process.

    Its workers must see the folder of the run under the same path, and find the task's module in
    the folder they were started in or by their ``PYTHONPATH``; this package must be installed for
    them and for the scheduler. Each is a process with one thread and a nanny, as ``dask worker
    ADDRESS --nthreads 1`` starts it: the nanny replaces a process that died or was ended. A process
    that is at a job when the run ends or stops goes on to the end of this job; nobody hears of it.

    Parameters
    ----------
    address
        Of the scheduler, such as ``tcp://10.0.0.1:8786``.
    settle
        What each process does first; one that comes later does without.
    workers
        How many processes are needed at least; they are waited for, but not for long.

    Raises
    ------
    InputError
        Dask is not installed, nobody answers, or the processes there are not as they must be.

    """

    in_processes = True

    def __init__(self, address: str, settle: Settle, *, workers: int = 1) -> None:
        try:
            import distributed  # noqa: PLC0415 - an extra
            from distributed.comm.addressing import get_address_host  # noqa: PLC0415 - likewise
        except ModuleNotFoundError as error:
            raise InputError(
                "dask is needed: install it by pip install 'distributed>=2024.5'"
            ) from error
        self._address = address
        self._tasks: dict[int, distributed.Future[Any]] = {}
        # It would print how it fails to reconnect; `GoneError` says that.
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
        try:
            get_address_host(address)  # a client of a wrong one is slow to die
            self._client = distributed.Client(address, timeout=_DASK_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise InputError(f"--dask {address}: no Dask scheduler answers ({error})") from None
        try:
            self._settle(settle, self._processes(workers))
        except BaseException:
            self.stop()
            raise

    def submit(self, worker: int, function: Callable[..., Any], *arguments: Any) -> Future[Any]:
        """Have a free process call `function`.

        Raises
        ------
        GoneError
            The scheduler is.

        """
        if self._client.status != "running":
            raise self._gone()
        # A call is not a pure function of its arguments, and is not to be tried again in secret.
        task = self._client.submit(function, *arguments, pure=False, retries=0)
        future: Future[Any] = Future()
        task.add_done_callback(partial(self._hand_over, future))
        self._tasks[worker] = task
        return future

    def end(self, worker: int) -> str:
        """Give up what `worker` runs, if it has not begun."""
        self._tasks[worker].cancel()
        return ""

    def stop(self) -> None:
        """Give up all that has not begun, and leave the cluster."""
        self._client.cancel(list(self._tasks.values()))
        self._client.close()

    def _processes(self, workers: int) -> list[str]:
        """Return the addresses of the cluster's processes, at least `workers`, of a thread each."""
        with contextlib.suppress(TimeoutError):
            self._client.wait_for_workers(workers, timeout=_DASK_SECONDS)
        threads = self._client.nthreads()
        if len(threads) < workers:
            raise InputError(
                f"--dask {self._address} has {len(threads)} of {workers} workers: start more by "
                f"dask worker {self._address} --nthreads 1, or take fewer --workers"
            )
        most = max(threads.values())
        if most > 1:  # the time limit ends a whole process, and there is one of it in each
            raise InputError(
                f"--dask {self._address} has a worker of {most} threads: start processes of one, "
                f"by dask worker {self._address} --nworkers {most} --nthreads 1"
            )
        return list(threads)

    def _settle(self, settle: Settle, processes: list[str]) -> None:
        """Have each process settle."""
        tasks = [  # one that has died in the meantime is not waited for
            self._client.submit(settle, pure=False, workers=[each], allow_other_workers=True)
            for each in processes
        ]
        try:
            self._client.gather(tasks)
        except Exception as error:
            cause = error.__cause__ or error  # Dask's own words are long, and name no module
            said = " ".join(f"{cause}".split()) or type(cause).__name__
            if isinstance(cause, ImportError):
                said += ": install there, beside its scheduler too, what is installed here"
            raise InputError(f"--dask {self._address}: a worker cannot begin: {said}") from error

    def _hand_over(self, future: Future[Any], task: Any) -> None:
        """Let `future` end as `task` has."""
        try:
            future.set_result(task.result())
        except BaseException as error:  # noqa: BLE001 - it is the caller's
            alive = self._client.status == "running"
            future.set_exception(error if alive else self._gone())

    def _gone(self) -> GoneError:
        return GoneError(errno.ECONNABORTED, "the Dask scheduler answers no more", self._address)


@dataclass(slots=True)
class _Member:
    executor: ProcessPoolExecutor
    process: BaseProcess


class Processes:
    """The crew of local processes, one a worker, each with an executor of its own.

    One pool for all would lose the jobs of all with the death of one.

    Parameters
    ----------
    workers
        How many.
    settle
        What each process does first; the crew is ready when all have.
    gpus
        How many GPUs to share among the workers: worker i is shown GPU ``i % gpus`` only. 0 leaves
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
        except InputError:
            self.stop()
            raise
        except Exception as error:
            self.stop()
            raise InputError(f"a worker's process cannot begin: {error}") from error
        except BaseException:
            self.stop()
            raise

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
        """End the process of `worker`, if it still lives; say how it ended."""
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
                raise InputError(f"a worker cannot begin: {self.end(worker)}") from None

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
    """Let the processes that are started within ignore Ctrl-C from birth.

    It reaches the whole group of processes; this one answers it, and ends the others.
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
    """Begin a process: it sees its own GPU, and does not outlive its parent."""
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
    """Say how a process with this exit code ended.

    >>> _how(17), _how(-9)
    ('its process ended with code 17', 'its process was ended by SIGKILL')
    """
    if code is not None and code < 0:
        return f"its process was ended by {signal.Signals(-code).name}"
    return f"its process ended with code {code}"
