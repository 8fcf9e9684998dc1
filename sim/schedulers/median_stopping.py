"""Median stopping: a trial stops when it is worse than the median of the completed trials.

Owns the rule, and the running averages it needs. Which job is next is `in_place.InPlace`'s.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

from sim.schedulers.protocol import Idle, Job, Searcher, check_lost, inform
from sim.schedulers.rungs.in_place import InPlace
from sim.schedulers.rungs.rung import Rung, check_levels


def is_worse_than_the_median(best: float, averages: Rung) -> bool:
    """Return whether `best` is strictly worse than the median of the averages, if any. O(1).

    Golovin et al. 2017 (Google Vizier), section 3.2.2: a trial stops at step s if its best
    objective by then is strictly worse than the median of the running averages, up to s, of all
    completed trials. Of an even number the median is the mean of the two in the middle. Libraries
    differ: Optuna compares with the losses of the completed trials at s; Ray also counts the
    averages of running trials.

    >>> from sim.schedulers import Trial
    >>> averages = Rung(level=1, eta=2, needed=half)
    >>> is_worse_than_the_median(0.9, averages)
    False
    >>> for number, average in enumerate([0.2, 0.8]):
    ...     _ = averages.record(Trial(number, {}), average)
    >>> is_worse_than_the_median(0.5, averages), is_worse_than_the_median(0.6, averages)
    (False, True)
    """
    if len(averages) % 2:
        return best > averages.cut
    return len(averages) > 0 and best > (averages.cut + averages.after_cut) / 2


def half(k: int) -> int:
    """Return the number of results whose lower median is the k-th: a `needed` of `rung.Rung`."""
    return 2 * k - 1


@dataclass(slots=True)
class _Course:
    """What is kept of a trial until it is completed or stops."""

    total: float = 0.0
    best: float = inf
    averages: list[float] = field(default_factory=list)  # of all epochs up to each decision

    def hear(self, losses: Sequence[float], stop: int) -> None:
        for loss in losses:
            heard = loss if loss < inf else inf  # noqa: FURB136  NaN too
            self.total += heard
            self.best = min(self.best, heard)
        self.averages.append(self.total / stop)


class MedianStopping:
    """The median stopping rule of Google Vizier: see `is_worse_than_the_median`.

    A trial trains `r_min` epochs at a time, in its last job what is left to `r_max`. After each job
    it goes on or stops for good, so `r_min` is both the grace period and the step. With
    ``r_min=1`` the rule decides after each epoch, as in the paper. A survivor's next job is the
    first one handed out, so it stays on the worker that has just trained it. The completed trials
    are those that have reported at `r_max`, diverged there or not. Until there is one, only
    diverged and lost trials stop.

    Parameters
    ----------
    searcher
        Where the trials come from.
    r_min, r_max
        The epochs of a job, and the end of training.
    lost
        In `protocol.LOST`, as for every scheduler; it has no effect, since a lost trial is not
        completed.

    Raises
    ------
    ValueError
        See `rung.check_levels` and `protocol.check_lost`.

    """

    claims = ("levels",)

    def __init__(self, searcher: Searcher, *, r_min: int, r_max: int, lost: str = "inf") -> None:
        check_levels(r_min, r_max)
        check_lost(lost)
        self.r_max = r_max
        self.levels = (*range(r_min, r_max, r_min), r_max)
        self.rungs = [Rung(level, 2, needed=half) for level in self.levels[:-1]]
        self._step = r_min
        self._searcher = searcher
        self._trials = InPlace(searcher, first=self.levels[0], r_max=r_max)
        self._courses: dict[int, _Course] = {}

    def next_job(self) -> Job | Idle:
        """Return the next job: the trial that has just survived, else a new one. O(1)."""
        return self._trials.next_job()

    def job_done(self, job: Job, losses: Sequence[float]) -> None:
        """Receive the losses of `job`, and decide whether its trial goes on.

        O(epochs); for a trial that is now completed, O(log n) for each of its jobs.
        """
        inform(self._searcher, job, losses)
        course = self._courses.setdefault(job.trial.number, _Course())
        course.hear(losses, job.stop)
        if job.stop == self.r_max:
            for rung, average in zip(self.rungs, course.averages, strict=False):
                rung.record(job.trial, average)
            self._stop(job)
            return
        averages = self.rungs[job.stop // self._step - 1]
        if losses[-1] < inf and not is_worse_than_the_median(course.best, averages):
            self._trials.end(job, survives_to=min(job.stop + self._step, self.r_max))
        else:
            self._stop(job)

    def job_lost(self, job: Job) -> None:
        """Stop the trial of `job`."""
        self._stop(job)

    def may_go_on(self, job: Job) -> bool:
        """Return whether the trial of `job` has survived and waits for a worker. O(survivors)."""
        return self._trials.may_go_on(job)

    def _stop(self, job: Job) -> None:
        self._courses.pop(job.trial.number, None)
        self._trials.end(job)
