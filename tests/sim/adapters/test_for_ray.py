"""Our schedulers as Ray Tune's, driven by the calls of Tune's controller; no cluster is started."""

import random
from collections import Counter
from functools import partial

import pytest

from learning_curves.errors import InputError
from sim.adapters.ray_tune import ERROR, PAUSED, PENDING, RUNNING, TERMINATED, Controller, RayTrial
from sim.schedulers import (
    ASHA,
    PASHA,
    AsyncHyperband,
    Hyperband,
    MedianStopping,
    StoppingASHA,
    SuccessiveHalving,
)

RUNGS = {"r_min": 1, "r_max": 9, "eta": 3}


@pytest.fixture
def wrapped():
    pytest.importorskip("ray", reason="Ray Tune is not installed")
    from sim.adapters import RayScheduler

    return lambda make, **names: RayScheduler(make, **{"metric": "loss", "mode": "min", **names})


class Tune:
    """Tune's loop, with one trial in the queue at any time."""

    def __init__(self, scheduler, trials, *, workers, loss, fails=lambda _: False, seed=0):
        self.scheduler, self.controller = scheduler, Controller(scheduler)
        self.left, self.workers, self.loss, self.fails = trials, workers, loss, fails
        self.running, self.draw = [], random.Random(seed)  # noqa: S311
        self.reports = Counter()

    def run(self):
        while self.step():
            pass
        return self.controller.get_trials()

    def step(self):
        """Start what a free worker can run, else handle one result; return whether any was left."""
        trials = self.controller.get_trials()
        if self.left and all(each.status != PENDING for each in trials):
            self.controller.add_trial(RayTrial(None, str(len(trials))))
            self.left -= 1
        if len(self.running) < self.workers:
            trial = self.scheduler.choose_trial_to_run(self.controller)
            assert self.scheduler.choose_trial_to_run(self.controller) is trial
            if trial is not None:
                trial.status = RUNNING
                self.running.append(trial)
                return True
        if self.running:
            self.report(self.draw.choice(self.running))
            return True
        return self.left > 0

    def report(self, trial):
        if self.fails(trial):
            self.running.remove(trial)
            self.controller.fail_trial(trial)
            return
        trial.reached += 1
        self.reports[trial.trial_id] += 1
        result = {"training_iteration": trial.reached, "loss": self.loss(trial)}
        decision = self.scheduler.on_trial_result(self.controller, trial, result)
        trial.last_result = result
        if decision != "CONTINUE":
            self.running.remove(trial)
            trial.status = PAUSED
        if decision == "STOP":
            trial.status = RUNNING
            self.controller.stop_trial(trial)


def by_number(trial):
    return int(trial.trial_id) / 8


@pytest.mark.parametrize("sign", [1, -1])
def test_asha_promotes_the_best_third_when_it_pauses_trials(wrapped, sign):
    scheduler = wrapped(partial(ASHA, **RUNGS), mode="min" if sign == 1 else "max")
    tune = Tune(scheduler, 9, workers=1, loss=lambda trial: sign * by_number(trial))
    reached = [trial.reached for trial in tune.run()]
    assert reached == [9, 3, 3, 1, 1, 1, 1, 1, 1]
    assert {trial.status for trial in tune.controller.get_trials()} == {TERMINATED}
    assert scheduler.debug_string() == "Using ASHA of rungsim."


@pytest.mark.parametrize("workers", [1, 4])
@pytest.mark.parametrize(
    "make",
    [
        *(partial(each, **RUNGS) for each in (ASHA, StoppingASHA, AsyncHyperband, PASHA)),
        partial(SuccessiveHalving, barrier=False, **RUNGS),
        partial(MedianStopping, r_min=2, r_max=9),
    ],
    ids=lambda value: value.func.__name__ if isinstance(value, partial) else "",
)
def test_a_run_ends_with_failed_trials_too(wrapped, make, workers):
    for seed in range(4):
        draw = random.Random(seed)  # noqa: S311
        tune = Tune(
            wrapped(make),
            30,
            workers=workers,
            seed=seed,
            loss=lambda _, draw=draw: draw.randint(0, 8) / 8,
            fails=lambda _, draw=draw: draw.random() < 0.05,
        )
        trials = tune.run()
        assert len(trials) == 30
        assert {trial.status for trial in trials} <= {TERMINATED, ERROR}
        assert all(trial.reached <= 9 for trial in trials)


def test_rays_rule_of_ours_stops_where_rays_own_scheduler_does(wrapped):
    schedulers = pytest.importorskip("ray.tune.schedulers", reason="Ray Tune is not installed")
    own = schedulers.ASHAScheduler(
        metric="loss", mode="min", max_t=9, grace_period=1, reduction_factor=3
    )
    losses = [random.Random(k).random() for k in range(40)]  # noqa: S311
    reached = [
        [t.reached for t in Tune(each, 40, workers=3, loss=lambda t: losses[int(t.trial_id)]).run()]
        for each in (own, wrapped(partial(StoppingASHA, rule="ray", **RUNGS)))
    ]
    assert reached[0] == reached[1]


def test_a_trial_that_tune_tries_again_stops_at_its_next_result(wrapped):
    tune = Tune(wrapped(partial(StoppingASHA, **RUNGS)), 1, workers=1, loss=by_number)
    while not tune.reports["0"]:
        tune.step()
    (trial,) = tune.running
    tune.scheduler.on_trial_error(tune.controller, trial)
    result = {"training_iteration": 2, "loss": 0.1}
    assert tune.scheduler.on_trial_result(tune.controller, trial, result) == "STOP"


def test_epochs_that_are_repeated_after_a_restore_are_left_out_and_missing_ones_refused(wrapped):
    scheduler = wrapped(partial(StoppingASHA, r_min=3, r_max=9, eta=3))
    trial, controller = RayTrial(None, "0", status=RUNNING), Controller(scheduler)

    def report(epoch):
        result = {"training_iteration": epoch, "loss": 0.5}
        return scheduler.on_trial_result(controller, trial, result)

    assert {report(1), report(2), report(1), report(2)} == {"CONTINUE"}
    with pytest.raises(InputError, match="trial 0 reports training_iteration 4 after 2"):
        report(4)
    assert report(3) == "CONTINUE"


@pytest.mark.parametrize("make", [SuccessiveHalving, Hyperband])
def test_a_scheduler_with_a_barrier_is_refused_in_one_line(wrapped, make):
    with pytest.raises(InputError, match=f"^{make.__name__} holds new trials back, which .*$"):
        wrapped(partial(make, **RUNGS))


def test_tune_may_set_the_metric_and_the_mode_once(wrapped):
    scheduler = wrapped(partial(ASHA, **RUNGS), metric=None, mode=None)
    assert scheduler.set_search_properties("accuracy", "max")
    assert (scheduler.metric, scheduler._mode) == ("accuracy", "max")
    assert not scheduler.set_search_properties("loss", None)
    assert not scheduler.set_search_properties(None, "min")


def test_the_states_of_a_trial_are_rays():
    experiment = pytest.importorskip("ray.tune.experiment", reason="Ray Tune is not installed")
    found = [
        getattr(experiment.Trial, each) for each in (PENDING, RUNNING, PAUSED, TERMINATED, ERROR)
    ]
    assert found == [PENDING, RUNNING, PAUSED, TERMINATED, ERROR]
