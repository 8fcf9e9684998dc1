"""Mistakes in waiting: for trials that will not report, or not at all."""

from math import isnan

from sim.schedulers import Idle
from tests.gallery.parts import Around, OneAtATime, PlainASHA, PlainHalving


class LostTrialAwaited(PlainHalving):
    """`job_lost` does nothing, and the barrier waits until every trial has reported.

    Right while no job is lost. If one is, the others of its rung end, and `next_job` waits with no
    job running.
    """

    law = "lost"
    claims = ()
    link = "https://github.com/Epistimio/orion/issues/691"
    seen = (
        "A broken trial of Orion has no objective and is never seen as completed, which blocks "
        "Hyperband: it waits for the full rung before it promotes."
    )

    def job_lost(self, job):
        pass


class LostJobStillRunning(OneAtATime):
    """A limit on the number of running jobs still counts those that were lost.

    Right while no job is lost. If one is, `next_job` waits with no job running.
    """

    law = "lost"
    claims = ()
    link = "https://github.com/syne-tune/syne-tune/pull/179"
    seen = (
        "When a trial was stopped from outside, the tuner's `running_trials_ids` was not updated, "
        "and it started no more trials."
    )

    def job_lost(self, job):
        self.inner.job_lost(job)


class DivergedJobStillRunning(OneAtATime):
    """`job_done` returns early on NaN, before the job is counted as ended.

    Right while no loss is NaN. If one is, `next_job` waits with no job running.
    """

    law = "deadlock"
    claims = ()
    link = "https://github.com/ray-project/ray/pull/65008"
    seen = (
        "ASHA of Ray Tune has a branch for a trial that reports None, which leaves its rung "
        "without a result; it is never reached, since an earlier line raises."
    )

    def job_done(self, job, losses):
        if not isnan(losses[-1]):
            super().job_done(job, losses)


class LostBeforeFirstReport(Around):
    """A lost trial is looked up among those that have reported.

    Right while no trial is lost at its first rung. If one is, `job_lost` raises `KeyError`.
    """

    law = "lost"
    claims = ()
    link = "https://github.com/syne-tune/syne-tune/issues/245"
    seen = (
        "A training job that failed before its first metric ended the whole experiment: "
        "`assert trial_id in self.last_seen_result_per_trial`."
    )

    def __init__(self, searcher, *, r_min, r_max, eta):
        super().__init__(searcher, r_min=r_min, r_max=r_max, eta=eta)
        self.last = {}

    def job_done(self, job, losses):
        self.last[job.trial.number] = losses[-1]
        super().job_done(job, losses)

    def job_lost(self, job):
        del self.last[job.trial.number]
        super().job_lost(job)


class TwoPromotable(PlainASHA):
    """The promotion rule raises if more than one trial is promotable.

    Right with one worker, which promotes each trial as soon as it is promotable. At eta 2, four
    results between two calls of `next_job` make two.
    """

    law = "answer"
    claims = ()
    link = (
        "https://github.com/logicalclocks/maggy/blob/00a0a95194a8eeff55c3a899c14849055c343b2d"
        "/maggy/optimizer/asha.py"
    )
    seen = (
        "The first ASHA of Maggy ends the experiment with `More than one trial promotable` if two "
        "trials are."
    )

    def next_job(self):
        unpromoted = [(rung, entry) for rung in self.rungs[:-1] for entry in rung.unpromoted[:2]]
        if sum(rung.rank(entry) < rung.quota for rung, entry in unpromoted) > 1:
            raise RuntimeError("More than one trial is promotable")
        return super().next_job()


class LastBracketNotFull(PlainHalving):
    """The last bracket waits for as many trials as the others, though there are no more.

    Right if the number of trials is a multiple of the bracket's. With levels 1, 2, 4 and eta 2,
    after 3 of 4 trials `next_job` waits with no job running.
    """

    law = "exhaustion"
    claims = ()
    link = "https://github.com/ray-project/ray/issues/6780"
    seen = (
        "`There are paused trials, but no more pending trials`: Ray Tune's HyperBand ends in an "
        "error once the samples run out while a bracket is not full."
    )

    def close(self):
        if self._room == self._size:  # it is empty
            super().close()


class NoneEndsTheSearch(Around):
    """The search ends when the searcher has no trial, although jobs are running.

    Right if all promotions are made by then. At eta 2, two trials on three workers: the third call
    of `next_job` returns DONE, and the better one is never promoted.
    """

    law = "early-done"
    claims = ("quota", "prompt")
    link = "https://github.com/keras-team/keras-tuner/issues/35"
    seen = (
        "`Oracle triggered exit`: the tuner ends the search when the oracle finds no new "
        "hyperparameters after a few collisions, after 13 of 60 trials."
    )

    def __init__(self, searcher, *, r_min, r_max, eta):
        super().__init__(searcher, r_min=r_min, r_max=r_max, eta=eta)
        self.over = False

    def next_job(self):
        answer = Idle.DONE if self.over else super().next_job()
        self.over = isinstance(answer, Idle)  # the searcher returned None
        return Idle.DONE if self.over else answer


class FirstFinisherEndsTheSearch(Around):
    """The search ends when a trial has reached the last rung, although there are more trials.

    Right if that trial is the last one to run. With r_min = r_max all others are left out.
    """

    law = "early-done"
    claims = ()
    link = (
        "https://github.com/logicalclocks/maggy/blob/00a0a95194a8eeff55c3a899c14849055c343b2d"
        "/maggy/optimizer/asha.py"
    )
    seen = (
        "The first ASHA of Maggy returned None, which ends the experiment, as soon as one trial "
        "was in the highest rung."
    )

    def __init__(self, searcher, *, r_min, r_max, eta):
        super().__init__(searcher, r_min=r_min, r_max=r_max, eta=eta)
        self.over = False

    def next_job(self):
        return Idle.DONE if self.over else super().next_job()

    def job_done(self, job, losses):
        self.over = self.over or job.stop == self.r_max
        super().job_done(job, losses)


class DoneForNow(Around):
    """DONE is returned when there is no job now, though running jobs may lead to one.

    Right with one worker. At eta 2, two trials on three workers: the third call of `next_job`
    returns DONE; after the two have reported, it returns a promotion.
    """

    law = "done-is-final"
    claims = ()
    link = "https://github.com/Epistimio/orion/issues/324"
    seen = (
        "Hyperband of Orion gave no feedback on whether it was waiting for trials or the "
        "optimisation was done."
    )

    def next_job(self):
        answer = super().next_job()
        return Idle.DONE if answer is Idle.WAIT else answer
