"""`rungsim live`: a scheduler on real training.

Owns the command's options and what it prints and draws. Must not know how jobs are trained
(`real.cluster.cluster`), nor import torch before `main` runs: help must be fast.
"""

from __future__ import annotations

import argparse
import shutil
from contextlib import suppress
from dataclasses import fields, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from learning_curves import own
from learning_curves.errors import INTERRUPTED, InputError
from real.commands import torch_options
from sim.commands import options, parsed, values

if TYPE_CHECKING:
    from collections.abc import Callable

    from real.cluster.crew import Crew
    from real.live import LiveExperiment
    from sim.experiments.run import Run
    from sim.traces.replay import Lived

MAX_SECONDS = 600.0  # of a run without any limit
_PROCESS = 200e6  # bytes of memory of a process that trains, torch included

EPILOG = """\
examples:
  rungsim live --task softmax --data subset --max-trials 9 --r-max 4 --out live
  rungsim live --task lenet --r-min 2 --max-seconds 720 --first learning_rate=0.1,batch_size=128
  rungsim live --task mymodule:MyTask --workers 4 --max-epochs 200 --out mine
  rungsim live --resume live             continue after Ctrl-C, a crash or kill -9

Every report is in DIR/journal.jsonl before the scheduler receives it. A run that was stopped in any
way continues from there; no reported epoch is lost or trained twice.
"""

MOST_USED = (
    *("--task", "--scheduler", "--workers", "--seed", "--data", "--eta", "--r-min", "--r-max"),
    *("--searcher", "--max-seconds", "--max-epochs", "--max-trials", "--resume", "--out", "--json"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `rungsim live`."""
    add_training(parser)
    group = parser.add_argument_group("the run")
    group.add_argument(
        "--dask",
        metavar="ADDRESS",
        help="train on the workers of this Dask scheduler, such as tcp://10.0.0.1:8786; start "
        "each worker with dask worker ADDRESS --nthreads 1 where it can import the module of "
        "the task "
        "and see the folder of --out under the same path",
    )
    group.add_argument(
        "--resume",
        type=values.path,
        metavar="DIR",
        help="continue the run in this folder; all options except --dask and those of the "
        "results are taken from it",
    )
    options.add_force(group)
    options.add_out(
        parser,
        default="rungsim-live",
        what="journal.jsonl, jobs.parquet, summary.json, experiment.toml and pictures",
    )


def add_training(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what is trained, by whom, and for how long."""
    parser.add_argument(
        "--task",
        default="softmax",
        metavar="NAME|MODULE:CLASS",
        help="softmax, lenet, gan, or module:Class for your own, see docs/own-task.md (default: "
        "%(default)s)",
    )
    options.add_scheduler_name(parser)
    parser.add_argument(
        "--workers",
        type=values.Whole(1),
        default=2,
        metavar="N",
        help="processes that train (default: 2)",
    )
    parser.add_argument(
        "--seed", type=values.SEED, default=0, metavar="N", help="of all randomness (default: 0)"
    )
    torch_options.add_data(parser)
    group = parser.add_argument_group("the jobs")
    group.add_argument(
        "--job-timeout",
        type=values.number,
        metavar="S",
        help="end the process of a job that trains for longer than this (default: never)",
    )
    options.add_searcher(parser)
    options.add_scheduler(parser, r_max="the task's last")
    options.add_limits(
        parser,
        target_ends=True,
        clock=f"of the wall clock (default: {MAX_SECONDS:g} if trials, jobs and epochs, too, are "
        "without limit)",
    )


def main(args: argparse.Namespace) -> int:
    """Run or resume, and write and print the result; 130 after Ctrl-C.

    Raises
    ------
    InputError
        See `carry_out`.

    """
    from sim.reports import report, screen  # noqa: PLC0415  quick --help

    done = carry_out(args)
    if done is None:
        return INTERRUPTED
    run, folder = done
    if args.json:
        print(screen.to_json(run.summary()), end="")  # noqa: T201  the answer
    else:
        report.print_run(run)
        if raised := run.remarks.get("raised"):
            trials, first = raised["trials"], raised["first"]
            count = "1 trial" if trials == 1 else f"{trials} trials"
            screen.console().print(f"note: {count} raised an exception; the first one, {first}")
        screen.console().print(f"written to {folder}")
    return 0


def carry_out(args: argparse.Namespace) -> tuple[Run, Path] | None:
    """Run or resume, and write the result; return it and its folder, None after Ctrl-C.

    Raises
    ------
    InputError
        An argument, the data, the folder or the journal cannot be used, or torch is missing.

    """
    torch_options.check(args.device)
    from real import live, results  # noqa: PLC0415 - it needs torch, see the file's law
    from real.cluster.ledger import TaskError  # noqa: PLC0415 - likewise
    from sim.reports import memory, report, screen  # noqa: PLC0415  quick --help

    if args.resume is not None:
        parsed.refuse_beside(
            args,
            "--resume",
            free={"resume", "dask", "no_plots", "format", "json"},
            remedy="the run continues with its own settings; leave it out",
        )
        folder = args.resume
        experiment = live.read(folder)
        torch_options.check(experiment.device)
    else:
        folder = report.check_place(args.out)
        parsed.refuse_without_effect(args, [args.scheduler])
        wanted = described(args)
        warning = ""
        if args.dask is None:
            warning = memory.check_memory(
                args.workers * _PROCESS, f"{args.workers} processes", force=args.force
            )
        made = report.make_folder(folder)
        try:
            experiment = live.begin(wanted, folder)
        except BaseException:
            report.remove_empty(made)
            raise
        memory.warn(warning)
    console = screen.console(stderr=True)
    try:
        lived = train(experiment, folder, _hire(args.dask, experiment))
    except KeyboardInterrupt:
        again = f"--resume {folder}" + (f" --dask {args.dask}" if args.dask else "")
        console.print(f"stopped; rungsim live {again} continues it; all reports are kept")
        return None
    except InputError as error:
        if args.resume is None:
            _withdraw(folder, begun=isinstance(error, TaskError))
            report.remove_empty(made)
        raise
    run = results.as_run(experiment, lived)
    try:
        report.write_results(run, folder)
        if not args.no_plots:
            report.draw_run(run, folder, args.format)
    except OSError as error:
        raise InputError(
            f"{folder}: {error.strerror or error}: fix that, and rungsim live --resume {folder} "
            "writes the results"
        ) from error
    return run, folder


def described(args: argparse.Namespace) -> LiveExperiment:
    """Return the live experiment that the options describe.

    Raises
    ------
    InputError
        A value is out of its range.

    """
    from real.live import LiveExperiment  # noqa: PLC0415 - it needs torch, see the file's law

    if ":" in args.task and (args.data, args.validate_on) != ("auto", "validation"):
        raise InputError(
            f"--data {args.data} and --validate-on {args.validate_on} have no effect: "
            f"{args.task} chooses its own data; leave them out"
        )

    limits = parsed.limits(args, target_ends=True)
    # A target, or a number of finished trials, may never be reached.
    bounds = (limits.max_seconds, limits.max_jobs, limits.max_epochs, args.max_trials)
    if all(bound is None for bound in bounds):
        limits = replace(limits, max_seconds=MAX_SECONDS)
    options_given = {
        "scheduler_options": own.options(args.scheduler_option),
        "searcher_options": own.options(args.searcher_option),
    }
    names = [each.name for each in fields(LiveExperiment)[:-1] if each.name not in options_given]
    given = {name: getattr(args, name) for name in names} | options_given
    return LiveExperiment(**given | {"first": tuple(args.first)}, limits=limits)


def train(
    experiment: LiveExperiment, folder: Path, hire: Callable[[], Crew] | None = None
) -> Lived:
    """Run `experiment` in `folder`, and show its progress."""
    from real import live  # noqa: PLC0415 - see the file's law
    from real.cluster.cluster import JOURNAL  # noqa: PLC0415 - likewise
    from real.commands.watch import Watch  # noqa: PLC0415 - likewise

    path = folder / JOURNAL
    known = path.read_bytes().count(b"\n") if path.exists() else 0  # an event a line
    with Watch(experiment, known) as watch:
        return live.run(experiment, folder, hire=hire, hear=watch.hear)


def _hire(dask: str | None, experiment: LiveExperiment) -> Callable[[], Crew] | None:
    from real.cluster import dask_crew, training  # noqa: PLC0415 - see the file's law

    if dask is None:
        return None
    settle = partial(training.settle, experiment.recipe)
    return partial(dask_crew.Dask, dask, settle, workers=experiment.workers)


def _withdraw(folder: Path, *, begun: bool) -> None:
    """Remove what a run that trained no epoch has left, so that the command may be given again.

    A run that has begun is removed only if `begun` is true.
    """
    from real import live  # noqa: PLC0415 - see the file's law
    from real.cluster.cluster import CHECKPOINTS, JOURNAL  # noqa: PLC0415 - likewise
    from real.cluster.journal import Journal, Reported  # noqa: PLC0415 - likewise

    with suppress(InputError), Journal(folder / JOURNAL) as journal:  # of nobody else's run
        events = journal.read()
        trained = any(isinstance(each, Reported) and each.epoch_seconds for each in events)
        if not events or (begun and not trained):
            shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)
            journal.path.unlink()
            (folder / live.EXPERIMENT).unlink()
