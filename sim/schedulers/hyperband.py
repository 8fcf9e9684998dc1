"""Hyperband: synchronous successive halving in brackets of several shapes.

Owns the shapes: how many trials start at which level. The order of the brackets is
`cycle.Cycle`'s.
"""

from __future__ import annotations

from collections.abc import Sequence

from sim.schedulers.protocol import Idle, Job, Searcher
from sim.schedulers.rungs.cycle import Cycle, Shape, check_prefact
from sim.schedulers.rungs.rung import rung_levels


def bracket_shapes(levels: Sequence[int], eta: int, prefact: int = 1) -> list[Shape]:
    """Return the brackets of one round, the one that starts at the first level first.

    Li et al. 2018, Algorithm 1, lines 1 to 3, in whole numbers: of K + 1 levels, bracket b climbs
    the last ``s + 1 = K + 1 - b`` and starts with ``ceil((K + 1) * eta**s / (s + 1))`` trials.
    With r_max a power of eta times r_min, these are the paper's n and r.

    Parameters
    ----------
    levels
        All the rung levels, ascending, in epochs.
    eta
        The reduction factor.
    prefact
        Multiplies the number of trials of every bracket.

    Examples
    --------
    >>> for levels, size in bracket_shapes((1, 3, 9, 27, 81), eta=3):
    ...     print(size, *levels)
    81 1 3 9 27 81
    34 3 9 27 81
    15 9 27 81
    8 27 81
    5 81

    """
    rungs = len(levels)
    shapes = []
    for b in range(rungs):
        climbed = rungs - b  # the paper's s + 1
        size = -(-rungs * eta ** (climbed - 1) // climbed)  # rounded up
        shapes.append(Shape(tuple(levels[b:]), prefact * size))
    return shapes


class Hyperband:
    """Hyperband (Li et al. 2018, Algorithm 1), synchronous, round after round.

    A round is a bracket of successive halving for each rung level to start at, from the first to
    the last; after the last bracket the next round begins. See `bracket_shapes` for their sizes.
    With the barrier a free worker waits until a rung is full, and for the whole bracket before the
    next one opens. Without it, a worker for which the open brackets have nothing opens the next
    bracket; older brackets' jobs always go first. Jobs name their bracket, counted over all rounds.

    Parameters
    ----------
    searcher
        Where the trials come from.
    r_min, r_max
        The first and the last rung level, in epochs.
    eta
        The reduction factor: within a bracket about one trial in `eta` goes on.
    prefact
        Multiplies the number of trials of every bracket.
    barrier
        Whether a free worker waits (True) or opens the next bracket (False).
    lost
        What a lost trial leaves at its rung, in `protocol.LOST`.

    Raises
    ------
    ValueError
        See `rung.rung_levels` and `protocol.check_lost`; or `prefact` is no whole number above 0.

    Examples
    --------
    >>> from sim.searchers import Listed
    >>> hyperband = Hyperband(Listed([{}] * 9), r_min=1, r_max=2, eta=2, barrier=False)
    >>> jobs = [hyperband.next_job() for _ in range(6)]
    >>> [(job.bracket, job.start, job.stop) for job in jobs]  # 2 trials to 1, 2 to 2, 2 to 1, ...
    [(0, 0, 1), (0, 0, 1), (1, 0, 2), (1, 0, 2), (2, 0, 1), (2, 0, 1)]

    """

    claims = ("ranks", "order", "levels", "best-first")

    def __init__(
        self,
        searcher: Searcher,
        *,
        r_min: int,
        r_max: int,
        eta: int,
        prefact: int = 1,
        barrier: bool = True,
        lost: str = "inf",
    ) -> None:
        self.levels = rung_levels(r_min, r_max, eta)
        check_prefact(prefact)
        self.r_max = r_max
        self.shapes = bracket_shapes(self.levels, eta, prefact)
        self._brackets = Cycle(searcher, self.shapes, eta=eta, barrier=barrier, lost=lost)

    def next_job(self) -> Job | Idle:
        """Return the next job: a promotion of the oldest bracket, else a new trial. O(log n)."""
        return self._brackets.next_job()

    def job_done(self, job: Job, losses: Sequence[float]) -> None:
        """Receive the losses of `job`; the last one is recorded at its rung."""
        self._brackets.job_done(job, losses)

    def job_lost(self, job: Job) -> None:
        """Record inf for `job`, or drop it from its rung: either way the rung can fill."""
        self._brackets.job_lost(job)

    def may_go_on(self, job: Job) -> bool:
        """Return whether the bracket of `job` is open and may promote its trial. O(n log n)."""
        return self._brackets.may_go_on(job)
