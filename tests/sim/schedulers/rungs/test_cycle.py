"""Cycles of synchronous brackets of any shapes, against their rule stated anew."""

import itertools
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.schedulers import LOST, Hyperband, Idle, Job, SuccessiveHalving, Trial, rung_levels
from sim.schedulers.rungs.cycle import Cycle, Shape

often = settings(max_examples=300, derandomize=True, deadline=None)


class PlainBracket:
    """One ladder. All its rungs are derived anew from what was started and what was heard."""

    def __init__(self, number, levels, eta, room):
        self.number, self.levels, self.eta, self.room = number, levels, eta, room
        self.started = {level: [] for level in levels}
        self.heard = {level: [] for level in levels}
        self.vanished = dict.fromkeys(levels, 0)

    def rooms(self):
        return [max(1, self.room // self.eta**k) for k in range(len(self.levels))]

    def cohorts(self):
        """Return who is to be trained to each level, in order of rank; None: not known yet."""
        cohorts = [None] * len(self.levels)
        entered = self.started[self.levels[0]]
        if len(entered) == self.room:
            cohorts[0] = list(entered)
        for k in range(1, len(self.levels)):
            below, heard = cohorts[k - 1], sorted(self.heard[self.levels[k - 1]])
            if below is None or len(heard) + self.vanished[self.levels[k - 1]] < len(below):
                break
            fit = [number for loss, number in heard if loss < float("inf")]
            cohorts[k] = fit[: self.rooms()[k]]
        return cohorts

    def queued(self):
        for k, cohort in enumerate(self.cohorts()[1:], 1):
            for number in cohort or []:
                if number not in self.started[self.levels[k]]:
                    return Job(Trial(number, {}), *self.levels[k - 1 : k + 1], self.number)
        return None

    def is_complete(self):
        last, top = self.cohorts()[-1], self.levels[-1]
        return last is not None and len(self.heard[top]) + self.vanished[top] == len(last)


class PlainCycle:
    """Older brackets' jobs first, then a new trial; with the barrier one bracket after the other.

    DONE once the searcher, asked for a trial, had none and nothing below r_max is running.
    """

    def __init__(self, trials, shapes, eta, barrier):
        self.new = iter(trials)
        self.shapes = itertools.cycle(shapes)
        self.r_max = shapes[0][0][-1]
        self.eta, self.barrier = eta, barrier
        self.brackets = []
        self.exhausted = False
        self.running = []

    def ask(self):
        answer = self.promotion() or self.new_trial() or self.promotion()
        if answer is None:
            may_follow = any(job.stop < self.r_max for job in self.running)
            return Idle.WAIT if may_follow or not self.exhausted else Idle.DONE
        self.running.append(answer)
        self.brackets[answer.bracket].started[answer.stop].append(answer.trial.number)
        return answer

    def tell(self, job, loss):
        self.running.remove(job)
        bracket = self.brackets[job.bracket]
        if loss is None:
            bracket.vanished[job.stop] += 1
        else:
            bracket.heard[job.stop].append((loss, job.trial.number))

    def promotion(self):
        return next(filter(None, (bracket.queued() for bracket in self.brackets)), None)

    def new_trial(self):
        if self.exhausted:
            return None
        if not self.brackets or len(self.entered()) == self.brackets[-1].room:
            if self.barrier and not all(bracket.is_complete() for bracket in self.brackets):
                return None
            levels, room = next(self.shapes)
            self.brackets.append(PlainBracket(len(self.brackets), levels, self.eta, room))
        trial = next(self.new, None)
        if trial is None:
            self.exhausted = True
            self.brackets[-1].room = len(self.entered())  # n0: as many as there were
            return None
        return Job(trial, 0, self.brackets[-1].levels[0], self.brackets[-1].number)

    def entered(self):
        newest = self.brackets[-1]
        return newest.started[newest.levels[0]]


def shapes_of_halving(levels, eta, prefact):
    return [(levels, prefact * eta ** (len(levels) - 1))]


def shapes_of_hyperband(levels, eta, prefact):
    """Return what Li et al. 2018, Algorithm 1, lines 1 to 3 say, in fractions."""
    s_max = len(levels) - 1
    return [
        (levels[s_max - s :], prefact * ceil(Fraction(s_max + 1, s + 1) * eta**s))
        for s in range(s_max, -1, -1)
    ]


@pytest.mark.parametrize(
    ("scheduler", "shapes_of"),
    [(SuccessiveHalving, shapes_of_halving), (Hyperband, shapes_of_hyperband)],
)
@given(
    script=st.binary(min_size=60, max_size=200),
    count=st.sampled_from([0, 1, 2, 3, 4, 5, 8, 11, 19, 1000]),
    workers=st.integers(1, 6),
    eta=st.integers(2, 4),
    r_min=st.integers(1, 3),
    more=st.integers(0, 12),
    prefact=st.sampled_from([1, 1, 2, 3]),
    barrier=st.booleans(),
    lost=st.sampled_from(LOST),
)
@often
def test_every_answer_is_the_rules(
    drive_both,
    trials,
    scheduler,
    shapes_of,
    script,
    count,
    workers,
    eta,
    r_min,
    more,
    prefact,
    barrier,
    lost,
):
    made = scheduler(
        trials(count),
        r_min=r_min,
        r_max=r_min + more,
        eta=eta,
        prefact=prefact,
        barrier=barrier,
        lost=lost,
    )
    shapes = shapes_of(rung_levels(r_min, r_min + more, eta), eta, prefact)
    oracle = PlainCycle([Trial(i, {}) for i in range(count)], shapes, eta, barrier)
    drive_both(made, oracle, script, workers, to_the_end=count < 20, lost=lost)
    made._brackets._check()


@given(
    script=st.binary(min_size=60, max_size=200),
    count=st.sampled_from([0, 1, 5, 11, 19, 1000]),
    workers=st.integers(1, 6),
    eta=st.integers(2, 3),
    shapes=st.lists(
        st.tuples(
            st.sets(st.integers(1, 8), max_size=3).map(lambda levels: (*sorted(levels), 9)),
            st.integers(1, 7),
        ),
        min_size=1,
        max_size=4,
    ),
    barrier=st.booleans(),
    lost=st.sampled_from(LOST),
)
@settings(max_examples=150, derandomize=True, deadline=None)
def test_shapes_may_be_any(drive_both, trials, script, count, workers, eta, shapes, barrier, lost):
    cycle = Cycle(
        trials(count), [Shape(*shape) for shape in shapes], eta=eta, barrier=barrier, lost=lost
    )
    oracle = PlainCycle([Trial(i, {}) for i in range(count)], shapes, eta, barrier)
    drive_both(cycle, oracle, script, workers, to_the_end=count < 20, lost=lost)
    cycle._check()


@pytest.mark.parametrize(("lost", "left"), [("inf", 1), ("vanish", 0)])
def test_what_a_lost_trial_leaves_at_its_rung(trials, lost, left):
    # It is promoted in neither case and the rung fills in both, so that no answer shows which.
    cycle = Cycle(trials(2), [Shape((1, 2), 2)], eta=2, barrier=True, lost=lost)
    cycle.job_lost(cycle.next_job())
    assert len(cycle._open[0].rungs[0]) == left
    cycle._check()
