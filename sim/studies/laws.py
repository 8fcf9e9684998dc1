"""Closed forms: the theoretical values of measures.

Owns the formulas, each with its source, and where they hold. Must not know how a run is simulated.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import exp
from types import MappingProxyType

import numpy as np
from scipy import integrate, stats

from learning_curves.spaces import space
from learning_curves.streams import generator
from sim.experiments.experiment import Experiment
from sim.experiments.parts import source
from sim.schedulers.rungs.rung import rung_levels

Law = Callable[[Experiment], float]


def first_finished(experiment: Experiment) -> float:
    """Return the seconds until ASHA has trained its first trial to r_max (Li et al. 2020, sec. 3).

    With as many workers as trials are needed for one to come through, and epochs of one length,
    rung follows rung without a wait. Without checkpoints each trains from scratch: the sum of the
    levels, which is the sum over i of ``eta ** (i - log_eta R)`` times the time of R epochs and
    less than ``eta / (eta - 1)`` times it. With checkpoints it is the time of R epochs.

    Examples
    --------
    >>> from sim.jobs.costs import Costs
    >>> scratch = Costs(checkpoints=False)
    >>> first_finished(Experiment(curves="power-law", r_max=9, eta=3, costs=scratch))
    13.0

    """
    blackbox = source(experiment)
    r_max = blackbox.r_max if experiment.r_max is None else experiment.r_max
    levels = rung_levels(experiment.r_min, r_max, experiment.eta)
    configs = blackbox.configs or space.sample(blackbox.space, generator(0, "law"), 1)
    (epoch_seconds,) = blackbox.curve(configs[0], seed=0).seconds(0, 1)
    return float(epoch_seconds * (r_max if experiment.costs.checkpoints else sum(levels)))


def batch_utilisation(experiment: Experiment) -> float:
    """Return the utilisation of random search in batches whose jobs' seconds are lognormal.

    A batch of N jobs lasts as long as its longest, and N workers train for the sum of them:
    E[job] / E[longest of N], by the renewal-reward theorem. The job's own scale cancels. With
    sigma the standard deviation of log seconds, E[job] = exp(sigma**2 / 2), and E[longest] is the
    integral of ``exp(sigma z) * N * phi(z) * Phi(z)**(N - 1)``.

    Examples
    --------
    >>> from sim.faults import Faults
    >>> longest = Experiment(curves="power-law", workers=2, faults=Faults(lognormal_sigma=1.0))
    >>> round(batch_utilisation(longest), 4)  # of two: 1 / (2 * Phi(sigma / sqrt(2)))
    0.6577

    """
    sigma, workers = experiment.faults.lognormal_sigma, experiment.workers

    def longest(z: float) -> float:
        # The density of the greatest of N normals, in logarithms: Phi**(N - 1) may be tiny.
        density = stats.norm.logpdf(z) + (workers - 1) * stats.norm.logcdf(z)
        return float(workers * np.exp(sigma * z + density))

    mean, _ = integrate.quad(longest, -12.0, 12.0 + sigma, limit=200)
    return exp(sigma**2 / 2) / mean


LAWS: Mapping[str, Law] = MappingProxyType(
    {"asha-first-finished": first_finished, "batch-utilisation": batch_utilisation}
)
"""The laws by name."""
