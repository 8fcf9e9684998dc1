"""Our clock against Syne Tune's simulator, job for job: 0.16 or 0.13, whichever is installed."""

import logging
import os
from importlib.metadata import version

import numpy as np
import pytest

from sim.cluster.cluster import Cluster
from sim.jobs.limits import Limits
from sim.schedulers import ASHA, StoppingASHA, rung_levels
from sim.searchers import Listed

pytest.importorskip("syne_tune", reason="absent")
from tests.benchmarks.syne_tune_peer import ToTheNextEvent, table_of, tuner_of

pytestmark = pytest.mark.filterwarnings("ignore")

OLD = version("syne-tune").startswith("0.13.")
KINDS = ("stopping", "promotion") if OLD else ("stopping",)
RUNS = int(os.environ.get("RUNGSIM_PEER_RUNS", "1000")) // 5
TRIALS = 100
# The simulator adds 2 ms to its clock whenever a trial stops, and the real time that it takes.
# With epochs of millions of seconds both are negligible.
UNIT, NEGLIGIBLE = 1e6, 60.0


class Watch(ToTheNextEvent):
    """Logs the jobs."""

    def __init__(self):
        super().__init__()
        self.since, self.jobs = {}, []

    def on_start_trial(self, trial):
        super().on_start_trial(trial)
        self.since[trial.trial_id] = 0, self._time_keeper.time()

    def on_resume_trial(self, trial):
        start = self.jobs_of(trial.trial_id)[-1][2]
        self.since[trial.trial_id] = start, self._time_keeper.time()

    def jobs_of(self, number):
        return [job for job in self.jobs if job[0] == number]

    def on_trial_result(self, trial, status, result, decision):
        super().on_trial_result(trial, status, result, decision)
        epoch, now = result["epoch"], result["st_tuner_time"]
        if epoch in self.levels:
            start, began = self.since[trial.trial_id]
            self.jobs.append((trial.trial_id, start, epoch, began, now))
            self.since[trial.trial_id] = epoch, now


def theirs(losses, seconds, kind, r_min, eta, workers, end):
    configs, r_max = losses.shape
    where = {"max_t": r_max, "grace_period": r_min, "reduction_factor": eta}

    def make(space, numbers):
        if OLD:
            from syne_tune.optimizer.schedulers.hyperband import HyperbandScheduler

            return HyperbandScheduler(
                space,
                searcher="random",
                metric="loss",
                mode="min",
                resource_attr="epoch",
                type=kind,
                points_to_evaluate=numbers,
                search_options={"debug_log": False},
                **where,
            )
        from syne_tune.optimizer import baselines

        return baselines.ASHA(space, "loss", "epoch", points_to_evaluate=numbers, **where)

    watch = Watch()
    watch.levels = rung_levels(r_min, r_max, eta)
    tuner_of(losses, seconds, make, workers, end, watch).run()
    assert max(watch.since) < configs
    return sorted(job for job in watch.jobs if job[4] < end)


def ours(losses, seconds, kind, r_min, eta, workers, end):
    r_max = losses.shape[1]
    box = table_of(losses, seconds)
    searcher = Listed(box.configs)
    shared = {"r_min": r_min, "r_max": r_max, "eta": eta}
    if kind == "promotion":
        scheduler = ASHA(searcher, rule="syne-tune-0.13", **shared)
    else:
        rule = "syne-tune-0.13" if OLD else "syne-tune"
        scheduler = StoppingASHA(searcher, rule=rule, **shared)
    cluster = Cluster(scheduler, box, workers=workers, limits=Limits(max_seconds=end))
    jobs = cluster.run().jobs
    columns = ["trial", "start", "stop", "started", "ended"]
    return sorted(row for row in jobs[columns].itertuples(index=False, name=None) if row[4] < end)


@pytest.fixture
def quiet(monkeypatch, tmp_path):
    monkeypatch.setenv("SYNETUNE_FOLDER", str(tmp_path))
    logging.disable(logging.CRITICAL)
    yield
    logging.disable(logging.NOTSET)


@pytest.mark.parametrize("kind", KINDS)
def test_each_job_starts_and_ends_at_the_same_time(kind, quiet, capsys):  # noqa: ARG001
    jobs = parts = 0
    for seed in range(RUNS):
        draw = np.random.default_rng(seed)
        r_min, eta = int(draw.integers(1, 4)), int(draw.choice([2, 2, 3, 4]))
        r_max = r_min + int(draw.choice([3, 5, 8, 15]))
        workers = int(draw.choice([1, 2, 4, 8]))
        # Distinct losses: equal ones are the matter of the tests of the rules.
        losses = draw.permutation(TRIALS * r_max).reshape(TRIALS, r_max) / 2**14
        seconds = (
            UNIT
            * draw.uniform(1, 4, size=(TRIALS, 1))
            * draw.uniform(0.8, 1.2, size=(TRIALS, r_max))
        )
        end = UNIT * 2.5 * r_min * 60 / workers  # of 100 trials, some 60 begin
        setting = (losses, seconds, kind, r_min, eta, workers, end)
        expected, found = theirs(*setting), ours(*setting)
        assert [job[:3] for job in found] == [job[:3] for job in expected], seed
        for our, their in zip(found, expected, strict=True):
            assert our[3:] == pytest.approx(their[3:], abs=NEGLIGIBLE)
        jobs += len(found)
        parts += len({job[0] for job in found})
    capsys.readouterr()
    with capsys.disabled():
        print(f"\n{version('syne-tune')} {kind}: {RUNS} runs, {parts} trials, {jobs} jobs")
    assert jobs > 20 * RUNS
