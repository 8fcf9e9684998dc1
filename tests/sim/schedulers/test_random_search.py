"""Random search, at once and in batches: worked by hand, and against its rule stated anew."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.schedulers import Idle, Job, RandomSearch, Trial

often = settings(max_examples=300, derandomize=True, deadline=None)


class PlainRandomSearch:
    """Draw, train from 0 to r_max. With batches: N trials, then none until all of them ended.

    DONE once the searcher, asked for a trial, had none.
    """

    def __init__(self, trials, r_max, batch):
        self.new = iter(trials)
        self.r_max, self.batch = r_max, batch
        self.batches = [[]]
        self.running = []

    def ask(self):
        if self.batch and len(self.batches[-1]) == self.batch:
            if self.running:
                return Idle.WAIT
            self.batches.append([])
        trial = next(self.new, None)
        if trial is None:
            return Idle.DONE
        job = Job(trial, 0, self.r_max)
        self.batches[-1].append(job)
        self.running.append(job)
        return job

    def tell(self, job, loss):  # noqa: ARG002 - the rule takes no notice
        self.running.remove(job)


@given(
    script=st.binary(min_size=30, max_size=100),
    count=st.sampled_from([0, 1, 2, 3, 5, 8, 1000]),
    workers=st.integers(1, 6),
    r_max=st.integers(1, 9),
    batch=st.sampled_from([None, 1, 2, 3, 4, 5, 9]),
)
@often
def test_every_answer_is_the_rules(drive_both, trials, script, count, workers, r_max, batch):
    oracle = PlainRandomSearch([Trial(i, {}) for i in range(count)], r_max, batch)
    drive_both(
        RandomSearch(trials(count), r_max=r_max, batch=batch),
        oracle,
        script,
        workers,
        to_the_end=count < 20,
    )


def test_a_free_worker_gets_a_new_trial_at_once(trials, start, brief):
    search = RandomSearch(trials(3), r_max=5)
    first, _ = start(search, 2)
    search.job_done(first, [0.5] * 5)
    assert brief(search.next_job()) == (2, 0, 5)
    assert search.next_job() is Idle.DONE


def test_a_batch_waits_for_all_of_its_trials(trials, start, brief):
    # 5 trials in batches of 2: 2, 2, 1.
    search = RandomSearch(trials(5), r_max=1, batch=2)
    first, second = start(search, 2)
    assert search.next_job() is Idle.WAIT
    search.job_done(second, [0.5])
    assert search.next_job() is Idle.WAIT
    search.job_lost(first)  # a lost trial is not waited for
    third, fourth = start(search, 2)
    assert (brief(third), brief(fourth)) == ((2, 0, 1), (3, 0, 1))
    assert search.next_job() is Idle.WAIT
    search.job_done(third, [0.5])
    search.job_done(fourth, [0.5])
    assert brief(search.next_job()) == (4, 0, 1)
    assert search.next_job() is Idle.DONE  # the batch had room, the searcher had none


def test_a_batch_is_not_topped_up_when_one_ends_before_the_last_starts(trials, brief):
    # 3 in a batch, one worker: each ends before the next is asked for; still 3, then 3.
    search = RandomSearch(trials(6), r_max=1, batch=3)
    for number in range(6):
        job = search.next_job()
        assert brief(job) == (number, 0, 1)
        search.job_done(job, [0.5])
    assert search.next_job() is Idle.DONE


@pytest.mark.parametrize("r_max", [0, -1])
def test_r_max_below_one_is_refused(trials, r_max):
    with pytest.raises(ValueError, match=f"r_max is {r_max}"):
        RandomSearch(trials(1), r_max=r_max)


@pytest.mark.parametrize("batch", [0, -3])
def test_a_batch_below_one_is_refused(trials, batch):
    with pytest.raises(ValueError, match=f"batch is {batch}"):
        RandomSearch(trials(1), r_max=1, batch=batch)
