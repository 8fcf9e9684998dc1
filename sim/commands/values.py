"""The types of the options' values: the accepted text and its conversion.

Owns the ranges and the messages. A type raises `argparse.ArgumentTypeError`, which the parser
reports with the option's name.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any

from learning_curves.errors import suggestion
from sim.schedulers.protocol import LOST

_MOST = 2**63 - 1  # of a 64-bit integer


@dataclass(frozen=True, slots=True)
class Whole:
    """The type of a whole number in a range.

    Parameters
    ----------
    least, most
        The range, both ends included.
    remedy
        The remedy for a number above the range, in place of the range.

    Examples
    --------
    >>> Whole(1)("4")
    4
    >>> Whole(1)("0")
    Traceback (most recent call last):
    argparse.ArgumentTypeError: 0 is too small: give a whole number of at least 1
    >>> Whole(0, 9)("10")
    Traceback (most recent call last):
    argparse.ArgumentTypeError: 10 is too large: give a whole number of at most 9

    """

    least: int
    most: int = _MOST
    remedy: str = ""

    def __call__(self, text: str) -> int:
        """Return `text` as a number."""
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a whole number: give one of at least {self.least}"
            ) from None
        if value < self.least:
            raise argparse.ArgumentTypeError(
                f"{text.strip()} is too small: give a whole number of at least {self.least}"
            )
        if value > self.most:
            remedy = self.remedy or f"give a whole number of at most {self.most}"
            raise argparse.ArgumentTypeError(f"{text.strip()} is too large: {remedy}")
        return value


SEED = Whole(0, 2**32 - 1)
"""The type of a seed."""


def processes() -> Whole:
    """Return the type of a number of processes: up to four for each core, and at least 8.

    Windows waits for 61 processes at most.
    """
    cores = os.cpu_count() or 1
    most = max(8, 4 * cores)
    if sys.platform == "win32":
        most = min(61, most)
    return Whole(1, most, f"give at most {most}, for the {cores} cores of this machine")


def number(text: str) -> float:
    """Return `text` as a number; the caller checks its range.

    >>> number("1e3")
    1000.0
    """
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a number: give one, such as 0.5"
        ) from None


@dataclass(frozen=True, slots=True)
class ListOf:
    """The type of a list of values, separated by commas.

    >>> ListOf(Whole(1))("1,2,4")
    (1, 2, 4)
    """

    kind: Callable[[str], float]

    def __call__(self, text: str) -> tuple[float, ...]:
        """Return the values in `text`."""
        try:
            return tuple(self.kind(each) for each in text.split(","))
        except argparse.ArgumentTypeError as error:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a list of numbers such as 1,2,4: {error}"
            ) from None


@dataclass(frozen=True, slots=True)
class NamesOf:
    """The type of a list of known names, separated by commas; repeated ones count once.

    >>> NamesOf(("sh", "asha"))("asha,sh,asha")
    ('asha', 'sh')
    >>> NamesOf(("sh", "asha"))("ahsa")
    Traceback (most recent call last):
    argparse.ArgumentTypeError: 'ahsa' is unknown: did you mean asha?
    """

    known: Sequence[str]
    own: bool = False  # whether each may be module:Class

    def __call__(self, text: str) -> tuple[str, ...]:
        """Return the names in `text`."""
        return tuple(dict.fromkeys(map(OneOf(self.known, self.own), text.split(","))))


@dataclass(frozen=True, slots=True)
class OneOf:
    """The type of a known name, or, with `own`, of any ``module:Class``.

    >>> OneOf(("sh", "optuna:tpe"), own=True)("mine:Mine")
    'mine:Mine'
    >>> OneOf(("sh", "optuna:tpe"), own=True)("optuna:tpee")
    Traceback (most recent call last):
    argparse.ArgumentTypeError: 'optuna:tpee' is unknown: did you mean optuna:tpe?
    """

    known: Sequence[str]
    own: bool = False

    def __call__(self, text: str) -> str:
        """Return `text`, a known name."""
        module, colon, _ = text.partition(":")
        families = {name.partition(":")[0] for name in self.known if ":" in name}
        if text in self.known or (self.own and colon and module not in families):
            return text  # its existence is checked with the experiment
        remedy = suggestion(text, self.known)
        if self.own and remedy.startswith("choose"):
            remedy += ", or name module:Class"
        raise argparse.ArgumentTypeError(f"{text!r} is unknown: {remedy}")


def path(text: str) -> Path:
    r"""Return a path that the operating system accepts.

    >>> path("out\0")
    Traceback (most recent call last):
    argparse.ArgumentTypeError: 'out\x00' is not a path: leave out the null character
    """
    if "\0" in text:
        raise argparse.ArgumentTypeError(f"{text!r} is not a path: leave out the null character")
    if not text:
        raise argparse.ArgumentTypeError("'' is not a path: give a name")
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a valid path on this system: give another name"
        ) from None
    return Path(text)


def word(text: str) -> str:
    """Return a name, or a path as it was typed: ``./NAME`` is not ``NAME``."""
    path(text)
    return text


def lost(text: str) -> str:
    """Return the name in `schedulers.LOST`.

    >>> lost("drop"), lost("vanish"), lost("inf")
    ('vanish', 'vanish', 'inf')
    """
    name = {"drop": "vanish"}.get(text, text)
    if name not in LOST:
        raise argparse.ArgumentTypeError(f"{text!r} is unknown: choose from inf, drop")
    return name


def config(text: str) -> dict[str, Any]:
    """Read a config from ``name=value,name=value``.

    >>> config("learning_rate=0.1,batch_size=128,activation=relu")
    {'learning_rate': 0.1, 'batch_size': 128, 'activation': 'relu'}
    """
    found: dict[str, Any] = {}
    for pair in text.split(","):
        name, equals, value = pair.partition("=")
        if not (name and equals and value) or name in found:
            raise argparse.ArgumentTypeError(
                f"{text!r} is not a config: write NAME=VALUE,NAME=VALUE"
            )
        found[name] = _value(value)
        if isinstance(found[name], float) and not isfinite(found[name]):
            raise argparse.ArgumentTypeError(f"{pair!r} is not finite: give a number")
    return found


def _value(text: str) -> int | float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
