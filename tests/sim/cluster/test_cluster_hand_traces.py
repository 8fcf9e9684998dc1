"""Traces worked by hand: the stories of d2l 19.5 and of the ASHA paper, to the exact second."""

import pytest

from learning_curves.synthetic import Scripted
from sim.cluster.cluster import Cluster
from sim.jobs.costs import Costs
from sim.jobs.limits import Limits
from sim.schedulers import ASHA, RandomSearch, StoppingASHA, SuccessiveHalving
from sim.searchers import Listed


def scripted(losses, seconds):
    """Return curves of 4 epochs: losses after 1, 2 and 4 epochs; one number of seconds an epoch."""
    return Scripted(
        losses=[[first, second, second, fourth] for first, second, fourth in losses],
        seconds=[[each] * 4 for each in seconds],
    )


def test_sh_with_its_barrier_as_in_d2l_figure_19_5_1(rows):
    # eta 2, levels 1, 2, 4; four trials, two workers. Seconds an epoch: 1, 1.5, 4, 2.
    #   t   worker 0             worker 1
    #   0   Trial-0 to 1 (1 s)   Trial-1 to 1 (1.5 s)
    #   1   Trial-2 to 1 (4 s)
    #   1.5                      Trial-3 to 1 (2 s)
    #   3.5                      waits for the slow Trial-2
    #   5   the rung is full: 0.3 and 0.4, trials 0 and 3, are the best two of four
    #       Trial-0 to 2 (1 s)   Trial-3 to 2 (2 s)
    #   6   waits for Trial-3
    #   7   the rung is full, 0.2 < 0.25: Trial-0 goes to 4. Worker 1 has just been freed, it asks
    #       first               Trial-0 to 4 (2 s)
    #   9   the end: 4 * (1 + 1.5 + 4 + 2) is not all trained, most was dropped
    curves = scripted(
        losses=[(0.3, 0.2, 0.1), (0.5, 0.5, 0.5), (0.6, 0.6, 0.6), (0.4, 0.25, 0.2)],
        seconds=[1.0, 1.5, 4.0, 2.0],
    )
    halving = SuccessiveHalving(Listed(curves.configs), r_min=1, r_max=4, eta=2)
    trace = Cluster(halving, curves, workers=2).run()
    assert rows(trace) == [
        (0, 0, 0, 1, 0.0, 1.0),
        (1, 1, 0, 1, 0.0, 1.5),
        (2, 0, 0, 1, 1.0, 5.0),
        (3, 1, 0, 1, 1.5, 3.5),
        (0, 0, 1, 2, 5.0, 6.0),
        (3, 1, 1, 2, 5.0, 7.0),
        (0, 1, 2, 4, 7.0, 9.0),
    ]
    assert trace.end == trace.drained_from == 9.0
    assert trace.jobs["loss"].tolist() == [0.3, 0.5, 0.6, 0.4, 0.2, 0.25, 0.1]
    assert set(trace.jobs["outcome"]) == {"done"}


def test_asha_as_in_d2l_figure_19_5_2(rows):
    # eta 2, levels 1, 2, 4; two workers. Seconds an epoch: 1, 1.5, 3, 1, 2.5, 1.
    #   t   what ends                       n // 2 at its rung      so the free worker starts
    #   0                                                           0: Trial-0    1: Trial-1
    #   1   Trial-0 at 1, loss 0.3          1 // 2 = 0              0: Trial-2
    #   1.5 Trial-1 at 1, 0.5               2 // 2 = 1: Trial-0     1: Trial-0 to 2, at once
    #   2.5 Trial-0 at 2, 0.2: too few      1 // 2 = 0              1: Trial-3
    #   3.5 Trial-3 at 1, 0.4: behind 0     3 // 2 = 1: (0)         1: Trial-4
    #   4   Trial-2 at 1, 0.6: worse than 3 4 // 2 = 2: (0), 3      0: Trial-3 to 2
    #   5   Trial-3 at 2, 0.25              2 // 2 = 1: Trial-0     0: Trial-0 to 4
    #   6   Trial-4 at 1, 0.7               5 // 2 = 2: (0), (3)    1: Trial-5
    #   7   Trial-0 at 4, then Trial-5 at 1; nine jobs were the limit
    curves = scripted(
        losses=[
            (0.3, 0.2, 0.1),
            (0.5, 0.5, 0.5),
            (0.6, 0.6, 0.6),
            (0.4, 0.25, 0.2),
            (0.7, 0.7, 0.7),
            (0.8, 0.8, 0.8),
        ],
        seconds=[1.0, 1.5, 3.0, 1.0, 2.5, 1.0],
    )
    asha = ASHA(Listed(curves.configs), r_min=1, r_max=4, eta=2)
    trace = Cluster(asha, curves, workers=2, limits=Limits(max_jobs=9)).run()
    assert rows(trace) == [
        (0, 0, 0, 1, 0.0, 1.0),
        (1, 1, 0, 1, 0.0, 1.5),
        (2, 0, 0, 1, 1.0, 4.0),
        (0, 1, 1, 2, 1.5, 2.5),
        (3, 1, 0, 1, 2.5, 3.5),
        (4, 1, 0, 1, 3.5, 6.0),
        (3, 0, 1, 2, 4.0, 5.0),
        (0, 0, 2, 4, 5.0, 7.0),
        (5, 1, 0, 1, 6.0, 7.0),
    ]
    assert trace.end == 7.0
    assert trace.drained_from == 6.0  # the ninth job was handed out then


@pytest.mark.parametrize(
    ("checkpoints", "promotions", "seconds"),
    # With checkpoints: 1 epoch, 3 - 1 = 2, 9 - 3 = 6: together 9, time(R).
    # Without: 1, 3 and 9 epochs, together 13 = 13/9 of time(R).
    [(True, [(0, 1), (1, 3), (3, 9)], 9), (False, [(0, 1), (1, 4), (4, 13)], 13)],
)
def test_nine_workers_as_in_section_3_of_the_asha_paper(checkpoints, promotions, seconds):
    curves = Scripted([[number / 1000] * 9 for number in range(500)])  # the first is the best
    asha = ASHA(Listed(curves.configs), r_min=1, r_max=9, eta=3)
    trace = Cluster(
        asha,
        curves,
        workers=9,
        costs=Costs(checkpoints=checkpoints),
        limits=Limits(max_finished=1),
    ).run()
    assert trace.end == seconds
    jobs = trace.jobs
    finished = jobs[(jobs["stop"] == 9) & (jobs["outcome"] == "done")]
    assert finished[["trial", "ended"]].to_numpy().tolist() == [[0, seconds]]
    winner = jobs[jobs["trial"] == 0]
    assert list(zip(winner["started"], winner["ended"], strict=True)) == promotions


def test_random_search_in_batches_as_in_d2l_figure_19_3_1(rows):
    # Four workers' batches of two: two workers never get anything, the others wait for the slower.
    curves = Scripted([[0.5]] * 4, seconds=[[1.0], [3.0], [2.0], [1.0]])
    search = RandomSearch(Listed(curves.configs), r_max=1, batch=2)
    trace = Cluster(search, curves, workers=2).run()
    assert rows(trace) == [
        (0, 0, 0, 1, 0.0, 1.0),
        (1, 1, 0, 1, 0.0, 3.0),
        (2, 1, 0, 1, 3.0, 5.0),  # worker 1, freed at 3, asks before worker 0, idle since 1
        (3, 0, 0, 1, 3.0, 4.0),
    ]
    assert trace.drained_from == trace.end == 5.0


def test_stopping_asha_by_hand(rows):
    # eta 2, levels 1, 2, 4; two workers; seconds an epoch 1, 1.5, 1, 1.
    #   t    worker 0                                    worker 1
    #   0    Trial-0                                     Trial-1
    #   1    0.3: first of 1, goes on to 2 in place
    #   1.5                                              0.5: second of 2, stops; Trial-2
    #   2    0.2: first of 1 at rung 2, goes on to 4
    #   2.5                                              0.2: first of 3, goes on to 2 in place
    #   3.5                                              0.3: second of 2, stops; Trial-3
    #   4    0.1 at r_max. No trial is left, but Trial-3 may go on: waits
    #   4.5                                              0.1: first of 4, 4 // 2 = 2, goes on to 2
    #   5.5                                              0.1: first of 3, goes on to 4
    #                                                    now DONE: worker 0 is told nothing more
    #   7.5                                              the end
    curves = scripted(
        losses=[(0.3, 0.2, 0.1), (0.5, 0.5, 0.5), (0.2, 0.3, 0.3), (0.1, 0.1, 0.1)],
        seconds=[1.0, 1.5, 1.0, 1.0],
    )
    stopping = StoppingASHA(Listed(curves.configs), r_min=1, r_max=4, eta=2)
    trace = Cluster(stopping, curves, workers=2).run()
    assert rows(trace) == [
        (0, 0, 0, 1, 0.0, 1.0),
        (1, 1, 0, 1, 0.0, 1.5),
        (0, 0, 1, 2, 1.0, 2.0),
        (2, 1, 0, 1, 1.5, 2.5),
        (0, 0, 2, 4, 2.0, 4.0),
        (2, 1, 1, 2, 2.5, 3.5),
        (3, 1, 0, 1, 3.5, 4.5),
        (3, 1, 1, 2, 4.5, 5.5),
        (3, 1, 2, 4, 5.5, 7.5),
    ]
    assert trace.end == 7.5
    assert trace.drained_from == 5.5
