"""The one error for mistakes of the user, as opposed to those of the programmer.

Owns the class, and how other exceptions become one line. Must not know any format: what a library
raises on a damaged file is converted in one place, `reading`, whatever its class.
"""

from __future__ import annotations

import errno
import logging
import os
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

INTERRUPTED = 130  # the shell's code for a command ended by Ctrl-C


class InputError(ValueError):
    """Input that cannot be used; its message is one line naming the value and the remedy.

    The command line prints the message to standard error and exits with `exit_code`.
    """

    exit_code = 2


class InputErrors(InputError):  # noqa: N818  there are several
    """Several mistakes in one input: a line each, in `lines`.

    >>> InputErrors(["eta is 1: give at least 2", "seed is -1: give at least 0"]).lines[1]
    'seed is -1: give at least 0'
    """

    def __init__(self, lines: Sequence[str]) -> None:
        super().__init__("\n".join(lines))
        self.lines = tuple(lines)


class Problems:
    """Collects the mistakes in a file, so that the user sees all of them at once.

    A mistake belongs to a key of the file, whose dotted name is the argument of `at`.

    Examples
    --------
    >>> problems = Problems()
    >>> with problems.at("seeds"):
    ...     raise ValueError("seeds is 0: give at least 1")
    >>> with problems.at("limits.max_jobs"):
    ...     raise ValueError("it is -1: give at least 0")
    >>> problems.found["limits.max_jobs"]
    ['it is -1: give at least 0']
    >>> problems.refuse("a.toml", {"seeds": 2, "limits": 7})
    Traceback (most recent call last):
    learning_curves.errors.InputErrors: a.toml, line 2: seeds is 0: give at least 1
    a.toml, line 7: limits.max_jobs: it is -1: give at least 0

    """

    def __init__(self) -> None:
        self.found: dict[str, list[str]] = {}

    @contextmanager
    def at(self, key: str) -> Iterator[None]:
        """Keep the ValueError that is raised within, and go on after it."""
        try:
            yield
        except ValueError as error:
            self.add(key, str(error))

    def add(self, key: str, text: str) -> None:
        """Add a mistake, once."""
        texts = self.found.setdefault(key, [])
        if text not in texts:
            texts.append(text)

    def refuse(self, source: str | Path, lines: Mapping[str, int]) -> None:
        """Raise an `InputErrors` in the order of the lines; do nothing if there is no mistake.

        Parameters
        ----------
        source
            The name of the file.
        lines
            The line of each key; a key that is not there has the line of the table that holds it.

        """
        told = []
        for key, text in ((key, text) for key, texts in self.found.items() for text in texts):
            first = text.partition(" ")[0]  # may name an entry of the table `key`
            known = first if first in lines and first.startswith(f"{key}.") else key
            while known and known not in lines:
                known = known.rpartition(".")[0]
            line = lines.get(known)
            where = f"{source}: " if line is None else f"{source}, line {line}: "
            named = "" if key.rpartition(".")[2] in text else f"{key}: "
            told.append((line or 0, printable(f"{where}{named}{text}")))
        if told:
            raise InputErrors([text for _, text in sorted(told, key=lambda each: each[0])])


@contextmanager
def for_the_user() -> Iterator[None]:
    """Convert a ValueError about a value into an InputError.

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


_LONGEST = 400  # characters of a library's message


@contextmanager
def reading(source: str | Path, fault: str = "", *, remedy: str) -> Iterator[None]:
    """Convert any error of a file's reader into an InputError that names the file and the remedy.

    Readers raise errors of many classes on a damaged file. Use this around the code that reads
    one, and only there: an error of any other code is a programming error and must surface. The
    warnings and log messages of the reader are not shown.

    Parameters
    ----------
    source
        The file, folder or URL, as the user knows it.
    fault
        What is wrong with it, such as ``"is not a study"``; "cannot be read" if empty.
    remedy
        What the user can do. An InputError of the reader keeps its own remedy.

    Raises
    ------
    InputError
        The reader raised an error. MemoryError and KeyboardInterrupt pass through.

    Examples
    --------
    >>> with reading("a.toml", "is not a card", remedy="restore the file"):
    ...     {}["r_max"]
    Traceback (most recent call last):
    learning_curves.errors.InputError: a.toml is not a card: KeyError: 'r_max': restore the file
    >>> with reading("a.toml", "is not a card", remedy="restore the file"):
    ...     raise InputError("r_max is 0: give at least 1")
    Traceback (most recent call last):
    learning_curves.errors.InputError: a.toml is not a card: r_max is 0: give at least 1

    """
    disabled = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except MemoryError:
        raise
    except InputErrors:
        raise
    except InputError as error:
        said = printable(str(error))
        what = f"{source} {fault}" if fault else str(source)
        named = said if printable(str(source)) in said else f"{what}: {said}"
        # Subclasses such as `MissingTableError` carry information of their own.
        raise type(error)(printable(named)) from error.__cause__
    except Exception as error:
        raise InputError(printable(_complaint(source, fault, error, remedy))) from error
    finally:
        logging.disable(disabled)


def _complaint(source: str | Path, fault: str, error: Exception, remedy: str) -> str:
    match error:
        case FileNotFoundError() | OSError(strerror=str()):  # pyarrow's has no strerror
            reason = error.strerror or os.strerror(errno.ENOENT)
            return f"{source} cannot be read: {reason}: {remedy}"
        case UnicodeDecodeError(start=start):
            reason = f"byte {start} is not text in UTF-8"
        case _:
            # A library's message may go on for lines: with the query, the stack, an address.
            first = next(iter(str(error).strip().splitlines()), "")[:_LONGEST].rstrip(".:")
            # A ValueError says what is wrong with the value; the text of others needs its class.
            kind = "" if isinstance(error, ValueError) and first else type(error).__name__
            reason = ": ".join(filter(None, (kind, first)))
    return f"{source} {fault or 'cannot be read'}: {reason}: {remedy}"


def need(library: str, name: str, extra: str | None = None) -> None:
    """Raise if `library` is not installed; `name` is what needs it.

    Raises
    ------
    InputError
        It names the remedy: the extra of rungsim, by default called as the library.

    """
    if find_spec(library) is None:
        raise InputError(
            f"{name} needs {library}, which is not installed: "
            f"pip install 'rungsim[{extra or library}]'"
        )


def one_line(error: BaseException) -> str:
    r"""Return the kind and the message of an exception in one line.

    >>> one_line(OSError("no\nspace")), one_line(KeyError())
    ('OSError: no space', 'KeyError')
    """
    return " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")


def printable(text: str) -> str:
    r"""Return `text` in one line, with escapes for control and unprintable characters.

    >>> printable("eta is \x1b[31m2\n")
    'eta is \\x1b[31m2\\n'
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else repr(each)[1:-1] for each in text)


def nearest(name: str, known: Collection[str]) -> str | None:
    """Return the known name that `name` is most likely a misspelling of, or None.

    >>> nearest("ahsa", ["sh", "asha"]), nearest("best", ["sh", "asha"])
    ('asha', None)
    """
    from difflib import get_close_matches  # noqa: PLC0415  for a mistake only

    return next(iter(get_close_matches(name, known, n=1)), None)


def suggestion(name: str, known: Collection[str]) -> str:
    """Return the remedy for an unknown name: the nearest known name, or all known names.

    >>> suggestion("ahsa", ["sh", "asha"]), suggestion("best", ["sh", "asha"])
    ('did you mean asha?', 'choose from sh, asha')
    """
    near = nearest(name, known)
    return f"did you mean {near}?" if near else f"choose from {', '.join(known)}"
