"""Pauses: whoever carries a training on, from wherever, it is the training that never paused."""

import random
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count, pairwise

import pytest
import torch

from learning_curves import streams
from learning_curves.spaces import space
from real.cluster import checkpoints, cluster, pauses, training
from real.cluster.crew import Processes, Shared
from real.cluster.training import Assignment
from real.tasks.recipe import Recipe
from sim.schedulers import Contract
from sim.schedulers.catalogue import SCHEDULERS, Settings
from sim.schedulers.protocol import Job, Trial
from sim.searchers import Listed

TRIALS = 5
WORKERS = 2


class Gym:
    """Two processes, and the trials that they train, link by link."""

    def __init__(self, recipe, folder):
        task = recipe()
        self.recipe, self.folder, self.r_max = recipe, folder, task.r_max
        self.configs = space.sample(task.space, streams.generator(7, "configs"), TRIALS)
        self.crew = Processes(WORKERS, partial(training.settle, recipe))
        self.numbers = count()

    def train(self, worker, trial, start, stop, chain="chain"):
        """Return the losses of a link, and whether its start was restored."""
        job = Assignment(
            config=self.configs[trial],
            seed=trial,
            start=start,
            stop=stop,
            restore=self.path(chain, trial, start),
            save=self.path(chain, trial, stop),
            log=self.folder / f"job-{next(self.numbers)}.log",
        )
        report = self.crew.submit(worker, training.train, self.recipe, job).result()
        assert len(report.losses) == len(report.seconds) == stop - start
        assert report.saved > 0
        return report.losses, report.restored > 0

    def path(self, chain, trial, epoch):
        return self.folder / f"{chain}-{trial}-{epoch}.pt"

    def state(self, chain, trial, epoch):
        return checkpoints.load(self.path(chain, trial, epoch))


@pytest.fixture(params=["softmax", "lenet"])
def gym(request, tmp_path):
    gym = Gym(Recipe(request.param, source="subset"), tmp_path)
    yield gym
    gym.crew.stop()


def same(ours, theirs):
    """Compare two states, down to the bits of their tensors."""
    if isinstance(ours, dict):
        return ours.keys() == theirs.keys() and all(same(ours[key], theirs[key]) for key in ours)
    return torch.equal(ours, theirs) if isinstance(ours, torch.Tensor) else ours == theirs


@pytest.mark.slow
def test_any_chain_of_pauses_is_the_training_in_one_go(gym):
    rng = random.Random(3)  # noqa: S311 - no secret
    links = []
    for trial in range(TRIALS):
        cuts = sorted(rng.sample(range(1, gym.r_max), rng.randint(2, gym.r_max - 1)))
        losses, last = [], None
        for start, stop in pairwise([0, *cuts, gym.r_max]):
            worker = rng.randrange(WORKERS)
            more, restored = gym.train(worker, trial, start, stop)
            assert restored == (start > 0 and worker != last)  # else it was held in memory
            links.append(restored)
            losses, last = losses + more, worker
        whole, _ = gym.train(rng.randrange(WORKERS), trial, 0, gym.r_max, "whole")
        assert losses == whole
        assert len(set(whole)) > 1  # it learns, or wavers
        assert same(gym.state("chain", trial, gym.r_max), gym.state("whole", trial, gym.r_max))
    assert {True, False} == set(links)


@pytest.mark.slow
@pytest.mark.parametrize("gym", ["softmax"], indirect=True)
def test_a_process_goes_on_with_what_it_holds_only_where_that_stands(gym):
    whole, _ = gym.train(0, 0, 0, 8, "whole")
    other, _ = gym.train(1, 1, 0, 8, "whole")
    mine = partial(gym.train, 0)
    assert mine(0, 0, 3) == (whole[:3], False)
    assert gym.train(1, 0, 3, 5) == (whole[3:5], True)
    assert mine(0, 5, 6) == (whole[5:6], True)  # it holds the trial, but at 3
    assert mine(0, 5, 6) == (whole[5:6], True)  # a second attempt: it holds the trial, but at 6
    assert mine(0, 6, 8) == (whole[6:], False)
    assert gym.train(1, 1, 0, 5) == (other[:5], False)
    assert mine(0, 0, 5) == (whole[:5], False)
    assert mine(1, 5, 8) == (other[5:], True)  # it holds another trial at 5
    assert same(gym.state("chain", 0, 8), gym.state("whole", 0, 8))
    assert same(gym.state("chain", 1, 8), gym.state("whole", 1, 8))


class Slope:
    """A task without a module, and its trainer."""

    def __init__(self, _config=None, seed=0):
        self.floor, self.epoch = random.Random(seed).random(), 0  # noqa: S311 - no secret

    def trainer(self, config, seed):
        return Slope(config, seed)

    def train_epoch(self):
        self.epoch += 1
        return self.floor + 1 / self.epoch

    def state_dict(self):
        return {"epoch": self.epoch}

    def load_state_dict(self, state):
        self.epoch = state["epoch"]


class DiskWatch:
    """A scheduler that looks at the checkpoints when it is first asked after reports."""

    def __init__(self, scheduler, folder):
        self.scheduler, self.folder, self.r_max = scheduler, folder, scheduler.r_max
        self.may_go_on = scheduler.may_go_on
        self.running, self.paused, self.reported, self.most = {}, {}, False, 0

    def next_job(self):
        if self.reported:
            self.look()
            self.reported = False
        job = self.scheduler.next_job()
        if isinstance(job, Job):
            self.paused.pop(job.trial.number, None)
            self.running[job.trial.number] = job
        return job

    def job_done(self, job, losses):
        self.paused[job.trial.number] = self.running.pop(job.trial.number)
        self.reported = True
        self.scheduler.job_done(job, losses)

    def look(self):
        # A running trial has gone on from one, and may have left one of which nobody has heard.
        needed = {(n, epoch) for n, job in self.running.items() for epoch in (job.start, job.stop)}
        needed |= {(n, job.stop) for n, job in self.paused.items() if self.may_go_on(job)}
        found = {path.name for path in self.folder.glob("*.pt")}
        assert found <= {f"trial-{number}-epoch-{epoch}.pt" for number, epoch in needed}
        self.most = max(self.most, len(found))


@pytest.mark.parametrize("name", sorted(SCHEDULERS))
def test_no_checkpoint_is_kept_that_nobody_will_need(name, tmp_path):
    workers, trials = 3, pauses._AT_A_TIME  # so all that pause are asked for after each report
    settings = Settings(r_min=1, r_max=9, eta=3, workers=workers)
    scheduler = Contract(SCHEDULERS[name](Listed([{}] * trials), settings))
    watch = DiskWatch(scheduler, tmp_path / "checkpoints")
    with ThreadPoolExecutor(workers) as executor:
        lived = cluster.Cluster(
            watch, partial(Shared, executor), Slope, folder=tmp_path, workers=workers
        ).run()
    assert len(lived.trials) == trials
    assert [path.name for path in tmp_path.iterdir()] == [cluster.JOURNAL]
    # One a trial, and another one of each that is running, of which nobody has heard.
    least, most = {"random": (0, 0), "random-batch": (0, 0)}.get(name, (2, trials + workers))
    if name == "asha-stopping":  # a trial goes on at once, or never
        least, most = 1, 2 * workers
    assert least <= watch.most <= most


class Dropped:
    """A scheduler that goes on with every ninth trial."""

    r_max = 9

    def may_go_on(self, job):
        return job.trial.number % 9 == 0


def test_of_many_pauses_too_all_that_nobody_will_need_are_dropped_by_and_by(tmp_path):
    keeper = pauses.Pauses(tmp_path / "checkpoints", Dropped())
    paused = {number: Job(Trial(number, {}), 0, 1) for number in range(100)}
    keeper.open({})
    for number in paused:
        keeper.path(number, 1).touch()
    for _ in range(4):  # of 32 at most
        keeper.sweep(paused, {5})
    assert set(paused) == {5, *range(0, 100, 9)}
    assert set(keeper.folder.iterdir()) == {keeper.path(number, 1) for number in paused}
