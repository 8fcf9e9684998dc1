"""Laws, broken ones, and the results of a check."""

import copy

import pytest

from learning_curves.laws import BrokenLaw, Checked, Law, all_kept, hold

EVEN = Law("even", "The number is even.", "It is odd.")
SMALL = Law("small", "The number is below 9.", "It is 9.")


def even(law, number):
    if number % 2:
        raise BrokenLaw(law, f"{number} is odd", details="half of it\nis no whole number")
    return ""


def small(_law, number):
    return f"{number} is {9 - number} below 9" if number < 9 else 1 // 0


def test_a_broken_law_names_the_law_and_survives_a_copy_as_to_another_process():
    error = BrokenLaw(EVEN, "3 is odd", details="3 = 2 + 1")
    for each in (error, copy.copy(error)):
        assert (each.law, each.message, each.details) == (EVEN, "3 is odd", "3 = 2 + 1")
        assert str(each) == "even: 3 is odd\n3 = 2 + 1"


def test_each_law_has_a_result_and_a_row():
    first, second = hold([(EVEN, even), (SMALL, small)], 3)
    assert (first.broken.message, second.broken, second.note) == (
        "3 is odd",
        None,
        "3 is 6 below 9",
    )
    assert str(first) == "broken  even          The number is even.\n        3 is odd"
    assert str(second) == "kept    small         The number is below 9.\n        3 is 6 below 9"


def test_what_a_check_raises_breaks_its_law_and_has_its_line():
    *_, last = hold([(EVEN, even), (SMALL, small)], 10)
    assert last.broken.message.startswith("ZeroDivisionError: ")
    assert "(test_laws.py, line " in last.broken.message
    assert last.broken.message.endswith(", small)")
    assert isinstance(last.broken.__cause__, ZeroDivisionError)


def test_laws_that_need_a_broken_one_are_not_checked():
    assert len(list(hold([(EVEN, even), (SMALL, small)], 3, needed=["even"]))) == 1
    assert len(list(hold([(EVEN, even), (SMALL, small)], 4, needed=["even"]))) == 2


def test_the_first_broken_law_is_raised():
    kept = Checked(EVEN)
    assert all_kept([kept, kept]) == [kept, kept]
    with pytest.raises(BrokenLaw, match="even: 3 is odd"):
        all_kept(hold([(SMALL, small), (EVEN, even)], 3))
