"""The command `rungsim report`: one HTML file of a folder that a command wrote.

Owns its options, and which kind of report a folder gets.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from sim.commands import values

if TYPE_CHECKING:
    from sim.reports.html.page import Page

EPILOG = """\
examples:
  rungsim report rungsim-study/asha-a1
  rungsim report rungsim-compare/lenet-fashion-mnist --out lenet.html
  rungsim report out                     the folder of rungsim run or rungsim live

The file needs no network: open it from the disk, print it, or send it to someone.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `rungsim report`."""
    parser.add_argument(
        "folder",
        type=values.path,
        metavar="DIR",
        help="the folder that rungsim study, compare, run or live wrote",
    )
    parser.add_argument(
        "--out", type=values.path, metavar="FILE", help="the file (default: DIR/report.html)"
    )
    parser.add_argument(
        "--timelines",
        type=values.Whole(0),
        default=12,
        metavar="N",
        help="of a study: the number of runs whose workers are drawn; they are made again "
        "(default: %(default)s)",
    )


def main(args: argparse.Namespace) -> int:
    """Write the report."""
    from sim.reports import report, screen  # noqa: PLC0415  quick --help

    path: Path = args.folder / "report.html" if args.out is None else args.out
    if args.out is not None:
        report.check_file(path, "--out")
    text = _page(args.folder, args.timelines).html()
    report.write_text(path, text)
    screen.console().print(f"written to {path} ({screen.size(len(text.encode()))})")
    return 0


def _page(folder: Path, timelines: int) -> Page:
    """Return the report of a folder.

    Raises
    ------
    InputError
        The folder holds no results.

    """
    from learning_curves.errors import InputError  # noqa: PLC0415  quick --help
    from sim.reports.html import run_page, study_page  # noqa: PLC0415  quick --help

    if (folder / "runs.csv").is_file():
        return study_page.page(folder, timelines_of=timelines)
    if (folder / "jobs.parquet").is_file():
        return run_page.page(folder)
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}: give one that a command wrote")
    inner = sorted({each.parent for each in folder.glob("*/runs.csv")})
    remedy = f"its folder {inner[0]} does: give that" if inner else "give one that a command wrote"
    raise InputError(f"{folder} holds neither runs.csv nor jobs.parquet; {remedy}")
