"""The results of a live run: read back from its journal, measured as a run, written as a table.

Owns the forms that a live run takes once it has ended. Must not know how it was run
(`real.live`), nor how it is shown.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from learning_curves.errors import InputError
from learning_curves.spaces import space as spaces
from learning_curves.tables.card import METRIC, Card
from learning_curves.tables.tabular import Tabular
from real.cluster import journal, ledger, training
from real.cluster.cluster import JOURNAL
from real.live import LiveExperiment, scheduler
from real.recorder import card as cards
from sim.experiments import own
from sim.experiments.run import Run
from sim.traces import replay
from sim.traces.replay import Lived

if TYPE_CHECKING:
    from real.tasks.task import Task


def replayed(experiment: LiveExperiment, task: Task, folder: Path) -> Lived:
    """Return the result of the run of `task` in `folder`, from its journal; nothing is trained.

    Raises
    ------
    InputError
        There is no journal, it belongs to another run, or the run has not ended.

    """
    path = folder / JOURNAL
    made = scheduler(experiment, task)
    state = ledger.Ledger(made, experiment.workers, experiment.limits)
    with own.blamed(experiment):
        ledger.replay(state, journal.read(path), path)
    if state.end is None:
        raise InputError(
            f"the run in {folder} has not ended: continue it with rungsim live --resume "
            f"{folder} first"
        )
    return state.lived()


def as_run(experiment: LiveExperiment, lived: Lived) -> Run:
    """Return the live run in the form of a simulated one, to be measured, written and drawn alike.

    Raises
    ------
    InputError
        No trial has reported an epoch.

    """
    curves, _ = replay.completed(lived)
    return Run(
        experiment.simulated(lived),
        curves,
        experiment.make,
        lived.trace,
        [trial for trial, _ in lived.trials.values()],
        {number: curves.curve({"number": number}, 0) for number in lived.trials},
        _remarks(lived),
    )


def _remarks(lived: Lived) -> dict[str, Any]:
    """Return what went wrong in a live run, for its summary; empty if nothing did."""
    found: dict[str, Any] = {}
    if lived.raised:
        trial, error = next(iter(lived.raised.items()))
        first = f"trial {trial}: {error}"
        found["raised"] = {"trials": len(lived.raised), "first": first}
    if lived.unreadable:
        found["unreadable_checkpoint"] = lived.unreadable
    return found


def table(experiment: LiveExperiment, task: Task, lived: Lived) -> Tabular:
    """Return the curves of a live run of `task` as a table, see `replay.table`.

    Raises
    ------
    InputError
        No trial has reported an epoch.

    """
    trainings = Counter(tuple(trial.config.items()) for trial, _ in lived.trials.values())
    card = Card(
        name="curves",
        title=f"the curves of {task.name} that a live run of {experiment.scheduler} trained",
        r_max=lived.trace.r_max,
        metric=getattr(task, "metric", METRIC),
        space=spaces.to_dict(task.space),
        known_flaws=tuple(cards.known_flaws("wall", seeds=max(trainings.values(), default=1))),
        task=getattr(task, "about", {"name": experiment.task}),
        recording={
            "device": experiment.device,
            "threads": training.THREADS,
            "clock": "wall",
            "seed": experiment.seed,
            **cards.machine(experiment.device),
        },
    )
    return replay.table(lived, card)
