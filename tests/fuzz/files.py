"""A fuzzer of the file readers: damage a valid file, give it to the command that reads it.

Whatever the damage, a command exits with 0 or 2. With 2 it prints one line to standard error, no
traceback, and leaves no file behind. Run from the root of the repository::

    python -m tests.fuzz.files --cases 20000 --seed 1
    python -m tests.fuzz.files --only Optuna --case 17      one case, with its files kept

Case k of a seed is the same on every run, whatever was run before it.
"""

import argparse
import contextlib
import os
import re
import shutil
import signal
import sys
import tempfile
import time
import traceback
import warnings
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from sim.commands import cli
from tests.fuzz.damage import damaged
from tests.fuzz.sources import SOURCES

LONGEST = 20  # seconds of the processor for one case, before it is stopped and counted as slow


@dataclass(frozen=True)
class Outcome:
    """What a case came to: its exit code, what stood on standard error, and the fault if any."""

    code: object
    error: str
    fault: str = ""


class _TooSlowError(BaseException):
    """The case takes longer than LONGEST."""


class Fuzzer:
    """Runs cases in a folder; use as a context manager.

    Parameters
    ----------
    seed
        Of all damage.

    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._valid: dict[str, Path] = {}

    def __enter__(self):
        self._home = Path.cwd()
        self._folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
        return self

    def __exit__(self, *_):
        os.chdir(self._home)
        shutil.rmtree(self._folder, ignore_errors=True)

    def run(self, name: str, case: int, *, keep: Path | None = None) -> Outcome:
        """Run a case of a format, and return what it came to."""
        source = SOURCES[name]
        rng = np.random.default_rng([self._seed, list(SOURCES).index(name), case])
        work = self._folder / "case"
        shutil.copytree(self._made(name), work)
        os.chdir(work)
        path = Path(str(rng.choice(source.damaged)))
        path.write_bytes(damaged(path.read_bytes(), path.suffix, rng))
        call = source.calls[int(rng.integers(len(source.calls)))]
        before = _files(work)
        if keep is not None:
            shutil.copytree(work, keep, dirs_exist_ok=True)
        try:
            code, error = _called(call)
            return Outcome(code, error, _fault(code, error, _files(work) - before))
        finally:
            os.chdir(self._folder)
            shutil.rmtree(work)

    def _made(self, name: str) -> Path:
        """Return the folder with the valid files of the format, on which every call succeeds."""
        if name not in self._valid:
            folder = self._folder / name.replace(" ", "-")
            folder.mkdir()
            os.chdir(folder)
            with _quiet():
                SOURCES[name].make()
            self._valid[name] = folder
        return self._valid[name]

    def check_valid(self, name: str) -> list[Outcome]:
        """Return what the calls of a format come to on its valid files."""
        outcomes = []
        for call in SOURCES[name].calls:
            work = self._folder / "valid"
            shutil.copytree(self._made(name), work)
            os.chdir(work)
            outcomes.append(Outcome(*_called(call)))
            os.chdir(self._folder)
            shutil.rmtree(work)
        return outcomes


def _files(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*") if not path.is_dir()}


@contextlib.contextmanager
def _quiet():
    """Send what is printed, by Python or by C, nowhere; yield the file of standard error."""
    sys.stdout.flush()
    sys.stderr.flush()
    kept = os.dup(1), os.dup(2)
    with tempfile.TemporaryFile() as error, open(os.devnull, "wb") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), 1)
        os.dup2(error.fileno(), 2)
        try:
            yield error
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os.dup2(kept[0], 1)
            os.dup2(kept[1], 2)
            os.close(kept[0])
            os.close(kept[1])


def _called(call) -> tuple[object, str]:
    """Return the exit code of a call and what it printed to standard error."""

    def stop(*_):
        raise _TooSlowError

    signal.signal(signal.SIGPROF, stop)
    with _quiet() as error:
        signal.setitimer(signal.ITIMER_PROF, LONGEST)
        code: object
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("always")
                code = call() if callable(call) else cli.main(list(call))
        except SystemExit as leave:
            code = leave.code
        except _TooSlowError:
            code = "slow"
        except Exception:  # noqa: BLE001  that is what is looked for
            code = "traceback"
            traceback.print_exc()
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        sys.stderr.flush()
        error.seek(0)
        return code, error.read().decode(errors="replace")


_OF_A_STUDY = re.compile(r"rungsim study: .*\.toml(, line \d+)?: ")


def _fault(code: object, error: str, left: set[Path]) -> str:
    """Return what is wrong with how a command has ended; empty if nothing is."""
    if code == "slow":
        return "slow"
    if code not in {0, 2}:
        return f"exit {code}"
    # Numbers of 1e308 are legal, and what is computed of them may overflow.
    noise = [line for line in error.splitlines() if "Warning" in line and "Runtime" not in line]
    if "Traceback" in error or "Exception ignored" in error or noise:
        return "a traceback or warning on standard error"
    lines = error.splitlines()
    # All mistakes of a study are printed, each in a line.
    one_each = len(set(lines)) == len(lines) and all(_OF_A_STUDY.match(line) for line in lines)
    if code == 2 and (not error.endswith("\n") or (len(lines) != 1 and not one_each)):
        return f"{len(lines)} lines on standard error"
    if code == 2 and left:
        return f"left behind: {', '.join(sorted(path.name for path in left))}"
    return ""


def _class_of(outcome: Outcome) -> str:
    """Return the last line of ours in a traceback, and its error: what faults are grouped by."""
    lines = outcome.error.strip().splitlines()
    ours = [
        line.split("/")[-1].replace('", line ', ":").split(",")[0]
        for line in lines
        if line.startswith("  File") and any(f"/{room}/" in line for room in _ROOMS)
    ]
    last = lines[-1].split(":")[0][:90] if lines else ""
    return f"{outcome.fault}: {ours[-1] if ours else ''} {last}".strip()


_ROOMS = ("learning_curves", "sim", "real")


def shares(cases: int, names: list[str]) -> dict[str, int]:
    """Return how many of the cases each format gets, by its weight."""
    total = sum(SOURCES[name].weight for name in names)
    return {name: -(-cases * SOURCES[name].weight // total) for name in names}


def main() -> int:
    """Run the cases, print what was found, and return 1 if anything was."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=1000, help="over all formats")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", action="append", choices=SOURCES, help="this format alone")
    parser.add_argument("--case", type=int, help="this case alone; its files are kept")
    args = parser.parse_args()
    names = args.only or list(SOURCES)
    found: dict[str, list[tuple[str, int, str]]] = {}
    codes: Counter[object] = Counter()
    with Fuzzer(args.seed) as fuzzer:
        if args.case is not None:
            keep = Path(tempfile.mkdtemp(prefix="fuzz-case-"))
            outcome = fuzzer.run(names[0], args.case, keep=keep)
            print(f"{keep}: exit {outcome.code}; {outcome.fault or 'as it must be'}")
            print(outcome.error)
            return int(bool(outcome.fault))
        for name, count in shares(args.cases, names).items():
            began = time.monotonic()
            for outcome in fuzzer.check_valid(name):
                if outcome.code != 0:
                    found.setdefault(f"valid files refused: {outcome.error}", []).append(
                        (name, -1, outcome.error)
                    )
            for case in range(count):
                outcome = fuzzer.run(name, case)
                codes[outcome.code] += 1
                if outcome.fault:
                    kind = _class_of(outcome)
                    if kind not in found:
                        print(f"{name}, case {case}: {kind}", flush=True)
                    found.setdefault(kind, []).append((name, case, outcome.error))
            print(f"{name}: {count} cases, {time.monotonic() - began:.1f} s", flush=True)
    print(f"exit codes: {dict(codes)}")
    for kind, cases in sorted(found.items(), key=lambda each: -len(each[1])):
        name, case, error = cases[0]
        print(f"\n{len(cases)} x {kind}\n  --only {name!r} --case {case}\n{error[-1500:]}")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
