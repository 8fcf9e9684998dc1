"""Synchronous successive halving: worked by hand, and against its rule stated anew."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.schedulers import LOST, Idle, Job, SuccessiveHalving, Trial, rung_levels

often = settings(max_examples=3000, derandomize=True, deadline=None)


class PlainBracket:
    """One ladder. All its rungs are derived anew from what was started and what was heard."""

    def __init__(self, number, levels, eta, room):
        self.number, self.levels, self.eta, self.room = number, levels, eta, room
        self.started = {level: [] for level in levels}
        self.heard = {level: [] for level in levels}
        self.vanished = dict.fromkeys(levels, 0)

    def rooms(self):
        return [max(1, self.room // self.eta**k) for k in range(len(self.levels))]

    def cohorts(self):
        """Return who is to be trained to each level, in order of rank; None: not known yet."""
        cohorts = [None] * len(self.levels)
        entered = self.started[self.levels[0]]
        if len(entered) == self.room:
            cohorts[0] = list(entered)
        for k in range(1, len(self.levels)):
            below, heard = cohorts[k - 1], sorted(self.heard[self.levels[k - 1]])
            if below is None or len(heard) + self.vanished[self.levels[k - 1]] < len(below):
                break
            fit = [number for loss, number in heard if loss < float("inf")]
            cohorts[k] = fit[: self.rooms()[k]]
        return cohorts

    def queued(self):
        for k, cohort in enumerate(self.cohorts()[1:], 1):
            for number in cohort or []:
                if number not in self.started[self.levels[k]]:
                    return Job(Trial(number, {}), *self.levels[k - 1 : k + 1], self.number)
        return None

    def is_complete(self):
        last, top = self.cohorts()[-1], self.levels[-1]
        return last is not None and len(self.heard[top]) + self.vanished[top] == len(last)


class PlainHalving:
    """Older brackets' jobs first, then a new trial; with the barrier one bracket after the other.

    DONE once the searcher, asked for a trial, had none and nothing below r_max is running.
    """

    def __init__(self, trials, r_min, r_max, eta, prefact, barrier):
        self.new = iter(trials)
        self.levels = rung_levels(r_min, r_max, eta)
        self.eta, self.barrier = eta, barrier
        self.room = prefact * eta ** (len(self.levels) - 1)
        self.brackets = []
        self.exhausted = False
        self.running = []

    def ask(self):
        answer = self.promotion() or self.new_trial() or self.promotion()
        if answer is None:
            may_follow = any(job.stop < self.levels[-1] for job in self.running)
            return Idle.WAIT if may_follow or not self.exhausted else Idle.DONE
        self.running.append(answer)
        self.brackets[answer.bracket].started[answer.stop].append(answer.trial.number)
        return answer

    def tell(self, job, loss):
        self.running.remove(job)
        bracket = self.brackets[job.bracket]
        if loss is None:
            bracket.vanished[job.stop] += 1
        else:
            bracket.heard[job.stop].append((loss, job.trial.number))

    def promotion(self):
        return next(filter(None, (bracket.queued() for bracket in self.brackets)), None)

    def new_trial(self):
        if self.exhausted:
            return None
        if not self.brackets or len(self.entered()) == self.room:
            if self.barrier and not all(bracket.is_complete() for bracket in self.brackets):
                return None
            self.brackets.append(PlainBracket(len(self.brackets), self.levels, self.eta, self.room))
        trial = next(self.new, None)
        if trial is None:
            self.exhausted = True
            self.brackets[-1].room = len(self.entered())  # n0: as many as there were
            return None
        return Job(trial, 0, self.levels[0], self.brackets[-1].number)

    def entered(self):
        return self.brackets[-1].started[self.levels[0]]


@given(
    script=st.binary(min_size=60, max_size=200),
    count=st.sampled_from([0, 1, 2, 3, 4, 5, 8, 11, 1000]),
    workers=st.integers(1, 6),
    eta=st.integers(2, 4),
    r_min=st.integers(1, 3),
    more=st.integers(0, 12),
    prefact=st.sampled_from([1, 1, 2, 3]),
    barrier=st.booleans(),
    lost=st.sampled_from(LOST),
)
@often
def test_every_answer_is_the_rules(
    drive_both, trials, script, count, workers, eta, r_min, more, prefact, barrier, lost
):
    r_max = r_min + more
    halving = SuccessiveHalving(
        trials(count),
        r_min=r_min,
        r_max=r_max,
        eta=eta,
        prefact=prefact,
        barrier=barrier,
        lost=lost,
    )
    oracle = PlainHalving([Trial(i, {}) for i in range(count)], r_min, r_max, eta, prefact, barrier)
    drive_both(halving, oracle, script, workers, to_the_end=count < 20, lost=lost)
    for bracket in halving._open.values():
        for rung in bracket.rungs:
            rung._check()


def train(halving, jobs, losses):
    for job, loss in zip(jobs, losses, strict=True):
        halving.job_done(job, [loss] * (job.stop - job.start))


def test_eight_trials_by_hand(trials, start, brief):
    # (2, 10, eta 2): levels 2, 4, 8, 10, so n0 = 2**3 = 8. 8 at 2 -> 4 at 4 -> 2 at 8 -> 1 at 10.
    halving = SuccessiveHalving(trials(8), r_min=2, r_max=10, eta=2)
    jobs = start(halving, 8)
    assert [brief(job) for job in jobs] == [(number, 0, 2) for number in range(8)]
    assert halving.next_job() is Idle.WAIT
    train(halving, jobs[::-1], [0.3, 0.1, 0.7, 0.5, 0.2, 0.8, 0.4, 0.6])
    #  trial                    7    6    5    4    3    2    1    0
    jobs = start(halving, 4)
    assert [brief(job) for job in jobs] == [(6, 2, 4), (3, 2, 4), (7, 2, 4), (1, 2, 4)]
    assert halving.next_job() is Idle.WAIT
    train(halving, jobs, [0.4, 0.3, 0.3, 0.2])  # 3 and 7 tie: the lower number first
    jobs = start(halving, 2)
    assert [brief(job) for job in jobs] == [(1, 4, 8), (3, 4, 8)]
    train(halving, jobs, [0.2, 0.1])
    (last,) = start(halving, 1)
    assert brief(last) == (3, 8, 10)
    train(halving, [last], [0.1])
    assert halving.next_job() is Idle.DONE


def test_ninety_trials_at_a_prefact_that_is_no_power(trials, start):
    # eta 3, levels 1, 3, 9; prefact 5: 45 at 1 -> 15 at 3 -> 5 at 9.
    halving = SuccessiveHalving(trials(90), r_min=1, r_max=9, eta=3, prefact=5)
    for size in (45, 15, 5):
        jobs = start(halving, size)
        assert halving.next_job() is Idle.WAIT
        train(halving, jobs, [job.trial.number / 100 for job in jobs])
    assert halving.next_job().trial.number == 45  # the next bracket


def test_fewer_trials_than_a_bracket_has_room_for(trials, start, brief):
    # n0 is 5 instead of 9: 5 at 1 -> 5 // 3 = 1 at 3 -> max(1, 5 // 9) = 1 at 9.
    halving = SuccessiveHalving(trials(5), r_min=1, r_max=9, eta=3)
    jobs = start(halving, 5)
    assert halving.next_job() is Idle.WAIT
    train(halving, jobs, [0.5, 0.4, 0.3, 0.2, 0.1])
    for expected in [(4, 1, 3), (4, 3, 9)]:
        job = halving.next_job()
        assert brief(job) == expected
        assert halving.next_job() is (Idle.WAIT if job.stop < 9 else Idle.DONE)
        train(halving, [job], [0.1])
    assert halving.next_job() is Idle.DONE


def test_with_the_barrier_the_next_bracket_waits_for_the_whole_of_the_last(trials, start, brief):
    halving = SuccessiveHalving(trials(4), r_min=1, r_max=2, eta=2)
    jobs = start(halving, 2)
    train(halving, jobs, [0.2, 0.1])
    (last,) = start(halving, 1)
    assert brief(last) == (1, 1, 2)
    assert halving.next_job() is Idle.WAIT
    train(halving, [last], [0.1])
    jobs = start(halving, 2)
    assert [(*brief(job), job.bracket) for job in jobs] == [(2, 0, 1, 1), (3, 0, 1, 1)]


def test_without_it_a_free_worker_opens_the_next_but_older_jobs_go_first(trials, start, brief):
    halving = SuccessiveHalving(trials(9), r_min=1, r_max=2, eta=2, barrier=False)
    jobs = start(halving, 4)
    assert [job.bracket for job in jobs] == [0, 0, 1, 1]
    train(halving, jobs[2:], [0.1, 0.1])  # bracket 1 promotes trial 2
    train(halving, jobs[:2], [0.9, 0.8])  # bracket 0 promotes trial 1, and is the older
    answers = [halving.next_job() for _ in range(3)]
    assert [(*brief(job), job.bracket) for job in answers] == [
        (1, 1, 2, 0),
        (2, 1, 2, 1),
        (4, 0, 1, 2),
    ]


def test_the_place_of_a_diverged_trial_stays_empty(trials, start, brief):
    # eta 2, levels 1, 2, 4: 4 -> 2 -> 1. Three of four diverge: one goes to 2, and on to 4.
    halving = SuccessiveHalving(trials(4), r_min=1, r_max=4, eta=2)
    jobs = start(halving, 4)
    train(halving, jobs, [float("nan"), float("inf"), 0.9, float("nan")])
    job = halving.next_job()
    assert brief(job) == (2, 1, 2)
    assert halving.next_job() is Idle.WAIT
    train(halving, [job], [0.8])
    assert brief(halving.next_job()) == (2, 2, 4)


def test_a_rung_from_which_a_trial_vanishes_is_full_without_it(trials, start, brief):
    # eta 2, levels 1, 2, 4: 4 -> 2 -> 1. One vanishes: three are heard from, still two go on.
    halving = SuccessiveHalving(trials(4), r_min=1, r_max=4, eta=2, lost="vanish")
    jobs = start(halving, 4)
    train(halving, jobs[:3], [0.3, 0.2, 0.1])
    assert halving.next_job() is Idle.WAIT
    halving.job_lost(jobs[3])
    jobs = start(halving, 2)
    assert [brief(job) for job in jobs] == [(2, 1, 2), (1, 1, 2)]
    halving.job_lost(jobs[0])
    assert halving.next_job() is Idle.WAIT
    halving.job_lost(jobs[1])
    assert halving.next_job() is Idle.DONE


@pytest.mark.parametrize("barrier", [True, False])
def test_a_bracket_from_which_all_vanish_gives_way(trials, start, brief, barrier):
    halving = SuccessiveHalving(trials(3), r_min=1, r_max=2, eta=2, barrier=barrier, lost="vanish")
    for job in start(halving, 2):
        halving.job_lost(job)
    (job,) = start(halving, 1)
    assert (*brief(job), job.bracket) == (2, 0, 1, 1)
    assert halving.next_job() is Idle.WAIT  # the bracket is closed with one trial
    halving.job_lost(job)
    assert halving.next_job() is Idle.DONE


@pytest.mark.parametrize("barrier", [True, False])
def test_a_bracket_in_which_all_diverge_gives_way(trials, start, brief, barrier):
    halving = SuccessiveHalving(trials(4), r_min=1, r_max=2, eta=2, barrier=barrier)
    jobs = start(halving, 2)
    halving.job_lost(jobs[0])
    halving.job_done(jobs[1], [float("nan")])
    jobs = start(halving, 2)
    assert [brief(job) for job in jobs] == [(2, 0, 1), (3, 0, 1)]
    halving.job_lost(jobs[0])
    halving.job_lost(jobs[1])
    assert halving.next_job() is Idle.DONE


def test_no_trial_at_all(trials):
    assert SuccessiveHalving(trials(0), r_min=1, r_max=4, eta=2).next_job() is Idle.DONE


@pytest.mark.parametrize("prefact", [0, -1, 1.5])
def test_a_prefact_below_one_is_refused(trials, prefact):
    with pytest.raises(ValueError, match=f"prefact is {prefact}"):
        SuccessiveHalving(trials(1), r_min=1, r_max=4, eta=2, prefact=prefact)
