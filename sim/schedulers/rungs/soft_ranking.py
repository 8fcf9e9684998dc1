"""Soft ranking: whether trials rank alike at two levels, up to the noise of their losses.

Owns PASHA's comparison of the two rankings, and its estimate of the noise. Must not know what
follows from a disagreement.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from math import inf


def criss_cross(one: Sequence[float], other: Sequence[float]) -> bool:
    """Return whether two curves of equal length crossed and crossed back. O(epochs).

    The order after the last epoch was the opposite one before, and earlier still the same (Bohdal
    et al. 2023, who call such a pair noisy). Epochs at which both are equal have no order.

    >>> criss_cross([3, 5, 3], [4, 4, 4])
    True
    >>> criss_cross([5, 5, 3], [4, 4, 4])  # it overtook the other once
    False
    """
    is_better = one[-1] < other[-1]
    crossed = False
    if one[-1] == other[-1]:
        return False
    for a, b in zip(reversed(one[:-1]), reversed(other[:-1]), strict=True):
        if a != b and (a < b) != is_better:
            crossed = True
        elif a != b and crossed:
            return True
    return False


def percentile_90(ascending: Sequence[float]) -> float:
    """Return the linear 90th percentile of sorted numbers, at least one of them.

    >>> percentile_90([0, 1, 2])
    1.8
    """
    low, tenths = divmod(9 * (len(ascending) - 1), 10)
    if not tenths:
        return ascending[low]
    return ascending[low] + (ascending[low + 1] - ascending[low]) * tenths / 10


class SoftRanking:
    """The trials of the top rung, ranked by their losses there and at the rung below.

    The rankings agree if each trial of the top rung lost or gained no more than noise: the loss
    that the i-th best at the top had below, and that of the i-th best below, differ by at most
    epsilon. Epsilon is the 90th percentile, over all pairs of the trials whose curves
    `criss_cross`, of the distance of the two losses at the top; without such a pair it stays what
    it was.

    Parameters
    ----------
    below
        The level of the rung below the top, in epochs.
    epsilon
        The noise of the losses, as known so far.

    Examples
    --------
    >>> ranking = SoftRanking(below=1)
    >>> ranking.add(0, [0.5, 0.4])
    >>> ranking.add(1, [0.6, 0.2])
    >>> ranking.agrees()
    False

    """

    def __init__(self, below: int, epsilon: float = 0.0) -> None:
        self.epsilon = epsilon
        self._below = below
        self._curves: list[Sequence[float]] = []
        self._at_top: list[tuple[float, int, float]] = []  # loss, number, loss below; sorted
        self._at_below: list[float] = []  # losses, sorted
        self._noise: list[float] = []  # distances, sorted

    def add(self, number: int, curve: Sequence[float]) -> None:
        """Add a trial of the top rung by its losses after epochs 1 to the top level.

        Diverged ones are inf. O(m * epochs), m the number of trials added: it is compared to each.
        """
        for other in self._curves:
            distance = abs(curve[-1] - other[-1])
            if distance < inf and criss_cross(curve, other):
                insort(self._noise, distance)
        if self._noise:
            self.epsilon = percentile_90(self._noise)
        below = curve[self._below - 1]
        self._curves.append(curve)
        insort(self._at_top, (curve[-1], number, below))
        insort(self._at_below, below)

    def agrees(self) -> bool:
        """Return whether the two rankings agree, epsilon aside. O(m)."""
        pairs = zip(self._at_top, self._at_below, strict=True)
        return not any(abs(had - has) > self.epsilon for (_, _, had), has in pairs)
