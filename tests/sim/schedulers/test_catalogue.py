"""The catalogue: schedulers by name, and what is said of a name that it does not know."""

import re

import pytest

from sim.schedulers import Job
from sim.schedulers.catalogue import SCHEDULERS, Settings, make

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
