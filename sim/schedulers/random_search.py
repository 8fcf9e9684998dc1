"""Random search: every trial is trained to the end.

Owns the two variants, asynchronous and in batches. The configs are the searcher's.
"""

from __future__ import annotations

from collections.abc import Sequence

from sim.schedulers.protocol import Idle, Job, Searcher, check_lost, inform


class RandomSearch:
    """Random search (d2l 19.1 to 19.3): draw a trial, train it from 0 to `r_max` epochs.

    Parameters
    ----------
    searcher
        Where the trials come from.
    r_max
        The end of training, in epochs.
    batch
        None: a free worker gets a new trial at once. N: the synchronous variant of d2l
        Fig. 19.3.1, in which N trials are started, and workers wait until all have ended.
    lost
        In `protocol.LOST`, as for every scheduler; it has no effect, since no losses are compared.

    Raises
    ------
    ValueError
        `r_max` or `batch` is below 1; or see `protocol.check_lost`.

    """

    claims = ("ranks", "order")

    def __init__(
        self, searcher: Searcher, *, r_max: int, batch: int | None = None, lost: str = "inf"
    ) -> None:
        if r_max < 1:
            raise ValueError(f"r_max is {r_max}: train for at least 1 epoch")
        if batch is not None and batch < 1:
            raise ValueError(f"batch is {batch}: a batch has at least 1 trial")
        check_lost(lost)
        self.r_max = r_max
        self._batch = batch
        self._searcher = searcher
        self._room = batch or 0  # what is left of the present batch
        self._running = 0

    def next_job(self) -> Job | Idle:
        """Return the next job: a new trial, unless its batch is full. O(1)."""
        if self._batch is not None:
            if not self._room and self._running:
                return Idle.WAIT
            self._room = self._room or self._batch
        trial = self._searcher.draw()
        if trial is None:
            return Idle.DONE
        self._room -= 1
        self._running += 1
        return Job(trial, 0, self.r_max)

    def job_done(self, job: Job, losses: Sequence[float]) -> None:
        """Receive the losses of `job`."""
        inform(self._searcher, job, losses)
        self._running -= 1

    def job_lost(self, job: Job) -> None:  # noqa: ARG002 - which one is lost makes no difference
        """Count one trial less as running."""
        self._running -= 1

    def may_go_on(self, job: Job) -> bool:  # noqa: ARG002 - it is the same for all
        """Return False: no trial is trained twice."""
        return False
