"""Stragglers and losses: how much, on the average, and for whom."""

from dataclasses import replace
from itertools import islice, pairwise
from math import exp, inf, log, log1p, nan, sqrt
from statistics import NormalDist, fmean, stdev

import pytest

from learning_curves.synthetic import Scripted
from sim.cluster.cluster import Cluster
from sim.faults import (
    Faults,
    HalfNormalStraggler,
    LognormalStraggler,
    Losses,
    Models,
    ParetoStraggler,
    Renewals,
    SlowEpochs,
    SlowWorkers,
)
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


JOB = Job(Trial(3, {}), 0, 9)


def drawn_by(model, count=20_000):
    return [model.factor(Job(Trial(number, {}), 0, 9), 0) for number in range(count)]


@pytest.mark.parametrize("sigma", [0.1, 0.5, 1.0])
def test_lognormal_factors_have_the_mean_1(sigma):
    drawn = drawn_by(LognormalStraggler(sigma, seed=0))
    # The variance is exp(sigma**2) - 1; the median exp(-sigma**2 / 2), which half are below.
    error = sqrt((exp(sigma**2) - 1) / len(drawn))
    assert abs(fmean(drawn) - 1) < 4 * error
    below = fmean(each < exp(-(sigma**2) / 2) for each in drawn)
    assert abs(below - 0.5) < 4 * 0.5 / sqrt(len(drawn))


@pytest.mark.parametrize("alpha", [2.5, 3.0, 6.0])
def test_pareto_factors_have_their_mean_and_their_tail(alpha):
    drawn = drawn_by(ParetoStraggler(alpha, seed=0))
    assert min(drawn) >= 1
    # Mean alpha / (alpha - 1), variance alpha / ((alpha - 1)**2 * (alpha - 2)).
    error = sqrt(alpha / ((alpha - 1) ** 2 * (alpha - 2)) / len(drawn))
    assert abs(fmean(drawn) - alpha / (alpha - 1)) < 4 * error
    for t in (1.5, 2.0, 3.0):
        share, tail = fmean(each > t for each in drawn), t**-alpha
        assert abs(share - tail) < 4 * sqrt(tail * (1 - tail) / len(drawn))


def test_a_tail_without_a_mean_is_heavy_still():
    # P(x > t) = 1 / t holds where the mean is infinite: of 20,000 about 20 are above 1,000.
    above = sum(each > 1000 for each in drawn_by(ParetoStraggler(1.0, seed=0)))
    assert abs(above - 20) < 4 * sqrt(20)


@pytest.mark.parametrize("probability", [0.001, 0.01, 0.3])
def test_a_job_survives_t_seconds_with_the_power_of_t(probability):
    losses = Losses(probability, seed=0)
    times = [losses.after(Job(Trial(n, {}), 0, 9), 0) for n in range(20_000)]
    assert min(times) > 0
    for seconds in (0.5, 1, 4, 100):
        survived = fmean(each >= seconds for each in times)
        expected = (1 - probability) ** seconds
        assert abs(survived - expected) < 4 * sqrt(expected * (1 - expected) / len(times))
    # Exponential of mean -1 / log(1 - p), its own standard deviation.
    mean = -1 / log1p(-probability)
    assert abs(fmean(times) - mean) < 4 * mean / sqrt(len(times))


@pytest.mark.parametrize(("probability", "factor"), [(0.1, 3.0), (0.5, 10.0)])
def test_so_many_workers_and_epochs_are_slow(probability, factor):
    workers = [SlowWorkers(probability, factor, seed=0).slowness(n) for n in range(10_000)]
    slowed = SlowEpochs(probability, factor, seed=0).slowed([2.0] * 10_000, JOB, 0, first=0)
    for drawn in (workers, [each / 2 for each in slowed]):
        assert set(drawn) == {1.0, factor}
        error = (factor - 1) * sqrt(probability * (1 - probability) / len(drawn))
        assert abs(fmean(drawn) - (1 + probability * (factor - 1))) < 4 * error


def test_a_slow_epoch_stays_slow_wherever_the_attempt_begins():
    slow = SlowEpochs(0.5, 2.0, seed=0)
    whole = slow.slowed([1.0] * 9, JOB, 0, first=0)
    assert slow.slowed([1.0] * 5, JOB, 0, first=4) == whole[4:]
    assert slow.slowed([1.0] * 9, JOB, 1, first=0) != whole


@pytest.mark.parametrize(
    "draw",
    [
        lambda job, attempt, seed: LognormalStraggler(0.5, seed).factor(job, attempt),
        lambda job, attempt, seed: ParetoStraggler(2.0, seed).factor(job, attempt),
        lambda job, attempt, seed: Losses(0.5, seed).after(job, attempt),
    ],
)
def test_each_draw_belongs_to_seed_trial_stop_and_attempt(draw):
    def of(seed=0, trial=3, start=0, stop=9, attempt=0):
        return draw(Job(Trial(trial, {}), start, stop), attempt, seed)

    assert of() == of(start=3)
    assert len({of(), of(seed=1), of(trial=4), of(stop=3), of(attempt=1)}) == 5


def test_the_models_draw_from_streams_of_their_own():
    draws = [
        HalfNormalStraggler(1.0, 0).factor(JOB, 0) - 1,
        LognormalStraggler(1.0, 0).factor(JOB, 0),
        ParetoStraggler(1.0, 0).factor(JOB, 0),
        Losses(0.5, 0).after(JOB, 0),
        next(Renewals("crash", 1.0, 1.0, 0).of(3)).start,
        next(Renewals("preemption", 1.0, 1.0, 0).of(3)).start,
    ]
    levels = [
        2 * (1 - NormalDist().cdf(draws[0])),
        NormalDist().cdf(log(draws[1]) + 0.5),
        1 / draws[2],
        0.5 ** draws[3],
        exp(-draws[4]),
        exp(-draws[5]),
    ]
    assert len({round(level, 9) for level in levels}) == len(levels)


ALL = Faults(
    lognormal_sigma=0.5,
    pareto_alpha=1.5,
    slow_workers=0.25,
    slow_epochs=0.1,
    lost_probability=0.01,
    mtbf=30.0,
    mttr=3.0,
    preempted_every=50.0,
    preempted_for=5.0,
    timetable=((2, 5.0, 25.0),),
)
OFF = {
    "lognormal_sigma": 0.0,
    "pareto_alpha": None,
    "slow_workers": 0.0,
    "slow_epochs": 0.0,
    "lost_probability": 0.0,
    "mtbf": None,
    "preempted_every": None,
    "timetable": (),
}


@pytest.mark.parametrize("name", OFF)
def test_switching_one_model_off_leaves_the_draws_of_the_others(name):
    def drawn(models):
        return {
            *[("straggler", type(each), each.factor(JOB, 1)) for each in models.stragglers],
            *[("loss", each.after(JOB, 1)) for each in models.losses],
            *[("outages", tuple(islice(each.of(2), 9))) for each in models.outages],
            *[("worker", n, m.slowness(n)) for m in [models.slow_workers] if m for n in range(40)],
            *[("epoch", tuple(m.slowed([1.0] * 40, JOB, 1, 0))) for m in [models.slow_epochs] if m],
        }

    both, without = drawn(ALL.models(7)), drawn(replace(ALL, **{name: OFF[name]}).models(7))
    kinds = {"slow_workers": 40}
    assert without < both
    assert len(both - without) == kinds.get(name, 1)


def test_no_faults_no_models():
    assert Faults().models(seed=0) == Models()
    assert not Models().slow
    assert not Models().lose


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"lognormal_sigma": -1.0}, "lognormal_sigma is -1.0"),
        ({"lognormal_sigma": nan}, "lognormal_sigma is nan"),
        ({"lognormal_sigma": 100.0}, "lognormal_sigma is 100.0: give a number from 0 to 4"),
        ({"pareto_alpha": 0.0}, "pareto_alpha is 0.0"),
        ({"slow_workers": 1.5}, "slow_workers is 1.5"),
        ({"slow_worker_factor": 0.0}, "slow_worker_factor is 0.0"),
        ({"slow_epochs": -0.5}, "slow_epochs is -0.5"),
        ({"slow_epoch_factor": inf}, "slow_epoch_factor is inf"),
        ({"lost_probability": 1.0}, "lost_probability is 1.0"),
        ({"lost_probability": nan}, "lost_probability is nan"),
        ({"mtbf": 0.0}, "mtbf is 0.0"),
        ({"mttr": -1.0}, "mttr is -1.0"),
        ({"preempted_every": -2.0}, "preempted_every is -2.0"),
        ({"preempted_for": inf}, "preempted_for is inf"),
        ({"timetable": ((0, 3.0, 2.0),)}, "joins at 3.0 and leaves at 2.0"),
    ],
)
def test_faults_that_cannot_be_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        Faults(**values)


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
