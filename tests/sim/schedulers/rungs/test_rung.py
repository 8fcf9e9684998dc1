"""The arithmetic of the levels, and rungs against a list that is sorted anew at every question."""

from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.schedulers import Rung, rung_levels
from sim.schedulers.rungs.rung import check_levels

often = settings(max_examples=400, derandomize=True, deadline=None)
losses = st.sampled_from([0.0, -0.0, 0.1, 0.2, 0.2, 0.3, 0.5, 1e308, inf, -inf, nan])


@pytest.mark.parametrize(
    ("r_min", "r_max", "eta", "levels"),
    [
        (1, 243, 3, (1, 3, 9, 27, 81, 243)),  # log(243) / log(3) is 4.999...
        (1, 59049, 3, (1, 3, 9, 27, 81, 243, 729, 2187, 6561, 19683, 59049)),
        (1, 1000, 10, (1, 10, 100, 1000)),
        (1, 10**6, 10, (1, 10, 100, 1000, 10**4, 10**5, 10**6)),
        (2, 10, 2, (2, 4, 8, 10)),
        (1, 81, 3, (1, 3, 9, 27, 81)),
        (1, 4, 2, (1, 2, 4)),
        (3, 4, 2, (3, 4)),
        (7, 7, 2, (7,)),
        (1, 1, 9, (1,)),
        (5, 14, 3, (5, 14)),
        (5, 15, 3, (5, 15)),
        (5, 16, 3, (5, 15, 16)),
    ],
)
def test_levels_by_hand(r_min, r_max, eta, levels):
    assert rung_levels(r_min, r_max, eta) == levels


@pytest.mark.parametrize("eta", range(2, 12))
def test_no_power_of_eta_loses_a_level(eta):
    for power in range(1, 60):
        exact = tuple(eta**k for k in range(power + 1))
        assert rung_levels(1, eta**power, eta) == exact
        assert rung_levels(1, eta**power + 1, eta) == (*exact, eta**power + 1)
        below = exact[:-1] if eta**power - 1 > exact[-2] else exact[:-2]  # 2**1 - 1 is 2**0
        assert rung_levels(1, eta**power - 1, eta) == (*below, eta**power - 1)


@given(st.integers(1, 20), st.integers(0, 300), st.integers(2, 9))
@settings(max_examples=200, derandomize=True, deadline=None)
def test_levels_against_brute_force(r_min, more, eta):
    r_max = r_min + more
    powers = {r_min * eta**k for k in range(10)}
    brute = [level for level in range(r_min, r_max) if level in powers]
    assert rung_levels(r_min, r_max, eta) == (*brute, r_max)


@pytest.mark.parametrize(
    ("r_min", "r_max", "eta", "message"),
    [
        (0, 9, 3, "r_min is 0"),
        (-1, 9, 3, "r_min is -1"),
        (10, 9, 3, "r_min is 10, above r_max 9"),
        (1, 0, 3, "r_min is 1, above r_max 0"),
        (1, 9, 1, "eta is 1"),
        (1, 9, 0, "eta is 0"),
        (1, 9, -3, "eta is -3"),
        (1.0, 9, 3, "r_min is 1.0: give a whole number"),
        (True, 9, 3, "r_min is True: give a whole number"),
        (1, 9.5, 3, "r_max is 9.5: give a whole number"),
        (1, None, 3, "r_max is None: give a whole number"),
        (1, 9, 2.5, "eta is 2.5: give a whole number"),
        (1, 9, True, "eta is True: give a whole number"),
    ],
)
def test_levels_that_cannot_be_name_the_value(r_min, r_max, eta, message):
    with pytest.raises(ValueError, match=message):
        rung_levels(r_min, r_max, eta)
    if eta == 3:  # nothing is wrong but the first or the last level
        with pytest.raises(ValueError, match=message):
            check_levels(r_min, r_max)


def test_one_level_or_two_that_meet_are_possible():
    check_levels(1, 1)
    check_levels(2, 9)


class SortedList:
    """What a rung is to answer, from the words of the laws; sorted anew for each question."""

    def __init__(self, eta, least):
        self.eta, self.least = eta, least
        self.recorded = {}
        self.promoted = set()

    def record(self, number, loss):
        self.recorded[number] = inf if loss != loss else loss  # noqa: PLR0124

    def ranked(self):
        return sorted(self.recorded, key=lambda number: (self.recorded[number], number))

    def best(self):
        n = len(self.recorded)
        return self.ranked()[: max(n // self.eta, self.least)]

    def unpromoted(self):
        converged = [number for number in self.ranked() if self.recorded[number] < inf]
        return [number for number in converged if number not in self.promoted]

    def promotable(self):
        return [number for number in self.unpromoted() if number in self.best()]


@given(
    eta=st.integers(2, 5),
    least=st.sampled_from([0, 1]),
    script=st.lists(st.tuples(st.booleans(), losses), max_size=40),
    order=st.randoms(use_true_random=False),
)
@often
def test_a_rung_answers_as_a_sorted_list_does(trial, eta, least, script, order):
    needed = None if least == 0 else lambda k: k * eta if k > 1 else 1
    rung, oracle = Rung(1, eta, needed=needed), SortedList(eta, least)
    assert (rung.level, rung.eta) == (1, eta)
    numbers = list(range(len(script)))
    order.shuffle(numbers)
    for promotes, loss in script:
        promotable = oracle.promotable()
        if promotes and promotable:
            assert rung.promote().number == promotable[0]
            oracle.promoted.add(promotable[0])
        else:
            number = numbers.pop()
            oracle.record(number, loss)
            assert rung.record(trial(number), loss) == bool(oracle.promotable())
        rung._check()
        assert len(rung) == len(oracle.recorded)
        assert rung.promotable == bool(oracle.promotable())
        best = oracle.best()
        for number, recorded in oracle.recorded.items():
            assert rung.is_best(trial(number), recorded) == (number in best)
        ranked = [oracle.recorded[number] for number in oracle.ranked()]
        assert rung.cut == (ranked[len(best) - 1] if best else -inf)
        assert rung.after_cut == (ranked[len(best)] if len(best) < len(ranked) else inf)
    assert rung.most_promotions(0) == len(oracle.promotable())
    for number in (0, 1, len(script)):  # the last one has not reported
        recorded, ranked = len(oracle.recorded), oracle.ranked()
        least_count = eta * (ranked.index(number) + 1) if number in ranked else 0
        if needed and ranked[:1] == [number]:
            least_count = 1
        for count in (recorded, least_count - 1, least_count, inf):  # all further ones are worse
            may = number in oracle.unpromoted() and count >= least_count
            assert rung.may_promote(trial(number), count) == may
    converged = [number for number in oracle.ranked() if oracle.recorded[number] < inf]
    for count in range(len(converged) + 2):
        assert [each.number for each in rung.best(count)] == converged[:count]
    for number in oracle.promotable():
        assert rung.promote().number == number
        rung._check()
    assert not rung.promotable
    with pytest.raises(IndexError, match="no trial is promotable at epoch 1"):
        rung.promote()


def test_ties_rank_the_lower_number_first_whoever_came_first(trial):
    rung = Rung(1, 2)
    for number in (3, 1, 2, 0):
        rung.record(trial(number), 0.5)
    assert [each.number for each in rung.best(4)] == [0, 1, 2, 3]
    assert [rung.promote().number, rung.promote().number] == [0, 1]  # 4 // 2
    assert not rung.promotable


@pytest.mark.parametrize("diverged", [nan, inf, float("nan")])
def test_a_diverged_loss_fills_its_place_and_is_never_promoted(trial, diverged):
    rung = Rung(1, 2)
    assert not rung.record(trial(0), diverged)
    assert not rung.record(trial(1), diverged)  # 2 // 2 = 1, but it diverged
    assert rung.record(trial(2), 0.9)  # 3 // 2 = 1
    assert rung.promote().number == 2
    assert not rung.record(trial(3), diverged)  # 4 // 2 = 2: trial 2, and one that diverged
    assert len(rung) == 4
    assert [each.number for each in rung.best(4)] == [2]


def test_of_diverged_trials_alone_none_is_promoted_in_whatever_order_they_come(trial):
    rung = Rung(1, 2)
    assert not any(rung.record(trial(number), inf) for number in (3, 2, 1, 0))
    assert rung.most_promotions(0) == 0


def test_minus_infinity_is_a_loss_like_any_other(trial):
    rung = Rung(1, 2)
    rung.record(trial(0), -inf)
    assert not rung.is_best(trial(0), -inf)  # 1 // 2 = 0
    rung = Rung(1, 2)
    rung.record(trial(0), 0.1)
    assert rung.record(trial(1), -inf)
    assert rung.promote().number == 1
