"""A bracket: one synchronous ladder of rungs.

Owns the rule of synchronous successive halving: a rung must be full before its best trials go on.
Must not know of other brackets, nor whether anybody waits.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from sim.schedulers.protocol import Job, Trial, waits_in
from sim.schedulers.rungs.rung import Rung


class Bracket:
    """One ladder: `size` trials enter, each rung passes the best on to the next.

    Rung k has room for ``max(1, size // eta**k)`` trials. When a rung is full, as many of its
    best trials as the next one has room for are queued, in order of rank; a diverged trial is never
    queued, and its place stays empty (Jamieson & Talwalkar 2016, Algorithm 1, in whole numbers).

    Parameters
    ----------
    number
        Its place among the brackets of the run, for the log.
    levels
        The rung levels, ascending, in epochs.
    size
        How many trials enter; fewer do when the searcher is exhausted.
    eta
        The reduction factor.

    """

    def __init__(self, number: int, levels: Sequence[int], size: int, eta: int) -> None:
        self.number = number
        self.rungs = [Rung(level, eta) for level in levels]
        self.complete = False
        self.size = size
        self._eta = eta
        self._drawn = 0
        self._entrants = size  # how many trials will report at the rung now being filled
        self._current = 0  # the rung now being filled
        self._queue: deque[Job] = deque()

    @property
    def has_queued(self) -> bool:
        """Whether promoted trials are waiting for a worker."""
        return bool(self._queue)

    @property
    def has_room(self) -> bool:
        """Whether new trials may enter."""
        return self._drawn < self.size

    def next_queued(self) -> Job:
        """Hand out the best of the promoted trials that wait for a worker."""
        return self._queue.popleft()

    def enter(self, draw: Callable[[], Trial | None]) -> Job | None:
        """Return the first job of a new trial; None if none is left, which closes the bracket.

        Closing may fill the first rung: call `advance` afterwards.
        """
        trial = draw()
        if trial is None:
            self._entrants -= self.size - self._drawn
            self.size = self._drawn
            return None
        self._drawn += 1
        return Job(trial, 0, self.rungs[0].level, self.number)

    def vanish(self) -> None:
        """Expect one trial less at the rung now being filled; call `advance` afterwards. O(1)."""
        self._entrants -= 1

    def record(self, trial: Trial, loss: float) -> None:
        """Record the loss of `trial` at the rung now being filled. O(log n)."""
        self.rungs[self._current].record(trial, loss)

    def advance(self) -> bool:
        """Go on to the next rung if this one is full, queueing the promoted; return whether it was.

        O(1), or O(trials promoted) when the rung is full.
        """
        rung = self.rungs[self._current]
        if len(rung) < self._entrants:
            return False
        if rung is self.rungs[-1]:
            self.complete = True
            return True
        self._current += 1
        level = self.rungs[self._current].level
        promoted = rung.best(self._room(self._current))
        self._queue.extend(Job(trial, rung.level, level, self.number) for trial in promoted)
        self._entrants = len(promoted)
        self.complete = not promoted
        return True

    def may_go_on(self, job: Job) -> bool:
        """Return whether the trial of `job` is promoted and waits, or may yet be. O(n log n).

        It may yet be promoted while the rung is not full and it is among the best recorded trials
        that the next rung has room for.
        """
        rung = self.rungs[self._current]
        if job.stop == rung.level and rung is not self.rungs[-1]:
            return job.trial in rung.best(self._room(self._current + 1))
        return waits_in(self._queue, job)

    def _room(self, k: int) -> int:
        room: int = self.size // self._eta**k
        return max(1, room)
