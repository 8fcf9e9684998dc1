"""The parser of a command line: short and full help, errors in one line, and the given options.

Owns how options are read and explained. Must not know what any option means, nor import numpy.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection, Sequence
from typing import Any, NoReturn

from learning_curves.errors import nearest, printable, suggestion


class Parser(argparse.ArgumentParser):
    """A parser that takes options in full only, and prints errors in one line.

    The namespace that it returns has one more attribute, ``given``: the names (`dest`) of the
    options that were on the command line, even with the value of their default.

    Parameters
    ----------
    most_used
        The options that ``--help`` lists; ``--help-all`` lists all. None given: both list all.
    settings
        Those of `argparse.ArgumentParser`.

    Examples
    --------
    >>> parser = Parser(prog="train", most_used=("--epochs",))
    >>> _ = parser.add_argument("--epochs", type=int, default=3)
    >>> _ = parser.add_argument("--verbose", action="store_true")
    >>> args = parser.parse_args(["--epochs", "3"])
    >>> args.epochs, args.verbose, sorted(args.given)
    (3, False, ['epochs'])
    >>> "--verbose" in parser.format_help(), "--verbose" in parser.format_help(everything=True)
    (False, True)

    """

    def __init__(self, *, most_used: Collection[str] = (), **settings: Any) -> None:
        super().__init__(**settings, allow_abbrev=False, add_help=False)
        self.most_used = most_used
        what = "show the most used options" if most_used else "show this help"
        self.add_argument("-h", "--help", action="help", help=f"{what} and exit")
        if most_used:
            self.add_argument(
                "--help-all", action=_HelpAll, nargs=0, help="show all options and exit"
            )
        else:  # so that it may follow any command
            self.add_argument("--help-all", action="help", help=argparse.SUPPRESS)

    def parse_known_args(  # type: ignore[override]  # of one form, not of argparse's three
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse the known arguments; note which options were given."""
        found, rest = super().parse_known_args(args, namespace)
        defaults = [(action, action.default) for action in self._actions]
        try:
            for action, _ in defaults:
                if action.option_strings:
                    action.default = argparse.SUPPRESS
            typed, _ = super().parse_known_args(args, argparse.Namespace())
        finally:
            for action, default in defaults:
                action.default = default
        options = {action.dest for action in self._actions if action.option_strings}
        inner: frozenset[str] = getattr(found, "given", frozenset())  # of the action's own parser
        found.given = inner | (options & set(vars(typed)))
        return found, rest

    def parse_args(  # type: ignore[override]  # see above
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> argparse.Namespace:
        """Parse all arguments; exit if one is unknown."""
        found, rest = self.parse_known_args(args, namespace)
        if rest:
            name = next((each for each in rest if each.startswith("-")), None)
            if name is None:
                self.error(f"unexpected argument {rest[0]!r}: leave it out")
            name = name.split("=")[0]
            known = list(self._known_options(found))
            near = nearest(name, known)
            remedy = f"did you mean {near}?" if near else "leave it out"
            self.error(f"there is no option {name}: {remedy}")
        return found

    def _known_options(self, found: argparse.Namespace) -> Collection[str]:
        """Return the options of this parser, and of the action that was chosen."""
        known = dict.fromkeys(self._option_string_actions)
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001  argparse has no other name for it
                chosen = action.choices.get(str(getattr(found, action.dest, None)))
                known |= dict.fromkeys(chosen._known_options(found) if chosen else ())  # noqa: SLF001  a Parser, too
        return known

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Raise for a value that is not among the choices; name the nearest choice."""
        if action.choices is not None and value not in action.choices:
            choices = list(map(str, action.choices))
            raise argparse.ArgumentError(
                action, f"{value!r} is unknown: {suggestion(str(value), choices)}"
            )

    def format_help(self, *, everything: bool = False) -> str:
        """Return the help text, of the most used options or of all."""
        everything = everything or not self.most_used
        formatter = self._get_formatter()
        formatter.add_usage(self.usage or self._usage(), (), ())
        formatter.add_text(self.description)
        for group in self._action_groups:
            actions = [
                action
                for action in group._group_actions  # noqa: SLF001  argparse shows them nowhere else
                if everything or self._is_most_used(action)
            ]
            if any(action.help is not argparse.SUPPRESS for action in actions):
                formatter.start_section(group.title)
                formatter.add_text(group.description)
                formatter.add_arguments(actions)
                formatter.end_section()
        if not everything:
            options = sum(bool(action.option_strings) for action in self._actions)
            formatter.add_text(f"{self.prog} --help-all shows all {options} options.")
        formatter.add_text(self.epilog)
        return formatter.format_help()

    def _is_most_used(self, action: argparse.Action) -> bool:
        names = action.option_strings
        always = not names or action.required or "--help" in names or "--help-all" in names
        return always or bool(set(names) & set(self.most_used))

    def _usage(self) -> str:
        """Return the usage: the program, its options and its required arguments."""
        needed = [
            action
            for action in self._actions
            if action.required or (not action.option_strings and action.nargs != argparse.SUPPRESS)
        ]
        formatter = argparse.HelpFormatter(prog=self.prog, width=10_000)
        formatter.add_usage(None, needed, (), prefix="")
        needs = formatter.format_help().strip().removeprefix(self.prog)
        return f"{self.prog} [OPTION ...]{needs}".replace("%", "%%")

    def error(self, message: str) -> NoReturn:
        """Exit with code 2 and the message in one line."""
        self.exit(2, f"{self.prog}: {printable(message)}; see {self.prog} --help\n")


class _HelpAll(argparse.Action):
    """Print the help of all options."""

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        assert isinstance(parser, Parser)
        sys.stdout.write(parser.format_help(everything=True))
        parser.exit(0)
