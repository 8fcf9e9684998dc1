"""The order in which the runs of a study are made, and how long the rest of them will take."""

from heapq import heapify, heappop, heappush

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.studies.parallel import work
from sim.studies.parallel.plan import Plan
from sim.studies.runner import run_all
from sim.studies.study_file import parse


def test_a_process_keeps_to_its_seed_the_longest_cell_first():
    # Three cells of sizes 1, 4, 2 and two seeds: the places are 0 1 | 2 3 | 4 5.
    plan = Plan([1.0, 4.0, 2.0], ["a", "a", "a"], 2, range(6))
    assert plan.take(None) == [2]  # seed 0, the cell of size 4
    assert plan.take(None) == [3]  # another process: seed 1, the same cell
    assert plan.take(0) == [4]
    assert plan.take(0) == [0]
    assert plan.take(0) == [
        5
    ]  # no run of seed 0 is left, and the longest of seed 1 is that of size 2
    assert plan.take(1) == [1]
    assert plan.take(0) == plan.take(1) == []


def test_without_another_seed_the_longest_run_that_is_left_is_taken():
    # Three seeds are begun, and the last process has made its only run.
    plan = Plan([1.0, 4.0, 2.0], ["a", "a", "a"], 3, [0, 3, 4, 7, 8])
    assert [plan.take(None) for _ in range(3)] == [[3], [4], [8]]
    # Left are seed 0, cell 0 (size 1), and seed 1, cell 2 (size 2).
    assert plan.take(2) == [7]
    assert plan.take(2) == [0]


def test_a_run_of_each_kind_comes_first():
    # Sizes 8, 4, 2, 1 of the kinds a, a, b, c; one seed.
    plan = Plan([8.0, 4.0, 2.0, 1.0], ["a", "a", "b", "c"], 1, range(4))
    assert [plan.take(None)] + [plan.take(0) for _ in range(3)] == [[0], [2], [3], [1]]


def test_the_time_of_a_cell_is_that_of_its_runs_then_that_of_its_kind_then_of_all():
    # Sizes: sh 10, sh 20, asha 10, asha 20; two seeds.
    plan = Plan([10.0, 20.0, 10.0, 20.0], ["sh", "sh", "asha", "asha"], 2, range(8))
    assert plan.time_left() is None
    plan.done([2], 4.0)  # sh of size 20: 0.2 s per size
    # sh 10: 2 x 2 s, sh 20: 1 x 4 s, asha, as all runs: 2 x 2 s and 2 x 4 s.
    assert plan.time_left() == pytest.approx(4 + 4 + 4 + 8)
    plan.done([6], 60.0)  # asha of size 20: 3 s per size
    # sh 10: 2 x 2 s, sh 20: 1 x 4 s, asha 10: 2 x 30 s, asha 20: 1 x 60 s.
    assert plan.time_left() == pytest.approx(4 + 4 + 60 + 60)
    plan.done([3], 8.0)  # sh of size 20: a mean of 6 s, 0.3 s per size
    assert plan.time_left() == pytest.approx(2 * 3 + 60 + 60)
    assert plan.time_left(2) == pytest.approx((2 * 3 + 60 + 60) / 2)
    assert plan.time_left(9, under_way=26) == pytest.approx(100 / 5)  # five runs, so five processes
    assert plan.time_left(1, under_way=1000) == 0  # a run takes longer than expected


def test_short_runs_whose_cells_were_timed_are_taken_together():
    # Four cells of equal size and three seeds.
    plan = Plan([1.0] * 4, ["a"] * 4, 3, range(12))
    assert [plan.take(0, 100.0) for _ in range(4)] == [[0], [3], [6], [9]]  # nothing is known
    for place in (0, 3, 6):
        plan.done([place], 0.25)
    assert plan.take(0, 0.5) == [1, 4]
    assert plan.take(1, 100.0) == [7]  # nothing is known about the last cell
    assert plan.take(1, 100.0) == [10]
    plan.done([9], 0.5)
    plan.done([1, 4], 1.0)  # 0.5 s each, so both cells have a mean of 0.375 s
    assert plan.take(0, 0.1) == [11]  # the longest; alone it may take longer
    assert plan.take(2, 0.8) == [2, 5]
    assert plan.take(2, 100.0) == [8]  # of one seed only
    # Left are 0.375 + 0.375 + 2 x 0.25 + 2 x 0.5 s.
    assert plan.time_left() == pytest.approx(2.25)


def test_runs_that_are_not_timed_are_made_by_size_one_by_one():
    plan = Plan([1.0, 4.0, 2.0], ["a", "a", "a"], 2, range(6))
    order = []
    while taken := plan.take(0, 100.0):
        order += taken
        plan.done(taken, None)
        assert len(taken) == 1
    assert order == [2, 4, 0, 3, 5, 1]
    assert plan.time_left() is None


def made(costs, places, processes, sizes=None, together=0.0):
    """Make runs on simulated processes; return when each ended, and what was left at each end."""
    cells, seeds = costs.shape
    kinds = [f"{cell // 20}" for cell in range(cells)]
    plan = Plan(sizes or [1.0] * cells, kinds, seeds, places)
    ended, told = {}, []
    busy = [(0.0, process, []) for process in range(processes)]
    heapify(busy)
    last = [None] * processes
    began = {}
    while busy:
        now, process, runs = heappop(busy)
        plan.done(runs, now - began.pop(process, now))
        under_way = sum(now - then for then in began.values())  # as the runner does
        told.append((now, plan.time_left(processes, under_way)))
        ended |= dict.fromkeys(runs, now)
        taken = plan.take(last[process], together)
        if taken:
            last[process] = taken[-1] % seeds
            began[process] = now
            heappush(busy, (now + sum(costs.flat[place] for place in taken), process, taken))
    return ended, told


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 6),
    st.integers(1, 6),
    st.integers(1, 5),
    st.floats(0, 3),
    st.randoms(),
    st.data(),
)
def test_every_run_is_made_once_and_no_process_waits_while_one_is_left(
    cells, seeds, processes, together, rng, data
):
    costs = np.array([[rng.uniform(0.1, 3) for _ in range(seeds)] for _ in range(cells)])
    places = sorted(data.draw(st.sets(st.sampled_from(range(cells * seeds)))))
    ended, _ = made(costs, places, processes, together=together)
    assert sorted(ended) == places
    if places and not together:
        # Graham 1966: a process that is never idle ends at most the longest run after the mean.
        some = costs.flat[places]
        assert max(ended.values()) <= some.sum() / processes + some.max() + 1e-9


# Five schedulers on 1 to 512 workers, with stragglers and without, 20 seeds: two schedulers need
# 10 ms for each worker, one a tenth, and two the same for any number of workers.
WORKERS = np.array([2**k for k in range(10)])
CELLS = np.array(
    [each for by_worker in (1e-3 * WORKERS, 0.02, 0.01 * WORKERS, 0.01 * WORKERS, 0.01)
     for each in np.broadcast_to(by_worker, 10)
     for each in (each, 1.4 * each)]
)  # fmt: skip
SIZES = [float(workers) for _ in range(5) for workers in WORKERS for _ in range(2)]


def natural(noise):
    rng = np.random.default_rng(0)
    return CELLS[:, np.newaxis] * rng.lognormal(0, noise, (len(CELLS), 20))


@pytest.mark.parametrize("processes", [1, 2, 8, 16])
@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_the_time_left_is_right_within_a_quarter_after_a_tenth_of_the_work(processes, noise):
    costs = natural(noise)
    ended, told = made(costs, range(costs.size), processes, SIZES)
    end = max(ended.values())
    checked = 0
    for now, left in told:
        if 0.1 * end <= now <= 0.9 * end:
            assert left == pytest.approx(end - now, rel=0.25)
            checked += 1
    assert checked > 100


@pytest.mark.parametrize(("processes", "share"), [(2, 0.99), (4, 0.99), (8, 0.98), (16, 0.95)])
def test_processes_end_at_about_the_same_time(processes, share):
    costs = natural(0.2)
    ended, _ = made(costs, range(costs.size), processes, SIZES)
    assert costs.sum() / (processes * max(ended.values())) > share


TEXT = """
measures = ["jobs"]
seeds = 20
[experiment]
curves = "power-law"
r_max = 4
[axes]
scheduler = ["random", "asha", "sh"]
[axes.length]
long = { limits.max_jobs = 1000 }
short = { limits.max_jobs = 100 }
"""
SECONDS = {"random": 1.0, "asha": 3.0, "sh": 2.0}  # for 100 jobs


def test_the_runner_tells_how_long_the_rest_will_take(tmp_path, monkeypatch):
    now = [0.0]

    def measure(experiment, measures, target):  # noqa: ARG001
        now[0] += SECONDS[experiment.scheduler] * experiment.limits.max_jobs / 100
        return [experiment.limits.max_jobs], 1

    monkeypatch.setattr(work, "_measure", measure)
    study = parse(TEXT, tmp_path / "mine.toml")
    places, lefts = [], []
    for each in run_all(study, range(study.runs), clock=lambda: now[0]):
        places.append(each.place)
        lefts.append((now[0], each.seconds_left))
        now[0] += 0.5  # to write the row, which counts, too
    # A seed takes 10 + 1 + 30 + 3 + 20 + 2 = 66 s. The first one is made by size, in the order of
    # the grid; then asha before sh before random, long before short.
    assert places[:6] == [0, 40, 80, 20, 60, 100]
    assert places[6:12] == [41, 81, 1, 61, 101, 21]
    assert sorted(places) == list(range(120))
    end = now[0]
    assert end == 20 * (66 + 6 * 0.5)
    for then, left in lefts[12:-6]:  # a tenth of the runs, and of the work
        assert left == pytest.approx(end - then, rel=0.02)


def test_short_runs_of_several_seeds_are_taken_together():
    plan = Plan([4.0, 2.0], ["a", "a"], 4, range(8))  # cell c and seed k at 4 c + k
    for cell in (0, 1):
        assert plan.take(0 if cell else None) == [4 * cell]
        plan.done([4 * cell], seconds=4.0 - 2 * cell)
    # Seed 1 takes 4 + 2 s, and of seed 2 the longer run still fits into 11 s, the other one not.
    assert plan.take(0, seconds=11.0) == [1, 5, 2]
    assert plan.take(2, seconds=3.0) == [6]  # a run of seed 3 takes 4 s
    assert plan.take(2, seconds=0.0) == [3]
    assert plan.take(3, seconds=9.0) == [7]
    assert plan.take(3, seconds=9.0) == []
