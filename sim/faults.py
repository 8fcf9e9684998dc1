"""What goes wrong on a cluster: here, jobs that straggle.

Owns the random models. A factor belongs to (seed, trial, stop, attempt), not to the order of
events: two schedulers compared at one seed meet the same stragglers.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from statistics import NormalDist

from learning_curves.streams import uniform
from sim.schedulers.protocol import Job

_NORMAL = NormalDist()


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
            raise ValueError(f"the straggler sigma is {self.sigma}: give 0 or more")

    def factor(self, job: Job, attempt: int) -> float:
        """Return by how much the training of `job` is slowed, >= 1."""
        u = uniform(self.seed, "straggler", job.trial.number, job.stop, attempt)
        return 1.0 + abs(self.sigma * _NORMAL.inv_cdf(u))
