"""Laws that every run keeps: the clock against a plain one, accounts that add up, no look ahead.

All of them hold whatever goes wrong: the runs straggle, lose jobs, and lose workers.
"""

import random
from collections import Counter
from dataclasses import dataclass, replace
from math import fsum, inf, isnan

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from learning_curves.blackbox import RecordedCurve
from learning_curves.synthetic import PowerLaw, Scripted
from sim.cluster.cluster import Cluster
from sim.faults import Faults
from sim.jobs.costs import Costs
from sim.jobs.limits import Limits
from sim.schedulers import Contract, Idle, Retrying
from sim.schedulers.catalogue import SCHEDULERS
from sim.searchers import searcher_for
from sim.traces import metrics

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
    faults: Faults
    attempts: int
    limits: Limits

    @property
    def models(self):
        return self.faults.models(self.seed)

    def scheduler(self, makers, curves):
        searcher = searcher_for(curves, seed=self.seed, order=self.order, max_trials=self.trials)
        scheduler = makers[self.name](searcher, self.levels, self.eta)
        return Retrying(scheduler, self.attempts) if self.models.lose else scheduler

    def run(self, makers, curves):
        return Cluster(
            Contract(self.scheduler(makers, curves)),
            curves,
            workers=self.workers,
            seed=self.seed,
            limits=self.limits,
            costs=self.costs,
            speeds=self.speeds,
            faults=self.models,
        ).run()


seconds = st.sampled_from([0.0, 0.0, 0.5, 2.0])
stays = st.lists(  # whole and half seconds, so that workers join and leave as jobs end
    st.tuples(st.integers(0, 3), st.integers(0, 12), st.sampled_from([1, 2, 7, 40])), max_size=6
)


def timetable(stays):
    """Return the stays (worker, joins, seconds) that follow their predecessors, joins at least."""
    until, table = {}, []
    for worker, earliest, length in sorted(stays):
        joins = max(earliest / 2, until.get(worker, 0.0))
        until[worker] = inf if length == 40 else joins + length / 2
        if joins < inf:
            table.append((worker, joins, until[worker]))
    return tuple(table)


def on(value, off):
    """Draw `value` one time in four, so that most models are off in most runs."""
    return st.sampled_from([value, off, off, off])


@st.composite
def all_faults(draw):
    return Faults(
        lognormal_sigma=draw(on(0.5, 0.0)),
        pareto_alpha=draw(on(1.5, None)),
        slow_workers=draw(on(0.5, 0.0)),
        slow_epochs=draw(on(0.25, 0.0)),
        lost_probability=draw(st.sampled_from([0.0] * 5 + [0.01, 0.2, 0.999])),
        mtbf=draw(st.sampled_from([None] * 3 + [1.0, 20.0])),
        mttr=draw(seconds),
        preempted_every=draw(st.sampled_from([None] * 3 + [2.0, 10.0])),
        preempted_for=draw(seconds),
        save_on_preemption=draw(st.booleans()),
        timetable=timetable(draw(stays)) if draw(on(value=True, off=False)) else (),
    )


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
        faults=draw(all_faults()),
        attempts=draw(st.integers(1, 3)),
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
        self.models = experiment.models
        self.now = 0.0
        self.freed, self.waiting = list(range(experiment.workers)), []
        self.last = {}  # worker -> the job that it holds
        self.running = []  # [job number, worker, job, started, ends, outcome, before, epochs]
        self.attempts, self.saved = Counter(), {}  # by trial and stop
        self.jobs, self.epochs, self.finished = 0, 0, 0
        self.drained_from = None
        self.rows, self.down, self.kept = [], [], []
        self.outages = {w: self.models.outages_of(w, inf) for w in range(experiment.workers)}
        self.moves = {}  # worker -> when it leaves, or comes back, next
        self.away = {}  # worker -> since when, and whether it saved
        for worker in range(experiment.workers):
            self.plan(worker)

    def plan(self, worker):
        """Look up when `worker` leaves next."""
        self.outage = getattr(self, "outage", {})
        self.outage[worker] = next(self.outages[worker], None)
        if self.outage[worker] is not None:
            self.moves[worker] = self.now + max(0.0, self.outage[worker].start - self.now)

    def run(self):
        limits = self.it.limits
        self.move()
        while True:
            self.ask()
            if not self.running:
                gone = len(self.away) == self.it.workers and not self.moves
                if self.waiting or gone or self.drained_from is not None:
                    break
            until = min([each[4] for each in self.running] + list(self.moves.values()))
            if limits.max_seconds is not None and until > limits.max_seconds:
                self.now = limits.max_seconds
                break
            self.now = until
            ending = sorted(each for each in self.running if each[4] == self.now)
            reached = [self.end(each) for each in ending]
            if any(reached) or self.now == limits.max_seconds:
                break
            if limits.max_finished is not None and self.finished >= limits.max_finished:
                break
            self.move()
        for each in self.running:
            self.write(each, "cut")
        away = self.away.items()
        self.down += [(worker, since, self.now) for worker, since in away if since < self.now]
        return sorted(self.rows)

    def move(self):
        """Let those leave and come back whose time it is; of one worker it may be both."""
        while due := sorted(worker for worker, when in self.moves.items() if when == self.now):
            worker = due[0]
            del self.moves[worker]
            if worker in self.away:
                self.down.append((worker, self.away.pop(worker), self.now))
                self.freed.append(worker)
                self.plan(worker)
                continue
            self.away[worker] = self.now
            for each in [each for each in self.running if each[1] == worker]:
                self.lose(each, saves=self.outage[worker].saves)
            self.last.pop(worker, None)
            self.freed = [each for each in self.freed if each != worker]
            self.waiting = [each for each in self.waiting if each != worker]
            if self.outage[worker].stop < inf:
                self.moves[worker] = self.now + max(0.0, self.outage[worker].stop - self.now)

    def write(self, each, outcome):
        number, worker, job, started, *_ = each
        self.rows.append(
            (number, job.trial.number, worker, job.start, job.stop, started, self.now, outcome)
        )

    def end(self, each):
        _, worker, job, _, _, outcome, _, _ = each
        self.freed.append(worker)
        if outcome == "lost":
            self.lose(each, saves=False)
            return False
        self.running.remove(each)
        self.write(each, "done")
        losses = self.curves.curve(job.trial.config, 0).losses(job.start, job.stop)
        self.scheduler.job_done(job, losses)
        self.finished += job.stop == self.it.levels[1]
        return self.it.limits.target is not None and losses[-1] <= self.it.limits.target

    def lose(self, each, *, saves):
        number, worker, job, started, _, _, before, epochs = each
        self.running.remove(each)
        self.write(each, "lost")
        if saves and self.it.costs.checkpoints:
            passed, first = started + before, self.first(job)
            for count, each_seconds in enumerate(epochs, start=1):
                passed += each_seconds
                if passed <= self.now + 1e-9:
                    self.saved[job.trial.number, job.stop] = first + count
            if self.first(job) > first:
                self.kept.append((number, self.first(job)))
        self.attempts[job.trial.number, job.stop] += 1
        del self.last[worker]
        self.scheduler.job_lost(job)

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
            self.epochs += answer.stop - self.first(answer)
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

    def first(self, job):
        begins = job.start if self.it.costs.checkpoints else 0
        return self.saved.get((job.trial.number, job.stop), begins)

    def start(self, worker, job):
        costs, models = self.it.costs, self.models
        first, attempt = self.first(job), self.attempts[job.trial.number, job.stop]
        epochs = self.curves.curve(job.trial.config, 0).seconds(first, job.stop)
        if models.slow_epochs:
            epochs = models.slow_epochs.slowed(epochs, job, attempt, first)
        trains = fsum(epochs)
        for straggler in models.stragglers:
            trains *= straggler.factor(job, attempt)
        speed = self.it.speeds[worker % len(self.it.speeds)] if self.it.speeds else 1.0
        if models.slow_workers:
            speed /= models.slow_workers.slowness(worker)
        trains /= speed
        before = costs.start_seconds + (costs.restore_seconds if first else 0.0)
        if self.holds(worker, job) and costs.checkpoints:
            before = 0.0
        pauses = costs.checkpoints and job.stop < self.it.levels[1]
        total = before + trains + (costs.save_seconds if pauses else 0.0)
        lost = min([each.after(job, attempt) for each in models.losses], default=inf)
        outcome = "lost" if lost < total else "done"
        ends = self.now + min(total, lost)
        share = trains / (fsum(epochs) or 1.0)
        slowed = [share * each for each in epochs]
        number = len(self.rows) + len(self.running)
        self.running.append([number, worker, job, self.now, ends, outcome, before, slowed])
        self.last[worker] = job


def written(jobs):
    columns = ["job", "trial", "worker", "start", "stop", "started", "ended", "outcome"]
    return list(jobs[columns].itertuples(index=False, name=None))


@given(experiments(), st.integers(0, 2**32))
@often(500)
def test_the_clock_against_a_plain_one(makers, experiment, curves):
    curves = scripted(curves)
    clock = PlainClock(experiment, experiment.scheduler(makers, curves), curves)
    expected = clock.run()
    trace = experiment.run(makers, curves)
    assert written(trace.jobs) == expected
    assert trace.end == clock.now
    assert trace.drained_from == (clock.now if clock.drained_from is None else clock.drained_from)
    assert (trace.workers, trace.r_max) == (experiment.workers, experiment.levels[1])
    assert trace.down.to_numpy().tolist() == sorted(map(list, clock.down))
    assert list(zip(trace.kept["job"], trace.kept["epoch"], strict=True)) == clock.kept


def check_accounts(experiment, trace, curve_of):
    """Assert that jobs, trials and workers of `trace` fit together; compute it all from the log."""
    jobs = list(trace.jobs.itertuples(index=False))
    assert [row.job for row in jobs] == list(range(len(jobs)))
    assert [row.started for row in jobs] == sorted(row.started for row in jobs)
    assert 0 <= trace.drained_from <= trace.end
    for row in jobs:
        assert row.outcome in {"done", "lost", "cut"}
        assert isnan(row.loss) == (row.outcome != "done")
        assert row.ended == trace.end or (row.outcome != "cut" and row.ended < trace.end)
        assert row.started <= trace.drained_from
        assert row.attempt < experiment.attempts

    saved = dict(zip(trace.kept["job"], trace.kept["epoch"], strict=True))
    before, first = {}, {}  # by trial its last job; by job where its training began
    for row in jobs:
        begins = row.start if experiment.costs.checkpoints else 0
        last = before.get(row.trial)
        if last is None:  # the trials are started in the order of their numbers
            assert (row.trial, row.start, row.attempt) == (len(before), 0, 0)
        elif last.outcome == "lost":  # the same job again
            assert (row.start, row.stop) == (last.start, last.stop)
            assert row.attempt == last.attempt + 1
            begins = saved.get(last.job, first[last.job])
        else:  # it goes on, where and after it stopped
            assert last.outcome == "done"
            assert (row.start, row.attempt) == (last.stop, 0)
            assert row.started >= last.ended
        assert row.start <= begins <= saved.get(row.job, row.stop) <= row.stop or (
            begins == 0 and not experiment.costs.checkpoints
        )
        first[row.job], before[row.trial] = begins, row

    costs, speeds, models = experiment.costs, experiment.speeds or (1.0,), experiment.models
    parts = Counter()
    for worker in range(trace.workers):
        away = trace.down[trace.down["worker"] == worker]
        absences = [(each.since, each.until, None) for each in away.itertuples(index=False)]
        stints = [(row.started, row.ended, row) for row in jobs if row.worker == worker]
        # At one time a job may be lost at its start, and a worker come back and begin one.
        stints = sorted(stints + absences, key=lambda stint: stint[:2])
        free, last = 0.0, None
        for started, ended, row in stints:
            assert started >= free  # not booked twice
            parts["waiting"] += max(min(started, trace.drained_from) - free, 0.0)
            parts["drained"] += started - max(free, min(started, trace.drained_from))
            free = ended
            if row is None:
                parts["down"] += ended - started
                last = None
                continue
            assert started <= trace.drained_from  # none is drained and then starts
            trained = ended - started - row.overhead
            assert 0 <= row.overhead <= ended - started + 1e-9
            parts["overhead"] += row.overhead
            kept = trace.kept["seconds"][trace.kept["job"] == row.job].sum()
            assert kept <= trained + 1e-9
            parts["training"] += kept if row.outcome == "lost" else trained
            parts["wasted"] += trained - kept if row.outcome == "lost" else 0.0
            if row.outcome == "done":
                begins = first[row.job]
                carries_on = last is not None and last == (row.trial, row.start)
                paid = 0.0 if carries_on and costs.checkpoints else costs.start_seconds
                paid += costs.restore_seconds if begins and not carries_on else 0.0
                paid += costs.save_seconds * (costs.checkpoints and row.stop < trace.r_max)
                assert row.overhead == paid
                due = fsum(curve_of(row).seconds(begins, row.stop))
                if not models.slow:
                    assert trained * speeds[worker % len(speeds)] == pytest.approx(due, abs=1e-9)
                loss = curve_of(row).losses(row.start, row.stop)[-1]
                assert row.loss == (loss if loss < inf else inf)  # noqa: FURB136  a NaN is inf
            last = (row.trial, row.stop) if row.outcome == "done" else None
        parts["waiting"] += max(trace.drained_from - free, 0.0)
        parts["drained"] += trace.end - max(trace.drained_from, free)
    assert min(parts.values(), default=0.0) >= -1e-9
    assert parts.total() == pytest.approx(trace.workers * trace.end, rel=1e-12)
    told = metrics.worker_seconds(trace)
    assert told == pytest.approx({part: parts[part] for part in told}, rel=1e-9, abs=1e-9)


@given(experiments(), st.integers(0, 2**32))
@often(150)
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
@often(60)
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
@often(150)
def test_no_decision_depends_on_what_was_not_yet_trained(makers, experiment, curves, share):
    # Each trial is to have curves of its own. What was trained and saved is known, unreported.
    faults = replace(experiment.faults, save_on_preemption=False)
    experiment = replace(experiment, order="given", faults=faults)
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
            faults=Faults(lognormal_sigma=0.5),
            attempts=1,
            limits=Limits(),
        ).run(makers, curves)
        for seed in (0, 1)
    )
    assert set(trial.jobs["loss"]).isdisjoint(other.jobs["loss"])
    assert trial.end != other.end
