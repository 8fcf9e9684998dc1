"""Mistakes in pausing and promoting: where a trial goes on, how far, and whether at all."""

from itertools import accumulate, takewhile

from sim.schedulers import Idle, Job
from tests.gallery.parts import Around, PlainASHA, PlainRung


class RestartsFromScratch(Around):
    """A promoted trial is trained from epoch 0 again.

    Right while no trial is promoted. At eta 2, the second job of a trial starts at 0, not at r_min.
    """

    law = "start"
    claims = ()
    link = "https://github.com/keras-team/keras-tuner/issues/372"
    seen = (
        "Hyperband of KerasTuner takes the hyperparameters of the best trials to the next round, "
        "but not their weights: the models start from random ones."
    )

    def next_job(self):
        answer = super().next_job()
        return answer._replace(start=0) if isinstance(answer, Job) else answer


class PromotedOnlyWhenDone(PlainASHA):
    """A trial counts as promoted once the job that it was promoted to has ended.

    Right with one worker. At eta 2, after two results two calls of `next_job` promote one trial
    twice.
    """

    law = "one-job"
    claims = ()
    link = "https://github.com/Epistimio/orion/issues/395"
    seen = "With 3 or 4 workers, ASHA of Orion promotes trials that have not yet completed."

    class rung(PlainRung):  # noqa: N801
        def promote(self):
            return self.unpromoted[0][-1]

    def job_done(self, job, losses):
        self._settle(job)
        super().job_done(job, losses)

    def job_lost(self, job):
        self._settle(job)
        super().job_lost(job)

    def _settle(self, job):
        if job.start:
            k = self._place[job.start]
            PlainRung.promote(self.rungs[k])
            if not self.rungs[k].promotable:
                self._promotable &= ~(1 << k)


class BeyondTheEnd(PlainASHA):
    """The levels are used as the epochs of one job, and add up to more than r_max.

    Right while no trial reaches the last rung. With levels 1, 2, 4, a trial is to be trained to
    1 + 2 + 4 epochs.
    """

    law = "bounds"
    claims = ()
    link = "https://github.com/ray-project/ray/issues/1456"
    seen = (
        "Ray Tune's HyperBand at max_t 100 trained trials for more than 100 iterations, since "
        "each milestone was counted from the one before."
    )

    def __init__(self, searcher, *, r_min, r_max, eta):
        super().__init__(searcher, r_min=r_min, r_max=r_max, eta=eta)
        self.climb(accumulate(self.levels), eta)


class ShortOfTheEnd(PlainASHA):
    """The last step is shortened twice by the epochs that the trial has had.

    Right while no trial reaches the last rung. With levels 1, 3, 9, the last job ends at 9 - 3 = 6.
    """

    law = "finishes"
    claims = ()
    link = "https://github.com/ray-project/ray/issues/11695"
    seen = (
        "`min(r, max_t - cumul_r)` set the last milestone of a bracket of Ray Tune's HyperBand to "
        "max_t - max_t / reduction_factor: only the first bracket reached max_t."
    )

    def __init__(self, searcher, *, r_min, r_max, eta):
        super().__init__(searcher, r_min=r_min, r_max=r_max, eta=eta)
        *below, _ = self.levels
        if below:
            last = r_max - below[-1]
            self.climb([*below, last] if last > below[-1] else below, eta)

    def may_go_on(self, job):
        return job.stop < self.levels[-1] and super().may_go_on(job)


class PausedTakenForFinished(PlainASHA):
    """`may_go_on` returns False for a paused trial that is not promotable now.

    Right if no further result makes it promotable. At eta 2, it returns False for the worse one of
    two trials, which is promoted two worse results later, without its checkpoint.
    """

    law = "may-go-on"
    claims = ()
    link = "https://github.com/syne-tune/syne-tune/issues/445"
    seen = (
        "Syne Tune marked many paused trials as completed, whose checkpoints are deleted, and "
        "resumed some of them."
    )

    def may_go_on(self, job):
        rung = self.rungs[self._place[job.stop]]
        top = takewhile(lambda entry: rung.rank(entry) < rung.quota, sorted(rung.unpromoted))
        return job.stop < self.r_max and any(entry[-1] == job.trial for entry in top)


class NewTrialsFirst(PlainASHA):
    """A free worker gets a promotion only if there is no new trial.

    Right if all new trials are drawn before the first one reports. At eta 2, after two results a
    third trial starts while one is promotable; with an endless searcher none is ever promoted.
    """

    law = "prompt"
    claims = ("quota", "prompt")
    link = "https://github.com/automl/neps/issues/231"
    seen = (
        "Hyperband of NePS preferred the action at the lower rung, which is to sample: it began "
        "the next bracket and came back for the promotions of the one before."
    )

    def next_job(self):
        promotable, self._promotable = self._promotable, 0
        answer = super().next_job()
        self._promotable = promotable
        if isinstance(answer, Idle) and promotable:
            return super().next_job()
        return answer
