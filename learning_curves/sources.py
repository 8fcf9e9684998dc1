"""Where learning curves come from, by the one word that a user types.

Owns the names of the closed-form families, and the order in which a word is understood. A family's
settings follow its name, separated by colons: ``power-law:crossing=0.5:noise=0.01``.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeAlias

from learning_curves.blackbox import Blackbox
from learning_curves.errors import InputError, nearest
from learning_curves.surrogates import regressors, surrogate_folder
from learning_curves.surrogates.surrogate import Surrogate
from learning_curves.synthetic import Bowl, Exponential, PowerLaw, TakeOff, settings
from learning_curves.tables.tabular import MissingTableError, Tabular, load

Family: TypeAlias = type[PowerLaw | Exponential | TakeOff | Bowl]

FAMILIES: dict[str, Family] = {
    "power-law": PowerLaw,
    "exponential": Exponential,
    "take-off": TakeOff,
    "bowl": Bowl,
}
"""The closed-form families by name."""

SURROGATE = "surrogate:"
"""Before the name or path of a table: not the table, but a surrogate learnt from it."""

_R_MAX = 81  # of a closed form, where none is asked for


def folder_name(name_or_path: str) -> str:
    """Return what a folder of results on these curves is called.

    >>> folder_name("power-law:crossing=0.5"), folder_name("surrogate:tables/mine.csv")
    ('power-law,crossing=0.5', 'surrogate,mine')
    """
    if name_or_path.split(":", 1)[0] in FAMILIES:
        return name_or_path.replace(":", ",")  # no system forbids a comma
    how, name = parted(name_or_path)
    return f"{how.replace(':', ',')}{Path(name).stem}"


def find(name_or_path: str | Path, r_max: int | None = None) -> Blackbox:
    """Return the blackbox that a name or a path stands for.

    Parameters
    ----------
    name_or_path
        A closed-form family's name, with settings or without, a shipped table's name, the path of
        a table or of a surrogate's folder, or a table's name or path after ``surrogate:``.
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
    >>> find("power-law:crossing=1").crossing
    1.0

    """
    name, *texts = str(name_or_path).split(":")
    if name in FAMILIES:
        form: Blackbox = settings.made(FAMILIES[name], _R_MAX if r_max is None else r_max, texts)
        return form
    recorded = _recorded(name_or_path)
    if r_max is not None and r_max > recorded.r_max:
        raise InputError(
            f"the curves of {name_or_path} end at epoch {recorded.r_max}: r_max {r_max} is beyond"
        )
    return recorded


def fit(
    table: Tabular | str | Path, regressor: str = regressors.DEFAULT, seed: int = 0
) -> Surrogate:
    """Return a surrogate that is learnt from a table: a blackbox over the table's whole space.

    Parameters
    ----------
    table
        A table (see `learning_curves.tables.frame.from_frame` for a DataFrame), or the name or
        path of one; of at least four configs.
    regressor
        ``"gp"``, ``"extra-trees"`` or ``"nearest"``.
    seed
        Of the regressor's own randomness, >= 0.

    Raises
    ------
    InputError
        There is no such table or regressor, the table has fewer configs, or the seed is negative.

    Notes
    -----
    The Gaussian process takes seconds for a hundred configs, and O(n**3) in their number.

    Examples
    --------
    >>> surrogate = fit("lenet-fashion-mnist", "nearest")
    >>> len(surrogate.curve({"learning_rate": 0.5, "batch_size": 100}, seed=0).losses(0, 10))
    10

    """
    if seed < 0:
        raise InputError(f"seed is {seed}: give a whole number >= 0")
    found = table if isinstance(table, Tabular) else _table(table)
    return Surrogate(found, regressor, seed)


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
        near = nearest(str(name_or_path).split(":")[0], FAMILIES)
        meant = f"; did you mean {near}?" if near else ""
        raise InputError(f"{error}; the closed forms are {', '.join(FAMILIES)}{meant}") from None
