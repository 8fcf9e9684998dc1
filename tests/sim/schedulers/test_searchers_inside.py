"""All searchers under all schedulers: no law is broken, and each report is heard of once."""

from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from learning_curves.spaces import space as spaces
from learning_curves.spaces.distributions import Weighted, lograndint
from sim.schedulers import LOST, Contract, Idle, Job, Retrying
from sim.schedulers.catalogue import SCHEDULERS
from sim.searchers import SEARCHERS, searcher_over

SPACE = {
    "rate": stats.loguniform(1e-4, 1.0),
    "units": lograndint(1, 9),
    "act": Weighted(("relu", "tanh"), (1, 2)),
}


class Heard:
    """A searcher that notes what it is told."""

    def __init__(self, searcher, *, adaptive):
        self.searcher, self.adaptive = searcher, adaptive
        self.told, self.drawn = [], []

    def draw(self):
        trial = self.searcher.draw()
        if trial is not None:
            self.drawn.append(trial)
        return trial

    def observe(self, trial, epoch, loss):
        self.told.append((trial.number, epoch, loss))
        self.searcher.observe(trial, epoch, loss)


def live(scheduler, script, workers, moves, lost, heard):
    """Let `scheduler` live through `script`; after each report `heard` has been told just that."""
    running = []
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
            continue
        place, outcome = move
        job = running.pop(place)
        before = len(heard.told)
        if outcome is lost:
            scheduler.job_lost(job)
            assert len(heard.told) == before
            continue
        losses = [0.9 - epoch / 100 for epoch in range(job.start + 1, job.stop)] + [outcome]
        scheduler.job_done(job, losses)
        epochs = range(job.start + 1, job.stop + 1)
        expected = [(job.trial.number, *each) for each in zip(epochs, losses, strict=True)]
        assert repr(heard.told[before:]) == repr(expected * heard.adaptive)  # a NaN is not itself


drives = given(
    script=st.binary(min_size=60, max_size=200),
    workers=st.integers(1, 9),
    eta=st.integers(2, 4),
    levels=st.tuples(st.integers(1, 3), st.integers(3, 9)),
    of_lost=st.sampled_from(LOST),
)


def check(makers, moves, lost, scheduler, name, script, workers, eta, levels, of_lost):
    searcher = searcher_over(SPACE, name=name, seed=0, max_trials=99)
    heard = Heard(searcher, adaptive=searcher.adaptive)
    made = Retrying(makers[scheduler](heard, levels, eta, of_lost), attempts=2)
    live(Contract(made), script, workers, moves, lost, heard)
    assert [trial.number for trial in heard.drawn] == list(range(len(heard.drawn)))
    for trial in heard.drawn:
        spaces.check_config(SPACE, trial.config)


@pytest.mark.parametrize("name", [name for name in SEARCHERS if ":" not in name])
@pytest.mark.parametrize("scheduler", SCHEDULERS)
@drives
@settings(max_examples=10, derandomize=True, deadline=None)
def test_no_searcher_breaks_a_scheduler(
    makers, moves, lost, scheduler, name, script, workers, eta, levels, of_lost
):
    check(makers, moves, lost, scheduler, name, script, workers, eta, levels, of_lost)


@pytest.mark.parametrize("name", ["optuna:tpe", "optuna:cma-es", "optuna:qmc"])
@pytest.mark.parametrize("scheduler", SCHEDULERS)
@drives
@settings(max_examples=2, derandomize=True, deadline=None)
def test_nor_does_one_of_optuna(
    makers, moves, lost, scheduler, name, script, workers, eta, levels, of_lost
):
    check(makers, moves, lost, scheduler, name, script, workers, eta, levels, of_lost)


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_optuna_is_asked_under_each_scheduler(makers, scheduler):
    """On 4 workers, losses diverging and jobs lost, long enough for every model to be asked."""
    searcher = searcher_over(SPACE, name="optuna:tpe", seed=0, max_trials=40)
    made = Contract(makers[scheduler](searcher, (1, 9), 3))
    running, jobs = [], 0
    while True:
        while len(running) < 4 and isinstance(answer := made.next_job(), Job):
            running.append(answer)
        if not running:
            assert answer is Idle.DONE
            break
        job = running.pop(jobs % len(running))
        jobs += 1
        loss = (inf, nan)[jobs % 2] if jobs % 7 == 0 else job.trial.config["rate"] / job.stop
        if jobs % 5:
            made.job_done(job, [loss] * (job.stop - job.start))
        else:
            made.job_lost(job)
    assert searcher._searcher._study is not None
    assert jobs >= 40


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_what_reports_first_among_many_parallel_trials_is_enough(makers, scheduler):
    """A hundred trials are drawn before any report, or as many as the scheduler hands out."""
    for name in ("coarse-to-fine", "coordinate", "local"):
        searcher = searcher_over(SPACE, name=name, seed=0, max_trials=150)
        made = Contract(makers[scheduler](searcher, (1, 3), 3))
        running = [job for _ in range(100) if isinstance(job := made.next_job(), Job)]
        while running:
            job = running.pop(0)
            made.job_done(job, [0.5] * (job.stop - job.start))
            if isinstance(answer := made.next_job(), Job):
                running.append(answer)
        assert made.next_job() is Idle.DONE
