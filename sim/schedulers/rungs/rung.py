"""Rungs: at which epochs trials are compared, and how they rank there.

Owns the arithmetic of the levels and the order of the losses recorded at one level. Must not know
which scheduler asks, or what it does with the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from heapq import heappop, heappush, heappushpop, nsmallest
from itertools import chain
from math import inf
from typing import TypeAlias

from sim.schedulers.protocol import Trial

_Entry: TypeAlias = tuple[float, int, Trial]
"""(loss, number, trial): the order of ranks. Numbers differ, so trials are never compared."""


def check_levels(r_min: int, r_max: int) -> None:
    """Raise if the first and the last level are impossible.

    Raises
    ------
    ValueError
        Not ``1 <= r_min <= r_max``, or one of them not a whole number.

    """
    _check_whole(r_min=r_min, r_max=r_max)
    if r_min < 1:
        raise ValueError(f"r_min is {r_min}: the first rung is at 1 epoch or later")
    if r_min > r_max:
        raise ValueError(f"r_min is {r_min}, above r_max {r_max}: choose r_min <= r_max")


def _check_whole(**values: object) -> None:
    for name, value in values.items():
        if not isinstance(value, int) or isinstance(value, bool):
            raise ValueError(f"{name} is {value!r}: give a whole number")


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
    _check_whole(eta=eta)
    if eta < 2:
        raise ValueError(f"eta is {eta}: at least 2 is needed, or no trial is ever left behind")
    check_levels(r_min, r_max)
    levels = []
    level = r_min
    while level < r_max:
        levels.append(level)
        level *= eta
    return (*levels, r_max)


class Rung:
    """The losses recorded at one level, ranked: the lower loss first, then the lower number.

    It knows at any time which trials are among the best: ``n // eta`` of the n recorded, unless
    `needed` says otherwise. They are kept apart from the others, and the worst of them is the cut.
    For schedulers that promote one trial at a time, it also records which trials were promoted. A
    promoted trial keeps its place in n and in the ranking.

    Parameters
    ----------
    level
        The epochs of training at which the losses are compared.
    eta
        One in `eta` is among the best.
    needed
        In place of `eta`: the number of recorded losses from which on k trials are among the best.
        Strictly increasing in k, and ``needed(k) >= k``.

    Examples
    --------
    >>> rung = Rung(level=1, eta=2)
    >>> for number, loss in enumerate([0.5, 0.2, float("nan"), 0.2]):
    ...     _ = rung.record(Trial(number, {}), loss)
    >>> [trial.number for trial in rung.best(4)]  # the diverged one never
    [1, 3, 0]
    >>> rung.promotable, rung.promote().number
    (True, 1)

    """

    __slots__ = (
        "_best",
        "_candidates",
        "_count",
        "_cut",
        "_displaced",
        "_grows_at",
        "_needed",
        "_rest",
        "eta",
        "level",
    )

    def __init__(self, level: int, eta: int, *, needed: Callable[[int], int] | None = None) -> None:
        self.level = level
        self.eta = eta
        self._needed = needed or eta.__mul__
        self._count = 0
        self._grows_at = self._needed(1)  # the count at which there is one more of the best
        # Heaps meet at the cut: the worst of the best and the best of the others lie on top.
        self._best: list[tuple[float, int, _Entry]] = []  # -loss, -number, entry
        self._displaced: list[_Entry] = []  # those that were among the best, and are not
        self._rest: list[_Entry] = []  # those that never were among the best
        self._cut: _Entry | tuple[float, int] = (-inf, -1)  # the worst of the best, once there is
        # A heap of those that are or were among the best and were not promoted, none diverged.
        self._candidates: list[_Entry] = []

    def __len__(self) -> int:
        """Count the recorded losses, diverged ones included."""
        return self._count

    def record(self, trial: Trial, loss: float) -> bool:
        """Record the loss of `trial` at this level, once per trial; NaN and +inf as inf. O(log n).

        Return whether a trial is promotable now.
        """
        self._count += 1
        entry = (loss if loss < inf else inf, trial.number, trial)  # noqa: FURB136  NaN too
        best, candidates = self._best, self._candidates
        if entry < self._cut:
            if loss < inf:
                heappush(candidates, entry)
            worst = heappushpop(best, (-entry[0], -entry[1], entry))
            heappush(self._displaced, worst[2])
            self._cut = best[0][2]
        else:
            heappush(self._rest, entry)
        if self._count == self._grows_at:
            self._grow()
        return candidates[0] <= self._cut if candidates else False

    def _grow(self) -> None:
        """Add the first of the others to the best."""
        rest, displaced = self._rest, self._displaced
        if displaced and not (rest and rest[0] < displaced[0]):
            entry = heappop(displaced)
        else:
            entry = heappop(rest)
            if entry[0] < inf:
                heappush(self._candidates, entry)
        best = self._best
        heappush(best, (-entry[0], -entry[1], entry))
        self._cut = best[0][2]
        self._grows_at = self._needed(len(best) + 1)

    def is_best(self, trial: Trial, loss: float) -> bool:
        """Return whether `trial` with this recorded `loss` is among the best. O(1)."""
        return (loss, trial.number) <= self._cut

    @property
    def cut(self) -> float:
        """The loss of the worst of the best; -inf if there are none. O(1)."""
        return self._cut[0]

    @property
    def after_cut(self) -> float:
        """The loss of the best of the others; inf if there are none. O(1)."""
        return min(heap[0][0] if heap else inf for heap in (self._displaced, self._rest))

    @property
    def promotable(self) -> bool:
        """Whether an unpromoted trial is among the best of all n. O(1).

        ASHA's rule (Li et al. 2020, Algorithm 2, lines 14 to 18). The ``n // eta`` is taken over
        all n, promoted trials included: taken over the rest, 9 results at eta 3 would promote 7
        trials instead of 3.
        """
        return bool(self._candidates) and self._candidates[0] <= self._cut

    def promote(self) -> Trial:
        """Mark the best unpromoted trial as promoted, and return it. O(log n).

        Raises
        ------
        IndexError
            No trial is promotable.

        """
        if not self.promotable:
            raise IndexError(f"no trial is promotable at epoch {self.level}")
        return heappop(self._candidates)[2]

    def best(self, count: int) -> list[Trial]:
        """Return at most `count` trials in order of rank, without the diverged. O(n log n)."""
        entries = nsmallest(count, self._entries())
        return [trial for loss, _, trial in entries if loss < inf]

    def may_promote(self, trial: Trial, count: float) -> bool:
        """Return whether `trial` can be promoted by the time `count` losses are recorded. O(n).

        It can if it keeps its rank when all further losses are worse; a diverged or an unrecorded
        trial cannot.
        """
        never_best = (entry for entry in self._rest if entry[0] < inf)
        unpromoted = chain(self._candidates, never_best)
        entry = next((e for e in unpromoted if e[1] == trial.number), None)
        if entry is None:
            return False
        if count == inf:
            return True
        rank = sum(each < entry for each in self._entries())
        return self._needed(rank + 1) <= count

    def most_promotions(self, more: int) -> int:
        """Return how many trials at most are promoted if `more` losses follow. O(n).

        A result makes one more trial promotable at most, and does so if it is the best.
        """
        return more + sum(entry <= self._cut for entry in self._candidates)

    def losses(self) -> Iterator[float]:
        """Iterate over the recorded losses, in no particular order. O(n)."""
        return (loss for loss, _, _ in self._entries())

    def _entries(self) -> Iterator[_Entry]:
        best = (entry for _, _, entry in self._best)
        return chain(best, self._displaced, self._rest)

    def _check(self) -> None:
        """Assert every invariant. O(n log n)."""
        best = sorted(entry for _, _, entry in self._best)
        entries = best + sorted(self._displaced + self._rest)
        assert entries == sorted(entries)
        assert len({number for _, number, _ in entries}) == len(entries) == self._count
        assert self._needed(len(best) + 1) == self._grows_at > self._count
        assert not best or (self._needed(len(best)) <= self._count and self._cut == best[-1])
        assert len(set(self._candidates)) == len(self._candidates)
        assert set(self._candidates) <= {entry for entry in entries if entry[0] < inf}
        best_numbers = {number for _, number, _ in best}
        displaced = {number for _, number, _ in self._displaced}
        assert {number for _, number, _ in self._candidates} <= best_numbers | displaced
