"""Warnings about runs that need much memory, and refusals.

Owns the threshold of the warning. The estimates are `sim.experiments.estimate`'s.
"""

from __future__ import annotations

from collections.abc import Sequence

from learning_curves.errors import InputError
from sim.experiments import estimate
from sim.experiments.experiment import Experiment
from sim.reports.screen import console, size

_MUCH = 500e6  # bytes


def check(
    experiments: Sequence[Experiment],
    *,
    force: bool,
    runs: int | None = None,
    processes: int = 1,
    points: bool = False,
) -> None:
    """Warn about runs that need much memory; refuse runs that need more than the machine has.

    Parameters
    ----------
    experiments
        One experiment for each kind of run.
    force
        Whether to run in spite of the estimate.
    runs
        The number of runs of all kinds; one of each kind if None.
    processes
        The number of runs made at the same time.
    points
        Whether the losses of all epochs are drawn.

    Raises
    ------
    InputError
        The estimate is above this machine's memory, and nothing may end the runs earlier.

    """
    found = estimate.together(
        [estimate.estimate(each, points=points) for each in experiments],
        runs=len(experiments) if runs is None else runs,
        processes=processes,
    )
    jobs = f"about {min(found.jobs, 1e300):.3g} jobs" if found.jobs else "the workers"
    check_memory(found.memory, jobs, force=force or found.at_most, at_most=found.at_most)


def check_memory(memory: float, what: str, *, force: bool, at_most: bool = False) -> None:
    """Warn if `memory`, in bytes, is much; refuse it if it exceeds the machine's memory.

    Raises
    ------
    InputError
        It is above this machine's memory, and `force` is False.

    """
    memory = min(memory, 1e300)
    takes = f"{what} take{' at most' if at_most else ''} {size(memory)} of memory"
    there = estimate.machine_memory()
    if memory > there and not force:
        raise InputError(
            f"{takes} (an estimate), and this machine has {size(there)}: lower the limits, or "
            "give --force"
        )
    if memory > _MUCH:
        console(stderr=True).print(f"warning: {takes} (an estimate)")
