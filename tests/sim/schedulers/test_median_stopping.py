"""Median stopping: worked by hand, and against the rule stated anew at every report."""

from itertools import accumulate
from math import inf
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.schedulers import LOST, Idle, Job, MedianStopping, Trial

often = settings(max_examples=300, derandomize=True, deadline=None)


class PlainMedian:
    """A trial stops if its best is strictly worse than the median of the completed's averages.

    Decided every r_min epochs; a diverged or lost trial stops. Whoever goes on is handed out first.
    """

    def __init__(self, trials, r_min, r_max):
        self.new = iter(trials)
        self.r_min, self.r_max = r_min, r_max
        self.curves, self.completed = {}, []
        self.going_on, self.running = [], []

    def ask(self):
        if self.going_on:
            answer = self.going_on.pop(0)
        elif (trial := next(self.new, None)) is not None:
            answer = Job(trial, 0, self.r_min)
        else:
            return Idle.WAIT if any(job.stop < self.r_max for job in self.running) else Idle.DONE
        self.running.append(answer)
        return answer

    def tell(self, job, loss):
        self.running.remove(job)
        if loss is None:  # lost
            return
        curve = self.curves.setdefault(job.trial.number, [])
        curve += [*[0.9] * (job.stop - job.start - 1), loss]
        if job.stop == self.r_max:
            self.completed.append(curve)
        elif loss < inf and not self.is_worse(min(curve), job.stop):
            above = min(job.stop + self.r_min, self.r_max)
            self.going_on.append(Job(job.trial, job.stop, above))

    def is_worse(self, best, step):
        # Sums are accumulated in order, as it happens.
        averages = [list(accumulate(curve[:step]))[-1] / step for curve in self.completed]
        return bool(averages) and best > median(averages)


@given(
    script=st.binary(min_size=60, max_size=250),
    count=st.sampled_from([0, 1, 2, 3, 5, 8, 11, 19, 1000]),
    workers=st.integers(1, 6),
    r_min=st.integers(1, 3),
    more=st.integers(0, 7),
    lost=st.sampled_from(LOST),
)
@often
def test_every_answer_is_the_rules(drive_both, trials, script, count, workers, r_min, more, lost):
    scheduler = MedianStopping(trials(count), r_min=r_min, r_max=r_min + more, lost=lost)
    oracle = PlainMedian([Trial(i, {}) for i in range(count)], r_min, r_min + more)
    # Whatever `lost` says, a lost trial leaves nothing.
    drive_both(scheduler, oracle, script, workers, to_the_end=count < 20, lost="vanish")
    for rung in scheduler.rungs:
        rung._check()


def test_the_rule_by_hand(trials, brief):
    # One worker, r_max 3. Running averages of the completed trials up to epochs 1 and 2:
    #   trial  losses         1      2      completed
    #   0      0.8 0.6 0.4    0.8    0.7    yes: there is no median yet
    #   1      0.7 0.5 0.3    0.7    0.6    yes: 0.7 <= 0.8, 0.5 <= 0.7
    #   2      0.76           no: worse than the median of 0.7 and 0.8, 0.75
    #   3      0.75 0.66      no: 0.75 is the median; 0.66 is worse than that of 0.6 and 0.7, 0.65
    #   4      0.6 0.9 0.2    0.6    0.75   yes: the best so far, 0.6, counts
    #   5      0.65 0.71      yes at 1: at most 0.7; yes at 2: its best is 0.65, at most 0.7
    curves = {
        0: [0.8, 0.6, 0.4],
        1: [0.7, 0.5, 0.3],
        2: [0.76],
        3: [0.75, 0.66],
        4: [0.6, 0.9, 0.2],
        5: [0.65, 0.71, 0.5],
    }
    stopping = MedianStopping(trials(6), r_min=1, r_max=3)
    trained = {number: [] for number in curves}
    while isinstance(job := stopping.next_job(), Job):
        number, start, stop = brief(job)
        assert stop == start + 1
        trained[number].append(curves[number][start])
        stopping.job_done(job, curves[number][start:stop])
    assert trained == curves


def test_r_min_is_the_grace_period_and_the_step(trials, brief):
    # (3, 8): decisions at 3 and 6, and the rest to 8.
    stopping = MedianStopping(trials(1), r_min=3, r_max=8)
    jobs = []
    while isinstance(job := stopping.next_job(), Job):
        jobs.append(brief(job))
        stopping.job_done(job, [0.5] * (job.stop - job.start))
    assert jobs == [(0, 0, 3), (0, 3, 6), (0, 6, 8)]


def test_a_survivor_is_the_first_job_handed_out(trials, start, brief):
    stopping = MedianStopping(trials(9), r_min=1, r_max=3)
    first, second = start(stopping, 2)
    stopping.job_done(second, [0.5])
    assert brief(stopping.next_job()) == (1, 1, 2)
    stopping.job_done(first, [0.4])
    assert brief(stopping.next_job()) == (0, 1, 2)
    assert brief(stopping.next_job()) == (2, 0, 1)


@pytest.mark.parametrize("diverged", [float("nan"), inf])
def test_a_diverged_trial_stops_though_there_is_no_median(trials, start, diverged):
    stopping = MedianStopping(trials(1), r_min=2, r_max=4)
    (job,) = start(stopping, 1)
    stopping.job_done(job, [0.5, diverged])
    assert stopping.next_job() is Idle.DONE


def test_a_lost_trial_is_not_completed(trials, start, brief):
    for lost in LOST:
        stopping = MedianStopping(trials(3), r_min=1, r_max=2, lost=lost)
        first, second = start(stopping, 2)
        stopping.job_done(first, [0.1])
        stopping.job_lost(stopping.next_job())  # on its way to the end
        stopping.job_done(second, [0.9])
        assert brief(stopping.next_job()) == (1, 1, 2)  # no median


@pytest.mark.parametrize(
    ("r_min", "r_max", "said"),
    [(0, 4, "r_min is 0"), (5, 4, "r_min is 5, above r_max 4"), (1.5, 4, "r_min is 1.5")],
)
def test_levels_that_cannot_be_are_refused(trials, r_min, r_max, said):
    with pytest.raises(ValueError, match=said):
        MedianStopping(trials(1), r_min=r_min, r_max=r_max)
