"""`rungsim record`: train configs and write a table of their learning curves.

Owns the command's arguments, its progress bar and its exit codes. Must not know how curves are
trained or stored (`real.recorder.record`), nor import torch before `main` runs, so that help comes
at once.
"""

from __future__ import annotations

import argparse
import functools
from collections.abc import Generator
from contextlib import closing
from typing import assert_never

from rich.console import Console

from learning_curves.errors import INTERRUPTED, InputError
from real.commands import torch_options
from real.recorder.events import Begun, Epoch, Event, Failure, Order
from sim.commands import values
from sim.reports import screen
from sim.reports.progress_bar import ProgressBar

_MANY = values.Whole(1, 10**6)  # the configs are drawn before the first one is trained


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `rungsim record` to `parser`."""
    add = parser.add_argument
    add("--task", choices=["softmax", "lenet", "gan"], default="softmax", help="what to train")
    add("--configs", type=_MANY, default=32, metavar="N", help="how many configs (%(default)s)")
    add(
        "--seeds",
        type=_MANY,
        default=1,
        metavar="N",
        help="curves of each config, from different seeds (%(default)s)",
    )
    add(
        "--seed",
        type=values.SEED,
        default=0,
        metavar="S",
        help="seed of the draw of configs (%(default)s)",
    )
    add("--r-max", type=_MANY, metavar="R", help="epochs of each curve (the task's own)")
    add(
        "--processes",
        type=values.processes(),
        default=1,
        metavar="N",
        help="curves trained at the same time, on one thread each (%(default)s)",
    )
    add(
        "--clock",
        choices=["wall", "cpu"],
        default="wall",
        help="measure seconds of the wall clock, or of the processor if the machine does "
        "other work",
    )
    torch_options.add_data(parser)
    add(
        "--out",
        type=values.path,
        required=True,
        metavar="NAME.csv",
        help="the table; its card is NAME.toml",
    )


def main(args: argparse.Namespace) -> int:
    """Record, and return the exit code: 0, 1 where a curve failed, 130 after Ctrl-C.

    Raises
    ------
    InputError
        An argument, the data or the table cannot be used, or torch is missing.

    """
    console = screen.console(stderr=True)
    try:
        return _record(args, console)
    except KeyboardInterrupt:
        _say(console, "stopped; the same command continues; finished curves are kept")
        return INTERRUPTED


def _record(args: argparse.Namespace, console: Console) -> int:
    from sim.reports import report  # noqa: PLC0415  quick --help

    if args.out.suffix != ".csv":  # at once: the data takes seconds to load
        raise InputError(f"--out {args.out}: a table's name ends in .csv: write NAME.csv")
    report.check_file(args.out, "--out")
    torch_options.check(args.device)
    from real.recorder import record as recorder  # noqa: PLC0415 - it needs torch, see the file's law
    from real.tasks import task as tasks  # noqa: PLC0415 - likewise

    make_task = functools.partial(
        tasks.build,
        args.task,
        source=args.data,
        validate_on=args.validate_on,
        device=args.device,
    )
    task = make_task()
    r_max = task.r_max if args.r_max is None else args.r_max
    recording = recorder.Recording(
        make_task=make_task,
        path=args.out,
        space=task.space,
        configs=args.configs,
        r_max=r_max,
        seeds=args.seeds,
        seed=args.seed,
        processes=args.processes,
        clock=args.clock,
        device=args.device,
        title=task.title,
        train_examples=len(task.train),
        metric=task.metric,
        task=task.about,
        command=_command(args, r_max, whole_data=task.whole_data),
        known_flaws=_known_flaws(args, whole_data=task.whole_data),
    )
    warning = ""
    if not task.whole_data:
        warning = f"warning: {task.about['data_set']}, not the full Fashion-MNIST"
    del task  # its images: each worker loads its own
    return _watch(recorder.record(recording), args.out.name, r_max, console, warning)


def _watch(
    events: Generator[Event, None, None],
    name: str,
    r_max: int,
    console: Console,
    warning: str = "",
) -> int:
    failed = 0
    with closing(events), ProgressBar(name, None, unit="epochs", screen=console) as bar:
        for event in events:
            match event:
                case Begun(recorded=recorded, missing=missing):
                    if warning:  # now that all is checked
                        _say(console, warning)
                    bar.expect(missing * r_max)
                    if recorded:
                        _say(console, f"{recorded} curves exist already, {missing} are missing")
                case Epoch(order=order, number=number, error=error):
                    bar.advance()
                    if number == r_max and not console.is_terminal:
                        _say(console, f"{_curve(order)}: {number} epochs, error {error:.4f}")
                case Failure(order=order, reason=reason):
                    failed += 1
                    _say(console, f"{_curve(order)} {dict(order.config)} failed: {reason}")
                case _:
                    assert_never(event)
    if failed:
        _say(console, f"{failed} curves failed: the same command tries them again")
    return 1 if failed else 0


def _curve(order: Order) -> str:
    return f"config {order.config_id}, seed {order.seed}"


def _say(console: Console, line: str) -> None:
    console.print(line, soft_wrap=True, markup=False, highlight=False)


def _command(args: argparse.Namespace, r_max: int, *, whole_data: bool) -> str:
    """Return the command line that records the same table elsewhere."""
    options = {
        "task": args.task,
        "configs": args.configs,
        "seeds": args.seeds,
        "seed": args.seed,
        "r-max": r_max,
        "processes": args.processes,
        "device": args.device,
        "clock": args.clock,
        "data": "full" if whole_data else "subset",
        "validate-on": args.validate_on,
        "out": args.out.name,
    }
    return " ".join(["rungsim record", *(f"--{name} {value}" for name, value in options.items())])


def _known_flaws(args: argparse.Namespace, *, whole_data: bool) -> list[str]:
    flaws = ["configs of one seed share the random initial weights and the order of the examples"]
    if args.validate_on == "test":
        flaws.append("validated on the test images: the best error is optimistic")
    if not whole_data:
        flaws.append("trained on a small subset: the errors are far above those of the full data")
    return flaws
