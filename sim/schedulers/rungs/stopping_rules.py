"""Stopping rules: whether a trial that reports at a rung goes on, as each library decides it.

Owns the rules, which look at nothing but the results recorded at that rung. Must not know which
trial is handed out next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import TypeAlias

from sim.schedulers.protocol import Trial
from sim.schedulers.rungs.rung import Rung

Needed: TypeAlias = Callable[[int, int, int, int], int]
"""Tells, from a rung's level, the next one, eta and k, at how many results the cut is the k-th."""

Decide: TypeAlias = Callable[[Rung, Trial, float], bool]
"""Records the loss of a trial at its rung; returns whether the trial goes on. O(log n)."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A stopping rule: where the cut of a rung lies, and which trials pass it.

    Examples
    --------
    >>> def went_on(rule, losses):
    ...     rung = rule.rung(level=1, above=2, eta=2)
    ...     return [n for n, loss in enumerate(losses) if rule.decide(rung, Trial(n, {}), loss)]
    >>> for name, rule in RULES.items():
    ...     print(f"{name:15}", *went_on(rule, [0.5, 0.6, 0.4, 0.45, 0.45, 0.7, 0.5]))
    top-k           0 2 3
    syne-tune       0 1 2 3 4 6
    syne-tune-0.13  0 2 3 4 6
    optuna          0 2 3 4
    ray             0 2 3 4

    """

    needed: Needed
    decide: Decide

    def rung(self, level: int, above: int, eta: int) -> Rung:
        """Return an empty rung at `level`, below the level `above`, with this rule's cut."""
        return Rung(level, eta, needed=partial(self.needed, level, above, eta))


def is_among_the_best(rung: Rung, trial: Trial, loss: float) -> bool:
    """Pass if the trial ranks above the cut; of ties, the lower numbers."""
    rung.record(trial, loss)
    return rung.is_best(trial, loss)


def is_as_good_as_the_cut(rung: Rung, trial: Trial, loss: float) -> bool:
    """Pass if the loss is that at the cut, or better; ties all do."""
    rung.record(trial, loss)
    return loss <= rung.cut


def is_as_good_as_the_earlier_quantile(rung: Rung, trial: Trial, loss: float) -> bool:
    """Pass if the loss is at most the linear ``1 / eta`` quantile of the earlier ones, if any."""
    earlier = len(rung)
    passes = not earlier or loss <= rung.cut
    if not passes and (beyond := (earlier - 1) % rung.eta):
        # The quantile lies this number of eta-ths of the way from the cut to the next.
        passes = loss <= rung.cut + (rung.after_cut - rung.cut) * beyond / rung.eta
    rung.record(trial, loss)
    return passes


def _of_floor(_level: int, _above: int, eta: int, k: int) -> int:
    """Cut at ``max(1, n // eta)``."""
    return k * eta if k > 1 else 1


def _of_floor_and_one(_level: int, _above: int, eta: int, k: int) -> int:
    """Cut at ``n // eta + 1``: p are strictly better, and ``p / n <= 1 / eta``."""
    return max(1, (k - 1) * eta)


def of_quantile(level: int, above: int, _eta: int, k: int) -> int:
    """Cut at ``(n - 1) * level // above + 1``.

    That is the last result that is no greater than the linear quantile at ``level / above``; the
    trial's own loss is one of the results, so comparing with either is the same.
    """
    return 1 - (1 - k) * above // level


def _of_earlier_quantile(_level: int, _above: int, eta: int, k: int) -> int:
    """Cut at ``(n - 1) // eta + 1``, the last result no greater than the quantile at 1 / eta."""
    return (k - 1) * eta + 1


RULES: Mapping[str, Rule] = MappingProxyType(
    {
        "top-k": Rule(_of_floor, is_among_the_best),
        "syne-tune": Rule(_of_floor_and_one, is_as_good_as_the_cut),
        "syne-tune-0.13": Rule(of_quantile, is_as_good_as_the_cut),
        "optuna": Rule(_of_floor, is_as_good_as_the_cut),
        "ray": Rule(_of_earlier_quantile, is_as_good_as_the_earlier_quantile),
    }
)
"""The stopping rules by name. With n results at the rung, the trial's own included:

`top-k`
    It is among the best ``max(1, n // eta)``, ties by number (Determined, DeepHyper).
`syne-tune`
    So many are strictly better that ``p / n <= 1 / eta``; ties go on (Syne Tune 0.16).
`syne-tune-0.13`
    Its loss is at most the linear quantile at ``level / next level`` (Syne Tune 0.13): the last
    rung below r_max 10, at 8, lets 0.8 of the trials go on.
`optuna`
    Its loss is at most the k-th smallest, ``k = max(1, n // eta)``; ties go on (Optuna).
`ray`
    Its loss is at most the linear quantile at ``1 / eta`` of the earlier ones, its own left out;
    ties go on, and so does the first to arrive (Ray Tune).

They let 26 to 30 of 81 random arrivals go on at eta 3. None lets a diverged trial go on.
"""
