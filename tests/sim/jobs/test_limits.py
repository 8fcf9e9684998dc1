"""When a run ends: each limit alone, what reports, what is cut, and since when workers drain."""

from math import inf, nan

import pytest

from learning_curves.synthetic import Scripted
from sim.cluster.cluster import Cluster
from sim.jobs.costs import Costs
from sim.jobs.limits import Limits
from sim.schedulers import ASHA, RandomSearch, SuccessiveHalving
from sim.searchers import Listed

COLUMNS = ["trial", "worker", "started", "ended", "outcome", "overhead", "loss"]


def run(curves, workers=1, r_max=1, costs=None, **limits):
    search = RandomSearch(Listed(curves.configs), r_max=r_max)
    return Cluster(search, curves, workers=workers, costs=costs, limits=Limits(**limits)).run()


def write(trace):
    return [
        tuple("nan" if value != value else value for value in row)  # noqa: PLR0124
        for row in trace.jobs[COLUMNS].itertuples(index=False, name=None)
    ]


def test_at_a_time_limit_what_ends_then_reports_nothing_starts_and_the_rest_is_cut():
    curves = Scripted([[0.1], [0.2], [0.3], [0.4]], [[2.0], [3.0], [2.0], [1.0]])
    trace = run(curves, workers=2, max_seconds=4.0)
    assert write(trace) == [
        (0, 0, 0.0, 2.0, "done", 0.0, 0.1),
        (1, 1, 0.0, 3.0, "done", 0.0, 0.2),
        (2, 0, 2.0, 4.0, "done", 0.0, 0.3),  # ends exactly then
        (3, 1, 3.0, 4.0, "done", 0.0, 0.4),  # so does this
    ]
    trace = run(curves, workers=2, max_seconds=3.5)
    assert write(trace)[2:] == [
        (2, 0, 2.0, 3.5, "cut", 0.0, "nan"),
        (3, 1, 3.0, 3.5, "cut", 0.0, "nan"),
    ]
    trace = run(
        curves, workers=2, max_seconds=3.0
    )  # trial 1 ends exactly then, trial 3 is not begun
    assert write(trace) == [
        (0, 0, 0.0, 2.0, "done", 0.0, 0.1),
        (1, 1, 0.0, 3.0, "done", 0.0, 0.2),
        (2, 0, 2.0, 3.0, "cut", 0.0, "nan"),
    ]
    assert trace.end == trace.drained_from == 3.0


def test_a_run_done_before_its_time_limit_ends_when_it_is_done():
    trace = run(Scripted([[0.1], [0.2]]), workers=1, max_seconds=100.0)
    assert trace.end == trace.drained_from == 2.0


def test_a_cut_job_is_never_reported_to_the_scheduler():
    heard = []

    class Listens(RandomSearch):
        def job_done(self, job, losses):
            heard.append(job.trial.number)
            super().job_done(job, losses)

    curves = Scripted([[0.1], [0.2]], [[1.0], [5.0]])
    search = Listens(Listed(curves.configs), r_max=1)
    Cluster(search, curves, workers=2, limits=Limits(max_seconds=4.0)).run()
    assert heard == [0]


@pytest.mark.parametrize(
    ("seconds", "overhead"),
    # start 8, train 4, save 2: the overhead so far is 8 at most while it trains.
    [(3.0, 3.0), (8.0, 8.0), (10.0, 8.0), (12.0, 8.0), (13.5, 9.5)],
)
def test_the_overhead_of_a_cut_job_is_what_was_spent_on_it_so_far(seconds, overhead):
    curves = Scripted([[0.1, 0.1], [0.1, 0.1]], [[4.0, 4.0]] * 2)
    asha = ASHA(Listed(curves.configs), r_min=1, r_max=2, eta=2)
    costs = Costs(start_seconds=8.0, save_seconds=2.0)
    trace = Cluster(asha, curves, workers=1, costs=costs, limits=Limits(max_seconds=seconds)).run()
    assert write(trace) == [(0, 0, 0.0, seconds, "cut", overhead, "nan")]
    # One that ends exactly then is done, and was 10 of 14 seconds not training.
    trace = Cluster(
        ASHA(Listed(curves.configs), r_min=1, r_max=2, eta=2),
        curves,
        workers=1,
        costs=costs,
        limits=Limits(max_seconds=14.0),
    ).run()
    assert write(trace) == [(0, 0, 0.0, 14.0, "done", 10.0, 0.1)]


def test_after_so_many_jobs_none_is_handed_out_and_the_running_ones_report():
    curves = Scripted([[0.1]] * 9, [[1.0], [5.0], [3.0], *[[1.0]] * 6])
    trace = run(curves, workers=2, max_jobs=3)
    assert write(trace) == [
        (0, 0, 0.0, 1.0, "done", 0.0, 0.1),
        (1, 1, 0.0, 5.0, "done", 0.0, 0.1),
        (2, 0, 1.0, 4.0, "done", 0.0, 0.1),
    ]
    assert (trace.drained_from, trace.end) == (1.0, 5.0)


def test_no_more_jobs_are_handed_out_than_the_limit_though_more_workers_are_free():
    trace = run(Scripted([[0.1]] * 9), workers=8, max_jobs=3)
    assert trace.jobs["worker"].tolist() == [0, 1, 2]
    assert (trace.drained_from, trace.end) == (0.0, 1.0)


@pytest.mark.parametrize(("epochs", "jobs"), [(1, 1), (3, 1), (4, 2), (6, 2), (7, 3), (99, 4)])
def test_no_job_is_handed_out_once_so_many_epochs_are(epochs, jobs):
    curves = Scripted([[0.1] * 3] * 4)
    trace = run(
        curves, workers=1, r_max=3, max_epochs=epochs
    )  # 3 epochs a job: the last may exceed
    assert len(trace.jobs) == jobs
    assert trace.end == 3.0 * jobs
    assert set(trace.jobs["outcome"]) == {"done"}


def test_epochs_are_counted_once_for_a_trial_that_is_promoted():
    # SH 1, 2, 4 of four trials: 4 * 1 + 2 * 1 + 1 * 2 = 8 epochs.
    curves = Scripted([[0.1] * 4] * 99)
    halving = SuccessiveHalving(Listed(curves.configs), r_min=1, r_max=4, eta=2)
    trace = Cluster(halving, curves, workers=1, limits=Limits(max_epochs=8)).run()
    assert trace.jobs["stop"].tolist() == [1, 1, 1, 1, 2, 2, 4]


def test_the_run_ends_as_soon_as_the_target_is_reported():
    curves = Scripted([[0.5], [0.4], [0.3], [0.2]], [[1.0], [1.5], [3.0], [1.0]])
    trace = run(curves, workers=2, target=0.4)
    assert write(trace) == [
        (0, 0, 0.0, 1.0, "done", 0.0, 0.5),
        (1, 1, 0.0, 1.5, "done", 0.0, 0.4),  # at or below
        (2, 0, 1.0, 1.5, "cut", 0.0, "nan"),
    ]
    assert trace.end == trace.drained_from == 1.5


def test_what_ends_together_with_the_target_reports_too():
    curves = Scripted([[0.1], [0.2], [0.3]])
    trace = run(curves, workers=2, target=0.1)
    assert write(trace) == [
        (0, 0, 0.0, 1.0, "done", 0.0, 0.1),
        (1, 1, 0.0, 1.0, "done", 0.0, 0.2),
    ]


@pytest.mark.parametrize("never", [nan, inf])
def test_a_diverged_loss_reaches_no_target_and_is_logged_as_inf(never):
    trace = run(Scripted([[never], [0.2]]), target=1e9)
    assert trace.jobs["loss"].tolist() == [inf, 0.2]


def test_a_target_that_is_missed_ends_nothing():
    trace = run(Scripted([[0.5], [0.4]]), target=0.3)
    assert len(trace.jobs) == 2


@pytest.mark.parametrize("finished", [1, 2, 3])
def test_the_run_ends_as_soon_as_so_many_trials_are_at_r_max(finished):
    # eta 2, levels 1 and 2, all equal, one worker: trials 0 and 1 to 1, then 2 // 2 = 1, trial 0,
    # to 2, which ends at 3; trials 2 and 3 to 1, then 4 // 2 = 2, trial 1, to 2, which ends at 6.
    curves = Scripted([[0.5] * 2] * 99)
    asha = ASHA(Listed(curves.configs), r_min=1, r_max=2, eta=2)
    trace = Cluster(asha, curves, workers=1, limits=Limits(max_finished=finished)).run()
    assert (trace.jobs["stop"] == 2).sum() == finished
    assert trace.end == trace.drained_from == 3.0 * finished
    assert trace.jobs["stop"].iloc[-1] == 2


def test_so_many_finished_cut_the_rest():
    curves = Scripted([[0.5], [0.5], [0.5]], [[1.0], [5.0], [1.0]])
    trace = run(curves, workers=2, max_finished=1)
    assert write(trace)[1] == (1, 1, 0.0, 1.0, "cut", 0.0, "nan")
    assert len(trace.jobs) == 2


def test_the_first_limit_reached_ends_the_run():
    curves = Scripted([[0.5]] * 9)
    assert len(run(curves, max_seconds=3.0, max_jobs=5, max_epochs=4).jobs) == 3
    assert len(run(curves, max_seconds=9.0, max_jobs=2, max_epochs=4).jobs) == 2
    assert len(run(curves, max_seconds=9.0, max_jobs=5, max_epochs=4).jobs) == 4
    assert len(run(curves, max_seconds=9.0, max_jobs=5, max_finished=1).jobs) == 1


def test_workers_drain_from_done_on():
    curves = Scripted([[0.1, 0.1], [0.2, 0.2]], [[1.0, 2.0], [2.0, 2.0]])
    asha = ASHA(Listed(curves.configs), r_min=1, r_max=2, eta=2)
    trace = Cluster(asha, curves, workers=2).run()
    # At 1 worker 0 is told WAIT, for trial 1 may be promoted or lead to a promotion. At 2 worker 1
    # takes trial 0 up, and worker 0 is told DONE.
    assert trace.drained_from == 2.0
    assert trace.end == 4.0


def test_no_trial_at_all_is_a_run_of_no_seconds():
    curves = Scripted([[0.5]])
    trace = Cluster(RandomSearch(Listed([]), r_max=1), curves, workers=3).run()
    assert len(trace.jobs) == 0
    assert trace.end == trace.drained_from == 0.0


@pytest.mark.parametrize("name", ["max_seconds", "max_jobs", "max_epochs", "max_finished"])
@pytest.mark.parametrize("value", [0, -1, nan, inf])
def test_a_limit_not_above_nothing_is_refused(name, value):
    with pytest.raises(ValueError, match=f"{name} is {value}"):
        Limits(**{name: value})


def test_a_target_may_be_any_finite_number():
    assert Limits(target=0.0).target == 0.0
    assert Limits(target=-1.5).target == -1.5
    for target in (nan, inf, -inf):
        with pytest.raises(ValueError, match=f"target is {target}"):
            Limits(target=target)


def test_epochs_trained_again_are_counted_again():
    # One trial, without checkpoints: to 1, to 2 and to 4 are 1 + 2 + 4 epochs.
    curves = Scripted([[0.1] * 4])
    for most, jobs in ((1, 1), (2, 2), (3, 2), (4, 3)):
        trace = Cluster(
            SuccessiveHalving(Listed(curves.configs), r_min=1, r_max=4, eta=2),
            curves,
            workers=1,
            costs=Costs(checkpoints=False),
            limits=Limits(max_epochs=most),
        ).run()
        assert len(trace.jobs) == jobs
