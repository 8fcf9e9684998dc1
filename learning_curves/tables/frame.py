"""A table from a pandas DataFrame, by the rules of a table's file.

Owns how a frame becomes a sheet of cells. Must not know the rules (`table_file`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from learning_curves.errors import InputError
from learning_curves.spaces import space as spaces
from learning_curves.spaces.space import Space
from learning_curves.spaces.space_files import find
from learning_curves.tables.sheet import Sheet
from learning_curves.tables.table_file import recorded_in
from learning_curves.tables.tabular import Tabular

_FLOATS = (np.dtype("float64"), np.dtype("float32"), np.dtype("float16"))


def from_frame(
    df: pd.DataFrame, space: Space | str | None = None, *, name: str = "frame"
) -> Tabular:
    """Return the table of learning curves that a DataFrame holds, every rule of a table checked.

    Parameters
    ----------
    df
        A row for each config, seed and epoch, in any order, with the columns ``config_id``,
        ``seed``, ``epoch`` (1 to one last epoch), ``validation_error`` (what is minimised; inf
        where training diverged) and ``seconds`` (of that one epoch, > 0). Each other column is a
        hyperparameter. The index is not read.
    space
        What configs are drawn from: hyperparameter -> frozen distribution of `scipy.stats`, list
        of choices or constant; or a word as `space_files.find` takes it, such as
        ``"lr=loguniform(1e-4,1),act=choice(relu,tanh)"``. If None, the choices of each
        hyperparameter are its values in `df`.
    name
        How messages and results call the table.

    Returns
    -------
    Tabular
        A blackbox. Its `write` makes a file of it, which `rungsim run --curves` takes.

    Raises
    ------
    InputError
        `df` is not a DataFrame, or breaks a rule: a column is missing, a curve has a gap, two rows
        are of one epoch, a value is not a number or outside the space. The message names the row
        (as ``iloc``), the column and the value.

    Notes
    -----
    Takes about half a second for 100,000 rows.

    Examples
    --------
    >>> df = pd.DataFrame({
    ...     "config_id": [0, 0, 1, 1],
    ...     "lr": [0.1, 0.1, 0.01, 0.01],
    ...     "seed": 0,
    ...     "epoch": [1, 2, 1, 2],
    ...     "validation_error": [0.5, 0.3, 0.8, 0.7],
    ...     "seconds": [2.0, 2.0, 2.1, 1.9],
    ... })
    >>> table = from_frame(df, "lr=loguniform(1e-4,1)")
    >>> table.r_max, table.curve({"lr": 0.1}, seed=0).losses(0, 2)
    (2, (0.5, 0.3))
    >>> from_frame(df.assign(seconds=[2.0, 0.0, 2.1, 1.9]))
    ... # doctest: +NORMALIZE_WHITESPACE
    Traceback (most recent call last):
    learning_curves.errors.InputError: frame, iloc[1], column 'seconds': 0.0 is not a duration:
    write the seconds of this one epoch, finite and > 0

    """
    if not isinstance(df, pd.DataFrame):
        raise InputError(f"df is a {type(df).__name__}: give a pandas DataFrame")
    sheet = Sheet(Path(name), _cells(df, name), "frame")
    recorded = recorded_in(sheet, None)
    card = replace(recorded.card, name=name)
    if space is None:
        return Tabular(replace(recorded, card=card))
    known = space if isinstance(space, Mapping) else find(space)
    spaces.check(known)
    return Tabular(recorded_in(sheet, replace(card, space=spaces.to_dict(known))))


def _cells(df: pd.DataFrame, name: str) -> Any:
    arrays, names = [], []
    for column, values in df.items():
        # A float that is NaN is left as it is: to pandas it would be an empty cell.
        cells = values.to_numpy() if values.dtype in _FLOATS else values
        try:
            arrays.append(pa.array(cells))
        except (pa.ArrowException, OverflowError, TypeError, ValueError):
            raise InputError(
                f"{name}, column {column!r}: the values are of several types: use only "
                "numbers, or only strings"
            ) from None
        names.append(str(column))
    return pa.Table.from_arrays(arrays, names=names)
