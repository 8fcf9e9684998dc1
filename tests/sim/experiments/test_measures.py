"""The measures of a run, against hand counts and a brute-force recount."""

from math import inf

import pytest

from sim import schedulers as schedulers_room
from sim.experiments.experiment import Experiment
from sim.experiments.measures import (
    MEASURES,
    first_finished,
    measured,
    promotions,
    wrong_promotions,
)
from sim.experiments.run import simulate
from sim.faults import Faults
from sim.jobs.limits import Limits
from sim.schedulers import ASHA
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
