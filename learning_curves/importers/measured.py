"""Which epochs have a loss, which were not measured, and which diverged.

Owns the rule that a missing measurement never becomes a loss. Must not know formats.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from learning_curves.errors import InputError
from learning_curves.importers.log import Log
from learning_curves.importers.options import Options

_Rows = npt.NDArray[np.intp]
_Truths = npt.NDArray[np.bool_]


def measured(log: Log, order: _Rows, options: Options) -> tuple[Log, _Rows, list[str]]:
    """Return the log, its rows that have a loss, and lines that state the decisions.

    A loss of NaN means diverged or not measured, as `options.nan` says. If `options.nan` is None,
    it means diverged if no later loss of its curve is a number. The seconds of an epoch that was
    not measured, if there are any, are added to those of the next epoch that was, unless they count
    from the beginning.

    Parameters
    ----------
    log
        The log.
    order
        Its rows by config, seed and step.
    options
        Its `nan` is used.

    Raises
    ------
    InputError
        `options.nan` is None and a loss of NaN comes before a number; or no row has a loss.

    """
    notes: list[str] = []
    absent = np.zeros(len(order), dtype=bool) if log.absent is None else log.absent[order]
    nan = np.isnan(log.loss[order]) & ~absent
    if nan.any():
        if options.nan is None:
            _refuse_recovery(log, order, nan)
        count = _counted(int(nan.sum()), "loss is", "losses are")
        if options.nan == "absent":
            absent |= nan
            notes.append(f"{count} NaN: not measured (--nan diverged makes them inf)")
        else:
            notes.append(f"{count} NaN: diverged (--nan absent reads them as not measured)")
    if not absent.any():
        return log, order, notes
    log, kept = _without(log, order, absent)
    lost = int(_begins(log, order).sum()) - int(_begins(log, kept).sum())
    if lost:
        notes.append(f"{_counted(lost, 'curve has', 'curves have')} no loss: left out")
    return log, kept, notes


def _counted(count: int, one: str, more: str) -> str:
    return f"{count} {one if count == 1 else more}"


def _begins(log: Log, order: _Rows) -> _Truths:
    """Return the rows at which a curve begins."""
    config, seed = log.config[order], log.seed[order]
    other = (config[1:] != config[:-1]) | (seed[1:] != seed[:-1])
    return np.concatenate(([True], other))


def _refuse_recovery(log: Log, order: _Rows, nan: _Truths) -> None:
    places = np.arange(len(order))
    starts = np.flatnonzero(_begins(log, order))
    finite = np.where(np.isfinite(log.loss[order]), places, -1)
    last = np.repeat(np.maximum.reduceat(finite, starts), np.diff(starts, append=len(order)))
    before = nan & (places < last)
    if before.any():
        row = int(order[np.argmax(before)])
        raise InputError(
            f"{log.place(row)}: the loss at epoch {log.step[row]:.10g} of config "
            f"{log.ids[log.config[row]]}, seed {log.seed[row]} is NaN and a later one is a number "
            f"({int(before.sum())} such losses): add --nan absent if they were not measured, "
            "--nan diverged if training recovered"
        )


def _without(log: Log, order: _Rows, absent: _Truths) -> tuple[Log, _Rows]:
    """Return the log, seconds of unmeasured epochs added to the next one, and the measured rows."""
    if absent.all():
        raise InputError("no epoch has a loss: every loss is empty or NaN")
    if not log.on_a_clock:
        # From after a measured epoch, or a curve's beginning, to the next one or the curve's end.
        behind = np.concatenate(([True], ~absent[:-1]))
        firsts = np.flatnonzero(behind | _begins(log, order))
        lasts = np.append(firsts[1:], len(order)) - 1
        seconds = log.seconds.copy()
        known = np.where(absent & np.isnan(log.seconds[order]), 0, log.seconds[order])
        seconds[order[lasts]] = np.add.reduceat(known, firsts)
        log = replace(log, seconds=seconds)
    return log, order[~absent]
