"""The command `rungsim study`: a TOML file of experiments x seeds, in parallel, resumable.

Owns its options, its folder, and what it prints and draws.
"""

from __future__ import annotations

import argparse
import os
from concurrent.futures import BrokenExecutor
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from sim.commands import options, values

if TYPE_CHECKING:
    from sim.studies.study import Study
    from sim.studies.study_log import StudyLog

EPILOG = """\
examples:
  rungsim study --list                          the studies that come with rungsim
  rungsim study asha-time-bound
  rungsim study asha-a1 --processes 2           published results, redone
  rungsim study mine.toml --seeds 5 --out out   a file of your own

A study that was stopped, by whatever means, goes on where it was when it is called again. Seeds
are paired: at one seed all cells meet the same configs and the same faults.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `rungsim study`."""
    parser.add_argument(
        "study",
        nargs="?",
        type=values.word,
        metavar="NAME|FILE.toml",
        help="a study that comes with rungsim, or a file",
    )
    parser.add_argument("--list", action="store_true", help="list the studies, and do nothing")
    parser.add_argument(
        "--seeds", type=values.Whole(1), metavar="N", help="in place of the study's own number"
    )
    parser.add_argument(
        "--processes",
        type=values.processes(),
        default=os.cpu_count() or 1,
        metavar="N",
        help="to work in; the results are the same on any number (default: %(default)s)",
    )
    parser.add_argument(
        "--out",
        type=values.path,
        metavar="DIR",
        help="write runs.csv, cells.csv, study.toml and pictures here "
        "(default: rungsim-study/NAME)",
    )
    options.add_force(parser)
    parser.add_argument("--no-plots", action="store_true", help="leave the pictures out")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")


def main(args: argparse.Namespace) -> int:
    """Run the study, or what is left of it; write, draw and print it."""
    from dataclasses import replace  # noqa: PLC0415  quick --help

    from learning_curves import files  # noqa: PLC0415  quick --help
    from learning_curves.errors import InputError  # noqa: PLC0415  quick --help
    from sim.experiments.parts import source  # noqa: PLC0415  quick --help
    from sim.reports import memory, report, study_report  # noqa: PLC0415  quick --help
    from sim.studies import study_file  # noqa: PLC0415  quick --help
    from sim.studies.study import naming  # noqa: PLC0415  quick --help

    if args.list:
        told = {name: study_file.read(name).title for name in study_file.shipped()}
        study_report.print_list(told, as_json=args.json)
        return 0
    if args.study is None:
        raise InputError("which study? Give a name or a file; --list names those that there are")
    study = study_file.read(args.study)
    study = replace(study, seeds=args.seeds or study.seeds)
    kinds = [cell.experiment for cell in study.cells]
    for cell in study.cells:
        with naming(cell.settings):
            source(cell.experiment)
    warning = memory.check(kinds, force=args.force, runs=study.runs, processes=args.processes)
    study.check()
    memory.warn(warning)
    default = Path("rungsim-study", study.name)
    folder = report.prepare(default if args.out is None else Path(args.out))
    with files.locked(folder, "study"):
        return _carry_out(args, study, folder)


def _carry_out(args: argparse.Namespace, study: Study, folder: Path) -> int:
    """Run what is left of the study; write, draw and print it."""
    from learning_curves.errors import INTERRUPTED  # noqa: PLC0415  quick --help
    from sim.reports import screen, study_report  # noqa: PLC0415  quick --help
    from sim.studies import study_cells, study_log  # noqa: PLC0415  quick --help

    study_report.begin(study, folder)
    log = study_log.StudyLog(study, folder / "runs.csv")
    try:
        rate = _run(study, log, args.processes)
    except KeyboardInterrupt:
        screen.console(stderr=True).print(
            f"rungsim study: interrupted; {log.done:,} of {study.runs:,} runs are done, "
            "and the same command goes on from there"
        )
        return INTERRUPTED
    cells = study_cells.by_cell(study, log.values)
    fits = study_cells.fits(study, log.values)
    result = study_report.write(study, cells, fits, folder)
    if not args.no_plots:
        from sim.reports import study_pictures  # noqa: PLC0415  imports matplotlib

        study_pictures.draw(study, cells, fits, folder)
    if args.json:
        print(screen.to_json(result), end="")  # noqa: T201  the answer
        screen.console(stderr=True).print(rate)
    else:
        study_report.print_cells(study, cells)
        study_report.print_fits(fits)
        screen.console().print(f"{rate}\nwritten to {folder}")
    return 0


def _run(study: Study, log: StudyLog, processes: int) -> str:
    """Run what is missing; return how fast that went."""
    from rich.progress import (  # noqa: PLC0415  quick --help
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TimeRemainingColumn,
    )

    from learning_curves.errors import InputError  # noqa: PLC0415  quick --help
    from sim.reports import screen, study_report  # noqa: PLC0415  quick --help
    from sim.studies import comparison, study_log  # noqa: PLC0415  quick --help

    missing = log.missing
    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = screen.console(stderr=True)
    many = processes > 1 and len(missing) > 1
    jobs = 0
    # The seconds that pass are the bar's to know: in `sim` there is no clock but the simulated.
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task(study.name, total=study.runs, completed=study.runs - len(missing))
        try:
            with comparison.pool_of(processes) if many else nullcontext() as pool:
                for measured in study_log.run_all(study, missing, pool):
                    log.append(measured.values)
                    jobs += measured.jobs
                    bar.advance(task)
        except BrokenExecutor:
            raise InputError(
                "a process died, maybe for want of memory: call again to go on, on fewer "
                f"--processes than {processes}"
            ) from None
        seconds = bar.tasks[task].elapsed or 0.0
    return study_report.rate(study.runs, len(missing), jobs, seconds)
