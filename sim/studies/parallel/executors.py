"""Any executor of `concurrent.futures` as pools of one process each.

Owns how a factory of the user's own is called, and the end of what it returns. Must not know the
work.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, CancelledError, Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

from learning_curves import own
from learning_curves.errors import InputError, one_line
from sim.studies.parallel.pool import Fixed, Here, Pools

P = ParamSpec("P")
T = TypeVar("T")

_WHAT = "executor"


@contextmanager
def executor_of(name: str, processes: int | None = None) -> Iterator[Pools]:
    """Yield the executor that a factory of the user's own makes, as pools of one process each.

    Parameters
    ----------
    name
        The factory, ``module:function``. It returns an executor of processes, or an executor and
        the number of its processes.
    processes
        The number of tasks to keep under way; None: what the factory returns, else the number of
        cores.

    Raises
    ------
    InputError
        There is no such factory, or it returns something else. Later a process died.

    """
    with own.blamed([(name, _WHAT)]):
        made = own.load(name, _WHAT)()
    pair = made if isinstance(made, tuple) and len(made) == 2 else (made, os.cpu_count() or 1)
    executor, number = pair if processes is None else (pair[0], processes)
    if not isinstance(executor, Executor) or isinstance(executor, ThreadPoolExecutor):
        raise InputError(
            f"--executor {name} returns {own.short(made)}: return an executor of processes, as in "
            "concurrent.futures, or it and the number of its processes"
        )
    if type(number) is not int or number < 1:
        raise InputError(
            f"--executor {name} returns {own.short(number)} as the number of processes: return a "
            "whole number, at least 1"
        )
    try:
        with executor:
            yield Fixed([_Share(executor) for _ in range(number)], helper=Here())
    except (BrokenExecutor, CancelledError) as error:
        raise InputError(
            f"--executor {name}: a process died ({one_line(error)}): the same command continues "
            "the work"
        ) from None


class _Share(Executor):
    """One of the processes of an executor, whichever is free."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Have the executor call `fn`."""
        return self._executor.submit(fn, *args, **kwargs)
