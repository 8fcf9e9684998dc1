"""Synchronous successive halving: worked by hand. (Against its rule stated anew: test_cycle.py.)"""

import pytest

from sim.schedulers import Idle, SuccessiveHalving


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
