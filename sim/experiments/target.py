"""What counts as a good loss on given curves: the default target, and the scale of the regret.

Owns the losses that an experiment is measured by. Must not know the schedulers.
"""

from __future__ import annotations

from functools import lru_cache
from math import isfinite

import numpy as np
import numpy.typing as npt

from learning_curves import sources
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
        target = float(np.quantile(_final_losses(experiment), 0.1, method="inverted_cdf"))
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
    curves = experiment.curves.replace("{seed}", str(experiment.seed))
    written = tuple(path.stat().st_mtime_ns for path in sources.files(curves))
    best, median = _scale(curves, experiment.r_max, written)
    if not isfinite(median):
        raise InputError(
            f"more than half of the configs of {experiment.curves} diverge, so that a regret has "
            "no scale: leave out the measures regret and regret_area"
        )
    return best, median


@lru_cache(maxsize=256)
def _scale(
    curves: str,
    r_max: int | None,
    written: tuple[int, ...],  # noqa: ARG001  when: a file that was changed is read again
) -> tuple[float, float]:
    experiment = Experiment(curves=curves, r_max=r_max)
    with own.blamed(experiment):
        final = _final_losses(experiment)
    return float(final.min()), float(np.quantile(final, 0.5, method="inverted_cdf"))


def _final_losses(experiment: Experiment) -> npt.NDArray[np.float64]:
    """Return the loss at r_max of each config that is looked at."""
    blackbox = source(experiment)
    last = blackbox.r_max if experiment.r_max is None else experiment.r_max
    configs = blackbox.configs or space.sample(blackbox.space, generator(0, "target"), 1000)
    seeds = [0] * len(configs) if blackbox.configs else range(len(configs))
    foresee(blackbox, configs, seeds)
    curves = map(blackbox.curve, configs, seeds)
    return np.array([curve.losses(last - 1, last)[0] for curve in curves])
