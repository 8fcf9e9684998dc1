"""The options that describe a simulation, shared by the commands that run one.

Owns their names, which scripts depend on, and how they become an `Experiment`.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sim import adapters
from sim.commands import values
from sim.commands.options import faults
from sim.commands.values import Whole
from sim.schedulers.catalogue import SCHEDULERS
from sim.schedulers.rungs.promotion_rules import PROMOTION_RULES
from sim.schedulers.rungs.stopping_rules import RULES

# As in `sim.searchers`, `sim.experiments.parts` and `learning_curves.sources`, whose import would
# slow --help down.
SEARCHER_NAMES = (
    *("random", "grid", "grid-shuffled", "sobol", "halton", "coarse-to-fine", "coordinate"),
    *("local", "optuna:tpe", "optuna:gp", "optuna:cma-es", "optuna:random", "optuna:qmc"),
)
_ORDERS = ("sampled", "shuffled", "given")
_SECONDS = ("recorded", "d2l-gpu")
FAMILIES = "power-law, exponential, take-off, bowl"


def add_scheduler(
    parser: argparse.ArgumentParser, *, r_max: str = "the last epoch of the curves"
) -> None:
    """Add the scheduler's settings; `r_max` describes the default of --r-max."""
    group = parser.add_argument_group("the scheduler")
    add_own_options(group, "scheduler")
    group.add_argument(
        "--eta", type=Whole(2), default=2, help="reduction factor (default: %(default)s)"
    )
    group.add_argument(
        "--r-min",
        type=Whole(1),
        default=1,
        metavar="EPOCHS",
        help="the epoch of the first rung; for median: the epochs between decisions (default: 1)",
    )
    group.add_argument(
        "--r-max",
        type=Whole(1),
        metavar="EPOCHS",
        help=f"the epoch of the last rung (default: {r_max})",
    )
    group.add_argument(
        "--rule",
        choices=RULES,
        default="top-k",
        help="the rule, named after a library, by which asha-stopping continues trials; asha "
        f"promotes by {' or '.join(PROMOTION_RULES)} (default: %(default)s)",
    )
    group.add_argument(
        "--prefact",
        "--bracket-multiplier",
        dest="prefact",
        type=Whole(1),
        default=1,
        metavar="N",
        help="bracket-size multiplier: multiplies the trials of each bracket of sh and "
        "hyperband (default: 1)",
    )
    group.add_argument(
        "--attempts",
        type=Whole(1),
        default=3,
        metavar="N",
        help="number of attempts to run a job before it counts as lost (default: 3)",
    )
    group.add_argument(
        "--lost",
        type=values.lost,
        default="inf",
        metavar="{inf,drop}",
        help="the record of a job whose attempts are all lost: inf records the loss inf; drop "
        "(or its older name vanish) records nothing, so that the rung shrinks (default: inf)",
    )


def add_own_options(group: argparse._ActionsContainer, what: str) -> None:
    """Add the options of a scheduler or searcher of the user's own."""
    group.add_argument(
        f"--{what}-option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help=f"an option of a {what} that is not built in, the value as in TOML; may be repeated; "
        "see docs/own-scheduler.md",
    )


def add_scheduler_name(parser: argparse.ArgumentParser) -> None:
    """Add the choice of the scheduler."""
    parser.add_argument(
        "--scheduler",
        type=values.OneOf(SCHEDULER_NAMES, own=True),
        default="asha",
        metavar="NAME",
        help=f"the scheduler, one of {', '.join(BUILT_IN)}; or {LIBRARIES}, see "
        "docs/adapters.md; or module:Class for your own, see docs/own-scheduler.md (default: "
        "%(default)s)",
    )


def add_searcher(parser: argparse.ArgumentParser) -> None:
    """Add the choice of the searcher."""
    group = parser.add_argument_group("the searcher")
    group.add_argument(
        "--searcher",
        type=values.OneOf(SEARCHER_NAMES, own=True),
        default="random",
        metavar="NAME",
        help=f"the searcher, which proposes configs, one of {', '.join(SEARCHER_NAMES)}, see "
        "docs/searchers.md; or module:Class for your own (default: %(default)s)",
    )
    add_own_options(group, "searcher")
    group.add_argument(
        "--grid-points",
        type=Whole(1),
        metavar="N",
        help="number of values of each hyperparameter in a grid (default: the most that "
        "--max-trials allows)",
    )
    group.add_argument(
        "--first",
        type=values.config,
        action="append",
        default=[],
        metavar="NAME=VALUE,...",
        help="a config to try before the drawn ones; may be repeated",
    )


def add_cluster(parser: argparse.ArgumentParser) -> None:
    """Add the curves, the workers' properties and the costs of a job."""
    group = parser.add_argument_group("the cluster")
    group.add_argument(
        "--order",
        choices=_ORDERS,
        default="sampled",
        help="draw a table's configs with replacement, each once, or in the table's order "
        "(default: sampled)",
    )
    group.add_argument(
        "--seconds",
        choices=_SECONDS,
        default="recorded",
        help="the seconds of an epoch: as recorded, or from a cost model of a GPU (default: "
        "recorded)",
    )
    group.add_argument(
        "--speeds",
        type=values.ListOf(values.number),
        default=(),
        metavar="S,S,...",
        help="the workers' speeds, repeated cyclically (default: 1)",
    )
    for name, what in (
        ("start", "seconds to start a job"),
        ("save", "seconds to save a trial that pauses"),
        ("restore", "seconds to load a paused trial"),
    ):
        group.add_argument(
            f"--{name}-seconds",
            type=values.number,
            default=0.0,
            metavar="S",
            help=f"{what} (default: 0)",
        )
    group.add_argument(
        "--no-checkpoints", action="store_true", help="a promoted trial trains again from epoch 0"
    )
    faults.add_arguments(parser)


def add_limits(
    parser: argparse.ArgumentParser, *, target_ends: bool, clock: str = "of the simulated clock"
) -> None:
    """Add the limits of a run.

    `target_ends` is whether reaching the target is one; `clock` names the clock of the seconds.
    """
    group = parser.add_argument_group("limits; the first one reached ends the run")
    group.add_argument("--max-seconds", type=values.number, metavar="S", help=clock)
    group.add_argument("--max-trials", type=Whole(0), metavar="N", help="maximum number of configs")
    group.add_argument("--max-jobs", type=Whole(1), metavar="N", help="maximum number of jobs")
    group.add_argument(
        "--max-epochs",
        type=Whole(1),
        metavar="N",
        help="hand out no job after N epochs are handed out; the last job may exceed it",
    )
    if target_ends:
        group.add_argument(
            "--max-finished", type=Whole(1), metavar="N", help="number of trials that reach r_max"
        )
        group.add_argument(
            "--target", type=values.number, metavar="LOSS", help="end at this loss or below"
        )


def add_force(parser: argparse._ActionsContainer) -> None:
    """Add the option that starts a run in spite of its estimated memory."""
    parser.add_argument(
        "--force",
        action="store_true",
        help="run even if the estimated memory exceeds this machine's",
    )


def add_out(
    parser: argparse.ArgumentParser, *, default: str | None, what: str
) -> argparse._ArgumentGroup:
    """Add the options for the results; return the group, for more options of this kind."""
    group = parser.add_argument_group("the results")
    group.add_argument(
        "--out",
        type=values.path,
        metavar="DIR",
        default=default,
        help=f"write {what} to this folder" + (f" (default: {default})" if default else ""),
    )
    group.add_argument("--no-plots", action="store_true", help="draw no pictures")
    group.add_argument(
        "--format",
        choices=PICTURE_FORMATS,
        default=PICTURE_FORMATS[0],
        help="format of the pictures; svg and pdf are for papers (default: %(default)s)",
    )
    group.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return group


def picture(text: str) -> Path:
    """Read the path of a picture; its suffix sets the format."""
    path = values.path(text)
    if path.suffix.removeprefix(".").lower() not in PICTURE_FORMATS:
        names = ", ".join(f".{each}" for each in PICTURE_FORMATS)
        raise argparse.ArgumentTypeError(
            f"{text!r} is not the name of a picture: end it in one of {names}"
        )
    return path


names_of = values.NamesOf
whole_numbers = values.ListOf(Whole(1))
PICTURE_FORMATS = ("png", "svg", "pdf")
BUILT_IN = tuple(SCHEDULERS)
SCHEDULER_NAMES = (*BUILT_IN, *adapters.names())
LIBRARIES = "a library's, such as optuna:HyperbandPruner or ray:ASHAScheduler"
