"""The checkpoints of a live run: those of paused trials that may yet go on.

Owns the names of the files, and when they are deleted. Must not know what is in them
(`real.cluster.checkpoints`).
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Mapping
from itertools import islice
from pathlib import Path

from sim.schedulers.protocol import Job, Scheduler, may_go_on

_AT_A_TIME = 32  # trials


class Pauses:
    """At most one checkpoint for each trial that may go on, and one more while it trains.

    Parameters
    ----------
    folder
        The folder of the checkpoints; it contains nothing else of value.
    scheduler
        Decides which trials may go on.

    """

    def __init__(self, folder: Path, scheduler: Scheduler) -> None:
        self.folder = folder
        self._scheduler = scheduler

    def path(self, trial: int, epoch: int) -> Path:
        """Return where the checkpoint of `trial` at `epoch` is or will be."""
        return self.folder / f"trial-{trial}-epoch-{epoch}.pt"

    def open(self, paused: Mapping[int, Job]) -> None:
        """Make the folder, and leave in it only what the paused trials need."""
        self.folder.mkdir(exist_ok=True)
        needed = {self.path(number, job.stop) for number, job in paused.items()}
        for path in self.folder.iterdir():
            if path not in needed:  # a process that is about to end may remove it, too
                path.unlink(missing_ok=True)

    def sweep(self, paused: dict[int, Job], running: Collection[int]) -> None:
        """Drop checkpoints of trials that will not go on.

        The scheduler is asked about a few trials at a time, in turn: asking about thousands after
        each report would keep workers waiting.

        Parameters
        ----------
        paused
            The last job of each trial that may go on; those that may not are taken out, the others
            that were asked for moved to its end.
        running
            The trials that are running a job, or will be, without being asked for: their
            checkpoints stay.

        """
        for number in list(islice(paused, _AT_A_TIME)):
            job = paused.pop(number)
            if number in running or may_go_on(self._scheduler, job):
                paused[number] = job
            else:
                self.path(number, job.stop).unlink(missing_ok=True)

    def clear(self) -> None:
        """Remove the folder: the run is over."""
        shutil.rmtree(self.folder, ignore_errors=True)
