"""Experiments: plain values in, the same run out; and the two causes of waiting."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from learning_curves.errors import InputError
from learning_curves.synthetic import PowerLaw, Scripted
from sim.experiments.experiment import Experiment
from sim.experiments.parts import SECONDS, source
from sim.experiments.run import bounded, check, simulate
from sim.jobs.costs import Costs
from sim.jobs.limits import Limits
from sim.schedulers.catalogue import SCHEDULERS
from sim.searchers import ORDERS, SEARCHERS
from sim.traces import metrics

BASE = Experiment(curves="power-law", r_max=9, eta=3, limits=Limits(max_epochs=120))

experiments = st.builds(
    Experiment,
    curves=st.sampled_from(["power-law", "dir/näme.csv", 'quo"te']),
    seconds=st.sampled_from(SECONDS),
    scheduler=st.sampled_from(sorted(SCHEDULERS)),
    eta=st.integers(2, 9),
    r_min=st.integers(1, 9),
    r_max=st.none() | st.integers(9, 99),
    workers=st.integers(1, 10**6),
    speeds=st.lists(st.floats(0.1, 10), max_size=3).map(tuple),
    straggler_sigma=st.floats(0, 9),
    searcher=st.sampled_from(SEARCHERS),
    order=st.sampled_from(ORDERS),
    first=st.lists(
        st.dictionaries(st.sampled_from(["lr", "näme"]), st.integers() | st.booleans() | st.text()),
        max_size=2,
    ).map(tuple),
    max_trials=st.none() | st.integers(1),
    seed=st.integers(0, 2**32 - 1),
    limits=st.builds(
        Limits,
        max_seconds=st.none() | st.floats(0.1, 1e300),
        target=st.floats(allow_nan=False, allow_infinity=False),
    ),
    costs=st.builds(Costs, start_seconds=st.floats(0, 1e9), checkpoints=st.booleans()),
)


@settings(derandomize=True, deadline=None)
@given(experiments)
def test_an_experiment_survives_its_file(experiment):
    text = experiment.to_toml(rungsim="1.2.3")
    assert Experiment.from_toml(text, "experiment.toml") == experiment


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("workers = ", "Invalid value"),
        ("curves = 'x'\nworkrs = 4", "there is no 'workrs': did you mean workers"),
        ("curves = 'x'\nzzz = 4", "there is no 'zzz': choose from curves, seconds, "),
        ("curves = 'x'\nmax_jobs = 4", r"there is no 'max_jobs': it belongs in \[limits\]"),
        ("curves = 'x'\n[limits]\nmax_trials = 4", "no 'max_trials': it belongs above the tables"),
        ("curves = 'x'\nworkers = '4'", "workers is '4': give a whole number"),
        ("curves = 'x'\nlimits = 3", "limits is 3: give a table"),
        ("curves = 'x'\n[limits]\nmax_jobs = 0", "max_jobs is 0: give a number above 0"),
        ("curves = 'x'\n[faults]\nmtfb = 0", r"\[faults\] there is no 'mtfb': did you mean mtbf"),
        ("curves = 'x'\n[faults]\ntimetable = 'a.csv'", r"give a list of \[worker, joins, leaves"),
        ("curves = 'x'\n[faults]\ntimetable = [['a', 0, 1]]", "the number of a worker"),
        ("curves = 'x'\n[faults]\nmtbf = -1.0", "mtbf is -1.0: give seconds, at least"),
        ("", "curves is missing"),
    ],
)
def test_a_file_that_is_no_experiment_is_named(text, message):
    with pytest.raises(InputError, match=r"out/experiment.toml is not an experiment: .*" + message):
        Experiment.from_toml(text, "out/experiment.toml")


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_the_same_seed_gives_the_same_run(scheduler):
    experiment = replace(BASE, scheduler=scheduler, straggler_sigma=0.5)
    one, two, other = (simulate(replace(experiment, seed=seed)) for seed in (3, 3, 4))
    assert one.trace.jobs.equals(two.trace.jobs)
    assert one.summary() == two.summary()
    assert not one.trace.jobs.equals(other.trace.jobs)


def test_two_schedulers_meet_the_same_configs_and_stragglers():
    random, asha = (
        simulate(replace(BASE, scheduler=name, r_min=9, straggler_sigma=0.5, workers=2))
        for name in ("random", "asha")
    )
    # With one rung only, ASHA is random search: all else is the same.
    assert random.trace.jobs.equals(asha.trace.jobs)


@pytest.mark.parametrize("scheduler", SCHEDULERS)
@pytest.mark.parametrize("workers", [1, 5])
@pytest.mark.parametrize("costs", [Costs(), Costs(1.0, 0.5, 0.25), Costs(checkpoints=False)])
def test_the_summary_adds_up(scheduler, workers, costs):
    experiment = replace(BASE, scheduler=scheduler, workers=workers, costs=costs)
    run = simulate(replace(experiment, straggler_sigma=0.3))
    told = run.summary()
    total = workers * told["end_seconds"]
    assert sum(told["worker_seconds"].values()) == pytest.approx(total, rel=1e-12)
    waiting = told["waiting"]
    assert waiting["straggling"] + waiting["shortage"] == told["worker_seconds"]["waiting"]
    assert min(waiting.values()) >= 0
    assert told["utilisation"] == pytest.approx(told["worker_seconds"]["training"] / total)
    assert told["epochs"] == 120 + (told["epochs"] - 120)
    assert told["epochs"] >= 120
    assert told["best_loss"] == run.trace.jobs["loss"].min()
    best = run.trace.jobs.set_index("trial")["loss"].idxmin()
    (trial,) = (trial for trial in run.trials if trial.number == best)
    assert told["best_config"] == trial.config


def test_waiting_of_equal_jobs_is_shortage():
    # A bracket of 4 equal trials on 3 workers, each epoch 1 s: at second 1, one trial is left for
    # 3 workers: two wait until 2. Two are promoted: one worker waits from 2 to 3. One goes to
    # level 4: two wait from 3 to 5. In all 2 + 1 + 4 = 7 s.
    curves = Scripted([[0.4, 0.3, 0.2, 0.1]] * 4)
    experiment = Experiment(
        curves="scripted", scheduler="sh", r_max=4, workers=3, order="given", max_trials=4
    )
    run = simulate(experiment, curves)
    assert run.trace.end == 5
    assert run.waiting == {"straggling": 0, "shortage": 7}


def test_waiting_for_a_slow_job_is_straggling():
    # 2 trials on 2 workers, trial 1 takes 5 s for its first epoch, trial 0 1 s: worker 0 waits
    # 4 s. Then trial 0 alone goes to level 2: one worker waits 1 s. Were both to take 3 s, only
    # that would be left.
    curves = Scripted([[0.4, 0.3], [0.5, 0.4]], seconds=[[1, 1], [5, 5]])
    experiment = Experiment(
        curves="scripted", scheduler="sh", workers=2, order="given", max_trials=2
    )
    run = simulate(experiment, curves)
    assert run.waiting == {"straggling": 4, "shortage": 1}


def test_a_drained_worker_is_not_waiting():
    # 3 trials of a batch of 2: trial 0 takes 1 s, trial 1 takes 3 s, trial 2 takes 2 s. Worker 0
    # waits 2 s for trial 1; then trial 2 runs alone: the searcher is exhausted, so the other is
    # drained, not waiting.
    curves = Scripted([[0.1], [0.2], [0.3]], seconds=[[1], [3], [2]])
    experiment = Experiment(curves="scripted", scheduler="random-batch", workers=2, order="given")
    run = simulate(experiment, curves)
    assert run.waiting == {"straggling": 2, "shortage": 0}
    assert metrics.worker_seconds(run.trace)["drained"] == 2


def test_seconds_of_a_gpu_replace_the_recorded_ones():
    experiment = Experiment(
        curves="softmax-fashion-mnist", seconds="d2l-gpu", limits=Limits(max_jobs=20)
    )
    run, recorded = simulate(experiment), simulate(replace(experiment, seconds="recorded"))
    for trial in run.trials:
        curve = run.curves[trial.number]
        steps = -(-50_000 // trial.config["batch_size"])
        assert curve.seconds(0, 2) == pytest.approx([5.17 + 0.00306 * steps] * 2, rel=0.01)
        assert curve.losses(0, 3) == recorded.curves.get(trial.number, curve).losses(0, 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"eta": 1}, "eta is 1"),
        ({"r_min": 10}, "r_min is 10, above r_max 9"),
        ({"r_min": 0}, "r_min is 0"),
        ({"workers": 0}, "the number of workers is 0"),
        ({"speeds": (1.0, 0.0)}, "speed is 0.0"),
        ({"straggler_sigma": -1.0}, "sigma is -1.0"),
        ({"straggler_sigma": float("nan")}, "sigma is nan"),
        ({"seed": -1}, "seed is -1"),
        ({"seed": 2**32}, "seed is 4294967296"),
        ({"scheduler": "SH"}, "scheduler is 'SH': choose from random"),
        ({"rule": "top", "scheduler": "asha-stopping"}, "rule is 'top'"),
        ({"searcher": "grud"}, "searcher is 'grud': did you mean grid"),
        ({"searcher": "sobol", "order": "given"}, "order 'given' is random search's, not sobol's"),
        ({"searcher": "grid"}, "grid over learning_rate is without end: give grid_points"),
        ({"searcher": "grid", "grid_points": 0}, "grid_points is 0"),
        ({"grid_points": 3}, "grid_points is 3, but the searcher is random"),
        ({"first": ({"learning_rate": 2.0, "width": 16},)}, "learning_rate = 2.0: give a number"),
        ({"order": "sorted"}, "order 'sorted'"),
        ({"order": "given"}, "order 'given' needs a table"),
        ({"seconds": "measured"}, "seconds are 'measured'"),
        ({"seconds": "d2l-gpu"}, "does not record the number of examples"),
        ({"curves": "lenet"}, "there is no table 'lenet'"),
        ({"r_max": 17, "curves": "softmax-fashion-mnist"}, "end at epoch 16"),
        ({"limits": Limits(target=0.1)}, "would never end"),
    ],
)
def test_a_value_that_cannot_be_is_named(change, message):
    with pytest.raises(InputError, match=message) as error:
        simulate(replace(BASE, **change))
    assert "\n" not in str(error.value)


def test_checking_finds_what_running_would():
    check(BASE)
    with pytest.raises(InputError, match="eta is 1"):
        check(replace(BASE, eta=1))


def test_a_run_without_a_limit_is_given_one():
    assert bounded(replace(BASE, limits=Limits(target=0.2))).limits == Limits(
        target=0.2, max_epochs=540
    )
    many = replace(BASE, workers=500, limits=Limits())
    assert bounded(many).limits == Limits(max_epochs=3 * 500 * 9)
    assert bounded(BASE) is BASE
    each_once = replace(BASE, curves="softmax-fashion-mnist", limits=Limits(), order="shuffled")
    assert bounded(each_once) is each_once


def test_a_table_is_read_once_for_all_that_share_it():
    experiment = Experiment(curves="softmax-fashion-mnist")
    assert source(experiment) is source(replace(experiment, seed=9, workers=7))


def test_each_config_of_a_table_is_trained_once():
    experiment = Experiment(curves="softmax-fashion-mnist", scheduler="random", order="shuffled")
    run = simulate(experiment)
    table = source(experiment)
    assert sorted(run.trace.jobs["config_id"]) == list(range(len(table.configs)))
    assert run.summary()["best_loss"] == np.min(
        [curve.losses(15, 16)[0] for curve in run.curves.values()]
    )


def test_every_field_of_an_experiment_is_in_its_file():
    options = {"patience": 2}
    given = replace(BASE, max_trials=3, grid_points=4, scheduler_options=options)
    text = replace(given, searcher_options=options).to_toml()
    for field in fields(Experiment):
        assert field.name in text


def test_a_custom_blackbox_takes_the_place_of_the_named_one():
    run = simulate(BASE, PowerLaw(r_max=9, epoch_seconds=2.0))
    assert run.trace.end == 2 * simulate(BASE).trace.end


@pytest.mark.parametrize(
    "line",
    [
        *("workers = 2.5", 'eta = "3"', "seed = true", "[limits]\nmax_jobs = 1.5", "rule = 1"),
        *("limits = 3", "costs = [1]", 'speeds = ["a"]', 'speeds = "abc"'),
    ],
)
def test_a_value_of_the_wrong_kind_is_named(line):
    name = line.split("\n")[-1].split(" ")[0]
    with pytest.raises(InputError, match=f"{name} is "):
        Experiment.from_toml(f'curves = "power-law"\n{line}', "experiment.toml")


@pytest.mark.parametrize(("scheduler", "trials"), [("sh", 27), ("random-batch", 24)])
def test_equal_logs_have_equal_causes_whatever_limit_ended_them(scheduler, trials):
    experiment = replace(BASE, scheduler=scheduler, workers=6, straggler_sigma=1.0)
    by_trials = simulate(replace(experiment, max_trials=trials, limits=Limits()))
    end = by_trials.trace.end
    by_seconds = simulate(replace(experiment, limits=Limits(max_seconds=end)))
    assert by_trials.trace.jobs.equals(by_seconds.trace.jobs)
    assert by_trials.waiting["straggling"] > 0
    assert by_trials.waiting == by_seconds.waiting


def test_epochs_trained_again_are_told():
    experiment = replace(BASE, scheduler="sh", workers=1, costs=Costs(checkpoints=False))
    run = simulate(experiment)
    assert run.summary()["epochs"] == run.trace.end  # an epoch takes a second


def test_a_scheduler_of_ones_own_is_measured_like_the_others():
    mine = simulate(replace(BASE, scheduler="mine", workers=5), make=SCHEDULERS["sh"])
    known = simulate(replace(BASE, scheduler="sh", workers=5))
    assert mine.trace.jobs.equals(known.trace.jobs)
    assert mine.waiting == known.waiting
    assert mine.summary() == known.summary() | {"scheduler": "mine"}
    with pytest.raises(InputError, match="scheduler is 'mine'"):
        simulate(replace(BASE, scheduler="mine"))


def test_curves_may_depend_on_the_seed():
    one, other = (
        Experiment(curves="bowl:problem={seed}", r_max=3, seed=seed, limits=Limits(max_jobs=5))
        for seed in (4, 5)
    )
    assert (source(one).problem, source(other).problem) == (4, 5)
    assert simulate(one).summary()["curves"] == "bowl:problem={seed}"
    assert simulate(Experiment.from_toml(one.to_toml(), "one")).trace.jobs.equals(
        simulate(one).trace.jobs
    )
