"""Estimates over seeds: medians of paired runs, with intervals, where some runs miss their target.

Owns the statistics of paired figures. Must not know which figures they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan

import numpy as np
import numpy.typing as npt
from scipy import stats

from sim.traces.metrics import Seconds

FEWEST = 6
"""Values from which a median has a 95 % interval: the extremes of 5 hold it with 1 - 2 / 2**5."""


ENDS = ("low", "high", "least", "most")
"""The ends of an estimate: of its interval, and of the range in which it lies."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A median over seeds with a bootstrap interval.

    Parameters
    ----------
    median
        NaN where the pairs that are unknown, missed by both runs, could decide it.
    low, high
        The ends of its 95 % interval; NaN for fewer than `FEWEST` seeds.
    censored
        In how many of the seeds the run at hand missed the target.
    least, most
        The range within which the median lies: two neighbouring order statistics or wider, infinite
        where nothing is known; both are the median where that is known.

    """

    median: float
    low: float
    high: float
    censored: int
    least: float
    most: float


def as_columns(estimate: Estimate, name: str = "") -> dict[str, float]:
    """Return an estimate as the columns of a table: NAME, NAME_low, NAME_high and so on.

    Without a name they are called median, low, high, least and most.
    """
    ends = {end: getattr(estimate, end) for end in ENDS}
    if not name:
        return {"median": estimate.median} | ends
    return {name: estimate.median} | {f"{name}_{end}": value for end, value in ends.items()}


def speedup(
    at_one: Sequence[float],
    at_many: Sequence[float],
    rng: np.random.Generator,
    resamples: int = 2000,
) -> Estimate:
    """Return the speedup of many workers over one: the median of the ratios of paired seeds.

    Parameters
    ----------
    at_one, at_many
        The time to the target at 1 worker and at many, of the same seeds in the same order; inf
        for a run that missed it. A miss is never dropped: missed with many workers only, the
        seed counts as 0, however late the run would have been; missed with one only, as
        infinite; missed with both, as anything between.
    rng
        Of the bootstrap. What it draws depends on the number of seeds alone: give each cell of a
        comparison a new generator of one stream, and equal cells get equal intervals.
    resamples
        Of the seeds, for the interval.

    Returns
    -------
    Estimate
        `low` and `high` are the 2.5 % and 97.5 % quantiles of the resampled medians. Where the
        seeds missed with both could decide the median, it is NaN, and lies from `least` to `most`.

    Examples
    --------
    >>> speedup([8.0, 9.0, 8.0], [2.0, 3.0, float("inf")], np.random.default_rng(0)).median
    3.0

    """
    one, many = np.asarray(at_one, dtype=float), np.asarray(at_many, dtype=float)
    reached = np.isfinite(many)
    ratios = np.full(len(one), -np.inf)  # a miss is less than any ratio; in the end it is 0
    ratios[reached] = one[reached] / many[reached]
    both = ~reached & np.isinf(one)
    least, most = np.where(both, -_FAR, ratios), np.where(both, _FAR, ratios)
    found = _estimate(least, most, int((~reached).sum()), rng, resamples)
    figures = [found.median, *(getattr(found, end) for end in ENDS)]
    median, low, high, least, most_median = np.maximum(0.0, figures).tolist()
    return Estimate(median, low, high, found.censored, least, most_median)


def difference(
    of: Sequence[float],
    to: Sequence[float],
    rng: np.random.Generator,
    resamples: int = 2000,
) -> Estimate:
    """Return the median difference of paired seeds, `of` less `to`, with a bootstrap interval.

    Parameters
    ----------
    of, to
        A figure of each seed, in the same order; inf for a run that missed its target. A miss is
        never dropped: missed by the first only, the difference is infinite; by the second only,
        minus infinite; by both, anything.
    rng, resamples
        Of the bootstrap.

    Returns
    -------
    Estimate
        As `speedup` returns it; `censored` counts the misses of the first.

    Examples
    --------
    >>> difference([8.0, 9.0, float("inf")], [6.0, 8.0, 7.0], np.random.default_rng(0)).median
    2.0

    """
    first, second = np.asarray(of, dtype=float), np.asarray(to, dtype=float)
    both = np.isinf(first) & np.isinf(second)
    known = np.subtract(first, second, out=np.zeros(len(first)), where=~both)
    least, most = np.where(both, -_FAR, known), np.where(both, _FAR, known)
    return _estimate(least, most, int(np.isinf(first).sum()), rng, resamples)


def interval_of_median(values: Sequence[float]) -> tuple[float, float]:
    """Return two of the values that have the true median between them with 95 % confidence.

    They are order statistics: how many of n values lie below the median is binomial (n, 1/2),
    whatever the values' distribution, infinite ones included. Of fewer than six values not even
    the least and the greatest hold it that surely: both are NaN.

    >>> interval_of_median([5.0, 1.0, 4.0, 2.0, 3.0, 6.0, 8.0, 7.0, 9.0])
    (2.0, 8.0)
    """
    if len(values) < FEWEST:
        return nan, nan
    ranked = sorted(values)
    below = int(stats.binom.ppf(0.025, len(ranked), 0.5)) - 1
    return ranked[below], ranked[-1 - below]


def _estimate(
    least: Seconds, most: Seconds, censored: int, rng: np.random.Generator, resamples: int
) -> Estimate:
    """Return the median, and its interval, of figures that are known to lie between two bounds."""
    low = high = np.nan
    if len(least) >= FEWEST:
        drawn = rng.integers(len(least), size=(resamples, len(least)))
        # Of the resamples themselves, not between them: between a number and inf there is nothing.
        low = np.quantile(_medians(least[drawn]), 0.025, method="nearest")
        high = np.quantile(_medians(most[drawn], up=True), 0.975, method="nearest")
    low, high, least_median, most_median = (
        _within_reach(float(end))
        for end in (
            low,
            high,
            _medians(least[np.newaxis])[0],
            _medians(most[np.newaxis], up=True)[0],
        )
    )
    middle = least_median if least_median == most_median else np.nan
    return Estimate(middle, low, high, censored, least_median, most_median)


_FAR = 1e300
"""Stands for an unknown figure at its bound: the mean of it and another is as far away, while the
median of a number and a known infinity is the number."""


def _within_reach(value: float) -> float:
    """Return `value`, or infinity where an unknown figure has a share in it."""
    return float(np.copysign(np.inf, value)) if abs(value) > _FAR / 4 else value


def median(values: npt.ArrayLike) -> float:
    """Return the median, where infinite values may be among them.

    >>> median([1.0, 2.0, float("inf")]), median([1.0, float("inf")])
    (2.0, 1.0)
    """
    return float(_medians(np.atleast_2d(np.asarray(values, dtype=float)))[0])


def _medians(rows: Seconds, *, up: bool = False) -> Seconds:
    """Return the median of each row.

    Of the two in the middle of an even number, the finite one where only one is; the upper, if
    `up`, or the lower one where neither is.
    """
    rows = np.sort(rows, axis=1)
    low, high = rows[:, (rows.shape[1] - 1) // 2], rows[:, rows.shape[1] // 2]
    takes_high = ~np.isfinite(low) & (np.isfinite(high) | up)
    first = np.where(takes_high, high, low)
    second = np.where(np.isfinite(low) & np.isfinite(high), high, first)
    middle: Seconds = (first + second) / 2
    return middle
