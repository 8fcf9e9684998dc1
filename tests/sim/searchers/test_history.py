"""Like with like: at which epoch trials are compared, and which is the best there."""

from math import inf, isfinite, nan

from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from sim.schedulers import Trial
from sim.searchers.history import History, enough


def heard(history, curves):
    for number, losses in enumerate(curves):
        for epoch, loss in enumerate(losses, 1):
            history.hear(Trial(number, {"number": number}), epoch, loss)
    return history


def test_a_loss_after_more_training_is_not_held_against_one_after_less():
    # Trial 0 came to epoch 3, where its loss is the lowest of all; at epoch 2, the highest that two
    # have reached, trial 1 is better.
    history = heard(History(needed=2), [[0.9, 0.8, 0.1], [0.9, 0.7], [0.2]])
    assert history.level == 2
    assert history.losses == {0: 0.8, 1: 0.7}
    assert history.best.number == 1


def test_without_enough_there_is_no_level():
    history = heard(History(needed=3), [[0.1, 0.1], [0.2], [inf], [nan]])
    assert history.level is history.best is None
    assert history.losses == {}
    history.hear(Trial(9, {}), 1, 0.3)
    assert history.level == 1
    assert history.losses == {0: 0.1, 1: 0.2, 2: inf, 3: inf, 9: 0.3}


def test_only_the_first_report_of_a_trial_is_its_first():
    history = History(needed=1)
    trial = Trial(4, {})
    assert history.hear(trial, 1, 0.5)
    assert not history.hear(trial, 2, 0.4)
    assert history.trial(4) is trial


def test_enough_is_one_more_than_the_dimensions():
    assert enough({"a": stats.uniform(), "b": [1, 2], "c": 3}) == 3


@given(
    curves=st.lists(st.lists(st.sampled_from([0.1, 0.2, 0.3, inf, nan]), max_size=5), max_size=9),
    needed=st.integers(1, 4),
    order=st.randoms(use_true_random=False),
)
@settings(max_examples=300, derandomize=True, deadline=None)
def test_it_agrees_with_a_search_of_all_losses_in_any_order(curves, needed, order):
    reports = [(n, e, x) for n, losses in enumerate(curves) for e, x in enumerate(losses, 1)]
    order.shuffle(reports)
    history = History(needed)
    for number, epoch, loss in reports:
        history.hear(Trial(number, {}), epoch, loss)
    at = {e: {n: x for n, epoch, x in reports if epoch == e} for e in range(1, 6)}
    levels = [e for e, losses in at.items() if sum(map(isfinite, losses.values())) >= needed]
    assert history.level == max(levels, default=None)
    if levels:
        losses = at[history.level]
        best = min((x, n) for n, x in losses.items() if isfinite(x))
        assert (losses[history.best.number], history.best.number) == best
        assert history.losses.keys() == losses.keys()


def test_minus_infinity_is_the_best_loss_there_is():
    history = heard(History(needed=1), [[0.5], [-inf]])
    assert history.best.number == 1
