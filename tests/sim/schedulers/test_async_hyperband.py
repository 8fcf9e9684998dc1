"""Asynchronous Hyperband: worked by hand, and against a twin that keeps plain ledgers."""

from hypothesis import given, settings
from hypothesis import strategies as st

from sim.schedulers import ASHA, LOST, AsyncHyperband, Idle, Job, Trial, rung_levels

often = settings(max_examples=300, derandomize=True, deadline=None)


class PlainAsyncHyperband:
    """Of the ASHAs, one for each level to start at, the one with the fewest epochs that has a job.

    All that each bracket was handed is added up anew. WAIT if one of them waits, else DONE.
    """

    def __init__(self, searcher, r_min, r_max, eta, lost):
        self.brackets = [
            ASHA(searcher, r_min=level, r_max=r_max, eta=eta, lost=lost)
            for level in rung_levels(r_min, r_max, eta)
        ]
        self.handed_out = []

    def ask(self):
        spent = [
            (sum(job.stop - job.start for job in self.handed_out if job.bracket == b), b)
            for b in range(len(self.brackets))
        ]
        answers = []
        for _, b in sorted(spent):
            answers.append(self.brackets[b].next_job())
            if isinstance(answers[-1], Job):
                self.handed_out.append(answers[-1]._replace(bracket=b))
                return self.handed_out[-1]
        return Idle.WAIT if Idle.WAIT in answers else Idle.DONE

    def tell(self, job, loss):
        if loss is None:
            self.brackets[job.bracket].job_lost(job)
        else:
            self.brackets[job.bracket].job_done(job, [0.9] * (job.stop - job.start - 1) + [loss])


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
    made = AsyncHyperband(trials(count), r_min=r_min, r_max=r_max, eta=eta, lost=lost)
    oracle = PlainAsyncHyperband(trials(count), r_min, r_max, eta, lost)
    drive_both(made, oracle, script, workers, to_the_end=count < 20, lost=lost)


def test_the_poorest_bracket_is_served_by_hand(trials, start, brief):
    # eta 3, levels 1, 3, 9. Epochs handed out before each job:
    jobs = start(AsyncHyperband(trials(20), r_min=1, r_max=9, eta=3), 9)
    assert [(*brief(job), job.bracket) for job in jobs] == [
        (0, 0, 1, 0),  # 0 0 0
        (1, 0, 3, 1),  # 1 0 0
        (2, 0, 9, 2),  # 1 3 0
        (3, 0, 1, 0),  # 1 3 9
        (4, 0, 1, 0),  # 2 3 9
        (5, 0, 1, 0),  # 3 3 9: a tie, the lower number
        (6, 0, 3, 1),  # 4 3 9
        (7, 0, 1, 0),  # 4 6 9
        (8, 0, 1, 0),  # 5 6 9
    ]


def test_shares_stay_within_a_job_of_each_other(trials):
    hyperband = AsyncHyperband(trials(10**4), r_min=1, r_max=27, eta=3)
    handed_out = [0] * 4
    for _ in range(3000):
        job = hyperband.next_job()
        handed_out[job.bracket] += job.stop - job.start
        hyperband.job_done(job, [1 / (job.trial.number + 1)] * (job.stop - job.start))
        assert max(handed_out) - min(handed_out) <= 27


def test_a_promotion_stays_in_its_bracket(trials, brief):
    # eta 2, levels 1, 2: bracket 0 promotes from 1 to 2, bracket 1 trains to 2 at once.
    hyperband = AsyncHyperband(trials(9), r_min=1, r_max=2, eta=2)
    first, other, second = (hyperband.next_job() for _ in range(3))
    assert [job.bracket for job in (first, other, second)] == [0, 1, 0]
    for job, loss in ((first, 0.3), (second, 0.2)):
        hyperband.job_done(job, [loss])
    answers = [hyperband.next_job() for _ in range(2)]  # epochs: 2 2, 3 2
    assert [(*brief(job), job.bracket) for job in answers] == [(2, 1, 2, 0), (3, 0, 2, 1)]


def test_a_bracket_without_a_job_makes_way_for_the_others(trials, start):
    # eta 2, levels 1, 2; two trials: one in each bracket. All that is left is to wait, or nothing.
    hyperband = AsyncHyperband(trials(2), r_min=1, r_max=2, eta=2)
    first, _ = start(hyperband, 2)
    assert hyperband.next_job() is Idle.WAIT
    hyperband.job_done(first, [0.1])  # 1 // 2 = 0
    assert hyperband.next_job() is Idle.DONE


def test_trials_have_one_numbering(trials, start):
    jobs = start(AsyncHyperband(trials(50), r_min=1, r_max=9, eta=3), 50)
    assert [job.trial for job in jobs] == [Trial(number, {}) for number in range(50)]
