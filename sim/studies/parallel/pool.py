"""The processes of this machine that make runs in parallel, and what a runner needs of any others.

Owns the start and the end of the processes. Must not know their work.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Thread
from typing import ParamSpec, Protocol, TypeVar

from learning_curves.errors import InputError

P = ParamSpec("P")
T = TypeVar("T")


@contextmanager
def pool_of(processes: int) -> Iterator[Executor | None]:
    """Yield a pool of processes, or None for one process: the work is then done in this process.

    At the end the pool is waited for, or its work is given up. The processes are spawned, since a
    fork of a process with threads, such as those of a progress bar, may hang; a script that uses a
    pool therefore needs the guard ``if __name__ == "__main__":``.

    Parameters
    ----------
    processes
        The number of processes, >= 1.

    """
    if processes == 1:
        yield None
        return
    with _opened([processes]) as (pool,):
        yield pool


class Pools(Protocol):
    """Pools of one process each, on this machine or elsewhere; some may come or go meanwhile."""

    @property
    def helper(self) -> Executor:
        """It does other work, on this machine."""
        ...

    def now(self) -> Sequence[Executor]:
        """Return the pools that there are, at least one.

        Called after each task: the same object if nothing has changed.
        """
        ...

    def shared(self, content: bytes) -> object:
        """Return an argument for `submit` in place of which a task receives `content`."""
        ...


@dataclass(frozen=True)
class Fixed:
    """Pools that neither come nor go.

    Parameters
    ----------
    pools
        The pools.
    helper
        See `Pools`.

    """

    pools: Sequence[Executor]
    helper: Executor

    def now(self) -> Sequence[Executor]:
        """Return the pools."""
        return self.pools

    def shared(self, content: bytes) -> object:
        """Return `content`: it is sent with each task."""
        return content


@contextmanager
def pools_of_one(processes: int) -> Iterator[Pools]:
    """Yield as many pools of one process each, so that each can be given work of its own.

    If it is one, its work is done in this process, when it is submitted. For the rest see
    `pool_of`.
    """
    if processes == 1:
        yield HERE
        return
    with _opened([1] * processes) as pools:
        yield Fixed(pools, helper=pools[-1])


class Here(Executor):
    """Does in this process what is submitted, before `submit` returns.

    >>> Here().submit(max, 1, 2).result()
    2
    """

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Call `fn`, and return its result as a future that is done."""
        future: Future[T] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


HERE = Fixed([Here()], helper=Here())
"""This process."""


@contextmanager
def _opened(sizes: Sequence[int]) -> Iterator[list[Executor]]:
    context = multiprocessing.get_context("spawn")
    pools: list[Executor] = [
        ProcessPoolExecutor(size, context, initializer=_serve) for size in sizes
    ]
    try:
        yield pools
    except BrokenExecutor:
        raise InputError(
            "a process died, maybe because memory ran out: the same command continues the work; "
            "give it fewer --processes"
        ) from None
    finally:
        for pool in pools:
            pool.shutdown(wait=False, cancel_futures=True)
        for pool in pools:
            pool.shutdown()


def _serve() -> None:
    """Start a process of a pool: it leaves Ctrl-C to its parent, and does not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def outlive_not() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)  # the parent was killed, or it would have waited for this process

    Thread(target=outlive_not, daemon=True).start()
