"""What `rungsim compare` and `rungsim study` have in common: a study is run, or what is left of it.

Owns the options and the progress of a study, and the lock on its folder. Must not know what is
printed of it.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sim.commands import options, values

if TYPE_CHECKING:
    from sim.studies.study import Study
    from sim.studies.study_log import StudyLog


class Interrupted(Exception):  # noqa: N818  it is no error
    """Ctrl-C, with what to say of it."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of whatever runs a study."""
    parser.add_argument(
        "--processes",
        type=values.processes(),
        default=os.cpu_count() or 1,
        metavar="N",
        help="to work in; the results are the same on any number (default: %(default)s)",
    )
    parser.add_argument(
        "--overwrite",
        action="store_true",
        help="delete the results of another study, if the folder holds any",
    )
    options.add_force(parser)


def check(study: Study, args: argparse.Namespace) -> str:
    """Raise for what makes one of the study's runs impossible, or too large for this machine.

    Return a warning if the runs will take much memory, else nothing; see `memory.warn`.

    Raises
    ------
    InputError
        One line that names the cell.

    """
    from sim.experiments.parts import source  # noqa: PLC0415  quick --help
    from sim.reports import memory  # noqa: PLC0415  quick --help
    from sim.studies.study import naming  # noqa: PLC0415  quick --help

    for cell in study.cells:
        with naming(cell.settings):
            source(cell.experiment)
    cells = [cell.experiment for cell in study.cells]
    warning = memory.check(cells, force=args.force, runs=study.runs, processes=args.processes)
    study.check()
    return warning


@contextmanager
def opened(study: Study, folder: Path, *, overwrite: bool) -> Iterator[StudyLog]:
    """Begin a study in a folder, or open what the folder holds of it; lock it meanwhile.

    Raises
    ------
    InputError
        The folder belongs to another study, or to a process at work, or cannot be written to.

    """
    from learning_curves import files  # noqa: PLC0415  quick --help
    from sim.reports import report, study_folder  # noqa: PLC0415  quick --help
    from sim.studies.study_log import StudyLog  # noqa: PLC0415  quick --help

    report.prepare(folder)
    with files.locked(folder, "study"):
        study_folder.begin(study, folder, overwrite=overwrite)
        yield StudyLog(study, folder / "runs.csv")


def run(study: Study, log: StudyLog, pool: Executor | None, name: str) -> str:
    """Run what the log lacks; return how fast that went.

    Raises
    ------
    Interrupted
        By Ctrl-C; what is in the log stays there.

    """
    from sim.reports import study_report  # noqa: PLC0415  quick --help
    from sim.reports.progress_bar import ProgressBar  # noqa: PLC0415  quick --help
    from sim.studies import runner  # noqa: PLC0415  quick --help

    missing = log.missing
    jobs = 0
    try:
        with ProgressBar(name, study.runs, done=log.done) as bar:
            for measured in runner.run_all(study, missing, pool):
                log.append(measured.values)
                jobs += measured.jobs
                bar.advance()
            return study_report.rate(study.runs, len(missing), jobs, bar.elapsed)
    except KeyboardInterrupt:
        raise Interrupted(
            f"interrupted; {log.done:,} of {study.runs:,} runs are done, "
            "and the same command continues from there"
        ) from None
