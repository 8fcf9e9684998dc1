"""Our rule `ray` and our median rule make the decisions of Ray Tune's own, report by report."""

from collections import defaultdict
from fractions import Fraction
from functools import partial
from math import inf, isnan, nan

import pytest

from sim.adapters import make
from sim.adapters.ray_tune import Controller, RayTrial
from sim.schedulers import (
    Contract,
    Job,
    MedianStopping,
    ProtocolError,
    StoppingASHA,
    Trial,
)
from sim.schedulers.catalogue import Settings
from sim.searchers import Listed

# A percentile over diverged losses alone.
pytestmark = pytest.mark.filterwarnings("ignore:.*:RuntimeWarning:numpy")

NAMES = {"time_attr": "training_iteration", "metric": "loss", "mode": "min"}


class Tune:
    """A scheduler of Ray Tune, called in the order of Tune's controller; no trial waits."""

    def __init__(self, scheduler):
        self.scheduler = scheduler
        self.controller = Controller(scheduler)
        self.trials = {}

    def lets_go_on(self, job, losses):
        number = job.trial.number
        if number not in self.trials:
            self.trials[number] = RayTrial(job.trial, str(number))
            self.controller.add_trial(self.trials[number])
            self.trials[number].status = "RUNNING"
        for epoch, loss in enumerate(losses, job.start + 1):
            result = {"training_iteration": epoch, "loss": loss}
            decision = self.scheduler.on_trial_result(self.controller, self.trials[number], result)
            self.trials[number].last_result = result
        return decision == "CONTINUE"

    def complete(self, job):
        self.controller.stop_trial(self.trials[job.trial.number])


def asha(ray, eta, r_max):
    return Tune(ray.ASHAScheduler(max_t=r_max, grace_period=1, reduction_factor=eta, **NAMES))


def quantile(losses, eta):
    """Return the linear quantile at 1 / eta, without rounding."""
    place = Fraction(len(losses) - 1, eta)
    low, *high = [Fraction(each) for each in sorted(losses)[int(place) :][:2]]
    return low + (high[0] - low) * (place - int(place)) if high else low


def test_every_decision_is_rays_but_at_exact_ties_with_the_quantile(ray, random_runs, reports):
    decisions = differ = 0
    for draw in random_runs():
        eta, r_max = draw.choice([(2, 4), (3, 9)])
        tune, earlier = asha(ray, eta, r_max), defaultdict(list)
        starting = partial(StoppingASHA, r_min=1, r_max=r_max, eta=eta, rule="ray")
        for scheduler, job, losses in reports(draw, starting, diverges=[inf]):
            scheduler.job_done(job, losses)
            if job.stop == r_max:
                continue
            ours, rays = scheduler.may_go_on(job), tune.lets_go_on(job, losses)
            before, loss = earlier[job.stop], losses[-1]
            decisions += 1
            if loss == inf:  # the first to arrive goes on with Ray
                assert not ours
                assert rays or before
            elif ours != rays:
                assert loss == quantile(before, eta)  # exact in binary
                assert ours
                differ += 1
            before.append(loss)
    assert decisions
    assert differ <= decisions // 100


def test_a_nan_goes_on_with_ray_and_leaves_no_trace_else(ray, random_runs, reports):
    starting = partial(StoppingASHA, r_min=1, r_max=4, eta=2, rule="ray", lost="vanish")
    for draw in random_runs():
        tune = asha(ray, 2, 4)
        for scheduler, job, losses in reports(draw, starting, diverges=[nan], trials=4):
            if isnan(losses[-1]):
                scheduler.job_lost(job)
                assert tune.lets_go_on(job, losses) or job.stop == 4
                continue
            scheduler.job_done(job, losses)
            if job.stop < 4:
                assert scheduler.may_go_on(job) == tune.lets_go_on(job, losses)


def decide_first(ray, losses, eta):
    """Return which of these losses go on with us and with Ray, each the first of a trial."""
    scheduler = StoppingASHA(Listed([{}] * 99), r_min=1, r_max=9, eta=eta, rule="ray")
    tune, ours, rays = asha(ray, eta, 9), [], []
    for number, loss in enumerate(losses):
        job = Job(Trial(number, {}), 0, 1)
        while scheduler.next_job() != job:
            pass  # the trial before went on
        scheduler.job_done(job, [loss])
        ours.append(scheduler.may_go_on(job))
        rays.append(tune.lets_go_on(job, [loss]))
    return ours, rays


def test_at_an_exact_tie_rays_percentile_is_rounded_and_ours_is_not(ray):
    # The quantile at 1/3 of the ten earlier losses is the fourth smallest, 0.25; Ray takes the
    # percentile (1 - 1/3) * 100 of the rewards, which is rounded above it.
    losses = [0.375, 0.125, 0, 0.375, 0.5, 0.5, 0.375, 0, 0.625, 0.25, 0.25]
    assert quantile(losses[:-1], 3) == losses[-1]
    ours, rays = decide_first(ray, losses, eta=3)
    assert ours[:-1] == rays[:-1]
    assert (ours[-1], rays[-1]) == (True, False)


@pytest.mark.parametrize(
    ("losses", "ours", "rays"),
    [
        ([nan], [False], [True]),  # NaN always goes on
        ([0.5, nan], [True, False], [True, True]),
        ([inf], [False], [True]),  # the first to arrive
        # A NaN fills a place with us: of three earlier losses the quantile at 1/2 is 0.2.
        ([0.1, 0.2, nan, 0.175], [True, False, False, True], [True, False, True, False]),
    ],
)
def test_the_smallest_runs_that_differ_from_ray(ray, losses, ours, rays):
    assert decide_first(ray, losses, eta=2) == (ours, rays)


def test_a_whole_run_is_rays_job_for_job(ray, one_run):  # noqa: ARG001
    ours = one_run(scheduler="asha-stopping", rule="ray")
    assert one_run(scheduler="ray:ASHAScheduler").equals(ours)


def test_the_median_rule_is_rays_on_one_worker_up_to_the_first_stop(ray, random_runs, reports):
    # Later, and on more workers, Ray also counts the averages of trials that have not completed.
    starting = partial(MedianStopping, r_min=1, r_max=4)
    stops = 0
    for draw in random_runs():
        rule = ray.MedianStoppingRule(grace_period=1, min_samples_required=1, **NAMES)
        tune = Tune(rule)
        for scheduler, job, losses in reports(draw, starting, trials=5, workers=1):
            scheduler.job_done(job, losses)
            goes_on = tune.lets_go_on(job, losses)
            if job.stop == 4:
                tune.complete(job)
            elif not goes_on or not scheduler.may_go_on(job):
                assert not goes_on
                assert not scheduler.may_go_on(job)
                stops += 1
                break
    assert stops


def test_ray_counts_the_last_result_of_an_ended_trial_twice_in_its_average(ray):
    # Trial 0 ends at epoch 2 with an average of (1 + 0) / 2 = 0.5. Trial 1 has 0.4 at best, and
    # 0.4 <= 0.5; but on_trial_complete appends the last result again, (1 + 0 + 0) / 3 < 0.4.
    rule = ray.MedianStoppingRule(grace_period=1, min_samples_required=1, **NAMES)
    tune = Tune(rule)
    first, second = (Job(Trial(number, {}), 0, 2) for number in range(2))
    tune.lets_go_on(first, [1.0, 0.0])
    tune.complete(first)
    assert not tune.lets_go_on(second, [0.4, 0.4])


def hyperband(r_max, trials, r_min=1):
    settings = Settings(r_min=r_min, r_max=r_max, eta=2, workers=1)
    return Contract(make("ray:HyperBandScheduler", Listed([{}] * trials), settings, {}))


def test_hyperband_of_ray_hangs_when_the_last_trial_of_a_bracket_is_lost(ray):  # noqa: ARG001
    # The bracket of two trials trains to r_max. Trial 0 is paused there, and waits for trial 1.
    scheduler = hyperband(r_max=2, trials=2)
    for _ in range(2):
        scheduler.job_done(scheduler.next_job(), [0.5])
    scheduler.job_lost(scheduler.next_job())
    with pytest.raises(ProtocolError, match="WAIT while nothing is running"):
        scheduler.next_job()


def test_hyperband_of_ray_hangs_when_a_trial_is_lost_after_a_halving(ray):  # noqa: ARG001
    # In the bracket of trials 6 and 7, both pass the halving at epoch 1. Trial 7 is paused at 2 and
    # trial 6 is lost before; `is_being_processed`, set at the first halving, is never reset.
    scheduler = hyperband(r_max=4, trials=8)
    for _ in range(21):
        job = scheduler.next_job()
        scheduler.job_done(job, [1.0 + job.trial.number])
    assert (job.trial.number, job.stop) == (7, 2)
    lost = scheduler.next_job()
    assert (lost.trial.number, lost.start) == (6, 1)
    scheduler.job_lost(lost)

    def finish():
        while isinstance(job := scheduler.next_job(), Job):  # the other bracket comes to its end
            scheduler.job_done(job, [1.0 + job.trial.number])

    with pytest.raises(ProtocolError, match="WAIT while nothing is running"):
        finish()


def test_hyperband_of_ray_hangs_when_a_result_passes_two_milestones(ray):  # noqa: ARG001
    # Results come after epochs 2, 4 and 5. Trials 0 to 2 fill the first bracket, 3 to 5 the second.
    # The third, with milestones 1, 2 and 5, holds trial 6, whose first result passes two of them.
    scheduler = hyperband(r_min=2, r_max=5, trials=7)
    trained = []
    with pytest.raises(ProtocolError, match="WAIT while nothing is running"):  # noqa: PT012
        while isinstance(job := scheduler.next_job(), Job):
            trained.append((job.trial.number, job.stop))
            scheduler.job_done(job, [1.0 + job.trial.number] * (job.stop - job.start))
    assert [stop for number, stop in trained if number == 6] == [2]
    enough = hyperband(r_min=2, r_max=5, trials=6)
    while isinstance(job := enough.next_job(), Job):
        enough.job_done(job, [1.0 + job.trial.number] * (job.stop - job.start))


def test_hyperband_of_ray_promotes_a_nan_over_a_finite_loss(ray):  # noqa: ARG001
    scheduler = hyperband(r_max=2, trials=4)
    last = {0: 0.5, 1: 0.5, 2: 0.5, 3: nan}
    trained = []
    while isinstance(job := scheduler.next_job(), Job):
        trained.append((job.trial.number, job.stop))
        scheduler.job_done(job, [last[job.trial.number]])
    assert trained[-3:] == [(2, 1), (3, 1), (3, 2)]
