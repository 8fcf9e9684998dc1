"""Factories of the schedulers and searchers that have a name on the command line.

Owns which arguments such a factory names. Must not know what is checked.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import partial
from types import SimpleNamespace
from typing import Any

from learning_curves import own
from learning_curves.spaces.space import Space
from sim.adapters import adapts
from sim.experiments.own import maker
from sim.schedulers import Scheduler, Searcher
from sim.schedulers.catalogue import SCHEDULERS, Settings, settings_used
from sim.searchers import named_by_user, searcher_over
from sim.testing.playing.worlds import Factory, World, named
from sim.testing.playing.worlds import Searcher as Trials

_FAR = 10**6  # epochs, beyond the r_max of any scheduler that sets its own


def scheduler_factory(name: str, options: Mapping[str, Any], **fixed: Any) -> Factory:
    """Return what makes the scheduler of this name, for `sim.testing.check_scheduler`.

    Parameters
    ----------
    name, options
        Built in, of another library, or ``module:Class``; and its options.
    fixed
        Settings of `sim.schedulers.catalogue.Settings` that do not vary, such as the rule.

    Raises
    ------
    InputError
        There is no such scheduler, or it cannot be made.

    """
    make = maker(SimpleNamespace(scheduler=name, scheduler_options=options, searcher="random"))
    if own.is_own(name) and not adapts(name):
        world = World(r_max=4)
        settings = Settings(r_min=world.r_min, r_max=_FAR, eta=world.eta, workers=1, **fixed)
        make(Trials(world), settings)  # raises for what cannot be made, or is no scheduler
        called = own.load(name, "scheduler")
        taken = {each: value for each, value in fixed.items() if each in named(called)}
        return partial(called, **options, **taken)

    def factory(searcher: Searcher, **values: Any) -> Scheduler:
        return make(searcher, Settings(**(values | fixed)))

    used = settings_used(name) if name in SCHEDULERS else {each.name for each in fields(Settings)}
    names = ["searcher", *sorted(used | {"r_min", "r_max", "eta", "workers"} - set(fixed))]
    parameters = [inspect.Parameter(each, inspect.Parameter.KEYWORD_ONLY) for each in names]
    setattr(factory, "__signature__", inspect.Signature(parameters))  # noqa: B010  of a function
    # For the program that shows a broken law.
    given = "".join(f", {each}={value!r}" for each, value in fixed.items() if each in used)
    setattr(factory, "program", f"scheduler_factory({name!r}, {dict(options)!r}{given})")  # noqa: B010
    return factory


def searcher_factory(name: str, options: Mapping[str, Any]) -> Callable[..., Searcher]:
    """Return what makes the searcher of this name, for `sim.testing.check_searcher`.

    One of the user's own is not wrapped, so that its own mistakes are found.

    Raises
    ------
    InputError
        There is no such searcher.

    """
    if named_by_user(name):
        return partial(own.load(name, "searcher"), **options)

    def factory(space: Space, seed: int, max_trials: int) -> Searcher:
        return searcher_over(space, seed=seed, name=name, max_trials=max_trials, options=options)

    return factory
