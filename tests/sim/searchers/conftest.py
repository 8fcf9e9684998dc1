"""Spaces and drivers that the tests of the searchers share."""

from math import inf

import pytest
from scipy import stats

from learning_curves.spaces.distributions import Weighted, lograndint, reverse_loguniform

MIXED = {
    "rate": stats.loguniform(1e-4, 1.0),
    "decay": reverse_loguniform(0.9, 0.9999),
    "units": lograndint(1, 9),
    "layers": stats.randint(1, 6),
    "act": ["relu", "tanh", "elu"],
    "optimiser": Weighted(("sgd", "adam"), (1, 3)),
    "epochs": 16,
}


def _explore(searcher, number, loss_of, workers=1):
    """Draw so many trials on so many workers; each reports epoch 1 when it is the oldest."""
    running, drawn = [], []
    for _ in range(number):
        if len(running) == workers:
            trial = running.pop(0)
            searcher.observe(trial, 1, loss_of(trial.config))
        trial = searcher.draw()
        if trial is None:
            break
        running.append(trial)
        drawn.append(trial)
    assert [trial.number for trial in drawn] == list(range(len(drawn)))
    return [trial.config for trial in drawn]


def _is_inside(domain, value):
    if hasattr(domain, "support"):
        low, high = domain.support()
        whole = not hasattr(domain.dist, "pmf") or type(value) is int
        return whole and low <= value <= high and -inf < value < inf
    return value in (domain if isinstance(domain, list | Weighted) else [domain])


@pytest.fixture(scope="session")
def mixed():
    """A space of every kind of domain."""
    return MIXED


@pytest.fixture(scope="session")
def explore():
    return _explore


@pytest.fixture(scope="session")
def is_member():
    def check(space, config):
        return list(config) == list(space) and all(
            _is_inside(space[name], value) for name, value in config.items()
        )

    return check
