"""ASHA by stopping: a trial goes on in place, or stops for good, at each rung it reaches.

Owns when the decision is made: once, when the trial reports. The rules that decide are the pure
functions in `RULES`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from math import inf
from types import MappingProxyType

from sim.schedulers.protocol import Idle, Job, Searcher, Trial, check_lost, inform, waits_in
from sim.schedulers.rung import Rung, rung_levels


def top_k(rung: Rung, trial: Trial, loss: float) -> bool:
    """Pass if the trial is among the best ``max(1, n // eta)`` of the n recorded, itself included.

    The rule of Determined and DeepHyper; ties rank the lower number first. Other libraries differ:
    Syne Tune and Optuna let ties at the cut go on, Ray leaves the trial itself out of the count.

    >>> rung = Rung(level=1, eta=2, least=1)
    >>> for number, loss in enumerate([0.1, 0.2, 0.3]):
    ...     _ = rung.record(Trial(number, {}), loss)
    >>> top_k(rung, Trial(0, {}), 0.1), top_k(rung, Trial(1, {}), 0.2)
    (True, False)
    """
    return rung.is_best(trial, loss)


Rule = Callable[[Rung, Trial, float], bool]
"""Decides, from the rung with the trial's loss recorded in it, whether the trial goes on."""

RULES: Mapping[str, Rule] = MappingProxyType({"top-k": top_k})
"""The stopping rules by name."""


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
        self.rungs = [Rung(level, eta, least=1) for level in self.levels[:-1]]
        self._passes = RULES[rule]
        self._searcher = searcher
        self._vanish = lost == "vanish"
        # Level -> its rung and the next level.
        self._rung_at = {
            rung.level: (rung, above)
            for rung, above in zip(self.rungs, self.levels[1:], strict=True)
        }
        self._survivors: deque[Job] = deque()
        self._promising = 0  # running jobs after which their trial may go on

    def next_job(self) -> Job | Idle:
        """Answer a free worker: the trial that has just survived, else a new one. O(1)."""
        if self._survivors:
            job = self._survivors.popleft()
        else:
            trial = self._searcher.draw()
            if trial is None:
                return Idle.WAIT if self._promising else Idle.DONE
            job = Job(trial, 0, self.levels[0])
        self._promising += job.stop < self.r_max
        return job

    def job_done(self, job: Job, losses: Sequence[float]) -> None:
        """Record the last loss of `job`, and decide whether its trial goes on. O(log n)."""
        inform(self._searcher, job, losses)
        self._record(job, losses[-1])

    def job_lost(self, job: Job) -> None:
        """Record inf for `job`, or let it vanish from its rung; its trial stops."""
        if self._vanish:
            self._promising -= job.stop < self.r_max
        else:
            self._record(job, inf)

    def may_go_on(self, job: Job) -> bool:
        """Tell whether the trial of `job` has survived and waits for a worker. O(survivors)."""
        return waits_in(self._survivors, job)

    def _record(self, job: Job, loss: float) -> None:
        if job.stop == self.r_max:
            return
        self._promising -= 1
        rung, above = self._rung_at[job.stop]
        rung.record(job.trial, loss)
        if loss < inf and self._passes(rung, job.trial, loss):
            self._survivors.append(Job(job.trial, job.stop, above))
