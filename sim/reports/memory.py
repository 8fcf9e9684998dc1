"""Warnings and refusals of runs that will take much memory.

Owns from how much on a user is warned. The estimates are `sim.experiments.estimate`'s.
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
) -> str:
    """Return a warning if the runs take much memory; refuse those that take more than there is.

    Print the warning by `warn` once all else is checked, so that a refusal is one line.

    Parameters
    ----------
    experiments
        One of each kind of run.
    force
        Whether to refuse none.
    runs
        How many there are of all kinds; one of each if None.
    processes
        How many are made at a time.
    points
        Whether the losses of all epochs will be drawn.

    Returns
    -------
    str
        Empty for no warning.

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
    return check_memory(found.memory, jobs, force=force or found.at_most, at_most=found.at_most)


def check_memory(memory: float, what: str, *, force: bool, at_most: bool = False) -> str:
    """Return a warning if `memory`, in bytes, is much; refuse it if it is more than there is.

    Raises
    ------
    InputError
        It is above this machine's memory, and not to be forced.

    """
    memory = min(memory, 1e300)
    takes = f"{what} take{' at most' if at_most else ''} {size(memory)} of memory"
    there = estimate.machine_memory()
    if memory > there and not force:
        raise InputError(
            f"{takes} by estimate, and this machine has {size(there)}: lower the limits, "
            "or give --force"
        )
    return f"{takes} by estimate" if memory > _MUCH else ""


def warn(warning: str) -> None:
    """Print the warning to standard error, if there is one."""
    if warning:
        console(stderr=True).print(f"warning: {warning}")
