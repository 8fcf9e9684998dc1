"""The law of simultaneous events: who reports first, who asks first, who is not asked at all."""

import pytest

from learning_curves.synthetic import Scripted
from sim.cluster.cluster import Cluster
from sim.jobs.costs import Costs
from sim.schedulers import ASHA, Idle, Job, RandomSearch, StoppingASHA, SuccessiveHalving, Trial
from sim.searchers import Listed


class Told:
    """A scheduler of prepared answers that logs the conversation; WAIT once they are used up."""

    def __init__(self, answers, r_max):
        self.answers = list(answers)
        self.r_max = r_max
        self.log = []

    def next_job(self):
        answer = self.answers.pop(0) if self.answers else Idle.WAIT
        self.log.append(answer.trial.number if isinstance(answer, Job) else answer.name)
        return answer

    def job_done(self, job, losses):
        self.log.append(("done", job.trial.number, job.stop, list(losses)))


def fresh(number, stop=1):
    return Job(Trial(number, {"number": number}), 0, stop)


def one_epoch(*seconds):
    return Scripted([[0.5]] * len(seconds), [[each] for each in seconds])


def test_jobs_that_end_together_report_in_the_order_started_before_anybody_asks(rows):
    # Worker 0 trains 1 + 1 s, worker 1 trains 2 s, worker 2 trains 0.5 + 1.5 s; all end at 2, and
    # were started in the order worker 1 (at 0), worker 2 (at 0.5), worker 0 (at 1).
    curves = one_epoch(1.0, 2.0, 0.5, 1.5, 1.0, 1.0, 1.0, 1.0)
    scheduler = Told([fresh(number) for number in range(8)], r_max=1)
    trace = Cluster(scheduler, curves, workers=3).run()
    at_2 = scheduler.log[scheduler.log.index(("done", 1, 1, [0.5])) :]
    assert at_2[:6] == [
        ("done", 1, 1, [0.5]),
        ("done", 3, 1, [0.5]),
        ("done", 4, 1, [0.5]),
        5,
        6,
        7,
    ]
    assert rows(trace)[5:] == [
        (5, 1, 0, 1, 2.0, 3.0),
        (6, 2, 0, 1, 2.0, 3.0),
        (7, 0, 0, 1, 2.0, 3.0),
    ]


def test_the_just_freed_ask_first_then_the_longest_idle(rows):
    # Five workers in a batch of five: freed at 3, 1, 2, 4 and 4. The next batch goes to worker 3,
    # then 4 (freed together, in order of start), then 1 (idle since 1), 2 and 0.
    curves = one_epoch(3.0, 1.0, 2.0, 4.0, 4.0, 1.0, 1.0, 1.0, 1.0, 1.0)
    search = RandomSearch(Listed(curves.configs), r_max=1, batch=5)
    trace = Cluster(search, curves, workers=5).run()
    assert [row[:2] for row in rows(trace)[5:]] == [(5, 3), (6, 4), (7, 1), (8, 2), (9, 0)]
    assert trace.jobs["job"].tolist() == list(range(10))


def test_one_freed_worker_asks_before_those_that_wait(rows):
    curves = one_epoch(1.0, 2.0, 3.0, 1.0, 1.0, 1.0)
    search = RandomSearch(Listed(curves.configs), r_max=1, batch=3)
    trace = Cluster(search, curves, workers=3).run()
    assert [row[:2] for row in rows(trace)[3:]] == [(3, 2), (4, 0), (5, 1)]


def test_workers_that_waited_longer_stay_ahead_of_those_told_wait_later(rows):
    # Batches of one: at 0 only worker 0 gets a job, workers 1 and 2 wait. Each end frees one
    # worker, which asks first and gets the next job: the others wait to the end.
    curves = one_epoch(1.0, 1.0, 1.0)
    search = RandomSearch(Listed(curves.configs), r_max=1, batch=1)
    trace = Cluster(search, curves, workers=3).run()
    assert [row[1] for row in rows(trace)] == [0, 0, 0]


def test_asking_stops_at_the_first_wait():
    curves = one_epoch(1.0, 1.0, 2.0)
    scheduler = Told([fresh(0), fresh(1), fresh(2), Idle.WAIT, Idle.WAIT, Idle.DONE], r_max=1)
    Cluster(scheduler, curves, workers=7).run()
    # At 0: three jobs, then one WAIT for the other four workers. At 1: two are freed, one WAIT for
    # all six that are free. At 2: DONE, once.
    assert scheduler.log == [
        0,
        1,
        2,
        "WAIT",
        ("done", 0, 1, [0.5]),
        ("done", 1, 1, [0.5]),
        "WAIT",
        ("done", 2, 1, [0.5]),
        "DONE",
    ]


def test_nobody_asks_after_done():
    curves = one_epoch(1.0, 2.0)
    scheduler = Told([fresh(0), fresh(1), Idle.DONE], r_max=1)
    trace = Cluster(scheduler, curves, workers=3).run()
    assert scheduler.log == [0, 1, "DONE", ("done", 0, 1, [0.5]), ("done", 1, 1, [0.5])]
    assert (trace.drained_from, trace.end) == (0.0, 2.0)


def test_ten_thousand_idle_workers_are_not_asked_one_by_one(counted):
    curves = Scripted(
        [[number / 64] * 64 for number in range(64)], [[1.0 + n] * 64 for n in range(64)]
    )
    halving = counted(SuccessiveHalving(Listed(curves.configs), r_min=1, r_max=64, eta=2))
    trace = Cluster(halving, curves, workers=10_000).run()
    assert halving.answers["job"] == len(trace.jobs) == 127
    # One WAIT or DONE at most at each of the times at which somebody is free.
    assert halving.answers["WAIT"] + halving.answers["DONE"] <= 1 + trace.jobs["ended"].nunique()


@pytest.mark.parametrize("seconds", [[1.0, 1.0, 1.0], [1.0, 1.25, 1.5]])
def test_a_survivor_stays_on_its_worker_and_pays_neither_start_nor_restore(seconds):
    # Three workers, ending together or one by one. The first to arrive goes on, the second and
    # third (worse) stop; and at each rung the same, whoever reports first.
    curves = Scripted([[0.1] * 4, [0.2] * 4, [0.3] * 4], [[each] * 4 for each in seconds])
    costs = Costs(start_seconds=8.0, restore_seconds=4.0)
    stopping = StoppingASHA(Listed(curves.configs), r_min=1, r_max=4, eta=2)
    jobs = Cluster(stopping, curves, workers=3, costs=costs).run().jobs
    survivor = jobs[jobs["trial"] == 0]
    assert survivor["worker"].tolist() == [0, 0, 0]
    assert survivor["overhead"].tolist() == [8.0, 0.0, 0.0]
    assert survivor["started"].tolist() == [0.0, 9.0, 10.0]
    assert survivor["ended"].tolist() == [9.0, 10.0, 12.0]


def test_a_survivor_stays_though_another_was_freed_before_it_at_the_same_time(rows):
    # All four end at 1, in this order: 0.4 (first of 1, goes on), 0.5 (stops), 0.3 (first of 3,
    # goes on), 0.6 (stops). Trials 0 and 2 stay where they are; workers 1 and 3 get new ones.
    curves = Scripted([[0.4] * 2, [0.5] * 2, [0.3] * 2, [0.6] * 2, [0.9] * 2, [0.9] * 2])
    stopping = StoppingASHA(Listed(curves.configs), r_min=1, r_max=2, eta=2)
    trace = Cluster(stopping, curves, workers=4).run()
    assert sorted(row[:4] for row in rows(trace)[4:8]) == [
        (0, 0, 1, 2),
        (2, 2, 1, 2),
        (4, 1, 0, 1),
        (5, 3, 0, 1),
    ]


def test_a_trial_moved_to_another_worker_pays_start_and_restore():
    # ASHA, eta 2, one rung below r_max. Worker 1 ends last and takes up trial 0 of worker 0.
    curves = Scripted([[0.1, 0.1], [0.2, 0.2], [0.3, 0.3]], [[1.0, 1.0], [2.0, 2.0], [9.0, 9.0]])
    asha = ASHA(Listed(curves.configs), r_min=1, r_max=2, eta=2)
    costs = Costs(start_seconds=8.0, restore_seconds=4.0)
    jobs = Cluster(asha, curves, workers=2, costs=costs).run().jobs
    moved = jobs[(jobs["trial"] == 0) & (jobs["start"] == 1)]
    assert moved["worker"].tolist() == [1]
    assert moved["overhead"].tolist() == [12.0]
    assert moved["started"].tolist() == [10.0]  # 8 + 2
    assert moved["ended"].tolist() == [23.0]  # 10 + 8 + 4 + 1


@pytest.mark.parametrize("seconds", [1.0, 1.5])
def test_a_worker_keeps_its_trial_whether_others_were_freed_with_it_or_not(seconds):
    # Trials 0 and 1 are promoted, in this order, when trial 1 reports: worker 1 has just been
    # freed then, with worker 0 (at 9 s) or alone, and goes on with trial 1 at no cost.
    curves = Scripted(
        [[0.1] * 4, [0.2] * 4, [0.9] * 4, [0.9] * 4],
        [[1.0] * 4, [seconds] * 4, [0.5] * 4, [0.5] * 4],
    )
    halving = SuccessiveHalving(Listed(curves.configs), r_min=1, r_max=4, eta=2)
    costs = Costs(start_seconds=8.0, restore_seconds=4.0)
    jobs = Cluster(halving, curves, workers=4, costs=costs).run().jobs
    kept = jobs[(jobs["trial"] == 1) & (jobs["start"] == 1)].iloc[0]
    assert (kept["worker"], kept["overhead"]) == (1, 0.0)
    assert (kept["started"], kept["ended"]) == (8 + seconds, 8 + 2 * seconds)


def test_a_worker_of_speed_two_takes_half_the_seconds(rows):
    # Fewer speeds than workers are repeated: worker 2 is as fast as worker 0.
    curves = one_epoch(1.0, 1.0, 1.0)
    search = RandomSearch(Listed(curves.configs), r_max=1)
    trace = Cluster(search, curves, workers=3, speeds=(2.0, 1.0)).run()
    assert [row[5] for row in rows(trace)] == [0.5, 1.0, 0.5]


def test_a_cluster_runs_once():
    curves = one_epoch(1.0)
    cluster = Cluster(RandomSearch(Listed(curves.configs), r_max=1), curves, workers=1)
    cluster.run()
    once = "^this cluster has already run: make another one with a new scheduler$"
    with pytest.raises(RuntimeError, match=once):
        cluster.run()


def test_a_trial_trains_with_the_randomness_of_the_seed_and_its_number():
    class Seeded(Scripted):
        def curve(self, config, seed):
            seeds.append(seed)
            return super().curve(config, seed)

    seeds = []
    curves = Seeded([[0.5, 0.4]] * 3)
    for given, seed in (({}, 0), ({"seed": 7}, 7)):
        seeds.clear()
        asha = ASHA(Listed(curves.configs), r_min=1, r_max=2, eta=2)
        cluster = Cluster(asha, curves, workers=2, **given)
        cluster.run()
        assert seeds == [seed * 2**32 + number for number in range(3)]  # one for all its jobs
    assert [trial.number for trial in cluster.trials] == [0, 1, 2]
    assert {n: curve.config_id for n, curve in cluster.curves.items()} == {0: 0, 1: 1, 2: 2}


@pytest.mark.parametrize("seed", [0, 2**32 - 1])
def test_the_first_and_the_last_seed_are_possible(seed):
    curves = one_epoch(1.0)
    search = RandomSearch(Listed(curves.configs), r_max=1)
    assert len(Cluster(search, curves, workers=1, seed=seed).run().jobs) == 1


def test_what_the_curves_cannot_serve_is_refused():
    curves = one_epoch(1.0)
    with pytest.raises(ValueError, match="trains to epoch 2, the curves end at 1"):
        Cluster(RandomSearch(Listed([]), r_max=2), curves, workers=1)
    for seed in (-1, 2**32):
        with pytest.raises(ValueError, match=f"seed is {seed}: give a whole number from 0"):
            Cluster(RandomSearch(Listed([]), r_max=1), curves, workers=1, seed=seed)


def test_no_workers_or_a_speed_of_nothing_are_refused():
    curves = one_epoch(1.0)
    for workers in (0, -1):
        with pytest.raises(ValueError, match=f"the number of workers is {workers}"):
            Cluster(Told([], r_max=1), curves, workers=workers)
    for speed in (0, -1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match=f"a worker's speed is {speed}"):
            Cluster(Told([], r_max=1), curves, workers=2, speeds=[1.0, speed])
