"""A live run as curves and costs that can be simulated.

Owns the assumptions on epochs that were not trained. Must not know how the live run was made, nor
how far a simulation of it is from the live run (`sim.experiments.parity`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf, isnan
from statistics import fmean
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from learning_curves.blackbox import RecordedCurve
from learning_curves.errors import InputError
from learning_curves.synthetic import Scripted
from learning_curves.tables.card import Card
from learning_curves.tables.table_file import Recorded
from learning_curves.tables.tabular import Tabular
from sim.jobs.costs import Costs
from sim.schedulers.protocol import Trial
from sim.traces.estimates import median
from sim.traces.trace import Trace

_NO_TIME = 1e-9  # seconds of an epoch that took none, such as one that raised: a curve needs > 0


@dataclass(frozen=True)
class Lived:
    """The result of a live run: its log, and how far each trial was trained.

    Parameters
    ----------
    trace
        Its jobs, those lost or cut and their later attempts included; `overhead` is the seconds of
        a job that were not spent in epochs.
    trials
        Each trial that was started, and its curve, by its number; the numbers run from 0. A curve
        has the epochs that were reported, possibly none. From the epoch at which training raised an
        exception, its losses are inf and its seconds 0.
    overheads
        One row for each reported job: `job`, its number, and the seconds in which it `restored` and
        `saved` its trial, 0 where it did not.
    raised
        The first exception of each trial that raised one, by its number, in order of report.
    unreadable
        The first checkpoint that could not be read back, and why; empty if there was none.

    """

    trace: Trace
    trials: Mapping[int, tuple[Trial, RecordedCurve]]
    overheads: pd.DataFrame
    raised: Mapping[int, str] = field(default_factory=dict)
    unreadable: str = ""


def completed(lived: Lived) -> tuple[Scripted, float]:
    """Return curves up to r_max whose config ``{"number": i}`` is trial i, and how much is assumed.

    An epoch that was never trained takes the last loss of its trial, and the trial's mean seconds
    per epoch. For a trial without any report, it takes the median loss and the mean seconds that
    the other trials, completed in this way, have at that epoch. O(trials x r_max).

    Returns
    -------
    curves, share
        The curves, each second > 0; and the share of their epochs that were never trained.

    Raises
    ------
    InputError
        No trial has reported an epoch.
    KeyError
        The trials are not numbered from 0 without a gap.

    Notes
    -----
    The bias is known. Learning goes on where a scheduler stops a trial: a simulation that trains
    such a trial further sees a constant loss, hardly promotes it again, and underestimates further
    training. Its seconds are the mean of few epochs, of which the first may be slow. A trial that
    a crash stopped is constant in the same way, though its scheduler saw the loss inf. There is no
    trial after the last one: a simulation that gets further than the live run finds none. A
    simulation that decides as the live run did reads no assumed epochs, except those of jobs that
    were lost or cut.

    Examples
    --------
    >>> from sim.traces.trace import frame
    >>> curve = RecordedCurve((0.9, 0.5), (1.0, 3.0))
    >>> lived = Lived(Trace(frame(b""), 1, 4, 4.0, 4.0), {0: (Trial(0, {}), curve)}, pd.DataFrame())
    >>> curves, share = completed(lived)
    >>> curves.losses, curves.seconds, share
    ([(0.9, 0.5, 0.5, 0.5)], [(1.0, 3.0, 2.0, 2.0)], 0.5)

    """
    r_max = lived.trace.r_max
    curves = [lived.trials[number][1] for number in range(len(lived.trials))]
    epochs = len(curves) * r_max
    known = {i: _continued(each, r_max) for i, each in enumerate(curves) if each.all_losses}
    if not known:
        raise InputError("no trial of the live run reported an epoch: let it run for longer")
    unknown = _typical(list(known.values()))
    whole = [known.get(number, unknown) for number in range(len(curves))]
    assumed = epochs - sum(len(each.all_losses) for each in curves)
    losses, seconds = [each.all_losses for each in whole], [each.all_seconds for each in whole]
    return Scripted(losses, seconds), assumed / epochs


def calibrated(lived: Lived) -> Costs:
    """Return the costs at which the jobs of the live run have the overhead that they had in total.

    They are means, which preserve the total. Of the jobs that reported at their first attempt,
    those that stop below r_max save, and those that restored anything restore. A job that starts
    above 0 and restored nothing continued on its worker: it has no start. The remaining overhead,
    including that of such jobs, is the start of all other jobs.

    Raises
    ------
    KeyError
        A job that reported has no row in the overheads.

    Notes
    -----
    What the live run never did has unknown costs and is free here, such as restoring a trial under
    a scheduler whose workers continue their trials. If the seconds of restoring and saving exceed
    the overhead, a start takes 0 seconds, and the total is not preserved.

    """
    jobs = lived.trace.jobs
    reported = jobs[(jobs["outcome"] == "done") & (jobs["attempt"] == 0)]
    measured = lived.overheads.set_index("job").loc[reported["job"]]
    restored, saved = (measured[name].to_numpy(dtype=float) for name in ("restored", "saved"))
    resumes = (reported["start"] > 0).to_numpy()
    pauses = (reported["stop"] < lived.trace.r_max).to_numpy()
    restores = resumes & (restored > 0)
    starts = restores | ~resumes
    left = reported["overhead"].sum() - restored[restores].sum() - saved[pauses].sum()
    return Costs(
        start_seconds=max(0.0, _spread(left, starts)),
        restore_seconds=_spread(restored[restores].sum(), restores),
        save_seconds=_spread(saved[pauses].sum(), pauses),
    )


def table(lived: Lived, card: Card) -> Tabular:
    """Return the `completed` curves as an ordinary table, with the true hyperparameters.

    The configs are numbered as they were first tried; the trainings of one are its seeds 0, 1, ...

    Parameters
    ----------
    lived
        The run.
    card
        What was trained on what; the table takes all of it but r_max, the seeds and one known flaw:
        the share of the epochs that is assumed, if any is.

    Raises
    ------
    InputError
        No trial has reported an epoch.
    KeyError
        The trials are not numbered from 0 without a gap, or a config lacks a hyperparameter.

    """
    curves, share = completed(lived)
    trainings: dict[tuple[Any, ...], dict[int, RecordedCurve]] = {}
    for number, config in enumerate(curves.configs):
        trial, _ = lived.trials[number]
        values = tuple(trial.config[name] for name in card.space)
        by_seed = trainings.setdefault(values, {})
        by_seed[len(by_seed)] = replace(curves.curve(config, seed=0), config_id=-1)
    flaw = (
        f"{100 * share:.3g} % of the epochs were never trained, for the scheduler of this live run "
        "did not ask for them: each repeats the last loss of its training, and takes that "
        "training's mean seconds (a training that reported nothing: the others' median loss, and "
        "their mean seconds)"
    )
    card = replace(
        card,
        r_max=curves.r_max,
        seeds=tuple(range(max(map(len, trainings.values())))),
        known_flaws=(*card.known_flaws, flaw) if share else card.known_flaws,
    )
    configs = tuple(dict(zip(card.space, values, strict=True)) for values in trainings)
    ids = tuple(range(len(configs)))
    return Tabular(Recorded(card, ids, configs, tuple(trainings.values())))


def _continued(curve: RecordedCurve, r_max: int) -> RecordedCurve:
    """Return `curve`, not empty, up to r_max."""
    losses = [inf if isnan(loss) else loss for loss in curve.all_losses]
    missing = r_max - len(losses)
    seconds = [*curve.all_seconds, *[fmean(curve.all_seconds)] * missing]
    return RecordedCurve(
        (*losses, *[losses[-1]] * missing), tuple(max(each, _NO_TIME) for each in seconds)
    )


def _typical(curves: Sequence[RecordedCurve]) -> RecordedCurve:
    """Return the curve of the median loss and the mean seconds at each epoch."""
    return RecordedCurve(
        tuple(map(median, zip(*(each.all_losses for each in curves), strict=True))),
        tuple(map(fmean, zip(*(each.all_seconds for each in curves), strict=True))),
    )


def _spread(total: float, those: npt.NDArray[np.bool_]) -> float:
    """Return what each of those bears of `total`; 0 if there is none."""
    count = int(those.sum())
    return float(total) / count if count else 0.0
