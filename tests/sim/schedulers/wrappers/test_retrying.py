"""Retrying: lost jobs come first, the scheduler inside hears of a loss only when it is final."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.schedulers import (
    ASHA,
    LOST,
    Contract,
    Idle,
    Job,
    RandomSearch,
    Retrying,
    SuccessiveHalving,
)
from sim.schedulers.catalogue import SCHEDULERS

often = settings(max_examples=400, derandomize=True, deadline=None)
NAMES = tuple(SCHEDULERS)


class PlainRetrying:
    """The longest lost job first, else what a twin answers that hears of final losses only.

    DONE is withheld while a job runs: it may be lost, and would be needed again.
    """

    def __init__(self, twin, attempts):
        self.twin, self.attempts = twin, attempts
        self.again, self.running = [], []
        self.tried = Counter()

    def ask(self):
        answer = self.again.pop(0) if self.again else self.twin.next_job()
        if answer is Idle.DONE and self.running:
            return Idle.WAIT
        if isinstance(answer, Job):
            self.running.append(answer)
            self.tried[answer] += 1
            assert self.tried[answer] <= self.attempts
        return answer

    def tell(self, job, outcome, tell, lost):
        self.running.remove(job)
        if outcome is not lost or self.tried[job] == self.attempts:
            tell(self.twin, job, outcome)
        else:
            self.again.append(job)


@pytest.mark.parametrize("name", NAMES)
@given(
    script=st.binary(min_size=40, max_size=150),
    count=st.sampled_from([0, 1, 2, 3, 5, 8, 1000]),
    workers=st.integers(1, 6),
    eta=st.integers(2, 4),
    levels=st.tuples(st.integers(1, 3), st.integers(3, 20)),
    attempts=st.integers(1, 4),
    contract=st.sampled_from(["inside", "outside", "both"]),
    leaves=st.sampled_from(LOST),
)
@often
def test_every_answer_is_the_rules(
    makers,
    trials,
    moves,
    tell,
    lost,
    name,
    script,
    count,
    workers,
    eta,
    levels,
    attempts,
    contract,
    leaves,
):
    scheduler = makers[name](trials(count), levels, eta, leaves)
    if contract != "outside":
        scheduler = Contract(scheduler)
    scheduler = Retrying(scheduler, attempts)
    if contract != "inside":
        scheduler = Contract(scheduler)
    oracle = PlainRetrying(makers[name](trials(count), levels, eta, leaves), attempts)

    running = []
    script = moves(script, workers)
    next(script)
    while True:
        try:
            move = script.send(len(running))
        except StopIteration:
            break
        if move == "ask":
            answer = scheduler.next_job()
            assert answer == oracle.ask()
            running += [answer] if isinstance(answer, Job) else []
        else:
            place, outcome = move
            job = running.pop(place)
            tell(scheduler, job, outcome)
            oracle.tell(job, outcome, tell, lost)


def test_lost_jobs_come_first_the_longest_lost_before_the_others(trials, start, brief):
    scheduler = Retrying(ASHA(trials(9), r_min=1, r_max=4, eta=2), attempts=2)
    jobs = start(scheduler, 4)
    scheduler.job_lost(jobs[2])
    scheduler.job_lost(jobs[0])
    scheduler.job_done(jobs[1], [0.1])
    scheduler.job_done(jobs[3], [0.2])  # trial 1 is promotable, but lost jobs come first
    assert [brief(scheduler.next_job()) for _ in range(4)] == [
        (2, 0, 1),
        (0, 0, 1),
        (1, 1, 2),
        (4, 0, 1),
    ]


@pytest.mark.parametrize("attempts", [1, 2, 5])
def test_it_gives_up_after_so_many_attempts(trials, brief, attempts):
    # SH, eta 2, two trials to level 1: trial 0 is lost for good, so trial 1 goes on.
    scheduler = Retrying(SuccessiveHalving(trials(2), r_min=1, r_max=2, eta=2), attempts)
    first, second = scheduler.next_job(), scheduler.next_job()
    scheduler.job_done(second, [0.5])
    scheduler.job_lost(first)
    for _ in range(attempts - 1):
        job = scheduler.next_job()
        assert brief(job) == (0, 0, 1)
        assert scheduler.next_job() is Idle.WAIT
        scheduler.job_lost(job)
    assert brief(scheduler.next_job()) == (1, 1, 2)


def test_each_job_of_a_trial_has_its_own_attempts(trials, brief):
    scheduler = Retrying(SuccessiveHalving(trials(2), r_min=1, r_max=2, eta=2), attempts=2)
    first, second = scheduler.next_job(), scheduler.next_job()
    scheduler.job_lost(first)
    first = scheduler.next_job()
    scheduler.job_done(first, [0.1])
    scheduler.job_done(second, [0.5])
    job = scheduler.next_job()
    assert brief(job) == (0, 1, 2)
    scheduler.job_lost(job)  # the first loss of this job
    assert brief(scheduler.next_job()) == (0, 1, 2)


def test_who_is_given_the_same_job_again_counts_anew(trials, brief):
    # The inner one hears of every second loss, and gives up at its second: 4 attempts in all.
    search = RandomSearch(trials(1), r_max=1)
    scheduler = Retrying(Retrying(search, attempts=2), attempts=2)
    for _ in range(4):
        job = scheduler.next_job()
        assert brief(job) == (0, 0, 1)
        scheduler.job_lost(job)
    assert scheduler.next_job() is Idle.DONE


def test_done_is_withheld_while_a_job_runs(trials, start):
    scheduler = Retrying(RandomSearch(trials(2), r_max=3), attempts=2)
    first, second = start(scheduler, 2)
    assert scheduler.next_job() is Idle.WAIT  # RandomSearch itself says DONE
    scheduler.job_done(first, [0.5] * 3)
    assert scheduler.next_job() is Idle.WAIT
    scheduler.job_lost(second)
    assert scheduler.next_job() == second
    scheduler.job_done(second, [0.5] * 3)
    assert scheduler.next_job() is Idle.DONE


@pytest.mark.parametrize("attempts", [0, -1])
def test_a_job_is_tried_at_least_once(trials, attempts):
    with pytest.raises(ValueError, match=f"attempts is {attempts}"):
        Retrying(RandomSearch(trials(1), r_max=1), attempts)
