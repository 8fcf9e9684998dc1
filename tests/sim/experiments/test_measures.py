"""The measures of a run, against hand counts and a brute-force recount."""

from dataclasses import replace
from math import inf

import pytest

from learning_curves.errors import InputError
from sim import schedulers as schedulers_room
from sim.experiments.experiment import Experiment
from sim.experiments.measures import (
    MEASURES,
    check,
    first_finished,
    measured,
    promotions,
    wrong_promotions,
)
from sim.experiments.run import simulate
from sim.experiments.target import loss_scale
from sim.faults import Faults
from sim.jobs.limits import Limits
from sim.schedulers import ASHA
from sim.traces import metrics
from sim.traces.trace import Outcome, Trace, frame, pack

BASE = Experiment(curves="power-law", r_max=9, eta=3, workers=3, limits=Limits(max_jobs=200))


def trace(rows, r_max=4, end=20.0):
    """Make a trace of (trial, start, stop, ended, outcome, loss)."""
    packed = b"".join(
        pack(i, trial, -1, 0, 0, start, stop, 0, int(outcome), ended - 1.0, ended, 0.0, loss)
        for i, (trial, start, stop, ended, outcome, loss) in enumerate(rows)
    )
    return Trace(frame(packed), 1, r_max, end, end)


DONE, LOST, CUT = Outcome.DONE, Outcome.LOST, Outcome.CUT
# eta 2. At rung 1 report 0, 1, 2, 3 with 0.4, 0.5, 0.3, 0.2: the best 4 // 2 = 2 are 3 and 2, but
# 0 had been promoted when only 0 and 1 had reported, and 3 was, twice, for its job was lost once.
ROWS = [
    (0, 0, 1, 1.0, DONE, 0.4),
    (1, 0, 1, 2.0, DONE, 0.5),
    (0, 1, 4, 5.0, DONE, 0.35),
    (2, 0, 1, 6.0, DONE, 0.3),
    (3, 0, 1, 7.0, DONE, 0.2),
    (3, 1, 4, 8.0, LOST, float("nan")),
    (3, 1, 4, 12.0, DONE, 0.1),
    (4, 0, 1, 13.0, CUT, float("nan")),
]


def test_promotions_by_hand():
    assert promotions(trace(ROWS)) == 2
    assert wrong_promotions(trace(ROWS), eta=2) == 1
    assert first_finished(trace(ROWS)) == 5.0
    assert first_finished(trace(ROWS[:2])) == inf


def test_a_diverged_trial_is_none_of_the_best():
    # Two reported, one of them diverged, and was promoted all the same: wrong, also where it is
    # the only one that could be among the best 2 // 2.
    rows = [(0, 0, 1, 1.0, DONE, inf), (1, 0, 1, 2.0, DONE, inf), (0, 1, 4, 3.0, DONE, 0.1)]
    assert wrong_promotions(trace(rows), eta=2) == 1


@pytest.mark.parametrize("scheduler", ["asha", "sh", "sh-overlap"])
def test_wrong_promotions_against_a_recount(scheduler):
    run = simulate(Experiment(**{**_fields(BASE), "scheduler": scheduler}))
    wrong = 0
    jobs = run.trace.jobs
    for bracket in jobs["bracket"].unique():
        for level in (1, 3):
            of = jobs[jobs["bracket"] == bracket]
            ranked = sorted(
                (row.loss, row.trial)
                for row in of.itertuples()
                if row.stop == level and row.outcome == "done"
            )
            best = [trial for _, trial in ranked[: len(ranked) // 3]]
            wrong += sum(trial not in best for trial in set(of[of["start"] == level]["trial"]))
    found = wrong_promotions(run.trace, eta=3)
    assert found == wrong
    assert (found > 0) == (scheduler == "asha")


def _fields(experiment):
    return {name: getattr(experiment, name) for name in experiment.__dataclass_fields__}


def test_measures_are_those_of_the_summary():
    run = simulate(BASE)
    summary = run.summary()
    names = ["end_seconds", "jobs", "trials", "epochs", "finished", "best_loss", "utilisation"]
    assert measured(run, names) == [summary[name] for name in names]
    shares = measured(run, [*summary["worker_seconds"]])
    assert sum(shares) == pytest.approx(1)
    causes = ["straggling", "shortage"]
    waiting = dict(zip(causes, measured(run, causes), strict=True))
    total = run.trace.workers * run.trace.end
    assert waiting == {cause: seconds / total for cause, seconds in summary["waiting"].items()}
    assert measured(run, ["time_to_target"], 0.2)[0] < measured(run, ["time_to_target"], 0.12)[0]


def test_the_second_run_is_made_only_when_it_is_asked_for():
    run = simulate(BASE)
    measured(run, [name for name in MEASURES if name not in {"straggling", "shortage"}])
    assert "waiting" not in vars(run)


def test_the_regret_by_hand():
    # The incumbents of ROWS: 0.4 from 1 s, 0.35 from 5 s, 0.3 from 6 s, 0.2 from 7 s, 0.1 from
    # 12 s; the end is at 20 s. With best 0.15 and median 0.35 their regrets are 1.25, cut to 1,
    # 1, 0.75, 0.25 and -0.25, cut to 0; before 1 s it is 1.
    run = trace(ROWS)
    assert metrics.regret(run, 0.15, 0.35) == 0.0
    assert metrics.regret(trace(ROWS[:4]), 0.15, 0.35) == pytest.approx(0.75)
    # To 20 s: 1 x 6 + 0.75 x 1 + 0.25 x 5 = 8; to 10 s: 6 + 0.75 + 0.25 x 3 = 7.5; to 40 s, with
    # the incumbent carried on, 8 again.
    assert metrics.regret_area(run, 0.15, 0.35) == pytest.approx(8 / 20)
    assert metrics.regret_area(run, 0.15, 0.35, until=10.0) == pytest.approx(0.75)
    assert metrics.regret_area(run, 0.15, 0.35, until=40.0) == pytest.approx(8 / 40)


def test_the_regret_where_the_scale_or_the_run_is_empty():
    assert metrics.regret(trace([]), 0.1, 0.2) == metrics.regret_area(trace([]), 0.1, 0.2) == 1.0
    diverged = trace([(0, 0, 1, 1.0, DONE, inf)])
    assert metrics.regret(diverged, 0.1, 0.2) == metrics.regret_area(diverged, 0.1, 0.2) == 1.0
    no_length = trace([(0, 0, 1, 0.0, DONE, 0.1)], end=0.0)
    assert metrics.regret_area(no_length, 0.1, 0.2) == 0.0
    flat = trace([(0, 0, 1, 5.0, DONE, 0.4), (1, 0, 1, 10.0, DONE, 0.3)])
    assert metrics.regret(flat, 0.3, 0.3) == 0.0  # reached at 10 s of 20
    assert metrics.regret_area(flat, 0.3, 0.3) == 0.5


@pytest.mark.parametrize("limits", [Limits(max_jobs=60), Limits(max_seconds=50.0)])
def test_the_regret_against_a_recount_of_rectangles(limits):
    experiment = replace(BASE, curves="softmax-fashion-mnist", r_max=None, limits=limits)
    run = simulate(experiment)
    table = run.blackbox
    final = sorted(table.curve(each, 0).losses(15, 16)[0] for each in table.configs)
    best, median = final[0], final[(len(final) - 1) // 2]
    until = limits.max_seconds or run.trace.end
    done = run.jobs[run.jobs["outcome"] == "done"]

    def at(seconds):
        loss = done["loss"][done["ended"] <= seconds].min()  # NaN where nothing has reported
        return min(1.0, max(0.0, (loss - best) / (median - best))) if loss < inf else 1.0

    n = 2_000
    area = sum(at((k + 0.5) * until / n) for k in range(n)) / n
    regret, found = measured(run, ["regret", "regret_area"])
    assert regret == at(until)
    assert 0 <= regret < found < 1
    assert found == pytest.approx(area, abs=2e-3)  # of rectangles until / 2,000 wide


def test_the_regret_is_scaled_by_the_curves_of_the_seed():
    base = replace(BASE, curves="bowl:problem={seed}")
    scales = [loss_scale(replace(base, seed=seed)) for seed in (5, 6)]
    assert scales[0] != scales[1]
    assert scales[0] == loss_scale(replace(base, curves="bowl:problem=5", seed=9))


def test_where_most_configs_diverge_there_is_no_regret(tmp_path):
    def write(diverging):
        rows = [f"{i},{i},0,1,{'inf' if i < diverging else i / 10},1.0" for i in range(4)]
        header = "config_id,lr,seed,epoch,validation_error,seconds"
        path.write_text("\n".join([header, *rows]) + "\n")

    path = tmp_path / "diverging.csv"
    experiment = replace(BASE, curves=str(path), r_max=None)
    write(2)  # the losses are 0.2, 0.3, inf, inf: the lower of the two in the middle is 0.3
    assert loss_scale(experiment) == (0.2, 0.3)
    other = tmp_path / "more.csv"
    path = other
    write(3)
    with pytest.raises(InputError, match="leave out the measures regret and regret_area"):
        check(["jobs", "regret_area"], replace(experiment, curves=str(other)))
    check(["jobs"], replace(experiment, curves=str(other)))


def test_a_trial_that_is_lost_for_good_counts_in_its_rung():
    # At one worker ASHA promotes each trial as soon as it may: recount from its own rungs.
    schedulers = []

    def make(searcher, settings):
        made = ASHA(searcher, r_min=1, r_max=9, eta=3, lost=settings.lost)
        schedulers.append(made)
        return made

    for lost in schedulers_room.LOST:
        experiment = Experiment(
            curves="power-law",
            r_max=9,
            eta=3,
            workers=1,
            attempts=1,
            lost=lost,
            limits=Limits(max_jobs=1000),
            faults=Faults(lost_probability=0.2),
        )
        run = simulate(experiment, make=make)
        jobs = run.trace.jobs
        wrong = 0
        for rung in schedulers[-1].rungs[:-1]:
            best = {trial.number for trial in rung.best(len(rung) // 3)}
            wrong += len(set(jobs["trial"][jobs["start"] == rung.level]) - best)
        assert 0 < wrong < 60
        assert MEASURES["wrong_promotions"].of(run, 0.0) == wrong
