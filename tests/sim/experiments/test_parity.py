"""Parity on two runs small enough to work out by hand, and its laws on any pair of traces."""

import json
from dataclasses import asdict, replace
from itertools import combinations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from learning_curves.errors import InputError
from sim.experiments.parity import compare, decisions
from sim.traces.trace import Outcome, Trace, frame, pack

NAN = float("nan")


def job(trial, start, stop, started, ended, *, worker=0, attempt=0, outcome=Outcome.DONE):
    loss = 0.5 if outcome is Outcome.DONE else NAN
    return trial, -1, worker, 0, start, stop, attempt, outcome, started, ended, 0.0, loss


def trace(jobs, *, workers=2, r_max=2, end=8.0):
    rows = b"".join(pack(number, *row) for number, row in enumerate(jobs))
    return Trace(frame(rows), workers, r_max, end, end)


# Two workers, 8 seconds. Trial 1's first job is lost and tried again.
LIVE = trace(
    [
        job(0, 0, 1, 0.0, 2.0),
        job(1, 0, 1, 0.0, 1.0, worker=1, outcome=Outcome.LOST),
        job(1, 0, 1, 1.0, 4.0, worker=1, attempt=1),
        job(2, 0, 1, 2.0, 5.0),
        job(0, 1, 2, 4.0, 6.0, worker=1),
        job(3, 0, 1, 5.0, 8.0, outcome=Outcome.CUT),
    ]
)
# The same scheduler, no loss: Trial 1 ends before 0 and is promoted instead; 4 seconds.
SIMULATED = trace(
    [
        job(0, 0, 1, 0.0, 2.0),
        job(1, 0, 1, 0.0, 1.0, worker=1),
        job(2, 0, 1, 1.0, 4.0, worker=1),
        job(1, 1, 2, 2.0, 4.0),
    ],
    end=4.0,
)


def test_a_job_handed_out_again_was_decided_on_once():
    assert decisions(LIVE) == [(0, 0, 1), (1, 0, 1), (2, 0, 1), (0, 1, 2), (3, 0, 1)]


def test_decisions_are_in_the_order_of_the_jobs_numbers():
    shuffled = replace(LIVE, jobs=LIVE.jobs.iloc[[3, 0, 5, 1, 4, 2]])
    assert decisions(shuffled) == decisions(LIVE)


def test_two_runs_by_hand():
    parity = compare(LIVE, SIMULATED)
    # Five jobs against four. In common, and at the same turns: the first of trials 0, 1 and 2.
    assert parity.same_jobs == 3 / 5
    assert parity.same_turn == 3 / 5
    assert parity.first_difference == 3
    # They end live at 2, 4, 5 and simulated at 2, 1, 4: two pairs agree, one does not.
    assert parity.kendall_tau == pytest.approx((2 - 1) / 3)
    assert parity.end_ratio == 4 / 8
    # Of 16 seconds: 2 + 3 + 3 + 2 + 3, the last one cut. Of 8 seconds: 2 + 1 + 3 + 2.
    assert parity.live_utilisation == 13 / 16
    assert parity.simulated_utilisation == 8 / 8
    assert (parity.live_worker_seconds["wasted"], parity.live_worker_seconds["waiting"]) == (1, 2)
    assert parity.simulated_worker_seconds["training"] == 8


def test_the_order_counts_for_turns_and_not_for_jobs():
    first, second, third = job(0, 0, 1, 0, 1), job(1, 0, 1, 1, 2), job(2, 0, 1, 2, 3)
    parity = compare(trace([first, second, third]), trace([first, third, second]))
    assert (parity.same_jobs, parity.same_turn, parity.first_difference) == (1, 1 / 3, 1)
    assert parity.kendall_tau == 1  # each ended when it did


def test_a_run_that_breaks_off_differs_from_there_on():
    longer = [job(0, 0, 1, 0, 1), job(1, 0, 1, 1, 2)]
    for pair in (longer, longer[:1]), (longer[:1], longer):
        parity = compare(*map(trace, pair))
        assert (parity.same_jobs, parity.same_turn, parity.first_difference) == (0.5, 0.5, 1)


def test_the_same_trial_to_another_level_is_another_job():
    parity = compare(trace([job(0, 0, 1, 0, 1)]), trace([job(0, 0, 2, 0, 1)]))
    assert (parity.same_jobs, parity.same_turn, parity.first_difference) == (0, 0, 0)
    assert parity.kendall_tau == 1  # of no job, there is no order to differ


def ending(*times):
    return trace([job(trial, 0, 1, 0.0, end, worker=trial) for trial, end in enumerate(times)])


@pytest.mark.parametrize(
    ("live", "simulated", "tau"),
    [
        ((1.0, 2.0, 3.0), (2.0, 4.0, 6.0), 1),
        ((1.0, 2.0, 3.0), (3.0, 2.0, 1.0), -1),
        ((1.0, 1.0, 3.0), (2.0, 2.0, 3.0), 1),  # together in both
        # Pairs 01, 02, 12: one tied in one run only, two agree: 2 / sqrt(3 * 2).
        ((1.0, 1.0, 3.0), (1.0, 2.0, 3.0), 2 / 6**0.5),
        ((1.0, 1.0), (2.0, 2.0), 1),
        ((1.0, 2.0), (2.0, 2.0), 0),
        ((1.0,), (5.0,), 1),
    ],
)
def test_kendalls_tau_and_ends_together(live, simulated, tau):
    assert compare(ending(*live), ending(*simulated)).kendall_tau == pytest.approx(tau)
    assert compare(ending(*simulated), ending(*live)).kendall_tau == pytest.approx(tau)


def test_jobs_that_did_not_report_have_no_end():
    live = trace([job(0, 0, 1, 0, 1), job(1, 0, 1, 0, 2), job(2, 0, 1, 0, 8)])
    cut = trace([job(0, 0, 1, 0, 1), job(1, 0, 1, 0, 2), job(2, 0, 1, 0, 0.5, outcome=Outcome.CUT)])
    assert compare(live, cut).kendall_tau == 1


@pytest.mark.parametrize(
    ("live", "simulated", "message"),
    [
        (trace([]), SIMULATED, "the live run has 0 jobs in 8.0 seconds"),
        (LIVE, trace([]), "the simulated run has 0 jobs"),
        (trace([job(0, 0, 1, 0, 0)], end=0.0), SIMULATED, "the live run has 1 jobs in 0.0 seconds"),
    ],
)
def test_a_run_of_nothing_is_not_compared(live, simulated, message):
    with pytest.raises(InputError, match=message):
        compare(live, simulated)


def test_it_goes_into_json():
    parity = compare(LIVE, SIMULATED)
    assert json.loads(json.dumps(asdict(parity), allow_nan=False)) == asdict(parity)


@st.composite
def traces(draw):
    jobs = draw(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 2)), min_size=1, unique=True))
    ends = [draw(st.integers(1, 6)) for _ in jobs]
    return trace(
        [
            job(trial, start, start + 1, 0.0, float(end))
            for (trial, start), end in zip(jobs, ends, strict=True)
        ],
        r_max=3,
        workers=18,
    )


@settings(derandomize=True, deadline=None)
@given(traces())
def test_a_run_is_like_itself(run):
    parity = compare(run, run)
    assert (parity.same_jobs, parity.same_turn, parity.first_difference) == (1, 1, None)
    assert parity.kendall_tau == pytest.approx(1)
    assert parity.end_ratio == 1
    assert parity.live_worker_seconds == parity.simulated_worker_seconds


@settings(derandomize=True, deadline=None)
@given(traces(), traces())
def test_the_measures_against_brute_force(live, simulated):
    parity = compare(live, simulated)
    left, right = decisions(live), decisions(simulated)
    longer = max(len(left), len(right))
    assert parity.same_jobs == len(set(left) & set(right)) / longer
    pairs = list(zip(left, right, strict=False))
    assert parity.same_turn == sum(a == b for a, b in pairs) / longer
    first = next((k for k, (a, b) in enumerate(pairs) if a != b), min(len(left), len(right)))
    assert parity.first_difference == (None if left == right else first)
    assert 0 <= parity.same_turn <= parity.same_jobs <= 1


@settings(derandomize=True, deadline=None)
@given(traces(), traces())
def test_tau_against_all_pairs(live, simulated):
    ends = [dict(zip(decisions(run), run.jobs["ended"], strict=True)) for run in (live, simulated)]
    common = [[end[key] for end in ends] for key in ends[0].keys() & ends[1].keys()]
    signs = [
        [(a > b) - (a < b) for a, b in zip(*pair, strict=True)] for pair in combinations(common, 2)
    ]
    untied = [sum(sign[side] != 0 for sign in signs) for side in (0, 1)]
    assume(all(untied))
    expected = sum(left * right for left, right in signs) / (untied[0] * untied[1]) ** 0.5
    assert compare(live, simulated).kendall_tau == pytest.approx(expected)
