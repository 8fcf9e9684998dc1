"""Our rule `optuna` makes the decisions of Optuna's own pruner, report by report."""

from collections import defaultdict
from functools import partial
from math import inf, isnan, nan

import pytest

from sim.schedulers import Job, StoppingASHA, Trial
from sim.searchers import Listed


class Pruner:
    """Optuna's pruner, asked as its documentation asks it."""

    def __init__(self, optuna, eta):
        pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=eta)
        self.study = optuna.create_study(
            study_name="peer", pruner=pruner, sampler=optuna.samplers.RandomSampler(seed=0)
        )
        self.trials = {}

    def lets_go_on(self, job, losses):
        number = job.trial.number
        if number not in self.trials:
            self.trials[number] = self.study.ask()
        trial = self.trials[number]
        for epoch, loss in enumerate(losses, job.start + 1):
            trial.report(loss, epoch)
        return not trial.should_prune()


def test_every_decision_is_optunas(optuna, random_runs, reports):
    decisions = 0
    for draw in random_runs():
        eta, r_max = draw.choice([(2, 4), (3, 9)])
        make = partial(StoppingASHA, r_min=1, r_max=r_max, eta=eta, rule="optuna")
        pruner, recorded = Pruner(optuna, eta), defaultdict(list)
        for scheduler, job, losses in reports(draw, make, diverges=[inf]):
            scheduler.job_done(job, losses)
            if job.stop == r_max:
                continue
            goes_on, loss = pruner.lets_go_on(job, losses), losses[-1]
            at_rung = recorded[job.stop]
            at_rung.append(loss)
            if loss < inf:
                assert scheduler.may_go_on(job) == goes_on
            else:  # ours never goes on; Optuna's does where it ties with the cut
                assert not scheduler.may_go_on(job)
                assert goes_on == (sorted(at_rung)[max(1, len(at_rung) // eta) - 1] == inf)
            decisions += 1
    assert decisions


def test_a_nan_leaves_no_trace_with_optuna_as_with_us_a_lost_job_that_is_dropped(
    optuna, random_runs, reports
):
    make = partial(StoppingASHA, r_min=1, r_max=4, eta=2, rule="optuna", lost="vanish")
    for draw in random_runs():
        pruner = Pruner(optuna, 2)
        for scheduler, job, losses in reports(draw, make, diverges=[nan], trials=4):
            if isnan(losses[-1]):
                scheduler.job_lost(job)
                assert not pruner.lets_go_on(job, losses)
                continue
            scheduler.job_done(job, losses)
            if job.stop < 4:
                assert scheduler.may_go_on(job) == pruner.lets_go_on(job, losses)


def first_decisions(rule, losses, eta):
    """Return which of these losses go on with us, each the first report of a trial."""
    scheduler = StoppingASHA(Listed([{}] * 9), r_min=1, r_max=9, eta=eta, rule=rule)
    decisions = []
    for number, loss in enumerate(losses):
        job = Job(Trial(number, {}), 0, 1)
        while scheduler.next_job() != job:
            pass  # the trial before went on
        scheduler.job_done(job, [loss])
        decisions.append(scheduler.may_go_on(job))
    return decisions


@pytest.mark.parametrize(
    ("losses", "ours", "optunas"),
    [
        # Four results are at the rung with us, and two go on; with Optuna two are, and one does.
        ([nan, nan, 0.1, 0.2], [False, False, True, True], [False, False, True, False]),
        ([inf], [False], [True]),  # the first to arrive
        ([inf, inf], [False] * 2, [True] * 2),  # all that tie with the cut
    ],
)
def test_the_smallest_runs_that_differ_from_optuna(optuna, losses, ours, optunas):
    assert first_decisions("optuna", losses, eta=2) == ours
    pruner = Pruner(optuna, eta=2)
    jobs = [Job(Trial(number, {}), 0, 1) for number in range(len(losses))]
    found = [pruner.lets_go_on(job, [loss]) for job, loss in zip(jobs, losses, strict=True)]
    assert found == optunas


def test_a_whole_run_is_optunas_job_for_job(optuna, one_run):  # noqa: ARG001
    ours = one_run(scheduler="asha-stopping", rule="optuna")
    assert one_run(scheduler="optuna:SuccessiveHalvingPruner").equals(ours)


def test_the_pruner_hyperband_has_a_bracket_too_few_where_the_logarithm_is_rounded(optuna):
    # floor(log(243, 3)) is 4, so five brackets; the paper's Algorithm 1 has six.
    pruner = optuna.pruners.HyperbandPruner(min_resource=1, max_resource=243, reduction_factor=3)
    study = optuna.create_study(pruner=pruner)
    trial = study.ask()
    trial.report(0.5, 1)
    trial.should_prune()
    assert len(pruner._pruners) == 5
