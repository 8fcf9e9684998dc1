"""The stopping rules: each by hand, and against its definition on a list sorted anew."""

import random
from math import inf, isnan, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.schedulers import RULES, Idle, Job, StoppingASHA

often = settings(max_examples=300, derandomize=True, deadline=None)
# Multiples of 2 * 3 * 4 * 5, so that quantiles between two of them are exact.
losses = st.sampled_from([0.0, -0.0, 120.0, 240.0, 240.0, 360.0, 600.0, 840.0, -120.0, inf, nan])


def rank(results, loss, number):
    """Return how many of `results`, (loss, number), come before this one."""
    return sum(result < (loss, number) for result in results)


def quantile(values, q):
    """Return numpy's linear quantile, of numbers so great in place of infinite ones."""
    return np.quantile(np.clip(values, -1e300, 1e300), q)


def is_at_most(loss, cut):
    """Tell whether loss <= cut, numpy's rounding aside."""
    return loss <= cut + 1e-6


def top_k(results, loss, number, *, eta, **_):
    return rank(results, loss, number) < max(1, len(results) // eta)


def syne_tune(results, loss, number, *, eta, **_):  # noqa: ARG001
    return sum(other < loss for other, _ in results) / len(results) <= 1 / eta


def syne_tune_0_13(results, loss, number, *, level, above, **_):  # noqa: ARG001
    return is_at_most(loss, quantile([other for other, _ in results], level / above))


def optuna(results, loss, number, *, eta, **_):  # noqa: ARG001
    return loss <= sorted(other for other, _ in results)[max(1, len(results) // eta) - 1]


def ray(results, loss, number, *, eta, **_):
    earlier = [other for other, each in results if each != number]
    return not earlier or is_at_most(loss, quantile(earlier, 1 / eta))


ORACLES = {
    "top-k": top_k,
    "syne-tune": syne_tune,
    "syne-tune-0.13": syne_tune_0_13,
    "optuna": optuna,
    "ray": ray,
}


def test_all_of_them_are_tested():
    assert list(RULES) == list(ORACLES)


@pytest.mark.parametrize("name", RULES)
@given(
    arrivals=st.lists(losses, max_size=60),
    order=st.randoms(use_true_random=False),
    eta=st.integers(2, 5),
    level=st.integers(1, 9),
    more=st.integers(1, 9),
)
@often
def test_every_decision_is_by_definition(trial, name, arrivals, order, eta, level, more):
    rule, definition = RULES[name], ORACLES[name]
    rung = rule.rung(level, level + more, eta)
    numbers = list(range(len(arrivals)))
    order.shuffle(numbers)
    results = []
    for number, loss in zip(numbers, arrivals, strict=True):
        results.append((inf if isnan(loss) else loss, number))
        passes = rule.decide(rung, trial(number), loss)
        if loss < inf:  # a diverged trial stops whatever the rule says
            assert passes == definition(
                results, loss, number, eta=eta, level=level, above=level + more
            )
        rung._check()
        assert len(rung) == len(results)


@pytest.mark.parametrize("name", RULES)
def test_a_rules_rung_is_empty_and_at_its_level(name):
    rung = RULES[name].rung(level=3, above=9, eta=2)
    assert (rung.level, rung.eta, len(rung)) == (3, 2, 0)


@pytest.mark.parametrize(
    ("name", "went_on"),
    [
        # eta 3, levels 3, 9. At the rung arrive, in this order (rank 0 is the best, p are better):
        #   number        0     1     2     3     4     5     6
        #   loss          0.5   0.6   0.4   0.4   0.1   0.3   0.35
        #   rank          0     1     0     1     0     1     2
        #   n // 3, >= 1  1     1     1     1     1     2     2
        ("top-k", [0, 2, 4, 5]),
        #   p / n         0     1/2   0     0     0     1/6   2/7    at most 1/3
        ("syne-tune", [0, 2, 3, 4, 5, 6]),
        #   quantile 1/3  0.5   0.533 0.467 0.4   0.4   0.367 0.35   at most that
        ("syne-tune-0.13", [0, 2, 3, 4, 5, 6]),
        #   k-th smallest 0.5   0.5   0.4   0.4   0.1   0.3   0.3    at most that
        ("optuna", [0, 2, 3, 4, 5]),
        #   of earlier    -     0.5   0.533 0.467 0.4   0.4   0.367  at most that
        ("ray", [0, 2, 3, 4, 5, 6]),
    ],
)
def test_arrivals_by_hand(trials, name, went_on):
    stopping = StoppingASHA(trials(7), r_min=3, r_max=9, eta=3, rule=name)
    found = []
    answer = stopping.next_job()
    for loss in [0.5, 0.6, 0.4, 0.4, 0.1, 0.3, 0.35]:
        stopping.job_done(answer, [1.0, 1.0, loss])
        answer = stopping.next_job()
        if isinstance(answer, Job) and answer.start:
            found.append(answer.trial.number)
            answer = stopping.next_job()
    assert found == went_on


def test_the_last_rung_of_syne_tune_0_13_lets_four_fifths_go_on(trials):
    # (2, 10, eta 2): levels 2, 4, 8, 10. At 8 the quantile is that at 8 / 10. Of 0.1 to 1.1 it is
    # 0.9, in the order of the losses nobody is above it; in the reverse order only the first is.
    for name, best in (("syne-tune-0.13", 0.9), ("ray", 0.6), ("top-k", 0.5)):
        rung = RULES[name].rung(8, 10, 2)
        for tenths in range(1, 12):
            RULES[name].decide(rung, trials(1).draw()._replace(number=tenths), tenths / 10)
        assert rung.cut == best


@pytest.mark.parametrize("name", RULES)
@pytest.mark.parametrize("diverged", [nan, inf])
@pytest.mark.parametrize("lost", ["inf", "vanish"])
def test_under_no_rule_a_diverged_or_lost_trial_goes_on(trials, start, name, diverged, lost):
    stopping = StoppingASHA(trials(9), r_min=1, r_max=3, eta=3, rule=name, lost=lost)
    jobs = start(stopping, 9)
    for job in jobs[:6]:
        stopping.job_done(job, [diverged])
    for job in jobs[6:]:
        stopping.job_lost(job)
    assert stopping.next_job() is Idle.DONE


@pytest.mark.parametrize("name", RULES)
def test_26_to_30_of_81_random_arrivals_go_on(trial, name):
    # The n-th arrival's rank is any of n, so k(n) / n is the chance to go on, and the sum of them
    # the mean. Of 400 times 81 Bernoulli draws the mean deviates by less than
    # sqrt(81 * 2 / 9 / 400) = 0.22: five times that are allowed.
    rule, draw = RULES[name], random.Random(1)  # noqa: S311
    went_on = 0
    for _ in range(400):
        rung = rule.rung(1, 3, 3)
        went_on += sum(rule.decide(rung, trial(number), draw.random()) for number in range(81))
    mean = {
        "top-k": sum(max(1, n // 3) / n for n in range(1, 82)),  # 26.8
        "syne-tune": sum((n // 3 + 1) / n for n in range(1, 82)),  # 30.2
        "syne-tune-0.13": sum(((n - 1) // 3 + 1) / n for n in range(1, 82)),  # 28.9
        "optuna": sum(max(1, n // 3) / n for n in range(1, 82)),  # 26.8
        # The uniform quantile of m earlier at 1/3 has the mean (1 + (m - 1) / 3) / (m + 1).
        "ray": 1 + sum((m + 2) / 3 / (m + 1) for m in range(1, 81)),  # 29.0
    }[name]
    assert 26 < mean < 30.5
    assert abs(went_on / 400 - mean) < 1.1


def test_of_ninety_equal_losses_only_ties_that_the_rule_lets_go_on_do(trial):
    for name, rule in RULES.items():
        rung = rule.rung(1, 3, 3)
        went_on = sum(rule.decide(rung, trial(number), 0.5) for number in range(90))
        assert went_on == (1 if name == "top-k" else 90)
