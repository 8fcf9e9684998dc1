"""Stragglers: how much, on the average, and for whom."""

from itertools import pairwise
from math import inf, nan, sqrt
from statistics import fmean, stdev

import pytest

from learning_curves.synthetic import Scripted
from sim.cluster import Cluster
from sim.faults import HalfNormalStraggler, Models
from sim.schedulers import ASHA, Job, SuccessiveHalving, Trial
from sim.searchers import Listed


def factors(sigma, seed, count):
    straggler = HalfNormalStraggler(sigma, seed)
    return [straggler.factor(Job(Trial(number, {}), 0, 9), 0) for number in range(count)]


@pytest.mark.parametrize("sigma", [0.10, 0.24, 0.56, 1.33])
def test_the_mean_and_spread_are_the_half_normals(sigma):
    drawn = factors(sigma, seed=0, count=20_000)
    assert min(drawn) >= 1.0
    # The mean is 1 + sigma * sqrt(2 / pi); the variance sigma**2 * (1 - 2 / pi).
    error = stdev(drawn) / sqrt(len(drawn))
    assert abs(fmean(drawn) - (1 + sigma * sqrt(2 / 3.141592653589793))) < 4 * error
    assert stdev(drawn) == pytest.approx(sigma * sqrt(1 - 2 / 3.141592653589793), rel=0.03)
    # 68.27 % are within one sigma, 95.45 % within two; the share's error is sqrt(p * (1 - p) / n).
    for sigmas, share in ((1, 0.6827), (2, 0.9545)):
        within = fmean(factor - 1 <= sigmas * sigma for factor in drawn)
        assert abs(within - share) < 4 * sqrt(share * (1 - share) / len(drawn))


def test_no_sigma_no_straggler():
    assert set(factors(0.0, seed=0, count=100)) == {1.0}


def test_the_factor_belongs_to_seed_trial_stop_and_attempt_alone():
    def factor(seed=0, trial=3, stop=9, attempt=0, **others):
        job = Job(Trial(trial, others.get("config", {})), others.get("start", 0), stop)
        return HalfNormalStraggler(0.5, seed).factor(job, attempt)

    assert factor() == factor()
    assert factor() == factor(start=3) == factor(config={"lr": 0.1})
    different = {factor(), factor(seed=1), factor(trial=4), factor(stop=3), factor(attempt=1)}
    assert len(different) == 5


def test_factors_of_neighbouring_jobs_do_not_go_together():
    drawn = factors(0.5, seed=7, count=10_000)
    mean = fmean(drawn)
    lagged = fmean((a - mean) * (b - mean) for a, b in pairwise(drawn))
    correlation = lagged / stdev(drawn) ** 2
    assert abs(correlation) < 4 / sqrt(len(drawn))


@pytest.mark.parametrize("sigma", [-0.1, inf, nan])
def test_a_sigma_that_cannot_be_is_refused(sigma):
    with pytest.raises(ValueError, match=f"sigma is {sigma}"):
        HalfNormalStraggler(sigma, seed=0)


def test_two_schedulers_at_one_seed_meet_the_same_stragglers():
    curves = Scripted([[number / 27] * 9 for number in range(27)])

    def durations(scheduler, workers):
        cluster = Cluster(
            scheduler,
            curves,
            workers=workers,
            faults=Models(stragglers=(HalfNormalStraggler(1.0, 5),)),
        )
        jobs = cluster.run().jobs
        keys = zip(jobs["trial"], jobs["start"], jobs["stop"], strict=True)
        return dict(zip(keys, jobs["ended"] - jobs["started"], strict=True))

    halving = durations(
        SuccessiveHalving(Listed(curves.configs), r_min=1, r_max=9, eta=3, barrier=False), 4
    )
    asha = durations(ASHA(Listed(curves.configs), r_min=1, r_max=9, eta=3), 9)
    both = halving.keys() & asha.keys()
    assert len(both) >= 27 + 3  # all that go to 1, and some of those that go further
    assert len({round(halving[key], 9) for key in both}) == len(both)
    for key in both:
        assert asha[key] == pytest.approx(halving[key], rel=1e-12)
        assert asha[key] >= key[2] - key[1]  # a second an epoch, or slower
