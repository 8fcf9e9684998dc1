"""Where learning curves come from, by the one word that a user types.

Owns the names of the closed-form families, and the order in which a word is understood. A family's
settings follow its name, separated by colons: ``power-law:crossing=0.5:noise=0.01``; so do those of
a blackbox of the user's own: ``mine:Mine:noise=0.01``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from numbers import Real
from pathlib import Path
from typing import Any, TypeAlias

from learning_curves import own
from learning_curves.blackbox import Blackbox
from learning_curves.errors import InputError, nearest
from learning_curves.spaces import space as spaces
from learning_curves.streams import generator
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
    if name_or_path.split(":", 1)[0] in FAMILIES or own_name(name_or_path) is not None:
        return name_or_path.replace(":", ",")  # no system forbids a comma
    how, name = parted(name_or_path)
    return f"{how.replace(':', ',')}{Path(name).stem}"


def find(name_or_path: str | Path, r_max: int | None = None) -> Blackbox:
    """Return the blackbox that a name or a path stands for.

    Parameters
    ----------
    name_or_path
        A closed-form family's name, with settings or without, a shipped table's name, the path of
        a table or of a surrogate's folder, a table's name or path after ``surrogate:``, or
        ``module:Class``, with settings or without, for a blackbox of the user's own.
    r_max
        The epochs that its curves must reach at least; a closed form's reach just this, 81 if
        None. A class of the user's own that has such a parameter gets it.

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
    named = own_name(str(name_or_path))
    found: Blackbox = _own(named, texts[1:], r_max) if named else _recorded(name_or_path)
    check_length(found, name_or_path, r_max)
    return found


def check_length(found: Blackbox, name: str | Path, r_max: int | None) -> None:
    """Raise if the curves that were found under `name` end before `r_max`.

    Raises
    ------
    InputError
        They do.

    """
    if r_max is not None and r_max > found.r_max:
        raise InputError(
            f"the curves of {name} end at epoch {found.r_max}, before r_max {r_max}: "
            f"give at most {found.r_max}"
        )


def own_name(word: str) -> str | None:
    """Return the ``module:Class`` that a word begins with; None if the word means something else.

    A file of that name is a table.

    >>> own_name("mine:Mine:noise=0.1"), own_name("power-law:noise=0.1"), own_name("mine.csv")
    ('mine:Mine', None, None)
    """
    parts = word.split(":")
    name = ":".join(parts[:2])
    is_other = f"{parts[0]}:" == SURROGATE or parts[0] in FAMILIES
    return name if own.is_own(name) and not is_other and not files(word) else None


def _own(name: str, texts: Sequence[str], r_max: int | None) -> Blackbox:
    known = own.parameters(own.load(name, _WHAT)).get("r_max")
    offered: dict[str, Any] = {}
    if known is not None and (r_max is not None or known.default is known.empty):
        offered["r_max"] = _R_MAX if r_max is None else r_max
    made: Blackbox = own.make(name, _WHAT, offered, own.options(texts), flag="the setting")
    own.check(name, _WHAT, made, _PIECES)
    try:
        spaces.check(made.space)
    except InputError as error:
        raise InputError(f"the source of curves is {name!r}, but in its space {error}") from None
    with own.blamed([(name, _WHAT)]):
        _check_curve(name, made)
    return made


_WHAT = "source of curves"

_PIECES: Mapping[str, Any] = {
    "space": (
        lambda domains: isinstance(domains, Mapping),
        "a dict of name -> distribution, list of choices or constant",
    ),
    "r_max": (
        lambda epochs: type(epochs) is int and epochs >= 1,  # True is an int, too
        "a whole number of epochs, at least 1",
    ),
    "configs": (
        lambda configs: isinstance(configs, Sequence),
        "the only configs that have curves, () if the whole space has",
    ),
    "curve": (own.callable_with(2), "a method of config and seed that returns a curve"),
}
"""The pieces of a blackbox: what accepts each, and how a user is asked for it."""


def _check_curve(name: str, blackbox: Blackbox) -> None:
    """Raise for what is wrong with the first curve; the others are taken on trust."""
    drawn = blackbox.configs or spaces.sample(blackbox.space, generator(0, "own curve"), 1)
    config, last = drawn[0], blackbox.r_max
    curve = blackbox.curve(config, 0)
    said = f"the source of curves is {name!r}, but the curve of {dict(config)}"
    for piece, accepted, asked in (
        ("losses", lambda loss: isinstance(loss, Real), "numbers"),
        ("seconds", lambda second: 0 < second < inf, "finite numbers above 0"),
    ):
        if not callable(getattr(curve, piece, None)):
            raise InputError(f"{said} has no method {piece!r}: give it one of start and stop")
        values = getattr(curve, piece)(0, last)
        try:
            fits = len(values) == last and all(map(accepted, values))
        except TypeError:
            fits = False
        if not fits:
            raise InputError(
                f"{said} has the {piece} {own.short(values)} for epochs 1 to {last}: "
                f"return {last} {asked}"
            )
    if type(getattr(curve, "config_id", None)) is not int:
        raise InputError(
            f"{said} has no whole 'config_id': give it -1 if the whole space has curves"
        )


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
