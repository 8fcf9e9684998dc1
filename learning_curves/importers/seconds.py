"""The seconds of each epoch, computed from the times in a source.

Owns unrecorded durations, cumulative times and time stamps. Must not
know formats.
"""

from __future__ import annotations

from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from learning_curves.errors import InputError
from learning_curves.importers.log import Floats, Log
from learning_curves.importers.options import Options

_UNITS = {"seconds": 1.0, "milliseconds": 1e3, "microseconds": 1e6, "nanoseconds": 1e9}
_UNIX = (1e9, 4e9)  # the years 2001 to 2096; no epoch takes 31 years


def unix_unit(values: Floats) -> str | None:
    """Return the unit of Unix times of the years 2001 to 2096; None if the values are others.

    >>> unix_unit(np.array([1.7e9, 1.7e9 + 3])), unix_unit(np.array([2.0, 5.0]))
    ('seconds', None)
    >>> unix_unit(np.array([1.7e12]))
    'milliseconds'
    """
    known = values[np.isfinite(values)]
    low, high = _UNIX
    for unit, scale in _UNITS.items() if known.size else ():
        if low * scale <= known.min() and known.max() < high * scale:
            return unit
    return None


def seconds_of_epochs(
    log: Log,
    rows: npt.NDArray[np.intp],
    before: dict[tuple[int, int], float],
    options: Options,
) -> tuple[Floats, int, list[str]]:
    """Return the seconds of each epoch, how many were raised to the minimum, and the card's flaws.

    Parameters
    ----------
    log
        The log.
    rows
        The rows of the curves, shape (curves, r_max).
    before
        The clock time at epoch 0 by (index of the config, seed), where it is known.
    options
        Its `seconds_per_epoch` and `least_seconds` are used.

    Raises
    ------
    InputError
        The seconds of an epoch are not a number above 0; or the duration of the first
        epoch cannot be derived from the stamps.

    """
    given, least = options.seconds_per_epoch, options.least_seconds
    if given is not None:
        flaw = f"seconds were not recorded: every epoch is set to {given} s"
        return np.full(rows.shape, given), 0, [flaw]
    seconds, flaws = log.seconds[rows], []
    if not np.isfinite(seconds).all():
        at = int(rows[~np.isfinite(seconds)][0])
        _fail(
            log,
            at,
            f"takes {log.seconds[at]} s, which is not a duration: --seconds-per-epoch S gives "
            "all S",
        )
    if log.on_a_clock:
        base = _base(log, rows, before)
        if least is not None:  # a clock that went back is read as one that stood still
            seconds = np.maximum.accumulate(np.fmax(seconds, base), axis=1)
        seconds = np.diff(seconds, axis=1, prepend=base)
        if unknown := int(np.isnan(seconds[:, 0]).sum()):
            seconds, flaw = _with_first(seconds, unknown)
            flaws.append(flaw)
    low = seconds < least if least is not None else seconds <= 0
    if least is None and low.any():
        at = int(np.argmax(low))
        _fail(
            log,
            int(rows.flat[at]),
            f"takes {seconds.flat[at]:.10g} s: an epoch takes more than 0 s; --least-seconds "
            "S sets such epochs to S",
        )
    floored = int(low.sum())
    if floored:
        flaws.append(f"{floored} epochs of less than {least} s were set to {least} s")
    return seconds if least is None else np.maximum(seconds, least), floored, flaws


def _fail(log: Log, row: int, why: str) -> NoReturn:
    whose = f"config {log.ids[log.config[row]]}, seed {log.seed[row]}"
    raise InputError(f"{log.place(row)}: epoch {log.step[row]:.10g} of {whose} {why}")


def _base(log: Log, rows: npt.NDArray[np.intp], before: dict[tuple[int, int], float]) -> Any:
    """Return the clock time at the start of each training, shape (curves, 1); NaN if unknown."""
    firsts = rows[:, 0]
    keys = zip(log.config[firsts].tolist(), log.seed[firsts].tolist(), strict=True)
    unknown = np.nan if log.stamps else 0.0
    at_0 = np.array([before.get(key, unknown) for key in keys])
    if log.start is None:
        return at_0[:, None]
    begun = log.start[rows]
    differs = begun != begun[:, :1]
    if differs.any():
        at = int(rows[differs][0])
        raise InputError(
            f"{log.place(at)}: the start {log.start[at]:.10g} differs from that of the training's "
            "first epoch: give the column that holds the start of the training"
        )
    return begun[:, :1]


def _with_first(seconds: Floats, unknown: int) -> tuple[Floats, str]:
    """Return the seconds; fills in those of a first epoch of which only the end is known."""
    if seconds.shape[1] == 1:
        raise InputError(
            "a stamp is the end of an epoch, and the curves have only one: give the stamps of "
            "their start by --map start=COLUMN, or --seconds-per-epoch S"
        )
    typical = np.median(seconds[:, 1:], axis=1)
    first = np.where(np.isnan(seconds[:, 0]), typical, seconds[:, 0])
    flaw = (
        f"the stamps do not say when {unknown} of {len(seconds)} trainings began: their first "
        "epoch is set to the median of their other epochs"
    )
    return np.concatenate((first[:, None], seconds[:, 1:]), axis=1), flaw
