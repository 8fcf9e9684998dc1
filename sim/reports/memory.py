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
) -> str:
    """Return a warning about runs that need much memory; refuse runs that need more than there is.

    Print the warning by `warn` once all else is checked, so that a refusal is one line.

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
    """Return a warning if `memory`, in bytes, is much; refuse more than the machine has.

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
    return f"{takes} (an estimate)" if memory > _MUCH else ""


def warn(warning: str) -> None:
    """Print the warning to standard error, if there is one."""
    if warning:
        console(stderr=True).print(f"warning: {warning}")
