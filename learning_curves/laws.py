"""A law that a user's code must keep, the error of a broken one, and the result of a check.

Owns the types that every check shares: of a scheduler, a searcher, a source of curves or a task.
Must not know what is checked.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from learning_curves import own

_Subject = TypeVar("_Subject")


@dataclass(frozen=True, slots=True)
class Law:
    """A property that a piece of the user's code must have.

    Parameters
    ----------
    name
        Short, such as ``"determinism"``; identifies the law on the command line.
    sentence
        What must hold, in one sentence.
    mistake
        A mistake that breaks the law, in one sentence.

    """

    name: str
    sentence: str
    mistake: str


class BrokenLaw(AssertionError):  # noqa: N818  a law is named, not an error
    """A law does not hold.

    Parameters
    ----------
    law
        The law that is broken.
    message
        How it is broken, in one line with the values and, where it is known, the file and line.
    details
        More lines, such as the shortest run that breaks it.

    Examples
    --------
    >>> law = Law("seconds", "Every epoch takes more than 0 seconds.", "Seconds are rounded to 0.")
    >>> str(BrokenLaw(law, "epoch 3 takes 0.0 seconds"))
    'seconds: epoch 3 takes 0.0 seconds'

    """

    def __init__(self, law: Law, message: str, *, details: str = "") -> None:
        super().__init__(law, message, details)  # all of them, so that it can be pickled
        self.law = law
        self.message = message
        self.details = details

    def __reduce__(self) -> tuple[object, ...]:
        """Return how a copy is made, in another process too."""
        return _broken, (self.law, self.message, self.details)

    def __str__(self) -> str:
        """Return the law's name, the message and the details."""
        line = f"{self.law.name}: {self.message}"
        return f"{line}\n{self.details}" if self.details else line


def _broken(law: Law, message: str, details: str) -> BrokenLaw:
    return BrokenLaw(law, message, details=details)


@dataclass(frozen=True, slots=True)
class Checked:
    """The result of a check of one law.

    Parameters
    ----------
    law
        The law.
    broken
        How it is broken; None if it holds as far as it was checked.
    note
        What the user should know although the law holds, such as what was not checked.
    known
        Whether the law was checked at all.

    Examples
    --------
    >>> print(Checked(Law("space", "The space is valid.", "A range is empty.")))
    kept    space         The space is valid.

    """

    law: Law
    broken: BrokenLaw | None = None
    note: str = ""
    known: bool = True

    def __str__(self) -> str:
        """Return a row of a table: the outcome, the law's name and sentence, and what is wrong."""
        outcome = "broken" if self.broken else "kept" if self.known else "unknown"
        row = f"{outcome:8}{self.law.name:14}{self.law.sentence}"
        more = self.broken.message if self.broken else self.note
        return f"{row}\n{'':8}{more}" if more else row


def hold(
    checks: Iterable[tuple[Law, Callable[[Law, _Subject], str]]],
    subject: _Subject,
    *,
    needed: Collection[str] = (),
) -> Iterator[Checked]:
    """Check the laws one by one, and yield each result when it is known.

    Parameters
    ----------
    checks
        Each law, and the function that checks it: it raises `BrokenLaw`, or returns a note. Any
        other exception that it raises breaks the law, too.
    subject
        What is passed to these functions.
    needed
        The names of laws that the later ones cannot be checked without.

    """
    for law, check in checks:
        try:
            result = Checked(law, note=check(law, subject))
        except BrokenLaw as broken:
            result = Checked(law, broken)
        except (Exception, SystemExit) as error:  # noqa: BLE001  whatever a user's code may raise
            found = BrokenLaw(law, own.described(error))
            found.__cause__ = error
            result = Checked(law, found)
        yield result
        if result.broken and law.name in needed:
            return


def all_kept(results: Iterable[Checked]) -> list[Checked]:
    """Return the results.

    Raises
    ------
    BrokenLaw
        One of the laws is broken; later ones are not checked.

    """
    found = []
    for each in results:
        if each.broken:
            raise each.broken
        found.append(each)
    return found
