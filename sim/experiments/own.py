"""Schedulers, searchers, curves and tasks that are not built in, in an experiment.

Owns which of them are the user's own and which another library's, how a scheduler of the user's own
is made and checked, which options go to which object, and the digests of the user's files. Must not
know how a module is found (`learning_curves.own`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, fields, replace
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from learning_curves import own, sources
from learning_curves.errors import InputError
from learning_curves.spaces.space import Config
from sim import adapters
from sim.experiments.experiment import Experiment
from sim.schedulers import ProtocolError, Scheduler, Searcher, catalogue
from sim.schedulers.catalogue import Make, Settings
from sim.searchers import OFFERED as TO_SEARCHERS
from sim.searchers import named_by_user

TO_SCHEDULERS = ("searcher", *(each.name for each in fields(Settings)))
"""What a scheduler of the user's own gets, if its constructor has a parameter of that name."""


class Described(Protocol):
    """What an experiment says about its objects, be it simulated or live."""

    @property
    def scheduler(self) -> str: ...  # noqa: D102
    @property
    def scheduler_options(self) -> Config: ...  # noqa: D102
    @property
    def searcher(self) -> str: ...  # noqa: D102


_METHODS: Mapping[str, tuple[Callable[[Any], bool], str]] = {
    "next_job": (own.callable_with(0), "a method without arguments that returns a Job or Idle"),
    "job_done": (own.callable_with(2), "a method of job and losses"),
    "job_lost": (own.callable_with(1), "a method of job"),
}


def maker(experiment: Described) -> Make:
    """Return what makes the scheduler of `experiment`: built in, a library's, or the user's own."""
    name, options = experiment.scheduler, dict(experiment.scheduler_options)
    if adapters.adapts(name):
        return partial(adapters.make, name, options=options)
    if own.is_own(name):
        return partial(_own_scheduler, name, options)
    return partial(_built_in, name, options)


def _built_in(
    name: str, options: Mapping[str, Any], searcher: Searcher, settings: Settings
) -> Scheduler:
    if options:
        raise InputError(
            f"the scheduler is {name}, which has no option {next(iter(options))!r}: leave it out; "
            "options are for a scheduler named library:Class or module:Class"
        )
    return catalogue.make(name, searcher, settings)


def _own_scheduler(
    name: str, options: Mapping[str, Any], searcher: Searcher, settings: Settings
) -> Scheduler:
    """Make a scheduler of the user's own.

    Raises
    ------
    InputError
        It cannot be made, or lacks a part of the protocol.

    """
    offered = {"searcher": searcher, **asdict(settings)}
    made: Scheduler = own.make(name, "scheduler", offered, options, flag="--scheduler-option")
    last = settings.r_max
    r_max = (
        lambda value: type(value) is int and 1 <= value <= last,  # True is an int, too
        f"a whole number of epochs from 1 to {last}, the last epoch of this run",
    )
    own.check(name, "scheduler", made, {**_METHODS, "r_max": r_max})
    return made


def fit(experiments: Sequence[Experiment]) -> list[Experiment]:
    """Return each experiment with only those options that its scheduler and its searcher take.

    Raises
    ------
    InputError
        None of them takes an option, or an object of the user's own is not found.

    """
    found = list(experiments)
    for what, offered in (("scheduler", TO_SCHEDULERS), ("searcher", TO_SEARCHERS)):
        field = f"{what}_options"
        given = {option for each in found for option in getattr(each, field)}
        if not given:
            continue
        names = dict.fromkeys(getattr(each, what) for each in found)
        known = {name: _known(name, what, offered) for name in names}
        for option in sorted(given):
            _check_option(option, what, known)
        for place, each in enumerate(found):
            taken = known[getattr(each, what)]
            options: dict[str, Any] = {
                option: value
                for option, value in getattr(each, field).items()
                if taken is None or option in taken
            }
            values: dict[str, Any] = {field: options}
            found[place] = replace(each, **values)
    return found


def _known(name: str, what: str, offered: Collection[str]) -> list[str] | None:
    """Return the options that an object takes, None if any; a built-in one takes none."""
    if what == "scheduler" and adapters.adapts(name):
        return adapters.options(name)
    is_own = named_by_user(name) if what == "searcher" else own.is_own(name)
    return own.open_options(name, what, offered) if is_own else []


def _check_option(option: str, what: str, known: Mapping[str, list[str] | None]) -> None:
    if any(taken is None or option in taken for taken in known.values()):
        return
    near = get_close_matches(option, [each for taken in known.values() for each in taken or ()], 1)
    remedy = f"did you mean {near[0]}?" if near else "leave it out"
    raise InputError(f"{option!r} is not an option of any {what} of {', '.join(known)}: {remedy}")


def _named(experiment: Described) -> list[tuple[str, str]]:
    """Return each name in `experiment` that may be of an object of the user's own, and its kind."""
    curves = sources.own_name(getattr(experiment, "curves", ""))
    return [
        ("" if adapters.adapts(experiment.scheduler) else experiment.scheduler, "scheduler"),
        (experiment.searcher if named_by_user(experiment.searcher) else "", "searcher"),
        (curves or "", "source of curves"),
        (getattr(experiment, "task", ""), "task"),
    ]


@contextmanager
def blamed(experiment: Described) -> Iterator[None]:
    """Turn what the user's own code raises into one line for the user.

    So does a law of the protocol that a scheduler or searcher breaks that is not built in.

    Raises
    ------
    InputError
        It names the object.

    """
    with own.blamed(_named(experiment), ProtocolError):
        try:
            yield
        except ProtocolError as error:
            if not adapters.adapts(experiment.scheduler):
                raise
            raise InputError(
                f"the scheduler {experiment.scheduler!r} breaks the protocol: {error}; "
                "docs/conformance.md lists the mistakes that are known"
            ) from error


def digests(*experiments: Described) -> dict[str, str]:
    """Return the SHA-256 of the files of all objects of the user's own, by module.

    Raises
    ------
    InputError
        One is not found, or its file cannot be read.

    """
    named = dict.fromkeys(pair for each in experiments for pair in _named(each))
    return own.digests(named)


def check_digests(notes: Mapping[str, Any], path: Path, *experiments: Described) -> None:
    """Raise if a file of the user's own has changed since the `notes` in `path` were written.

    Raises
    ------
    InputError
        It names the file, and the remedy.

    """
    own.check_digests(notes.get(NOTE), digests(*experiments), path)


NOTE = "own_sha256"
"""The note in an ``experiment.toml`` or ``study.toml`` that holds the digests, by module."""
