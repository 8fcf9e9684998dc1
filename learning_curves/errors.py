"""The one error that tells a user, rather than a programmer, what to mend.

Owns its kind, and how other exceptions become one line.
"""

from __future__ import annotations

from collections.abc import Iterator
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
