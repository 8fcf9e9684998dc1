"""The closed forms against arithmetic, and the simulation against the closed forms."""

from fractions import Fraction
from math import erf, exp, sqrt

import numpy as np
import pytest
from scipy import special

from sim.experiments.experiment import Experiment
from sim.experiments.measures import measured
from sim.experiments.run import simulate
from sim.faults import Faults
from sim.jobs.costs import Costs
from sim.jobs.limits import Limits
from sim.studies.laws import batch_utilisation, first_finished


@pytest.mark.parametrize(
    ("eta", "r_max", "times"),
    # The sum over i of eta**(i - K), K = log_eta R: 1 + 1/3 + 1/9 = 13/9;
    # 1 + 1/2 + 1/4 + 1/8 = 15/8; 1 + 1/4 + 1/16 = 21/16. None reaches eta / (eta - 1) <= 2.
    [(3, 9, Fraction(13, 9)), (2, 8, Fraction(15, 8)), (4, 16, Fraction(21, 16))],
)
@pytest.mark.parametrize("seed", range(3))
def test_the_first_trial_is_finished_as_the_paper_says(eta, r_max, times, seed):
    experiment = Experiment(
        curves="power-law",
        eta=eta,
        r_max=r_max,
        workers=r_max,
        seed=seed,
        costs=Costs(checkpoints=False),
        limits=Limits(max_finished=1, max_seconds=1000),
    )
    assert first_finished(experiment) == times * r_max <= 2 * r_max
    assert measured(simulate(experiment), ["first_finished"]) == [times * r_max]


def batches(workers, sigma, seed=0):
    return Experiment(
        curves="power-law",
        scheduler="random-batch",
        r_max=1,
        workers=workers,
        max_trials=workers * 300,
        seed=seed,
        faults=Faults(lognormal_sigma=sigma),
    )


def test_the_idle_law_by_hand():
    # One worker never waits. Of two lognormals the longer has the mean 2 exp(s**2/2) Phi(s/sqrt 2),
    # so utilisation is 1 / (2 Phi(s / sqrt 2)); Phi(x) = (1 + erf(x / sqrt 2)) / 2.
    assert batch_utilisation(batches(1, 1.0)) == pytest.approx(1)
    for sigma in (0.1, 0.5, 1.0, 2.0):
        expected = 1 / (1 + erf(sigma / 2))
        assert batch_utilisation(batches(2, sigma)) == pytest.approx(expected)
    # Without spread, and nearly so with many workers, nobody waits.
    assert batch_utilisation(batches(1000, 1e-6)) == pytest.approx(1, abs=1e-5)


def test_the_idle_law_against_a_sum_over_quantiles():
    # E[longest of N] is the integral over u in (0, 1) of the quantile at u**(1/N).
    u = (np.arange(1_000_000) + 0.5) / 1_000_000
    longest = np.exp(special.ndtri(u ** (1 / 16))).mean()
    expected = exp(0.5) / longest
    assert batch_utilisation(batches(16, 1.0)) == pytest.approx(expected, rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize(("workers", "sigma"), [(2, 1.0), (8, 0.5), (32, 0.25)])
def test_batches_idle_as_the_law_says(workers, sigma):
    # 20 seeds of 300 batches each; the mean is to be within 4 standard errors of the law.
    found = [measured(simulate(batches(workers, sigma, s)), ["utilisation"])[0] for s in range(20)]
    error = np.std(found, ddof=1) / sqrt(len(found))
    assert error < 0.005
    assert abs(np.mean(found) - batch_utilisation(batches(workers, sigma))) < 4 * error
