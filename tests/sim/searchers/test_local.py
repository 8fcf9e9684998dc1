"""Local search: half near the best, half as random search would."""

import numpy as np
from scipy import stats

from sim.schedulers import Trial
from sim.searchers import Listed, draws
from sim.searchers.local import LocalSearch


def test_it_is_random_search_until_there_is_something_to_compare(mixed):
    # Six dimensions vary, so seven losses are enough.
    searcher, prior = LocalSearch(mixed, seed=3), Listed(draws(mixed, seed=3))
    for _ in range(6):
        trial = searcher.draw()
        searcher.observe(trial, 1, 0.5)
        assert trial.config == prior.draw().config


def test_half_of_the_trials_are_those_of_random_search(mixed):
    searcher, prior = LocalSearch(mixed, seed=0), Listed(draws(mixed, seed=0))
    for _ in range(7):
        searcher.observe(searcher.draw(), 1, 0.5)
        prior.draw()
    same = [searcher.draw().config == prior.draw().config for _ in range(1000)]
    # 500 expected, standard error sqrt(1000 / 4) = 15.8.
    assert abs(sum(same) - 500) < 4 * 15.8


def test_a_neighbour_is_within_a_few_steps_and_reflected_at_the_ends():
    space = {"x": stats.uniform(0, 1)}
    searcher, prior = LocalSearch(space, seed=0), Listed(draws(space, seed=0))
    for number in (-2, -1):  # given first
        searcher.observe(Trial(number, {"x": 0.01}), 1, 0.5)
    near = []
    for _ in range(2000):
        config, drawn = searcher.draw().config, prior.draw().config
        if config != drawn:
            near.append(config["x"])
    assert 0 <= min(near) <= max(near) <= 1
    assert np.mean(np.array(near) > 0.9) < 0.01  # three steps of the longest
    # Clipped, half of them would lie at 0; reflected, none does.
    assert min(near) > 0
    assert np.median(near) < 0.1


def test_a_neighbour_is_another_config():
    space = {"layers": stats.randint(1, 4), "act": ["relu", "tanh"]}
    best = {"layers": 2, "act": "tanh"}
    searcher, prior = LocalSearch(space, seed=0), Listed(draws(space, seed=0))
    for number in range(-3, 0):
        searcher.observe(Trial(number, best), 1, 0.5)
    drawn = [(searcher.draw().config, prior.draw().config) for _ in range(500)]
    near = [config for config, other in drawn if config != other]
    assert near
    assert best not in near
    assert len({tuple(config.values()) for config in near}) == 5  # all the others
