"""Makes whole curves from rows: losses and seconds of every epoch from 1 to the last.

Owns the rules for incomplete curves; none is dropped silently. Must not know formats, spaces or
cards, nor the meaning of a loss that is not a number (`measured`) or of a clock (`seconds`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

import numpy as np
import numpy.typing as npt

from learning_curves.errors import InputError
from learning_curves.importers.log import Floats, Log, Places
from learning_curves.importers.measured import measured
from learning_curves.importers.options import Options
from learning_curves.importers.seconds import seconds_of_epochs


@dataclass(frozen=True)
class Whole:
    """The curves that were kept.

    Parameters
    ----------
    config, seed
        The config and seed of each curve, as in the log; shape (curves,), ascending.
    losses, seconds
        Shape (curves, r_max).
    anchors
        The source's name of each epoch, if that is not its number; else empty.
    counts
        ``found``, ``incomplete``, ``dropped`` and ``shortened`` curves, and the epochs that
        ``diverged`` or have ``least_seconds``.
    notes, flaws
        Lines for the screen, and for the card.

    """

    config: Places
    seed: Places
    losses: Floats
    seconds: Floats
    anchors: tuple[float, ...]
    counts: dict[str, int]
    notes: tuple[str, ...]
    flaws: tuple[str, ...]


def whole_curves(log: Log, options: Options) -> Whole:
    """Return the complete curves of `log`, or those that `options` complete; O(n log n) in rows.

    Raises
    ------
    InputError
        There are no rows, or two for one epoch; curves end early and `options.incomplete` is
        "refuse"; or an epoch has no loss, or seconds that are not above 0.

    """
    if not log.step.size:
        raise InputError("the source has no rows: every curve needs one row for each of its epochs")
    order = np.lexsort((log.step, log.seed, log.config))
    _refuse_repeats(log, order)
    order, before = _without_epoch_0(log, order, options)
    log, order, decided = measured(log, order, options)
    epochs, anchors = _epochs(log, order, options)
    starts = _starts(log, order)
    reach = _reach(epochs, starts)
    r_max, kept, notes, counts = _decide(log, order[starts], reach, int(epochs.max()), options)
    rows = order[starts[kept][:, None] + np.arange(r_max)]  # (curves, r_max)
    losses, diverged = _losses(log, rows)
    seconds, floored, flaws = seconds_of_epochs(log, rows, before, options)
    counts |= {"diverged": diverged, "least_seconds": floored}
    notes = [*decided, *notes]
    if diverged:
        notes.append(f"{diverged} epochs diverged: their loss is inf")
    if floored:
        notes.append(
            f"{floored} epochs are set to the {options.least_seconds} s of --least-seconds"
        )
    if anchors:
        listed = ", ".join(f"{anchor:.10g}" for anchor in anchors[:r_max])
        notes.append(f"epoch k is the k-th of the source's {listed}")
    return Whole(
        log.config[rows[:, 0]],
        log.seed[rows[:, 0]],
        losses,
        seconds,
        anchors[:r_max],
        counts,
        tuple(notes),
        tuple(flaws),
    )


def _training(log: Log, row: int) -> str:
    """Return the config and seed of the row, for messages."""
    return f"config {log.ids[log.config[row]]}, seed {log.seed[row]}"


def _fail(log: Log, row: int, why: str) -> NoReturn:
    raise InputError(f"{log.place(row)}: epoch {log.step[row]:.10g} of {_training(log, row)} {why}")


def _refuse_repeats(log: Log, order: npt.NDArray[np.intp]) -> None:
    same = np.ones(len(order) - 1, dtype=bool)
    for key in (log.config, log.seed, log.step):
        same &= key[order[1:]] == key[order[:-1]]
    if same.any():
        at = int(np.argmax(same))
        first, second = sorted((int(order[at]), int(order[at + 1])))
        _fail(log, second, f"repeats {log.place(first)}: keep one row for each epoch")


def _without_epoch_0(
    log: Log, order: npt.NDArray[np.intp], options: Options
) -> tuple[npt.NDArray[np.intp], dict[tuple[int, int], float]]:
    """Return the rows of the training itself, and the seconds that passed before it."""
    if not (options.drop_epoch_0 or log.from_0):
        return order, {}
    early = log.step[order] == 0
    if early.all():
        raise InputError(
            f"{log.place(0)}: the source has only epoch 0, before training: give later epochs"
        )
    at_0 = order[early]
    keys = zip(log.config[at_0].tolist(), log.seed[at_0].tolist(), strict=True)
    return order[~early], dict(zip(keys, log.seconds[at_0].tolist(), strict=True))


def _epochs(
    log: Log, order: npt.NDArray[np.intp], options: Options
) -> tuple[Places, tuple[float, ...]]:
    """Return the epoch of each row, and the source's number of each epoch if that differs."""
    steps = log.step[order]
    if options.anchors or log.anchored:
        anchors, places = np.unique(steps, return_inverse=True)
        counted = np.array_equal(anchors, np.arange(1, len(anchors) + 1))
        return places + 1, () if counted else tuple(anchors.tolist())
    wrong = (steps < 1) | (steps != np.floor(steps))
    if wrong.any():
        _fail(
            log,
            int(order[np.argmax(wrong)]),
            "is not one of 1, 2, ..: --drop-epoch-0 leaves out the state before training, and "
            "--anchors numbers the epochs by their order",
        )
    return steps.astype(np.int64), ()


def _starts(log: Log, order: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    """Return the index in `order` at which each curve begins."""
    config, seed = log.config[order], log.seed[order]
    other = (config[1:] != config[:-1]) | (seed[1:] != seed[:-1])
    return np.flatnonzero(np.concatenate(([True], other)))


def _reach(epochs: Places, starts: npt.NDArray[np.intp]) -> Places:
    """Return the last epoch of each curve before the first missing one."""
    lengths = np.diff(starts, append=len(epochs))
    expected = np.arange(len(epochs)) - np.repeat(starts, lengths) + 1
    gapless = np.where(epochs == expected, np.iinfo(np.int64).max, expected - 1)
    return np.minimum(np.minimum.reduceat(gapless, starts), lengths)


def _decide(
    log: Log,
    firsts: npt.NDArray[np.intp],
    reach: Places,
    last: int,
    options: Options,
) -> tuple[int, npt.NDArray[np.bool_], list[str], dict[str, int]]:
    """Return the common last epoch, which curves are kept, and the notes."""
    r_max = last if options.r_max is None else options.r_max
    if r_max > last:
        raise InputError(
            f"--r-max is {r_max}, and the last epoch of the source is {last}: give at most that"
        )
    short = np.flatnonzero(reach < r_max)
    counts = {"found": len(reach), "incomplete": len(short), "dropped": 0, "shortened": 0}
    kept = np.ones(len(reach), dtype=bool)
    notes: list[str] = []
    if short.size:
        named = "; ".join(
            f"{_training(log, int(firsts[at]))} after {reach[at]}" for at in short[:3].tolist()
        )
        dots = "; .." if short.size > 3 else ""
        said = (
            f"{short.size} of {len(reach)} curves end before epoch {r_max} ({named}{dots})"
            if short.size > 1
            else f"1 of {len(reach)} curves ends before epoch {r_max} ({named})"
        )
        shortest = int(reach.min())
        match options.incomplete:
            case "drop":
                kept = reach >= r_max
                if not kept.any():
                    raise InputError(f"{said}: none is left; give an --r-max below {r_max}")
                counts["dropped"] = len(short)
                notes.append(f"{said}: dropped")
            case "cut":
                if shortest < 1:
                    raise InputError(f"{said}: a curve without epoch 1 cannot be cut; drop it")
                notes.append(f"{said}: all are cut at epoch {shortest}")
                r_max = shortest
            case _:
                left = len(reach) - len(short)
                cut = f", --incomplete cut all {len(reach)} to {shortest}" if shortest else ""
                raise InputError(
                    f"{said}: --incomplete drop leaves {left} to epoch {r_max}{cut}, and "
                    "--r-max N keeps N epochs only"
                )
    counts["shortened"] = int((reach[kept] > r_max).sum())
    return r_max, kept, notes, counts


def _losses(log: Log, rows: npt.NDArray[np.intp]) -> tuple[Floats, int]:
    losses = log.loss[rows]
    if (losses == -np.inf).any():
        at = int(rows[losses == -np.inf][0])
        _fail(log, at, "has the loss -inf: write a number, or nan where training diverged")
    losses = np.where(np.isnan(losses), np.inf, losses)
    return losses, int(np.isinf(losses).sum())
