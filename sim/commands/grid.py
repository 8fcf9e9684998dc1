"""Shared code of `rungsim compare` and `rungsim study`: runs a study, or the rest of one.

Owns the options and the progress of a study, and the lock on its folder. Must not know what is
printed about it.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from sim.commands import options, values

if TYPE_CHECKING:
    from sim.studies.parallel.pool import Pools
    from sim.studies.study import Study
    from sim.studies.study_log import StudyLog


_LOCAL = "local"  # as in `parallel.dask_workers`, whose import would slow --help down


class Interrupted(Exception):  # noqa: N818  it is not an error
    """Ctrl-C, with a message."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of commands that run a study."""
    parser.add_argument(
        "--processes",
        type=values.processes(),
        default=os.cpu_count() or 1,
        metavar="N",
        help="number of processes; the results do not depend on it (default: %(default)s)",
    )
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="delete the results of another study if the folder holds any",
    )
    elsewhere = parser.add_mutually_exclusive_group()
    elsewhere.add_argument(
        "--dask",
        type=values.word,
        metavar="ADDRESS",
        help="make the runs on the workers of this Dask scheduler, such as tcp://10.0.0.1:8786, "
        "each started with dask worker ADDRESS --nthreads 1; or local: on Dask workers that are "
        "started here, as many as --processes says; see docs/cluster.md",
    )
    elsewhere.add_argument(
        "--executor",
        type=values.word,
        metavar="module:function",
        help="make the runs by the concurrent.futures.Executor that this function of your own "
        "returns, alone or with its number of processes; --processes says how many runs are made "
        "at a time",
    )
    options.add_force(parser)


def check(study: Study, args: argparse.Namespace) -> str:
    """Raise if one of the study's runs is impossible, or too large for this machine.

    Return a warning if the runs will take much memory, else nothing; see `memory.warn`.

    Raises
    ------
    InputError
        A line for each mistake, see `checks.experiments.check`; or an option without effect.

    """
    from learning_curves.errors import InputError  # noqa: PLC0415  quick --help
    from sim.experiments.parts import source  # noqa: PLC0415  quick --help
    from sim.reports import memory  # noqa: PLC0415  quick --help
    from sim.studies.checks import experiments  # noqa: PLC0415  quick --help
    from sim.studies.study import naming  # noqa: PLC0415  quick --help

    elsewhere = args.dask not in {None, _LOCAL}
    if elsewhere and "processes" in args.given:
        raise InputError(
            f"--processes {args.processes} has no effect beside --dask {args.dask}, whose workers "
            "make the runs: leave it out"
        )
    try:
        for cell in study.cells:
            with naming(cell.settings):
                source(cell.experiment)
        cells = [cell.experiment for cell in study.cells]
    except InputError:
        experiments.check(study)  # which names all mistakes
        raise
    processes = 1 if elsewhere else args.processes  # on this machine
    warning = memory.check(cells, force=args.force, runs=study.runs, processes=processes)
    experiments.check(study)
    return warning


def clear(study: Study, folder: Path, log: StudyLog, *, draws: bool) -> None:
    """Remove the results in a folder that do not belong to the runs that it will hold."""
    from sim.reports import report  # noqa: PLC0415  quick --help

    if draws or log.missing:  # else the pictures are still right
        report.clear_pictures(folder, [*study.pictures, "losses-*", "rungs-*"])


@contextmanager
def opened_pools(args: argparse.Namespace, runs: int) -> Iterator[Pools]:
    """Open the processes that make the given number of runs, no more than these need.

    Raises
    ------
    InputError
        They cannot be opened, or no longer answer.

    """
    from sim.studies.parallel.pool import HERE, pools_of_one  # noqa: PLC0415  quick --help

    processes = max(1, min(args.processes, runs))
    found: AbstractContextManager[Pools]
    if not runs:
        found = nullcontext(HERE)
    elif args.dask is not None:
        from sim.studies.parallel.dask_workers import dask_workers  # noqa: PLC0415  quick --help

        found = dask_workers(args.dask, processes)
    elif args.executor is not None:
        from sim.studies.parallel.executors import executor_of  # noqa: PLC0415  quick --help

        given = args.processes if "processes" in args.given else None
        found = executor_of(args.executor, given)
    else:
        found = pools_of_one(processes)
    with found as pools:
        yield pools


def run(study: Study, log: StudyLog, pools: Pools, name: str) -> str:
    """Make the runs that the log lacks; return a line with the speed.

    Raises
    ------
    Interrupted
        The user pressed Ctrl-C; the log keeps its runs.

    """
    from sim.reports import study_report  # noqa: PLC0415  quick --help
    from sim.reports.progress_bar import ProgressBar  # noqa: PLC0415  quick --help
    from sim.studies import runner  # noqa: PLC0415  quick --help

    missing = log.missing
    jobs = 0
    try:
        with ProgressBar(name, study.runs, done=log.done) as bar:
            for measured in runner.run_all(study, missing, pools, lambda: bar.elapsed):
                log.append(measured.place, measured.values)
                jobs += measured.jobs
                bar.advance(seconds_left=measured.seconds_left)
            return study_report.rate(study.runs, len(missing), jobs, bar.elapsed)
    except KeyboardInterrupt:
        raise Interrupted(
            f"interrupted; {log.done:,} of {study.runs:,} runs are done, and the same command "
            "continues from there"
        ) from None
