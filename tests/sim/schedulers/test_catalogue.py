"""The catalogue: schedulers by name, and what is said of a name that it does not know."""

import re

import pytest

from sim.schedulers import ASHA, RULES, Job, StoppingASHA
from sim.schedulers.catalogue import SCHEDULERS, Settings, make
from sim.schedulers.rungs.promotion_rules import PROMOTION_RULES

SETTINGS = Settings(r_min=1, r_max=9, eta=3, workers=2)


@pytest.mark.parametrize("name", SCHEDULERS)
def test_each_name_makes_a_scheduler(trials, name):
    scheduler = make(name, trials(3), SETTINGS)
    assert scheduler.r_max == 9
    assert isinstance(scheduler.next_job(), Job)


def test_all_of_them_are_tested(makers):
    assert set(makers) == set(SCHEDULERS)


@pytest.mark.parametrize(
    ("name", "rule", "said"),
    [
        ("x", "top-k", "the scheduler is 'x': choose from random, random-batch, sh, "),
        ("asha", "x", "the rule is 'x': choose from top-k, syne-tune-0.13 for asha"),
        ("asha", "optuna", "the rule is 'optuna': choose from top-k, syne-tune-0.13 for asha"),
        ("asha-stopping", "x", "the rule is 'x': choose from top-k, syne-tune, syne-tune-0.13"),
    ],
)
def test_an_unknown_name_is_refused_with_the_known_ones(trials, name, rule, said):
    unknown = Settings(r_min=1, r_max=9, eta=3, workers=2, rule=rule)
    with pytest.raises(ValueError, match=re.escape(said)):
        make(name, trials(3), unknown)


@pytest.mark.parametrize("name", SCHEDULERS)
def test_what_a_lost_trial_may_leave_is_checked(makers, trials, name):
    with pytest.raises(ValueError, match="lost is 'gone': choose from inf, vanish"):
        makers[name](trials(3), (1, 4), 2, lost="gone")


def test_asha_claims_all_the_laws_and_stopping_asha_those_of_its_rule(trials):
    # Stopping decides once and for all, by the order of the reports; ties go on by most rules, and
    # so more than the quota; a quantile between two losses depends on more than their ranks.
    claims = {
        (kind, rule): set(kind(trials(3), r_min=1, r_max=4, eta=2, rule=rule).claims)
        for kind, rules in ((ASHA, PROMOTION_RULES), (StoppingASHA, RULES))
        for rule in rules
    }
    assert claims == {
        (ASHA, "top-k"): {"ranks", "order", "levels", "best-first", "quota", "prompt"},
        (ASHA, "syne-tune-0.13"): {"ranks", "levels"},
        (StoppingASHA, "top-k"): {"ranks", "levels", "survival"},
        (StoppingASHA, "syne-tune"): {"ranks", "levels"},
        (StoppingASHA, "syne-tune-0.13"): {"ranks", "levels"},
        (StoppingASHA, "optuna"): {"ranks", "levels"},
        (StoppingASHA, "ray"): {"levels"},
    }
