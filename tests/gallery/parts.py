"""The parts that the broken schedulers share, none of them broken.

Owns a rung, an ASHA, a stopping ASHA and a synchronous halving, written so that one overridden
method is one mistake. It must not know the mistakes; the tests hold the parts to the same laws.
"""

from bisect import bisect_left, insort
from collections import deque
from heapq import heappop, heappush
from math import inf
from typing import ClassVar

from sim.schedulers import ASHA, RULES, Idle, Job
from sim.schedulers.protocol import inform, may_go_on
from sim.schedulers.rungs.in_place import InPlace
from sim.schedulers.rungs.rung import rung_levels


class PlainRung:
    """The losses at one level in a sorted list. The trials not yet promoted are in a heap, too.

    An entry is (loss, number, trial). The best unpromoted trial is promotable if it is among the
    first `quota` entries. O(log n) comparisons.
    """

    def __init__(self, level, eta):
        self.level, self.eta = level, eta
        self.recorded = 0
        self.entries = []
        self.unpromoted = []

    def __len__(self):
        return self.recorded

    @property
    def quota(self):
        return len(self.entries) // self.eta

    @property
    def promotable(self):
        return bool(self.unpromoted) and self.rank(self.unpromoted[0]) < self.quota

    def rank(self, entry):
        return bisect_left(self.entries, entry)

    def entry(self, trial, loss):
        return loss, trial.number, trial

    def record(self, trial, loss):
        self.recorded += 1
        entry = self.entry(trial, min(inf, loss))  # of NaN, too, this is inf
        insort(self.entries, entry)
        if loss < inf:
            heappush(self.unpromoted, entry)
        return self.promotable

    def promote(self):
        return heappop(self.unpromoted)[-1]

    def may_promote(self, trial, _count):
        return any(entry[-1] == trial for entry in self.unpromoted)

    def most_promotions(self, more):
        return more + len(self.unpromoted)


class PlainASHA(ASHA):
    """ASHA by promotion with rungs of the class `rung`."""

    claims = ("ranks", "order", "levels", "best-first", "quota", "prompt")
    rung: ClassVar[type] = PlainRung

    def __init__(self, searcher, *, r_min, r_max, eta):
        super().__init__(searcher, r_min=r_min, r_max=r_max, eta=eta)
        self.climb(self.levels, eta)

    def climb(self, levels, eta):
        """Compare the trials at `levels` instead."""
        self.levels = tuple(levels)
        self.top = len(self.levels) - 1
        self.rungs = [self.rung(level, eta) for level in self.levels]
        self._place = {level: k for k, level in enumerate(self.levels)}
        self._entered = [0] * len(self.levels)


class PlainStopping:
    """ASHA by stopping: a trial goes on in place if `passes` says so when it reports."""

    claims = ("ranks", "levels", "survival")
    rule: ClassVar[str] = "top-k"  # where the cut of a rung lies

    def __init__(self, searcher, *, r_min, r_max, eta):
        self.levels = rung_levels(r_min, r_max, eta)
        self.r_max, self.eta = r_max, eta
        self._searcher = searcher
        self._trials = InPlace(searcher, first=self.levels[0], r_max=r_max)
        self._above = dict(zip(self.levels, self.levels[1:], strict=False))
        self._rungs = {
            level: RULES[self.rule].rung(level, above, eta) for level, above in self._above.items()
        }

    def passes(self, rung, trial, loss):
        rung.record(trial, loss)
        return loss < inf and rung.is_best(trial, loss)

    def next_job(self):
        return self._trials.next_job()

    def job_done(self, job, losses):
        inform(self._searcher, job, losses)
        self.end(job, losses[-1])

    def job_lost(self, job):
        self.end(job, inf)

    def may_go_on(self, job):
        return self._trials.may_go_on(job)

    def end(self, job, loss):
        above = self._above.get(job.stop)
        goes_on = above and self.passes(self._rungs[job.stop], job.trial, loss)
        self._trials.end(job, survives_to=above if goes_on else None)


class PlainHalving:
    """Synchronous successive halving: one bracket after the other, with a barrier at each rung."""

    claims = ("ranks", "order", "levels", "best-first")

    def __init__(self, searcher, *, r_min, r_max, eta):
        self.levels = rung_levels(r_min, r_max, eta)
        self.r_max, self.eta = r_max, eta
        self._searcher = searcher
        self._exhausted = False
        self._bracket = -1
        self._open()

    def _open(self):
        self._bracket += 1
        self._k = 0  # the rung that is being filled
        self._room = self._size = self._expected = self.eta ** (len(self.levels) - 1)
        self._results = []
        self._queue = deque()

    def next_job(self):
        if self._room and not self._exhausted:
            trial = self._searcher.draw()
            if trial is not None:
                self._room -= 1
                return Job(trial, 0, self.levels[0], self._bracket)
            self._exhausted = True
            self.close()
        if self._queue:
            return self._queue.popleft()
        return Idle.WAIT if len(self._results) < self._expected else Idle.DONE

    def close(self):
        """Make do with the trials that there are."""
        self._size = self._expected = self._size - self._room
        self.advance()

    def job_done(self, job, losses):
        inform(self._searcher, job, losses)
        self.record(job.trial, losses[-1])

    def job_lost(self, job):
        self.record(job.trial, inf)

    def record(self, trial, loss):
        self._results.append((min(inf, loss), trial.number, trial))  # of NaN, too, this is inf
        self.advance()

    def advance(self):
        """Promote the best once all trials of this rung have reported."""
        if len(self._results) < self._expected:
            return
        best = []
        if self._k + 1 < len(self.levels):
            self._k += 1
            best = self.best(max(1, self._size // self.eta**self._k))
        self._results, self._expected = [], len(best)
        self.queue(best)
        if not best and not self._exhausted:
            self._open()

    def queue(self, best):
        """Queue the trials in order of rank."""
        start, stop = self.levels[self._k - 1], self.levels[self._k]
        self._queue.extend(Job(trial, start, stop, self._bracket) for trial in best)

    def best(self, count):
        """Return at most `count` trials in order of rank, without the diverged."""
        return [trial for loss, _, trial in sorted(self._results)[:count] if loss < inf]


class Around:
    """A scheduler around another, `inner`, that passes all calls on."""

    claims = PlainASHA.claims

    def __init__(self, searcher, *, r_min, r_max, eta):
        self.inner = PlainASHA(searcher, r_min=r_min, r_max=r_max, eta=eta)
        self.levels, self.r_max = self.inner.levels, r_max

    def next_job(self):
        return self.inner.next_job()

    def job_done(self, job, losses):
        self.inner.job_done(job, losses)

    def job_lost(self, job):
        self.inner.job_lost(job)

    def may_go_on(self, job):
        return may_go_on(self.inner, job)


class OneAtATime(Around):
    """At most one job runs at a time."""

    claims = ("ranks", "order", "levels", "best-first", "quota")

    def __init__(self, searcher, *, r_min, r_max, eta):
        super().__init__(searcher, r_min=r_min, r_max=r_max, eta=eta)
        self.running = 0

    def next_job(self):
        if self.running:
            return Idle.WAIT
        answer = super().next_job()
        self.running += isinstance(answer, Job)
        return answer

    def job_done(self, job, losses):
        self.running -= 1
        super().job_done(job, losses)

    def job_lost(self, job):
        self.running -= 1
        super().job_lost(job)


PARTS = (PlainASHA, PlainStopping, PlainHalving, Around, OneAtATime)
