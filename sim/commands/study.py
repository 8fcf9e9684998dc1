"""The command `rungsim study`: a TOML file of experiments x seeds, in parallel, resumable.

Owns its options, its folder, and what it prints and draws.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from sim.commands import grid, options, values

EPILOG = """\
examples:
  rungsim study --list                          the studies that come with rungsim
  rungsim study asha-time-bound
  rungsim study asha-a1 --processes 2           published results, redone
  rungsim study mine.toml --seeds 5 --out out   a file of your own

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
        help="a study that comes with rungsim, or a file",
    )
    parser.add_argument("--list", action="store_true", help="list the studies, and do nothing")
    parser.add_argument(
        "--seeds", type=values.Whole(1), metavar="N", help="in place of the study's own number"
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
    from sim.reports import memory, screen, study_report  # noqa: PLC0415  quick --help
    from sim.studies import study_file  # noqa: PLC0415  quick --help

    if args.list:
        told = {name: study_file.read(name).title for name in study_file.shipped()}
        study_report.print_list(told, as_json=args.json)
        return 0
    if args.study is None:
        raise InputError("which study? Give a name or a file; --list prints the names")
    study = study_file.read(args.study)
    study = replace(study, seeds=args.seeds or study.seeds)
    memory.warn(grid.check(study, args))
    folder = Path("rungsim-study", study.name) if args.out is None else args.out
    with grid.opened({folder: study}, overwrite=args.overwrite) as logs:
        log = logs[folder]
        grid.clear(study, folder, log, draws=not args.no_plots)
        try:
            with grid.opened_pools(args, len(log.missing)) as pools:
                rate = grid.run(study, log, pools, study.name)
        except grid.Interrupted as how:
            screen.console(stderr=True).print(f"rungsim study: {how}")
            return INTERRUPTED
        results = study_report.write(study, log.values, folder)
        if not args.no_plots:
            from sim.reports import study_pictures  # noqa: PLC0415  imports matplotlib

            study_pictures.draw(study, log.values, folder, suffix=f".{args.format}")
        if args.json:
            print(screen.to_json(results), end="")  # noqa: T201  the answer
            screen.console(stderr=True).print(rate)
        else:
            study_report.show(study, log.values)
            screen.console().print(f"{rate}\nwritten to {folder}")
    return 0
