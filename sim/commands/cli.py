"""The command `rungsim`.

Owns the list of commands, and how an error reaches the user. A command's module is imported only
when it is called, so that help and mistakes are answered at once, and without torch.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module, metadata
from typing import Any, NoReturn

from learning_curves.errors import INTERRUPTED, InputError

COMMANDS = {
    "run": ("sim.commands.run", "one experiment: replay a scheduler on simulated workers"),
    "compare": (
        "sim.commands.compare",
        "several schedulers and worker counts on the same seeds: a table, and pictures",
    ),
    "curves": (
        "sim.commands.curves",
        "list | show | check | import | export | fit | space: tables, surrogates and spaces",
    ),
    "study": (
        "sim.commands.study",
        "a TOML file of experiments x seeds, in parallel, resumable",
    ),
    "record": ("real.commands.record", "train configs and write a table (needs torch)"),
    "live": ("real.commands.live", "a scheduler on real training (needs torch)"),
    "parity": (
        "real.commands.parity",
        "a live run against its own simulation (needs torch)",
    ),
}
"""Name -> the module that runs it, and what it does."""

_EPILOG = """\
examples:
  rungsim compare                        the main job: the shipped tables, 1 to 16 workers
  rungsim run --scheduler asha --workers 16 --max-epochs 500 --out out
  rungsim curves show lenet-fashion-mnist
  rungsim COMMAND --help                 what a command takes
"""


class _Parser(argparse.ArgumentParser):
    """A parser that takes options in full only, and whose complaint is one line."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings, allow_abbrev=False)

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; see {self.prog} --help\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code: 0, 1 if the work failed, 2 for bad input."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    for each in arguments:
        if not _is_text(each):
            print(f"rungsim: {each!r} is no text in UTF-8: write another", file=sys.stderr)  # noqa: T201
            return 2
    width = max(map(len, COMMANDS))
    parser = _Parser(
        prog="rungsim",
        description="Study hyperparameter-optimisation schedulers on a simulated cluster.\n\n"
        "commands:\n"
        + "\n".join(f"  {name:{width}}  {does}" for name, (_, does) in COMMANDS.items()),
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="rungsim COMMAND ...",
    )
    parser.add_argument("--version", action="version", version=f"rungsim {_version()}")
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help=argparse.SUPPRESS)
    if not arguments:
        parser.print_help()
        return 0
    command = parser.parse_args(arguments[:1]).command
    module = import_module(COMMANDS[command][0])
    does = COMMANDS[command][1]
    parser = _Parser(
        prog=f"rungsim {command}",
        description=f"{does[0].upper()}{does[1:]}.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=getattr(module, "EPILOG", None),
    )
    module.add_arguments(parser)
    args = parser.parse_args(arguments[1:])
    try:
        code: int = module.main(args)
    except InputError as error:
        print(f"rungsim {command}: {error}", file=sys.stderr)  # noqa: T201  the user's screen
        return 2
    except BrokenPipeError:
        # Whoever read the output has gone; keep Python from complaining of it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (OSError, MemoryError) as error:
        print(f"rungsim {command}: {_said(error)}", file=sys.stderr)  # noqa: T201
        return 2
    except KeyboardInterrupt:
        print(f"rungsim {command}: interrupted", file=sys.stderr)  # noqa: T201  the user's screen
        return INTERRUPTED
    return code


def _said(error: OSError | MemoryError) -> str:
    """Return what went wrong with the machine, and the remedy."""
    if isinstance(error, MemoryError):
        return "out of memory: run less at a time"
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}: mend that, and try again"


def _is_text(argument: str) -> bool:
    r"""Return whether an argument is text that a path and a file in UTF-8 can hold.

    The bytes of a file's name that are not UTF-8 reach Python as lone surrogates.

    >>> _is_text("caf\N{LATIN SMALL LETTER E WITH ACUTE}"), _is_text("a\0b"), _is_text("a\udc80b")
    (True, False, False)
    """
    try:
        argument.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in argument


def _version() -> str:
    return metadata.version("rungsim")
