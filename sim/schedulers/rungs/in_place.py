"""Trials that are decided on when they report: they go on in place, or stop for good.

Owns which job is handed out next: that of a survivor, else that of a new trial. Must not know which
trials survive.
"""

from __future__ import annotations

from collections import deque

from sim.schedulers.protocol import Idle, Job, Searcher, waits_in


class InPlace:
    """The jobs of trials that go on in place: a survivor is handed out first.

    A survivor thus stays on the worker that has just trained it.

    Parameters
    ----------
    searcher
        Where the trials come from.
    first, r_max
        The epochs at which each trial reports first, and at which it is finished.

    Examples
    --------
    >>> from sim.searchers import Listed
    >>> trials = InPlace(Listed([{}] * 9), first=1, r_max=4)
    >>> jobs = [trials.next_job(), trials.next_job()]
    >>> trials.end(jobs[0], survives_to=2)
    >>> trials.next_job() == jobs[0]._replace(start=1, stop=2)
    True

    """

    def __init__(self, searcher: Searcher, *, first: int, r_max: int) -> None:
        self._searcher = searcher
        self._first = first
        self._r_max = r_max
        self._survivors: deque[Job] = deque()
        self._promising = 0  # running jobs after which their trial may go on

    def next_job(self) -> Job | Idle:
        """Return the next job: the trial that survived first, else a new one. O(1)."""
        if self._survivors:
            job = self._survivors.popleft()
        else:
            trial = self._searcher.draw()
            if trial is None:
                return Idle.WAIT if self._promising else Idle.DONE
            job = Job(trial, 0, self._first)
        self._promising += job.stop < self._r_max
        return job

    def end(self, job: Job, survives_to: int | None = None) -> None:
        """Record that `job` has ended, and to which epoch its trial goes on, if it does. O(1)."""
        self._promising -= job.stop < self._r_max
        if survives_to is not None:
            self._survivors.append(Job(job.trial, job.stop, survives_to))

    def may_go_on(self, job: Job) -> bool:
        """Return whether the trial of `job` has survived and waits for a worker. O(survivors)."""
        return waits_in(self._survivors, job)
