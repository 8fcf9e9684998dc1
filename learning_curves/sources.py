"""Where learning curves come from, by the one word that a user types.

Owns the names of the closed-form families, and the order in which a word is understood.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from learning_curves import surrogate_folder
from learning_curves.blackbox import Blackbox
from learning_curves.errors import InputError
from learning_curves.surrogate import Surrogate
from learning_curves.synthetic import PowerLaw
from learning_curves.tabular import MissingTableError, Tabular, load

FAMILIES: dict[str, Callable[[int], Blackbox]] = {"power-law": PowerLaw}
"""The closed-form families: each makes a blackbox of a given r_max."""

SURROGATE = "surrogate:"
"""Before the name or path of a table: not the table, but a surrogate learnt from it."""

_R_MAX = 81  # of a closed form, where none is asked for


def find(name_or_path: str | Path, r_max: int | None = None) -> Blackbox:
    """Return the blackbox that a name or a path stands for.

    Parameters
    ----------
    name_or_path
        A closed-form family's name, a shipped table's name, the path of a table or of a
        surrogate's folder, or a table's name or path after ``surrogate:``.
    r_max
        The epochs that its curves must reach at least; a closed form's reach just this, 81 if
        None.

    Raises
    ------
    InputError
        There is no such source, its file breaks a rule, or its curves end before `r_max`.

    Examples
    --------
    >>> find("power-law", r_max=27).r_max
    27

    """
    if name_or_path in FAMILIES:
        return FAMILIES[str(name_or_path)](_R_MAX if r_max is None else r_max)
    recorded = _recorded(name_or_path)
    if r_max is not None and r_max > recorded.r_max:
        raise InputError(
            f"the curves of {name_or_path} end at epoch {recorded.r_max}: r_max {r_max} is beyond"
        )
    return recorded


def _recorded(name_or_path: str | Path) -> Tabular | Surrogate:
    word = str(name_or_path)
    learnt, name = parted(word)
    if learnt:
        return Surrogate(_table(name))
    if surrogate_folder.is_surrogate(Path(word)):
        return surrogate_folder.load(Path(word))
    return _table(name_or_path)


def parted(word: str) -> tuple[str, str]:
    """Return ``surrogate:``, if the word begins with it, and the name or path.

    >>> parted("surrogate:mine.csv"), parted("mine.csv")
    (('surrogate:', 'mine.csv'), ('', 'mine.csv'))
    """
    name = word.removeprefix(SURROGATE)
    return word[: len(word) - len(name)], name


def files(name_or_path: str) -> list[Path]:
    """Return the files that hold the curves, of those where `find` would look."""
    word = parted(name_or_path)[1]
    if surrogate_folder.is_surrogate(Path(word)):
        return sorted(Path(word).iterdir())
    beside = [Path(f"{word}{end}") for end in ("", ".csv", ".parquet", ".toml")]
    if Path(word).name:
        beside.append(Path(word).with_suffix(".toml"))
    return [path for path in beside if path.is_file()]


def _table(name_or_path: str | Path) -> Tabular:
    try:
        return load(name_or_path)
    except MissingTableError as error:
        raise InputError(f"{error}; the closed forms are {', '.join(FAMILIES)}") from None
