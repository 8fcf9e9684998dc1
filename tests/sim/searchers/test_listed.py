"""Searchers: in which order configs come, how lazily, and what they depend on."""

from collections import Counter
from itertools import count, islice
from math import sqrt

import pytest

from learning_curves.synthetic import PowerLaw, Scripted
from sim.searchers import ORDERS, Listed, draws, rows, searcher_for

TABLE = Scripted([[0.5]] * 10)


def drawn(searcher, number=10**4):
    """Return all configs of the searcher, or the first `number`; check the numbering."""
    trials = list(islice(iter(searcher.draw, None), number))
    assert [trial.number for trial in trials] == list(range(len(trials)))
    return [trial.config for trial in trials]


def test_configs_are_numbered_from_0_in_their_order():
    searcher = Listed([{"lr": 0.3}, {"lr": 0.1}])
    assert drawn(searcher) == [{"lr": 0.3}, {"lr": 0.1}]
    assert searcher.draw() is None
    assert searcher.draw() is None  # for ever


def test_a_listed_searcher_reads_one_config_a_draw():
    read = []

    def endless():
        for number in count():
            read.append(number)
            yield {"number": number}

    searcher = Listed(endless())
    assert read == []
    searcher.draw()
    assert read == [0]
    searcher.observe(searcher.draw(), 1, 0.5)  # it learns nothing from it
    assert read == [0, 1]
    assert not searcher.adaptive


def test_in_the_order_given_trial_i_is_the_ith_config():
    searcher = searcher_for(TABLE, seed=3, order="given")
    assert drawn(searcher) == list(TABLE.configs)
    assert searcher.draw() is None


def test_shuffled_each_config_comes_once_in_an_order_of_the_seed():
    orders = set()
    for seed in range(20):
        searcher = searcher_for(TABLE, seed=seed, order="shuffled")
        numbers = [config["number"] for config in drawn(searcher)]
        assert sorted(numbers) == list(range(10))
        assert searcher.draw() is None
        orders.add(tuple(numbers))
    assert len(orders) == 20  # of 10! orders


def test_sampled_configs_come_with_replacement_and_without_end():
    n = 10**4
    counts = Counter(config["number"] for config in drawn(searcher_for(TABLE, seed=0), n))
    assert len(counts) == 10
    # Each is expected n / 10 times, with standard error sqrt(n * 0.1 * 0.9).
    assert all(abs(each - n / 10) < 4 * sqrt(n * 0.09) for each in counts.values())


def test_sampled_is_the_default():
    assert ORDERS[0] == "sampled"
    assert drawn(searcher_for(TABLE, seed=4), 99) == drawn(
        searcher_for(TABLE, seed=4, order="sampled"), 99
    )


@pytest.mark.parametrize("blackbox", [TABLE, PowerLaw()], ids=["table", "space"])
def test_a_config_depends_on_the_seed_and_the_number_alone(blackbox):
    whole = drawn(searcher_for(blackbox, seed=0), 1000)
    assert drawn(searcher_for(blackbox, seed=0), 1000) == whole
    # However many there are to be, and whoever else draws in between:
    for most in (1, 255, 256, 257, 700):
        searcher = searcher_for(blackbox, seed=0, max_trials=most)
        other = searcher_for(blackbox, seed=1)
        mine = []
        while (trial := searcher.draw()) is not None:
            mine.append(trial.config)
            other.draw()
        assert mine == whole[:most]
    assert drawn(searcher_for(blackbox, seed=1), 1000) != whole


def test_neighbouring_seeds_and_blocks_have_nothing_in_common():
    configs = [
        config["learning_rate"]
        for seed in range(4)
        for config in drawn(searcher_for(PowerLaw(), seed=seed), 600)
    ]
    assert len(set(configs)) == len(configs)


def test_a_space_is_drawn_from_lazily():
    assert len(list(islice(draws(PowerLaw().space, seed=0), 3))) == 3
    for config in drawn(searcher_for(PowerLaw(), seed=2), 300):
        assert 1e-4 <= config["learning_rate"] <= 1
        assert 16 <= config["width"] <= 256


@pytest.mark.parametrize("order", ORDERS)
def test_the_configs_to_try_first_come_before_all_others(order):
    first = [{"number": 7}, {"number": 3}]
    searcher = searcher_for(TABLE, seed=0, order=order, first=first)
    rest = searcher_for(TABLE, seed=0, order=order)
    assert drawn(searcher, 10) == first + drawn(rest, 8)


def test_the_configs_to_try_first_count_among_the_trials():
    searcher = searcher_for(TABLE, seed=0, first=[{"number": 7}, {"number": 3}], max_trials=1)
    assert drawn(searcher) == [{"number": 7}]


def test_a_first_config_without_a_curve_is_refused():
    with pytest.raises(ValueError, match=r"\{'number': 10\} is not in the table"):
        searcher_for(TABLE, seed=0, first=[{"number": 10}])


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("most", [0, 1, 9])
def test_after_so_many_trials_it_is_exhausted(order, most):
    searcher = searcher_for(TABLE, seed=0, order=order, max_trials=most)
    assert len(drawn(searcher)) == most
    assert searcher.draw() is None


def test_more_trials_than_a_table_has_are_not_there():
    assert len(drawn(searcher_for(TABLE, seed=0, order="shuffled", max_trials=99))) == 10


def test_orders_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match="the order is 'best': choose from sampled, shuffled"):
        searcher_for(TABLE, seed=0, order="best")
    with pytest.raises(ValueError, match="the order is 'best'"):
        rows(TABLE.configs, "best", seed=0)
    for order in ("given", "shuffled"):
        with pytest.raises(ValueError, match=f"the order '{order}' needs a table"):
            searcher_for(PowerLaw(), seed=0, order=order)
