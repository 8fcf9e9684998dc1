"""Curves whose jobs take equally long within each rung: what waiting is left then is no straggling.

Owns the counterfactual behind the two causes of waiting. Must not know how a run is made.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from learning_curves.blackbox import Blackbox
from learning_curves.curve import Curve
from learning_curves.space import Config, Space
from sim.trace import Trace


@dataclass(frozen=True, slots=True)
class _EvenCurve:
    curve: Curve
    job_seconds: Mapping[int, float]
    epoch_seconds: float

    @property
    def config_id(self) -> int:
        return self.curve.config_id

    def losses(self, start: int, stop: int) -> Sequence[float]:
        return self.curve.losses(start, stop)

    def seconds(self, start: int, stop: int) -> Sequence[float]:
        epochs = stop - start
        total = self.job_seconds.get(stop, self.epoch_seconds * epochs)
        return [total / epochs] * epochs


@dataclass(frozen=True, slots=True)
class Even:
    """A blackbox with the same losses, whose jobs to one rung all train equally long.

    Parameters
    ----------
    blackbox
        Where the losses come from.
    job_seconds
        The seconds of training of every job that stops at a level, by the level.
    epoch_seconds
        The seconds of an epoch in jobs to other levels.

    """

    blackbox: Blackbox
    job_seconds: Mapping[int, float]
    epoch_seconds: float

    @property
    def space(self) -> Space:
        """The set that configs are drawn from."""
        return self.blackbox.space

    @property
    def r_max(self) -> int:
        """The last epoch that its curves reach."""
        return self.blackbox.r_max

    @property
    def configs(self) -> Sequence[Config]:
        """The only configs that have curves; empty where the whole space has."""
        return self.blackbox.configs

    def curve(self, config: Config, seed: int) -> Curve:
        """Return the curve of one training of `config`, evenly timed."""
        return _EvenCurve(self.blackbox.curve(config, seed), self.job_seconds, self.epoch_seconds)


def evened(blackbox: Blackbox, trace: Trace) -> Even:
    """Return `blackbox` with each rung's mean training seconds, as `trace` shows them, for all.

    The jobs that were cut have trained for part of their epochs and are left out, unless there is
    no other.
    """
    jobs = trace.jobs
    whole = jobs[jobs["outcome"] == "done"] if (jobs["outcome"] == "done").any() else jobs
    training = whole["ended"] - whole["started"] - whole["overhead"]
    means = training.groupby(whole["stop"]).mean()
    job_seconds = dict(zip(means.index.tolist(), means.tolist(), strict=True))
    per_epoch = float(training.sum()) / float((whole["stop"] - whole["start"]).sum())
    return Even(blackbox, job_seconds, per_epoch)
