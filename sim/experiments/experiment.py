"""An experiment: one scheduler, one source of curves, one cluster, one seed.

Owns the plain values that a run depends on, which are enough to run it again to the same bytes.
Must not know how a run is made, nor what is reported on it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from learning_curves.errors import reading
from learning_curves.spaces.space import Config
from sim.experiments import plain
from sim.faults import Faults, HalfNormalStraggler, Models
from sim.jobs.costs import Costs
from sim.jobs.limits import Limits


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """All settings that a run depends on, in plain values.

    Parameters
    ----------
    curves
        A shipped table's name, a table's path, or another word that `learning_curves.sources.find`
        takes. ``{seed}`` in it stands for the seed: ``bowl:problem={seed}`` is another problem at
        each seed.
    seconds
        One of `parts.SECONDS`.
    scheduler
        A name in `catalogue.SCHEDULERS`, or ``module:Class`` for one of the user's own.
    scheduler_options
        The parameters of the user's own scheduler by name.
    eta
        The reduction factor.
    r_min
        The first rung level, in epochs.
    r_max
        The last rung level; None: the last epoch of the curves.
    rule
        The rule of ASHA, by which trials are promoted or stop; in `catalogue.RULES_OF`.
    prefact
        Multiplies the number of trials of a synchronous bracket.
    workers
        How many workers the cluster has.
    speeds
        The speeds of the workers; see `cluster.Cluster`.
    straggler_sigma
        See `faults.HalfNormalStraggler`.
    searcher
        A name in `searchers.SEARCHERS`, or ``module:Class`` for one of the user's own.
    searcher_options
        The parameters of the user's own searcher by name.
    order
        In which order a table's configs are tried; see `searchers.searcher_for`.
    first
        Configs to try first.
    max_trials
        The searcher is exhausted after this number of trials.
    grid_points
        The number of values of each hyperparameter of a grid.
    seed
        Of all randomness, 0 <= seed < 2**32.
    attempts
        How many times a job is tried before it is lost for good, >= 1.
    lost
        What the scheduler does with a job that is lost for good, one of `schedulers.LOST`.
    limits
        When the run ends.
    costs
        The costs of a job beside its epochs.
    faults
        What goes wrong.

    """

    curves: str
    seconds: str = "recorded"
    scheduler: str = "asha"
    scheduler_options: Config = field(default_factory=dict)
    eta: int = 2
    r_min: int = 1
    r_max: int | None = None
    rule: str = "top-k"
    prefact: int = 1
    workers: int = 4
    speeds: tuple[float, ...] = ()
    straggler_sigma: float = 0.0
    searcher: str = "random"
    searcher_options: Config = field(default_factory=dict)
    order: str = "sampled"
    first: tuple[Config, ...] = ()
    max_trials: int | None = None
    grid_points: int | None = None
    seed: int = 0
    attempts: int = 3
    lost: str = "inf"
    limits: Limits = field(default_factory=Limits)
    costs: Costs = field(default_factory=Costs)
    faults: Faults = field(default_factory=Faults)

    def without(self, kind: str) -> Experiment:
        """Return the experiment without the faults of a kind, one of `faults.KINDS`."""
        sigma = 0.0 if kind == "stragglers" else self.straggler_sigma
        return replace(self, straggler_sigma=sigma, faults=self.faults.without(kind))

    @property
    def models(self) -> Models:
        """What goes wrong on its cluster.

        Raises
        ------
        ValueError
            The straggler sigma is out of its range.

        """
        models = self.faults.models(self.seed)
        straggler = HalfNormalStraggler(self.straggler_sigma, self.seed)
        if not straggler.sigma:
            return models
        return replace(models, stragglers=(straggler, *models.stragglers))

    def to_toml(self, **notes: object) -> str:
        """Return the experiment as TOML; `notes` stand before it and are not read back."""
        return plain.to_toml(self, **notes)

    @classmethod
    def from_toml(cls, text: str, name: str) -> Experiment:
        """Return the experiment that `to_toml` wrote.

        Raises
        ------
        InputError
            The text is not TOML, or does not describe an experiment; it names `name`.

        """
        return plain.from_toml(cls, text, name, limits=Limits, costs=Costs, faults=Faults)


def read(path: Path) -> Experiment:
    """Read an ``experiment.toml``.

    Raises
    ------
    InputError
        There is no such file, or it is not an experiment.

    """
    with reading(path, remedy="give an experiment.toml"):
        return Experiment.from_toml(path.read_text(encoding="utf-8"), str(path))
