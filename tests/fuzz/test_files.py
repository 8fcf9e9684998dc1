"""A short run of the fuzzer, the same on every machine; CI has no time for more."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHARES = {
    "tables": (
        240,
        ("table", "table without a card", "Parquet table", "surrogate", "ConfigSpace", "trace"),
    ),
    "imports": (170, ("tidy", "wide", "Syne Tune", "LCDB", "LCBench", "Optuna")),
    "runs": (
        160,
        *[("experiment", "timetable", "study", "study begun", "live run", "recording", "images")],
    ),
}


@pytest.mark.parametrize(("cases", "formats"), SHARES.values(), ids=SHARES)
def test_a_damaged_file_ends_in_one_line(cases, formats):
    # A process of its own: what C code prints to standard error counts, too.
    command = [sys.executable, "-m", "tests.fuzz.files", "--seed", "0", "--cases", str(cases)]
    for name in formats:
        command += ["--only", name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_format_is_fuzzed():
    code = "from tests.fuzz.sources import SOURCES; print(*SOURCES, sep='\\n')"
    told = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert set(told.stdout.split("\n")) - {""} == {
        name for _, each in SHARES.values() for name in each
    }
