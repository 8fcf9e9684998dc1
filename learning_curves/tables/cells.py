"""The value of a hyperparameter that a cell of a table stands for.

Owns how text becomes a number, a truth value or a string again: exactly the value that the space
has. Must not know where the cell stands (`sheet`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from learning_curves.spaces import space as spaces
from learning_curves.spaces.space import Domain


def member_of(domain: Domain) -> Callable[[Any], Any]:
    """Return what turns a cell into the member of `domain` that it stands for.

    What is returned raises ValueError, saying what is wrong with the cell, if there is none.

    Examples
    --------
    >>> member_of([16, "all"])("16"), member_of(True)("True")
    (16, True)
    >>> member_of([16, 32])("64")
    Traceback (most recent call last):
    ValueError: is not in the card's space, [16, 32]

    """
    if spaces.is_distribution(domain):
        low, high = domain.support()
        return partial(_drawn, low=low, high=high, whole=spaces.is_whole(domain))
    options = list(domain) if spaces.is_choices(domain) else [domain]
    members = {str(option): option for option in options} | {option: option for option in options}

    def chosen(cell: Any) -> Any:
        for form in (cell, str(cell), as_number(cell)):
            if form in members:
                return members[form]
        listed = f"{options[:8]} and {len(options) - 8} more" if len(options) > 8 else options
        raise ValueError(f"is not in the card's space, {listed}")

    return chosen


def _drawn(cell: Any, *, low: float, high: float, whole: bool) -> int | float:
    number = as_number(cell)
    if number is None or not math.isfinite(number):
        raise ValueError("is not a number, as the card's space has it")
    if not low <= number <= high:
        raise ValueError(f"is outside the card's space, {low} to {high}")
    if not whole:
        return float(number)
    if number != int(number):
        raise ValueError("is not a whole number, as the card's space has it")
    return int(number)


def guess(cells: Sequence[Any]) -> Callable[[Any], Any]:
    """Return what turns each of a column's cells into a value, for want of a card.

    The cells of a CSV are all text: they are whole numbers, else numbers, else truth values, if
    all of them can be; else strings.

    >>> [list(map(guess(cells), cells)) for cells in (["1", "2"], ["1", "0.5"], ["1", "one"])]
    [[1, 2], [1.0, 0.5], ['1', 'one']]
    """
    if not all(isinstance(cell, str) for cell in cells):
        return _finite
    numbers = [as_number(cell) for cell in cells]
    if None not in numbers:
        whole = all(isinstance(number, int) for number in numbers)
        return int if whole else lambda cell: _finite(float(cell))
    if set(cells) <= {"True", "False"}:
        return lambda cell: cell == "True"
    return _printable


def as_number(cell: Any) -> int | float | None:
    """Return the number that `cell` is or, as text, spells; None if there is none.

    >>> as_number("16"), as_number("1e-3"), as_number("relu")
    (16, 0.001, None)
    """
    if not isinstance(cell, str):
        return cell if isinstance(cell, int | float) else None
    try:
        return int(cell) if cell.lstrip("-").isdecimal() else float(cell)
    except ValueError:
        return None


def _finite(cell: Any) -> Any:
    if not isinstance(cell, bool | int | float | str):
        raise ValueError("is not a number, truth value or string: write one of these")
    if isinstance(cell, float) and not math.isfinite(cell):
        raise ValueError("is not a value of a hyperparameter: write a finite number")
    return cell


def _printable(cell: str) -> str:
    if not cell.isprintable():
        raise ValueError("has a character that cannot be printed: remove it")
    return cell
