"""Makes a table from a log: its configs, its space, its card.

Owns the steps that all formats share after reading. Must not know formats, or write files.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from learning_curves.blackbox import RecordedCurve
from learning_curves.errors import InputError
from learning_curves.importers.log import Log
from learning_curves.importers.options import Options
from learning_curves.importers.whole import Whole, whole_curves
from learning_curves.spaces import space as spaces
from learning_curves.spaces import space_files
from learning_curves.spaces.space import Config, Domain, Space
from learning_curves.tables.card import Card
from learning_curves.tables.cells import member_of
from learning_curves.tables.table_file import KEYS, MEASURES, Recorded, parse, render
from learning_curves.tables.tabular import Tabular


@dataclass(frozen=True)
class Imported:
    """A table, and the decisions that the import made.

    Parameters
    ----------
    table
        The table, not yet written.
    counts
        See `whole.Whole`.
    notes
        Lines for the screen.

    """

    table: Tabular
    counts: Mapping[str, int] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def assemble(log: Log, options: Options) -> Imported:
    """Return the table made from `log`.

    Raises
    ------
    InputError
        See `whole.whole_curves`; or two configs are the same, or one has a value outside the
        space, or a hyperparameter has the name of one of our columns.

    """
    for name in log.configs[0] if log.configs else ():
        if name in (*KEYS, *MEASURES) or not name:
            raise InputError(f"{name!r} cannot be a hyperparameter: rename it")
    known = log.space if options.space is None else space_files.find(options.space)
    whole = whole_curves(log, options)
    curves: dict[int, dict[int, RecordedCurve]] = {}
    for place, seed, losses, seconds in zip(
        whole.config.tolist(),
        whole.seed.tolist(),
        whole.losses.tolist(),
        whole.seconds.tolist(),
        strict=True,
    ):
        curves.setdefault(place, {})[seed] = RecordedCurve(tuple(losses), tuple(seconds))
    ids = [log.ids[place] for place in curves]
    space, configs = _in_space(ids, [log.configs[place] for place in curves], known)
    recorded = Recorded(
        _card(log, whole, space, options), tuple(ids), configs, tuple(curves.values())
    )
    return Imported(Tabular(recorded), whole.counts, (*log.notes, *whole.notes))


def checked(imported: Imported, path: Path) -> Tabular:
    """Return the table as a reader of `path` will find it, after all checks of a table's file.

    Raises
    ------
    InputError
        It breaks a rule.

    """
    recorded = imported.table.recorded
    content = render(recorded, parquet=path.suffix == ".parquet")
    return Tabular(parse(content, path, recorded.card))


def _in_space(
    ids: Sequence[int], configs: Sequence[Config], known: Space
) -> tuple[Space, tuple[Config, ...]]:
    """Return the space, inferred from the configs if unknown, and the configs as its members.

    Raises
    ------
    InputError
        A value is outside the space, or two configs are the same.

    """
    names = list(configs[0])
    for name in known:
        if name not in names:
            raise InputError(
                f"the space has {name!r}, which no config has: the configs have {', '.join(names)}"
            )
    space: dict[str, Domain] = {}
    columns: list[list[Any]] = []
    for name in [*known, *(name for name in names if name not in known)]:
        values = [config[name] for config in configs]
        space[name] = known[name] if name in known else choices_of(values)
        member = member_of(space[name])
        column: list[Any] = []
        for number, value in zip(ids, values, strict=True):
            try:
                column.append(member(value))
            except ValueError as unfit:
                raise InputError(
                    f"config {number} has {name} {value!r}, which {unfit}: fix it, or give "
                    "the space with --space"
                ) from None
        columns.append(column)
    seen: dict[tuple[Any, ...], int] = {}
    for number, config in zip(ids, zip(*columns, strict=True), strict=True):
        if seen.setdefault(config, number) != number:
            raise InputError(
                f"config {number} has the hyperparameters of config {seen[config]}: give both "
                "the same id, and each training its own seed"
            )
    return space, tuple(dict(zip(space, config, strict=True)) for config in seen)


def choices_of(values: Sequence[Any]) -> list[Any]:
    """Return the different values, sorted: numbers before words.

    >>> choices_of([64, 16, 64, "all"])
    [16, 64, 'all']
    """
    return sorted(dict.fromkeys(values), key=lambda v: (isinstance(v, str), v))


def _card(log: Log, whole: Whole, space: Space, options: Options) -> Card:
    recording = dict(log.recording) | {"import_options": options.given()}
    if not recording["import_options"]:
        del recording["import_options"]
    if whole.anchors:
        recording["anchors"] = [int(a) if a == int(a) else a for a in whole.anchors]
    dropped = whole.counts["dropped"]
    lost = [f"{dropped} curves that ended before epoch {whole.losses.shape[1]} were left out"]
    return Card(
        options.name,
        whole.losses.shape[1],
        spaces.to_dict(space),
        title=log.title,
        seeds=tuple(sorted(set(whole.seed.tolist()))),
        train_examples=log.train_examples,
        licence=options.licence or log.licence,
        known_flaws=(*log.flaws, *whole.flaws, *(lost if dropped else ())),
        task=log.task,
        recording=recording,
    )
