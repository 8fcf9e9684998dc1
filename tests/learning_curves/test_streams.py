"""Indexed random streams: what belongs to an index is fixed, uniform, and nobody else's."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from learning_curves import streams

PURPOSES = ("configs", "order", "straggler", "noise", "training")


@pytest.mark.parametrize("draw", [streams.integer, streams.uniform])
def test_who_asks_first_and_how_often_changes_nothing(draw):
    indices = list(product(range(3), range(5)))
    forward = {index: draw(7, "noise", *index) for index in indices}
    for _ in range(3):
        draw(7, "noise", 0, 0)
    assert {index: draw(7, "noise", *index) for index in reversed(indices)} == forward


def test_a_generator_starts_afresh_however_far_another_has_run():
    first = streams.generator(7, "configs", 3)
    begun = first.random(5).tolist()
    first.random(1000)
    streams.generator(7, "configs", 2).random(10)
    assert streams.generator(7, "configs", 3).random(5).tolist() == begun


def test_no_two_addresses_share_a_number():
    addresses = [
        (seed, purpose, *index)
        for seed, purpose in product(range(5), PURPOSES)
        for index in [(), *product(range(20)), *product(range(5), range(5))]
    ]
    assert len({streams.integer(*address) for address in addresses}) == len(addresses)


def test_seed_and_index_are_not_interchangeable():
    assert streams.integer(1, "noise", 2) != streams.integer(2, "noise", 1)
    assert streams.integer(0, "noise", 1) != streams.integer(0, "noise", 1, 0)


def test_no_two_generators_of_a_purpose_share_a_stream():
    addresses = list(product(range(5), PURPOSES, range(40)))
    firsts = {streams.generator(*address).integers(2**63) for address in addresses}
    assert len(firsts) == len(addresses)


def test_integers_fill_64_bits():
    draws = [streams.integer(0, "noise", i) for i in range(2000)]
    assert 0 <= min(draws) < 2**56  # misses all of it once in e**8 seeds; this seed does not
    assert 2**64 - 2**56 < max(draws) < 2**64
    ones = sum(draw.bit_count() for draw in draws)
    assert abs(ones - 64_000) < 4 * (2000 * 64 / 4) ** 0.5  # 4 standard errors


@pytest.mark.parametrize(
    "draws",
    [
        [streams.uniform(0, "noise", i) for i in range(5000)],
        [streams.uniform(i, "noise", 0) for i in range(5000)],
        [streams.uniform(3, "straggler", i // 50, i % 50) for i in range(5000)],
    ],
    ids=["along the index", "along the seed", "along two indices"],
)
def test_uniform_along_every_axis(draws):
    assert all(0 < draw < 1 for draw in draws)
    assert stats.kstest(draws, "uniform").pvalue > 0.001


def test_neighbours_are_uncorrelated():
    draws = np.array([[streams.uniform(s, "noise", i) for i in range(200)] for s in range(50)])
    for one, other in ((draws[:, 1:], draws[:, :-1]), (draws[1:], draws[:-1])):
        rho = np.corrcoef(one.ravel(), other.ravel())[0, 1]
        assert abs(rho) < 4 / one.size**0.5  # 4 standard errors


def test_the_open_interval_excludes_its_ends(monkeypatch):
    for extreme in (0, 2**64 - 1):
        monkeypatch.setattr(streams, "integer", lambda *_, extreme=extreme: extreme)
        assert 0.0 < streams.uniform(0, "noise") < 1.0


def test_normals_are_normal_and_independent_along_every_axis():
    drawn = streams.normals(range(500, 2500), "test", 20)
    assert stats.kstest(drawn.ravel(), "norm").pvalue > 0.001
    runs = streams.normals([streams.training_seed(seed, 3) for seed in range(500)], "test", 20)
    assert stats.kstest(runs.ravel(), "norm").pvalue > 0.001
    for one, other in (
        (drawn[:, 1:], drawn[:, :-1]),
        (drawn[1:], drawn[:-1]),
        (runs[1:], runs[:-1]),
    ):
        rho = np.corrcoef(one.ravel(), other.ravel())[0, 1]
        assert abs(rho) < 4 / one.size**0.5  # 4 standard errors
    assert np.unique(drawn).size == drawn.size
    assert (streams.normals([7], "test", 20) != streams.normals([7], "other", 20)).all()


def test_a_row_of_normals_belongs_to_its_seed():
    seeds = [0, 1023, 1024, 2**32 - 1, 2**32, 2**32 + 1, 5, 2**64 - 1, 1024]
    drawn = streams.normals(seeds, "test", 3)
    assert len(np.unique(drawn)) == 3 * len(set(seeds))
    streams.normals([i << 10 for i in range(100)], "test", 3)  # the blocks kept are others now
    for seed, row in reversed(list(zip(seeds, drawn, strict=True))):
        assert (streams.normals([seed], "test", 3) == row).all()
    assert streams._block.cache_info().currsize <= 8
    assert streams.normals([], "test", 3).shape == (0, 3)
    assert streams.normals([7], "test", 0).shape == (1, 0)
