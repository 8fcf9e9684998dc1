"""ASHA by stopping: worked by hand, and against its rule stated anew at every report."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.schedulers import LOST, Idle, Job, StoppingASHA, Trial, rung_levels

often = settings(max_examples=500, derandomize=True, deadline=None)


class PlainStopping:
    """A trial goes on if its rank among the n recorded, itself included, is < max(1, n // eta).

    Ties rank the lower number first; a diverged trial stops. Whoever goes on is handed out first.
    """

    def __init__(self, trials, r_min, r_max, eta):
        self.new = iter(trials)
        self.levels = rung_levels(r_min, r_max, eta)
        self.eta = eta
        self.results = {level: [] for level in self.levels}
        self.going_on = []
        self.running = []

    def ask(self):
        if self.going_on:
            answer = self.going_on.pop(0)
        elif (trial := next(self.new, None)) is not None:
            answer = Job(trial, 0, self.levels[0])
        else:
            return Idle.WAIT if any(j.stop < self.levels[-1] for j in self.running) else Idle.DONE
        self.running.append(answer)
        return answer

    def tell(self, job, loss):
        self.running.remove(job)
        if job.stop == self.levels[-1] or loss is None:  # None: it has vanished
            return
        results = self.results[job.stop]
        results.append((loss, job.trial.number))
        rank = sum(other < (loss, job.trial.number) for other in results)
        if loss < float("inf") and rank < max(1, len(results) // self.eta):
            above = self.levels[self.levels.index(job.stop) + 1]
            self.going_on.append(Job(job.trial, job.stop, above))


@given(
    script=st.binary(min_size=60, max_size=150),
    count=st.sampled_from([0, 1, 2, 3, 5, 8, 11, 1000]),
    workers=st.integers(1, 6),
    eta=st.integers(2, 4),
    r_min=st.integers(1, 3),
    more=st.integers(0, 30),
    lost=st.sampled_from(LOST),
)
@often
def test_every_answer_is_the_rules(
    drive_both, trials, script, count, workers, eta, r_min, more, lost
):
    r_max = r_min + more
    stopping = StoppingASHA(trials(count), r_min=r_min, r_max=r_max, eta=eta, lost=lost)
    oracle = PlainStopping([Trial(i, {}) for i in range(count)], r_min, r_max, eta)
    drive_both(stopping, oracle, script, workers, to_the_end=count < 20, lost=lost)
    for rung in stopping.rungs:
        rung._check()


def test_arrivals_by_hand(trials, brief):
    # eta 3, levels 1, 3, 9; one worker. At rung 1 arrive, in this order:
    #   loss  n  n // 3  goes on  rank    goes on?
    #   0.5   1    0    max: 1     0      yes
    #   0.6   2    0    max: 1     1      no
    #   0.4   3    1           1   0      yes
    #   0.4   4    1           1   1      no: a tie ranks the lower number first
    #   0.1   5    1           1   0      yes
    #   0.3   6    2           2   1      yes, behind 0.1
    #   0.35  7    2           2   2      no
    stopping = StoppingASHA(trials(7), r_min=1, r_max=9, eta=3)
    went_on = []
    answer = stopping.next_job()
    for loss in [0.5, 0.6, 0.4, 0.4, 0.1, 0.3, 0.35]:
        assert brief(answer)[1:] == (0, 1)
        stopping.job_done(answer, [loss])
        answer = stopping.next_job()
        if isinstance(answer, Job) and answer.start == 1:
            went_on.append(brief(answer))
            stopping.job_lost(answer)  # at rung 3: of no interest here
            answer = stopping.next_job()
    assert went_on == [(0, 1, 3), (2, 1, 3), (4, 1, 3), (5, 1, 3)]
    assert answer is Idle.DONE


def test_a_trial_that_goes_on_is_the_first_job_handed_out(trials, start, brief):
    stopping = StoppingASHA(trials(9), r_min=1, r_max=4, eta=2)
    first, second = start(stopping, 2)
    stopping.job_done(second, [0.5])
    assert brief(stopping.next_job()) == (1, 1, 2)
    assert brief(stopping.next_job()) == (2, 0, 1)
    stopping.job_done(first, [0.4])  # rank 0 of 2, 2 // 2 = 1
    assert brief(stopping.next_job()) == (0, 1, 2)


def test_a_decision_is_never_revisited(trials, start, brief):
    # Trial 1, second of two, stops. Two worse ones come: second of four would go on, but too late.
    stopping = StoppingASHA(trials(4), r_min=1, r_max=2, eta=2)
    jobs = start(stopping, 4)
    for job, loss in zip(jobs, [0.1, 0.2, 0.3, 0.4], strict=True):
        stopping.job_done(job, [loss])
    assert brief(stopping.next_job()) == (0, 1, 2)
    assert stopping.next_job() is Idle.DONE


def test_r_max_is_no_rung(trials, start):
    stopping = StoppingASHA(trials(2), r_min=2, r_max=2, eta=2)
    jobs = start(stopping, 2)
    assert stopping.rungs == []
    assert stopping.next_job() is Idle.DONE
    for job in jobs:
        stopping.job_done(job, [0.5, 0.4])
    assert stopping.next_job() is Idle.DONE


def test_done_only_when_no_running_trial_may_go_on(trials, start, brief):
    stopping = StoppingASHA(trials(1), r_min=1, r_max=2, eta=2)
    (job,) = start(stopping, 1)
    assert stopping.next_job() is Idle.WAIT
    stopping.job_done(job, [0.5])
    job = stopping.next_job()
    assert brief(job) == (0, 1, 2)
    assert stopping.next_job() is Idle.DONE
    stopping.job_done(job, [0.4])
    assert stopping.next_job() is Idle.DONE


@pytest.mark.parametrize(("lost", "second"), [("inf", (3, 1, 2)), ("vanish", (4, 0, 1))])
def test_a_lost_trial_counts_at_its_rung_unless_it_vanishes(trials, start, brief, lost, second):
    # eta 2. Two are lost, two report. Trial 3 is second of 4, 4 // 2 = 2; or of 2, 2 // 2 = 1.
    stopping = StoppingASHA(trials(5), r_min=1, r_max=2, eta=2, lost=lost)
    jobs = start(stopping, 4)
    for job in jobs[:2]:
        stopping.job_lost(job)
    stopping.job_done(jobs[2], [0.1])
    assert brief(stopping.next_job()) == (2, 1, 2)
    stopping.job_done(jobs[3], [0.2])
    assert brief(stopping.next_job()) == second


def test_an_unknown_rule_is_refused_with_the_known_ones(trials):
    with pytest.raises(
        ValueError, match=r"the stopping rule is 'best': choose from top-k, syne-tune, "
    ):
        StoppingASHA(trials(1), r_min=1, r_max=4, eta=2, rule="best")
