"""What learning is worth on a smooth bowl: each adaptive searcher against random search, paired."""

import pytest
from scipy import stats

from sim.searchers import searcher_over

SPACE = {
    "rate": stats.loguniform(1e-4, 1.0),
    "momentum": stats.uniform(0, 1),
    "width": stats.randint(16, 257),
}
FLOOR = {"rate": 0.01, "momentum": 0.8, "width": 100}  # inside the scale of each


def bowl(config):
    """Return the squared distance from the floor, on the unit scale of each hyperparameter."""
    return sum(
        (SPACE[name].cdf(config[name]) - SPACE[name].cdf(FLOOR[name])) ** 2 for name in SPACE
    )


def best(name, seed, explore, workers=1, trials=60):
    searcher = searcher_over(SPACE, name=name, seed=seed, max_trials=trials)
    return min(map(bowl, explore(searcher, trials, bowl, workers)))


@pytest.mark.slow
@pytest.mark.parametrize("name", ["coarse-to-fine", "local", "coordinate", "optuna:tpe"])
def test_it_finds_a_lower_point_in_as_many_trials(name, explore):
    # On 8 workers: what it learns from is 8 trials late.
    # Paired by seed, one-sided signed-rank test. With 40 seeds a searcher that is the better one in
    # three pairs of four, whatever the sizes, has p = 0.001 by their signs alone.
    seeds = range(20 if name.startswith("optuna") else 40)
    pairs = [(best(name, s, explore, workers=8), best("random", s, explore)) for s in seeds]
    assert stats.wilcoxon(*zip(*pairs, strict=True), alternative="less").pvalue < 0.001


@pytest.mark.slow
def test_cma_es_does_too(explore):
    pairs = [(best("optuna:cma-es", s, explore), best("random", s, explore)) for s in range(20)]
    assert stats.wilcoxon(*zip(*pairs, strict=True), alternative="less").pvalue < 0.001


@pytest.mark.slow
def test_a_gaussian_process_finds_in_twenty_trials_what_random_search_does_not_in_sixty(explore):
    # It takes a second a trial, so there is one run, against the best of ten.
    others = [best("random", seed, explore) for seed in range(10)]
    assert best("optuna:gp", 0, explore, trials=20) < min(others)
