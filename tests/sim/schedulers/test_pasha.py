"""PASHA: worked by hand, and against its rules stated anew at every question."""

from itertools import combinations, pairwise
from math import inf, isfinite

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.schedulers import ASHA, LOST, PASHA, Idle, Job, Trial, rung_levels
from sim.schedulers.rungs.soft_ranking import percentile_90

often = settings(max_examples=400, derandomize=True, deadline=None)


class PlainPASHA:
    """ASHA that promotes from the rungs below the top only; the top rises on a disagreement.

    WAIT while a job below r_max is running, else DONE.
    """

    def __init__(self, trials, r_min, r_max, eta):
        self.new = iter(trials)
        self.levels = rung_levels(r_min, r_max, eta)
        self.eta, self.top, self.epsilon = eta, min(1, len(self.levels) - 1), 0.0
        self.results = {level: [] for level in self.levels}
        self.promoted = {level: [] for level in self.levels}
        self.curves = {}
        self.running = []

    def ask(self):
        answer = self.promotion() or self.new_trial()
        if answer is None:
            return Idle.WAIT if any(j.stop < self.levels[-1] for j in self.running) else Idle.DONE
        self.running.append(answer)
        return answer

    def tell(self, job, loss):
        self.running.remove(job)
        if loss is None:
            return
        self.results[job.stop].append((loss, job.trial.number))
        curve = self.curves.setdefault(job.trial.number, [])
        curve += [*[0.9] * (job.stop - job.start - 1), loss]
        if job.stop == self.levels[self.top] < self.levels[-1]:
            self.compare(self.levels[self.top - 1], job.stop)

    def compare(self, below, top):
        curves = [self.curves[number] for _, number in sorted(self.results[top])]
        noise = []
        for one, other in combinations(curves, 2):
            orders = [(a > b) - (a < b) for a, b in zip(one, other, strict=True)]
            runs = [order for order in orders if order]
            turns = sum(a != b for a, b in pairwise(runs))
            if orders[-1] and turns >= 2 and isfinite(abs(one[-1] - other[-1])):
                noise.append(abs(one[-1] - other[-1]))
        if noise:
            self.epsilon = percentile_90(sorted(noise))
        had = [curve[below - 1] for curve in curves]
        pairs = zip(had, sorted(had), strict=True)
        self.top += any(abs(a - b) > self.epsilon for a, b in pairs)

    def promotion(self):
        below_top = self.levels[: self.top + 1]
        for level, above in reversed([*pairwise(below_top)]):
            ranked = sorted(self.results[level])
            for loss, number in ranked[: len(ranked) // self.eta]:
                if number not in self.promoted[level] and loss < inf:
                    self.promoted[level].append(number)
                    return Job(Trial(number, {}), level, above)
        return None

    def new_trial(self):
        trial = next(self.new, None)
        return trial and Job(trial, 0, self.levels[0])


@given(
    script=st.binary(min_size=60, max_size=250),
    count=st.sampled_from([0, 1, 2, 3, 5, 8, 11, 19, 1000]),
    workers=st.integers(1, 6),
    eta=st.integers(2, 3),
    r_min=st.integers(1, 3),
    more=st.integers(0, 30),
    lost=st.sampled_from(LOST),
)
@often
def test_every_answer_is_the_papers(
    drive_both, trials, script, count, workers, eta, r_min, more, lost
):
    r_max = r_min + more
    pasha = PASHA(trials(count), r_min=r_min, r_max=r_max, eta=eta, lost=lost)
    oracle = PlainPASHA([Trial(i, {}) for i in range(count)], r_min, r_max, eta)
    drive_both(pasha, oracle, script, workers, to_the_end=count < 20, lost=lost)
    assert pasha.top == oracle.levels[oracle.top]
    for rung in pasha._asha.rungs:
        rung._check()


def run(pasha, curve):
    """Let one worker live; return the jobs, as (trial, start, stop)."""
    jobs = []
    while isinstance(job := pasha.next_job(), Job):
        jobs.append((job.trial.number, job.start, job.stop))
        pasha.job_done(
            job, [curve(job.trial.number, e) for e in range(job.start + 1, job.stop + 1)]
        )
    return jobs


def test_while_the_ranking_is_stable_nobody_goes_beyond_the_second_rung(trials):
    # eta 3, levels 1, 3, 9, 27. 27 trials at 1 -> 9 at 3, all in the order of their numbers.
    pasha = PASHA(trials(27), r_min=1, r_max=27, eta=3)
    jobs = run(pasha, lambda number, epoch: 0.9 - number / 100 - epoch / 1000)
    assert {stop for *_, stop in jobs} == {1, 3}
    assert pasha.top == 3
    asha = ASHA(trials(27), r_min=1, r_max=27, eta=3)
    assert {stop for *_, stop in run(asha, lambda number, _: 0.9 - number / 100)} == {1, 3, 9, 27}


def test_the_top_rises_by_one_rung_at_each_disagreement_by_hand(trials, start, brief):
    # eta 2, levels 1, 2, 4, 8; the top is 2. 4 at 1 -> trials 0 and 1 at 2, where they swap.
    pasha = PASHA(trials(8), r_min=1, r_max=8, eta=2)
    for job in start(pasha, 4):
        pasha.job_done(job, [job.trial.number / 10])
    zero, one = start(pasha, 2)
    assert (brief(zero), brief(one)) == ((0, 1, 2), (1, 1, 2))
    pasha.job_done(zero, [0.3])
    assert pasha.top == 2
    pasha.job_done(one, [0.2])  # at 1 they were 0.0 and 0.1, at 2 they are 0.3 and 0.2
    assert pasha.top == 4
    job = pasha.next_job()
    assert brief(job) == (1, 2, 4)  # 2 // 2 = 1 of the rung that was the top
    pasha.job_done(job, [0.2, 0.2])
    assert pasha.top == 4  # one trial has but one ranking
    assert brief(pasha.next_job()) == (4, 0, 1)


def test_a_trial_at_the_top_is_paused_until_it_rises(trials, start, brief):
    # eta 2, levels 1, 2, 4. 8 at 1 -> 4 at 2: of the first three, 3 // 2 = 1 would go on in ASHA.
    pasha = PASHA(trials(8), r_min=1, r_max=4, eta=2)
    for job in start(pasha, 8):
        pasha.job_done(job, [job.trial.number / 10])
    promoted = start(pasha, 4)
    for job in promoted[:3]:
        pasha.job_done(job, [job.trial.number / 10])
    assert pasha.next_job() is Idle.WAIT
    pasha.job_done(promoted[3], [0.05])  # the last below is the second now
    assert pasha.top == 4
    assert [brief(job) for job in start(pasha, 2)] == [(0, 2, 4), (3, 2, 4)]
    assert pasha.next_job() is Idle.DONE


@pytest.mark.parametrize(("lost", "top"), [("inf", 4), ("vanish", 2)])
def test_a_lost_trial_ranks_last_or_vanishes(trials, start, lost, top):
    pasha = PASHA(trials(4), r_min=1, r_max=4, eta=2, lost=lost)
    for job in start(pasha, 4):
        pasha.job_done(job, [job.trial.number / 10])
    zero, one = start(pasha, 2)
    pasha.job_lost(zero)  # it was the best
    pasha.job_done(one, [0.1])
    assert pasha.top == top


@pytest.mark.parametrize(("r_max", "top"), [(5, 5), (6, 6), (11, 10)])
def test_with_one_or_two_rungs_it_is_asha(trials, r_max, top):
    pasha = PASHA(trials(9), r_min=5, r_max=r_max, eta=2)
    assert pasha.top == top
    if top == r_max:
        asha = ASHA(trials(9), r_min=5, r_max=r_max, eta=2)
        assert run(pasha, lambda n, e: -n / e) == run(asha, lambda n, e: -n / e)


def test_the_top_may_rise_between_two_reports_of_one_instant():
    # Why it does not claim the law: trials 6 and 7 end at epoch 4 together, and epsilon is known
    # only once 7 has reported. Found by the kit in 2,000 examples.
    testing = pytest.importorskip("sim.testing")
    losses = ((0.0,), (0.0,), (0.125,), (0.125,), (0.125,), (0.125,), (0.0, 0.0, 0.125))
    world = testing.World(
        losses=(*losses, (0.0, 0.0, 0.25, 0.0)), workers=4, r_min=2, r_max=5, eta=2
    )
    with pytest.raises(testing.BrokenLaw):
        testing.check_scheduler(PASHA, laws=["order"], worlds=[world])
    assert "order" not in testing.laws_of(PASHA)
