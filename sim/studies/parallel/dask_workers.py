"""The workers of a Dask cluster as pools of one process each.

Owns the connection to the cluster, and what happens when workers or the scheduler go. Must
not know the work. Dask itself has the tasks of a worker that died done by another one.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future
from contextlib import contextmanager, suppress
from functools import partial
from hashlib import sha256
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from learning_curves.errors import InputError, need, one_line
from sim.studies.parallel import inputs
from sim.studies.parallel.pool import Here

if TYPE_CHECKING:
    import distributed

P = ParamSpec("P")
T = TypeVar("T")

LOCAL = "local"
"""In place of an address: a cluster of processes on this machine, for as long as it is needed."""

_SECONDS = 10.0  # to wait for an answer of a scheduler, and for its first worker
_LOOK = 1.0  # seconds between two looks at which workers there are


@contextmanager
def dask_workers(address: str, processes: int) -> Iterator[DaskWorkers]:
    """Yield the workers of a Dask cluster.

    Parameters
    ----------
    address
        Of its scheduler, such as ``tcp://10.0.0.1:8786``, or `LOCAL`.
    processes
        The number of workers of a local cluster.

    Raises
    ------
    InputError
        Dask is not installed, no scheduler answers there, it lacks this rungsim, or it has no
        workers of one thread. Later the scheduler was lost, or a task ended several workers.

    """
    need("distributed", "--dask", "dask")
    with _cluster(address, processes) as found, _connected(found) as client:
        workers = DaskWorkers(client, found)
        try:
            yield workers
        except BrokenExecutor:
            raise InputError(
                f"--dask {address}: the Dask scheduler no longer answers: the same command "
                "continues the work"
            ) from None
        except _killed_worker() as error:
            raise InputError(
                f"--dask {address}: the same work ended {error.allowed_failures + 1} workers, "
                "maybe because memory ran out: the same command continues the work; give the "
                "workers more memory"
            ) from None
        finally:
            workers.leave()


@contextmanager
def _cluster(address: str, processes: int) -> Iterator[str]:
    """Yield the address of the scheduler; start a local cluster, and end it."""
    if address != LOCAL:
        yield address
        return
    import distributed  # noqa: PLC0415  an extra

    with distributed.LocalCluster(
        n_workers=processes,
        threads_per_worker=1,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        silence_logs=logging.CRITICAL,
    ) as cluster:
        yield cluster.scheduler_address


@contextmanager
def _connected(address: str) -> Iterator[distributed.Client]:
    import dask  # noqa: PLC0415  an extra
    import distributed  # noqa: PLC0415  likewise
    from distributed.comm.addressing import get_address_host  # noqa: PLC0415  likewise

    # It would print how it fails to reconnect; our one line says that.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    with dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 GB"}):
        try:
            get_address_host(address)  # a client of a wrong one is slow to die
            client = distributed.Client(address, timeout=_SECONDS, set_as_default=False)
        except (OSError, ValueError) as error:
            raise InputError(
                f"--dask {address}: no Dask scheduler answers there ({error})"
            ) from None
        with client:
            yield client


def _killed_worker() -> type[Any]:
    from distributed import KilledWorker  # noqa: PLC0415  an extra

    found: type[Any] = KilledWorker
    return found


class DaskWorkers:
    """The workers of a Dask cluster, each a pool of one process; see `pool.Pools`.

    Workers that join are used, and those that leave no longer. A task that a worker was given goes
    to another one if it dies; while there is none, the task waits. Workers of several threads,
    whose runs would share what they must not, are refused, and not used if they join later.

    Parameters
    ----------
    client
        The connection.
    address
        The scheduler's, for messages.

    Raises
    ------
    InputError
        There is no worker, or one has several threads, or the scheduler lacks this rungsim.

    """

    def __init__(self, client: distributed.Client, address: str) -> None:
        self.helper: Executor = Here()
        self._client = client
        self._pools: dict[str, _Worker] = {}
        self._now: Sequence[_Worker] = ()
        self._ended = Event()
        with suppress(TimeoutError):
            client.wait_for_workers(1, timeout=_SECONDS)
        threads = client.nthreads()
        if not threads:
            raise InputError(
                f"--dask {address} has no worker: start some with dask worker {address} "
                "--nthreads 1"
            )
        # It unpickles what it hands on.
        ask = partial(client.run_on_scheduler, *inputs.QUESTION)
        inputs.check_answer(ask, "the scheduler")
        most = max(threads.values())
        if most > 1:
            raise InputError(
                f"--dask {address} has a worker of {most} threads: start processes of one thread "
                f"with dask worker {address} --nworkers {most} --nthreads 1"
            )
        self._look()
        Thread(target=self._watch, daemon=True).start()

    def now(self) -> Sequence[Executor]:
        """Return a pool for each worker; while there is none, the last ones."""
        return self._now

    def shared(self, content: bytes) -> object:
        """Send `content` to the cluster; a worker that needs it gets it from the scheduler."""
        # A task that returns it: Dask repeats it if the worker that has the result dies.
        key = f"rungsim-{sha256(content).hexdigest()}"
        return self._client.submit(bytes, content, key=key)

    def leave(self) -> None:
        """Look no longer for workers that come or go."""
        self._ended.set()

    def _watch(self) -> None:
        while not self._ended.wait(_LOOK):
            # A connection is lost in many ways, of which the tasks tell.
            with suppress(Exception):
                self._look()

    def _look(self) -> None:
        threads = self._client.nthreads()
        names = [name for name, number in threads.items() if number == 1]
        if names and set(names) != set(self._pools):
            self._pools = {
                name: self._pools.get(name) or _Worker(self._client, name) for name in names
            }
            self._now = tuple(self._pools.values())


class _Worker(Executor):
    """One worker; if it dies, another does its work."""

    def __init__(self, client: distributed.Client, name: str) -> None:
        self._client = client
        self._name = name

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have the worker call `fn`.

        Raises
        ------
        BrokenExecutor
            The scheduler is lost.

        """
        if self._client.status != "running":
            raise BrokenExecutor
        task = self._client.submit(
            fn, *args, **kwargs, workers=[self._name], allow_other_workers=True, pure=False
        )
        future: Future[T] = Future()
        task.add_done_callback(partial(_hand_over, future))
        return future


# The executor of Dask itself leaves a task without result if the connection is lost at its end.
def _hand_over(future: Future[Any], task: distributed.Future[Any]) -> None:
    """Give `future` the result of a task that has ended."""
    try:
        if task.status == "error":
            future.set_exception(task.exception())
        else:
            future.set_result(task.result())
    except BaseException as error:  # noqa: BLE001  whatever it was, the result is lost
        future.set_exception(BrokenExecutor(one_line(error)))
