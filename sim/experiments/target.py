"""The default loss for the time to target.

Owns its difficulty. Must not know the schedulers.
"""

from __future__ import annotations

from math import isfinite

import numpy as np

from learning_curves.blackbox import foresee
from learning_curves.errors import InputError
from learning_curves.spaces import space
from learning_curves.streams import generator
from sim.experiments import own
from sim.experiments.experiment import Experiment
from sim.experiments.parts import source


def default_target(experiment: Experiment) -> float:
    """Return a loss that one config in ten reaches by the experiment's r_max.

    It is the 10 % quantile over the table's configs, one training of each; without a table, over
    1,000 configs drawn from the space, each trained with a seed of its own.

    Raises
    ------
    InputError
        Too few configs converge for such a loss to exist.

    """
    with own.blamed(experiment):
        return _quantile(experiment)


def _quantile(experiment: Experiment) -> float:
    blackbox = source(experiment)
    last = blackbox.r_max if experiment.r_max is None else experiment.r_max
    configs = blackbox.configs or space.sample(blackbox.space, generator(0, "target"), 1000)
    seeds = [0] * len(configs) if blackbox.configs else range(len(configs))
    foresee(blackbox, configs, seeds)
    curves = map(blackbox.curve, configs, seeds)
    final = [curve.losses(last - 1, last)[0] for curve in curves]
    target = float(np.quantile(final, 0.1, method="inverted_cdf"))
    if not isfinite(target):
        raise InputError(f"most configs of {experiment.curves} diverge: give a --target")
    return target
