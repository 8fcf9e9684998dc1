"""The types of the options' values: which text is taken, and what it becomes.

Owns the ranges and the complaints. A type raises `argparse.ArgumentTypeError`, which the parser
puts behind the option's name.
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
        What to do about a number above it, in place of the range.

    Examples
    --------
    >>> Whole(1)("4")
    4
    >>> Whole(1)("0")
    Traceback (most recent call last):
    argparse.ArgumentTypeError: 0 is too small: give a whole number, at least 1
    >>> Whole(0, 9)("10")
    Traceback (most recent call last):
    argparse.ArgumentTypeError: 10 is too large: give a whole number, at most 9

    """

    least: int
    most: int = _MOST
    remedy: str = ""

    def __call__(self, text: str) -> int:
        """Return the number that `text` is."""
        try:
            value = int(text)
        except ValueError:
            raise argparse.ArgumentTypeError(
                f"{text!r} is no whole number: give one, at least {self.least}"
            ) from None
        if value < self.least:
            raise argparse.ArgumentTypeError(
                f"{text.strip()} is too small: give a whole number, at least {self.least}"
            )
        if value > self.most:
            remedy = self.remedy or f"give a whole number, at most {self.most}"
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
    return Whole(1, most, f"this machine has {cores} cores, give at most {most}")


def number(text: str) -> float:
    """Return the number that `text` is; whether it is in range, its owner judges.

    >>> number("1e3")
    1000.0
    """
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no number: give one, such as 0.5") from None


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
                f"{text!r} is no list of numbers such as 1,2,4: {error}"
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
    """The type of a known name, or, with `own`, of ``module:Class``, whatever that names.

    >>> OneOf(("sh", "optuna:tpe"), own=True)("mine:Mine")
    'mine:Mine'
    >>> OneOf(("sh", "optuna:tpe"), own=True)("optuna:tpee")
    Traceback (most recent call last):
    argparse.ArgumentTypeError: 'optuna:tpee' is unknown: did you mean optuna:tpe?
    """

    known: Sequence[str]
    own: bool = False

    def __call__(self, text: str) -> str:
        """Return the name that `text` is."""
        module, colon, _ = text.partition(":")
        families = {name.partition(":")[0] for name in self.known if ":" in name}
        if text in self.known or (self.own and colon and module not in families):
            return text  # whether it exists is checked with the experiment
        remedy = suggestion(text, self.known)
        if self.own and remedy.startswith("choose"):
            remedy += ", or name module:Class"
        raise argparse.ArgumentTypeError(f"{text!r} is unknown: {remedy}")


def path(text: str) -> Path:
    r"""Return a path that the system can be asked for.

    >>> path("out\0")
    Traceback (most recent call last):
    argparse.ArgumentTypeError: 'out\x00' is no path: leave out the null character
    """
    if "\0" in text:
        raise argparse.ArgumentTypeError(f"{text!r} is no path: leave out the null character")
    if not text:
        raise argparse.ArgumentTypeError("'' is no path: give a name")
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        raise argparse.ArgumentTypeError(
            f"{text!r} is no path: this system cannot write it, give another name"
        ) from None
    return Path(text)


def word(text: str) -> str:
    """Return a name, or a path as it was typed: ``./NAME`` is not ``NAME``."""
    path(text)
    return text


def lost(text: str) -> str:
    """Return what `schedulers.LOST` calls it.

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
            raise argparse.ArgumentTypeError(f"{text!r} is no config: write NAME=VALUE,NAME=VALUE")
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
