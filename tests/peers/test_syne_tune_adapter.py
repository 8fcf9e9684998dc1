"""Syne Tune's schedulers on our clock, and the mistakes of its versions, by their smallest runs."""

import logging
from collections import Counter
from datetime import datetime
from importlib.metadata import version
from importlib.util import find_spec
from math import inf, nan

import numpy as np
import pytest

from learning_curves.errors import InputError
from sim import adapters
from sim.adapters import syne_tune
from sim.experiments.experiment import Experiment, read
from sim.experiments.run import simulate
from sim.faults import Faults
from sim.jobs.limits import Limits
from sim.schedulers import RULES, Contract, Idle, Job, Trial
from sim.schedulers.catalogue import Settings
from sim.searchers import Listed

absent = find_spec("syne_tune") is None
OLD = not absent and version("syne-tune").startswith("0.13.")
only_absent = pytest.mark.skipif(not absent, reason="present")
only_old = pytest.mark.skipif(absent or not OLD, reason="absent")
only_new = pytest.mark.skipif(absent or OLD, reason="absent")
pytestmark = pytest.mark.filterwarnings("ignore")
logging.getLogger("syne_tune").setLevel(logging.CRITICAL)

SETTINGS = Settings(r_min=1, r_max=9, eta=3, workers=3)


def made(name, trials=40, **options):
    return syne_tune.make(name, Listed([{"x": n} for n in range(trials)]), SETTINGS, options)


def lived(scheduler, workers=3, *, lose=0.0):
    """Return the jobs that a scheduler hands out, under the contract, until all is done."""
    scheduler, draw = Contract(scheduler), np.random.default_rng(1)
    jobs, running = [], []
    while True:
        while len(running) < workers and isinstance(job := scheduler.next_job(), Job):
            running.append(job)
            jobs.append((job.trial.number, job.trial.config["x"], job.start, job.stop))
        if not running:
            assert scheduler.next_job() is Idle.DONE
            return jobs
        job = running.pop(int(draw.integers(len(running))))
        if draw.random() < lose:
            scheduler.job_lost(job)
        else:
            scheduler.job_done(job, draw.random(job.stop - job.start).tolist())


@only_absent
def test_an_absent_library_is_named_with_its_remedy():
    with pytest.raises(InputError, match=r"needs syne_tune.*pip install 'rungsim\[syne-tune\]'"):
        made("ASHA")


@only_old
def test_an_old_version_is_named_with_the_remedy():
    with pytest.raises(InputError, match=r"needs Syne Tune 0\.16 or later, and 0\.13\.0 is inst"):
        made("ASHA")


@only_new
@pytest.mark.parametrize("name", syne_tune.NAMES)
@pytest.mark.parametrize("lose", [0.0, 0.2])
def test_a_run_trains_our_configs_and_repeats(name, lose):
    options = {} if name == "MedianStoppingRule" else {"brackets": 2}
    np.random.seed(3)  # noqa: NPY002
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    jobs = lived(made(name, **options), lose=lose)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
    np.random.seed(4)  # noqa: NPY002
    assert lived(made(name, **options), lose=lose) == jobs
    assert all(number == config for number, config, _, _ in jobs)
    reached = Counter(stop for _, _, _, stop in jobs)
    assert 40 == reached[1] > reached[3] > reached[9] > 0


@only_new
def test_it_is_a_scheduler_of_an_experiment(tmp_path):
    experiment = Experiment(
        curves="lenet-fashion-mnist",
        scheduler="syne-tune:ASHA",
        scheduler_options={"brackets": 2},
        eta=2,
        faults=Faults(lost_probability=0.001),
        limits=Limits(max_jobs=60),
    )
    run = simulate(experiment)
    assert len(run.trace.jobs) >= 60
    (tmp_path / "experiment.toml").write_text(experiment.to_toml())
    again = read(tmp_path / "experiment.toml")
    assert again == experiment
    assert simulate(again).trace.jobs.equals(run.trace.jobs)


@only_new
def test_its_asha_is_our_rule_on_our_clock():
    shared = {"curves": "lenet-fashion-mnist", "eta": 2, "r_min": 2, "straggler_sigma": 1.0}
    shared |= {"max_trials": 100, "workers": 8}
    ours = simulate(Experiment(scheduler="asha-stopping", rule="syne-tune", **shared))
    theirs = simulate(Experiment(scheduler="syne-tune:ASHA", **shared))
    assert theirs.trace.jobs.equals(ours.trace.jobs)


@only_new
@pytest.mark.parametrize(
    ("name", "option", "message"),
    [
        ("ASHA", "max_t", "its option max_t is set by the run: leave it out, and set r_max"),
        ("ASHA", "searcher", "its option searcher is set by the run: leave it out"),
        ("ASHA", "bracket", "it has no option 'bracket': did you mean brackets?"),
        ("MedianStoppingRule", "scheduler", "set by the run: leave it out"),
    ],
)
def test_a_wrong_option_is_refused(name, option, message):
    with pytest.raises(InputError, match=message.replace("?", r"\?")):
        made(name, **{option: 1})


@only_new
def test_an_unknown_class_is_refused_with_the_nearest():
    with pytest.raises(InputError, match=r"the scheduler is 'syne-tune:ASHAA': did you mean"):
        adapters.make("syne-tune:ASHAA", Listed([{}]), SETTINGS, {})


def decisions(losses, eta=2, **others):
    """Return what ASHA of 0.16 decides of trials that report these losses after one epoch."""
    from syne_tune.backend.trial_status import Trial
    from syne_tune.config_space import uniform
    from syne_tune.optimizer.baselines import ASHA

    space = {"x": uniform(0, 1)}
    asha = ASHA(space, "loss", "epoch", 9, random_seed=0, reduction_factor=eta, **others)
    said = []
    for number, loss in enumerate(losses):
        trial = Trial(number, {"x": 0.5}, datetime(2026, 1, 1))  # noqa: DTZ001
        asha.on_trial_add(trial)
        said.append(asha.on_trial_result(trial, {"epoch": 1, "loss": loss}) == "CONTINUE")
    return said


@only_new
def test_mistake_of_0_16_a_diverged_trial_goes_on():
    assert decisions([nan]) == [True]
    assert decisions([0.1, nan]) == [True, True]  # one of two is better: 1/2 <= 1/2
    assert decisions([0.1, inf]) == [True, True]


@only_new
def test_mistake_of_0_16_nan_upsets_the_ranks_of_others():
    assert decisions([inf, 0.1, 0.2]) == [True, True, True]  # one of three is better
    assert decisions([nan, 0.1, 0.2]) == [True, True, False]


@only_new
def test_mistake_of_0_16_ties_all_go_on():
    assert sum(decisions([0.5] * 90, eta=3)) == 90


@only_new
def test_mistake_of_0_16_the_seed_does_not_repeat_the_draws():
    from syne_tune.backend.trial_status import Trial
    from syne_tune.config_space import uniform
    from syne_tune.optimizer.baselines import ASHA

    def drawn():
        asha = ASHA({"x": uniform(0, 1)}, "loss", "epoch", 9, random_seed=7, brackets=3)
        found = []
        for number in range(20):
            trial = Trial(number, asha.suggest().config, datetime(2026, 1, 1))  # noqa: DTZ001
            asha.on_trial_add(trial)
            found.append((trial.config["x"], len(asha.trial_info[number].rungs)))
            asha.on_trial_result(trial, {"epoch": 1, "loss": 0.5})
        configs, rungs = zip(*found, strict=True)
        return configs, rungs

    np.random.seed(0)  # noqa: NPY002
    (first, rungs), (second, others) = drawn(), drawn()
    assert first[:5] == second[:5]  # the searcher's own draws
    assert first[5:] != second[5:]  # from the sixth on, those of the global state
    assert rungs != others


@only_new
def test_mistake_of_0_16_the_median_rule_around_asha_raises():
    from syne_tune.backend.trial_status import Trial
    from syne_tune.config_space import uniform
    from syne_tune.optimizer.baselines import ASHA
    from syne_tune.optimizer.schedulers.median_stopping_rule import MedianStoppingRule

    asha = ASHA({"x": uniform(0, 1)}, "loss", "epoch", 9, random_seed=0)
    rule = MedianStoppingRule(asha, time_attr="epoch")
    trial = Trial(0, rule.suggest().config, datetime(2026, 1, 1))  # noqa: DTZ001
    rule.on_trial_add(trial)
    with pytest.raises(KeyError):
        rule.on_trial_result(trial, {"epoch": 1, "loss": 0.5})


@only_new
def test_mistake_of_0_16_a_skipped_level_gets_a_later_loss():
    from syne_tune.optimizer.schedulers.asha import Bracket

    bracket = Bracket(1, 9, 2, 0)
    bracket.on_result(0, 2, {"loss": 0.2})  # the first report is at 2
    bracket.on_result(0, 3, {"loss": 0.3})
    assert [level for level, recorded in bracket.rungs if recorded] == [2, 1]
    assert dict(bracket.rungs)[1] == {0: {"loss": 0.3}}


@only_old
def test_mistake_of_0_13_diverged_trials_are_promoted():
    from syne_tune.optimizer.schedulers.hyperband_promotion import PromotionRungSystem

    def promoted(losses):
        rungs = PromotionRungSystem([1], [0.5], "loss", "min", "epoch", 2)
        for number, loss in enumerate(losses):
            rungs.on_task_add(str(number), 0)
            rungs.on_task_report(str(number), {"epoch": 1, "loss": loss}, 0)
        found = []
        while "trial_id" in (asked := rungs.on_task_schedule("")):
            found.append(int(asked["trial_id"]))
        return found

    assert promoted([0.1, 0.2, 0.3]) == [0, 1]
    assert promoted([0.1, 0.2, inf]) == [0, 1, 2]  # the quantile is 0 * inf: NaN
    assert promoted([0.1, inf]) == [0, 1]  # the median of 0.1 and inf is inf
    assert promoted([0.1, nan]) == [0, 1]


@only_old
def test_mistake_of_0_13_a_tie_is_stopped_by_rounding():
    from syne_tune.optimizer.schedulers.hyperband_stopping import StoppingRungSystem

    rungs = StoppingRungSystem([1], [1 / 3], "loss", "min", "epoch", 3)
    goes_on = []
    for number in range(2):
        rungs.on_task_add(str(number), 0)
        said = rungs.on_task_report(str(number), {"epoch": 1, "loss": 0.007}, 0)
        goes_on.append(said["task_continues"])
    assert goes_on == [True, False]
    assert rungs._rungs[0].quantile() < 0.007  # 0.333 * 0.007 + 0.667 * 0.007
    ours = RULES["syne-tune-0.13"]
    rung = ours.rung(1, 3, 3)
    assert [ours.decide(rung, trial, 0.007) for trial in map(Trial, range(2), [{}] * 2)] == [
        True,
        True,
    ]
