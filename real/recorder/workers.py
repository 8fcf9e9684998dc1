"""Processes that train curves, one curve and one thread each.

Owns the processes and what is said over their pipes. Must not know the origin of the configs or
the use of the curves. A worker whose parent has ended, for whatever reason, ends at its next epoch.
"""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnProcess
from typing import Literal, TypeAlias

import torch

from learning_curves.errors import one_line
from real.cluster.crew import deaf_to_ctrl_c
from real.cluster.training import THREADS, timed_epoch
from real.recorder.events import Epoch, Failure, Order
from real.tasks.task import Task

Clock: TypeAlias = Literal["wall", "cpu"]
"""What an epoch's seconds are: of the wall clock, or of the process on its processor."""

_CLOCKS: dict[Clock, Callable[[], float]] = {"wall": time.perf_counter, "cpu": time.process_time}


@dataclass(slots=True)
class _Worker:
    process: SpawnProcess
    connection: Connection
    order: Order


def train(
    make_task: Callable[[], Task],
    orders: Sequence[Order],
    *,
    processes: int,
    clock: Clock = "wall",
    device: str = "cpu",
) -> Generator[Epoch | Failure, None, None]:
    """Train `orders` on worker processes and yield each epoch as it ends.

    An order's epochs come in sequence, the orders' interleaved. An order whose training raises, or
    whose process dies, yields a `Failure`; the others go on. Closing the iterator, or an exception
    at the caller, ends the processes.

    Parameters
    ----------
    make_task
        Picklable; called once in each process.
    orders
        Begun in this sequence.
    processes
        At most this many at a time, >= 1.
    clock, device
        How seconds are taken, and the torch device that must have ended its work by then.

    """
    queue = deque(orders)
    workers: list[_Worker] = []
    try:
        while queue or workers:
            while queue and len(workers) < processes:
                workers.append(_start(make_task, clock, device, queue.popleft()))
            ready = wait([worker.connection for worker in workers])
            for worker in [worker for worker in workers if worker.connection in ready]:
                message = _receive(worker)
                yield message
                if isinstance(message, Epoch) and message.number < worker.order.r_max:
                    continue
                if not queue or not _give(worker, queue[0]):
                    workers.remove(worker)
                    _end(worker)
                else:
                    queue.popleft()
    finally:
        for worker in workers:
            worker.process.terminate()
            _end(worker)


def _start(make_task: Callable[[], Task], clock: Clock, device: str, order: Order) -> _Worker:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(
        target=_work, args=(theirs, make_task, clock, device), daemon=True, name="recorder"
    )
    with deaf_to_ctrl_c():
        process.start()
    theirs.close()  # so that the end of the process is the end of the pipe
    worker = _Worker(process, ours, order)
    _give(worker, order)
    return worker


def _give(worker: _Worker, order: Order) -> bool:
    try:
        worker.connection.send(order)
    except OSError:  # the process has died; `_receive` says so if it had an order
        return False
    worker.order = order
    return True


def _receive(worker: _Worker) -> Epoch | Failure:
    try:
        message: Epoch | Failure = worker.connection.recv()
    except (EOFError, OSError):
        worker.process.join()
        return Failure(worker.order, f"its process exited with code {worker.process.exitcode}")
    return message


def _end(worker: _Worker) -> None:
    worker.connection.close()
    worker.process.join()
    worker.process.close()


def _work(connection: Connection, make_task: Callable[[], Task], clock: Clock, device: str) -> None:
    """Be a worker process: train each order that comes, until the parent closes the pipe."""
    torch.set_num_threads(THREADS)
    task = functools.cache(make_task)
    warm = False
    with contextlib.suppress(EOFError, OSError):  # the parent is gone, or has no more
        while True:
            order: Order = connection.recv()
            for message in _train_one(task, order, clock, device, warm=warm):
                connection.send(message)
            warm = True


def _train_one(
    make_task: Callable[[], Task], order: Order, clock: Clock, device: str, *, warm: bool
) -> Iterator[Epoch | Failure]:
    now = _CLOCKS[clock]
    try:
        task = make_task()
        if not warm:
            # The first epoch in a process pays for the start of the libraries: not recorded.
            task.trainer(order.config, order.seed).train_epoch()
        trainer = task.trainer(order.config, order.seed)
        for number in range(1, order.r_max + 1):
            error, seconds = timed_epoch(trainer, device, now)
            yield Epoch(order, number, error, seconds)
    except Exception as error:  # noqa: BLE001 - whatever a task raises is its curve's failure
        yield Failure(order, one_line(error))
