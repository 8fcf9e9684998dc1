"""The command `rungsim run`: one experiment.

Owns its options and what it prints.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from sim.commands import options, parsed, values

if TYPE_CHECKING:
    from sim.experiments.experiment import Experiment
    from sim.experiments.run import Run

EPILOG = """\
examples:
  rungsim run --scheduler sh --workers 8 --max-epochs 500
  rungsim run --curves lenet-fashion-mnist --seconds d2l-gpu --r-min 2 --max-seconds 720 --out out
  rungsim run --from out/experiment.toml --out again     repeat it, byte for byte
  rungsim run --from out/experiment.toml --workers 16    the same on 16 workers
  rungsim run --from rungsim-study/asha-a1/runs.csv --row 7      one run of a study
  rungsim run --scheduler mine:Mine --scheduler-option patience=2     your own class, in mine.py
  rungsim run --workers 16 --mtbf 600 --mttr 60 --perfetto run.json     view it in a browser
"""

MOST_USED = (
    *("--curves", "--scheduler", "--workers", "--seed", "--from", "--eta", "--r-min", "--r-max"),
    *("--searcher", "--straggler-sigma", "--max-seconds", "--max-epochs", "--max-trials"),
    *("--target", "--out", "--json"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `rungsim run`."""
    parser.add_argument(
        "--curves",
        default="softmax-fashion-mnist",
        metavar="NAME|PATH",
        help=f"a shipped table, a table's path, or one of {options.FAMILIES}, or module:Class "
        "for your own; settings may follow, as in power-law:crossing=0.5:noise=0.01 "
        "(default: %(default)s)",
    )
    options.add_scheduler_name(parser)
    parser.add_argument(
        "--workers",
        type=values.Whole(1),
        default=4,
        metavar="N",
        help="number of workers (default: %(default)s)",
    )
    parser.add_argument(
        "--seed",
        type=values.SEED,
        default=0,
        metavar="N",
        help="seed of all random numbers (default: 0)",
    )
    parser.add_argument(
        "--from",
        dest="file",
        type=values.path,
        metavar="FILE",
        help="run the experiment of an experiment.toml, or with --row one run of a runs.csv; "
        "other given options replace its values",
    )
    parser.add_argument(
        "--row",
        type=values.Whole(1),
        metavar="N",
        help="with --from, the N-th run in the runs.csv of a study or a comparison",
    )
    options.add_force(parser)
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
        type=values.path,
        metavar="FILE",
        help="write a timeline of all jobs to this file in the Trace Event Format; open it at "
        "https://ui.perfetto.dev (the file stays on your machine) or chrome://tracing",
    )


def main(args: argparse.Namespace) -> int:
    """Run the experiment; write and print the results."""
    from sim.experiments import run as runs  # noqa: PLC0415  quick --help
    from sim.reports import memory, report, screen  # noqa: PLC0415  quick --help

    experiment = _described(args)
    folder = None if args.out is None else report.check_place(args.out)
    if args.perfetto is not None:
        _check_perfetto(args.perfetto, folder)
    draws = folder is not None and not args.no_plots
    warning = memory.check([experiment], force=args.force, points=draws)
    runs.check(experiment)
    memory.warn(warning)
    run = runs.simulate(experiment)
    if folder is not None:
        report.make_folder(folder)
        report.write_run(run, folder)
        if not args.no_plots:
            report.draw_run(run, folder, args.format)
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


def _described(args: argparse.Namespace) -> Experiment:
    """Return the experiment that the options and the file of --from describe.

    Raises
    ------
    InputError
        A value is out of its range, has no effect, or the file is not an experiment.

    """
    from learning_curves.errors import InputError  # noqa: PLC0415  quick --help
    from sim.experiments import experiment as experiments  # noqa: PLC0415  quick --help
    from sim.experiments import run as runs  # noqa: PLC0415  quick --help
    from sim.reports import report, study_folder  # noqa: PLC0415  quick --help

    base = None
    if args.row is not None:
        if args.file is None:
            raise InputError(f"--row {args.row} has no effect without --from runs.csv: give it")
        base, study = study_folder.run_of(args.file, args.row)
        study_folder.check(study, study.folder)
    elif args.file is not None:
        if args.file.suffix == ".csv":
            raise InputError(f"--from {args.file} holds many runs: choose one with --row N")
        base = experiments.read(args.file)
        if "curves" not in args.given:
            report.check_provenance(base, args.file)
    others = {name: getattr(args, name) for name in ("curves", "scheduler", "workers", "seed")}
    made = parsed.experiment(args, target_ends=True, base=base, **others)
    parsed.refuse_without_effect(args, [made.scheduler])
    return runs.bounded(made)


def _check_perfetto(path: Path, folder: Path | None) -> None:
    """Raise if no file can be written to `path`, which may lie in the `folder` to be made."""
    from learning_curves.errors import InputError  # noqa: PLC0415  quick --help
    from sim.reports import report  # noqa: PLC0415  quick --help

    if path == folder:
        raise InputError(f"--perfetto {path} is the folder of --out: give the name of a file")
    if folder is None or folder.exists() or path.parent != folder:
        report.check_file(path, "--perfetto")


def _write_perfetto(run: Run, path: Path) -> None:
    from sim.traces import perfetto  # noqa: PLC0415  quick --help

    told = run.experiment
    perfetto.write(
        run.trace,
        path,
        name=f"{told.scheduler} on {told.curves}, seed {told.seed}",
        configs={trial.number: trial.config for trial in run.trials},
        costs=told.costs,
    )
