"""The command `rungsim study`: a TOML file of experiments x seeds, in parallel, resumable.

Owns its options, its folder, and what it prints and draws.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.commands import grid, options, values

if TYPE_CHECKING:
    from sim.studies.study import Study

EPILOG = """\
examples:
  rungsim study --list                          the studies that come with rungsim
  rungsim study asha-time-bound
  rungsim study asha-a1 --processes 2           published results, redone
  rungsim study new mine.toml                   write a file of your own to start from
  rungsim study mine.toml --dry-run             what it will run, and about how long that takes
  rungsim study mine.toml --seeds 5 --out out

The same command continues a study that was stopped, by whatever means. A study can be extended by
seeds and by settings of its axes: only the new runs are made. Seeds are paired: at one seed all
cells meet the same configs and the same faults.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `rungsim study`."""
    parser.add_argument(
        "study",
        nargs="?",
        type=values.word,
        metavar="NAME|FILE.toml",
        help="a study that comes with rungsim, or a file; new: write the file that follows",
    )
    parser.add_argument(
        "file",
        nargs="?",
        type=values.path,
        metavar="FILE",
        help="after new: the file to write, in which every entry is explained",
    )
    parser.add_argument("--list", action="store_true", help="list the studies, and do nothing")
    parser.add_argument(
        "--seeds", type=values.Whole(1), metavar="N", help="in place of the study's own number"
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="print what would be run, and an estimate of the time, which is a sample of a few "
        "seconds; write nothing",
    )
    grid.add_arguments(parser)
    options.add_out(
        parser,
        default=None,
        what="runs.csv, cells.csv, study.toml and pictures, in place of rungsim-study/NAME,",
    )


def main(args: argparse.Namespace) -> int:
    """Run the study, or what is left of it; write, draw and print it."""
    from dataclasses import replace  # noqa: PLC0415  quick --help

    from learning_curves.errors import INTERRUPTED, InputError  # noqa: PLC0415  quick --help
    from sim.reports import (  # noqa: PLC0415  quick --help
        memory,
        screen,
        study_folder,
        study_report,
    )
    from sim.studies import study_file  # noqa: PLC0415  quick --help
    from sim.studies.results import Results  # noqa: PLC0415  quick --help

    if args.list:
        told = {name: study_file.read(name).title for name in study_file.shipped()}
        study_report.print_list(told, as_json=args.json)
        return 0
    if args.study is None:
        raise InputError("which study? Give a name or a file; --list prints the names")
    if args.study == "new":
        return _write_starter(args.file)
    if args.file is not None:
        raise InputError(f"unexpected argument {str(args.file)!r}: leave it out")
    study = study_file.read(args.study)
    study = replace(study, seeds=args.seeds or study.seeds)
    warning = grid.check(study, args)
    memory.warn(warning)
    folder = Path("rungsim-study", study.name) if args.out is None else args.out
    if args.dry_run:
        told = _foreseen(study, folder, args) | ({"warning": warning} if warning else {})
        study_report.print_dry_run(told, as_json=args.json)
        return 0
    with study_folder.opened({folder: study}, overwrite=args.overwrite) as logs:
        log = logs[folder]
        grid.clear(study, folder, log, draws=not args.no_plots)
        try:
            with grid.opened_pools(args, len(log.missing)) as pools:
                rate = grid.run(study, log, pools, study.name)
        except grid.Interrupted as how:
            screen.console(stderr=True).print(f"rungsim study: {how}")
            return INTERRUPTED
        results = Results(study, log.values)
        told = study_report.write(results, folder)
        if not args.no_plots:
            from sim.reports import study_pictures  # noqa: PLC0415  imports matplotlib

            study_pictures.draw(results, folder, suffix=f".{args.format}")
        if args.json:
            print(screen.to_json(told), end="")  # noqa: T201  the answer
            screen.console(stderr=True).print(rate)
        else:
            study_report.show(results)
            screen.console().print(f"{rate}\nwritten to {folder}")
    return 0


def _write_starter(path: Path | None) -> int:
    """Write a study to start from."""
    from learning_curves.errors import InputError  # noqa: PLC0415  quick --help
    from sim.reports import report, screen  # noqa: PLC0415  quick --help
    from sim.studies import study_file  # noqa: PLC0415  quick --help

    if path is None:
        raise InputError("which file? Give its name: rungsim study new mine.toml")
    if path.suffix != ".toml":
        raise InputError(f"{path} does not end in .toml: give the name of a TOML file")
    if path.exists():
        raise InputError(f"{path} exists already: choose another name")
    report.write_text(path, study_file.starter())
    screen.console().print(
        f"written to {path}: rungsim study {path} --dry-run prints what it will run"
    )
    return 0


def _foreseen(study: Study, folder: Path, args: argparse.Namespace) -> dict[str, Any]:
    """Return what would be run, and how long it would take; see `forecast.forecast`."""
    from sim.reports import study_folder  # noqa: PLC0415  quick --help
    from sim.reports.progress_bar import ProgressBar  # noqa: PLC0415  quick --help
    from sim.studies.parallel.forecast import MOST_JOBS, forecast  # noqa: PLC0415  quick --help
    from sim.studies.study_log import StudyLog  # noqa: PLC0415  quick --help

    if not args.overwrite:
        study_folder.check(study, folder)
    missing = list(range(study.runs)) if args.overwrite else StudyLog.missing_from(study, folder)
    processes = max(1, min(args.processes, len(missing)))
    with ProgressBar("sample", None) as bar:
        time = forecast(study, missing, lambda: bar.elapsed, processes=processes)
    basis = f"one run of up to {MOST_JOBS:,} jobs each of {', '.join(time.sampled)}"
    basis += f"; {', '.join(time.others)} taken to be as fast" if time.others else ""
    return {
        "study": study.name,
        "title": study.title,
        "axes": {axis: study.settings(axis) for axis in study.axes},
        "cells": len(study.cells),
        "seeds": study.seeds,
        "runs": study.runs,
        "folder": str(folder),
        "done": study.runs - len(missing),
        "missing": len(missing),
        "limits": _limits(study),
        "measures": study.measures,
        "estimate": {
            "seconds": time.seconds,
            "processes": processes,
            "basis": basis if time.sampled else "nothing is left to run",
        },
    }


def _limits(study: Study) -> dict[str, list[float]]:
    """Return the values of each limit over the cells, in the order of the cells."""
    from dataclasses import asdict  # noqa: PLC0415  quick --help

    found: dict[str, dict[float, None]] = {}
    for cell in study.cells:
        one = asdict(cell.experiment.limits) | {"max_trials": cell.experiment.max_trials}
        for name, value in one.items():
            if value is not None:
                found.setdefault(name, {})[value] = None
    return {name: list(values) for name, values in found.items()}
