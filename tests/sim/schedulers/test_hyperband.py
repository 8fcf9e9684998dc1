"""Hyperband: its sizes, and rounds worked by hand. (Its rule stated anew is in test_cycle.py.)"""

import pytest

from sim.schedulers import Hyperband, Idle
from sim.schedulers.hyperband import bracket_shapes


@pytest.mark.parametrize(
    ("levels", "eta", "prefact", "sizes"),
    [
        # Li et al. 2018, Table 1: R = 81, eta = 3. n = ceil(5 / (s + 1) * 3**s), s = 4 .. 0:
        # 5/5 * 81 = 81, 5/4 * 27 = 33.75, 5/3 * 9 = 15, 5/2 * 3 = 7.5, 5/1 * 1 = 5.
        ((1, 3, 9, 27, 81), 3, 1, [81, 34, 15, 8, 5]),
        ((1, 3, 9, 27, 81), 3, 2, [162, 68, 30, 16, 10]),
        # Not a power: (2, 10, eta 2). 4/4 * 8 = 8, 4/3 * 4 = 5.33, 4/2 * 2 = 4, 4/1 * 1 = 4.
        ((2, 4, 8, 10), 2, 1, [8, 6, 4, 4]),
        ((7,), 3, 1, [1]),
    ],
)
def test_sizes_by_hand(levels, eta, prefact, sizes):
    shapes = bracket_shapes(levels, eta, prefact)
    assert [shape.size for shape in shapes] == sizes
    assert [shape.levels for shape in shapes] == [levels[b:] for b in range(len(levels))]


def train(hyperband, jobs):
    """Let each trial be the better, the higher its number."""
    for job in jobs:
        hyperband.job_done(job, [1 / (job.trial.number + 1)] * (job.stop - job.start))


def test_a_round_of_the_papers_example_by_hand(trials, start):
    # R = 81, eta = 3: how many trials go to which level, bracket by bracket (Table 1).
    hyperband = Hyperband(trials(1000), r_min=1, r_max=81, eta=3)
    rounds = [
        [(81, 0, 1), (27, 1, 3), (9, 3, 9), (3, 9, 27), (1, 27, 81)],
        [(34, 0, 3), (11, 3, 9), (3, 9, 27), (1, 27, 81)],
        [(15, 0, 9), (5, 9, 27), (1, 27, 81)],
        [(8, 0, 27), (2, 27, 81)],
        [(5, 0, 81)],
    ]
    rounds += rounds[:1]  # and the next round begins
    drawn = 0
    for number, bracket in enumerate(rounds):
        drawn += bracket[0][0]
        for size, begin, stop in bracket:
            jobs = start(hyperband, size)
            assert {(job.start, job.stop, job.bracket) for job in jobs} == {(begin, stop, number)}
            if begin:  # the best, in order of rank
                best = range(drawn - 1, drawn - 1 - size, -1)
                assert [job.trial.number for job in jobs] == list(best)
            assert hyperband.next_job() is Idle.WAIT
            train(hyperband, jobs)


def test_without_the_barrier_a_free_worker_opens_the_next_bracket(trials, start, brief):
    # eta 2, levels 1, 2: 2 trials from 1, then ceil(2 / 1) = 2 at 2, then the next round.
    hyperband = Hyperband(trials(9), r_min=1, r_max=2, eta=2, barrier=False)
    jobs = start(hyperband, 5)
    assert [(*brief(job), job.bracket) for job in jobs] == [
        (0, 0, 1, 0),
        (1, 0, 1, 0),
        (2, 0, 2, 1),
        (3, 0, 2, 1),
        (4, 0, 1, 2),
    ]
    train(hyperband, jobs[:2])
    answers = [hyperband.next_job() for _ in range(2)]
    assert [(*brief(job), job.bracket) for job in answers] == [(1, 1, 2, 0), (5, 0, 1, 2)]


@pytest.mark.parametrize("barrier", [True, False])
@pytest.mark.parametrize("lost", ["inf", "vanish"])
def test_a_bracket_whose_trials_are_all_lost_gives_way(trials, start, brief, barrier, lost):
    hyperband = Hyperband(trials(4), r_min=1, r_max=2, eta=2, barrier=barrier, lost=lost)
    for job in start(hyperband, 2):
        hyperband.job_lost(job)
    jobs = start(hyperband, 2)
    assert [(*brief(job), job.bracket) for job in jobs] == [(2, 0, 2, 1), (3, 0, 2, 1)]
    for job in jobs:
        hyperband.job_lost(job)
    assert hyperband.next_job() is Idle.DONE


@pytest.mark.parametrize("prefact", [0, 1.5])
def test_a_prefact_below_one_is_refused(trials, prefact):
    with pytest.raises(ValueError, match=f"prefact is {prefact}"):
        Hyperband(trials(1), r_min=1, r_max=4, eta=2, prefact=prefact)
