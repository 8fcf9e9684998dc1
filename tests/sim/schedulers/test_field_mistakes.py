"""Mistakes found in the code of well-known tools; one test for each, so that none is made here."""

import ast
import inspect
from functools import partial
from math import inf, nan

import pytest

import sim.cluster.cluster
from learning_curves.synthetic import Scripted
from sim.cluster.cluster import Cluster
from sim.schedulers import (
    ASHA,
    AsyncHyperband,
    Contract,
    Hyperband,
    Idle,
    Job,
    ProtocolError,
    StoppingASHA,
    SuccessiveHalving,
    rung_levels,
)
from sim.searchers import Listed, searcher_for


@pytest.mark.parametrize(
    ("r_max", "eta", "count"), [(243, 3, 6), (59049, 3, 11), (1000, 10, 4), (10**6, 10, 7)]
)
def test_no_level_is_lost_to_a_logarithm(trials, start, r_max, eta, count):
    # floor(log(243) / log(3)) is 4 in floating point: six tools' Hyperband lose a level.
    assert len(rung_levels(1, r_max, eta)) == count
    asha = ASHA(trials(1), r_min=1, r_max=r_max, eta=eta)
    stopping = StoppingASHA(trials(1), r_min=1, r_max=r_max, eta=eta)
    halving = SuccessiveHalving(trials(1), r_min=1, r_max=r_max, eta=eta)
    for scheduler in (asha, stopping, halving):
        assert scheduler.levels == tuple(eta**k for k in range(count))
    # The only trial of a bracket climbs them all.
    for level in halving.levels:
        (job,) = start(halving, 1)
        assert job.stop == level
        halving.job_done(job, [0.5] * (job.stop - job.start))
    assert halving.next_job() is Idle.DONE


@pytest.mark.parametrize(
    ("r_max", "eta", "count"), [(243, 3, 6), (59049, 3, 11), (1000, 10, 4), (10**6, 10, 7)]
)
def test_no_bracket_is_lost_to_a_logarithm(trials, r_max, eta, count):
    # s_max = floor(log(R) / log(eta)) loses the bracket that starts at epoch 1, of R trials.
    hyperband = Hyperband(trials(1), r_min=1, r_max=r_max, eta=eta)
    assert [shape.levels[0] for shape in hyperband.shapes] == [eta**k for k in range(count)]
    assert [len(shape.levels) for shape in hyperband.shapes] == list(range(count, 0, -1))
    sizes = [shape.size for shape in hyperband.shapes]
    assert (sizes[0], sizes[-1]) == (r_max, count)
    assert hyperband.next_job().stop == 1
    asynchronous = AsyncHyperband(trials(1), r_min=1, r_max=r_max, eta=eta)
    assert [len(asha.levels) for asha in asynchronous.brackets] == list(range(count, 0, -1))


def test_nine_results_at_eta_3_promote_three_trials_not_seven(trials, start):
    # Removing the promoted before n // eta is taken promotes 3 of 9, 2 of 6, 1 of 4, 1 of 3: 7.
    asha = ASHA(trials(9), r_min=1, r_max=3, eta=3)
    for job in start(asha, 9):
        asha.job_done(job, [job.trial.number / 10])
    assert [job.trial.number for job in start(asha, 3)] == [0, 1, 2]
    assert asha.next_job() is Idle.DONE


@pytest.mark.parametrize("diverged", [nan, inf])
def test_a_diverged_trial_never_goes_on(trials, start, diverged):
    stopping = StoppingASHA(trials(3), r_min=1, r_max=2, eta=2)
    asha = ASHA(trials(4), r_min=1, r_max=2, eta=2)
    halving = SuccessiveHalving(trials(2), r_min=1, r_max=2, eta=2)
    for scheduler, count in ((stopping, 3), (asha, 4), (halving, 2)):
        for job in start(scheduler, count):
            scheduler.job_done(job, [diverged])
        assert scheduler.next_job() is Idle.DONE


def test_of_ninety_equal_losses_not_all_go_on(trials):
    # One worker, eta 3: trial t is the (t + 1)th to arrive, and ties rank it last, so that only
    # the first goes on. (In one tool 90 of 90 do.)
    stopping = StoppingASHA(trials(90), r_min=1, r_max=3, eta=3)
    went_on = []
    while (job := stopping.next_job()) is not Idle.DONE:
        went_on += [job.trial.number] if job.start else []
        stopping.job_done(job, [0.5] * (job.stop - job.start))
    assert went_on == [0]
    # When all arrive before any decides by promotion, 90 // 3 = 30 do.
    asha = ASHA(trials(90), r_min=1, r_max=3, eta=3)
    jobs = [asha.next_job() for _ in range(90)]
    for job in jobs:
        asha.job_done(job, [0.5])
    promoted = [asha.next_job().trial.number for _ in range(30)]
    assert promoted == list(range(30))
    assert asha.next_job() is Idle.DONE


def test_a_new_round_does_not_overtake_promotions(trials, start, brief):
    # d2l's listing puts promotions at the queue's front, but takes from its back.
    halving = SuccessiveHalving(trials(12), r_min=1, r_max=4, eta=2, barrier=False)
    jobs = start(halving, 4)
    for job in jobs:
        halving.job_done(job, [0.4 - job.trial.number / 10])
    assert brief(halving.next_job()) == (3, 1, 2)  # the best first
    assert brief(halving.next_job()) == (2, 1, 2)
    assert brief(halving.next_job()) == (4, 0, 1)  # and only then the next round


def test_to_have_no_job_now_is_not_the_end(trials, start):
    # In one tool None from suggest() ends the search.
    halving = SuccessiveHalving(trials(2), r_min=1, r_max=2, eta=2)
    first, second = start(halving, 2)
    assert halving.next_job() is Idle.WAIT
    assert halving.next_job() is Idle.WAIT
    halving.job_done(first, [0.5])
    halving.job_done(second, [0.4])
    assert halving.next_job().trial.number == 1

    class AnswersNone:
        r_max = 1

        def next_job(self):
            return None

    with pytest.raises(ProtocolError, match=r"next_job\(\) answered None"):
        Contract(AnswersNone()).next_job()


def test_the_time_a_decision_takes_is_not_on_the_clock():
    class Ponders(ASHA):
        effort = 0

        def next_job(self):
            sum(range(self.effort))
            return super().next_job()

    traces = []
    for effort in (0, 100_000):
        curves = Scripted([[0.5, 0.4], [0.4, 0.3], [0.3, 0.2], [0.2, 0.1]])
        scheduler = Ponders(searcher_for(curves, seed=0, order="given"), r_min=1, r_max=2, eta=2)
        scheduler.effort = effort
        traces.append(Cluster(scheduler, curves, workers=2).run())
    assert traces[0].jobs.equals(traces[1].jobs)
    assert traces[0].end == traces[1].end


def test_the_clock_cannot_know_the_real_time():
    imported = set()
    for node in ast.walk(ast.parse(inspect.getsource(sim.cluster.cluster))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module)
    assert "simpy" in imported
    assert not imported & {"time", "datetime", "timeit", "threading", "asyncio"}


@pytest.mark.parametrize(("checkpoints", "epochs"), [(True, 81), (False, 1 + 3 + 9 + 27 + 81)])
def test_training_to_1_3_9_27_81_is_charged_81_epochs(checkpoints, epochs):
    # One simulator stores the increment, and charges 91.
    from sim.jobs.costs import Costs

    curves = Scripted([[0.5] * 81])
    halving = SuccessiveHalving(Listed(curves.configs), r_min=1, r_max=81, eta=3)
    trace = Cluster(halving, curves, workers=1, costs=Costs(checkpoints=checkpoints)).run()
    assert trace.jobs["stop"].tolist() == [1, 3, 9, 27, 81]
    assert trace.end == epochs  # seconds, one an epoch


def test_a_decision_at_1_sees_no_result_from_9():
    # Trial 0 is the best of all at epoch 9 and the worst at epoch 1: what a scheduler that is
    # told at 1 about epoch 1 does, is the same whatever comes after.
    heard = []

    class Listens(ASHA):
        def job_done(self, job, losses):
            heard.append((job.trial.number, job.start, job.stop, tuple(losses)))
            super().job_done(job, losses)

    decisions = []
    for future in (0.0, 0.95):
        heard.clear()
        curves = Scripted([[0.9] + [future] * 8, [0.5] * 9, [0.6] * 9])
        asha = Listens(Listed(curves.configs), r_min=1, r_max=9, eta=3)
        jobs = Cluster(asha, curves, workers=3).run().jobs
        decisions.append(jobs[["trial", "start", "stop", "started", "ended"]].to_numpy().tolist())
        assert heard[:3] == [(0, 0, 1, (0.9,)), (1, 0, 1, (0.5,)), (2, 0, 1, (0.6,))]
        assert heard[3:] == [(1, 1, 3, (0.5, 0.5))]
    assert decisions[0] == decisions[1]


@pytest.mark.parametrize("end", ["lost", "diverged"])
def test_a_failed_trial_does_not_hang_its_rung(trials, start, end):
    # 4 trials to level 1, one of which fails: the other results fill the rung, 2 go on.
    halving = SuccessiveHalving(trials(4), r_min=1, r_max=4, eta=2)
    jobs = start(halving, 4)
    for job in jobs[1:]:
        halving.job_done(job, [0.5])
    assert halving.next_job() is Idle.WAIT
    if end == "lost":
        halving.job_lost(jobs[0])
    else:
        halving.job_done(jobs[0], [nan])
    assert [job.trial.number for job in start(halving, 2)] == [1, 2]


class Counting(float):
    """A loss that counts how often losses are compared or negated."""

    __slots__ = ()
    operations = 0


def _counted(name):
    plain = getattr(float, name)

    def operation(self, *others):
        Counting.operations += 1
        value = plain(self, *others)
        return Counting(value) if type(value) is float else value

    return operation


for _name in ("__lt__", "__le__", "__gt__", "__ge__", "__eq__", "__ne__", "__neg__", "__sub__"):
    setattr(Counting, _name, _counted(_name))
Counting.__hash__ = float.__hash__


def operations(scheduler, results):
    """Return how many operations on losses so many results cost, asking after each one."""
    Counting.operations = 0
    state = 1
    for _ in range(results):
        job = scheduler.next_job()
        assert isinstance(job, Job)
        state = state * 6364136223846793005 % 2**64  # a plain generator: no order to profit from
        scheduler.job_done(job, [Counting(state / 2**64)] * (job.stop - job.start))
    return Counting.operations


@pytest.mark.parametrize(
    "scheduler",
    [ASHA, StoppingASHA, partial(StoppingASHA, rule="ray"), AsyncHyperband],
    ids=["asha", "asha-stopping", "ray", "async-hyperband"],
)
def test_a_decision_costs_the_logarithm_of_the_results(scheduler):
    def made():
        configs = ({} for _ in range(10**6))
        return scheduler(Listed(configs), r_min=1, r_max=9, eta=3)

    few = operations(made(), 10**4)
    assert 10**4 < few < 100 * 10**4
    # Ten times the results cost at most ten times the operations, times log(10**5) / log(10**4).
    assert operations(made(), 10**5) < 10 * few * 1.3
