"""Rungs: at which epochs trials are compared, and how they rank there.

Owns the arithmetic of the levels and the order of the losses recorded at one level. Must not know
which scheduler asks, or what it does with the answer.
"""

from __future__ import annotations

from heapq import heappop, heappush
from math import inf

from sortedcontainers import SortedList

from sim.schedulers.protocol import Trial


def rung_levels(r_min: int, r_max: int, eta: int) -> tuple[int, ...]:
    """Return the levels ``r_min * eta**k`` below `r_max`, then `r_max` itself.

    Whole numbers are multiplied, no logarithm is taken: ``floor(log(243) / log(3))`` is 4 in
    floating point, and a rung is lost.

    Parameters
    ----------
    r_min, r_max
        The first and the last level, in epochs.
    eta
        The reduction factor.

    Raises
    ------
    ValueError
        Not ``1 <= r_min <= r_max``, or `eta` below 2, or one of them not a whole number.

    Examples
    --------
    >>> rung_levels(2, 10, 2)
    (2, 4, 8, 10)
    >>> rung_levels(1, 243, 3)
    (1, 3, 9, 27, 81, 243)

    """
    for name, value in (("r_min", r_min), ("r_max", r_max), ("eta", eta)):
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError(f"{name} is {value!r}: give a whole number")
    if eta < 2:
        raise ValueError(f"eta is {eta}: at least 2 is needed, or no trial is ever left behind")
    if r_min < 1:
        raise ValueError(f"r_min is {r_min}: the first rung is at 1 epoch or later")
    if r_min > r_max:
        raise ValueError(f"r_min is {r_min}, above r_max {r_max}: choose r_min <= r_max")
    levels = []
    level = r_min
    while level < r_max:
        levels.append(level)
        level *= eta
    return (*levels, r_max)


class Rung:
    """The losses recorded at one level, ranked: the lower loss first, then the lower number.

    It also keeps, for schedulers that promote one trial at a time, who was promoted: a promoted
    trial keeps its place in the count and in the ranking.

    Parameters
    ----------
    level
        The epochs of training at which the losses are compared.

    Examples
    --------
    >>> rung = Rung(level=1)
    >>> for number, loss in enumerate([0.5, 0.2, float("nan"), 0.2]):
    ...     rung.record(Trial(number, {}), loss)
    >>> [trial.number for trial in rung.best(4)]  # the diverged one never
    [1, 3, 0]
    >>> rung.promotable(eta=2).number
    1

    """

    __slots__ = ("_entries", "_head_rank", "_unpromoted", "level")

    def __init__(self, level: int) -> None:
        self.level = level
        # Entries are (loss, number, trial). Numbers differ, so trials are never compared.
        self._entries: SortedList[tuple[float, int, Trial]] = SortedList()
        self._unpromoted: list[tuple[float, int, Trial]] = []  # a heap; without diverged trials
        self._head_rank = 0  # the rank, among all entries, of the heap's head

    def __len__(self) -> int:
        """Count the recorded losses, diverged ones included."""
        return len(self._entries)

    def record(self, trial: Trial, loss: float) -> None:
        """Record the loss of `trial` at this level, once a trial; NaN and +inf as inf. O(log n)."""
        entry = (loss if loss < inf else inf, trial.number, trial)
        self._entries.add(entry)
        if entry[0] < inf:
            unpromoted = self._unpromoted
            # A newcomer behind the head leaves the head's rank as it was.
            if not unpromoted or entry < unpromoted[0]:
                self._head_rank = self._entries.bisect_left(entry)
            heappush(unpromoted, entry)

    def rank(self, trial: Trial, loss: float) -> int:
        """Return how many recorded trials rank before `trial` with this `loss`. O(log n).

        >>> rung = Rung(level=1)
        >>> rung.record(Trial(0, {}), 0.3)
        >>> rung.rank(Trial(1, {}), 0.3), rung.rank(Trial(1, {}), 0.1)
        (1, 0)
        """
        rank: int = self._entries.bisect_left((loss if loss < inf else inf, trial.number))
        return rank

    def best(self, count: int) -> list[Trial]:
        """Return at most `count` trials in order of rank, without the diverged. O(count)."""
        return [trial for loss, _, trial in self._entries.islice(stop=count) if loss < inf]

    def promotable(self, eta: int) -> Trial | None:
        """Return the best unpromoted trial among the best ``n // eta`` of n, if any. O(1).

        ASHA's rule (Li et al. 2020, Algorithm 2, lines 14 to 18). The ``n // eta`` is taken over
        all n, promoted trials included: taken over the rest, 9 results at eta 3 would promote 7
        trials instead of 3. Who ranks before the best unpromoted trial was promoted before it,
        so its rank alone decides.
        """
        if self._unpromoted and self._head_rank < len(self._entries) // eta:
            return self._unpromoted[0][2]
        return None

    def promote(self) -> Trial:
        """Mark the best unpromoted trial as promoted, and return it. O(log n).

        Raises
        ------
        IndexError
            Every trial that did not diverge is promoted already.

        """
        trial = heappop(self._unpromoted)[2]
        if self._unpromoted:
            self._head_rank = self._entries.bisect_left(self._unpromoted[0])
        return trial

    def _check(self) -> None:
        """Assert every invariant. O(n log n)."""
        entries = list(self._entries)
        assert entries == sorted(entries)
        assert len({number for _, number, _ in entries}) == len(entries)
        assert all(loss <= inf for loss, _, _ in entries)
        assert all(loss < inf for loss, _, _ in self._unpromoted)
        assert set(self._unpromoted) <= set(entries)
        if self._unpromoted:
            assert self._unpromoted[0] == min(self._unpromoted)
            assert entries[self._head_rank] == self._unpromoted[0]
