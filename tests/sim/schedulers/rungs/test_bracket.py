"""A bracket by itself: what its callers may ask, and no answer of a scheduler shows."""

from sim.schedulers.rungs.bracket import Bracket


def test_advance_tells_whether_the_rung_was_full(trial):
    # eta 2, levels 1, 2: 2 at 1 -> 1 at 2.
    numbers = iter(range(2))
    bracket = Bracket(0, (1, 2), 2, 2)
    jobs = [bracket.enter(lambda: trial(next(numbers))) for _ in range(2)]
    assert bracket.advance() is False
    bracket.record(jobs[0].trial, 0.2)
    assert bracket.advance() is False
    bracket.record(jobs[1].trial, 0.1)
    assert bracket.advance() is True
    assert bracket.complete is False
    bracket.record(bracket.next_queued().trial, 0.1)
    assert bracket.advance() is True
    assert bracket.complete is True


def test_a_bracket_before_and_after_a_trial_enters(trial):
    bracket = Bracket(3, (1, 2), 1, 2)
    assert (bracket.has_room, bracket.has_queued, bracket.complete) == (True, False, False)
    assert bracket.enter(lambda: trial(7)) == (trial(7), 0, 1, 3)
    assert (bracket.has_room, bracket.has_queued, bracket.complete) == (False, False, False)
    bracket.record(trial(7), 0.5)
    bracket.advance()
    assert (bracket.has_room, bracket.has_queued, bracket.complete) == (False, True, False)
