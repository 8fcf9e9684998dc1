"""A table's card: what was trained on what, and what the table must hold.

Owns the TOML file beside a table: its keys, and their kinds. Must not look into the table itself
(`table_file`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import tomli_w

from learning_curves import files
from learning_curves.errors import InputError, reading
from learning_curves.spaces import space as spaces

METRIC = "validation error"
"""What the losses are where the card does not say."""


@dataclass(frozen=True)
class Card:
    """What a card says, as plain data.

    Parameters
    ----------
    name, title
        A short name, and one line on what was trained on what.
    r_max
        The last epoch of every curve.
    space
        The hyperparameters, in the form of `learning_curves.spaces.space.to_dict`.
    seeds
        The seeds recorded, in ascending order; empty where the card does not say.
    train_examples
        How many examples an epoch trains on; None where the card does not say.
    metric
        What the losses of the column `validation_error` are, as an axis names them.
    licence, known_flaws
        The terms of use, and the known flaws of the table.
    task, recording
        The model, data set, split and optimiser; the device, versions, threads, date, command.

    """

    name: str
    r_max: int
    space: Mapping[str, Mapping[str, Any]]
    title: str = ""
    seeds: tuple[int, ...] = ()
    train_examples: int | None = None
    metric: str = METRIC
    licence: str = ""
    known_flaws: tuple[str, ...] = ()
    task: Mapping[str, Any] = field(default_factory=dict)
    recording: Mapping[str, Any] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Write the card to `path` as TOML; the file appears whole or not at all."""
        said = {key: value for key, value in asdict(self).items() if value not in (None, (), {})}
        if self.metric == METRIC:
            del said["metric"]
        tables = {key: said.pop(key) for key in ("space", "task", "recording") if key in said}
        files.write(path, tomli_w.dumps(said | tables).encode())


def read_card(path: Path) -> Card:
    """Return the card that `path` holds.

    Raises
    ------
    InputError
        The file is not TOML, lacks `r_max` or `[space]`, has a key that no card has, or a value
        of the wrong kind.

    """
    with reading(path, remedy="a card is TOML in UTF-8"):
        return _checked(files.read_toml(path.read_text(encoding="utf-8")), path)


def _checked(said: dict[str, Any], path: Path) -> Card:
    known = [entry.name for entry in fields(Card)]
    for key, value in said.items():
        if key not in known:
            raise InputError(f"{path}: a card has no key {key!r}: use {', '.join(known)}")
        if not _is_kind(key, value):
            raise InputError(f"{path}: {key!r} is {value!r}: write {_KINDS[key]}")
    for key in ("r_max", "space"):
        if key not in said:
            raise InputError(f"{path}: {key!r} is missing: write {_KINDS[key]}")
    spaces.from_dict(said["space"])
    for key in ("seeds", "known_flaws"):
        said[key] = tuple(said.get(key, ()))
    return Card(**{"name": path.stem} | said)


_KINDS = {
    "name": "a string",
    "title": "a string",
    "metric": "a string",
    "licence": "a string",
    "r_max": "a whole number >= 1",
    "train_examples": "a whole number >= 1",
    "seeds": "a list of whole numbers >= 0, such as [0, 1]",
    "known_flaws": "a list of strings",
    "space": "a table: one [space.NAME] for each hyperparameter",
    "task": "a table",
    "recording": "a table",
}


def _is_kind(key: str, value: Any) -> bool:
    match key:
        case "name" | "title" | "metric" | "licence":
            return isinstance(value, str)
        case "r_max" | "train_examples":
            return type(value) is int and value >= 1
        case "seeds":
            return isinstance(value, list) and all(
                type(seed) is int and seed >= 0 for seed in value
            )
        case "known_flaws":
            return isinstance(value, list) and all(isinstance(flaw, str) for flaw in value)
        case _:
            return isinstance(value, dict)
