"""Workers that leave and jobs that are lost, worked by hand to the exact second."""

from dataclasses import replace
from math import inf

import pytest

from learning_curves.errors import InputError
from learning_curves.synthetic import Scripted
from sim.cluster.cluster import Cluster
from sim.experiments.even import evened
from sim.experiments.experiment import Experiment
from sim.experiments.run import simulate
from sim.faults import Faults, Models, Timetable
from sim.jobs.costs import Costs
from sim.jobs.limits import Limits
from sim.schedulers import Contract, RandomSearch, Retrying, SuccessiveHalving
from sim.searchers import Listed
from sim.traces import metrics
from sim.traces.trace import read


class At:
    """Losses by a script: (trial, attempt) -> after how many seconds."""

    def __init__(self, script):
        self.script = script

    def after(self, job, attempt):
        return self.script.get((job.trial.number, attempt), inf)


def curves(*epoch_seconds, r_max=4):
    return Scripted([[0.5] * r_max for _ in epoch_seconds], [[s] * r_max for s in epoch_seconds])


def run(scheduler, curves, *, workers, losses=None, stays=(), saves=False, **settings):
    models = Models(
        losses=() if losses is None else (At(losses),),
        outages=(Timetable(stays, saves),) if stays else (),
    )
    return Cluster(Contract(scheduler), curves, workers=workers, faults=models, **settings).run()


def told(trace):
    columns = ["trial", "worker", "attempt", "outcome", "started", "ended"]
    return list(trace.jobs[columns].itertuples(index=False, name=None))


def random(curves, attempts=3):
    return Retrying(RandomSearch(Listed(curves.configs), r_max=4), attempts)


def test_a_lost_job_is_tried_again_first_by_whoever_is_free():
    # Epochs of 1 s, jobs of 4 s. Trial-0 is lost after 1.5 s, and its next attempt after 2 s.
    #   0    worker 0: Trial-0, attempt 0    worker 1: Trial-1
    #   1.5  worker 0: Trial-0, attempt 1
    #   3.5  worker 0: Trial-0, attempt 2, to 7.5
    #   4                                    worker 1: Trial-2, to 8
    #   7.5  worker 0 is told to wait: Trial-2 may be lost
    trials = curves(1.0, 1.0, 1.0)
    trace = run(random(trials), trials, workers=2, losses={(0, 0): 1.5, (0, 1): 2.0})
    assert told(trace) == [
        (0, 0, 0, "lost", 0.0, 1.5),
        (1, 1, 0, "done", 0.0, 4.0),
        (0, 0, 1, "lost", 1.5, 3.5),
        (0, 0, 2, "done", 3.5, 7.5),
        (2, 1, 0, "done", 4.0, 8.0),
    ]
    seconds = metrics.worker_seconds(trace)
    assert (seconds["training"], seconds["wasted"], seconds["waiting"]) == (12.0, 3.5, 0.5)


def test_a_loss_at_the_very_end_of_a_job_is_none():
    trials = curves(1.0)
    trace = run(random(trials), trials, workers=1, losses={(0, 0): 4.0})
    assert told(trace) == [(0, 0, 0, "done", 0.0, 4.0)]


def test_a_worker_crashes_is_repaired_and_carries_on(tmp_path):
    # Worker 0 is away from 3 to 5. Jobs of 4 s.
    #   0   worker 0: Trial-0      worker 1: Trial-1
    #   3   away, Trial-0 is lost; worker 1 is at its job until 4
    #   4                          worker 1: Trial-0 again, to 8
    #   5   back: Trial-2, to 9
    #   8                          worker 1 waits until 9
    trials = curves(1.0, 1.0, 1.0)
    trace = run(random(trials), trials, workers=2, stays=((0, 0.0, 3.0), (0, 5.0, inf)))
    assert told(trace) == [
        (0, 0, 0, "lost", 0.0, 3.0),
        (1, 1, 0, "done", 0.0, 4.0),
        (0, 1, 1, "done", 4.0, 8.0),
        (2, 0, 0, "done", 5.0, 9.0),
    ]
    assert trace.down.to_numpy().tolist() == [[0, 3.0, 5.0]]
    assert metrics.worker_seconds(trace) == {
        "training": 12.0,
        "overhead": 0.0,
        "wasted": 3.0,
        "down": 2.0,
        "waiting": 1.0,
        "drained": 0.0,
    }
    for name in ("jobs.parquet", "jobs.csv"):  # and it is all in the file
        trace.write(tmp_path / name)
        again = read(tmp_path / name)
        assert again.jobs.equals(trace.jobs)
        assert again.down.equals(trace.down)
        assert metrics.worker_seconds(again) == metrics.worker_seconds(trace)


def test_a_job_that_ends_as_its_worker_leaves_reports():
    trials = curves(1.0, 1.0)
    trace = run(random(trials), trials, workers=1, stays=((0, 0.0, 4.0), (0, 4.5, inf)))
    assert told(trace) == [(0, 0, 0, "done", 0.0, 4.0), (1, 0, 0, "done", 4.5, 8.5)]


def test_who_comes_back_asks_after_those_just_freed_and_before_the_longest_idle():
    # A batch of 3 on 4 workers, epochs of 1, 1 and 2 s. Worker 3 waits from 0 on. Worker 2 is away
    # from 1 to 4, so trial 2 is lost, and worker 3 tries it again: 1 to 9.
    #   4   workers 0 and 1 end and worker 2 is back: all are told to wait for Trial-2
    #   9   worker 3 ends: the next batch is for 3, just freed, then 0, 1 and 2 in the order of
    #       getting free, of whom 2 gets nothing
    trials = curves(1.0, 1.0, 2.0, 1.0, 1.0, 1.0)
    scheduler = Retrying(RandomSearch(Listed(trials.configs), r_max=4, batch=3), 2)
    trace = run(scheduler, trials, workers=4, stays=((2, 0.0, 1.0), (2, 4.0, inf)))
    assert told(trace) == [
        (0, 0, 0, "done", 0.0, 4.0),
        (1, 1, 0, "done", 0.0, 4.0),
        (2, 2, 0, "lost", 0.0, 1.0),
        (2, 3, 1, "done", 1.0, 9.0),
        (3, 3, 0, "done", 9.0, 13.0),
        (4, 0, 0, "done", 9.0, 13.0),
        (5, 1, 0, "done", 9.0, 13.0),
    ]


def test_a_preempted_worker_saves_its_last_whole_epoch():
    # Epochs of 1 s, 0.5 s to start a job, 0.25 s to restore a trial. Worker 0 leaves at 3.2, after
    # 2.7 s of training: 2 epochs are saved, 0.7 s wasted. Back at 5, it starts, restores, and
    # trains the other 2: 5 + 0.75 + 2 = 7.75.
    trials = curves(1.0)
    costs = Costs(start_seconds=0.5, restore_seconds=0.25)
    stays = ((0, 0.0, 3.2), (0, 5.0, inf))
    trace = run(random(trials), trials, workers=1, stays=stays, saves=True, costs=costs)
    assert told(trace) == [(0, 0, 0, "lost", 0.0, 3.2), (0, 0, 1, "done", 5.0, 7.75)]
    assert trace.kept.to_numpy().tolist() == [[0, 2, 0.5, 2.0]]
    seconds = metrics.worker_seconds(trace)
    assert seconds["training"] == 4.0
    assert seconds["wasted"] == pytest.approx(0.7)
    assert seconds["overhead"] == 1.25
    # Epochs 1 and 2 ended at 1.5 and 2.5, on the attempt that was lost; 3 and 4 at 6.75 and 7.75.
    points = metrics.points(trace, {0: trials.curve(trials.configs[0], 0)}, costs)
    assert points["epoch"].tolist() == [1, 2, 3, 4]
    assert points["seconds"].tolist() == pytest.approx([1.5, 2.5, 6.75, 7.75])
    # Without checkpoints nothing can be saved.
    costs = replace(costs, checkpoints=False)
    trace = run(random(trials), trials, workers=1, stays=stays, saves=True, costs=costs)
    assert told(trace) == [(0, 0, 0, "lost", 0.0, 3.2), (0, 0, 1, "done", 5.0, 9.5)]


def test_an_epoch_that_was_saved_as_its_worker_left_ended_when_it_was_trained():
    # One epoch to rung 1, of 2, in 1 s, and 10 s to save it, of which 7 have passed at 8.
    trials = curves(1.0, r_max=2)
    halving = SuccessiveHalving(Listed(trials.configs), r_min=1, r_max=2, eta=2)
    costs = Costs(save_seconds=10.0)
    stays = ((0, 0.0, 8.0), (0, 20.0, inf))
    trace = run(Retrying(halving, 2), trials, workers=1, stays=stays, saves=True, costs=costs)
    assert told(trace)[:2] == [(0, 0, 0, "lost", 0.0, 8.0), (0, 0, 1, "done", 20.0, 30.0)]
    assert trace.kept.to_numpy().tolist() == [[0, 1, 0.0, 1.0]]
    points = metrics.points(trace, {0: trials.curve(trials.configs[0], 0)}, costs)
    assert points["seconds"].tolist() == [1.0, 31.0]


def test_epochs_that_are_saved_are_not_handed_out_again():
    # Two epochs are saved at 2.5. Of 8 epochs, 4 + 2 + 2 are handed out with Trial-1: it is the
    # last; were the second attempt to count 4, it would be, and Trial-1 never begin.
    trials = curves(1.0, 1.0, 1.0)
    stays = ((0, 0.0, 2.5), (0, 3.0, inf))
    for limit, jobs in ((7, 3), (6, 2)):
        limits = Limits(max_epochs=limit)
        trace = run(random(trials), trials, workers=1, stays=stays, saves=True, limits=limits)
        assert told(trace)[0][3] == "lost"
        assert len(trace.jobs) == jobs


def test_workers_that_move_together_do_so_in_the_order_of_their_numbers():
    # Both are away from 1 to 2: their trials are lost, 0 and then 1, and handed out in that order,
    # to those who are back, 0 and then 1, though the second had begun before the first.
    trials = curves(1.0, 1.0)
    stays = ((0, 0.25, 1.0), (1, 0.0, 1.0), (0, 2.0, inf), (1, 2.0, inf))
    trace = run(random(trials), trials, workers=2, stays=stays)
    assert told(trace) == [
        (0, 1, 0, "lost", 0.0, 1.0),
        (1, 0, 0, "lost", 0.25, 1.0),
        (1, 0, 1, "done", 2.0, 6.0),
        (0, 1, 1, "done", 2.0, 6.0),
    ]


def test_shortage_is_that_of_whole_jobs_where_parts_were_saved():
    # A batch of 2 on 2 workers, epochs of 1 s; worker 0 saves 3 of Trial-0's 4 epochs at 3.5, and
    # trains the last from 8 to 9. Were that second alone the length of a job, the other worker
    # would hardly wait in the repeated run, where worker 0 loses its job again.
    lost = Faults(
        preempted_every=None, save_on_preemption=True, timetable=((0, 0.0, 3.5), (0, 8.0, inf))
    )
    experiment = Experiment(
        curves="power-law",
        scheduler="random-batch",
        r_max=4,
        workers=2,
        max_trials=2,
        faults=lost,
    )
    simulated = simulate(experiment)
    even = evened(simulated.blackbox, simulated.trace)
    config = simulated.trials[0].config
    assert list(even.curve(config, 0).seconds(0, 4)) == [1.0] * 4
    assert list(even.curve(config, 0).seconds(3, 4)) == [1.0]


def test_preempted_again_it_goes_on_from_where_it_was():
    # Epochs of 1 s. There for 1.5 s at a time: one epoch is saved at each of the first two stays,
    # and 2.5 s from 6 on are enough for the last two.
    trials = curves(1.0)
    stays = ((0, 0.0, 1.5), (0, 3.0, 4.5), (0, 6.0, 8.5))
    trace = run(random(trials), trials, workers=1, stays=stays, saves=True)
    assert told(trace) == [
        (0, 0, 0, "lost", 0.0, 1.5),
        (0, 0, 1, "lost", 3.0, 4.5),
        (0, 0, 2, "done", 6.0, 8.0),
    ]
    assert trace.kept[["job", "epoch"]].to_numpy().tolist() == [[0, 1], [1, 2]]
    assert metrics.worker_seconds(trace)["wasted"] == 1.0
    assert trace.end == 8.0


def test_who_has_lost_a_job_carries_straight_on_with_nothing():
    # SH with two rungs, 1 and 2, eta 2; 1 s to start a job. Worker 0 trains Trial-0 to 1 at 2 and
    # Trial-1 to 1 at 4; Trial-0 wins a tie, but the worker holds Trial-1: it starts, from 4 to 6.
    # Were it away for a moment at 2.5, it would start Trial-1 anew.
    trials = curves(1.0, 1.0, r_max=2)
    halving = SuccessiveHalving(Listed(trials.configs), r_min=1, r_max=2, eta=2)
    costs = Costs(start_seconds=1.0)
    stays = ((0, 0.0, 2.5), (0, 2.5, 9.0))  # stays that meet are one
    trace = run(halving, trials, workers=1, costs=costs, stays=stays)
    assert trace.jobs["ended"].tolist() == [2.0, 4.0, 6.0]
    # A single trial is carried straight on with, unless its worker was away in between.
    single = curves(1.0, r_max=2)
    for stays, ends in (((), [2.0, 3.0]), (((0, 0.0, 2.0), (0, 3.0, inf)), [2.0, 5.0])):
        halving = SuccessiveHalving(Listed(single.configs), r_min=1, r_max=2, eta=2)
        trace = run(halving, single, workers=1, costs=costs, stays=stays)
        assert trace.jobs["ended"].tolist() == ends


def test_a_run_ends_when_the_last_worker_has_left():
    trials = curves(*[1.0] * 10)
    trace = run(random(trials), trials, workers=2, stays=((0, 0.0, 6.0), (1, 2.0, 7.0)))
    assert trace.end == trace.drained_from == 7.0
    # Trial-0 0-4, Trial-1 2-6 on worker 1; Trial-2 4-6 is lost on worker 0, and again 6-7.
    assert told(trace) == [
        (0, 0, 0, "done", 0.0, 4.0),
        (1, 1, 0, "done", 2.0, 6.0),
        (2, 0, 0, "lost", 4.0, 6.0),
        (2, 1, 1, "lost", 6.0, 7.0),
    ]
    assert trace.down.to_numpy().tolist() == [[0, 6.0, 7.0], [1, 0.0, 2.0]]


def test_a_run_whose_workers_are_all_away_waits_for_the_next():
    trials = curves(1.0)
    trace = run(random(trials), trials, workers=2, stays=((0, 10.0, inf), (1, 20.0, 30.0)))
    assert told(trace) == [(0, 0, 0, "done", 10.0, 14.0)]
    assert trace.end == 14.0  # and not 20: there is nothing left to do


def test_nobody_comes_back_to_a_run_that_is_done():
    # The only job ends at 4, when the other worker is away: DONE, and nobody is waited for.
    trials = curves(1.0)
    trace = run(random(trials), trials, workers=2, stays=((1, 50.0, inf),))
    assert trace.end == 4.0
    assert trace.down.to_numpy().tolist() == [[1, 0.0, 4.0]]


def test_a_run_whose_last_job_is_lost_does_not_wait_for_its_worker():
    # One job is allowed, and lost at 2 as its worker leaves, until 50.
    trials = curves(1.0)
    stays = ((0, 0.0, 2.0), (0, 50.0, inf))
    trace = run(random(trials), trials, workers=1, stays=stays, limits=Limits(max_jobs=1))
    assert told(trace) == [(0, 0, 0, "lost", 0.0, 2.0)]
    assert trace.end == 2.0


@pytest.mark.parametrize("lost", ["inf", "vanish"])
def test_a_trial_that_is_lost_for_good_does_not_hold_its_rung_up(lost):
    # SH, eta 2, rungs 1 and 2, two trials, two workers; Trial-1 is lost after half a second for
    # good. With Trial-0's loss, at 1, the rung is full: it goes on.
    trials = curves(1.0, 1.0, r_max=2)
    halving = SuccessiveHalving(Listed(trials.configs), r_min=1, r_max=2, eta=2, lost=lost)
    trace = run(halving, trials, workers=2, losses={(1, 0): 0.5})
    assert trace.jobs["ended"].tolist() == [1.0, 0.5, 2.0]


def test_at_a_time_limit_who_would_be_lost_later_is_cut():
    trials = curves(1.0, 1.0)
    trace = run(
        random(trials), trials, workers=2, losses={(0, 0): 3.0}, limits=Limits(max_seconds=2.0)
    )
    assert told(trace) == [(0, 0, 0, "cut", 0.0, 2.0), (1, 1, 0, "cut", 0.0, 2.0)]


def test_an_attempt_counts_against_the_limit_of_jobs():
    trials = curves(1.0, 1.0)
    trace = run(random(trials), trials, workers=1, losses={(0, 0): 1.0}, limits=Limits(max_jobs=2))
    assert told(trace) == [(0, 0, 0, "lost", 0.0, 1.0), (0, 0, 1, "done", 1.0, 5.0)]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"faults": Faults(timetable=((4, 0.0, 1.0),))},
            "names worker 4, and the workers are numbered from 0 to 3",
        ),
        ({"attempts": 0}, "attempts is 0"),
        ({"lost": "gone"}, "lost is 'gone': choose from inf, vanish"),
        (
            {"faults": Faults(save_on_preemption=True), "costs": Costs(checkpoints=False)},
            "without checkpoints",
        ),
    ],
)
def test_an_experiment_whose_faults_do_not_fit_is_refused(change, message):
    experiment = Experiment(curves="power-law", limits=Limits(max_jobs=3))
    with pytest.raises(InputError, match=message):
        simulate(replace(experiment, **change))


def test_faults_survive_the_experiments_file():
    faults = Faults(
        pareto_alpha=1.5,
        mtbf=60.0,
        mttr=1.0,
        preempted_every=5.0,
        save_on_preemption=True,
        timetable=((0, 0.0, 5.5), (0, 7.0, inf), (2, 3.0, 4.0)),
    )
    experiment = Experiment(curves="power-law", faults=faults, attempts=7, lost="vanish")
    assert Experiment.from_toml(experiment.to_toml(), "experiment.toml") == experiment


def test_a_trace_without_faults_says_nothing_of_them(tmp_path):
    trials = curves(1.0)
    trace = run(RandomSearch(Listed(trials.configs), r_max=4), trials, workers=1)
    trace.write(tmp_path / "jobs.csv")
    header = (tmp_path / "jobs.csv").read_text().splitlines()[0]
    assert header == '# {"workers": 1, "r_max": 4, "end": 4.0, "drained_from": 4.0}'
