"""A table of recorded learning curves as a blackbox.

Owns looking curves up, and where tables are found: shipped ones by name, others by path. Must not
know what a file looks like (`table_file`, `card`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from operator import itemgetter
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from learning_curves import files, streams
from learning_curves.blackbox import RecordedCurve
from learning_curves.errors import InputError, nearest, reading
from learning_curves.spaces import space as spaces
from learning_curves.spaces.space import Config, Space
from learning_curves.tables.card import Card, read_card
from learning_curves.tables.sheet import is_parquet
from learning_curves.tables.table_file import Recorded, parse, render

_TABLES = Path(__file__).parent / "recorded"
_SUFFIXES = (".csv", ".parquet")


class MissingTableError(InputError):
    """There is no table of this name, nor a file at this path."""


@dataclass(frozen=True)
class Tabular:
    """Recorded curves; a `learning_curves.blackbox.Blackbox`.

    Parameters
    ----------
    recorded
        The card, configs and curves.
    sha256
        The digest of the file that it was read from; empty for a table of no file.

    """

    recorded: Recorded
    sha256: str = ""

    @property
    def card(self) -> Card:
        """What was trained on what; for a file without a card, what its columns show."""
        return self.recorded.card

    @property
    def name(self) -> str:
        """Its short name."""
        return self.card.name

    @property
    def title(self) -> str:
        """One line on what was trained on what; empty where the card does not say."""
        return self.card.title

    @property
    def train_examples(self) -> int | None:
        """How many examples an epoch trains on; None where the card does not say."""
        return self.card.train_examples

    @property
    def metric(self) -> str:
        """What its losses are, such as ``"validation error"``."""
        return self.card.metric

    @cached_property
    def space(self) -> Space:
        """The set that configs are drawn from."""
        return spaces.from_dict(self.card.space)

    @cached_property
    def r_max(self) -> int:
        """The last epoch that its curves reach."""
        return self.card.r_max

    @property
    def configs(self) -> Sequence[Config]:
        """The configs that have curves, in ascending recorded id."""
        return self.recorded.configs

    @property
    def ids(self) -> Sequence[int]:
        """The recorded ids of the `configs`, ascending."""
        return self.recorded.ids

    @cached_property
    def final_losses(self) -> npt.NDArray[np.float64]:
        """The loss at r_max of each config's first seed; shape (configs,)."""
        firsts = (next(iter(by_seed.values())) for by_seed in self.recorded.curves)
        return np.array([curve.all_losses[-1] for curve in firsts])

    @cached_property
    def _key(self) -> Callable[[Config], Any]:
        return itemgetter(*self.card.space)

    @cached_property
    def _places(self) -> dict[Any, int]:
        return {self._key(config): place for place, config in enumerate(self.configs)}

    @cached_property
    def _curves(self) -> list[tuple[RecordedCurve, ...]]:
        return [
            tuple(replace(curve, config_id=place) for curve in by_seed.values())
            for place, by_seed in enumerate(self.recorded.curves)
        ]

    def curve(self, config: Config, seed: int) -> RecordedCurve:
        """Return the curve of one training of `config`; O(1) in the size of the table.

        Parameters
        ----------
        config
            One of the `configs`.
        seed
            Picks one of the config's recorded seeds, with equal probability.

        Raises
        ------
        InputError
            The table has no such config; the message names a surrogate of the table, which has
            curves for every config of its space.

        """
        try:
            curves = self._curves[self._places[self._key(config)]]
        except (KeyError, TypeError):  # a value that has no hash is none of the table's
            spaces.check_names(self.space, config)
            raise InputError(self._lacks(config)) from None
        if len(curves) == 1:
            return curves[0]
        return curves[streams.integer(seed, "recorded seed") % len(curves)]

    def _lacks(self, config: Config) -> str:
        """Return the complaint that the table has no such config."""
        return (
            f"the table {self.name} has no config {dict(config)!r}: use one of its "
            f"{len(self.configs)} configs, or a surrogate, which has curves for the whole "
            f"space: surrogate:{self.name} instead of {self.name}, or "
            "learning_curves.fit(table)"
        )

    def write(self, path: Path) -> None:
        """Write the table to `path`, and its card beside it; each appears whole or not at all.

        Parameters
        ----------
        path
            Ends in ``.csv`` or ``.parquet``; an existing file is replaced.

        Raises
        ------
        InputError
            The path has another ending.

        """
        if path.suffix not in _SUFFIXES:
            raise InputError(f"{path}: a table's name ends in {' or '.join(_SUFFIXES)}: add it")
        content = render(self.recorded, parquet=is_parquet(path))
        self.card.write(path.with_suffix(".toml"))
        files.write(path, content)


def shipped() -> list[str]:
    """Return the names of the tables that come with the package, sorted."""
    return sorted(path.stem for path in _TABLES.glob("*.csv"))


def load(name_or_path: str | Path) -> Tabular:
    """Return a table, every rule of its file checked.

    Parameters
    ----------
    name_or_path
        The name of a shipped table, or the path of a ``.csv`` or ``.parquet`` file, with or
        without its suffix. For your own file with the name of a shipped table, write ``./NAME``.

    Raises
    ------
    MissingTableError
        There is no such table; the message names the shipped ones.
    InputError
        The file breaks a rule; the message is one line that names the file, row, column and
        value, and says what to do.

    Notes
    -----
    Takes about half a second for 100,000 rows.

    """
    path = _path_of(name_or_path)
    beside = path.with_suffix(".toml")
    card = read_card(beside) if beside.is_file() else None
    with reading(path, remedy="give a table in the format of docs/tables.md"):
        raw = path.read_bytes()
        return Tabular(parse(raw, path, card), sha256(raw).hexdigest())


def _path_of(name_or_path: str | Path) -> Path:
    if name_or_path in shipped():
        return _TABLES / f"{name_or_path}.csv"
    path = Path(name_or_path)
    paths = [path] if path.suffix in _SUFFIXES else [Path(f"{path}{end}") for end in _SUFFIXES]
    match [path for path in paths if path.is_file()]:
        case [found]:
            return found
        case []:
            near = nearest(str(name_or_path), shipped())
            raise MissingTableError(
                f"there is no table {str(name_or_path)!r}: "
                f"{f'did you mean {near}? L' if near else 'l'}ooked for "
                f"{' and '.join(map(str, paths))}; the shipped tables are "
                f"{', '.join(shipped()) or 'none'}"
            )
        case both:
            raise InputError(
                f"{name_or_path} is {' and '.join(map(str, both))}: give the "
                "path of one, or rename one"
            )
