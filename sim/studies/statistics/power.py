"""How many seeds tell two settings apart, and how sure the runs at hand make it.

Owns the tests and estimates over paired differences. Must not know what was measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, nan, sqrt

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]

_LEVEL = 0.05  # of the two-sided tests, and of what intervals leave out
_POWER = 0.8
_EXACT = 50  # differences up to which the signed-rank test is exact
_DIGITS = 12  # up to which two figures must be equal to count as equal


def rounded(values: npt.ArrayLike) -> Floats:
    """Return figures rounded to 12 digits: sums in another order differ in the last ones.

    >>> rounded([1.0000000000000002, 0.9999999999999998, 0.0, float("inf")]).tolist()
    [1.0, 1.0, 0.0, inf]
    """
    given = np.asarray(values, dtype=float)
    some = np.isfinite(given) & (given != 0)
    size = np.floor(np.log10(np.abs(given), out=np.zeros(given.shape), where=some))
    scale = 10.0 ** (_DIGITS - 1 - np.maximum(size, -290))  # finite for the least numbers, too
    found: Floats = np.divide(np.round(given * scale), scale, out=given.copy(), where=some)
    return found


def paired_differences(own: Sequence[float], other: Sequence[float]) -> Floats:
    """Return `own` less `other`, seed by seed; a miss (inf) is later than any time.

    Missed by the first only, the difference is infinite; by the second only, minus infinite; by
    both, 0: a tie. Figures that are equal to 12 digits are tied, too.

    >>> paired_differences([3.0, float("inf"), float("inf")], [1.0, 5.0, float("inf")]).tolist()
    [2.0, inf, 0.0]
    """
    first, second = rounded(own), rounded(other)
    less: Floats = np.subtract(first, second, out=np.zeros(len(first)), where=first != second)
    return less


def wins(differences: Floats, *, smaller: bool) -> tuple[float, float, float]:
    """Return the share of seeds at which the first is better, a tie being half, and its interval.

    The 95 % interval is Wilson's (1927) score interval of a proportion. A tie that counts half
    varies less than a win or a loss would: with ties the interval is too wide, never too narrow.

    Parameters
    ----------
    differences
        As `paired_differences` returns them, at least one.
    smaller
        Whether a smaller value is better.

    Examples
    --------
    >>> [round(each, 4) for each in wins(np.array([-1.0, -2.0, 0.0, 1.0]), smaller=True)]
    [0.625, 0.2194, 0.9081]

    """
    n = len(differences)
    better = differences < 0 if smaller else differences > 0
    share = float(better.sum() + (differences == 0).sum() / 2) / n
    z = float(stats.norm.ppf(1 - _LEVEL / 2))
    middle = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return share, max(0.0, middle - half), min(1.0, middle + half)


def signed_rank(differences: Floats) -> float:
    """Return the two-sided p-value of Wilcoxon's (1945) signed-rank test.

    Zeros are left out, equal differences share their mean rank, and infinite ones have the greatest
    ranks, shared among them. It is 1 where all differences are 0. Up to `_EXACT` differences that
    are not 0 it is exact, ties included; for more it is `scipy.stats.wilcoxon` with the normal
    distribution and without a correction for continuity. O(n log n) in the seeds for many.

    >>> signed_rank(np.array([1.0, 2.0, 3.0, 4.0, 5.0, float("inf")]))
    0.03125
    """
    some = differences[differences != 0]
    if not some.size:
        return 1.0
    if len(some) <= _EXACT:
        return _exact(some)
    finite = np.abs(some[np.isfinite(some)])
    beyond = 2 * finite.max(initial=1.0)  # ranks as infinity does, and can be subtracted
    return float(stats.wilcoxon(np.clip(some, -beyond, beyond)).pvalue)


def _exact(some: Floats) -> float:
    """Return the share of all signs of the differences whose sum of ranks is as extreme.

    Streitberg and Roehmel's (1986) shift algorithm: the distribution of the sum, rank after rank.
    `scipy.stats.wilcoxon` tries all signs one by one where differences are tied. O(n**3).
    """
    doubled = (2 * stats.rankdata(np.abs(some))).astype(int)  # mean ranks are whole or half
    chances = np.zeros(doubled.sum() + 1)
    chances[0] = 1.0
    for rank in doubled:
        chances[rank:] += chances[:-rank].copy()
        chances /= 2
    away = np.abs(2 * np.arange(len(chances)) - doubled.sum())
    found = abs(2 * int(doubled[some > 0].sum()) - int(doubled.sum()))
    return min(1.0, float(chances[away >= found].sum()))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the p-values with Holm's (1979) correction for their number, in the same order.

    The k-th smallest of m, from 0, is multiplied by m - k, is at least the one before, and at most
    1. O(m log m).

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    given = np.asarray(p_values, dtype=float)
    order = np.argsort(given, kind="stable")
    times = np.arange(len(given), 0, -1)
    corrected = np.empty(len(given))
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(given[order] * times))
    found: list[float] = corrected.tolist()
    return found


def seeds_needed(differences: Floats) -> float:
    """Return how many seeds the signed-rank test needs at the 5 % level for a power of 80 %.

    Noether (1987), sec. 3.1: ``(z_0.975 + z_0.8)**2 / (3 (p - 1/2)**2)``, where p is the
    probability that the sum of two differences is above 0, a sum of 0 counting half; it is
    estimated by the pairs of the differences at hand that are not 0. Since the test leaves out
    those that are 0, the number is divided by the share of the others, and rounded up. NaN where p
    is 1/2, or at most one difference is not 0. O(n log n).

    >>> seeds_needed(np.array([1.0, 2.0, 3.0])), seeds_needed(np.array([1.0, 2.0, -1.0, 4.0]))
    (11.0, 16.0)
    """
    ranked = np.sort(differences[differences != 0])
    n = len(ranked)
    if n < 2:
        return nan
    below, upto = (ranked.searchsorted(-ranked, side) for side in ("left", "right"))
    doubled = int((2 * n - below - upto).sum())  # twice the sums above 0, of ordered pairs
    itself = 2 * int((ranked > 0).sum())
    away = (doubled - itself) / (2 * n * (n - 1)) - 0.5
    if not away:
        return nan
    z = float(stats.norm.ppf(1 - _LEVEL / 2) + stats.norm.ppf(_POWER))
    return float(ceil(z * z / (3 * away * away) * len(differences) / n))
