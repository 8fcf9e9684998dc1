"""The command `rungsim`.

Owns the list of commands, and how an error reaches the user: each mistake in one line, its control
characters escaped. A command's module is imported only when it is called, so that help and mistakes
are answered at once, and without torch.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module, metadata

from learning_curves.errors import INTERRUPTED, InputError, InputErrors, printable
from sim.commands.parser import Parser

COMMANDS = {
    "run": ("sim.commands.run", "one experiment: replay a scheduler on simulated workers"),
    "compare": (
        "sim.commands.compare",
        "several schedulers and worker counts on the same seeds: a table, and pictures",
    ),
    "curves": (
        "sim.commands.curves.tables",
        "list | show | check | import | export | fit | space: tables, surrogates and spaces",
    ),
    "study": (
        "sim.commands.study",
        "a TOML file of experiments x seeds, in parallel, resumable",
    ),
    "report": ("sim.commands.report", "one HTML file of a folder that any command wrote"),
    "check": (
        "sim.commands.check",
        "a scheduler, searcher, source of curves or task against its laws",
    ),
    "record": ("real.commands.record", "train configs and write a table (needs torch)"),
    "live": ("real.commands.live", "a scheduler on real training (needs torch)"),
    "parity": (
        "real.commands.parity",
        "a live run against its own simulation (needs torch)",
    ),
}
"""Name -> the module that runs it, and its one-line description."""

_EPILOG = """\
examples:
  rungsim compare                        the main job: the shipped tables, 1 to 16 workers
  rungsim run --scheduler asha --workers 16 --max-epochs 500 --out out
  rungsim curves show lenet-fashion-mnist
  rungsim COMMAND --help                 the most used options of a command
  rungsim COMMAND --help-all             all of its options
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code: 0, 1 if the work failed, 2 for bad input."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    for each in arguments:
        if not _is_text(each):
            print(f"rungsim: {each!r} is not text in UTF-8: give another value", file=sys.stderr)  # noqa: T201
            return 2
    parser = _front_door()
    if "_ARGCOMPLETE" in os.environ:
        _complete(parser)
    if not arguments:
        parser.print_help()
        return 0
    if arguments[0] == "--print-completion":
        return _print_completion(parser, arguments[1:])
    command = parser.parse_args(arguments[:1]).command
    args = parser_of(command).parse_args(arguments[1:])
    try:
        code: int = import_module(COMMANDS[command][0]).main(args)
    except InputErrors as error:
        for line in error.lines:
            _complain(command, line)
        return error.exit_code
    except InputError as error:
        return _complain(command, str(error), error.exit_code)
    except BrokenPipeError:
        # The reader of the output has closed it; keep Python from reporting that at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (OSError, MemoryError) as error:
        return _complain(command, _said(error))
    except KeyboardInterrupt:
        _complain(command, "interrupted")
        return INTERRUPTED
    return code


def parser_of(command: str) -> Parser:
    """Return the parser of a command's arguments; imports the command's module."""
    module = import_module(COMMANDS[command][0])
    does = COMMANDS[command][1]
    parser = Parser(
        prog=f"rungsim {command}",
        description=f"{does[0].upper()}{does[1:]}.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=getattr(module, "EPILOG", None),
        most_used=getattr(module, "MOST_USED", ()),
    )
    module.add_arguments(parser)
    return parser


def _front_door() -> Parser:
    """Return the parser of the command name."""
    width = max(map(len, COMMANDS))
    parser = Parser(
        prog="rungsim",
        description="Study hyperparameter-optimisation schedulers on a simulated cluster.\n\n"
        "commands:\n"
        + "\n".join(f"  {name:{width}}  {does}" for name, (_, does) in COMMANDS.items()),
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        usage="rungsim COMMAND ...",
    )
    parser.add_argument("--version", action="version", version=f"rungsim {_version()}")
    parser.add_argument(
        "--print-completion",
        metavar="SHELL",
        help="print the shell's code for completion: bash, zsh, fish or powershell",
    )
    parser.add_argument("command", choices=COMMANDS, metavar="COMMAND", help=argparse.SUPPRESS)
    return parser


def _complete(parser: Parser) -> None:
    """Print completions for the shell if it asks for them, and exit; see argcomplete."""
    try:
        import argcomplete  # noqa: PLC0415  an optional extra
        from argcomplete.completers import ChoicesCompleter  # noqa: PLC0415  likewise
    except ModuleNotFoundError:
        return
    whole = Parser(prog="rungsim")
    for action in parser._actions:  # noqa: SLF001  argparse lists them nowhere else
        if action.option_strings and "--help" not in "".join(action.option_strings):
            whole._add_action(action)  # noqa: SLF001  as it is
    commands = whole.add_subparsers()
    typed = os.environ.get("COMP_LINE", "").split()[1:2]
    for name in COMMANDS:
        inner = commands.add_parser(name)
        if typed == [name]:  # only its module is imported: a key was pressed
            import_module(COMMANDS[name][0]).add_arguments(inner)
            for action in inner._actions:  # noqa: SLF001  likewise
                if known := getattr(action.type, "known", ()):  # beside module:Class
                    setattr(action, "completer", ChoicesCompleter(known))  # noqa: B010
    argcomplete.autocomplete(whole)


def _print_completion(parser: Parser, shells: Sequence[str]) -> int:
    """Print the code that a shell must run once to complete rungsim's arguments."""
    known = ("bash", "zsh", "fish", "powershell")
    if len(shells) != 1 or shells[0] not in known:
        parser.error(f"--print-completion takes one shell: choose from {', '.join(known)}")
    try:
        from argcomplete.shell_integration import shellcode  # noqa: PLC0415  an optional extra
    except ModuleNotFoundError:
        parser.error("argcomplete is not installed: pip install 'rungsim[completion]'")
    print(shellcode(["rungsim"], shell=shells[0]))  # noqa: T201  the answer
    return 0


def _complain(command: str, message: str, code: int = 2) -> int:
    """Print the error in one line; return the exit code."""
    print(f"rungsim {command}: {printable(message)}", file=sys.stderr)  # noqa: T201  the user's screen
    return code


def _said(error: OSError | MemoryError) -> str:
    """Return the error of the operating system, and the remedy."""
    if isinstance(error, MemoryError):
        return "out of memory: run fewer jobs or processes at a time"
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}: fix that, and try again"


def _is_text(argument: str) -> bool:
    r"""Return whether an argument can be part of a path and of a file in UTF-8.

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
