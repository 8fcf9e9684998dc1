"""What counts as a good loss on given curves: the default target, and the scale of the regret.

Owns the losses that an experiment is measured by. Must not know the schedulers.
"""

from __future__ import annotations

from functools import lru_cache
from math import isfinite

import numpy as np

from learning_curves.blackbox import foresee
from learning_curves.errors import InputError
from learning_curves.spaces import space
from learning_curves.streams import generator
from sim.experiments import own, parts
from sim.experiments.experiment import Experiment


def default_target(experiment: Experiment) -> float:
    """Return a loss that one config in ten reaches by the experiment's r_max.

    It is the 10 % quantile over the table's configs, one training of each; without a table, over
    1,000 configs drawn from the space, each trained with a seed of its own.

    Raises
    ------
    InputError
        Too few configs converge for such a loss to exist.

    """
    _, target, _ = _final_losses(experiment)
    if not isfinite(target):
        raise InputError(f"most configs of {experiment.curves} diverge: give a --target")
    return target


def loss_scale(experiment: Experiment) -> tuple[float, float]:
    """Return the losses at which the normalised regret is 0 and 1; best <= median.

    They are the best and the median final loss of the configs that `default_target` looks at, on
    the curves that the experiment names at its seed. O(configs) once per process for all
    experiments on the same curves with the same r_max.

    Raises
    ------
    InputError
        More than half of the configs diverge: they have no median loss.

    Examples
    --------
    >>> loss_scale(Experiment(curves="power-law", r_max=9))
    (0.10000418226189658, 0.15983711244812582)

    """
    best, _, median = _final_losses(experiment)
    if not isfinite(median):
        raise InputError(
            f"more than half of the configs of {experiment.curves} diverge, so that a regret has "
            "no scale: leave out the measures regret and regret_area"
        )
    return best, median


def _final_losses(experiment: Experiment) -> tuple[float, float, float]:
    """Return the least, the 10 % quantile and the median of the losses at r_max."""
    curves = parts.word(experiment)
    with own.blamed(experiment):
        return _quantiles(curves, experiment.r_max, parts.version(curves))


@lru_cache(maxsize=256)
def _quantiles(
    curves: str,
    r_max: int | None,
    version: parts.Version,  # noqa: ARG001  curves that have changed are looked at again
) -> tuple[float, float, float]:
    blackbox = parts.source(Experiment(curves=curves, r_max=r_max))
    last = blackbox.r_max if r_max is None else r_max
    configs = blackbox.configs or space.sample(blackbox.space, generator(0, "target"), 1000)
    seeds = [0] * len(configs) if blackbox.configs else range(len(configs))
    foresee(blackbox, configs, seeds)
    trained = map(blackbox.curve, configs, seeds)
    final = [curve.losses(last - 1, last)[0] for curve in trained]
    least, tenth, median = np.quantile(final, (0, 0.1, 0.5), method="inverted_cdf").tolist()
    return least, tenth, median
