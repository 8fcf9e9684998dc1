"""Mistakes about hidden inputs: chance, the clock, other instances, numbers and names."""

import random
from math import inf
from time import monotonic
from typing import ClassVar
from zlib import crc32

from sim.schedulers import AsyncHyperband, Idle, Job
from tests.gallery.parts import Around, PlainASHA, PlainRung, PlainStopping


class GlobalRandomState(AsyncHyperband):
    """The bracket of the next job is drawn with the module `random`.

    Right with r_min = r_max, which makes one bracket. Else two runs of the same calls differ.
    """

    law = "determinism"
    claims = ()
    link = "https://github.com/ray-project/ray/issues/13616"
    seen = (
        "Ray Tune's AsyncHyperBandScheduler draws the bracket of a trial with `np.random.choice`; "
        "schedulers have no argument `seed`."
    )

    def __init__(self, searcher, *, r_min, r_max, eta):
        super().__init__(searcher, r_min=r_min, r_max=r_max, eta=eta)

    def next_job(self):
        self._epochs = [random.random() for _ in self.brackets]  # noqa: S311  the mistake
        return super().next_job()


class TimeOut(PlainStopping):
    """No trial goes on after `time_out` seconds by the clock.

    Right until then. Two runs of the same calls differ if one of them is on a slower machine.
    """

    law = "determinism"
    claims = ()
    link = "https://github.com/autogluon/autogluon/pull/1050"
    seen = (
        "Whenever a job of AutoGluon's HyperbandScheduler reports, it is stopped if the time is "
        "over on the clock."
    )
    time_out = 600

    def __init__(self, searcher, *, r_min, r_max, eta):
        super().__init__(searcher, r_min=r_min, r_max=r_max, eta=eta)
        self.began = monotonic()

    def passes(self, rung, trial, loss):
        in_time = monotonic() < self.began + self.time_out
        return super().passes(rung, trial, loss) and in_time


class TurnsOfTheClass(AsyncHyperband):
    """The turn of the brackets is kept in an attribute of the class.

    Right for the first instance. The second one goes on where the first has stopped.
    """

    law = "determinism"
    claims = ()
    link = "https://github.com/fgerzer/apsis/issues/14"
    seen = (
        "The list of finished candidates of apsis' random search was an attribute of the class: "
        "whatever one search appends, all see."
    )
    handed_out: ClassVar = []

    def __init__(self, searcher, *, r_min, r_max, eta):
        super().__init__(searcher, r_min=r_min, r_max=r_max, eta=eta)

    def next_job(self):
        answer = in_turn(self, len(self.handed_out))
        if isinstance(answer, Job):
            self.handed_out.append(answer)
        return answer


class TurnsOfTheDefault(AsyncHyperband):
    """The turn of the brackets is kept in a mutable default argument.

    Right for the first instance. The second one goes on where the first has stopped.
    """

    law = "determinism"
    claims = ()
    link = "https://github.com/optuna/optuna/pull/1280"
    seen = (
        "`AllenNLPExecutor.__init__` of Optuna had a mutable default argument, which all calls "
        "share."
    )

    def __init__(self, searcher, *, r_min, r_max, eta, handed_out=[]):  # noqa: B006  the mistake
        super().__init__(searcher, r_min=r_min, r_max=r_max, eta=eta)
        self.handed_out = handed_out

    def next_job(self):
        answer = in_turn(self, len(self.handed_out))
        if isinstance(answer, Job):
            self.handed_out.append(answer)
        return answer


def in_turn(hyperband, turn):
    """Return the next job of the bracket whose turn it is, else of the next one that has one."""
    brackets = len(hyperband.brackets)
    hyperband._epochs = [(b - turn) % brackets for b in range(brackets)]
    return AsyncHyperband.next_job(hyperband)


class BracketOfTheNumber(AsyncHyperband):
    """The bracket of a trial follows from a hash of its number.

    Right for one numbering. If the trials are numbered from 10, not from 0, they go elsewhere.
    """

    law = "labels"
    claims = ()
    link = "https://github.com/optuna/optuna/issues/3083"
    seen = (
        "Hyperband of Optuna takes the bracket from `hash` of the study's name and the trial's "
        "number, which gave two processes different brackets for one trial."
    )

    def __init__(self, searcher, *, r_min, r_max, eta):
        super().__init__(searcher, r_min=r_min, r_max=r_max, eta=eta)
        self._searcher = searcher
        self._next = None
        for bracket in self.brackets:
            bracket._searcher = self

    adaptive = False

    def draw(self):
        trial, self._next = self._next, None
        return trial

    def next_job(self):
        for b, bracket in enumerate(self.brackets):
            if bracket._promotable:
                return bracket.next_job()._replace(bracket=b)
        self._next = self._searcher.draw()
        if self._next is None:
            self._close()
            waits = any(bracket._may_promote() for bracket in self.brackets)
            return Idle.WAIT if waits else Idle.DONE
        b = crc32(b"%d" % self._next.number) % len(self.brackets)
        return self.brackets[b].next_job()._replace(bracket=b)


class TiesByConfig(PlainASHA):
    """Equal losses are ranked by the text of the config.

    Right while no two losses are equal. Of two equal results the one with the config that sorts
    first is promoted.
    """

    law = "configs"
    claims = ()
    link = "https://github.com/scikit-learn/scikit-learn/pull/21925"
    seen = (
        "Ties of GridSearchCV were to be broken by `params`; their text may hold a memory address, "
        "which changes between runs."
    )

    class rung(PlainRung):  # noqa: N801
        def entry(self, trial, loss):
            return loss, repr(sorted(trial.config.items())), trial.number, trial


class RanksByTheFinalLoss(PlainASHA):
    """A trial is ranked by the loss that it will have at r_max, from the table of the benchmark.

    Right if no two curves cross. At eta 2, of 0.1 and 0.2 after the first epoch and 0.4 and 0.3
    after the last one, the second trial is promoted.
    """

    law = "causality"
    claims = ()
    link = "https://github.com/optuna/optunahub-registry/pull/368"
    seen = (
        "Tabular benchmarks return results instantly: without an order by simulated runtime, an "
        "optimiser decides with results that it could not have yet."
    )

    def __init__(self, searcher, *, r_min, r_max, eta, losses):
        super().__init__(searcher, r_min=r_min, r_max=r_max, eta=eta)
        self.table = losses

    def job_done(self, job, losses):
        final = self.table(job.trial.number, self.r_max)
        super().job_done(job, [*losses[:-1], final if losses[-1] < inf else inf])


class WritesIntoTheConfig(Around):
    """The epochs to train to are written into the config of the trial.

    Right if nobody reads the config again. After a job its config has one more key.
    """

    law = "hands-off"
    claims = ()
    link = (
        "https://github.com/microsoft/nni/blob/097a7817213c5f42b918054aa0de9bd379f37f35"
        "/nni/algorithms/hpo/hyperband_advisor.py"
    )
    seen = (
        "NNI's Hyperband writes the budget into the parameters that are stored for the round "
        "before: `params[_KEY] = next_r  # modify r`."
    )

    def next_job(self):
        answer = super().next_job()
        if isinstance(answer, Job):
            answer.trial.config["epochs"] = answer.stop
        return answer


class SortsTheLosses(Around):
    """The losses that a job reports are sorted in place, to find its best epoch.

    Right for one loss, or losses that rise. The caller's list has another order after the call.
    """

    law = "hands-off"
    claims = ()
    link = "https://github.com/syne-tune/syne-tune/pull/619"
    seen = (
        "A scheduler of Syne Tune wrote a scalarised metric into the `result` that it was given; "
        "the review asked for a copy."
    )

    def __init__(self, searcher, *, r_min, r_max, eta):
        super().__init__(searcher, r_min=r_min, r_max=r_max, eta=eta)
        self.best = inf

    def job_done(self, job, losses):
        super().job_done(job, losses)
        losses.sort()
        self.best = min(self.best, losses[0])


class JobsByIdentity(Around):
    """A report counts only if the very object that was handed out comes back.

    Right while a run lasts. When its log is replayed after a crash, every report is ignored.
    """

    law = "resume"
    claims = ()
    link = "https://github.com/keras-team/keras-tuner/issues/835"
    seen = (
        "Resuming Hyperband of KerasTuner ends in `KeyError: <Trial object at 0x7f455494b160>`: "
        "trials were looked up by the object instead of its id."
    )

    def __init__(self, searcher, *, r_min, r_max, eta):
        super().__init__(searcher, r_min=r_min, r_max=r_max, eta=eta)
        self.running = {}

    def next_job(self):
        answer = super().next_job()
        if isinstance(answer, Job):
            self.running[id(answer)] = answer
        return answer

    def job_done(self, job, losses):
        if self.running.pop(id(job), None) is not None:
            super().job_done(job, losses)

    def job_lost(self, job):
        if self.running.pop(id(job), None) is not None:
            super().job_lost(job)
