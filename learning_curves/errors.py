"""The one error that tells a user, rather than a programmer, what to mend.

Owns its kind, and how other exceptions become one line.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager

INTERRUPTED = 130  # the shell's code for a command ended by Ctrl-C


class InputError(ValueError):
    """Input that cannot be used; its message is one line naming the value and the remedy.

    The command line prints the message to standard error and exits with code 2.
    """


@contextmanager
def for_the_user() -> Iterator[None]:
    """Turn the complaint about a value, a ValueError, into one for the user.

    >>> with for_the_user():
    ...     raise ValueError("eta is 1: give at least 2")
    Traceback (most recent call last):
    learning_curves.errors.InputError: eta is 1: give at least 2
    """
    try:
        yield
    except InputError:
        raise
    except ValueError as error:
        raise InputError(str(error)) from None


def one_line(error: BaseException) -> str:
    r"""Return the kind and the message of an exception in one line.

    >>> one_line(OSError("no\nspace")), one_line(KeyError())
    ('OSError: no space', 'KeyError')
    """
    return " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")


def printable(text: str) -> str:
    r"""Return `text` in one line, with escapes for what a terminal would obey or not show.

    >>> printable("eta is \x1b[31m2\n")
    'eta is \\x1b[31m2\\n'
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def nearest(name: str, known: Collection[str]) -> str | None:
    """Return the known name that `name` is a misspelling of, as it seems; None for no such name.

    >>> nearest("ahsa", ["sh", "asha"]), nearest("best", ["sh", "asha"])
    ('asha', None)
    """
    from difflib import get_close_matches  # noqa: PLC0415  for a mistake only

    return next(iter(get_close_matches(name, known, n=1)), None)


def suggestion(name: str, known: Collection[str]) -> str:
    """Return the remedy for a name that is not known: the nearest one, or all.

    >>> suggestion("ahsa", ["sh", "asha"]), suggestion("best", ["sh", "asha"])
    ('did you mean asha?', 'choose from sh, asha')
    """
    near = nearest(name, known)
    return f"did you mean {near}?" if near else f"choose from {', '.join(known)}"
