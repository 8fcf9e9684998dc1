"""Laws that every run keeps: the clock against a plain one, accounts that add up, no look ahead."""

import random
from dataclasses import dataclass, replace
from math import fsum, inf, isnan

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from learning_curves.curve import RecordedCurve
from learning_curves.synthetic import PowerLaw, Scripted
from sim.cluster import Cluster
from sim.costs import Costs
from sim.faults import HalfNormalStraggler, Models
from sim.limits import Limits
from sim.schedulers import Contract, Idle
from sim.schedulers.catalogue import SCHEDULERS
from sim.searchers import searcher_for

NAMES = tuple(SCHEDULERS)
LOSSES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.2, 0.5, inf, float("nan"), -1.0)
SECONDS = (0.5, 1.0, 1.0, 1.0, 2.0, 3.0)  # sums are exact, and many jobs end together


@dataclass(frozen=True)
class Experiment:
    """All that a run depends on, but the curves."""

    name: str
    levels: tuple[int, int]
    eta: int
    trials: int
    workers: int
    seed: int
    order: str
    costs: Costs
    speeds: tuple[float, ...]
    straggler: HalfNormalStraggler | None
    limits: Limits

    def scheduler(self, makers, curves):
        searcher = searcher_for(curves, seed=self.seed, order=self.order, max_trials=self.trials)
        return makers[self.name](searcher, self.levels, self.eta)

    def run(self, makers, curves):
        return Cluster(
            Contract(self.scheduler(makers, curves)),
            curves,
            workers=self.workers,
            seed=self.seed,
            limits=self.limits,
            costs=self.costs,
            speeds=self.speeds,
            faults=Models(stragglers=(self.straggler,)) if self.straggler else None,
        ).run()


seconds = st.sampled_from([0.0, 0.0, 0.5, 2.0])


@st.composite
def experiments(draw):
    seed = draw(st.integers(0, 1000))
    limit = draw(
        st.sampled_from(["none"] * 4 + ["seconds", "jobs", "epochs", "target", "finished"])
    )
    return Experiment(
        name=draw(st.sampled_from(NAMES)),
        levels=(draw(st.integers(1, 3)), draw(st.integers(3, 9))),
        eta=draw(st.integers(2, 4)),
        trials=draw(st.integers(0, 40)),
        workers=draw(st.integers(1, 7)),
        seed=seed,
        order=draw(st.sampled_from(["sampled", "given"])),
        costs=Costs(
            start_seconds=draw(seconds),
            restore_seconds=draw(seconds),
            save_seconds=draw(seconds),
            checkpoints=draw(st.booleans()),
        ),
        speeds=draw(st.sampled_from([(), (), (1.0,), (1.0, 2.0), (0.5, 1.0, 4.0)])),
        straggler=draw(st.sampled_from([None, None, HalfNormalStraggler(0.5, seed)])),
        limits=Limits(
            max_seconds=draw(st.integers(1, 60)) / 2 if limit == "seconds" else None,
            max_jobs=draw(st.integers(1, 30)) if limit == "jobs" else None,
            max_epochs=draw(st.integers(1, 60)) if limit == "epochs" else None,
            target=draw(st.sampled_from([-2.0, 0.1, 0.2])) if limit == "target" else None,
            max_finished=draw(st.integers(1, 4)) if limit == "finished" else None,
        ),
    )


def scripted(seed):
    """Return 12 curves of 9 epochs; a seventh of all epochs diverge, and ties are common."""
    draw = random.Random(seed)  # noqa: S311
    return Scripted(
        [draw.choices(LOSSES, k=9) for _ in range(12)],
        [draw.choices(SECONDS, k=9) for _ in range(12)],
    )


def often(count):
    return settings(
        max_examples=count,
        derandomize=True,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )


class PlainClock:
    """The clock restated: a list of running jobs, gone through anew for each event."""

    def __init__(self, experiment, scheduler, curves):
        self.it, self.scheduler, self.curves = experiment, scheduler, curves
        self.now = 0.0
        self.freed, self.waiting = list(range(experiment.workers)), []
        self.last = {}  # worker -> the job it did last
        self.running = []  # (job number, worker, job, started, ends)
        self.jobs, self.epochs, self.finished = 0, 0, 0
        self.drained_from = None
        self.rows = []

    def run(self):
        limits = self.it.limits
        while True:
            self.ask()
            if not self.running:
                break
            until = min(ends for *_, ends in self.running)
            if limits.max_seconds is not None and until > limits.max_seconds:
                self.now = limits.max_seconds
                break
            self.now = until
            reached = [self.report(each) for each in sorted(self.ending(), key=lambda e: e[0])]
            if any(reached) or self.now == limits.max_seconds:
                break
            if limits.max_finished is not None and self.finished >= limits.max_finished:
                break
        self.rows += [
            (number, job.trial.number, worker, job.start, job.stop, started, self.now, "cut")
            for number, worker, job, started, _ in self.running
        ]
        return sorted(self.rows)

    def ending(self):
        return [each for each in self.running if each[-1] == self.now]

    def report(self, each):
        number, worker, job, started, ended = each
        self.running.remove(each)
        self.freed.append(worker)
        curve = self.curves.curve(job.trial.config, 0)
        losses = curve.losses(job.start, job.stop)
        self.rows.append(
            (number, job.trial.number, worker, job.start, job.stop, started, ended, "done")
        )
        self.scheduler.job_done(job, losses)
        self.finished += job.stop == self.it.levels[1]
        return self.it.limits.target is not None and losses[-1] <= self.it.limits.target

    def ask(self):
        """Ask for all who are free until there is no job; a just-freed one keeps its trial."""
        answers = []
        while len(answers) < len(self.freed) + len(self.waiting) and self.drained_from is None:
            answer = self.scheduler.next_job()
            if answer is Idle.DONE:
                self.drained_from = self.now
            if isinstance(answer, Idle):
                break
            answers.append(answer)
            self.jobs += 1
            self.epochs += answer.stop - (answer.start if self.it.costs.checkpoints else 0)
            if self.jobs == self.it.limits.max_jobs or self.epochs >= (
                self.it.limits.max_epochs or inf
            ):
                self.drained_from = self.now
        at_home = [
            next((w for w in self.freed if self.holds(w, answer)), None) for answer in answers
        ]
        others = [w for w in self.freed if w not in at_home]
        for job, home in zip(answers, at_home, strict=True):
            self.start((others or self.waiting).pop(0) if home is None else home, job)
        self.waiting += others
        self.freed = []

    def holds(self, worker, job):
        last = self.last.get(worker)
        return last is not None and (last.trial.number, last.stop) == (job.trial.number, job.start)

    def start(self, worker, job):
        costs = self.it.costs
        begins = job.start if costs.checkpoints else 0
        curve = self.curves.curve(job.trial.config, 0)
        trains = fsum(curve.seconds(begins, job.stop))
        if self.it.straggler:
            trains *= self.it.straggler.factor(job, 0)
        if self.it.speeds:
            trains /= self.it.speeds[worker % len(self.it.speeds)]
        before = costs.start_seconds + (costs.restore_seconds if begins else 0.0)
        if self.holds(worker, job) and costs.checkpoints:
            before = 0.0
        pauses = costs.checkpoints and job.stop < self.it.levels[1]
        ends = self.now + (before + trains + (costs.save_seconds if pauses else 0.0))
        number = len(self.rows) + len(self.running)
        self.running.append((number, worker, job, self.now, ends))
        self.last[worker] = job


def written(jobs):
    columns = ["job", "trial", "worker", "start", "stop", "started", "ended", "outcome"]
    return list(jobs[columns].itertuples(index=False, name=None))


@given(experiments(), st.integers(0, 2**32))
@often(1500)
def test_the_clock_against_a_plain_one(makers, experiment, curves):
    curves = scripted(curves)
    clock = PlainClock(experiment, experiment.scheduler(makers, curves), curves)
    expected = clock.run()
    trace = experiment.run(makers, curves)
    assert written(trace.jobs) == expected
    assert trace.end == clock.now
    assert trace.drained_from == (clock.now if clock.drained_from is None else clock.drained_from)
    assert (trace.workers, trace.r_max) == (experiment.workers, experiment.levels[1])


def check_accounts(experiment, trace, curve_of):
    """Assert that jobs, trials and workers of `trace` fit together; compute it all from the log."""
    jobs = list(trace.jobs.itertuples(index=False))
    assert [row.job for row in jobs] == list(range(len(jobs)))
    assert [row.started for row in jobs] == sorted(row.started for row in jobs)
    assert 0 <= trace.drained_from <= trace.end
    for row in jobs:
        assert row.outcome in {"done", "cut"}
        assert isnan(row.loss) == (row.outcome == "cut")
        assert row.ended == trace.end or (row.outcome == "done" and row.ended < trace.end)
        assert row.started <= trace.drained_from
        assert row.attempt == 0

    before = {}
    for row in jobs:
        if row.trial in before:  # it goes on, where and after it stopped
            assert before[row.trial].outcome == "done"
            assert row.start == before[row.trial].stop
            assert row.started >= before[row.trial].ended
        else:  # the trials are started in the order of their numbers
            assert (row.trial, row.start) == (len(before), 0)
        before[row.trial] = row

    parts = []
    costs, speeds = experiment.costs, experiment.speeds or (1.0,)
    for worker in range(trace.workers):
        free, last = 0.0, None
        for row in (row for row in jobs if row.worker == worker):
            assert row.started >= free  # not booked twice
            waiting = max(min(row.started, trace.drained_from) - free, 0.0)
            assert waiting == row.started - free  # none is drained and then starts
            parts += [waiting, row.overhead, row.ended - row.started - row.overhead]
            assert 0 <= row.overhead <= row.ended - row.started + 1e-9
            if row.outcome == "done":
                begins = row.start if costs.checkpoints else 0
                trained = fsum(curve_of(row).seconds(begins, row.stop))
                carries_on = last is not None and last == (row.trial, row.start)
                paid = 0.0 if carries_on and costs.checkpoints else costs.start_seconds
                paid += costs.restore_seconds if begins and not carries_on else 0.0
                paid += costs.save_seconds * (costs.checkpoints and row.stop < trace.r_max)
                assert row.overhead == paid
                slowed = (row.ended - row.started - row.overhead) * speeds[worker % len(speeds)]
                if experiment.straggler is None:
                    assert slowed == pytest.approx(trained, rel=1e-12)
                else:
                    assert slowed >= trained * (1 - 1e-12)
                loss = curve_of(row).losses(row.start, row.stop)[-1]
                assert row.loss == (loss if loss < inf else inf)  # noqa: FURB136  a NaN is inf
            free, last = row.ended, (row.trial, row.stop)
        parts += [max(trace.drained_from - free, 0.0), trace.end - max(trace.drained_from, free)]
    assert min(parts) >= -1e-9
    assert fsum(parts) == pytest.approx(trace.workers * trace.end, rel=1e-12)


@given(experiments(), st.integers(0, 2**32))
@often(400)
def test_the_parts_of_worker_time_add_up_and_nobody_is_booked_twice(makers, experiment, curves):
    curves = scripted(curves)
    trace = experiment.run(makers, curves)
    check_accounts(experiment, trace, lambda row: curves.curve(curves.configs[row.config_id], 0))
    trials = searcher_for(curves, seed=experiment.seed, order=experiment.order, max_trials=40)
    configs = [trials.draw() for _ in range(12)]
    for trial, config_id in zip(trace.jobs["trial"], trace.jobs["config_id"], strict=True):
        if trial < 12:
            assert configs[trial].config == curves.configs[config_id]


@given(experiments(), st.sampled_from([0.0, 0.05]), st.sampled_from(["constant", "by-config"]))
@often(100)
def test_so_they_do_on_curves_in_closed_form(makers, experiment, noise, cost):
    experiment = replace(experiment, order="sampled")
    curves = PowerLaw(r_max=experiment.levels[1], noise=noise, cost=cost)
    trace = experiment.run(makers, curves)
    searcher = searcher_for(curves, seed=experiment.seed)
    trials = [searcher.draw() for _ in range(40)]
    seeds = experiment.seed << 32
    check_accounts(
        experiment,
        trace,
        lambda row: curves.curve(trials[row.trial].config, seeds + row.trial),
    )
    assert (trace.jobs["config_id"] == -1).all()


@dataclass
class Altered:
    """The curves of `blackbox`, with another future after the epochs named, trial by trial."""

    blackbox: Scripted
    known: dict[int, int]  # config id -> the last epoch that is as before
    change: random.Random

    def __post_init__(self):
        self.space, self.configs, self.r_max = (
            self.blackbox.space,
            self.blackbox.configs,
            self.blackbox.r_max,
        )

    def curve(self, config, seed):
        curve = self.blackbox.curve(config, seed)
        known = self.known.get(curve.config_id, 0)
        new = self.change.choices(LOSSES, k=9 - known)
        # What runs has not ended: an epoch not yet reported may last longer, so it ends later.
        longer = [3 * each for each in curve.all_seconds[known:]]
        return RecordedCurve(
            (*curve.all_losses[:known], *new),
            (*curve.all_seconds[:known], *longer),
            curve.config_id,
        )


@given(experiments(), st.integers(0, 2**32), st.floats(0, 1))
@often(400)
def test_no_decision_depends_on_what_was_not_yet_trained(makers, experiment, curves, share):
    experiment = replace(experiment, order="given")  # so that each trial has curves of its own
    curves = scripted(curves)
    trace = experiment.run(makers, curves)
    times = sorted({0.0, *trace.jobs["ended"]})
    now = times[int(share * (len(times) - 1))]
    ended = trace.jobs[(trace.jobs["ended"] <= now) & (trace.jobs["outcome"] == "done")]
    known = ended.groupby("config_id")["stop"].max().to_dict()
    other = experiment.run(makers, Altered(curves, known, random.Random(1)))  # noqa: S311

    def past(some):
        jobs = some.jobs[some.jobs["started"] <= now]
        done = jobs[(jobs["ended"] <= now) & (jobs["outcome"] == "done")]
        started = jobs[
            ["job", "trial", "config_id", "worker", "bracket", "start", "stop", "started"]
        ]
        return started.to_numpy().tolist(), done.drop(columns="outcome").to_numpy().tolist()

    assert past(other) == past(trace)
    assert other.end >= now


@given(experiments(), st.integers(0, 2**32))
@often(60)
def test_the_same_seed_gives_the_same_trace(makers, experiment, curves):
    first, second = (experiment.run(makers, scripted(curves)) for _ in range(2))
    assert first.jobs.equals(second.jobs)
    assert (first.end, first.drained_from) == (second.end, second.drained_from)


@pytest.mark.parametrize("name", NAMES)
def test_another_seed_gives_another_trace(makers, name):
    curves = PowerLaw(r_max=9, noise=0.01)
    trial, other = (
        Experiment(
            name=name,
            levels=(1, 9),
            eta=3,
            trials=40,
            workers=3,
            seed=seed,
            order="sampled",
            costs=Costs(),
            speeds=(),
            straggler=HalfNormalStraggler(0.5, seed),
            limits=Limits(),
        ).run(makers, curves)
        for seed in (0, 1)
    )
    assert set(trial.jobs["loss"]).isdisjoint(other.jobs["loss"])
    assert trial.end != other.end
