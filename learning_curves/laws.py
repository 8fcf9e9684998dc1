"""A law that a user's code must keep, and the error of a broken one.

Owns the two types that every check shares: of a scheduler, a searcher, a source of curves or a
task. Must not know what is checked, nor how a result is shown.
"""

from __future__ import annotations

from dataclasses import dataclass


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


class BrokenLaw(AssertionError):
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
