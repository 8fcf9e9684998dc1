"""The contract: every built-in scheduler keeps it; who breaks it is told, and nothing changes."""

import random
import re
from collections import Counter
from math import inf, nan

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.schedulers import (
    ASHA,
    LOST,
    Contract,
    Idle,
    Job,
    ProtocolError,
    RandomSearch,
    Retrying,
    Trial,
)
from sim.schedulers.catalogue import SCHEDULERS

often = settings(max_examples=150, derandomize=True, deadline=None)
NAMES = tuple(SCHEDULERS)

drives = given(
    script=st.binary(min_size=40, max_size=150),
    count=st.sampled_from([0, 1, 2, 3, 5, 8, 1000]),
    workers=st.integers(1, 6),
    eta=st.integers(2, 4),
    levels=st.tuples(st.integers(1, 3), st.integers(3, 20)),
    lost=st.sampled_from(LOST),
)


def live(scheduler, script, workers, moves, tell, *, to_the_end):
    """Let `scheduler` live through `script`; return all it answered."""
    running, answers = [], []

    def ask():
        answers.append(scheduler.next_job())
        if isinstance(answers[-1], Job):
            running.append(answers[-1])
        return isinstance(answers[-1], Job)

    script = moves(script, workers)
    next(script)
    while True:
        try:
            move = script.send(len(running))
        except StopIteration:
            break
        if move == "ask":
            ask()
        else:
            place, outcome = move
            tell(scheduler, running.pop(place), outcome)
    while to_the_end:
        while len(running) < workers and ask():
            pass
        if not running:
            assert answers[-1] is Idle.DONE
            break
        tell(scheduler, running.pop(0), 0.5)
    return answers


@pytest.mark.parametrize("name", NAMES)
@drives
@often
def test_no_scheduler_breaks_a_law(
    makers, trials, moves, tell, name, script, count, workers, eta, levels, lost
):
    live(
        Contract(makers[name](trials(count), levels, eta, lost)),
        script,
        workers,
        moves,
        tell,
        to_the_end=count < 20,
    )


@pytest.mark.parametrize("name", NAMES)
@drives
@settings(max_examples=100, derandomize=True, deadline=None)
def test_the_contract_alters_no_answer(
    makers, trials, moves, tell, name, script, count, workers, eta, levels, lost
):
    bare = makers[name](trials(count), levels, eta, lost)
    bound = Contract(makers[name](trials(count), levels, eta, lost))
    answers = [
        live(scheduler, script, workers, moves, tell, to_the_end=count < 20)
        for scheduler in (bare, bound)
    ]
    assert answers[0] == answers[1]
    assert bound.r_max == bare.r_max == levels[1]


def illegal_calls(running, ended, r_max):
    """Return calls against the laws, whatever the state: (method, arguments, what is said)."""
    unknown = Job(Trial(10**6, {}), 0, 1)
    calls = [
        ("job_done", (unknown, [0.5]), "trial 1000000 from epoch 0 to 1 is not running"),
        ("job_lost", (unknown,), "trial 1000000 from epoch 0 to 1 is not running"),
    ]
    for job in ended[-1:]:
        losses = [0.5] * (job.stop - job.start)
        if job not in running:
            said = f"trial {job.trial.number} from epoch {job.start} to {job.stop} is not running"
            calls += [("job_done", (job, losses), said), ("job_lost", (job,), said)]
    for job in running[:1]:
        number, epochs = job.trial.number, job.stop - job.start
        for other in (
            job._replace(start=job.start + 1),
            job._replace(stop=job.stop + 1),
            job._replace(bracket=job.bracket + 1),
        ):
            said = f"trial {number} from epoch {other.start} to {other.stop} is not running"
            calls += [
                ("job_done", (other, [0.5] * (other.stop - other.start)), said),
                ("job_lost", (other,), said),
            ]
        for wrong in {0, epochs - 1, epochs + 1, r_max + 1} - {epochs}:
            said = (
                f"trial {number} reports {wrong} losses for epochs {job.start + 1} to "
                f"{job.stop}: give {epochs}"
            )
            calls.append(("job_done", (job, [0.5] * wrong), said))
    return calls


@pytest.mark.parametrize("name", NAMES)
@drives
@settings(max_examples=150, derandomize=True, deadline=None)
def test_illegal_calls_raise_with_the_values_and_change_nothing(
    makers, trials, moves, tell, name, script, count, workers, eta, levels, lost
):
    told, twin = (Contract(makers[name](trials(count), levels, eta, lost)) for _ in range(2))
    running, ended = [], []
    script = moves(script, workers)
    next(script)
    while True:
        try:
            move = script.send(len(running))
        except StopIteration:
            break
        for method, arguments, said in illegal_calls(running, ended, levels[1]):
            with pytest.raises(ProtocolError, match=re.escape(said)):
                getattr(told, method)(*arguments)
        if move == "ask":
            answer = told.next_job()
            assert answer == twin.next_job()
            if isinstance(answer, Job):
                running.append(answer)
        else:
            place, outcome = move
            ended.append(running.pop(place))
            for scheduler in (told, twin):
                tell(scheduler, ended[-1], outcome)


def test_an_equal_job_stands_for_the_running_one(trials):
    contract = Contract(RandomSearch(trials(1), r_max=1))
    job = contract.next_job()
    contract.job_done(Job(Trial(0, {"another": "config"}), 0, 1), [0.5])  # the number is identity
    with pytest.raises(ProtocolError, match="is not running"):
        contract.job_done(job, [0.5])


@pytest.mark.parametrize("loss", [nan, inf, -inf])
def test_a_diverged_loss_is_legal(trials, loss):
    contract = Contract(ASHA(trials(2), r_min=1, r_max=2, eta=2))
    contract.job_done(contract.next_job(), [loss])


class Scripted:
    """A scheduler that gives prepared answers, and remembers what it heard."""

    r_max = 9

    def __init__(self, *answers):
        self.answers = list(answers)
        self.heard = []

    def next_job(self):
        return self.answers.pop(0)

    def job_done(self, job, losses):
        self.heard.append(("done", job, losses))

    def job_lost(self, job):
        self.heard.append(("lost", job))


def job(number, start, stop):
    return Job(Trial(number, {}), start, stop)


BROKEN = {
    "WAIT with nothing running": ([Idle.WAIT], "WAIT while nothing is running"),
    "WAIT when all has ended": ([job(0, 0, 1), "end", Idle.WAIT], "WAIT while nothing is running"),
    "WAIT when all is lost": ([job(0, 0, 1), "lose", Idle.WAIT], "WAIT while nothing is running"),
    "WAIT after DONE": ([job(0, 0, 1), Idle.DONE, Idle.WAIT], "WAIT after DONE: DONE is final"),
    "a job after DONE": (
        [Idle.DONE, job(3, 0, 1)],
        "the job of trial 3 from epoch 0 to 1 after DONE: DONE is final",
    ),
    "the same trial twice": (
        [job(3, 0, 1), job(3, 0, 1)],
        "trial 3 from epoch 0 to 1 while the job of trial 3 from epoch 0 to 1 is running",
    ),
    "a running trial goes on": (
        [job(3, 0, 1), job(3, 1, 3)],
        "trial 3 from epoch 1 to 3 while the job of trial 3 from epoch 0 to 1 is running",
    ),
    "a new trial starts elsewhere": (
        [job(3, 1, 2)],
        "trial 3 from epoch 1 to 2 starts elsewhere than at epoch 0",
    ),
    "a trial starts over": (
        [job(3, 0, 2), "end", job(3, 0, 4)],
        "trial 3 from epoch 0 to 4 starts elsewhere than at epoch 2",
    ),
    "a trial skips epochs": (
        [job(3, 0, 2), "end", job(3, 3, 4)],
        "trial 3 from epoch 3 to 4 starts elsewhere than at epoch 2",
    ),
    "a lost job counts as trained": (
        [job(3, 0, 2), "lose", job(3, 2, 4)],
        "trial 3 from epoch 2 to 4 starts elsewhere than at epoch 0",
    ),
    "nothing to train": ([job(3, 0, 0)], "from epoch 0 to 0 breaks start < stop <= r_max = 9"),
    "backwards": (
        [job(3, 0, 2), "end", job(3, 2, 1)],
        "from epoch 2 to 1 breaks start < stop <= r_max = 9",
    ),
    "beyond r_max": ([job(3, 0, 10)], "from epoch 0 to 10 breaks start < stop <= r_max = 9"),
    "None": ([None], "next_job() answered None: answer a Job, WAIT or DONE"),
    "a string": (["WAIT"], "next_job() answered 'WAIT': answer a Job, WAIT or DONE"),
    "a trial": ([Trial(0, {})], "answered Trial(number=0, config={})"),
}


@pytest.mark.parametrize(("answers", "said"), BROKEN.values(), ids=BROKEN)
def test_a_broken_scheduler_is_caught_and_nothing_changes(answers, said):
    contract = Contract(Scripted(*[each for each in answers if each not in ("end", "lose")]))
    running = []
    for answer in answers[:-1]:
        match answer:
            case "end":
                last = running.pop()
                contract.job_done(last, [0.5] * (last.stop - last.start))
            case "lose":
                contract.job_lost(running.pop())
            case _:
                assert contract.next_job() is answer
                running += [answer] if isinstance(answer, Job) else []
    heard = list(contract.scheduler.heard)
    with pytest.raises(ProtocolError, match=re.escape(said)):
        contract.next_job()
    assert contract.scheduler.heard == heard
    # The illegal answer is not running; what ran before still is, and may report.
    if isinstance(answers[-1], Job) and answers[-1] not in running:
        with pytest.raises(ProtocolError, match="is not running"):
            contract.job_lost(answers[-1])
    for each in running:
        contract.job_done(each, [0.5] * (each.stop - each.start))


def test_a_scheduler_that_fails_leaves_the_contract_as_it_was():
    class Fails(Scripted):
        def job_done(self, job, losses):
            if len(self.heard) < 1:
                self.heard.append("failed")
                raise RuntimeError("out of order")
            super().job_done(job, losses)

    contract = Contract(Fails(job(0, 0, 1)))
    running = contract.next_job()
    with pytest.raises(RuntimeError, match="out of order"):
        contract.job_done(running, [0.5])
    contract.job_done(running, [0.5])  # it still was running
    with pytest.raises(ProtocolError, match="is not running"):
        contract.job_done(running, [0.5])


@pytest.mark.parametrize("name", NAMES)
@drives
@settings(max_examples=100, derandomize=True, deadline=None)
def test_wrappers_hold_the_contract_inside_and_outside(
    makers, trials, moves, tell, name, script, count, workers, eta, levels, lost
):
    inner = Contract(makers[name](trials(count), levels, eta, lost))
    live(
        Contract(Retrying(inner, attempts=2)),
        script,
        workers,
        moves,
        tell,
        to_the_end=count < 20,
    )


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize("attempts", [None, 1, 3])
def test_when_every_job_is_lost_all_trials_are_tried_and_then_it_is_done(
    makers, trials, name, lost, attempts
):
    scheduler = Contract(makers[name](trials(40), (1, 9), 3, lost))
    if attempts is not None:
        scheduler = Contract(Retrying(scheduler, attempts))
    seen = Counter()
    running = []
    while True:
        while len(running) < 4 and isinstance(answer := scheduler.next_job(), Job):
            running.append(answer)
            seen[answer.trial.number] += 1
        if not running:
            break
        scheduler.job_lost(running.pop(0))
    assert answer is Idle.DONE
    assert seen == dict.fromkeys(range(40), attempts or 1)


@pytest.mark.parametrize("name", NAMES)
@given(
    seed=st.integers(0, 10**6),
    share=st.sampled_from([0.05, 0.3, 0.8]),
    count=st.integers(0, 40),
    workers=st.integers(1, 6),
    lost=st.sampled_from(LOST),
    attempts=st.sampled_from([None, 2]),
)
@settings(max_examples=100, derandomize=True, deadline=None)
def test_jobs_lost_at_random_neither_hang_a_run_nor_keep_it_going_for_ever(
    makers, trials, name, seed, share, count, workers, lost, attempts
):
    draw = random.Random(seed)  # noqa: S311
    scheduler = Contract(makers[name](trials(count), (1, 9), 3, lost))  # it refuses a deadlock
    if attempts is not None:
        scheduler = Contract(Retrying(scheduler, attempts))
    running = []
    for _ in range(count * 10 * 2 + 1):  # at most ten jobs a trial, two attempts each
        while len(running) < workers and isinstance(answer := scheduler.next_job(), Job):
            running.append(answer)
        if not running:
            break
        job = running.pop(draw.randrange(len(running)))
        if draw.random() < share:
            scheduler.job_lost(job)
        else:
            scheduler.job_done(job, [draw.random()] * (job.stop - job.start))
    assert answer is Idle.DONE
    assert not running


@pytest.mark.parametrize("name", NAMES)
def test_what_a_lost_job_leaves_is_one_of_two(makers, trials, name):
    with pytest.raises(ValueError, match=re.escape("lost is 'x': choose from inf, vanish")):
        makers[name](trials(1), (1, 9), 3, "x")
