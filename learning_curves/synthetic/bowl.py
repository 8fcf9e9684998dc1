"""The bowl: many hyperparameters, of which only some matter.

Owns its space, its optimum and the distance from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from scipy import stats

from learning_curves import streams
from learning_curves.spaces.space import Config, Space
from learning_curves.synthetic import power_law
from learning_curves.synthetic.closed_form import ClosedForm
from learning_curves.synthetic.form import Epochs, Place


@dataclass(frozen=True)
class _Own(Epochs):
    dimensions: int = 8
    matter: int = 2
    problem: int = 0


@dataclass(frozen=True)
class Bowl(ClosedForm, _Own):
    """Power-law curves over many hyperparameters; a `learning_curves.blackbox.Blackbox`.

    For grid against random search. The hyperparameters are x1, x2, .., each uniform on [0, 1]. Only
    the first `matter` of them change the loss, since few hyperparameters of a network matter
    (Bergstra & Bengio 2012). The badness of a config is the mean, over these, of the squared
    distance from the optimum, each divided by the largest possible one. The place of the optimum is
    random, so that no grid contains it. The curves are those of `PowerLaw`. If the cost is
    by-config, an epoch takes `epoch_seconds` times ``16 ** (x - 1)``, x the last hyperparameter.

    The other parameters are those of `learning_curves.synthetic.form.Form`.

    Parameters
    ----------
    dimensions
        How many hyperparameters, from 1 to 1000.
    matter
        How many of them matter, from 1 to `dimensions`.
    problem
        Selects the place of the optimum, a whole number from 0 to 2**32 - 1.

    Raises
    ------
    InputError
        A parameter is out of its range.

    Examples
    --------
    >>> curves = Bowl(dimensions=3, matter=2)
    >>> curves.optimum
    {'x1': 0.6637650638485922, 'x2': 0.01192366065863959, 'x3': 0.5}

    """

    what = "many hyperparameters, of which some matter; falls as a power law"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._require(
            ("dimensions", 1 <= self.dimensions <= 1000, "from 1 to 1000"),
            ("matter", 1 <= self.matter <= self.dimensions, "from 1 to the dimensions"),
            ("problem", 0 <= self.problem < 2**32, "a whole number from 0 to 2**32 - 1"),
        )

    @cached_property
    def space(self) -> Space:
        """The set that configs are drawn from: x1, x2, .."""
        return {name: stats.uniform(0.0, 1.0) for name in _names(self.dimensions)}

    @cached_property
    def optimum(self) -> Config:
        """The best config; 0.5 where it does not matter."""
        return dict.fromkeys(_names(self.dimensions), 0.5) | self._centre

    @cached_property
    def _centre(self) -> dict[str, float]:
        """The optimum of each hyperparameter that matters."""
        return {
            name: streams.uniform(self.problem, "optimum", number)
            for number, name in enumerate(_names(self.matter), start=1)
        }

    def place(self, config: Config) -> Place:
        """Return where `config` lies; the better it is, the later it learns."""
        badness = 0.0
        for name, best in self._centre.items():
            distance = (config[name] - best) / max(best, 1 - best)
            badness += distance * distance / self.matter
        return badness, badness, 16 ** (config[f"x{self.dimensions}"] - 1)

    left = power_law.left_of


def _names(count: int) -> list[str]:
    return [f"x{number}" for number in range(1, count + 1)]
