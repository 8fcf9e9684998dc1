"""Each mistake in the smallest case that shows it, as the docstring of its class tells it."""

from itertools import count
from math import inf, nan

import pytest

from sim.schedulers import Contract, Idle, Job, ProtocolError, Trial
from sim.searchers import Listed
from tests.gallery import randomness
from tests.gallery.barriers import (
    DivergedJobStillRunning,
    DoneForNow,
    FirstFinisherEndsTheSearch,
    LastBracketNotFull,
    LostBeforeFirstReport,
    LostJobStillRunning,
    LostTrialAwaited,
    NoneEndsTheSearch,
    TwoPromotable,
)
from tests.gallery.conversation import jobs, made, named
from tests.gallery.parts import PlainASHA, PlainHalving
from tests.gallery.pausing import (
    BeyondTheEnd,
    NewTrialsFirst,
    PausedTakenForFinished,
    PromotedOnlyWhenDone,
    RestartsFromScratch,
    ShortOfTheEnd,
)
from tests.gallery.randomness import (
    BracketOfTheNumber,
    GlobalRandomState,
    JobsByIdentity,
    RanksByTheFinalLoss,
    SortsTheLosses,
    TiesByConfig,
    TimeOut,
    TurnsOfTheClass,
    TurnsOfTheDefault,
    WritesIntoTheConfig,
)
from tests.gallery.rungs import (
    BetterByTolerance,
    FirstComeGoesOn,
    LevelsByLogarithm,
    LevelsRoundedDown,
    NaNSortsFirst,
    NaNSurvives,
    PromotedForgotten,
    TiesAllPass,
    TiesReversed,
    WholeRungSorted,
    WorstFirst,
    WorstIsChance,
    WorstOfTheBestFirst,
)


def promoted(kind, losses, **settings):
    """Return the trials that go on from the first level, which report `losses` there, in order."""
    log = jobs(made(kind, len(losses), **settings), lambda number, _epoch: losses[number])
    return [number for number, start, _ in log if start == 1]


def test_ranks_and_counts():
    nine = [n / 10 for n in range(9)]
    assert len(promoted(PromotedForgotten, nine, eta=3)) == 7
    assert len(promoted(PlainASHA, nine, eta=3)) == 3
    assert promoted(TiesAllPass, [0.5] * 4) == [0, 1, 2, 3]
    assert promoted(TiesReversed, [0.5] * 2) == [1]
    assert promoted(WorstFirst, [0.1, 0.2]) == [1]
    assert promoted(WorstOfTheBestFirst, [0.1, 0.2, 0.3, 0.4]) == [1, 0]
    assert promoted(PlainHalving, [0.1, 0.2, 0.3, 0.4]) == [0, 1]


def test_nan():
    with pytest.raises(ProtocolError, match=r"trial 1 .* a diverged trial never goes on"):
        promoted(NaNSortsFirst, [0.1, nan], r_max=2)
    assert promoted(NaNSortsFirst, [0.1, inf], r_max=2) == [0]
    with pytest.raises(ProtocolError, match=r"trial 0 .* a diverged trial never goes on"):
        promoted(NaNSurvives, [nan])
    assert promoted(NaNSurvives, [inf]) == []


def stops(kind, *settings):
    """Return the epochs at which jobs end, with other settings than the class has."""
    other = type(
        kind.__name__, (kind,), dict(zip(("r_min", "r_max", "eta"), settings, strict=True))
    )
    log = jobs(other(Listed({} for _ in range(81))), lambda *_: 0.5)
    return sorted({stop for _, _, stop in log})


def test_levels_lost_to_rounding():
    assert stops(LevelsByLogarithm, 1, 9, 3) == [1, 3, 9]
    assert stops(LevelsByLogarithm, 2, 10, 2) == [2, 4, 10]
    assert stops(LevelsByLogarithm, 2, 8, 2) == [2, 8]
    scheduler = type("Large", (LevelsByLogarithm,), {"r_min": 1, "r_max": 243, "eta": 3})(None)
    assert set(scheduler.levels) - set(scheduler.inner.levels) == {81}
    assert stops(LevelsRoundedDown, 1, 9, 3) == [1, 3, 9]
    assert stops(LevelsRoundedDown, 1, 9, 2) == [1, 2, 4, 7, 9]


def test_losses_that_are_not_only_ranked():
    assert promoted(WorstIsChance, [nan, 0.4]) == [1]
    assert promoted(WorstIsChance, [nan, 0.6]) == []
    assert promoted(BetterByTolerance, [0.5, 0.4]) == [0]
    assert promoted(BetterByTolerance, [5.0, 4.0]) == [0, 1]


def test_a_decision_that_sorts_the_rung():
    class Loss(float):
        comparisons = 0

        def __lt__(self, other):
            Loss.comparisons += 1
            return float(self) < float(other)

    def comparisons(kind, results):
        rung = kind.rung(1, 2)
        rung.entries = [(Loss(n), n, Trial(n, {})) for n in range(results)]
        rung.unpromoted = rung.entries[-1:]
        Loss.comparisons = 0
        assert not rung.promotable
        return Loss.comparisons

    assert comparisons(PlainASHA, 10_000) < 1.5 * comparisons(PlainASHA, 1_000)
    assert comparisons(WholeRungSorted, 10_000) > 9 * comparisons(WholeRungSorted, 1_000)


def test_the_order_of_reports_of_one_instant():
    def both_end(order):
        scheduler = made(FirstComeGoesOn, 2)
        running = [scheduler.next_job(), scheduler.next_job()]
        for number in order:
            scheduler.job_done(running[number], [number / 10])
        answers = [scheduler.next_job(), scheduler.next_job()]
        return {answer.trial.number for answer in answers if isinstance(answer, Job)}

    assert both_end([0, 1]) == {0}
    assert both_end([1, 0]) == {0, 1}


@pytest.mark.parametrize(
    ("kind", "trials", "loss", "lost"),
    [
        (LostTrialAwaited, 4, 0.5, {(1, 0, 1)}),
        (LostJobStillRunning, 4, 0.5, {(1, 0, 1)}),
        (DivergedJobStillRunning, 4, nan, ()),
        (LastBracketNotFull, 3, 0.5, ()),
    ],
)
def test_waiting_for_ever(kind, trials, loss, lost):
    with pytest.raises(ProtocolError, match="WAIT while nothing is running"):
        jobs(made(kind, trials), lambda *_: loss, lost=lost)


def test_raising():
    with pytest.raises(KeyError):
        jobs(made(LostBeforeFirstReport, 4), lambda *_: 0.5, lost={(1, 0, 1)})
    scheduler = made(TwoPromotable, 4)
    for number, job in enumerate([scheduler.next_job() for _ in range(4)]):
        scheduler.job_done(job, [number / 10])
    with pytest.raises(RuntimeError, match="More than one"):
        scheduler.next_job()


def test_ending_too_early():
    log = jobs(made(NoneEndsTheSearch, 2), lambda *_: 0.5, workers=3)
    assert log == [(0, 0, 1), (1, 0, 1)]
    assert jobs(made(FirstFinisherEndsTheSearch, 6, r_max=1), lambda *_: 0.5) == [(0, 0, 1)]
    scheduler = Contract(made(DoneForNow, 2))
    running = [scheduler.next_job(), scheduler.next_job()]
    assert scheduler.next_job() is Idle.DONE
    for job in running:
        scheduler.job_done(job, [0.5])
    with pytest.raises(ProtocolError, match="after DONE"):
        scheduler.next_job()


@pytest.mark.parametrize(
    ("kind", "message", "workers"),
    [
        (RestartsFromScratch, "starts elsewhere than at epoch 1", 1),
        (PromotedOnlyWhenDone, "while the job of trial 0 from epoch 1 to 2 is running", 2),
        (BeyondTheEnd, "to 7 breaks start < stop <= r_max = 4", 1),
    ],
)
def test_jobs_that_the_contract_refuses(kind, message, workers):
    with pytest.raises(ProtocolError, match=message):
        jobs(made(kind, 9), lambda number, _epoch: number / 10, workers=workers)


def test_short_of_the_end():
    log = jobs(made(ShortOfTheEnd, 27, r_max=9, eta=3), lambda *_: 0.5)
    assert max(stop for _, _, stop in log) == 6


def test_a_paused_trial_comes_back():
    scheduler = made(PausedTakenForFinished, 4)
    first, second = scheduler.next_job(), scheduler.next_job()
    scheduler.job_done(first, [0.1])
    scheduler.job_done(second, [0.2])
    assert scheduler.may_go_on(first)
    assert not scheduler.may_go_on(second)
    assert named(scheduler.next_job()) == (0, 1, 2)
    for _ in range(2):
        scheduler.job_done(scheduler.next_job(), [0.3])
    assert named(scheduler.next_job()) == (1, 1, 2)


def test_new_trials_overtake_promotions():
    assert jobs(made(NewTrialsFirst, 3), lambda *_: 0.5)[2] == (2, 0, 1)
    assert jobs(made(PlainASHA, 3), lambda *_: 0.5)[2] == (0, 1, 2)


def test_two_runs_differ(monkeypatch):
    def loss(number, _epoch):
        return number / 10

    assert len({tuple(jobs(made(GlobalRandomState, 9), loss)) for _ in range(20)}) > 1
    runs = []
    for seconds in (1, 300):
        monkeypatch.setattr(randomness, "monotonic", count(step=seconds).__next__)
        runs.append(jobs(made(TimeOut, 9), lambda number, _epoch: -number))
    assert runs[0] != runs[1]
    for kind in (TurnsOfTheClass, TurnsOfTheDefault):
        assert jobs(made(kind, 4), loss) != jobs(made(kind, 4), loss)


def test_numbers_and_names():
    class From10:
        adaptive = False
        number = 10

        def draw(self):
            self.number += 1
            return Trial(self.number - 1, {}) if self.number <= 20 else None

    here = [stop for _, _, stop in jobs(made(BracketOfTheNumber, 10), lambda *_: 0.5)]
    there = BracketOfTheNumber(From10(), r_min=1, r_max=4, eta=2)
    assert here != [stop for _, _, stop in jobs(there, lambda *_: 0.5)]
    for order in ([0, 1], [1, 0]):
        configs = [{"x": order[0]}, {"x": order[1]}]
        log = jobs(made(TiesByConfig, 2, configs=configs), lambda *_: 0.5)
        assert log[2][0] == order[0]


def test_a_loss_that_is_not_yet_reported():
    def crossing(number, epoch):
        return {(0, 1): 0.1, (1, 1): 0.2, (0, 4): 0.4, (1, 4): 0.3}.get((number, epoch), 0.5)

    assert jobs(made(RanksByTheFinalLoss, 2, losses=crossing), crossing)[2][0] == 1
    assert jobs(made(PlainASHA, 2), crossing)[2][0] == 0


def test_what_belongs_to_the_caller():
    config, losses = {"x": 1}, [0.5, 0.1, 0.3]
    made(WritesIntoTheConfig, 1, configs=[config]).next_job()
    assert config == {"x": 1, "epochs": 1}
    scheduler = made(SortsTheLosses, 1, r_min=3, r_max=3)
    scheduler.job_done(scheduler.next_job(), losses)
    assert losses == [0.1, 0.3, 0.5]


def test_a_log_of_equal_jobs_is_ignored():
    scheduler = made(JobsByIdentity, 2)
    for _ in range(2):
        job = scheduler.next_job()
        scheduler.job_done(job._replace(), [0.5])
    assert scheduler.next_job() is Idle.WAIT
