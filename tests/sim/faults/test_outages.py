"""When workers are away: timetables, renewals, and both together; and the file of a timetable."""

from itertools import islice, pairwise
from math import inf, nan, sqrt
from statistics import fmean, stdev

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from learning_curves.errors import InputError
from sim.faults import Outage, Renewals, Timetable, merged, timetable_file


def test_who_joins_late_leaves_and_comes_back_is_away_in_between():
    table = Timetable(((1, 10.0, 20.0), (1, 30.0, 40.0), (2, 0.0, 5.0)), saves=True)
    assert list(table.of(0)) == []  # not named: always there
    assert list(table.of(1)) == [
        Outage(0.0, 10.0, saves=True),
        Outage(20.0, 30.0, saves=True),
        Outage(40.0, inf, saves=True),
    ]
    assert list(table.of(2)) == [Outage(5.0, inf, saves=True)]
    assert table.workers == 3


def test_stays_that_meet_are_one():
    assert list(Timetable(((0, 0.0, 5.0), (0, 5.0, inf))).of(0)) == []


@pytest.mark.parametrize(
    ("stays", "message"),
    [
        ([(0, 5.0, 5.0)], "joins at 5.0 and leaves at 5.0"),
        ([(0, -1.0, 5.0)], "joins at -1.0"),
        ([(0, nan, 5.0)], "joins at nan"),
        ([(0, 0.0, nan)], "leaves at nan"),
        ([(0, inf, inf)], "joins at inf"),
        ([(0.5, 0.0, 1.0)], "the number of a worker"),
        ([(inf, 0.0, 1.0)], "the number of a worker"),
        ([(True, 0.0, 1.0)], "the number of a worker"),
        ([("0", 0.0, 1.0)], "the number of a worker"),
        ([(-1, 0.0, 1.0)], "the number of a worker"),
        ([(0, 1.0)], "the number of a worker"),
        ([(0, 0.0, 9.0), (0, 8.0, 20.0)], "joins at 8.0, before it has left at 9.0"),
    ],
)
def test_a_timetable_that_cannot_be_is_refused(stays, message):
    with pytest.raises(ValueError, match=message):
        Timetable(stays)


@pytest.mark.parametrize(("there", "away"), [(10.0, 2.0), (0.5, 0.5), (3600.0, 0.0)])
def test_renewals_have_their_means_and_their_share(there, away):
    model = Renewals("crash", there, away, seed=3)
    starts, stays = [], []
    for worker in range(200):
        now = 0.0
        for outage in islice(model.of(worker), 50):
            starts.append(outage.start - now)
            stays.append(outage.stop - outage.start)
            now = outage.stop
    # An exponential's standard deviation is its mean: the mean's error is mean / sqrt(10,000).
    assert abs(fmean(starts) - there) < 4 * there / sqrt(len(starts))
    assert stdev(starts) == pytest.approx(there, rel=0.05)
    assert abs(fmean(stays) - away) <= 4 * away / sqrt(len(stays))
    # Without memory: P(x > mean) = exp(-1) = 0.3679.
    late = fmean(start > there for start in starts)
    assert abs(late - 0.36788) < 4 * sqrt(0.36788 * 0.63212 / len(starts))


def test_a_life_belongs_to_seed_purpose_worker_and_number():
    def first(purpose="crash", seed=0, worker=1):
        return next(Renewals(purpose, 1.0, 1.0, seed).of(worker))

    assert first() == first()
    assert len({first(), first("preemption"), first(seed=1), first(worker=2)}) == 4


@pytest.mark.parametrize(
    ("there", "away"),
    [(0.0, 1.0), (inf, 1.0), (1.0, -1.0), (1.0, nan), (1e-300, 0.0), (1.0, 1e9)],
)
def test_means_that_cannot_be_are_refused(there, away):
    with pytest.raises(ValueError, match=r"mean_\w+ is .*: give seconds"):
        Renewals("crash", there, away, seed=0)


gaps = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), max_size=5)


class Given:
    def __init__(self, gaps):
        now, self.outages = 0, []
        for there, away in gaps:
            self.outages.append(Outage(now + there, now + there + away))
            now += there + away

    def of(self, worker):  # noqa: ARG002
        return self.outages


@given(st.lists(gaps, max_size=3))
@settings(derandomize=True, deadline=None)
def test_merged_outages_are_the_union_in_order_and_apart(lists):
    models = [Given(each) for each in lists]
    together = list(merged(models, worker=0))
    for before, after in pairwise(together):
        assert before.stop < after.start
    for half in range(60):  # the middles of all whole seconds, and the seconds themselves
        now = half / 2
        away = any(each.start <= now <= each.stop for model in models for each in model.outages)
        assert away == any(each.start <= now <= each.stop for each in together)


def test_merging_takes_no_more_than_is_asked_for():
    endless = merged([Renewals("crash", 1.0, 1.0, 0), Renewals("preemption", 2.0, 0.1, 0)], 0)
    outages = list(islice(endless, 1000))
    assert all(a.stop < b.start for a, b in pairwise(outages))


def test_merging_ends_at_the_horizon():
    # Both are nearly always away, so that what is away by either has hardly an end.
    models = [Renewals("crash", 1.0, 1e6, 0), Renewals("preemption", 1.0, 1e6, 0)]
    *_, last = merged(models, 0, horizon=1000.0)
    assert last.stop >= 1000


def test_who_is_gone_for_good_is_gone():
    models = [Timetable(((0, 0.0, 5.0),)), Renewals("crash", 100.0, 1.0, 0)]
    assert list(merged(models, 0))[-1].stop == inf


def test_a_timetable_is_read_from_a_csv(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("worker,joins,leaves\n1,0,12.5\n1,20,inf\n")
    assert timetable_file.read(path) == ((1.0, 0.0, 12.5), (1.0, 20.0, inf))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("worker,joins\n1,0\n", "has the columns worker, joins: a timetable has"),
        ("worker,joins,leaves\n1,0,soon\n", "line 2, column 'leaves': 'soon' is not a number"),
        ("worker,joins,leaves\n1,5,4\n", "table.csv: in the timetable worker 1 joins at 5.0"),
        ("", "is empty"),
    ],
)
def test_a_timetable_file_that_cannot_be_is_named(tmp_path, text, message):
    path = tmp_path / "table.csv"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        timetable_file.read(path)


def test_a_missing_timetable_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none.csv cannot be read: No such file"):
        timetable_file.read(tmp_path / "none.csv")
