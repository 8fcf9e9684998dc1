"""The command `rungsim run`: one experiment.

Owns its options and what it prints.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from sim.commands import options

if TYPE_CHECKING:
    from sim.experiments.run import Run

EPILOG = """\
examples:
  rungsim run --scheduler sh --workers 8 --max-epochs 500
  rungsim run --curves lenet-fashion-mnist --seconds d2l-gpu --r-min 2 --max-seconds 720 --out out
  rungsim run --from out/experiment.toml --out again     the same bytes again
  rungsim run --scheduler mine:Mine --scheduler-option patience=2     your own class, in mine.py
  rungsim run --workers 16 --mtbf 600 --mttr 60 --perfetto run.json     look at it in a browser
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `rungsim run`."""
    parser.add_argument(
        "--curves",
        default="softmax-fashion-mnist",
        metavar="NAME|PATH",
        help=f"a shipped table, a table's path, or one of {options.FAMILIES}, or module:Class of "
        "your own, whose settings may follow: power-law:crossing=0.5:noise=0.01 "
        "(default: %(default)s)",
    )
    options.add_scheduler_name(parser)
    parser.add_argument("--workers", type=int, default=4, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of all randomness (default: 0)")
    parser.add_argument(
        "--from",
        dest="file",
        type=Path,
        metavar="FILE",
        help="run the experiment of an experiment.toml; all options but those of the results "
        "are taken from it",
    )
    options.add_searcher(parser)
    options.add_scheduler(parser)
    options.add_cluster(parser)
    options.add_limits(parser, target_ends=True)
    results = options.add_out(
        parser,
        default=None,
        what="jobs.parquet, summary.json, experiment.toml and pictures",
    )
    results.add_argument(
        "--perfetto",
        type=Path,
        metavar="FILE",
        help="write a timeline of all jobs in the Trace Event Format here: open it at "
        "https://ui.perfetto.dev (it stays on your machine) or chrome://tracing",
    )


def main(args: argparse.Namespace) -> int:
    """Run the experiment; write and print what came of it."""
    from sim.experiments import experiment as experiments  # noqa: PLC0415  quick --help
    from sim.experiments import run as runs  # noqa: PLC0415  quick --help
    from sim.reports import report, screen  # noqa: PLC0415  quick --help

    if args.file is None:
        experiment = runs.bounded(
            options.experiment(
                args,
                target_ends=True,
                curves=args.curves,
                scheduler=args.scheduler,
                workers=args.workers,
                seed=args.seed,
            )
        )
    else:
        options.refuse_beside(
            args,
            "--from",
            free={"file", "out", "no_plots", "json", "perfetto"},
            add_arguments=add_arguments,
            remedy=f"edit {args.file} instead",
        )
        experiment = experiments.read(args.file)
        report.check_provenance(experiment, args.file)
    runs.check(experiment)  # before a folder is made
    folder = None if args.out is None else report.prepare(Path(args.out))
    if args.perfetto is not None:
        _check_place(args.perfetto)
    run = runs.simulate(experiment)
    if folder is not None:
        report.write_run(run, folder)
        if not args.no_plots:
            report.draw_run(run, folder)
    if args.perfetto is not None:
        _write_perfetto(run, args.perfetto)
    if args.json:
        print(screen.to_json(run.summary()), end="")  # noqa: T201  the answer
    else:
        report.print_run(run)
        if folder is not None:
            screen.console().print(f"written to {folder}")
        if args.perfetto is not None:
            screen.console().print(f"open {args.perfetto} at https://ui.perfetto.dev")
    return 0


def _check_place(path: Path) -> None:
    """Raise if no file can be written to `path`, so that a long run does not end in an error.

    Raises
    ------
    InputError
        It names the option.

    """
    from learning_curves.errors import InputError  # noqa: PLC0415  quick --help

    folder = path.parent
    if not folder.is_dir():
        raise InputError(f"--perfetto {path}: there is no folder {folder}; make it first")
    if path.is_dir():
        raise InputError(f"--perfetto {path} is a folder: give the name of a file in it")
    if not os.access(folder, os.W_OK):
        raise InputError(f"--perfetto {path}: the folder {folder} cannot be written to")


def _write_perfetto(run: Run, path: Path) -> None:
    from sim.traces import perfetto  # noqa: PLC0415  quick --help

    told = run.experiment
    perfetto.write(
        run.trace,
        path,
        name=f"{told.scheduler} on {told.curves}, seed {told.seed}",
        configs={number: trial.config for number, (trial, _) in run.trials.items()},
        costs=told.costs,
    )
