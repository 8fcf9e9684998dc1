"""The process pool that makes runs in parallel.

Owns the start and the end of the processes. Must not know their work.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Iterator
from concurrent.futures import BrokenExecutor, Executor, ProcessPoolExecutor
from contextlib import contextmanager
from threading import Thread

from learning_curves.errors import InputError


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
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, context, initializer=_serve)
    try:
        yield pool
    except BrokenExecutor:
        raise InputError(
            "a process died, maybe because memory ran out: the same command continues the work; "
            "give it fewer --processes"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _serve() -> None:
    """Start a process of a pool: it leaves Ctrl-C to its parent, and does not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def outlive_not() -> None:
        if parent is not None:
            parent.join()
            os._exit(1)  # the parent was killed, or it would have waited for this process

    Thread(target=outlive_not, daemon=True).start()
