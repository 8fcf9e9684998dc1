"""What makes training slow: jobs that straggle, slow workers, slow epochs.

Owns the random models of slowness. A draw depends on what it slows (a job's trial, stop and
attempt; a worker; an epoch of a trial and attempt), not to the order of events: two schedulers
compared at one seed meet the same stragglers, and a model that is switched on leaves the draws of
the others as they were.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, isfinite
from statistics import NormalDist
from typing import Protocol

from learning_curves.streams import uniform
from sim.schedulers.protocol import Job

_NORMAL = NormalDist()


class Straggler(Protocol):
    """A model of how jobs straggle."""

    def factor(self, job: Job, attempt: int) -> float:
        """Return by how much the seconds of the training of `job` are multiplied, > 0."""
        ...


@dataclass(frozen=True, slots=True)
class HalfNormalStraggler:
    """A job's training takes ``1 + |z|`` times its seconds, z ~ N(0, sigma).

    The model of the ASHA paper (Li et al. 2020, Appendix A.1). The mean factor is
    ``1 + sigma * sqrt(2 / pi)``.

    Parameters
    ----------
    sigma
        The standard deviation of z, >= 0; the paper uses 0.10, 0.24, 0.56 and 1.33.
    seed
        The seed of the experiment, >= 0.

    Raises
    ------
    ValueError
        `sigma` is negative or not finite.

    """

    sigma: float
    seed: int

    def __post_init__(self) -> None:
        if not (isfinite(self.sigma) and self.sigma >= 0):
            raise ValueError(
                f"the straggler sigma is {self.sigma}: give a finite number, 0 or more"
            )

    def factor(self, job: Job, attempt: int) -> float:
        """Return by how much the training of `job` is slowed, >= 1."""
        u = uniform(self.seed, "straggler", job.trial.number, job.stop, attempt)
        return 1.0 + abs(self.sigma * _NORMAL.inv_cdf(u))


@dataclass(frozen=True, slots=True)
class LognormalStraggler:
    """A job's training takes ``exp(sigma * z - sigma**2 / 2)`` times its seconds, z ~ N(0, 1).

    The mean factor is 1: what is varied is the spread of the jobs' lengths, not the work. The
    factor's variance is ``exp(sigma**2) - 1``.

    Parameters
    ----------
    sigma
        The standard deviation of the factor's logarithm, 0 to 4; beyond that, nearly all jobs would
        take no time, and a few jobs all of it.
    seed
        The seed of the experiment, >= 0.

    Raises
    ------
    ValueError
        `sigma` is out of its range.

    """

    sigma: float
    seed: int

    def __post_init__(self) -> None:
        if not 0 <= self.sigma <= 4:
            raise ValueError(f"lognormal_sigma is {self.sigma}: give a number from 0 to 4")

    def factor(self, job: Job, attempt: int) -> float:
        """Return by how much the training of `job` is slowed; below 1 it is faster."""
        u = uniform(self.seed, "lognormal", job.trial.number, job.stop, attempt)
        return exp(self.sigma * (_NORMAL.inv_cdf(u) - self.sigma / 2))


@dataclass(frozen=True, slots=True)
class ParetoStraggler:
    """A job's training takes x times its seconds, ``P(x > t) = t**-alpha`` for t >= 1.

    A heavy tail: a few jobs take many times as long. The mean factor is ``alpha / (alpha - 1)``,
    infinite for alpha <= 1; the variance is finite for alpha > 2.

    Parameters
    ----------
    alpha
        The tail's exponent, > 0; the smaller, the heavier.
    seed
        The seed of the experiment, >= 0.

    Raises
    ------
    ValueError
        `alpha` is not above 0 or not finite.

    """

    alpha: float
    seed: int

    def __post_init__(self) -> None:
        if not (isfinite(self.alpha) and self.alpha > 0):
            raise ValueError(f"pareto_alpha is {self.alpha}: give a number above 0")

    def factor(self, job: Job, attempt: int) -> float:
        """Return by how much the training of `job` is slowed, >= 1."""
        u = uniform(self.seed, "pareto", job.trial.number, job.stop, attempt)
        return float(u ** (-1 / self.alpha))


@dataclass(frozen=True, slots=True)
class SlowWorkers:
    """Each worker is slow with a probability, for the whole run: it takes `factor` times as long.

    Parameters
    ----------
    probability
        That a worker is slow, 0 to 1.
    factor
        Its seconds over those of the others, > 0.
    seed
        The seed of the experiment, >= 0.

    Raises
    ------
    ValueError
        `probability` is not from 0 to 1, or `factor` is not above 0.

    """

    probability: float
    factor: float
    seed: int

    def __post_init__(self) -> None:
        _check_probability("slow_workers", self.probability)
        _check_factor("slow_worker_factor", self.factor)

    def slowness(self, worker: int) -> float:
        """Return by how much all training on the worker of this number is slowed."""
        slow = uniform(self.seed, "slow worker", worker) < self.probability
        return self.factor if slow else 1.0


@dataclass(frozen=True, slots=True)
class SlowEpochs:
    """Each epoch is slow with a probability: it takes `factor` times its seconds.

    It slows an epoch of one attempt of a job; when trained again, the epoch may be slow or not.

    Parameters
    ----------
    probability
        That an epoch is slow, 0 to 1.
    factor
        Its seconds over what they would be, > 0.
    seed
        The seed of the experiment, >= 0.

    Raises
    ------
    ValueError
        `probability` is not from 0 to 1, or `factor` is not above 0.

    """

    probability: float
    factor: float
    seed: int

    def __post_init__(self) -> None:
        _check_probability("slow_epochs", self.probability)
        _check_factor("slow_epoch_factor", self.factor)

    def slowed(
        self, seconds: Sequence[float], job: Job, attempt: int, first: int
    ) -> Sequence[float]:
        """Return the seconds of the epochs after `first`, slowed. O(epochs).

        Parameters
        ----------
        seconds
            What each of the epochs ``first + 1 ..`` would take.
        job, attempt
            Which try of which job trains them.
        first
            The epoch after which training begins.

        """
        trial, stop = job.trial.number, job.stop
        return [
            each * self.factor
            if uniform(self.seed, "slow epoch", trial, stop, attempt, epoch) < self.probability
            else each
            for epoch, each in enumerate(seconds, first + 1)
        ]


def _check_probability(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{name} is {value}: give a probability from 0 to 1")


def _check_factor(name: str, value: float) -> None:
    if not (isfinite(value) and value > 0):
        raise ValueError(f"{name} is {value}: give a number above 0")
