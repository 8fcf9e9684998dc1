"""A live run replayed: by hand, and the law that a simulated run, replayed, is itself again."""

import random
from dataclasses import replace
from math import fsum, inf, nan

import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from learning_curves.blackbox import RecordedCurve
from learning_curves.errors import InputError
from learning_curves.spaces import space as spaces
from learning_curves.synthetic import PowerLaw, Scripted
from learning_curves.tables.card import Card
from learning_curves.tables.tabular import load
from sim.experiments.experiment import Experiment
from sim.experiments.parity import compare
from sim.experiments.run import simulate
from sim.jobs.costs import Costs
from sim.jobs.limits import Limits
from sim.schedulers import RULES, Job, Trial
from sim.schedulers.catalogue import RULES_OF, SCHEDULERS
from sim.traces.replay import Lived, calibrated, completed, table
from sim.traces.trace import Outcome, Trace, frame, pack

DONE, LOST, CUT = Outcome


def job(trial, start, stop, overhead=0.0, *, attempt=0, outcome=DONE):
    loss = nan if outcome else 0.5
    return trial, -1, 0, 0, start, stop, attempt, outcome, 0.0, 9.0, overhead, loss


def lived(curves=(), jobs=(), overheads=(), *, configs=None, r_max=4):
    """Return a live run of these curves; its overheads are (job, restored, saved)."""
    rows = b"".join(pack(number, *row) for number, row in enumerate(jobs))
    configs = configs or [{} for _ in curves]
    numbered = enumerate(zip(configs, curves, strict=True))
    return Lived(
        Trace(frame(rows), 1, r_max, 9.0, 9.0),
        {i: (Trial(i, config), RecordedCurve(*curve)) for i, (config, curve) in numbered},
        pd.DataFrame(overheads, columns=["job", "restored", "saved"]),
    )


PAUSED = ((0.9, 0.5), (1.0, 3.0))
WHOLE = ((0.8, 0.7, 0.6, 0.4), (2.0, 2.0, 2.0, 6.0))
RAISED = ((0.7, inf), (4.0, 0.0))
UNHEARD = ((), ())

# ---- curves


def test_curves_are_completed_by_hand():
    curves, share = completed(lived([PAUSED, WHOLE, RAISED, UNHEARD]))
    assert curves.losses == [
        (0.9, 0.5, 0.5, 0.5),
        (0.8, 0.7, 0.6, 0.4),
        (0.7, inf, inf, inf),
        # The medians of 0.9, 0.8, 0.7; 0.5, 0.7, inf; 0.5, 0.6, inf; 0.5, 0.4, inf.
        (0.8, 0.7, 0.6, 0.5),
    ]
    assert curves.seconds == [
        (1.0, 3.0, 2.0, 2.0),
        (2.0, 2.0, 2.0, 6.0),
        (4.0, 1e-9, 2.0, 2.0),
        # The means of 1, 2, 4; 3, 2, 1e-9; 2, 2, 2; 2, 6, 2.
        pytest.approx((7 / 3, 5 / 3, 2.0, 10 / 3)),
    ]
    # Never trained: 2 epochs, 0, 2 and 4, of 16.
    assert share == 8 / 16


def test_a_trial_that_raised_at_once_goes_on_raising_in_no_time():
    curves, share = completed(lived([((inf,), (0.0,))]))
    assert (curves.losses, curves.seconds, share) == ([(inf,) * 4], [(1e-9,) * 4], 3 / 4)


def test_what_was_trained_is_left_alone():
    curves, share = completed(lived([WHOLE]))
    assert (curves.losses, curves.seconds, share) == ([WHOLE[0]], [WHOLE[1]], 0)


def test_a_loss_that_is_no_number_is_diverged():
    assert completed(lived([((0.5, nan), (1.0, 1.0))]))[0].losses == [(0.5, inf, inf, inf)]


def test_trial_i_is_config_i_in_whatever_order_they_are_held():
    run = lived([WHOLE, PAUSED])
    turned = replace(run, trials=dict(reversed(run.trials.items())))
    curves, _ = completed(turned)
    assert curves == completed(run)[0]
    assert curves.curve({"number": 0}, seed=0).all_losses == WHOLE[0]


@pytest.mark.parametrize("curves", [[], [UNHEARD], [UNHEARD, UNHEARD]])
def test_a_run_of_no_report_cannot_be_completed(curves):
    with pytest.raises(InputError, match="no trial of the live run reported an epoch"):
        completed(lived(curves))


def test_trials_are_numbered_from_0():
    run = lived([WHOLE, WHOLE])
    with pytest.raises(KeyError):
        completed(replace(run, trials={1: run.trials[0], 2: run.trials[1]}))


# ---- costs

# Of r_max 4: the job, what it restored and saved, and its overhead in all.
JOBS = [
    (job(0, 0, 1, 5.0), 0.0, 1.0),  # 4 s to start
    (job(1, 0, 1, 3.0), 0.0, 2.0),  # 1 s to start
    (job(1, 1, 2, 3.5), 0.0, 3.0),  # carried on: 0.5 s, to be borne by the starts
    (job(0, 1, 4, 4.0), 2.5, 0.0),  # 1.5 s to start, nothing to save at r_max
    (job(2, 0, 4, 2.0), 0.0, 0.0),  # 2 s to start
]


def story(jobs):
    rows = [row for row, *_ in jobs]
    overheads = [(i, *each) for i, (row, *each) in enumerate(jobs) if row[7] is DONE]
    return lived([], rows, overheads)


def test_costs_by_hand():
    costs = calibrated(story(JOBS))
    assert costs == Costs(
        start_seconds=(4 + 1 + 0.5 + 1.5 + 2) / 4,  # the fifth job is carried on
        restore_seconds=2.5,
        save_seconds=(1 + 2 + 3) / 3,
    )


def test_lost_cut_and_repeated_jobs_cost_nothing():
    more = [
        (job(3, 0, 1, 70.0, outcome=LOST), 50.0, 50.0),
        (job(3, 0, 1, 70.0, attempt=1), 0.0, 50.0),
        (job(4, 0, 1, 70.0, outcome=CUT), 50.0, 50.0),
    ]
    assert calibrated(story([*JOBS, *more])) == calibrated(story(JOBS))


def test_the_rows_of_the_overheads_may_stand_in_any_order():
    run = story(JOBS)
    turned = replace(run, overheads=run.overheads.iloc[::-1])
    assert calibrated(turned) == calibrated(run)


def test_a_job_without_a_row_of_overheads_is_refused():
    run = story(JOBS)
    with pytest.raises(KeyError, match="4"):
        calibrated(replace(run, overheads=run.overheads.iloc[:4]))


@pytest.mark.parametrize("jobs", [[], [(job(0, 1, 4, 3.0), 0.0, 0.0)]])
def test_where_nothing_started_a_start_is_free(jobs):
    assert calibrated(story(jobs)) == Costs()


def test_no_cost_is_below_0():
    costs = calibrated(story([(job(0, 0, 1, 1.0), 0.0, 1.5)]))
    assert costs == Costs(save_seconds=1.5)


@settings(derandomize=True, deadline=None)
@given(st.integers(0, 2**32))
def test_the_total_is_kept(seed):
    draw = random.Random(seed)  # noqa: S311
    jobs, carried_on = [], []
    for trial in range(draw.randint(1, 20)):
        start = draw.choice([0, 0, 1, 2])
        stop = draw.randint(start + 1, 4)
        carried_on.append(start > 0 and trial > 0 and draw.random() < 0.4)
        restored = draw.uniform(0.1, 5.0) if start and not carried_on[-1] else 0.0
        saved = draw.uniform(0.0, 5.0) if stop < 4 else 0.0
        overhead = restored + saved + draw.uniform(0.0, 3.0)
        jobs.append((job(trial, start, stop, overhead), restored, saved))
    costs = calibrated(story(jobs))
    charged = 0.0
    for (row, *_), carries_on in zip(jobs, carried_on, strict=True):
        at = Job(Trial(row[0], {}), row[4], row[5])
        charged += costs.before(at.start, carries_on=carries_on) + costs.after(at, r_max=4)
    assert charged == pytest.approx(fsum(row[10] for row, *_ in jobs))


# ---- tables

SPACE = {"lr": {"distribution": "loguniform", "args": [0.01, 1.0]}, "act": {"choices": ["a", "b"]}}
CONFIGS = [{"lr": 0.1, "act": "b"}, {"act": "a", "lr": 0.3}, {"lr": 0.1, "act": "b", "more": 1}]
CARD = Card("live", 9, SPACE, title="LeNet", seeds=(7,), licence="CC0-1.0", known_flaws=("old",))


def test_a_table_by_hand():
    found = table(lived([PAUSED, WHOLE, RAISED], configs=CONFIGS), CARD)
    assert found.configs == ({"lr": 0.1, "act": "b"}, {"lr": 0.3, "act": "a"})
    assert found.ids == (0, 1)
    # Trials 0 and 2 train the same config.
    assert [list(by_seed) for by_seed in found.recorded.curves] == [[0, 1], [0]]
    assert found.recorded.curves[0][0].all_losses == (0.9, 0.5, 0.5, 0.5)
    assert found.recorded.curves[0][1].all_losses == (0.7, inf, inf, inf)
    assert found.recorded.curves[1][0].all_losses == WHOLE[0]
    card = found.card
    assert (card.name, card.title, card.licence) == ("live", "LeNet", "CC0-1.0")
    assert (card.r_max, card.seeds) == (4, (0, 1))
    old, new = card.known_flaws
    assert old == "old"
    assert new.startswith("33.3 % of the epochs were never trained")  # 2 + 0 + 2 of 12


def test_what_is_no_estimate_is_no_flaw():
    assert table(lived([WHOLE], configs=CONFIGS[:1]), CARD).card.known_flaws == ("old",)


def test_a_config_has_every_hyperparameter():
    with pytest.raises(KeyError, match="act"):
        table(lived([WHOLE], configs=[{"lr": 0.1}]), CARD)


@pytest.mark.parametrize("suffix", ["csv", "parquet"])
def test_a_table_is_read_as_it_was_written(tmp_path, suffix):
    path = tmp_path / f"live.{suffix}"
    written = table(lived([PAUSED, WHOLE, RAISED], configs=CONFIGS), CARD)
    written.write(path)
    assert load(path).recorded == written.recorded


# ---- any simulated run, taken for a live one, is reproduced

LOSSES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.2, 0.5, inf, nan, -1.0)
SECONDS = (0.5, 1.0, 1.0, 1.0, 2.0, 3.0)  # sums are exact, and many jobs end together


def relived(run):
    """Return a simulated run as if it were live: only what was reported, as long as it took."""
    costs, trace = run.experiment.costs, run.trace
    epochs = {number: ([], []) for number in run.curves}
    overheads, last = [], {}
    for row in trace.jobs[trace.jobs["outcome"] == "done"].itertuples():
        carried_on = last.get(row.worker) == (row.trial, row.start)
        last[row.worker] = (row.trial, row.stop)
        overheads.append(
            (
                row.job,
                costs.restore_seconds if row.start and not carried_on else 0.0,
                costs.save_seconds if row.stop < trace.r_max else 0.0,
            )
        )
        curve = run.curves[row.trial]
        took = curve.seconds(row.start, row.stop)
        # 1 without stragglers and unequal workers, exactly.
        stretch = (row.ended - row.started - row.overhead) / fsum(took)
        epochs[row.trial][0].extend(curve.losses(row.start, row.stop))
        epochs[row.trial][1].extend(stretch * each for each in took)
    curves = {i: RecordedCurve(tuple(loss), tuple(took)) for i, (loss, took) in epochs.items()}
    return Lived(
        trace,
        {trial.number: (trial, curves[trial.number]) for trial in run.trials},
        pd.DataFrame(overheads, columns=["job", "restored", "saved"]),
    )


def replayed(run, blackbox, costs):
    """Simulate the run's scheduler, seed and limits on what it left."""
    again = replace(run.experiment, order="given", costs=costs, speeds=(), straggler_sigma=0.0)
    return simulate(again, blackbox).trace


def assert_the_same(trace, again):
    parity = compare(trace, again)
    assert (parity.same_jobs, parity.same_turn, parity.first_difference) == (1, 1, None)
    assert parity.end_ratio == pytest.approx(1, rel=1e-9)
    assert parity.kendall_tau == pytest.approx(1)
    names = ["worker", "bracket", "started", "ended", "overhead"]
    pd.testing.assert_frame_equal(trace.jobs[names], again.jobs[names], rtol=1e-9, atol=1e-9)
    assert trace.jobs["loss"].tolist() == again.jobs["loss"].tolist()


@st.composite
def experiments(draw):
    """Draw experiments that end; those with a limit on time may cut jobs."""
    limit = draw(st.sampled_from(["trials", "trials", "jobs", "epochs", "target", "seconds"]))
    restore_seconds = draw(st.sampled_from([0.0, 0.25, 2.0]))
    scheduler = draw(st.sampled_from(sorted(SCHEDULERS)))
    return Experiment(
        curves="given by the test",
        scheduler=scheduler,
        rule=draw(st.sampled_from(sorted(RULES_OF.get(scheduler, RULES)))),
        eta=draw(st.integers(2, 4)),
        r_min=draw(st.integers(1, 2)),
        r_max=draw(st.integers(3, 9)),
        workers=draw(st.integers(1, 4)),
        seed=draw(st.integers(0, 1000)),
        max_trials=draw(st.integers(1, 12 if limit == "trials" else 40)),
        limits=Limits(
            max_jobs=draw(st.integers(1, 40)) if limit == "jobs" else None,
            max_epochs=draw(st.integers(1, 80)) if limit == "epochs" else None,
            target=draw(st.sampled_from([-1.0, 0.1, 0.2])) if limit == "target" else None,
            max_seconds=draw(st.integers(20, 80)) if limit == "seconds" else None,
        ),
        costs=Costs(
            # A restore of 0 s cannot be told from carrying on, so starting is then free, too.
            start_seconds=draw(st.sampled_from([0.0, 0.5, 2.0])) if restore_seconds else 0.0,
            restore_seconds=restore_seconds,
            save_seconds=draw(st.sampled_from([0.0, 0.125, 1.0])),
        ),
    )


# What a cut job would have cost is not known, nor how its trial would have gone on.
def uncut(run):
    assume(not (run.trace.jobs["outcome"] == "cut").any())
    return run


often = settings(
    max_examples=150,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


@given(experiments(), st.integers(0, 2**32))
@often
def test_a_run_on_curves_full_of_ties_is_reproduced(experiment, curves):
    draw = random.Random(curves)  # noqa: S311
    blackbox = Scripted(
        [draw.choices(LOSSES, k=9) for _ in range(12)],
        [draw.choices(SECONDS, k=9) for _ in range(12)],
    )
    run = uncut(simulate(experiment, blackbox))
    live = relived(run)
    assert_the_same(run.trace, replayed(run, completed(live)[0], calibrated(live)))


@given(
    experiments(), st.sampled_from([0.0, 0.5]), st.sampled_from([(), (1.0, 2.0), (0.7, 1.0, 3.1)])
)
@often
def test_so_is_one_with_stragglers_and_unequal_workers(experiment, sigma, speeds):
    experiment = replace(experiment, straggler_sigma=sigma, speeds=speeds)
    blackbox = PowerLaw(r_max=experiment.r_max, noise=0.01, cost="by-config")
    run = uncut(simulate(experiment, blackbox))
    live = relived(run)
    assert_the_same(run.trace, replayed(run, completed(live)[0], calibrated(live)))


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_so_is_one_from_its_table(scheduler, tmp_path):
    blackbox = PowerLaw(r_max=9, noise=0.01, cost="by-config")
    experiment = Experiment(
        curves="power-law",
        scheduler=scheduler,
        eta=3,
        seed=3,
        max_trials=27,
        costs=Costs(start_seconds=2.0, restore_seconds=0.5, save_seconds=0.25),
    )
    run = simulate(experiment, blackbox)
    live = relived(run)
    table(live, Card("live", 9, spaces.to_dict(blackbox.space))).write(tmp_path / "live.csv")
    again = replayed(run, load(tmp_path / "live.csv"), calibrated(live))
    assert_the_same(run.trace, again)
    # The test can fail: without the costs, or with another trial's curve, it is another run.
    assert compare(run.trace, replayed(run, completed(live)[0], Costs())).end_ratio < 0.95
