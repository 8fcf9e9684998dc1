"""ASHA by promotion: worked by hand, and against Algorithm 2 stated anew at every question."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.schedulers import ASHA, LOST, Idle, Job, Trial, rung_levels

often = settings(max_examples=500, derandomize=True, deadline=None)


class PlainASHA:
    """From the highest rung down, the best not-yet-promoted of the best n // eta; else a new trial.

    A diverged trial is never promoted. WAIT while a job below r_max is running, else DONE.
    """

    def __init__(self, trials, r_min, r_max, eta):
        self.new = iter(trials)
        self.levels = rung_levels(r_min, r_max, eta)
        self.eta = eta
        self.results = {level: [] for level in self.levels}
        self.promoted = {level: [] for level in self.levels}
        self.running = []

    def ask(self):
        answer = self.promotion() or self.new_trial()
        if answer is None:
            return Idle.WAIT if any(j.stop < self.levels[-1] for j in self.running) else Idle.DONE
        self.running.append(answer)
        return answer

    def tell(self, job, loss):
        self.running.remove(job)
        if loss is not None:  # else it has vanished
            self.results[job.stop].append((loss, job.trial.number))

    def promotion(self):
        for level, above in reversed([*zip(self.levels, self.levels[1:], strict=False)]):
            ranked = sorted(self.results[level])
            for loss, number in ranked[: len(ranked) // self.eta]:
                if number not in self.promoted[level] and loss < float("inf"):
                    self.promoted[level].append(number)
                    return Job(Trial(number, {}), level, above)
        return None

    def new_trial(self):
        trial = next(self.new, None)
        return trial and Job(trial, 0, self.levels[0])


@given(
    script=st.binary(min_size=60, max_size=150),
    count=st.sampled_from([0, 1, 2, 3, 5, 8, 11, 1000]),
    workers=st.integers(1, 6),
    eta=st.integers(2, 4),
    r_min=st.integers(1, 3),
    more=st.integers(0, 30),
    lost=st.sampled_from(LOST),
)
@often
def test_every_answer_is_algorithm_2s(
    drive_both, trials, script, count, workers, eta, r_min, more, lost
):
    r_max = r_min + more
    asha = ASHA(trials(count), r_min=r_min, r_max=r_max, eta=eta, lost=lost)
    oracle = PlainASHA([Trial(i, {}) for i in range(count)], r_min, r_max, eta)
    drive_both(asha, oracle, script, workers, to_the_end=count < 20, lost=lost)
    for rung in asha.rungs:
        rung._check()


def test_nine_results_by_hand(trials, start, brief):
    # eta 3, levels 1, 3, 9. 9 at 1 -> 9 // 3 = 3 at 3 -> 3 // 3 = 1 at 9; the 4th best never goes.
    asha = ASHA(trials(9), r_min=1, r_max=9, eta=3)
    jobs = start(asha, 9)
    assert [brief(job) for job in jobs] == [(number, 0, 1) for number in range(9)]
    for job, loss in zip(jobs, [0.9, 0.1, 0.8, 0.2, 0.7, 0.3, 0.6, 0.4, 0.5], strict=True):
        asha.job_done(job, [loss])
    promoted = start(asha, 3)
    assert [brief(job) for job in promoted] == [(1, 1, 3), (3, 1, 3), (5, 1, 3)]
    assert asha.next_job() is Idle.WAIT
    asha.job_done(promoted[0], [0.1, 0.30])  # 1 // 3 = 0
    assert asha.next_job() is Idle.WAIT
    asha.job_done(promoted[1], [0.2, 0.10])  # 2 // 3 = 0
    assert asha.next_job() is Idle.WAIT
    asha.job_done(promoted[2], [0.3, 0.20])  # 3 // 3 = 1: trial 3
    last = asha.next_job()
    assert brief(last) == (3, 3, 9)
    assert asha.next_job() is Idle.DONE  # what runs is trained to r_max: nothing can follow
    asha.job_done(last, [0.1] * 6)
    assert asha.next_job() is Idle.DONE


def test_a_promoted_trial_keeps_its_place_when_better_ones_come(trials, start, brief):
    # eta 2. Of losses 0.5, 0.6 trial 0 is promoted (2 // 2 = 1). Then 0.4 and 0.3 come: 4 // 2 = 2
    # are the best, trials 3 and 2; trial 0, promoted earlier, ranks third and stays promoted.
    asha = ASHA(trials(9), r_min=1, r_max=4, eta=2)
    first, second = start(asha, 2)
    asha.job_done(first, [0.5])
    asha.job_done(second, [0.6])
    assert brief(asha.next_job()) == (0, 1, 2)
    third, fourth = start(asha, 2)
    asha.job_done(third, [0.4])  # 3 // 2 = 1: the best is trial 2
    assert brief(asha.next_job()) == (2, 1, 2)
    asha.job_done(fourth, [0.3])  # 4 // 2 = 2: trials 3 and 2
    assert brief(asha.next_job()) == (3, 1, 2)
    assert brief(asha.next_job()) == (4, 0, 1)


def test_a_lost_trial_takes_a_place_or_vanishes(trials, start, brief):
    # eta 2, levels 1, 2. Three results and a loss: 4 // 2 = 2 go on, or 3 // 2 = 1.
    for lost, second in (("inf", (1, 1, 2)), ("vanish", Idle.DONE)):
        asha = ASHA(trials(4), r_min=1, r_max=2, eta=2, lost=lost)
        jobs = start(asha, 4)
        for job in jobs[:3]:
            asha.job_done(job, [job.trial.number / 10])
        assert brief(asha.next_job()) == (0, 1, 2)
        assert asha.next_job() is Idle.WAIT
        asha.job_lost(jobs[3])
        assert brief(asha.next_job()) == second


def test_one_that_vanishes_is_not_taken_for_another_that_runs(trials, start):
    asha = ASHA(trials(2), r_min=1, r_max=2, eta=2, lost="vanish")
    jobs = start(asha, 2)
    asha.job_lost(jobs[0])
    assert asha.next_job() is Idle.WAIT
    asha.job_lost(jobs[1])
    assert asha.next_job() is Idle.DONE


def test_the_highest_rung_goes_first(trials, start, brief):
    # eta 2. Rung 2 holds two results and so has one to promote; so does rung 1 at the same time.
    asha = ASHA(trials(9), r_min=1, r_max=8, eta=2)
    jobs = start(asha, 4)
    for job in jobs:
        asha.job_done(job, [job.trial.number / 10])
    promoted = start(asha, 2)
    fresh = start(asha, 2)
    for job in [*promoted, *fresh]:
        asha.job_done(job, [0.05] * (job.stop - job.start))
    # Rung 1: six results, the best three are 0, 4 and 5 of which 4 and 5 tie at 0.05.
    # Rung 2: trials 0 and 1 tie at 0.05, the lower number goes.
    assert [brief(asha.next_job()) for _ in range(4)] == [
        (0, 2, 4),
        (4, 1, 2),
        (5, 1, 2),
        (6, 0, 1),
    ]


def test_with_one_rung_it_is_random_search(trials, start, brief):
    asha = ASHA(trials(2), r_min=5, r_max=5, eta=3)
    jobs = start(asha, 2)
    assert [brief(job) for job in jobs] == [(0, 0, 5), (1, 0, 5)]
    assert asha.next_job() is Idle.DONE
    for job in jobs:
        asha.job_done(job, [0.5] * 5)
    assert asha.next_job() is Idle.DONE


def test_a_searcher_that_learns_is_told_every_epoch():
    class Curious:
        adaptive = True

        def __init__(self):
            self.heard, self.drawn = [], 0

        def draw(self):
            self.drawn += 1
            return Trial(self.drawn - 1, {})

        def observe(self, trial, epoch, loss):
            self.heard.append((trial.number, epoch, loss))

    searcher = Curious()
    asha = ASHA(searcher, r_min=2, r_max=4, eta=2)
    first, second = asha.next_job(), asha.next_job()
    asha.job_done(first, [0.5, 0.4])
    asha.job_done(second, [0.6, 0.5])
    asha.job_done(asha.next_job(), [0.3, 0.2])
    zero, one = [(0, 1, 0.5), (0, 2, 0.4)], [(1, 1, 0.6), (1, 2, 0.5)]
    assert searcher.heard == [*zero, *one, (0, 3, 0.3), (0, 4, 0.2)]


def test_levels_that_cannot_be_are_refused(trials):
    with pytest.raises(ValueError, match="r_min is 5, above r_max 4"):
        ASHA(trials(1), r_min=5, r_max=4, eta=2)


def test_an_unknown_rule_is_refused_with_the_known_ones(trials):
    with pytest.raises(
        ValueError, match=r"^the promotion rule is 'best': choose from top-k, syne-tune-0\.13$"
    ):
        ASHA(trials(1), r_min=1, r_max=4, eta=2, rule="best")


def test_no_trial_is_promoted_from_the_top_until_it_rises(trials, start, brief):
    # eta 2, levels 1, 2, 4, 8. The top is rung 1, at 2: there trials 0 and 1 wait, and 0 goes to 4
    # (2 // 2 = 1) as soon as the top is rung 2.
    asha = ASHA(trials(9), r_min=1, r_max=8, eta=2, top=1)
    for job in start(asha, 4):
        asha.job_done(job, [job.trial.number / 10])
    for job in start(asha, 2):
        asha.job_done(job, [job.trial.number / 10])
    assert brief(asha.next_job()) == (4, 0, 1)
    asha.raise_top()
    assert asha.top == 2
    assert brief(asha.next_job()) == (0, 2, 4)
    assert brief(asha.next_job()) == (5, 0, 1)


def test_a_top_that_rises_over_an_empty_rung_promotes_nobody_yet(trials, start, brief):
    # eta 2, levels 1, 2, 4. Of two results at 1, the second to come makes trial 0 promotable.
    asha = ASHA(trials(9), r_min=1, r_max=4, eta=2, top=0)
    first, second = start(asha, 2)
    asha.job_done(first, [0.1])
    asha.raise_top()
    assert brief(asha.next_job()) == (2, 0, 1)
    asha.job_done(second, [0.2])
    assert brief(asha.next_job()) == (0, 1, 2)


@pytest.mark.parametrize(("top", "rung"), [(None, 2), (0, 0), (2, 2), (3, 2)])
def test_the_top_is_the_last_rung_unless_it_is_a_lower_one(trials, top, rung):
    assert ASHA(trials(1), r_min=1, r_max=4, eta=2, top=top).top == rung  # levels 1, 2, 4


def test_a_rung_may_hear_of_trials_that_run_or_are_promotable_below(trials, start):
    # eta 2, levels 1, 2, 4; two trials in all.
    asha = ASHA(trials(2), r_min=1, r_max=4, eta=2)

    def may_hear():
        return [asha.may_hear_at(k) for k in range(3)]

    first, second = start(asha, 2)
    asha.job_done(first, [0.1])
    assert may_hear() == [True, True, True]
    asha.job_done(second, [0.2])
    assert may_hear() == [True, True, True]  # it is not known that there is no third trial
    (job,) = start(asha, 1)
    assert asha.next_job() is Idle.WAIT
    assert may_hear() == [False, True, True]  # trial 0 runs to rung 1
    asha.job_done(job, [0.1, 0.1])
    assert may_hear() == [False, False, False]  # 1 // 2 = 0


def test_a_rung_may_hear_of_a_promotable_trial_once_the_searcher_is_exhausted(trials, start):
    # As above, with the second result after the last of the trials has been drawn.
    asha = ASHA(trials(2), r_min=1, r_max=4, eta=2)
    first, second = start(asha, 2)
    assert asha.next_job() is Idle.WAIT
    asha.job_done(first, [0.1])
    assert [asha.may_hear_at(k) for k in range(3)] == [True, True, True]  # the second runs
    asha.job_done(second, [0.2])
    assert [asha.may_hear_at(k) for k in range(3)] == [False, True, True]


def test_once_closed_it_counts_on_no_new_trial(trials, start):
    # eta 2: of two results one is promoted; the other would need four.
    asha = ASHA(trials(9), r_min=1, r_max=4, eta=2)
    jobs = start(asha, 2)
    for job in jobs:
        asha.job_done(job, [job.trial.number / 10])
    assert [asha.may_go_on(job) for job in jobs] == [True, True]
    asha.close()
    assert [asha.may_go_on(job) for job in jobs] == [True, False]


def test_what_is_promotable_at_a_rung_itself_brings_it_no_result(trials, start):
    # Levels 1, 2, 4, eta 2. Of 4 results at epoch 1 two trials go on; of 2 at epoch 2 one may.
    # Nothing runs, and no trial is left: rung 1 hears no more, rung 2 does.
    asha = ASHA(trials(4), r_min=1, r_max=4, eta=2)
    for count in (4, 2):
        for job in start(asha, count):
            asha.job_done(job, [job.trial.number / 10] * (job.stop - job.start))
    asha.close()
    assert [rung.promotable for rung in asha.rungs] == [False, True, False]
    assert [asha.may_hear_at(k) for k in range(3)] == [False, False, True]
    assert [rung.level for rung in asha.rungs] == [1, 2, 4]
