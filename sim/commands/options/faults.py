"""The options for the faults of a simulated cluster.

Owns their names, which scripts depend on, and how they become `faults.Faults`.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from sim.commands import values

if TYPE_CHECKING:
    from sim.faults import Faults

_NUMBERS = (
    # Name, default, metavar, help.
    ("lognormal-sigma", 0.0, "SIGMA", "a job takes exp(SIGMA z - SIGMA**2 / 2) times its seconds"),
    ("pareto-alpha", None, "ALPHA", "a job takes x times its seconds, P(x > t) = t**-ALPHA"),
    ("slow-workers", 0.0, "P", "each worker is slow with this probability"),
    ("slow-worker-factor", 2.0, "F", "a slow worker takes F times as long"),
    ("slow-epochs", 0.0, "P", "each epoch is slow with this probability"),
    ("slow-epoch-factor", 10.0, "F", "a slow epoch takes F times as long"),
    ("lost-probability", 0.0, "P", "in each second a job is lost with this probability"),
    ("mtbf", None, "S", "workers crash, and their jobs are lost: mean seconds between failures"),
    ("mttr", 0.0, "S", "mean seconds to repair a crashed worker"),
    ("preempted-every", None, "S", "workers are preempted: mean seconds until a worker leaves"),
    ("preempted-for", 0.0, "S", "mean seconds until another worker replaces it"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options for faults."""
    group = parser.add_argument_group("faults")
    group.add_argument(
        "--straggler-sigma",
        type=values.number,
        default=0.0,
        metavar="SIGMA",
        help="a job takes 1 + |z| times its seconds, z ~ N(0, SIGMA) (default: 0)",
    )
    for name, default, metavar, what in _NUMBERS:
        told = "none" if default is None else f"{default:g}"
        group.add_argument(
            f"--{name}",
            type=values.number,
            default=default,
            metavar=metavar,
            help=f"{what} (default: {told})",
        )
    group.add_argument(
        "--timetable",
        type=values.path,
        metavar="FILE",
        help="a CSV with the columns worker,joins,leaves: the seconds at which workers join "
        "and leave, inf for never; workers that are not named are always there",
    )
    group.add_argument(
        "--save-on-preemption",
        action="store_true",
        help="a worker that is preempted, or leaves by the timetable, saves its last complete "
        "epoch",
    )


def faults(args: argparse.Namespace) -> Faults:
    """Return the faults that the options describe.

    Raises
    ------
    InputError
        A value is out of its range, or the timetable cannot be read.

    """
    from learning_curves.errors import for_the_user  # noqa: PLC0415  quick --help
    from sim.faults import Faults, timetable_file  # noqa: PLC0415  quick --help

    names = [name.replace("-", "_") for name, *_ in _NUMBERS]
    _refuse_without(args)
    timetable = args.timetable or ()
    if isinstance(timetable, Path):  # otherwise it was read from an experiment's file
        timetable = timetable_file.read(timetable)
    with for_the_user():
        return Faults(
            **{name: getattr(args, name) for name in names},
            save_on_preemption=args.save_on_preemption,
            timetable=timetable,
        )


_WITHOUT_EFFECT = (
    # Options that need another one to have an effect, and the options of which one is needed.
    ("slow_worker_factor", ("slow_workers",)),
    ("slow_epoch_factor", ("slow_epochs",)),
    ("mttr", ("mtbf",)),
    ("preempted_for", ("preempted_every",)),
    ("save_on_preemption", ("preempted_every", "timetable")),
)


def _refuse_without(args: argparse.Namespace) -> None:
    """Raise for an option that has no effect because the option that it needs is missing."""
    from learning_curves.errors import InputError  # noqa: PLC0415  quick --help

    defaults = {name.replace("-", "_"): default for name, default, *_ in _NUMBERS}
    for name, switches in _WITHOUT_EFFECT:
        given = name in args.given and getattr(args, name) != defaults.get(name, False)
        if given and not any(getattr(args, switch) for switch in switches):
            needed = " or ".join(f"--{switch.replace('_', '-')}" for switch in switches)
            raise InputError(f"--{name.replace('_', '-')} has no effect without {needed}: give it")
