"""Shared code of `rungsim compare` and `rungsim study`: runs a study, or the rest of one.

Owns the options and the progress of a study, and the lock on its folder. Must not know what is
printed about it.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sim.commands import options, values

if TYPE_CHECKING:
    from sim.studies.study import Study
    from sim.studies.study_log import StudyLog


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
    options.add_force(parser)


def check(study: Study, args: argparse.Namespace) -> str:
    """Raise if one of the study's runs is impossible, or too large for this machine.

    Return a warning if the runs will take much memory, else nothing; see `memory.warn`.

    Raises
    ------
    InputError
        A line for each mistake; see `study_problems.check`.

    """
    from learning_curves.errors import InputError  # noqa: PLC0415  quick --help
    from sim.experiments.parts import source  # noqa: PLC0415  quick --help
    from sim.reports import memory  # noqa: PLC0415  quick --help
    from sim.studies import study_problems  # noqa: PLC0415  quick --help
    from sim.studies.study import naming  # noqa: PLC0415  quick --help

    try:
        for cell in study.cells:
            with naming(cell.settings):
                source(cell.experiment)
        cells = [cell.experiment for cell in study.cells]
    except InputError:
        study_problems.check(study)  # which names all mistakes
        raise
    warning = memory.check(cells, force=args.force, runs=study.runs, processes=args.processes)
    study_problems.check(study)
    return warning


@contextmanager
def opened(studies: Mapping[Path, Study], *, overwrite: bool) -> Iterator[dict[Path, StudyLog]]:
    """Begin studies in their folders, or open what these hold of them; lock them until the end.

    All folders are locked and checked before the first one is written to.

    Raises
    ------
    InputError
        A folder belongs to another study, is locked by another process, or is not writable.

    """
    from learning_curves import files  # noqa: PLC0415  quick --help
    from sim.reports import report, study_folder  # noqa: PLC0415  quick --help
    from sim.studies.study_log import StudyLog  # noqa: PLC0415  quick --help

    made: list[Path] = []
    with ExitStack() as stack:
        try:
            for folder, study in studies.items():
                made += report.make_folder(folder)
                stack.enter_context(files.locked(folder, "study"))
                if not overwrite:
                    study_folder.check(study, folder)
            for folder, study in studies.items():
                study_folder.begin(study, folder, overwrite=overwrite)
            logs = {
                folder: StudyLog(study, folder / "runs.csv") for folder, study in studies.items()
            }
        except BaseException:
            stack.close()
            report.remove_empty(made)
            raise
        yield logs


def clear(study: Study, folder: Path, log: StudyLog, *, draws: bool) -> None:
    """Remove the results in a folder that do not belong to the runs that it will hold."""
    from sim.reports import report  # noqa: PLC0415  quick --help

    if draws or log.missing:  # else the pictures are still right
        report.clear_pictures(folder, [*study.pictures, "losses-*", "rungs-*"])


def run(study: Study, log: StudyLog, pools: Sequence[Executor], name: str) -> str:
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
