"""The promotion rules: Syne Tune 0.13's by hand, and against its definition on a plain list."""

from fractions import Fraction
from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.schedulers import ASHA, LOST, Idle, Job, StoppingASHA, Trial, rung_levels
from sim.schedulers.catalogue import RULES_OF
from sim.schedulers.rungs.promotion_rules import PROMOTION_RULES, QuantileRung

often = settings(max_examples=200, derandomize=True, deadline=None)


def quantile(values, q):
    """Return the linear quantile in exact arithmetic, infinite values replaced by large ones."""
    ordered = sorted(Fraction(max(-(10**9), min(value, 10**9))) for value in values)
    place = (len(ordered) - 1) * q
    low = int(place)
    if place == low:
        return ordered[low]
    return ordered[low] + (ordered[low + 1] - ordered[low]) * (place - low)


class PlainASHA:
    """ASHA by the rule, on lists: (loss, trial) in order of arrival, and who was promoted."""

    def __init__(self, count, r_min, r_max, eta):
        self.new = iter(range(count))
        self.levels = rung_levels(r_min, r_max, eta)
        self.results = {level: [] for level in self.levels}
        self.promoted = {level: set() for level in self.levels}
        self.running = []

    def ask(self):
        answer = self.promotion()
        if answer is None and (number := next(self.new, None)) is not None:
            answer = Job(Trial(number, {}), 0, self.levels[0])
        if answer is None:
            return Idle.WAIT if any(j.stop < self.levels[-1] for j in self.running) else Idle.DONE
        self.running.append(answer)
        return answer

    def tell(self, job, loss):
        self.running.remove(job)
        if loss is not None:  # else it is dropped
            self.results[job.stop].append((loss, job.trial.number))

    def promotion(self):
        for level, above in reversed([*zip(self.levels, self.levels[1:], strict=False)]):
            results = self.results[level]
            if len(results) < 2:
                continue
            cut = quantile([loss for loss, _ in results], Fraction(level, above))
            paused = [each for each in results if each[1] not in self.promoted[level]]
            loss, number = min(paused, key=lambda each: each[0], default=(inf, None))  # the first
            if loss < inf and (loss == -inf or loss <= cut):
                self.promoted[level].add(number)
                return Job(Trial(number, {}), level, above)
        return None


@given(
    script=st.binary(min_size=60, max_size=150),
    count=st.sampled_from([0, 1, 2, 3, 5, 8, 11, 1000]),
    workers=st.integers(1, 6),
    eta=st.integers(2, 4),
    r_min=st.integers(1, 3),
    more=st.integers(0, 30),
    lost=st.sampled_from(LOST),
)
@often
def test_every_promotion_is_by_definition(
    drive_both, trials, script, count, workers, eta, r_min, more, lost
):
    r_max = r_min + more
    asha = ASHA(trials(count), r_min=r_min, r_max=r_max, eta=eta, rule="syne-tune-0.13", lost=lost)
    oracle = PlainASHA(count, r_min, r_max, eta)
    drive_both(asha, oracle, script, workers, to_the_end=count < 20, lost=lost)
    for rung in asha.rungs:
        rung._check()


@given(
    arrivals=st.lists(st.tuples(st.integers(0, 9), st.booleans()), max_size=30),
    more=st.lists(st.integers(0, 9), max_size=12),
    level=st.integers(1, 9),
    above=st.integers(1, 9),
    trial=st.integers(0, 29),
)
@often
def test_no_future_promotes_more_than_foreseen(arrivals, more, level, above, trial):
    rung = QuantileRung(level, level + above, 2)
    promoted = set()
    for number, (loss, asked) in enumerate(arrivals):
        if rung.record(Trial(number, {}), loss) and asked:
            promoted.add(rung.promote().number)
    most, before = rung.most_promotions(len(more)), len(promoted)
    may = rung.may_promote(Trial(trial, {}), len(arrivals) + len(more))
    assert not (may and trial in promoted)
    was_promoted = trial in promoted
    for number, loss in enumerate(more, 100):
        rung.record(Trial(number, {}), loss)
        while rung.promotable:
            promoted.add(rung.promote().number)
    while rung.promotable:
        promoted.add(rung.promote().number)
    assert len(promoted) - before <= most
    assert may or was_promoted or trial not in promoted


def test_the_bound_of_promotions_is_reached():
    # Level 1 of 2: of 0, 1, 2, 3 and four results more the fourth is the cut: ties all go.
    rung = QuantileRung(1, 2, 2)
    for number in range(4):
        rung.record(Trial(number, {}), number)
    assert rung.most_promotions(4) == 8
    for number in range(4, 8):
        rung.record(Trial(number, {}), 3)
    assert len([rung.promote() for _ in range(8)]) == 8
    with pytest.raises(IndexError, match="no trial is promotable at epoch 1"):
        rung.promote()


def test_arrivals_by_hand(trials, start, brief):
    # eta 3, levels 3, 9: the quantile is that at 1/3, at place (n - 1) / 3 from 0.
    asha = ASHA(trials(9), r_min=3, r_max=9, eta=3, rule="syne-tune-0.13")
    jobs = start(asha, 6)
    asha.job_done(jobs[1], [1, 1, 0.5])
    assert brief(asha.next_job()) == (6, 0, 3)  # one result has no quantile
    asha.job_done(jobs[0], [1, 1, 0.5])
    assert brief(asha.next_job()) == (1, 3, 9)  # 0.5, 0.5: the first to arrive
    assert brief(asha.next_job()) == (0, 3, 9)  # and the one that ties with it
    asha.job_done(jobs[2], [1, 1, 0.6])
    assert brief(asha.next_job()) == (7, 0, 3)  # 0.5, 0.5, 0.6: 0.5
    asha.job_done(jobs[3], [1, 1, nan])
    asha.job_done(jobs[4], [1, 1, 0.4])
    assert brief(asha.next_job()) == (4, 3, 9)  # 0.4, 0.5, 0.5, 0.6, inf: at 4/3, 0.5
    assert brief(asha.next_job()) == (8, 0, 3)


def test_the_last_rung_promotes_four_fifths(trials, start):
    # (2, 10, eta 2): levels 2, 4, 8, 10. Of 11 results at 8 the first 9 reach 10.
    rung = PROMOTION_RULES["syne-tune-0.13"](8, 10, 2)
    for number in range(11):
        rung.record(Trial(number, {}), number / 10)
    promoted = []
    while rung.promotable:
        promoted.append(rung.promote().number)
    assert promoted == list(range(9))
    # At eta 2 each rung of top-k promotes a half, rounded down, this rule one more.
    counts = []
    for rule in PROMOTION_RULES:
        asha = ASHA(trials(8), r_min=1, r_max=2, eta=2, rule=rule)
        for job in start(asha, 8):
            asha.job_done(job, [job.trial.number])
        counts.append(sum(isinstance(asha.next_job(), Job) for _ in range(8)))
    assert counts == [4, 4]  # (8 - 1) // 2 + 1
    assert RULES_OF["asha"] is PROMOTION_RULES


@pytest.mark.parametrize("diverged", [nan, inf])
def test_a_diverged_trial_is_never_promoted(trials, start, diverged):
    asha = ASHA(trials(9), r_min=1, r_max=3, eta=3, rule="syne-tune-0.13")
    for job in start(asha, 6):
        asha.job_done(job, [diverged])
    for job in start(asha, 3):
        asha.job_lost(job)
    assert asha.next_job() is Idle.DONE


def test_a_rule_of_another_scheduler_is_refused(trials):
    with pytest.raises(ValueError, match=r"rule is 'optuna': choose from top-k, syne-tune-0\.13"):
        ASHA(trials(1), r_min=1, r_max=2, eta=2, rule="optuna")
    StoppingASHA(trials(1), r_min=1, r_max=2, eta=2, rule="optuna")
