"""The training to which each epoch of a tidy file belongs.

Owns the meaning of `config_id` and `seed`, and the rule if they are missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from learning_curves.errors import InputError
from learning_curves.importers.formats.tidy_epochs import Epochs
from learning_curves.importers.log import Floats, Places
from learning_curves.importers.options import Options
from learning_curves.importers.trainings import apart, merged, named, repeats
from learning_curves.spaces.space import Config
from learning_curves.tables.cells import guess
from learning_curves.tables.sheet import Sheet
from learning_curves.tables.table_file import KEYS, MEASURES

OURS = (*KEYS, *MEASURES)
"""The columns of a table that are not hyperparameters."""


def trainings(
    sheet: Sheet,
    columns: dict[str, str],
    codes: Places,
    configs: list[Config],
    epochs: Epochs,
    options: Options,
) -> tuple[list[int], list[Config], Places, Places, list[str]]:
    """Return the ids, their configs, the config's index and the seed of each epoch, and notes.

    The notes state how many trainings became seeds of a config.
    """
    seed = None
    if "seed" in columns:
        seed = sheet.numbers(columns["seed"], whole=True)
        sheet.require(seed >= 0, columns["seed"], "is negative: number seeds from 0")
        seed = seed[epochs.row]
    if "config_id" not in columns:
        return _without_ids(codes, configs, epochs, seed, options)
    column = columns["config_id"]
    labels, cells = sheet.encoded(column)
    convert = guess(cells)
    try:
        names = [convert(cell) for cell in cells]
    except ValueError as unfit:
        sheet.fail(0, column, str(unfit))
    _, first, place = np.unique(labels, return_index=True, return_inverse=True)
    changed = codes != codes[first][place]
    if changed.any():
        row = int(np.argmax(changed))
        one, other = configs[codes[row]], configs[codes[first[place[row]]]]
        differs = next(name for name in one if one[name] != other[name])
        sheet.fail(
            row,
            differs,
            f"differs from {other[differs]!r} at {sheet.place(int(first[place[row]]))}, of the "
            f"same {column}: name the hyperparameters with --hyperparameters",
        )
    of_each = [configs[code] for code in codes[first].tolist()]
    if options.equal_configs == "apart":
        of_each = apart(of_each, names, "config" if column in OURS else column)
        ids, distinct, config = named(names, of_each)
        seeds = np.zeros(len(epochs.row), dtype=np.int64) if seed is None else seed
        return ids, distinct, config[place][epochs.row], seeds, []
    ids, distinct, config, by_training = repeats(of_each, names)
    said = merged(len(names), len(distinct))
    run, at = place[epochs.row], config[place][epochs.row]
    if seed is None:
        return ids, distinct, at, by_training[run], said
    if said:
        _refuse_shared_seeds(column, names, run, at, seed)
    return ids, distinct, at, seed, said


def _without_ids(
    codes: Places, configs: list[Config], epochs: Epochs, seed: Places | None, options: Options
) -> tuple[list[int], list[Config], Places, Places, list[str]]:
    if options.equal_configs == "apart":
        raise InputError(
            "--equal-configs apart needs the column that names a run: --map config_id=COLUMN"
        )
    ids, at, said = list(range(len(configs))), codes[epochs.row], []
    if seed is None:
        seed = _occurrences(at, epochs.step)
        count = len(np.unique(np.stack((at, seed)), axis=1).T)
        if count > len(configs):
            merging = (
                f"{count} trainings of {len(configs)} configs: those of equal hyperparameters "
                "are seeds 0, 1, .. in the order of the file (--map config_id=RUN --equal-configs "
                "apart makes each run a config of its own)"
            )
            said = [merging]
    return ids, configs, at, seed, said


def _refuse_shared_seeds(
    column: str, names: Sequence[Any], run: Places, config: Places, seed: Places
) -> None:
    """Raise if two runs of one config have the same seed."""
    trainings = np.unique(np.stack((config, seed, run)), axis=1)
    same = (np.diff(trainings[:2], axis=1) == 0).all(axis=0)
    if same.any():
        at = int(np.argmax(same))
        one, other = (names[trainings[2, each]] for each in (at, at + 1))
        raise InputError(
            f"the runs {one!r} and {other!r} of {column} have the same hyperparameters and seed "
            f"{trainings[1, at]}: --equal-configs apart makes each run a config of its own"
        )


def _occurrences(config: Places, step: Floats) -> Places:
    """Return for each epoch how often it occurs in earlier rows of the same config: its seed.

    Raises
    ------
    InputError
        A config has some of its epochs more often than others: which training an epoch is of is
        Some epochs of a config occur more often than others: the training of an epoch is then
        ambiguous.

    """
    order = np.lexsort((step, config))  # stable: the file's order within an epoch
    same = (np.diff(config[order]) == 0) & (np.diff(step[order]) == 0)
    firsts = np.flatnonzero(np.concatenate(([True], ~same)))
    lengths = np.diff(firsts, append=len(order))
    of = config[order][firsts]
    least: dict[int, int] = {}
    most: dict[int, int] = {}
    for each, times in zip(of.tolist(), lengths.tolist(), strict=True):
        least[each] = min(times, least.get(each, times))
        most[each] = max(times, most.get(each, times))
        if least[each] < most[each]:
            raise InputError(
                f"of one config some epochs occur {least[each]} times and others {most[each]} "
                "times: name the training of each row with --map seed=COLUMN"
            )
    seed = np.empty(len(order), dtype=np.int64)
    seed[order] = np.arange(len(order)) - np.repeat(firsts, lengths)
    return seed
