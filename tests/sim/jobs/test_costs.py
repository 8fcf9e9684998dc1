"""Costs: what a job pays beside its epochs, alone and on the clock."""

from math import inf, nan

import pytest

from learning_curves.synthetic import Scripted
from sim.cluster.cluster import Cluster
from sim.jobs.costs import Costs
from sim.schedulers import ASHA, Job, StoppingASHA, SuccessiveHalving, Trial
from sim.searchers import Listed

COSTS = Costs(start_seconds=8.0, restore_seconds=4.0, save_seconds=2.0)
NO_CHECKPOINTS = Costs(start_seconds=8.0, restore_seconds=4.0, save_seconds=2.0, checkpoints=False)


def job(start, stop):
    return Job(Trial(0, {}), start, stop)


@pytest.mark.parametrize(
    ("costs", "start", "carries_on", "before"),
    [
        (COSTS, 0, False, 8.0),  # start
        (COSTS, 3, False, 12.0),  # start and restore
        (COSTS, 3, True, 0.0),  # straight on
        (NO_CHECKPOINTS, 0, False, 8.0),
        (NO_CHECKPOINTS, 3, False, 8.0),  # there is nothing to restore
        (NO_CHECKPOINTS, 3, True, 8.0),  # every job trains anew
        (Costs(), 3, False, 0.0),
    ],
)
def test_what_passes_before_the_first_epoch(costs, start, carries_on, before):
    first = costs.first_epoch(job(start, 9))
    assert costs.before(first, carries_on=carries_on) == before


@pytest.mark.parametrize(
    ("costs", "stop", "after"),
    [(COSTS, 3, 2.0), (COSTS, 9, 0.0), (NO_CHECKPOINTS, 3, 0.0), (Costs(), 3, 0.0)],
)
def test_only_who_pauses_below_r_max_saves(costs, stop, after):
    assert costs.after(job(0, stop), r_max=9) == after


def test_without_checkpoints_training_begins_at_epoch_0():
    assert COSTS.first_epoch(job(3, 9)) == 3
    assert NO_CHECKPOINTS.first_epoch(job(3, 9)) == 0


@pytest.mark.parametrize("name", ["start_seconds", "restore_seconds", "save_seconds"])
@pytest.mark.parametrize("value", [-1.0, inf, nan])
def test_seconds_that_cannot_be_are_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} is {value}"):
        Costs(**{name: value})


def run(scheduler, curves, workers=1, **settings):
    jobs = Cluster(scheduler, curves, workers=workers, **settings).run().jobs
    columns = ["trial", "stop", "started", "ended", "overhead"]
    return list(jobs[columns].itertuples(index=False, name=None))


def test_the_seconds_of_each_job_by_hand():
    # eta 2, levels 1, 2, 4; four trials of 1 s an epoch, one worker.
    curves = Scripted([[number / 10] * 4 for number in range(4)])
    halving = SuccessiveHalving(Listed(curves.configs), r_min=1, r_max=4, eta=2)
    assert run(halving, curves, costs=COSTS) == [
        (0, 1, 0.0, 11.0, 10.0),  # start 8, train 1, save 2
        (1, 1, 11.0, 22.0, 10.0),
        (2, 1, 22.0, 33.0, 10.0),
        (3, 1, 33.0, 44.0, 10.0),
        (0, 2, 44.0, 59.0, 14.0),  # start 8, restore 4, train 1, save 2
        (1, 2, 59.0, 74.0, 14.0),
        (0, 4, 74.0, 88.0, 12.0),  # start 8, restore 4, train 2
    ]
    halving = SuccessiveHalving(Listed(curves.configs), r_min=1, r_max=4, eta=2)
    assert run(halving, curves, costs=NO_CHECKPOINTS) == [
        (0, 1, 0.0, 9.0, 8.0),  # start 8, train 1
        (1, 1, 9.0, 18.0, 8.0),
        (2, 1, 18.0, 27.0, 8.0),
        (3, 1, 27.0, 36.0, 8.0),
        (0, 2, 36.0, 46.0, 8.0),  # train 2, from scratch
        (1, 2, 46.0, 56.0, 8.0),
        (0, 4, 56.0, 68.0, 8.0),  # train 4, from scratch
    ]


def test_a_trial_that_is_carried_straight_on_pays_only_what_it_saves():
    curves = Scripted([[0.5] * 4])
    stopping = StoppingASHA(Listed(curves.configs), r_min=1, r_max=4, eta=2)
    assert run(stopping, curves, costs=COSTS) == [
        (0, 1, 0.0, 11.0, 10.0),
        (0, 2, 11.0, 14.0, 2.0),
        (0, 4, 14.0, 16.0, 0.0),
    ]


def test_a_worker_that_did_something_else_between_starts_and_restores():
    # One worker: trials 0 and 1 to epoch 1, then back to trial 0.
    curves = Scripted([[0.1] * 2, [0.2] * 2])
    asha = ASHA(Listed(curves.configs), r_min=1, r_max=2, eta=2)
    assert run(asha, curves, costs=COSTS)[2] == (0, 2, 22.0, 35.0, 12.0)


def test_a_worker_that_has_just_trained_the_trial_carries_on():
    # Trial 1 ends last and is the better one.
    curves = Scripted([[0.2] * 2, [0.1] * 2])
    asha = ASHA(Listed(curves.configs), r_min=1, r_max=2, eta=2)
    assert run(asha, curves, costs=COSTS)[2] == (1, 2, 22.0, 23.0, 0.0)


def test_a_worker_whose_trial_went_on_elsewhere_does_not_hold_it_any_more():
    # eta 2, 8 trials on 8 workers to 1, 4 to 2, 2 to 4. Workers 1, 2, 3, then 0 are free first, and
    # worker 7 last: it and the three longest idle train trials 7, 0, 5 and 6 to 2. Worker 7 is last
    # again, and carries trial 7 on; worker 0, idle ever since it trained trial 0 to 1, takes it
    # up from 2.
    seconds = [4.0, 1.0, 2.0, 3.0, 5.0, 6.0, 7.0, 8.0]
    losses = [0.2, 0.9, 0.9, 0.9, 0.9, 0.3, 0.4, 0.1]
    curves = Scripted([[loss] * 4 for loss in losses], [[each] * 4 for each in seconds])
    halving = SuccessiveHalving(Listed(curves.configs), r_min=1, r_max=4, eta=2, prefact=2)
    costs = Costs(start_seconds=0.5, restore_seconds=0.25)
    jobs = Cluster(halving, curves, workers=8, costs=costs).run().jobs
    assert jobs[["trial", "worker", "start", "stop", "overhead"]].to_numpy().tolist()[8:] == [
        [7, 7, 1, 2, 0.0],
        [0, 1, 1, 2, 0.75],
        [5, 2, 1, 2, 0.75],
        [6, 3, 1, 2, 0.75],
        [7, 7, 2, 4, 0.0],
        [0, 0, 2, 4, 0.75],
    ]


def test_a_worker_of_speed_2_trains_twice_as_fast_but_starts_no_faster():
    curves = Scripted([[0.5] * 4] * 5, [[3.0] * 4] * 5)
    asha = ASHA(Listed(curves.configs[:3]), r_min=4, r_max=4, eta=2)
    jobs = run(asha, curves, workers=3, speeds=(1.0, 2.0), costs=Costs(start_seconds=8.0))
    # Fewer speeds than workers are repeated: workers 0 and 2 train 12 s, worker 1 trains 6 s.
    assert [row[3] for row in jobs] == [20.0, 14.0, 20.0]
    assert {row[4] for row in jobs} == {8.0}
