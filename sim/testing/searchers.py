"""The check of a searcher against its laws, in random spaces.

Owns what every searcher must keep. Must not know any searcher.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf, nan
from types import MappingProxyType
from typing import Any, TypeAlias

from hypothesis import strategies as st

from learning_curves.errors import InputError
from learning_curves.laws import BrokenLaw, Checked, Law, all_kept, hold
from learning_curves.spaces import space as spaces
from learning_curves.spaces.space import Space
from learning_curves.streams import generator
from sim.schedulers.protocol import Searcher, Trial
from sim.testing.playing.environment import another_environment
from sim.testing.playing.worlds import modules_of, named
from sim.testing.search import smallest
from sim.testing.strategies import spaces as random_spaces

MAX_EXAMPLES = 50
_LOSSES = (0.5, 0.25, nan, 0.25, inf, 1e300, -3.0)

Factory: TypeAlias = Callable[..., Searcher]
"""Makes a searcher from those of the arguments space, seed, rng and max_trials that it names."""


@dataclass(frozen=True)
class Subject:
    """A searcher to be, and how it is used."""

    factory: Factory
    space: Space
    seed: int
    draws: int

    def made(self) -> Searcher:
        """Return a new searcher."""
        offered = {
            "space": copy.deepcopy(self.space),
            "seed": self.seed,
            "rng": generator(self.seed, "own searcher"),
            "max_trials": self.draws - 3,  # so that its end is seen
        }
        return self.factory(**{n: offered[n] for n in named(self.factory) if n in offered})

    def drawn(self, searcher: Searcher, *, observed: bool = True) -> list[Trial]:
        """Draw trials; after each, report two losses of the one before."""
        trials: list[Trial] = []
        while len(trials) < self.draws and (trial := searcher.draw()) is not None:
            trials.append(trial)
            if observed and len(trials) > 1:
                for epoch in (1, 2):
                    loss = _LOSSES[(len(trials) + epoch) % len(_LOSSES)]
                    searcher.observe(trials[-2], epoch, loss)
        return trials


def check_searcher(
    factory: Factory, *, max_examples: int = MAX_EXAMPLES, draws: int = 20, seed: int = 0
) -> list[Checked]:
    """Hold a searcher to the laws of its protocol, in random spaces.

    Parameters
    ----------
    factory
        A class or function that makes the searcher, called with those of the keyword arguments
        space, seed, rng (a `numpy.random.Generator`) and max_trials that it names.
    max_examples
        The number of random spaces.
    draws
        The number of trials that are drawn in each.
    seed
        Of the search for a space, and the first seed of the searchers.

    Returns
    -------
    list of Checked
        A result for each law, with notes; each prints as a row of a table.

    Raises
    ------
    BrokenLaw
        A law is broken; the message names the smallest space found.

    Examples
    --------
    >>> from sim.searchers import searcher_over
    >>> def sobol(space, seed):
    ...     return searcher_over(space, seed=seed, name="sobol")
    >>> print(check_searcher(sobol, max_examples=3)[0])
    kept    trials        draw() returns trials numbered from 0, then None for ever.

    """
    return all_kept(searcher_results(factory, max_examples=max_examples, draws=draws, seed=seed))


def searcher_results(
    factory: Factory, *, max_examples: int = MAX_EXAMPLES, draws: int = 20, seed: int = 0
) -> Iterator[Checked]:
    """Return the results of `check_searcher`, each when it is known."""

    def test(subject: Subject) -> None:
        all_kept(hold(_CHECKS.items(), subject))

    subjects = st.builds(
        Subject, st.just(factory), random_spaces(), st.integers(seed, seed + 3), st.just(draws)
    )
    broken = smallest(test, subjects, BrokenLaw, max_examples=max_examples, seed=seed)
    for law in _CHECKS:
        if broken is not None and broken.law is law:
            yield Checked(law, broken)
            return
        yield Checked(law)


def _trials(law: Law, subject: Subject) -> str:
    searcher = subject.made()
    if not isinstance(searcher.adaptive, bool):
        raise BrokenLaw(law, f"adaptive is {searcher.adaptive!r}: make it True or False")
    trials = subject.drawn(searcher)
    for number, trial in enumerate(trials):
        if not isinstance(trial, Trial) or trial.number != number:
            raise _broken(law, subject, f"draw {number + 1} returns {trial!r}")
    if len(trials) < subject.draws and any(searcher.draw() is not None for _ in range(3)):
        raise _broken(law, subject, f"draw() returns a trial after None, at draw {len(trials) + 1}")
    return ""


def _members(law: Law, subject: Subject) -> str:
    for trial in subject.drawn(subject.made()):
        try:
            spaces.check_config(subject.space, trial.config)
        except InputError as error:
            raise _broken(law, subject, f"trial {trial.number}: {error}") from None
    return ""


def _repeats(law: Law, subject: Subject) -> str:
    drawn = []
    modules = modules_of(subject.factory, type(subject.made()))
    for environment in (0, 1):
        with another_environment(environment, modules):
            drawn.append([trial.config for trial in subject.drawn(subject.made())])
    for number, (one, other) in enumerate(zip(*drawn, strict=False)):
        if one != other:
            raise _broken(law, subject, f"trial {number} is {one} once and {other} again")
    if len(drawn[0]) != len(drawn[1]):
        raise _broken(law, subject, f"{len(drawn[0])} trials once and {len(drawn[1])} again")
    return ""


def _ignores(law: Law, subject: Subject) -> str:
    searcher = subject.made()
    if searcher.adaptive:
        return ""
    with_losses = subject.drawn(searcher)
    without = subject.drawn(subject.made(), observed=False)
    for one, other in zip(with_losses, without, strict=False):
        if one.config != other.config:
            raise _broken(
                law, subject, f"trial {one.number} is {other.config}, and {one.config} with losses"
            )
    return ""


def _keeps(law: Law, subject: Subject) -> str:
    searcher = subject.made()
    trials: list[Trial] = []
    were: list[dict[str, Any]] = []
    while len(trials) < subject.draws and (trial := searcher.draw()) is not None:
        trials.append(trial)
        were.append(dict(trial.config))
        searcher.observe(trial, 1, 0.5)
        for each, was in zip(trials, were, strict=True):
            if dict(each.config) != was:
                raise _broken(
                    law, subject, f"trial {each.number} was {was} and is {dict(each.config)} later"
                )
    return ""


def _broken(law: Law, subject: Subject, message: str) -> BrokenLaw:
    return BrokenLaw(law, f"{message}; in the space {_shown(subject.space)}, seed {subject.seed}")


def _shown(space: Space) -> str:
    return ", ".join(
        f"{name}: {getattr(getattr(each, 'dist', None), 'name', each)}{getattr(each, 'args', '')}"
        for name, each in space.items()
    )


_CHECKS = MappingProxyType(
    {
        Law(
            "trials",
            "draw() returns trials numbered from 0, then None for ever.",
            "Numbers start at 1; an exhausted grid starts again.",
        ): _trials,
        Law(
            "members",
            "Every config is a member of the space.",
            "A local step leaves the range; an integer is drawn as a float.",
        ): _members,
        Law(
            "determinism",
            "The same seed and the same losses lead to the same configs.",
            "The searcher reads the global random state, or sets in hash order.",
        ): _repeats,
        Law(
            "adaptive",
            "A searcher whose adaptive is False ignores the losses.",
            "It learns, and the clock does not call observe.",
        ): _ignores,
        Law(
            "hands-off",
            "A config that has been drawn is not modified later.",
            "One dict is updated and returned again and again.",
        ): _keeps,
    }
)
