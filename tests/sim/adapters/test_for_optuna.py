"""Our schedulers as Optuna's pruner, in Optuna's own studies."""

from functools import partial
from math import nan

import pytest

from learning_curves.errors import InputError
from sim.schedulers import (
    ASHA,
    PASHA,
    AsyncHyperband,
    Hyperband,
    MedianStopping,
    RandomSearch,
    StoppingASHA,
    SuccessiveHalving,
)

optuna = pytest.importorskip("optuna", reason="Optuna is not installed")
RUNGS = {"r_min": 1, "r_max": 9, "eta": 3}
NAMES = {0: "COMPLETE", 1: "PRUNED"}


@pytest.fixture(autouse=True)
def _quiet():
    optuna.logging.set_verbosity(optuna.logging.ERROR)


def study_of(make, losses, *, sign=1, first_step=0, threads=1, **pruner):
    """Return (state, epochs) of each trial of a study whose k-th trial has the k-th loss."""
    from sim.adapters import OptunaPruner

    def objective(trial):
        for step in range(first_step, first_step + 9):
            trial.report(sign * losses[trial.number], step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return 0.0

    study = optuna.create_study(
        pruner=OptunaPruner(make, first_step=first_step, **pruner),
        direction="minimize" if sign == 1 else "maximize",
    )
    study.optimize(objective, n_trials=len(losses), n_jobs=threads)
    return [(each.state.name[0], len(each.intermediate_values)) for each in study.trials]


@pytest.mark.parametrize(("sign", "first_step"), [(1, 0), (1, 1), (-1, 0)])
def test_a_trial_that_the_scheduler_stops_is_pruned(sign, first_step):
    # One goes on at each rung: the first to arrive, and each better one; of three, the best third.
    found = study_of(
        partial(StoppingASHA, **RUNGS), [0.5, 0.6, 0.4, 0.45, nan], sign=sign, first_step=first_step
    )
    assert found == [("C", 9), ("P", 1), ("C", 9), ("P", 1), ("P", 1)]


@pytest.mark.parametrize("rule", ["optuna", "top-k"])
def test_the_pruner_of_the_rule_optuna_prunes_as_optunas_own(rule):
    losses = [((7 * k) % 11) / 8 for k in range(11)]
    ours = study_of(partial(StoppingASHA, rule=rule, **RUNGS), losses)

    def objective(trial):
        for epoch in range(1, 10):
            trial.report(losses[trial.number], epoch)
            if trial.should_prune():
                raise optuna.TrialPruned
        return 0.0

    pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3)
    study = optuna.create_study(pruner=pruner)
    study.optimize(objective, n_trials=len(losses))
    theirs = [(each.state.name[0], len(each.intermediate_values)) for each in study.trials]
    assert ours == theirs  # without ties the two rules are the same


def test_the_median_rule_and_random_search_prune_too():
    median = study_of(partial(MedianStopping, r_min=1, r_max=9), [0.5, 0.4, 0.6])
    assert median == [("C", 9), ("C", 9), ("P", 1)]
    assert study_of(partial(RandomSearch, r_max=9), [0.5, 0.6]) == [("C", 9)] * 2


def test_threads_may_share_a_pruner():
    found = study_of(partial(StoppingASHA, **RUNGS), [k / 64 for k in range(64)], threads=4)
    assert {each for each in found if each[0] == "C"} == {("C", 9)}
    assert len(found) == 64


@pytest.mark.parametrize(
    "make",
    [
        partial(each, **RUNGS)
        for each in (ASHA, PASHA, AsyncHyperband, SuccessiveHalving, Hyperband)
    ],
    ids=lambda make: make.func.__name__,
)
def test_a_scheduler_that_pauses_trials_is_refused_in_one_line(make):
    from sim.adapters import OptunaPruner

    name = make.func.__name__
    with pytest.raises(
        InputError, match=f"^{name} pauses trials, which a pruner cannot: choose .*$"
    ):
        OptunaPruner(make)


def test_a_step_that_was_not_reported_is_named():
    from sim.adapters import OptunaPruner

    study = optuna.create_study(pruner=OptunaPruner(partial(MedianStopping, r_min=2, r_max=9)))
    trial = study.ask()
    trial.report(0.5, 1)
    with pytest.raises(InputError, match="trial 0 has not reported step 0"):
        trial.should_prune()
    assert not study.ask().should_prune()  # nothing is reported, and nothing decided
