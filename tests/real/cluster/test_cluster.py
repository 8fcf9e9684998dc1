"""The live cluster against its twin: on a clock of its own, it does what the simulated one does."""

import contextlib
import heapq
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import count
from math import fsum, inf

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import sim.cluster.cluster
from learning_curves.errors import InputError
from learning_curves.synthetic import PowerLaw, Scripted
from real.cluster import cluster, journal
from real.cluster.crew import Shared
from sim.jobs.limits import Limits
from sim.schedulers import Contract, Retrying
from sim.schedulers.catalogue import SCHEDULERS, Settings
from sim.searchers import searcher_for

LOSSES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.2, 0.5, inf, float("nan"))
SECONDS = (0.5, 1.0, 1.0, 1.0, 2.0, 3.0)  # sums are exact, and many jobs end together
COLUMNS = ["trial", "worker", "bracket", "start", "stop", "attempt", "outcome"]


class Walk:
    """A trainer that goes along a curve."""

    def __init__(self, curve):
        self.curve, self.epoch = curve, 0

    def train_epoch(self):
        self.epoch += 1
        return self.curve.losses(self.epoch - 1, self.epoch)[0]

    def state_dict(self):
        return {"epoch": self.epoch}

    def load_state_dict(self, state):
        self.epoch = state["epoch"]


@dataclass(frozen=True, eq=False)
class Curves:
    """A task that trains the curves of a blackbox."""

    blackbox: object
    name: str = "curves"

    @property
    def space(self):
        return self.blackbox.space

    @property
    def r_max(self):
        return self.blackbox.r_max

    def trainer(self, config, seed):
        return Walk(self.blackbox.curve(config, seed))

    def __call__(self):
        return self


class VirtualCrew:
    """Trains at once, and lets a job end when its curve says: an executor and a clock in one."""

    in_processes = False

    def __init__(self, blackbox):
        self.blackbox, self.time, self.ends, self.turn = blackbox, 0.0, [], count()

    def submit(self, worker, function, make_task, job):  # noqa: ARG002
        future = Future()
        curve = self.blackbox.curve(job.config, job.seed)
        end = self.time + fsum(curve.seconds(job.start, job.stop))
        heapq.heappush(self.ends, (end, next(self.turn), future, function(make_task, job)))
        return future

    def end(self, worker):  # noqa: ARG002
        return ""

    def stop(self):
        self.ends.clear()

    def now(self):
        return self.time

    def wait(self, running, until):
        assert running
        self.time = min(until, self.ends[0][0])
        while self.ends and self.ends[0][0] <= self.time:
            _, _, future, report = heapq.heappop(self.ends)
            future.set_result(report)


def scheduler_for(name, blackbox, seed, trials, workers, levels, eta):
    order = "given" if blackbox.configs else "sampled"
    searcher = searcher_for(blackbox, seed=seed, order=order, max_trials=trials)
    made = Settings(r_min=levels[0], r_max=levels[1], eta=eta, workers=workers)
    return Contract(Retrying(SCHEDULERS[name](searcher, made), attempts=3))


@pytest.fixture
def folders(tmp_path):
    numbers = count()

    def new():
        folder = tmp_path / str(next(numbers))
        folder.mkdir()
        return folder

    return new


@pytest.mark.parametrize("name", sorted(SCHEDULERS))
def test_with_one_worker_the_job_sequence_is_the_simulated_one(name, folders):
    curves = PowerLaw(r_max=9, noise=0.02)
    make = partial(scheduler_for, name, curves, 3, 20, 1, (1, 9), 3)
    simulated = sim.cluster.cluster.Cluster(make(), curves, workers=1, seed=3).run()
    with ThreadPoolExecutor(1) as executor:  # in real time
        live = cluster.Cluster(
            make(), partial(Shared, executor), Curves(curves), folder=folders(), workers=1, seed=3
        ).run()
    columns = [*COLUMNS, "loss"]
    assert live.trace.jobs[columns].to_dict("list") == simulated.jobs[columns].to_dict("list")


@pytest.mark.parametrize("name", sorted(SCHEDULERS))
def test_a_journal_leads_to_where_the_run_was_from_wherever_it_is_cut(name, folders):
    """Carried on after any number of its events, a run reports what it does undisturbed."""
    curves = PowerLaw(r_max=4, noise=0.02)
    make = partial(scheduler_for, name, curves, 0, 7, 2, (1, 4), 2)

    def run(folder):
        crew = VirtualCrew(curves)
        return cluster.Cluster(
            make(), lambda: crew, Curves(curves), folder=folder, workers=2, clock=crew
        ).run()

    whole = folders()
    expected = run(whole)
    lines = (whole / cluster.JOURNAL).read_bytes().splitlines(keepends=True)
    # The jobs of the others do not depend on the times.
    exact = name in {"random", "random-batch", "sh", "hyperband"}
    for cut in range(len(lines)):
        folder = folders()
        (folder / cluster.JOURNAL).write_bytes(b"".join(lines[:cut]) + lines[cut][:9])
        lived = run(folder)
        again = journal.read(folder / cluster.JOURNAL)
        reports = [event.job for event in again if isinstance(event, journal.Reported)]
        assert len(set(reports)) == len(reports)
        assert again[:cut] == journal.read(whole / cluster.JOURNAL)[:cut]
        curve_of = {number: curve.all_losses for number, (_, curve) in lived.trials.items()}
        if exact:
            assert curve_of == {n: curve.all_losses for n, (_, curve) in expected.trials.items()}
        for number, (trial, curve) in lived.trials.items():  # no epoch is lost or trained twice
            truth = curves.curve(trial.config, number)
            assert curve.all_losses == tuple(truth.losses(0, len(curve.all_losses)))
        assert not (folder / "checkpoints").exists()


def test_a_journal_of_another_run_is_refused(folders):
    curves = PowerLaw(r_max=4)
    folder = folders()
    for seed, refusal in ((0, contextlib.nullcontext()), (1, pytest.raises(InputError))):
        crew = VirtualCrew(curves)
        make = partial(scheduler_for, "asha", curves, seed, 5, 2, (1, 4), 2)
        with refusal as raised:
            cluster.Cluster(
                make(), lambda crew=crew: crew, Curves(curves), folder=folder, workers=2, clock=crew
            ).run()
    assert "line 1 says" in str(raised.value)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data())
def test_on_a_clock_of_its_own_it_logs_what_the_simulated_cluster_logs(data, folders):
    draw = data.draw
    r_max = draw(st.integers(3, 8))
    losses, seconds = rows(draw, r_max)
    curves = Scripted(losses, seconds)
    limits = draw(
        st.sampled_from(
            [
                Limits(),
                Limits(max_seconds=7.0),
                Limits(max_jobs=9),
                Limits(max_epochs=20),
                Limits(target=0.15),
                Limits(max_finished=2),
            ]
        )
    )
    name, workers = draw(st.sampled_from(sorted(SCHEDULERS))), draw(st.integers(1, 6))
    levels, eta = (draw(st.integers(1, 3)), r_max), draw(st.integers(2, 3))
    make = partial(scheduler_for, name, curves, 0, None, workers, levels, eta)
    simulated = sim.cluster.cluster.Cluster(make(), curves, workers=workers, limits=limits).run()
    crew = VirtualCrew(curves)
    live = cluster.Cluster(
        make(), lambda: crew, Curves(curves), folder=folders(), workers=workers, limits=limits,
        clock=crew,
    ).run().trace  # fmt: skip
    assert live.jobs[COLUMNS].to_dict("list") == simulated.jobs[COLUMNS].to_dict("list")
    for column in ("started", "ended", "loss"):
        assert live.jobs[column].to_numpy() == pytest.approx(
            simulated.jobs[column].to_numpy(), abs=1e-9, nan_ok=True
        )
    assert (live.end, live.drained_from) == pytest.approx((simulated.end, simulated.drained_from))


def rows(draw, r_max):
    trials = draw(st.integers(1, 16))

    def table(values):
        row = st.lists(st.sampled_from(values), min_size=r_max, max_size=r_max)
        return draw(st.lists(row, min_size=trials, max_size=trials))

    return table(LOSSES), table(SECONDS)
