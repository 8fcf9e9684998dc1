"""The options that say what to simulate, shared by the commands that do.

Owns their names, which scripts depend on, and how they become an `Experiment`.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from difflib import get_close_matches
from math import isfinite
from typing import TYPE_CHECKING, Any

from sim.commands import fault_options
from sim.schedulers.catalogue import SCHEDULERS
from sim.schedulers.protocol import LOST
from sim.schedulers.rungs.stopping_rules import RULES

if TYPE_CHECKING:
    from sim.experiments.experiment import Experiment
    from sim.jobs.limits import Limits

# As in `sim.searchers`, `sim.experiments.parts` and `learning_curves.sources`, whose import would
# slow --help down.
SEARCHER_NAMES = (
    *("random", "grid", "grid-shuffled", "sobol", "halton", "coarse-to-fine", "coordinate"),
    *("local", "optuna:tpe", "optuna:gp", "optuna:cma-es", "optuna:random", "optuna:qmc"),
)
_ORDERS = ("sampled", "shuffled", "given")
_SECONDS = ("recorded", "d2l-gpu")
FAMILIES = "power-law, exponential, take-off, bowl"


def add_scheduler(parser: argparse.ArgumentParser, *, r_max: str = "the curves' last") -> None:
    """Add the scheduler's settings; `r_max` says which epoch is the last without the option."""
    group = parser.add_argument_group("the scheduler")
    _add_own_options(group, "scheduler")
    group.add_argument("--eta", type=int, default=2, help="reduction factor (default: %(default)s)")
    group.add_argument(
        "--r-min",
        type=int,
        default=1,
        metavar="EPOCHS",
        help="the first rung; median: how often it decides (default: 1)",
    )
    group.add_argument(
        "--r-max",
        type=int,
        metavar="EPOCHS",
        help=f"the last rung (default: {r_max} epoch)",
    )
    group.add_argument(
        "--rule",
        choices=RULES,
        default="top-k",
        help="which trials go on under asha-stopping, by the rule of which library "
        "(default: %(default)s)",
    )
    group.add_argument(
        "--prefact",
        type=int,
        default=1,
        metavar="N",
        help="multiplies the trials of each bracket of sh and hyperband (default: 1)",
    )
    group.add_argument(
        "--attempts",
        type=int,
        default=3,
        metavar="N",
        help="try a job so often before it is lost for good (default: 3)",
    )
    group.add_argument(
        "--lost",
        choices=LOST,
        default="inf",
        help="what is recorded for a job that is lost for good: the loss inf, or nothing, so that "
        "its rung shrinks (default: inf)",
    )


def _add_own_options(group: argparse._ArgumentGroup, what: str) -> None:
    group.add_argument(
        f"--{what}-option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help=f"an option of a {what} named module:Class, the value as in TOML; may be given again "
        "for another; see docs/own-scheduler.md",
    )


def add_scheduler_name(parser: argparse.ArgumentParser) -> None:
    """Add which scheduler decides."""
    parser.add_argument(
        "--scheduler",
        type=one_of(SCHEDULER_NAMES),
        default="asha",
        metavar="NAME",
        help=f"who decides, of {', '.join(SCHEDULER_NAMES)}; or module:Class for your own, see "
        "docs/own-scheduler.md (default: %(default)s)",
    )


def add_searcher(parser: argparse.ArgumentParser) -> None:
    """Add who proposes configs."""
    group = parser.add_argument_group("the searcher")
    group.add_argument(
        "--searcher",
        type=one_of(SEARCHER_NAMES),
        default="random",
        metavar="NAME",
        help=f"who proposes configs, of {', '.join(SEARCHER_NAMES)}; see docs/searchers.md; or "
        "module:Class for your own (default: %(default)s)",
    )
    _add_own_options(group, "searcher")
    group.add_argument(
        "--grid-points",
        type=int,
        metavar="N",
        help="how many values of each hyperparameter a grid has (default: as many as --max-trials "
        "allows)",
    )
    group.add_argument(
        "--first",
        type=_config,
        action="append",
        default=[],
        metavar="NAME=VALUE,...",
        help="a config to try before those drawn; may be given again for the next",
    )


def add_cluster(parser: argparse.ArgumentParser) -> None:
    """Add which curves the workers meet, the workers' properties and the costs of a job."""
    group = parser.add_argument_group("the cluster")
    group.add_argument(
        "--order",
        choices=_ORDERS,
        default="sampled",
        help="a table's configs with replacement, each once, or as they stand (default: sampled)",
    )
    group.add_argument(
        "--seconds",
        choices=_SECONDS,
        default="recorded",
        help="an epoch's seconds: as recorded, or by a cost model of a GPU (default: recorded)",
    )
    group.add_argument(
        "--speeds",
        type=_list_of(float),
        default=(),
        metavar="S,S,...",
        help="the workers' speeds, repeated in turn (default: 1)",
    )
    for name, what in (
        ("start", "to begin a job"),
        ("save", "to save a trial that pauses"),
        ("restore", "to load a paused trial"),
    ):
        group.add_argument(
            f"--{name}-seconds", type=float, default=0.0, metavar="S", help=f"{what} (default: 0)"
        )
    group.add_argument(
        "--no-checkpoints", action="store_true", help="a promoted trial trains again from epoch 0"
    )
    fault_options.add_arguments(parser)


def add_limits(
    parser: argparse.ArgumentParser, *, target_ends: bool, clock: str = "on the simulated clock"
) -> None:
    """Add the limits of a run.

    `target_ends` tells whether reaching the target is one, `clock` by which the seconds go.
    """
    group = parser.add_argument_group("the end of a run, whichever comes first")
    group.add_argument("--max-seconds", type=float, metavar="S", help=clock)
    group.add_argument("--max-trials", type=int, metavar="N", help="draw no more configs than this")
    group.add_argument("--max-jobs", type=int, metavar="N", help="hand out no more jobs than this")
    group.add_argument(
        "--max-epochs",
        type=int,
        metavar="N",
        help="hand out no job once so many epochs are handed out; the last job may go beyond",
    )
    if target_ends:
        group.add_argument(
            "--max-finished", type=int, metavar="N", help="so many trials trained to r_max"
        )
        group.add_argument("--target", type=float, metavar="LOSS", help="a loss this low")


def limits(args: argparse.Namespace, *, target_ends: bool) -> Limits:
    """Return the limits that the options describe; see `add_limits`.

    Raises
    ------
    InputError
        A value is out of its range.

    """
    from learning_curves.errors import for_the_user  # noqa: PLC0415  quick --help
    from sim.jobs.limits import Limits  # noqa: PLC0415  quick --help

    with for_the_user():
        return Limits(
            max_seconds=args.max_seconds,
            max_jobs=args.max_jobs,
            max_epochs=args.max_epochs,
            target=args.target if target_ends else None,
            max_finished=args.max_finished if target_ends else None,
        )


def experiment(args: argparse.Namespace, *, target_ends: bool, **others: object) -> Experiment:
    """Return the experiment that the options describe; see `add_limits` for `target_ends`.

    Raises
    ------
    InputError
        A value is out of its range.

    """
    from learning_curves import own  # noqa: PLC0415  quick --help
    from learning_curves.errors import for_the_user  # noqa: PLC0415  quick --help
    from sim.experiments.experiment import Experiment  # noqa: PLC0415  quick --help
    from sim.jobs.costs import Costs  # noqa: PLC0415  quick --help

    with for_the_user():
        costs = Costs(
            start_seconds=args.start_seconds,
            restore_seconds=args.restore_seconds,
            save_seconds=args.save_seconds,
            checkpoints=not args.no_checkpoints,
        )
    values: dict[str, Any] = {
        "seconds": args.seconds,
        "eta": args.eta,
        "r_min": args.r_min,
        "r_max": args.r_max,
        "rule": args.rule,
        "prefact": args.prefact,
        "attempts": args.attempts,
        "lost": args.lost,
        "speeds": args.speeds,
        "straggler_sigma": args.straggler_sigma,
        "scheduler_options": own.options(args.scheduler_option),
        "searcher": args.searcher,
        "searcher_options": own.options(args.searcher_option),
        "order": args.order,
        "first": tuple(args.first),
        "max_trials": args.max_trials,
        "grid_points": args.grid_points,
        "limits": limits(args, target_ends=target_ends),
        "costs": costs,
        "faults": fault_options.faults(args),
    }
    return Experiment(**(values | others))


def refuse_beside(
    args: argparse.Namespace,
    what: str,
    *,
    free: Iterable[str],
    add_arguments: Callable[[argparse.ArgumentParser], None],
    remedy: str,
) -> None:
    """Raise if an option was given that `what` decides already; those named in `free` may be.

    Raises
    ------
    InputError
        It names the first such option.

    """
    from learning_curves.errors import InputError  # noqa: PLC0415  quick --help

    parser = argparse.ArgumentParser()
    add_arguments(parser)
    for name, default in vars(parser.parse_args([])).items():
        given = getattr(args, name)
        if given != default and name not in free:
            raise InputError(f"--{name.replace('_', '-')} is {given} beside {what}: {remedy}")


def add_out(
    parser: argparse.ArgumentParser, *, default: str | None, what: str
) -> argparse._ArgumentGroup:
    """Add where the results go, and in which form; return the group, for more of the kind."""
    group = parser.add_argument_group("the results")
    group.add_argument(
        "--out",
        metavar="DIR",
        default=default,
        help=f"write {what} here" + (f" (default: {default})" if default else ""),
    )
    group.add_argument("--no-plots", action="store_true", help="leave the pictures out")
    group.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return group


def one_of(known: Sequence[str]) -> Callable[[str], str]:
    """Return a parser of one of the `known` names, or of ``module:Class``."""

    def parse(text: str) -> str:
        module, colon, _ = text.partition(":")
        if text in known or (colon and not any(name.startswith(f"{module}:") for name in known)):
            return text  # what there is of that name is found out with the experiment
        near = get_close_matches(text, known, n=1)
        choice = f"did you mean {near[0]}?" if near else "name one, or module:Class of your own"
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(known)}: {choice}")

    return parse


def names_of(known: Iterable[str]) -> Callable[[str], tuple[str, ...]]:
    """Return a parser of `known` names, separated by commas."""

    def parse(text: str) -> tuple[str, ...]:
        names = tuple(text.split(","))
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(known)}")
        return tuple(dict.fromkeys(names))

    return parse


def schedulers(text: str) -> tuple[str, ...]:
    """Parse names of schedulers, or ``module:Class``, separated by commas."""
    return tuple(dict.fromkeys(map(one_of(SCHEDULER_NAMES), text.split(","))))


def _config(text: str) -> dict[str, Any]:
    """Read a config from ``name=value,name=value``.

    >>> _config("learning_rate=0.1,batch_size=128,activation=relu")
    {'learning_rate': 0.1, 'batch_size': 128, 'activation': 'relu'}
    """
    config: dict[str, Any] = {}
    for pair in text.split(","):
        name, equals, value = pair.partition("=")
        if not (name and equals and value) or name in config:
            raise argparse.ArgumentTypeError(f"{text!r} is no config: write NAME=VALUE,NAME=VALUE")
        config[name] = _value(value)
        if isinstance(config[name], float) and not isfinite(config[name]):
            raise argparse.ArgumentTypeError(f"{pair!r} is not finite: give a number")
    return config


def _value(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _list_of(kind: type[float]) -> Callable[[str], tuple[float, ...]]:
    def parse(text: str) -> tuple[float, ...]:
        try:
            return tuple(kind(each) for each in text.split(","))
        except ValueError:
            raise argparse.ArgumentTypeError(
                f"{text!r} is no list of numbers: write them with commas between, such as 1,2,4"
            ) from None

    return parse


whole_numbers = _list_of(int)
SCHEDULER_NAMES = tuple(SCHEDULERS)
