"""The seconds of an epoch on a GPU: a constant, plus a constant for each step.

Owns the model and its fit to published figures. Must not know the losses: recorded curves
keep their losses and take other seconds.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from learning_curves.blackbox import Blackbox, EpochSeconds, Recosted
from learning_curves.errors import InputError
from learning_curves.spaces.space import Config

_D2L_RUNS = Path(__file__).parent / "d2l_random_search_lenet_gpu.csv"
_D2L_TRAIN_EXAMPLES = 60_000  # Fashion-MNIST


@dataclass(frozen=True, slots=True)
class GpuCost:
    """Seconds of an epoch that are linear in its number of steps.

    Parameters
    ----------
    base_seconds
        The seconds of every epoch: validation, loading, reporting.
    step_seconds
        The seconds of each step, the training on one batch.

    Examples
    --------
    >>> round(GpuCost(base_seconds=5.0, step_seconds=0.003).seconds_per_epoch(steps=469), 3)
    6.407

    """

    base_seconds: float
    step_seconds: float

    def seconds_per_epoch(self, steps: int) -> float:
        """Return the seconds of an epoch of `steps` steps."""
        return self.base_seconds + self.step_seconds * steps

    def relative_errors(
        self, steps: Sequence[int], seconds: Sequence[float]
    ) -> npt.NDArray[np.float64]:
        """Return predicted / measured - 1 for each measured epoch."""
        predicted = np.array([self.seconds_per_epoch(each) for each in steps])
        return predicted / np.array(seconds, dtype=np.float64) - 1


def fit(steps: Sequence[int], seconds: Sequence[float]) -> GpuCost:
    """Return the cost fitted to measured epochs by least squares of the relative error.

    For a schedule the relative error matters, and the scatter of measured times is proportional to
    them; with plain least squares the few slowest runs would dominate the fit.

    Parameters
    ----------
    steps
        The steps of each measured epoch; at least two different numbers.
    seconds
        What it took.

    """
    per_second = 1 / np.array(seconds)
    terms = np.column_stack([per_second, np.array(steps) * per_second])
    base, step = np.linalg.lstsq(terms, np.ones(len(steps)), rcond=None)[0].tolist()
    return GpuCost(base, step)


def steps_per_epoch(train_examples: int, batch_size: float) -> int:
    """Return how many batches an epoch takes, the last one perhaps smaller.

    >>> steps_per_epoch(60_000, 128)
    469
    """
    return math.ceil(train_examples / batch_size)


def d2l_runs() -> tuple[list[int], list[float]]:
    """Return the steps per epoch, and the seconds per epoch, of the 19 published trials.

    They are those of Dive into Deep Learning 1.0.3, sec. 19.3: LeNet on Fashion-MNIST, two
    workers of a machine with four GPUs.
    """
    with _D2L_RUNS.open(encoding="utf-8", newline="") as file:
        runs = list(csv.DictReader(file))
    steps = [steps_per_epoch(_D2L_TRAIN_EXAMPLES, int(run["batch_size"])) for run in runs]
    seconds = [float(run["worker_seconds"]) / int(run["epochs"]) for run in runs]
    return steps, seconds


@cache
def d2l_gpu() -> GpuCost:
    """Return the cost fitted to `d2l_runs`: 5.17 s and 3.06 ms per step.

    Its error is 4.4 % on average and 11 % at most, over 260 to 1715 steps; outside this range it
    extrapolates.
    """
    return fit(*d2l_runs())


def _constant(seconds: float, start: int, stop: int) -> Sequence[float]:
    return (seconds,) * (stop - start)


@dataclass(frozen=True, slots=True)
class _BatchSizeCost:
    """The cost of a config's epochs, which follows from its batch size."""

    cost: GpuCost
    train_examples: int

    def __call__(self, config: Config) -> EpochSeconds:
        batch_size = config["batch_size"]
        if not isinstance(batch_size, int | float) or batch_size < 1:
            raise InputError(f"batch_size is {batch_size!r}: it must be a whole number >= 1")
        steps = steps_per_epoch(self.train_examples, batch_size)
        return partial(_constant, self.cost.seconds_per_epoch(steps))


def recosted(blackbox: Blackbox, train_examples: int) -> Recosted:
    """Return `blackbox` with the seconds that its epochs would take by `d2l_gpu`.

    Parameters
    ----------
    blackbox
        Has a hyperparameter ``batch_size``, a whole number.
    train_examples
        How many examples an epoch trains on, >= 1.

    Raises
    ------
    InputError
        The space has no ``batch_size``, or there are no examples.

    """
    if "batch_size" not in blackbox.space:
        raise InputError(
            f"the hyperparameters are {', '.join(blackbox.space)}: the GPU cost model needs "
            "batch_size; choose curves that have it"
        )
    if train_examples < 1:
        raise InputError(f"train_examples is {train_examples}: give at least 1")
    return Recosted(blackbox, _BatchSizeCost(d2l_gpu(), train_examples))
