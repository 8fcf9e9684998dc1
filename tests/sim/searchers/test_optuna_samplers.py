"""Optuna's samplers: what they are asked and told, and that they leave no trace outside."""

import warnings
from math import inf, nan

import optuna
import pytest
from optuna.trial import TrialState
from scipy import stats

from learning_curves.spaces.distributions import Weighted
from sim.schedulers import Trial
from sim.searchers import Listed, draws
from sim.searchers.optuna_samplers import ENOUGH, FIXED, LEARNING, Fixed, Learning

SPACE = {"rate": stats.loguniform(1e-4, 1.0), "act": Weighted(("a", "b"), (1, 2)), "one": 1}


def informed(searcher):
    """Return what Optuna knows at the next draw, beside the trial that it draws then."""
    searcher.draw()
    return [(trial.state, trial.value) for trial in searcher._study.get_trials(deepcopy=False)[:-1]]


def started(number, name="tpe", epochs=1):
    """Return a searcher, and its first trials, of which `ENOUGH` have reported losses 0.00, ..."""
    searcher = Learning(name, SPACE, seed=0)
    trials = [searcher.draw() for _ in range(number)]
    for trial in trials[:ENOUGH]:
        for epoch in range(1, epochs + 1):
            searcher.observe(trial, epoch, trial.number / 100)
    return searcher, trials


@pytest.mark.parametrize("name", LEARNING)
def test_it_is_random_search_until_enough_have_reported_at_one_epoch(name):
    searcher, prior = Learning(name, SPACE, seed=5), Listed(draws(SPACE, seed=5))
    for number in range(ENOUGH + 3):
        trial = searcher.draw()
        assert trial.config == prior.draw().config
        # Those that diverge do not count.
        searcher.observe(trial, 1, inf if number % 4 == 0 else 0.5)
    assert searcher._study is None


def test_pending_trials_are_running_and_the_others_complete():
    searcher, _ = started(ENOUGH + 2)
    complete = [(TrialState.COMPLETE, number / 100) for number in range(ENOUGH)]
    assert informed(searcher) == complete + [(TrialState.RUNNING, None)] * 2
    # The next draw sees the last one pending, too.
    assert informed(searcher)[-1] == (TrialState.RUNNING, None)
    assert len(informed(searcher)) == ENOUGH + 4


def test_what_has_reported_below_the_level_only_is_left_out():
    searcher, trials = started(ENOUGH + 2, epochs=3)
    searcher.observe(trials[ENOUGH], 1, 0.01)  # the level is 3
    known = informed(searcher)
    assert [state for state, _ in known].count(TrialState.RUNNING) == 1
    assert len(known) == ENOUGH + 1
    # The other one reports there, and is no longer running; then it comes to the level.
    searcher.observe(trials[-1], 1, 0.02)
    assert (TrialState.FAIL, None) in informed(searcher)
    for epoch in (2, 3):
        searcher.observe(trials[-1], epoch, 0.015)
    assert (TrialState.COMPLETE, 0.015) in informed(searcher)


def test_when_the_level_rises_all_are_compared_there():
    searcher, trials = started(ENOUGH)
    informed(searcher)
    for trial in trials:
        searcher.observe(trial, 2, 1 - trial.number / 100)
    states = informed(searcher)
    values = [value for state, value in states if state is TrialState.COMPLETE]
    assert values == [1 - number / 100 for number in range(ENOUGH)]
    assert [state for state, _ in states].count(TrialState.RUNNING) == 1


@pytest.mark.parametrize(("loss", "told"), [(inf, 0.09), (nan, 0.09), (-inf, 0.0), (0.5, 0.5)])
def test_a_loss_that_is_no_number_is_told_as_the_worst_known_or_the_best(loss, told):
    searcher, trials = started(ENOUGH + 1)
    searcher.observe(trials[-1], 1, loss)
    assert informed(searcher)[-1] == (TrialState.COMPLETE, told)


def test_a_trial_given_first_is_learnt_from():
    searcher = Learning("tpe", SPACE, seed=0)
    for number in range(-ENOUGH, 0):
        searcher.observe(Trial(number, {"rate": 0.01, "act": "b", "one": 1}), 1, 0.1)
    searcher.draw()
    known = searcher._study.get_trials(deepcopy=False)[:-1]
    assert [trial.params for trial in known] == [{"rate": pytest.approx(0.5), "act": 1}] * ENOUGH


def test_cma_es_goes_on_from_its_own_solutions_when_the_level_rises():
    searcher, trials = started(ENOUGH, "cma-es")
    for _ in range(12):
        trial = searcher.draw()
        trials.append(trial)
        searcher.observe(trial, 1, trial.config["rate"])
    searcher.draw()
    before = [t.system_attrs for t in searcher._study.get_trials(deepcopy=False)[ENOUGH:-1]]
    assert any("cma:generation" in attrs for attrs in before)
    for trial in trials:
        searcher.observe(trial, 2, trial.config["rate"])
    searcher.draw()
    after = searcher._study.get_trials(deepcopy=False)
    generations = [t.system_attrs.get("cma:generation") for t in after[ENOUGH:]]
    assert generations[:12] == [attrs.get("cma:generation") for attrs in before]
    assert generations[-1] >= max(filter(None, generations[:12]), default=0)


def test_fixed_samplers_learn_nothing():
    for name in FIXED:
        one, two = Fixed(name, SPACE, seed=0), Fixed(name, SPACE, seed=0)
        for _ in range(20):
            trial = one.draw()
            one.observe(trial, 1, 0.5)
            assert trial.config == two.draw().config


@pytest.mark.parametrize("name", LEARNING)
def test_nothing_outside_is_changed_or_printed(name, capfd):
    optuna.logging.set_verbosity(optuna.logging.INFO)
    filters = list(warnings.filters)
    try:
        searcher, _ = started(ENOUGH, name)
        searcher.draw()
        assert optuna.logging.get_verbosity() == optuna.logging.INFO
    finally:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
    assert warnings.filters == filters
    assert capfd.readouterr() == ("", "")
