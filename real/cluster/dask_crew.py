"""The crew of a Dask cluster, for when one machine is not enough.

Owns the connection to a Dask cluster, and the requirements on it. Must not know what a job is, nor
which worker gets it.
"""

from __future__ import annotations

import contextlib
import errno
import logging
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import TYPE_CHECKING, Any

from learning_curves.errors import InputError
from real.cluster.crew import GoneError, Settle

if TYPE_CHECKING:
    import distributed

_DASK_SECONDS = 10.0  # to wait for an answer of a Dask scheduler


class Dask:
    """The crew of a Dask cluster: a job goes to any free process, whichever worker it is for.

    Its workers must see the folder of the run under the same path, and find the task's module in
    the folder they were started in or by their ``PYTHONPATH``; this package must be installed for
    them and for the scheduler. Each is a process with one thread and a nanny, as ``dask worker
    ADDRESS --nthreads 1`` starts it: the nanny replaces a process that died or was ended. A process
    that is running a job when the run ends or stops goes on to the end of this job, whose report is
    ignored.

    Parameters
    ----------
    address
        Of the scheduler, such as ``tcp://10.0.0.1:8786``.
    settle
        The first call in each process; processes that come later omit it.
    workers
        How many processes are needed at least; they are waited for, but not for long.

    Raises
    ------
    InputError
        Dask is not installed, no scheduler answers, or its processes do not meet the requirements.

    """

    in_processes = True

    def __init__(self, address: str, settle: Settle, *, workers: int = 1) -> None:
        try:
            import distributed  # noqa: PLC0415 - an extra
            from distributed.comm.addressing import get_address_host  # noqa: PLC0415 - likewise
        except ModuleNotFoundError as error:
            raise InputError("dask is not installed: pip install 'distributed>=2024.5'") from error
        self._address = address
        self._tasks: dict[int, distributed.Future[Any]] = {}
        # It would print how it fails to reconnect; `GoneError` says that.
        logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
        try:
            get_address_host(address)  # a client of a wrong one is slow to die
            self._client = distributed.Client(address, timeout=_DASK_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise InputError(
                f"--dask {address}: no Dask scheduler answers there ({error})"
            ) from None
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
            The scheduler cannot be reached.

        """
        if self._client.status != "running":
            raise self._gone()
        # A call is not a pure function of its arguments, and must not be retried by Dask.
        task = self._client.submit(function, *arguments, pure=False, retries=0)
        future: Future[Any] = Future()
        task.add_done_callback(partial(self._hand_over, future))
        self._tasks[worker] = task
        return future

    def end(self, worker: int) -> str:
        """Cancel the call of `worker`, if it has not begun."""
        self._tasks[worker].cancel()
        return ""

    def stop(self) -> None:
        """Cancel all calls that have not begun, and leave the cluster."""
        self._client.cancel(list(self._tasks.values()))
        self._client.close()

    def _processes(self, workers: int) -> list[str]:
        """Return the addresses of at least `workers` processes, with one thread each."""
        with contextlib.suppress(TimeoutError):
            self._client.wait_for_workers(workers, timeout=_DASK_SECONDS)
        threads = self._client.nthreads()
        if len(threads) < workers:
            raise InputError(
                f"--dask {self._address} has {len(threads)} of {workers} workers: start more "
                f"with dask worker {self._address} --nthreads 1, or give fewer --workers"
            )
        most = max(threads.values())
        if most > 1:  # the time limit ends a whole process, and there is one of it in each
            raise InputError(
                f"--dask {self._address} has a worker of {most} threads: start processes of "
                f"one thread with dask worker {self._address} --nworkers {most} --nthreads 1"
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
                said += ": install the same packages there, and on the machine of its scheduler"
            raise InputError(f"--dask {self._address}: a worker cannot start: {said}") from error

    def _hand_over(self, future: Future[Any], task: Any) -> None:
        """Give `future` the result of `task`."""
        try:
            future.set_result(task.result())
        except BaseException as error:  # noqa: BLE001 - it is the caller's
            alive = self._client.status == "running"
            future.set_exception(error if alive else self._gone())

    def _gone(self) -> GoneError:
        return GoneError(errno.ECONNABORTED, "the Dask scheduler no longer answers", self._address)
