"""Mutation testing: change one thing in a source file, and see whether a test fails.

Owns the runs, and the tests that each file's mutants must not pass; `mutation_operators.py`, beside
it, makes the mutants. Run it as the page docs/mutation-testing.md says; it needs mutmut 3.

A mutant never touches the disk: a child process imports the changed source in place of the file, so
that several run at once. Mutmut's own runner is not used. It leaves out properties, decorated
functions and tables of functions, and it wraps each function, which changes the number of calls
that the tests of costs count.
"""

from __future__ import annotations

import argparse
import csv
import gc
import importlib.util
import os
import resource
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.abc import Loader, MetaPathFinder
from itertools import islice
from pathlib import Path
from types import FunctionType

import hypothesis
import pytest
from _pytest.runner import runtestprotocol
from mutation_operators import mutants

ROOT = Path(__file__).resolve().parents[2]
SURVIVOR_SECONDS = 1200  # of processor time, at most
MEMORY = 6 * 2**30
FEW, ALL = 25, 10**6  # examples of a property, for every mutant and for survivors
COMMON = (  # what the children of the clock need not import
    "pandas",
    "pyarrow.parquet",
    "simpy",
    "learning_curves.synthetic",
)
SETTINGS = "_hypothesis_internal_use_settings"

_SCHEDULERS = "tests/sim/schedulers"
_RUNGS = f"{_SCHEDULERS}/rungs"
_CLUSTER = "tests/sim/cluster"
_HAND_TRACES = [f"{_CLUSTER}/test_cluster_{name}.py" for name in ("hand_traces", "order", "faults")]
_CLOCK = (
    _HAND_TRACES,
    ["tests/sim/jobs", f"{_CLUSTER}/test_golden.py", f"{_CLUSTER}/test_cluster_properties.py"],
)

SELECTIONS = {  # file: the tests that every mutant meets, and those that only survivors meet
    "sim/schedulers/rungs/rung.py": (
        [f"{_RUNGS}/test_rung.py"],
        [f"{_SCHEDULERS}/test_asha.py", f"{_SCHEDULERS}/test_may_go_on.py"],
    ),
    "sim/schedulers/rungs/bracket.py": (
        [
            f"{_RUNGS}/test_bracket.py",
            f"{_SCHEDULERS}/test_successive_halving.py",
            f"{_RUNGS}/test_cycle.py",
        ],
        [f"{_SCHEDULERS}/test_hyperband.py", f"{_SCHEDULERS}/test_may_go_on.py"],
    ),
    "sim/schedulers/rungs/cycle.py": (
        [f"{_SCHEDULERS}/test_successive_halving.py", f"{_RUNGS}/test_cycle.py"],
        [
            f"{_SCHEDULERS}/test_hyperband.py",
            f"{_SCHEDULERS}/test_may_go_on.py",
            f"{_SCHEDULERS}/test_searchers_inside.py",
            f"{_SCHEDULERS}/test_catalogue.py",
        ],
    ),
    "sim/schedulers/rungs/stopping_rules.py": (
        [f"{_RUNGS}/test_stopping_rules.py"],
        [f"{_SCHEDULERS}/test_asha_stopping.py"],
    ),
    "sim/schedulers/rungs/in_place.py": (
        [f"{_SCHEDULERS}/test_asha_stopping.py"],
        [f"{_SCHEDULERS}/test_median_stopping.py", f"{_SCHEDULERS}/test_may_go_on.py"],
    ),
    "sim/schedulers/asha.py": (
        [f"{_SCHEDULERS}/test_asha.py"],
        [
            f"{_RUNGS}/test_promotion_rules.py",
            f"{_SCHEDULERS}/test_may_go_on.py",
            f"{_SCHEDULERS}/test_pasha.py",
            f"{_SCHEDULERS}/test_async_hyperband.py",
            f"{_SCHEDULERS}/test_searchers_inside.py",
            f"{_SCHEDULERS}/test_catalogue.py",
            f"{_CLUSTER}/test_golden.py",
        ],
    ),
    "sim/schedulers/asha_stopping.py": (
        [f"{_SCHEDULERS}/test_asha_stopping.py", f"{_RUNGS}/test_stopping_rules.py"],
        [
            f"{_SCHEDULERS}/test_searchers_inside.py",
            f"{_SCHEDULERS}/test_catalogue.py",
            f"{_SCHEDULERS}/test_may_go_on.py",
        ],
    ),
    "sim/cluster/cluster.py": _CLOCK,
    "sim/cluster/training.py": ([f"{_CLUSTER}/test_training.py", *_CLOCK[0]], _CLOCK[1]),
}


# The runs. A clean process imports no module of ours. It forks one that collects the tests, which
# forks one for each mutant of a function's body; other mutants are imported by a process each.


class _InPlaceOf(MetaPathFinder, Loader):
    """Import `code` as the module `name`."""

    def __init__(self, name, path, code):
        self.name, self.path, self.code = name, path, code

    def find_spec(self, name, _path=None, _target=None):
        if name == self.name:
            return importlib.util.spec_from_file_location(name, self.path, loader=self)
        return None

    def exec_module(self, module):
        exec(compile(self.code, self.path, "exec"), module.__dict__)  # noqa: S102


def _functions(namespace, name):
    """Yield (path, function) for each function and method of a module's namespace."""
    for key, value in list(namespace.items()):
        if isinstance(value, FunctionType) and value.__module__ == name:
            yield key, value
        elif isinstance(value, property):
            yield key, value.fget
        elif isinstance(value, type) and value.__module__ == name:
            yield from ((f"{key}.{path}", each) for path, each in _functions(vars(value), name))


def _put_in_place(name, code):
    """Let each function of the module `name` do what `code` says, whoever holds it."""
    module = sys.modules[name]
    fresh = {key: value for key, value in vars(module).items() if key.startswith("__")}
    exec(compile(code, module.__file__, "exec"), fresh)  # noqa: S102
    changed = dict(_functions(fresh, name))
    for path, function in _functions(vars(module), name):
        function.__code__ = changed[path].__code__
        function.__defaults__ = changed[path].__defaults__
        function.__kwdefaults__ = changed[path].__kwdefaults__


class _Loop:
    """In place of pytest's own loop: fork a process for each mutant and run the tests there."""

    def __init__(self, file, tried, fast, options):
        self.file, self.tried, self.options = file, tried, options
        self.fast = [str(ROOT / path) for path in fast]
        self.cpu_seconds = SURVIVOR_SECONDS
        self.killed = None

    def pytest_runtestloop(self, session):
        is_fast = [str(item.path).startswith(tuple(self.fast)) for item in session.items]
        pairs = list(zip(session.items, is_fast, strict=True))
        fast, slow = ([item for item, each in pairs if each == kind] for kind in (True, False))
        self.rounds = [(fast, FEW), (slow, FEW)]
        if not self.options.fast:
            self.rounds += [(fast, ALL), (slow, ALL)]
        gc.collect()
        gc.freeze()  # no child copies the heap for a look at it
        if self.tried[0].inside:
            begun = os.times().children_user
            if failed := self._answer(lambda: None, self.rounds[:1]):
                raise SystemExit(f"the tests fail without a mutant: {failed}")
            self.cpu_seconds = 3 + 2 * (os.times().children_user - begun)
        with ThreadPoolExecutor(self.options.jobs) as pool:
            self.killed = sum(pool.map(self._is_killed, self.tried))
        return True

    def _is_killed(self, mutant):
        change = partial(_put_in_place, _module(self.file), mutant.code) if mutant.inside else None
        answer = self._answer(change or (lambda: None), self.rounds)
        self.options.note(self.file, mutant, answer)
        return bool(answer)

    def _answer(self, change, rounds):
        """Return the first test that fails after `change`, or ""."""

        def work(say):
            change()
            for number, (items, examples) in enumerate(rounds):
                limit = int(SURVIVOR_SECONDS if number else self.cpu_seconds)
                resource.setrlimit(resource.RLIMIT_CPU, (limit, SURVIVOR_SECONDS))
                for item, following in zip(items, [*items[1:], None], strict=True):
                    _allow(item, examples)
                    reports = runtestprotocol(item, log=False, nextitem=following)
                    if any(report.failed for report in reports):
                        say(item.nodeid)

        return _forked(work)


def _allow(item, examples):
    """Give a property that many examples, or as many as it asks for if that is fewer."""
    test = getattr(item.obj, "__func__", item.obj)
    if own := getattr(test, SETTINGS, None):
        own = test.__dict__.setdefault("_own_settings", own)
        few = hypothesis.settings(own, max_examples=min(examples, own.max_examples))
        setattr(test, SETTINGS, few)


def _forked(work):
    """Return what `work` says, as ``say(text)``, in a process of its own; or its signal."""
    read, write = os.pipe()
    child = os.fork()
    if not child:

        def say(text):
            os.write(write, text.encode() + b" ")
            os._exit(0)

        try:
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            work(say)
            say("")
        except BaseException as error:  # noqa: BLE001  whatever a mutant raises
            say(f"{type(error).__name__}")
    _, status = os.waitpid(child, 0)
    answer = "" if os.WIFSIGNALED(status) else os.read(read, 2**16).decode().strip()
    os.close(read)
    os.close(write)
    return signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else answer


def _module(file):
    return file.removesuffix(".py").replace("/", ".")


def _try_all(file, tried, options):
    """Return how many mutants are killed: they are all inside, or it is one that is not."""
    fast, slow = SELECTIONS[file]
    tests = [*fast, *slow]

    def work(say):
        options.err = os.fdopen(os.dup(1), "w", buffering=1)
        silence = os.open(os.devnull, os.O_RDWR)
        for stream in range(3):
            os.dup2(silence, stream)
        if not tried[0].inside:
            sys.meta_path.insert(0, _InPlaceOf(_module(file), str(ROOT / file), tried[0].code))
        loop = _Loop(file, tried, fast, options)
        arguments = ["-x", "-q", "-o", "addopts=", "--import-mode=importlib", "--tb=no"]
        arguments += ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # hypothesis is there
        for plugin in ("cacheprovider", "unraisableexception", "threadexception"):
            arguments += ["-p", f"no:{plugin}"]
        pytest.main([*arguments, *tests], plugins=[loop])
        if loop.killed is None and not tried[0].inside:
            options.note(file, tried[0], "import")
            loop.killed = 1
        say(str(loop.killed))

    return _forked(work)


class _Options(argparse.Namespace):
    def note(self, file, mutant, killer):
        if not killer:
            print(
                f"  survived, line {mutant.line}:\n    - {mutant.was}\n    + {mutant.now}",
                file=self.err,
            )
        if self.out:
            with self.out.open("a", newline="") as stream:
                csv.writer(stream).writerow((file, *mutant[:3], killer))


def main():
    """Try the mutants of the files, print those that survive, and count."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("files", nargs="*", default=list(SELECTIONS), help="of SELECTIONS")
    parser.add_argument("--jobs", type=int, default=2, help="processes at a time")
    parser.add_argument("--fast", action="store_true", help="few examples, also for survivors")
    parser.add_argument("--lines", default="", help="only the mutants of these lines: 10,12")
    parser.add_argument("--sample", type=int, help="only that many of each file")
    parser.add_argument("--count", action="store_true", help="only count the mutants")
    parser.add_argument(
        "--out", type=Path, help="append mutants and killers to this CSV; skip those killed"
    )
    options = parser.parse_args(namespace=_Options())
    os.chdir(ROOT)
    sys.path.insert(0, str(ROOT))
    # A failure is enough; its smallest example would take a hundred times as long.
    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    hypothesis.settings.register_profile("mutants", phases=phases, database=None, derandomize=True)
    hypothesis.settings.load_profile("mutants")
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    if any("cluster" in file for file in options.files):
        for name in COMMON:
            importlib.import_module(name)
    assert not {_module(file) for file in SELECTIONS} & set(sys.modules)
    gc.freeze()
    only = {int(line) for line in options.lines.split(",") if line}
    done = set()
    if options.out and options.out.exists():
        with options.out.open(newline="") as stream:
            done = {tuple(row[:4]) for row in csv.reader(stream) if row[4]}
    for file in options.files:
        source = (ROOT / file).read_text()
        tried = (each for each in mutants(source) if not only or each.line in only)
        tried = list(islice(tried, options.sample))
        tried = [each for each in tried if (file, str(each.line), each.was, each.now) not in done]
        print(f"{file}: {len(tried)} mutants", flush=True)
        if not options.count:
            inside = [each for each in tried if each.inside]
            groups = [*([inside] if inside else []), *([e] for e in tried if not e.inside)]
            killed = sum(int(_try_all(file, group, options)) for group in groups)
            print(f"  killed {killed} of {len(tried)}", flush=True)


if __name__ == "__main__":
    main()
