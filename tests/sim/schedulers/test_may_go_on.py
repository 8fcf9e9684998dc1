"""Which paused trials may go on: worked by hand, kept as a promise, and not one too many."""

from copy import deepcopy
from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.schedulers import (
    ASHA,
    LOST,
    Contract,
    Dropping,
    Idle,
    Job,
    RandomSearch,
    Retrying,
    Rung,
    StoppingASHA,
    SuccessiveHalving,
    Trial,
    may_go_on,
)
from sim.schedulers.catalogue import SCHEDULERS

NAMES = tuple(SCHEDULERS)
WRAPPERS = {
    "bare": lambda scheduler: scheduler,
    "contract": Contract,
    "retrying": lambda scheduler: Contract(Retrying(scheduler, attempts=2)),
    "retrying inside": lambda scheduler: Retrying(Contract(scheduler), attempts=3),
}

drives = given(
    script=st.binary(min_size=20, max_size=100),
    count=st.sampled_from([0, 1, 2, 3, 5, 8, 12, 1000]),
    workers=st.integers(1, 6),
    eta=st.integers(2, 3),
    levels=st.tuples(st.integers(1, 3), st.integers(3, 20)),
    wrapper=st.sampled_from(sorted(WRAPPERS)),
    leaves=st.sampled_from(LOST),
)


class Trials:
    """A searcher that knows whether it has ever said that there are no more."""

    adaptive = False

    def __init__(self, count):
        self.count = count
        self.drawn = 0
        self.exhausted = False

    def draw(self):
        if self.drawn == self.count:
            self.exhausted = True
            return None
        self.drawn += 1
        return Trial(self.drawn - 1, {})


def life(scheduler, script, workers, moves, tell, lost, running, paused):
    """Let `scheduler` live through `script`; yield what it answers, and None after each report.

    `running` and `paused` are kept up: the running jobs, and the last job that each other trial
    reported.
    """
    reported = {}
    script = moves(script, workers)
    next(script)
    while True:
        try:
            move = script.send(len(running))
        except StopIteration:
            return
        if move == "ask":
            answer = scheduler.next_job()
            if isinstance(answer, Job):
                running.append(answer)
                paused.pop(answer.trial, None)
            yield answer
        else:
            place, outcome = move
            job = running.pop(place)
            # Nothing ranks before a loss of -inf, and so the kindest future would not be.
            tell(scheduler, job, 0.05 if outcome == -inf else outcome)
            if outcome is not lost:
                reported[job.trial] = job
            if job.trial in reported:
                paused[job.trial] = reported[job.trial]
            yield None


RULE = "asha by syne-tune-0.13"


@pytest.fixture(scope="session")
def all_makers(makers):
    def by_the_rule(searcher, levels, eta, lost):
        r_min, r_max = levels
        return ASHA(searcher, r_min=r_min, r_max=r_max, eta=eta, rule="syne-tune-0.13", lost=lost)

    return {**makers, RULE: by_the_rule}


@pytest.mark.parametrize("name", [*NAMES, RULE])
@drives
@settings(max_examples=100, derandomize=True, deadline=None)
def test_who_may_not_go_on_never_does_and_asking_changes_nothing(
    all_makers, moves, tell, lost, name, script, count, workers, eta, levels, wrapper, leaves
):
    asked, twin = (
        WRAPPERS[wrapper](all_makers[name](Trials(count), levels, eta, leaves)) for _ in range(2)
    )
    paused, over = {}, set()
    lives = (
        life(asked, script, workers, moves, tell, lost, [], paused),
        life(twin, script, workers, moves, tell, lost, [], {}),
    )
    for answer, unasked in zip(*lives, strict=True):
        assert answer == unasked
        if isinstance(answer, Job):
            assert (answer.trial, answer.start) not in over
        for job in paused.values():
            if not may_go_on(asked, job):
                over.add((job.trial, job.stop))
            else:
                assert (job.trial, job.stop) not in over


def goes_on(scheduler, searcher, running, job):
    """Tell whether the trial of `job` goes on in the future that is the kindest to it.

    Everyone else diverges where it paused, and at every other level is better than all before.
    There is a worker for every job, and always one more trial unless the searcher has denied it.
    """
    scheduler, searcher, running = deepcopy((scheduler, searcher, running))
    if not searcher.exhausted:
        searcher.count = inf
    for step in range(300):
        while len(running) < 40 and isinstance(answer := scheduler.next_job(), Job):
            if answer.trial == job.trial and answer.start == job.stop:
                return True
            running.append(answer)
        if not running:
            break
        ended = running.pop(0)
        loss = inf if ended.stop == job.stop else float(-step)
        scheduler.job_done(ended, [loss] * (ended.stop - ended.start))
    return False


# PASHA would have to foresee whether rankings will disagree; it keeps the promise, and too many.
@pytest.mark.parametrize("name", sorted(set(NAMES) - {"pasha"}))
@given(
    script=st.binary(min_size=20, max_size=100),
    count=st.sampled_from([3, 5, 8, 12, 16, 1000]),
    workers=st.integers(2, 9),
    eta=st.integers(2, 3),
    levels=st.tuples(st.integers(1, 2), st.integers(3, 9)),
    wrapper=st.sampled_from(sorted(WRAPPERS)),
    leaves=st.sampled_from(LOST),
)
@settings(max_examples=80, derandomize=True, deadline=None)
def test_who_may_go_on_does_in_the_kindest_future_and_nobody_else(
    makers, moves, tell, lost, name, script, count, workers, eta, levels, wrapper, leaves
):
    searcher = Trials(count)
    scheduler = WRAPPERS[wrapper](makers[name](searcher, levels, eta, leaves))
    running, paused = [], {}
    for _ in life(scheduler, script, workers, moves, tell, lost, running, paused):
        pass
    for job in paused.values():
        assert may_go_on(scheduler, job) is goes_on(scheduler, searcher, running, job)


@pytest.mark.parametrize("name", NAMES)
@drives
@settings(max_examples=100, derandomize=True, deadline=None)
def test_nobody_may_go_on_once_the_bracket_or_all_is_over(
    makers, moves, tell, lost, name, script, count, workers, eta, levels, wrapper, leaves
):
    scheduler = WRAPPERS[wrapper](makers[name](Trials(count), levels, eta, leaves))
    running, paused = [], {}
    for answer in life(scheduler, script, workers, moves, tell, lost, running, paused):
        if answer is Idle.DONE and not running:
            assert not any(may_go_on(scheduler, job) for job in paused.values())
        if name in {"sh", "hyperband"} and isinstance(answer, Job):
            # With the barrier, the first job of a bracket is the end of those before it.
            earlier = [job for job in paused.values() if job.bracket < answer.bracket]
            assert not any(may_go_on(scheduler, job) for job in earlier)


def train(scheduler, jobs, losses):
    for job, loss in zip(jobs, losses, strict=True):
        scheduler.job_done(job, [loss] * (job.stop - job.start))


@pytest.fixture
def who():
    """Write the numbers of the trials of `jobs` that may go on."""
    return lambda scheduler, jobs: [job.trial.number for job in jobs if may_go_on(scheduler, job)]


@pytest.mark.parametrize("batch", [None, 2])
def test_random_search_needs_no_pause(trials, start, who, batch):
    search = RandomSearch(trials(3), r_max=4, batch=batch)
    jobs = start(search, 2)
    train(search, jobs, [0.1, 0.2])
    assert who(search, jobs) == []


def test_successive_halving_by_hand(trials, start, who):
    # eta 2, levels 1, 2, 4: 4 -> 2 -> 1.
    halving = SuccessiveHalving(trials(4), r_min=1, r_max=4, eta=2)
    jobs = start(halving, 4)
    train(halving, jobs[:2], [0.3, nan])
    assert who(halving, jobs[:2]) == [0]  # the diverged one never
    train(halving, jobs[2:3], [0.2])
    assert who(halving, jobs[:3]) == [0, 2]  # the last may yet be worse than both
    train(halving, jobs[3:], [0.1])
    assert who(halving, jobs) == [2, 3]  # decided; both are queued
    first = start(halving, 1)
    assert who(halving, jobs) == [2]  # trial 3 is on its way
    second = start(halving, 1)
    assert who(halving, jobs) == []
    train(halving, first, [0.1])
    assert who(halving, first) == [3]
    train(halving, second, [0.2])
    assert who(halving, [*jobs, *first, *second]) == [3]
    last = start(halving, 1)
    train(halving, last, [0.1])
    assert who(halving, [*jobs, *first, *second, *last]) == []


def test_who_ranks_too_low_in_a_rung_that_still_fills_is_over(trials, start, who):
    # eta 3, levels 1, 3: 3 -> 1. Whatever trial 2 reports, trial 0 is second at best.
    halving = SuccessiveHalving(trials(3), r_min=1, r_max=3, eta=3)
    jobs = start(halving, 3)
    train(halving, jobs[:2], [0.2, 0.1])
    assert who(halving, jobs[:2]) == [1]


def test_the_last_rung_promotes_nobody(trials, start, who):
    # prefact 2, eta 2, levels 1, 2: 4 -> 2.
    halving = SuccessiveHalving(trials(4), r_min=1, r_max=2, eta=2, prefact=2)
    train(halving, start(halving, 4), [0.1, 0.2, 0.3, 0.4])
    last = start(halving, 2)
    train(halving, last[:1], [0.1])
    assert who(halving, last[:1]) == []


def test_a_trial_lost_for_good_after_its_pause_is_over(trials, start, who):
    halving = SuccessiveHalving(trials(4), r_min=1, r_max=4, eta=2)
    jobs = start(halving, 4)
    train(halving, jobs, [0.1, 0.2, 0.3, 0.4])
    promoted = start(halving, 2)
    halving.job_lost(promoted[0])
    assert who(halving, jobs) == []


def test_overlapping_brackets_by_hand(trials, start, who):
    # eta 2, levels 1, 2: brackets of 2 -> 1.
    halving = SuccessiveHalving(trials(9), r_min=1, r_max=2, eta=2, barrier=False)
    jobs = start(halving, 4)
    train(halving, jobs[1:], [0.5, 0.4, 0.3])
    assert who(halving, jobs[1:]) == [1, 3]  # bracket 0 waits for trial 0, 1 has decided
    halving.job_lost(jobs[0])
    assert who(halving, jobs[1:]) == [1, 3]
    last = start(halving, 2)
    train(halving, last, [0.1, 0.1])
    assert who(halving, [*jobs[1:], *last]) == []


def test_asha_keeps_all_but_the_diverged_and_the_promoted(trials, start, who):
    # eta 2, levels 1, 2, 4. 4 results at 1: the best 4 // 2 = 2 are promotable.
    asha = ASHA(trials(9), r_min=1, r_max=4, eta=2)
    jobs = start(asha, 5)
    train(asha, jobs[:4], [0.4, 0.1, inf, 0.2])
    assert who(asha, jobs[:4]) == [0, 1, 3]
    promoted = start(asha, 2)
    assert who(asha, jobs[:4]) == [0]  # trial 0 is third, and goes once 6 have come
    train(asha, promoted, [0.1, 0.2])
    assert who(asha, promoted) == [1, 3]
    last = start(asha, 1)
    train(asha, last, [0.1])
    assert who(asha, [*promoted, *last]) == [3]


def test_asha_is_over_when_too_few_can_still_come(trials, start, who):
    # eta 2, levels 1, 2, 4; five trials in all: of 5 results at 1 the best 5 // 2 = 2 go on.
    asha = ASHA(trials(5), r_min=1, r_max=4, eta=2)
    jobs = start(asha, 5)
    train(asha, jobs[:4], [0.4, 0.1, 0.3, 0.2])
    promoted = start(asha, 2)  # trials 1 and 3
    assert who(asha, jobs[:4]) == [0, 2]  # it is not known yet that there is no sixth
    assert asha.next_job() is Idle.WAIT
    assert who(asha, jobs[:4]) == []
    # At 2 there may be 3 results in the end, trial 4's being the third: 3 // 2 = 1.
    train(asha, promoted, [0.1, 0.2])
    assert who(asha, promoted) == [1]
    last = start(asha, 1)
    train(asha, jobs[4:], [0.05])
    assert who(asha, [*jobs, *promoted]) == [4]
    train(asha, last, [0.1])
    assert who(asha, [*jobs, *promoted, *last]) == [4]


def test_asha_counts_on_all_that_run_or_are_promotable_below(trials, start, who, brief):
    # eta 2, levels 1, 2, 4; eight trials in all. 0 and 1 go to 2, and 0 to 4: there 1 is second,
    # and goes on if 4 results come, 4 // 2 = 2.
    asha = ASHA(trials(8), r_min=1, r_max=4, eta=2)
    jobs = start(asha, 8)
    train(asha, jobs[:4], [0.1, 0.2, 0.3, 0.4])
    promoted = start(asha, 2)
    train(asha, promoted, [0.1, 0.2])
    assert brief(*start(asha, 1)) == (0, 2, 4)
    assert asha.next_job() is Idle.WAIT
    assert who(asha, promoted) == [1]  # 2 results, and 4 trials that run to 1 may be promoted
    assert who(asha, jobs[:4]) == [2, 3]  # third and fourth of 8 in the end, 8 // 2 = 4
    train(asha, jobs[4:6], [0.01, 0.02])
    assert who(asha, jobs[:6]) == [4, 5]  # 2 and 3 are fifth and sixth now
    asha.job_lost(jobs[6])
    asha.job_lost(jobs[7])
    assert who(asha, promoted) == [1]  # 2 results, and 2 promotable trials
    for job in start(asha, 2):
        asha.job_lost(job)
    assert who(asha, promoted) == [1]
    assert brief(*start(asha, 1)) == (1, 2, 4)
    assert who(asha, [*jobs, *promoted]) == []


def test_asha_by_stopping_keeps_survivors_only(trials, start, who):
    stopping = StoppingASHA(trials(9), r_min=1, r_max=4, eta=2)
    jobs = start(stopping, 3)
    train(stopping, jobs, [0.1, 0.2, 0.05])  # 1st of 1 goes on, 2nd of 2 stops, 1st of 3 goes on
    assert who(stopping, jobs) == [0, 2]
    start(stopping, 1)
    assert who(stopping, jobs) == [2]


def test_retrying_keeps_what_the_next_attempt_starts_from(trials, start, who):
    retrying = Retrying(StoppingASHA(trials(1), r_min=1, r_max=2, eta=2), attempts=2)
    jobs = start(retrying, 1)
    train(retrying, jobs, [0.1])
    for lost in range(2):
        assert who(retrying, jobs) == [0]
        (again,) = start(retrying, 1)
        assert (again.start, again.stop) == (1, 2), lost
        assert who(retrying, jobs) == []
        retrying.job_lost(again)
    assert who(retrying, jobs) == []


def test_a_scheduler_that_cannot_tell_keeps_all_below_r_max():
    class Own:
        r_max = 4

        def next_job(self):
            return Idle.DONE

        def job_done(self, job, losses): ...

        def job_lost(self, job): ...

    assert not isinstance(Own(), Dropping)
    for scheduler in (Own(), Contract(Own()), Retrying(Own(), attempts=2)):
        assert may_go_on(scheduler, Job(Trial(0, {}), 0, 3))
        assert not may_go_on(scheduler, Job(Trial(0, {}), 3, 4))


def test_a_rung_that_always_has_a_best_may_promote_it():
    rung = Rung(level=1, eta=3, needed=lambda k: k * 3 if k > 1 else 1)
    for number, loss in enumerate([0.1, 0.2, nan]):
        rung.record(Trial(number, {}), loss)
    assert [rung.may_promote(Trial(number, {}), 3) for number in range(4)] == [True] + [False] * 3
    assert [rung.may_promote(Trial(number, {}), 6) for number in range(2)] == [True, True]
    assert rung.most_promotions(0) == 1
