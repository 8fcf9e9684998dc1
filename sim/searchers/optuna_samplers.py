"""Optuna's samplers as searchers: ask and tell, on the unit cube.

Owns what Optuna is asked, what it learns about a trial, and when. This is the only file that
imports Optuna, an optional extra; `catalogue` imports it when it is needed. `docs/searchers.md`
says in what it is like BOHB and MOBSTER, and in what it is not.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalChoiceType,
    CategoricalDistribution,
    FloatDistribution,
)
from optuna.samplers import (
    BaseSampler,
    CmaEsSampler,
    GPSampler,
    QMCSampler,
    RandomSampler,
    TPESampler,
)
from optuna.trial import FrozenTrial, TrialState, create_trial

from learning_curves.errors import InputError
from learning_curves.spaces import space as spaces
from learning_curves.spaces.scale import from_unit, to_unit, varying
from learning_curves.spaces.space import Config, Domain, Space
from learning_curves.streams import integer
from sim.schedulers.protocol import Searcher, Trial
from sim.searchers.history import History
from sim.searchers.listed import draws

ENOUGH = 10
"""How many losses at one epoch the samplers that learn begin with; Optuna's own number."""


def _tpe(seed: int) -> BaseSampler:
    return TPESampler(seed=seed, multivariate=True, constant_liar=True, n_startup_trials=ENOUGH)


def _gp(seed: int) -> BaseSampler:
    if find_spec("torch") is None:
        raise InputError("optuna:gp needs torch, which is not installed: pip install torch")
    return GPSampler(seed=seed, n_startup_trials=ENOUGH)


def _cma_es(seed: int) -> BaseSampler:
    if find_spec("cmaes") is None:
        raise InputError("optuna:cma-es needs cmaes, which is not installed: pip install cmaes")
    return CmaEsSampler(seed=seed, warn_independent_sampling=False)


def _qmc(seed: int) -> BaseSampler:
    return QMCSampler(scramble=True, seed=seed, warn_independent_sampling=False)


def _random(seed: int) -> BaseSampler:
    return RandomSampler(seed=seed)


LEARNING: Mapping[str, Callable[[int], BaseSampler]] = MappingProxyType(
    {"tpe": _tpe, "gp": _gp, "cma-es": _cma_es}
)
"""The samplers that learn, made of a seed."""

FIXED: Mapping[str, Callable[[int], BaseSampler]] = MappingProxyType(
    {"random": _random, "qmc": _qmc}
)
"""The samplers that do not."""


def make(name: str, space: Space, seed: int) -> Searcher:
    """Make the searcher of the sampler that is called `name`, in `LEARNING` or `FIXED`."""
    return (Learning if name in LEARNING else Fixed)(name, space, seed)


class Learning:
    """A sampler of Optuna that models the losses at the highest epoch that enough have reached.

    Until `ENOUGH` trials have reported a loss below inf at one epoch, trials are those of random
    search. From then on each is asked of the sampler, in a study that holds, of the trials so far,

    - those that have reported at the level (`history.History`), with their losses there; a diverged
      one has the worst loss below inf that is known at that time;
    - as running, those that have reported nothing yet, lost ones among them;
    - not those that have reported below the level only.

    When the level rises, the study is rebuilt. Over a table, Optuna gets the loss of the recorded
    config that was tried for its point. Hyperparameters are floats in [0, 1], by their
    prior's scale, and choices are categorical. The sampler is rebuilt for each trial; its
    randomness depends on (seed, number of the trial).

    Parameters
    ----------
    name
        Of `LEARNING`.
    space
        What is searched; a hyperparameter varies.
    seed
        Of all draws.

    Raises
    ------
    InputError
        The sampler needs a package that is not installed.

    """

    adaptive = True

    def __init__(self, name: str, space: Space, seed: int) -> None:
        self._sampler = LEARNING[name]
        with quietly():
            self._sampler(0)
        self._space = space
        self._seed = seed
        self._distributions = _distributions(space)
        self._prior = draws(space, seed)
        self._history = History(ENOUGH)
        self._drawn = 0
        self._study: optuna.Study | None = None
        self._level: int | None = None  # that the study is of
        self._known: dict[int, FrozenTrial] = {}  # each trial as Optuna knows it, by our number
        self._pending: set[int] = set()  # those that have reported nothing
        self._told: set[int] = set()  # those whose loss the study has
        self._running: dict[int, int] = {}  # Optuna's number of those that run in the study
        self._news: dict[int, None] = {}  # trials that have reported since the last draw, in order

    def draw(self) -> Trial:
        """Return the next trial: the sampler's, once there is something to learn from."""
        number, config = self._drawn, next(self._prior)
        self._drawn += 1
        self._pending.add(number)
        if self._history.level is None:
            self._known[number] = self._frozen(config)
            return Trial(number, config)
        with quietly():
            study = self._informed()
            study.sampler = self._sampler(integer(self._seed, "optuna", number) % 2**32)
            asked = study.ask(self._distributions)
            self._known[number] = study.get_trials(deepcopy=False)[asked.number]
        self._running[number] = asked.number
        return Trial(number, _config(self._space, asked.params))

    def observe(self, trial: Trial, epoch: int, loss: float) -> None:
        """Record the loss of `trial` after `epoch`."""
        if trial.number not in self._known:  # it was given first
            self._known[trial.number] = self._frozen(trial.config)
        self._history.hear(trial, epoch, loss)
        self._pending.discard(trial.number)
        self._news[trial.number] = None

    def _informed(self) -> optuna.Study:
        """Return the study at the present level, with all that has been reported."""
        finite = [loss for loss in self._history.losses.values() if np.isfinite(loss)]
        bounds = min(finite, default=0.0), max(finite, default=0.0)  # -inf alone may be a level
        if self._study is None or self._level != self._history.level:
            self._study, self._level = _study(), self._history.level
            self._told.clear()
            self._running.clear()
            for number in sorted(self._known):
                if number in self._history.losses:
                    self._tell(self._study, number, bounds)
                elif number in self._pending:
                    self._running[number] = len(self._study.get_trials(deepcopy=False))
                    self._study.add_trial(_as(self._known[number], TrialState.RUNNING))
        else:
            for number in self._news:
                if number in self._history.losses and number not in self._told:
                    self._tell(self._study, number, bounds)
                elif number in self._running:  # it has reported, and not at the level
                    self._study.tell(self._running.pop(number), state=TrialState.FAIL)
        self._news.clear()
        return self._study

    def _tell(self, study: optuna.Study, number: int, bounds: tuple[float, float]) -> None:
        """Pass Optuna the loss of our trial of this number at the level, moved within `bounds`."""
        self._told.add(number)
        value = float(np.clip(self._history.losses[number], *bounds))
        running = self._running.pop(number, None)
        if running is None:
            study.add_trial(_as(self._known[number], TrialState.COMPLETE, value))
        else:
            study.tell(running, value)

    def _frozen(self, config: Config) -> FrozenTrial:
        """Return a trial that Optuna did not propose."""
        params = _params(self._space, config)
        return create_trial(
            state=TrialState.RUNNING, params=params, distributions=self._distributions
        )


class Fixed:
    """A sampler of Optuna that learns nothing.

    Parameters
    ----------
    name
        Of `FIXED`.
    space
        What is searched; a hyperparameter varies.
    seed
        Of all draws.

    """

    adaptive = False

    def __init__(self, name: str, space: Space, seed: int) -> None:
        self._space = space
        self._distributions = _distributions(space)
        self._drawn = 0
        with quietly():
            self._study = _study()
            self._study.sampler = FIXED[name](integer(seed, "optuna", 0) % 2**32)

    def draw(self) -> Trial:
        """Return the next trial."""
        with quietly():
            asked = self._study.ask(self._distributions)
            self._study.tell(asked, 0.0)  # to Optuna a sequence begins once a trial is complete
        self._drawn += 1
        return Trial(self._drawn - 1, _config(self._space, asked.params))

    def observe(self, trial: Trial, epoch: int, loss: float) -> None:
        """Ignore what is reported."""


def _study() -> optuna.Study:
    return optuna.create_study(study_name="rungsim")


def _as(trial: FrozenTrial, state: TrialState, value: float | None = None) -> FrozenTrial:
    """Return `trial` in another state, with what the sampler has noted at it."""
    return create_trial(
        state=state,
        value=value,
        params=trial.params,
        distributions=trial.distributions,
        system_attrs=trial.system_attrs,
    )


def _distributions(space: Space) -> dict[str, BaseDistribution]:
    return {name: _distribution(space[name]) for name in varying(space)}


def _distribution(domain: Domain) -> BaseDistribution:
    if spaces.is_choices(domain):
        places: list[CategoricalChoiceType] = list(range(len(domain)))
        return CategoricalDistribution(places)
    return FloatDistribution(0.0, 1.0)


def _params(space: Space, config: Config) -> dict[str, Any]:
    """Return what Optuna calls `config`: the place of each choice, and of each number in [0, 1]."""
    (places,) = to_unit(space, [config]).tolist()
    return {
        name: space[name].index(config[name]) if spaces.is_choices(space[name]) else place
        for name, place in zip(varying(space), places, strict=True)
    }


def _config(space: Space, params: Mapping[str, Any]) -> Config:
    """Return the config that Optuna calls `params`."""
    numbers = [0.0 if spaces.is_choices(space[name]) else params[name] for name in varying(space)]
    (config,) = from_unit(space, [numbers])
    chosen = {
        name: space[name][place] for name, place in params.items() if spaces.is_choices(space[name])
    }
    return {**config, **chosen}


@contextmanager
def quietly() -> Iterator[None]:
    """Silence what Optuna logs, and its warnings of experimental features; then all is as before.

    A user could not act on a sampler's warnings of a model that fits badly.
    """
    verbosity = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(verbosity)
