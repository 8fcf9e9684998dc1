"""Promotion rules: which paused trial of a rung goes on, as each library decides it.

Owns the rules, which look at nothing but the results recorded at that rung. Must not know which
rung is asked first, or which trials are running.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from heapq import heappop, heappush
from math import inf
from types import MappingProxyType
from typing import TypeAlias

from sim.schedulers.protocol import Trial
from sim.schedulers.rungs.rung import Rung
from sim.schedulers.rungs.stopping_rules import of_quantile


def of_quantile_of_two(level: int, above: int, eta: int, k: int) -> int:
    """Cut where `of_quantile` does, and nowhere below two results."""
    return max(2, of_quantile(level, above, eta, k))


class QuantileRung:
    """A rung that promotes its best paused trial if its loss is at most a quantile of all losses.

    The quantile is the linear one at ``level / above`` of all n losses recorded, those of promoted
    trials included; below two losses there is none. All losses that tie with it pass. Of equal
    losses, the first recorded is promoted first, whatever the numbers of their trials. A diverged
    trial is never promoted.

    Parameters
    ----------
    level, above
        The epochs at which the losses are compared, and those of the next level.
    eta
        The reduction factor; the rule does not depend on it.

    Examples
    --------
    >>> rung = QuantileRung(level=1, above=2, eta=2)
    >>> for number, loss in enumerate([0.5, 0.2, float("nan"), 0.5]):
    ...     print(rung.record(Trial(number, {}), loss))
    False
    True
    True
    True
    >>> while rung.promotable:  # the median of 0.2, 0.5, 0.5 and inf is 0.5
    ...     print(rung.promote().number)
    1
    0
    3

    """

    __slots__ = ("_above", "_needed", "_paused", "_rung", "level")

    def __init__(self, level: int, above: int, eta: int) -> None:
        self.level = level
        self._above = above
        self._needed = partial(of_quantile_of_two, level, above, eta)
        self._rung = Rung(level, eta, needed=self._needed)  # for its cut
        self._paused: list[tuple[float, int, Trial]] = []  # a heap of (loss, place, trial)

    def __len__(self) -> int:
        """Count the recorded losses, diverged ones included."""
        return len(self._rung)

    def record(self, trial: Trial, loss: float) -> bool:
        """Record the loss of `trial` at this level, once per trial; NaN and +inf as inf. O(log n).

        Return whether a trial is promotable now.
        """
        self._rung.record(trial, loss)
        if loss < inf:
            heappush(self._paused, (loss, len(self._rung), trial))
        return self.promotable

    @property
    def promotable(self) -> bool:
        """Whether the best paused trial passes. O(1)."""
        paused = self._paused
        # Without two results there is no cut, and -inf would tie with it.
        return bool(paused) and len(self._rung) > 1 and paused[0][0] <= self._rung.cut

    def promote(self) -> Trial:
        """Mark the best paused trial as promoted, and return it. O(log n).

        Raises
        ------
        IndexError
            No trial is promotable.

        """
        if not self.promotable:
            raise IndexError(f"no trial is promotable at epoch {self.level}")
        return heappop(self._paused)[2]

    def may_promote(self, trial: Trial, count: float) -> bool:
        """Return whether `trial` can be promoted by the time `count` losses are recorded. O(n)."""
        loss = next((loss for loss, _, each in self._paused if each == trial), None)
        if loss is None or count == inf:
            return loss is not None
        better = sum(other < loss for other in self._rung.losses())
        return self._needed(better + 1) <= count

    def most_promotions(self, more: int) -> int:
        """Return how many trials at most are promoted if `more` losses follow. O(n log n).

        At most those paused ones whose loss ties with the cut or is better, if all of the losses
        that follow are worse; if these tie with the cut instead, all of them are promoted, too.
        """
        losses = sorted(self._rung.losses())
        best = 0
        while best < len(losses) and self._needed(best + 1) <= len(losses) + more:
            best += 1
        cut = losses[best - 1] if best else -inf
        return more + sum(loss <= cut for loss, _, _ in self._paused)

    def _check(self) -> None:
        """Assert every invariant. O(n log n)."""
        self._rung._check()  # noqa: SLF001  its own kind
        losses = list(self._rung.losses())
        assert all(loss in losses for loss, _, _ in self._paused)
        assert len({place for _, place, _ in self._paused}) == len(self._paused) <= len(losses)
        assert self._paused[:1] == sorted(self._paused)[:1]


PromotionRung: TypeAlias = Rung | QuantileRung
"""A rung that promotes one trial at a time."""


def _of_floor(level: int, _above: int, eta: int) -> Rung:
    return Rung(level, eta)


PROMOTION_RULES: Mapping[str, Callable[[int, int, int], PromotionRung]] = MappingProxyType(
    {"top-k": _of_floor, "syne-tune-0.13": QuantileRung}
)
"""The promotion rules by name: each makes an empty rung from its level, the next one and eta.

With n results at the rung, those of promoted trials included, the best paused trial is promoted if

`top-k`
    it is among the best ``n // eta``, ties by number (Li et al. 2020, Algorithm 2);
`syne-tune-0.13`
    its loss is at most the linear quantile at ``level / next level``, and n is at least 2; of equal
    losses, the first recorded goes first (Syne Tune 0.13, ``type="promotion"``).
"""
