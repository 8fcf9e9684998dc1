"""How fast the simulator is: one table of ratios, measured side by side in one run.

    python -m tests.benchmarks
    python -m tests.benchmarks --only clock,memory --repeats 9
    python -m tests.benchmarks --against ../rungsim-before --markdown docs/performance.md

Each row is measured in processes of its own; with --against, in turn on this checkout and on the
other one. The table has the median and the range. Nothing is asserted: the growth that
the tests hold is in tests/benchmarks/test_growth.py.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from learning_curves import files
from tests.benchmarks.rows import ROWS, Row

_HERE = Path(__file__).resolve().parents[2]
_SLOW = {"workers", "jobs", "jobs-exponent", "workers-exponent", "wrong-promotions"}
_EXACT = {"jobs-exponent", "workers-exponent", "memory"}
_BEGIN, _END = "<!-- measured -->\n", "<!-- end -->\n"


def measured(name: str, checkouts: list[Path], repeats: int) -> list[list[float] | str]:
    """Return the measurements of a row on each checkout, or what keeps it from being measured."""
    found: list[list[float] | str] = [[] for _ in checkouts]
    for _ in range(1 if name in _EXACT else repeats):
        for which, checkout in enumerate(checkouts):
            before = found[which]
            if isinstance(before, str):
                continue
            command = [sys.executable, Path(__file__).parent / "rows.py", name, "1"]
            with tempfile.TemporaryDirectory() as folder:
                environment = {"PYTHONPATH": str(checkout), "SYNETUNE_FOLDER": folder}
                done = subprocess.run(
                    command,
                    env=os.environ | environment,
                    capture_output=True,
                    text=True,
                    check=False,
                )
            if done.returncode:
                said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
                found[which] = f"failed: {said[-1]}"
                continue
            told = json.loads(done.stdout.strip().splitlines()[-1])
            found[which] = told if isinstance(told, str) else before + told
    return found


def cell(row: Row, values: list[float] | str) -> str:
    """Return the median and the range."""
    if isinstance(values, str):
        return values
    shown = [f"{each:.3g}" for each in (statistics.median(values), min(values), max(values))]
    unit = f" {row.unit}" if row.unit else ""
    return shown[0] + unit + (f" ({shown[1]} to {shown[2]})" if len(values) > 1 else "")


def machine() -> str:
    """Return one line on when and on what this was measured."""
    parts = [f"{datetime.now(UTC):%Y-%m-%d}", platform.machine(), f"{os.cpu_count()} cores"]
    parts.append(f"Python {platform.python_version()}")
    for name in ("numpy", "simpy", "pandas", "syne-tune", "mfhpo-simulator"):
        try:
            parts.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    return ", ".join(parts)


def main() -> None:
    """Measure, and print a table."""
    described, _, examples = (__doc__ or "").partition("\n\n")
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description=described,
        epilog=examples + "\nrows:\n" + "\n".join(f"  {n:20}{r.title}" for n, r in ROWS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", metavar="ROW,...", help="the rows to measure (default: all)")
    parser.add_argument("--quick", action="store_true", help="leave out the rows that take minutes")
    parser.add_argument("--repeats", type=int, default=5, help="of each row (default: 5)")
    parser.add_argument("--against", type=Path, metavar="CHECKOUT", help="another revision")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="replace its table")
    args = parser.parse_args()
    names = (
        args.only.split(",") if args.only else [n for n in ROWS if n not in _SLOW or not args.quick]
    )
    if unknown := set(names) - set(ROWS):
        parser.error(f"there is no row {', '.join(sorted(unknown))}: choose from {', '.join(ROWS)}")
    if args.against and not (args.against / "sim" / "__init__.py").is_file():
        # An installed revision would be measured in its place.
        parser.error(f"there is no sim in {args.against}: give the folder of a checkout")
    if args.markdown:
        above, begin, rest = args.markdown.read_text(encoding="utf-8").partition(_BEGIN)
        _, end, below = rest.partition(_END)
        if not (begin and end):
            parser.error(f"{args.markdown} has no table: add the lines {_BEGIN}{_END}".rstrip())
    checkouts, columns = [_HERE], ["this revision"]
    if args.against:
        checkouts, columns = [args.against.resolve(), _HERE], ["before", "after"]
    lines = ["| what | " + " | ".join(columns) + " |", "|---" * (1 + len(columns)) + "|"]
    print(machine(), *lines, sep="\n", flush=True)
    for name in names:
        cells = [cell(ROWS[name], each) for each in measured(name, checkouts, args.repeats)]
        lines.append(f"| {' | '.join([ROWS[name].title, *cells])} |")
        print(lines[-1], flush=True)
    if args.markdown:
        table = f"{machine()}:\n\n" + "\n".join(lines) + "\n"
        files.write(args.markdown, f"{above}{_BEGIN}{table}{_END}{below}".encode())


if __name__ == "__main__":
    main()
