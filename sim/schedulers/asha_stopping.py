"""ASHA by stopping: a trial goes on in place, or stops for good, at each rung it reaches.

Owns when the decision is made: once, when the trial reports. The rules are
`stopping_rules.RULES`'s; which job is next is `in_place.InPlace`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from sim.schedulers.protocol import Idle, Job, Searcher, check_lost, inform
from sim.schedulers.rungs.in_place import InPlace
from sim.schedulers.rungs.rung import rung_levels
from sim.schedulers.rungs.stopping_rules import RULES


class StoppingASHA:
    """Asynchronous successive halving by stopping, the variant that d2l 19.5.2 runs.

    A trial goes on if it passes its rung's rule when it reports, else it stops for good; the
    decision is never revisited. The survivor's next job is the first one handed out, so it stays
    on the worker that has just trained it. No decision is made at `r_max`. A diverged or lost
    trial never goes on.

    Parameters
    ----------
    searcher
        Where the trials come from.
    r_min, r_max
        The first rung level and the end of training, in epochs.
    eta
        The reduction factor: about one trial in `eta` goes on.
    rule
        A name in `RULES`.
    lost
        What a lost trial leaves at its rung, in `protocol.LOST`.

    Raises
    ------
    ValueError
        See `rung.rung_levels` and `protocol.check_lost`; or the rule is unknown.

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
    ) -> None:
        self.levels = rung_levels(r_min, r_max, eta)
        if rule not in RULES:
            raise ValueError(f"the stopping rule is {rule!r}: choose from {', '.join(RULES)}")
        check_lost(lost)
        self.r_max = r_max
        self._vanish = lost == "vanish"
        self._rule = rule
        self._decide = RULES[rule].decide
        self._searcher = searcher
        self._trials = InPlace(searcher, first=self.levels[0], r_max=r_max)
        steps = list(zip(self.levels, self.levels[1:], strict=False))
        self.rungs = [RULES[rule].rung(level, above, eta) for level, above in steps]
        # Level -> its rung and the next level.
        self._rung_at = {
            level: (rung, above) for rung, (level, above) in zip(self.rungs, steps, strict=True)
        }

    @property
    def claims(self) -> tuple[str, ...]:
        """The laws that it claims, of `sim.testing.CLAIMED`."""
        match self._rule:
            case "top-k":
                return "levels", "ranks", "survival"
            case "ray":  # its quantile lies between two losses
                return ("levels",)
            case _:  # more than n // eta go on
                return "levels", "ranks"

    def next_job(self) -> Job | Idle:
        """Return the next job: the trial that has just survived, else a new one. O(1)."""
        return self._trials.next_job()

    def job_done(self, job: Job, losses: Sequence[float]) -> None:
        """Record the last loss of `job`, and decide whether its trial goes on. O(log n)."""
        inform(self._searcher, job, losses)
        self._end(job, losses[-1])

    def job_lost(self, job: Job) -> None:
        """Record inf for `job`, or drop it from its rung; its trial stops."""
        if self._vanish:
            self._trials.end(job)
        else:
            self._end(job, inf)

    def may_go_on(self, job: Job) -> bool:
        """Return whether the trial of `job` has survived and waits for a worker. O(survivors)."""
        return self._trials.may_go_on(job)

    def _end(self, job: Job, loss: float) -> None:
        if job.stop == self.r_max:
            self._trials.end(job)
            return
        rung, above = self._rung_at[job.stop]
        passes = self._decide(rung, job.trial, loss) and loss < inf
        self._trials.end(job, survives_to=above if passes else None)
