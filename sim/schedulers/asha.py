"""ASHA by promotion: the asynchronous successive halving algorithm.

Owns one infinite bracket whose trials are promoted one by one, as soon as a worker is free. What
makes a trial promotable is `promotion_rules.PROMOTION_RULES`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from sim.schedulers.protocol import Idle, Job, Searcher, check_lost, inform
from sim.schedulers.rungs.promotion_rules import PROMOTION_RULES, PromotionRung
from sim.schedulers.rungs.rung import Rung, rung_levels


class ASHA:
    """Asynchronous successive halving by promotion (Li et al. 2020, Algorithm 2).

    A free worker gets, from the highest rung down, the best not-yet-promoted trial if it passes the
    rule: by default, if it is among the best ``n // eta`` of the n recorded there; else a new
    trial. When the searcher is exhausted, promotions go on.

    Parameters
    ----------
    searcher
        Where the trials come from.
    r_min, r_max
        The first and the last rung level, in epochs.
    eta
        The reduction factor: about one trial in `eta` goes on.
    rule
        A name in `PROMOTION_RULES`.
    lost
        What a lost trial leaves at its rung, in `protocol.LOST`.
    top
        The number of the rung from which no trial is promoted until `raise_top`; the last one if
        there are fewer rungs, or if it is None.

    Raises
    ------
    ValueError
        See `rung.rung_levels` and `protocol.check_lost`; or the rule is unknown.

    Examples
    --------
    >>> from sim.searchers import Listed
    >>> asha = ASHA(Listed([{}] * 9), r_min=1, r_max=4, eta=2)
    >>> first, second = asha.next_job(), asha.next_job()
    >>> asha.job_done(first, [0.3])
    >>> asha.next_job().trial.number  # 1 // 2 = 0 trials are promotable
    2
    >>> asha.job_done(second, [0.2])
    >>> job = asha.next_job()  # 2 // 2 = 1
    >>> job.trial.number, job.start, job.stop
    (1, 1, 2)

    """

    def __init__(
        self,
        searcher: Searcher,
        *,
        r_min: int,
        r_max: int,
        eta: int,
        rule: str = "top-k",
        lost: str = "inf",
        top: int | None = None,
    ) -> None:
        self.levels = rung_levels(r_min, r_max, eta)
        if rule not in PROMOTION_RULES:
            known = ", ".join(PROMOTION_RULES)
            raise ValueError(f"the promotion rule is {rule!r}: choose from {known}")
        check_lost(lost)
        self.r_max = r_max
        last = len(self.levels) - 1
        self.top = last if top is None else min(top, last)
        steps = zip(self.levels, self.levels[1:], strict=False)
        self.rungs: list[PromotionRung] = [
            *(PROMOTION_RULES[rule](level, above, eta) for level, above in steps),
            Rung(r_max, eta),
        ]
        self._rule = rule
        self._searcher = searcher
        self._vanish = lost == "vanish"
        self._place = {level: k for k, level in enumerate(self.levels)}
        self._promotable = 0  # bit k is set while rung k has a promotable trial
        # How many trials were sent to each rung, without those dropped from it.
        self._entered = [0] * len(self.levels)
        self._exhausted = False  # known once the searcher was asked for a trial and had none

    @property
    def claims(self) -> tuple[str, ...]:
        """The laws that it claims, of `sim.testing.CLAIMED`."""
        if self._rule == "top-k":
            return "ranks", "levels", "order", "best-first", "quota", "prompt"
        return "ranks", "levels"  # ties go in the order of their reports, and more than n // eta

    def next_job(self) -> Job | Idle:
        """Return the next job (Algorithm 2, `get_job`). O(log n)."""
        if self._promotable:
            k = self._promotable.bit_length() - 1  # the highest rung first
            rung = self.rungs[k]
            job = Job(rung.promote(), self.levels[k], self.levels[k + 1])
            if not rung.promotable:
                self._promotable ^= 1 << k
            self._entered[k + 1] += 1
            return job
        trial = self._searcher.draw()
        if trial is None:
            self._exhausted = True
            return Idle.WAIT if self._may_promote() else Idle.DONE
        self._entered[0] += 1
        return Job(trial, 0, self.levels[0])

    def job_done(self, job: Job, losses: Sequence[float]) -> None:
        """Record the last loss of `job` at its rung. O(log n)."""
        if self._searcher.adaptive:
            inform(self._searcher, job, losses)
        self._record(job, losses[-1])

    def job_lost(self, job: Job) -> None:
        """Record inf for `job` at its rung; or drop it from there."""
        if self._vanish:
            self._entered[self._place[job.stop]] -= 1
        else:
            self._record(job, inf)

    def may_go_on(self, job: Job) -> bool:
        """Return whether the trial of `job` may still be promoted. O(n).

        Any trial may that has neither diverged nor been promoted, because enough worse trials may
        follow; once the searcher is exhausted, the running jobs limit their number.
        """
        k = self._place[job.stop]
        return job.stop < self.r_max and self.rungs[k].may_promote(job.trial, self._most(k))

    def close(self) -> None:
        """Record that the searcher is exhausted, as a caller has found. O(1)."""
        self._exhausted = True

    def raise_top(self) -> None:
        """Promote from the top rung, too, which is not the last: the next is the top now. O(1)."""
        if self.rungs[self.top].promotable:
            self._promotable |= 1 << self.top
        self.top += 1

    def may_hear_at(self, k: int) -> bool:
        """Return whether another result may come to rung `k`, the top or below. O(rungs)."""
        lower = zip(self._entered[: k + 1], self.rungs, strict=False)
        are_running = any(entered > len(rung) for entered, rung in lower)
        return not self._exhausted or are_running or bool(self._promotable & ((1 << k) - 1))

    def _record(self, job: Job, loss: float) -> None:
        k = self._place[job.stop]
        # A result never takes a promotion away; no trial is promoted from the top rung.
        if self.rungs[k].record(job.trial, loss) and k < self.top:
            self._promotable |= 1 << k

    def _may_promote(self) -> bool:
        """Return whether the end of a running job may lead to a promotion. O(rungs)."""
        below = zip(self._entered, self.rungs[:-1], strict=False)
        return any(entered > len(rung) for entered, rung in below)

    def _most(self, k: int) -> float:
        """Return how many results rung k, not empty, may hold in the end. O(n log n)."""
        if not self._exhausted:
            return inf
        # A trial that is running to a rung below, or may be promoted there, may reach rung k.
        reached = 0
        for entered, rung in zip(self._entered[:k], self.rungs, strict=False):
            reached = rung.most_promotions(reached + entered - len(rung))
        return self._entered[k] + reached
