"""Random command lines: any value, from absurd to legal, for any option of any command.

Each must end with the exit code 0 or 2 (1 where work failed), never in a traceback; a refused one
prints one line, and leaves nothing. Nothing is trained: live runs and recordings end where the
training would begin.

    python -m tests.fuzz.command_lines --cases 2000 --seed 1
"""

import argparse
import contextlib
import io
import random
import shutil
import signal
import sys
import tempfile
import traceback
from functools import cache
from pathlib import Path
from unittest import mock

from learning_curves.errors import InputError
from sim.commands import cli, values
from sim.commands.cli import COMMANDS, main

SECONDS = 120  # a command line that takes longer hangs
UNTRAINED = "nothing is trained here"
MEMORY = 2e9  # bytes that the machine seems to have

ABSURD = ("", " ", "x", "-1", "0", "1e3", "2.5", "nan", "9" * 20, "4294967296", str(2**63 - 1))
WHOLE = ("1", "2", "3", "7", "16")
NUMBERS = ("0", "0.5", "1", "3", "1e308", "1e-320", "inf", "nan", "-1", "-0.0", "x", "", "1e999")
ODD = ("", "a\0b", "\ud800", "\x1b[31m", "two\nlines", "-", "--", "a" * 300, "no/such", "é\u202e")
PATHS = ("table.csv", "experiment.toml", "two.toml", "table.csv/in", "new", "new/er", "new.csv")
WORDS = (
    *("power-law", "power-law:crossing=0.5:noise=0.01", "take-off", "bowl:problem={seed}"),
    *("power-law:crossing=9", "powr-law", "table.csv", "table", "surrogate:table.csv", "d2l-mlp"),
    *("softmax", "mine:Mine", "real.tasks.task:Nothing", ":", "two.toml", "a,b", "a=b", "lr=loss"),
)
CONFIGS = ("learning_rate=0.1,width=32", "lr=0.1", "width=9", "lr=nan", "lr", "=", "lr=1,lr=2")
TABLE = "config_id,lr,seed,epoch,validation_error,seconds\n" + "".join(
    f"{config},{0.1 * (config + 1)},0,{epoch},{0.5 / (config + epoch)},1.5\n"
    for config in range(6)
    for epoch in (1, 2, 3, 4)
)
STUDY = """\
measures = ["jobs"]
seeds = 2
experiment = { curves = "power-law", r_max = 4, limits = { max_jobs = 9 } }
axes.scheduler = ["sh", "asha"]
"""
EXPERIMENT = 'curves = "power-law"\nr_max = 9\nlimits = { max_jobs = 20 }\n'
FILES = {"table.csv": TABLE, "two.toml": STUDY, "experiment.toml": EXPERIMENT}

# What would run for long, or write elsewhere; --surrogate runs thousands of experiments.
LEFT_OUT = {"--help", "--help-all", "--force", "--surrogate", "--dask", "--processes"}
OPEN_ENDED = {"--target", "--max-finished", "--max-jobs"}  # such a run is warned of, not refused
FIRST = {  # little work, unless the line says otherwise
    "compare": ("--curves", "power-law", "--r-max", "4", "--seeds", "2", "--workers", "1,2"),
    "live": ("--data", "subset"),
    "parity": ("--data", "subset"),
    "record": ("--data", "subset"),
}
LAST = {  # what stands at the end of each line, where the command has the option
    "--max-jobs": ("30",),
    "--no-plots": (),
    "--processes": ("1",),
    "--device": ("cpu",),
}


def parsers():
    """Return the parser of each command, or of its actions, by the words that lead to it."""
    found = {}
    for command in COMMANDS:
        parser = cli.parser_of(command)
        inner = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
        for action in inner:
            found |= {(command, name): each for name, each in action.choices.items()}
        if not inner:
            found[command,] = parser
    return found


def text(action, rng):
    """Return a random value for an option or a positional."""
    if rng.random() < 0.08:
        return rng.choice(ODD)
    if action.choices is not None:
        name = rng.choice(list(map(str, action.choices)))
        return name if rng.random() < 0.8 else name[1:]
    match action.type:
        case values.Whole():
            return rng.choice(WHOLE if rng.random() < 0.6 else ABSURD)
        case values.NamesOf(known):
            return ",".join(rng.choices([*known, "sah"], k=rng.randint(1, 3)))
        case values.ListOf():
            return ",".join(rng.choices((*WHOLE, *WHOLE, "0", "x", ""), k=rng.randint(1, 3)))
        case values.number:
            return rng.choice(NUMBERS)
        case values.path:
            return rng.choice(PATHS)
        case values.config:
            return rng.choice(CONFIGS)
        case values.lost:
            return rng.choice(("inf", "drop", "vanish", "gone"))
        case _:
            return rng.choice((*WORDS, *WORDS, *PATHS))


def line(words, parser, rng):
    """Return a random command line."""
    options = {
        action.option_strings[0]: action
        for action in parser._actions
        if action.option_strings and not LEFT_OUT & set(action.option_strings)
    }
    bounded = rng.random() < 0.8
    if not bounded:
        options = {name: each for name, each in options.items() if name not in OPEN_ENDED}
    names = rng.sample(sorted(options), k=min(len(options), rng.choice((0, 1, 1, 2, 3, 6))))
    names += [name for name, each in options.items() if each.required and name not in names]
    said = []
    for name in names:
        said.append(rng.choice(options[name].option_strings))
        if options[name].nargs != 0:
            said.append(text(options[name], rng))
    needed = [action for action in parser._actions if not action.option_strings]
    said += [text(each, rng) for each in needed if each.nargs != "?" or rng.random() < 0.3]
    if rng.random() < 0.05:
        said.append(rng.choice(("--wrokers", "more", "--eta=3", "-x", "--from=experiment.toml")))
    known = parser._option_string_actions
    for name, value in LAST.items():
        if name in known and (bounded or name != "--max-jobs"):
            said += [name, *value]
    return [*words, *FIRST.get(words[0], ()), *said]


def tree(folder):
    """Return what is in a folder: the bytes of each file, by its path."""
    return {
        path.relative_to(folder): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


def complaint(arguments, folder):
    """Run a command line in `folder`; return what is wrong with its end, None for nothing."""
    for name, content in (
        ("table.csv", TABLE),
        ("two.toml", STUDY),
        ("experiment.toml", EXPERIMENT),
    ):
        (folder / name).write_text(content)
    before = tree(folder)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.chdir(folder), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = main(arguments)
        except SystemExit as stop:
            code = stop.code
        except BaseException:  # noqa: BLE001  it is the answer
            return traceback.format_exc()
    said = err.getvalue()
    if code not in (0, 1, 2):
        return f"exit code {code!r}: {said}"
    if UNTRAINED in said:  # it was not refused: it may have warned
        said = said[said.rindex("\n", 0, -1) + 1 :] if said.startswith("warning: ") else said
    if code == 2:
        if said.count("\n") != 1 and arguments[:2] != ["curves", "check"]:  # a line for each table
            return f"not one line: {said!r}"
        if not said.replace("\n", "").isprintable():
            return f"control characters: {said!r}"
        if tree(folder) != before:
            return f"left behind {set(tree(folder)) - set(before)}: {said!r}"
    return None


@contextlib.contextmanager
def within(seconds):
    """Raise a TimeoutError in what hangs, where the system can (POSIX, in the main thread)."""

    def stop(*_):
        raise TimeoutError(f"more than {seconds} s")

    if not hasattr(signal, "SIGALRM"):
        yield
        return
    old = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, old)


def _untrained(*_, **__):
    raise InputError(UNTRAINED)


@contextlib.contextmanager
def nothing_trained():
    """Let live runs and recordings end where training begins, on a machine of little memory."""
    from real import live
    from real.recorder import record
    from real.tasks.recipe import Recipe

    with (
        mock.patch.object(live, "run", _untrained),
        mock.patch.object(record, "record", _untrained),
        mock.patch.object(Recipe, "__call__", cache(Recipe.__call__)),  # images, read once
        mock.patch("sim.experiments.estimate.machine_memory", return_value=MEMORY),
    ):
        yield


def search(cases, seed, folder, *, torch=True):
    """Run random command lines in new folders under `folder`; yield those that end wrongly."""
    rng = random.Random(seed)  # noqa: S311  no secret
    found = [each for each in parsers().items() if torch or each[0][0] not in TRAINING]
    with nothing_trained() if torch else contextlib.nullcontext():
        for case in range(cases):
            arguments = line(*rng.choice(found), rng)
            place = folder / str(case)
            place.mkdir()
            with within(SECONDS):
                wrong = complaint(arguments, place)
            shutil.rmtree(place)
            if wrong is not None:
                yield arguments, wrong


TRAINING = {"live", "parity", "record"}


def _main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for arguments, what in search(args.cases, args.seed, Path(folder)):
            wrong += 1
            print(f"{arguments}\n{what}\n", flush=True)
    print(f"{args.cases} command lines, {wrong} of them end wrongly")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(_main())
