"""Checking: the search for a world in which a scheduler breaks a law.

Owns the search, with Hypothesis, which shrinks what it finds to a small world. Must not know how a
law is checked in one world (`checks`).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import product
from typing import Any, TypeAlias

import hypothesis
from hypothesis.errors import UnsatisfiedAssumption
from hypothesis.strategies import SearchStrategy

from learning_curves.errors import InputError, one_line, suggestion
from learning_curves.laws import BrokenLaw, Checked, all_kept
from sim.testing import strategies
from sim.testing.checks import CHECKS, OF_ONE_RUN, Broken, Laws
from sim.testing.cost import check_cost
from sim.testing.explain import BrokenRun
from sim.testing.laws import CLAIMED, LAWS
from sim.testing.playing.worlds import GEOMETRIES, Factory, Searcher, World, made, named
from sim.testing.search import Unsteady, smallest

MAX_EXAMPLES = 200
_BASIC = OF_ONE_RUN - CLAIMED | {"determinism"}  # the laws that the others rely on
_UNKNOWN = "it relies on a law that is broken"
# How many times as many worlds:
_EARLIER = 0.25  # to find an earlier law that explains a broken one
_AGAIN = 5  # to find a broken law again
_LARGE = 0.1  # of worlds of many trials
_WITHOUT_LOSSES = {"one run", "order", "finishes"}


def check_scheduler(
    factory: Factory,
    *,
    max_examples: int = MAX_EXAMPLES,
    laws: Collection[str] | None = None,
    worlds: Sequence[World] = (),
    seed: int = 0,
) -> None:
    """Hold a scheduler to the laws; raise for the first one that it breaks.

    Parameters
    ----------
    factory
        A class or function that makes the scheduler. It is called with those of the keyword
        arguments searcher, r_min, r_max, eta, workers, rule, prefact and lost that it names; and
        `losses`, a function of a trial's number and an epoch, for a scheduler that trains itself.
    max_examples
        In how many random worlds each check is made.
    laws
        The names of the laws to check; by default those of `laws_of`.
    worlds
        Check in these worlds only, and search no further.
    seed
        Of the search: the same seed finds the same world.

    Raises
    ------
    BrokenLaw
        A law is broken. The message names the law; `details` has the law's sentence, the shortest
        conversation found, a program that runs it again and a chart; `conversation` is the former.
    InputError
        A law is unknown, or the scheduler refuses every setting.

    Examples
    --------
    >>> from sim.schedulers import ASHA
    >>> check_scheduler(ASHA, max_examples=5, laws=["deadlock", "quota"])

    """
    all_kept(check_laws(factory, max_examples=max_examples, laws=laws, worlds=worlds, seed=seed))


def check_laws(
    factory: Factory,
    *,
    max_examples: int = MAX_EXAMPLES,
    laws: Collection[str] | None = None,
    worlds: Sequence[World] = (),
    seed: int = 0,
    each: Callable[[], None] | None = None,
) -> Iterator[Checked]:
    """Hold a scheduler to the laws, and yield a result for each, in order.

    The parameters and errors are those of `check_scheduler`; `each` is called after each world. If
    a law of a single run is broken, the laws that compare several runs are not checked.
    """
    chosen = laws_of(factory) if laws is None else _known(laws)
    seek = partial(
        _seek, factory, _fixed(factory), worlds=worlds, max_examples=max_examples, seed=seed
    )
    checks = [check for check in CHECKS if _about(check) & chosen]
    left, is_sound = chosen, True
    while checks:
        broken = _explained(seek, checks, left, each)
        if broken and _check_of(broken.law.name) not in checks:
            yield Checked(broken.law, broken)  # determinism: nothing else can be known
            return
        held = checks.index(_check_of(broken.law.name)) if broken else len(checks)
        for check in checks[:held]:
            yield from (Checked(LAWS[name]) for name in _ordered(_about(check) & left))
        if broken is None:
            break
        yield Checked(broken.law, broken)
        left -= {broken.law.name}
        checks = [check for check in checks[held:] if _about(check) & left]
        if broken.law.name in _BASIC:
            is_sound = False
            for check in checks:
                if check != "one run":
                    unknown = _ordered(_about(check) & left)
                    yield from (Checked(LAWS[n], note=_UNKNOWN, known=False) for n in unknown)
            checks = [check for check in checks if check == "one run"]
    if "cost" in chosen and not worlds:
        if is_sound:
            costly = _cost(factory)
            yield Checked(costly.law if costly else LAWS["cost"], costly)
        else:
            yield Checked(LAWS["cost"], note=_UNKNOWN, known=False)


@dataclass(frozen=True)
class LawCheck:
    """The check of one law, for a test of its own; a call raises BrokenLaw if it is broken."""

    factory: Factory
    law: str
    settings: Mapping[str, Any]

    def __call__(self) -> None:
        """Check the law."""
        check_scheduler(self.factory, laws=[self.law], **self.settings)

    def __str__(self) -> str:
        """Return the name of the law."""
        return self.law


def scheduler_checks(
    factory: Factory, *, max_examples: int = MAX_EXAMPLES, seed: int = 0
) -> list[LawCheck]:
    """Return a check for each law of `laws_of`, to be called.

    With pytest each of them is a test of its own::

        @pytest.mark.parametrize("check", scheduler_checks(Mine), ids=str)
        def test_mine(check):
            check()

    The parameters are those of `check_scheduler`.
    """
    settings = {"max_examples": max_examples, "seed": seed}
    return [LawCheck(factory, law, settings) for law in _ordered(laws_of(factory))]


def laws_of(factory: Factory) -> Laws:
    """Return the names of the laws that a scheduler is held to.

    They are those of every scheduler and those that its class attribute `claims` names, without
    those that `disclaims` names.

    Raises
    ------
    InputError
        A name in them is not that of a law; see also `check_scheduler`.

    """
    scheduler = _probe(factory)
    for name in ("claims", "disclaims"):
        if isinstance(value := getattr(scheduler, name, ()), str):
            raise InputError(f"{name} is {value!r}: write a tuple, ({value!r},)")
    claims, disclaims = (_known(getattr(scheduler, name, ())) for name in ("claims", "disclaims"))
    return (frozenset(LAWS) - CLAIMED | claims) - disclaims


def _known(names: Collection[str]) -> Laws:
    for name in names:
        if name not in LAWS:
            raise InputError(f"the law is {name!r}: {suggestion(name, LAWS)}")
    return frozenset(names)


def _ordered(names: Laws) -> list[str]:
    return [name for name in LAWS if name in names]


def _about(check: str) -> Laws:
    """Return the laws that a check is about."""
    return OF_ONE_RUN if check == "one run" else frozenset({check})


def _check_of(law: str) -> str:
    """Return the check that a law is checked by."""
    return "one run" if law in OF_ONE_RUN else law


def _seek(
    factory: Factory,
    fixed: dict[str, int],
    checks: Sequence[str],
    laws: Laws,
    *,
    worlds: Sequence[World],
    max_examples: int,
    seed: int,
    times: float = 1,
    shrink: bool = True,
    each: Callable[[], None] | None = None,
) -> BrokenRun | None:
    """Make checks in `times` as many worlds, and return the first broken law that is found.

    With `shrink` its world is made small.
    """

    def test(world: World, checks: Sequence[str] = checks) -> None:
        for check in checks:
            _check(check, factory, laws & _about(check), world)
        if each is not None:
            each()

    if worlds:
        return _shown(_first(test, worlds), factory)
    search = partial(_search, seed=seed, shrink=shrink)
    examples = max(1, round(max_examples * times))
    small = [check for check in checks if check != "finishes"]
    broken = search(partial(test, checks=small), strategies.worlds(fixed=fixed), examples)
    if broken is None and "finishes" in checks:
        examples = max(1, round(examples * _LARGE))
        large_worlds = strategies.large_worlds(fixed=fixed)
        broken = search(partial(test, checks=["finishes"]), large_worlds, examples)
    return _shown(broken, factory)


def _explained(
    seek: Callable[..., BrokenRun | None],
    checks: Sequence[str],
    laws: Laws,
    each: Callable[[], None] | None,
) -> BrokenRun | None:
    """Return the first of the broken laws, in the order of the checks, in a small world.

    Drawing a world for all checks is fast, but which of the broken laws it finds is left to chance;
    the earlier checks explain the later ones.
    """
    broken = seek(checks, laws, each=each, shrink=False)
    while broken is not None:
        check = _check_of(broken.law.name)
        if check not in checks:
            return broken
        # Before "finishes" all other checks have held in all worlds.
        before = checks[: checks.index(check)] if check != "finishes" else []
        earlier = seek(before, laws, times=_EARLIER, shrink=False) if before else None
        if earlier is None:
            # For one law alone a world is played quickly: more of them are, to find it again.
            only = frozenset({broken.law.name})
            return seek([check], only, times=_AGAIN) or broken
        broken = earlier
    return None


def _shown(broken: Broken | None, factory: Factory) -> BrokenRun | None:
    return None if broken is None else BrokenRun(broken, factory)


def _probe(factory: Factory) -> Any:
    """Return a scheduler, made with the first settings that it accepts."""
    refusal: ValueError | None = None
    for workers, (r_min, r_max, eta) in product((1, 4), GEOMETRIES[2:]):
        world = World(r_min=r_min, r_max=r_max, eta=eta, workers=workers)
        try:
            return made(factory, world, Searcher(world))
        except ValueError as error:
            refusal = error
    assert refusal is not None
    raise InputError(f"the scheduler refuses every setting: {one_line(refusal)}")


def _fixed(factory: Factory) -> dict[str, int]:
    """Return the settings that the factory does not take, as the scheduler has them."""
    scheduler, takes = _probe(factory), named(factory)
    return {
        name: int(getattr(scheduler, name, default))
        for name, default in (("r_min", 1), ("r_max", 1), ("eta", 4))
        if name not in takes
    }


def _check(check: str, factory: Factory, laws: Laws, world: World) -> None:
    """Make a check of these laws."""
    if check in _WITHOUT_LOSSES and world.lost:
        world = replace(world, lost=frozenset())
    try:
        CHECKS[check](factory, world, laws)
    except InputError:
        raise
    except ValueError:  # the scheduler refuses these settings
        hypothesis.reject()


Test: TypeAlias = Callable[[World], None]
"""Raises Broken if a law is broken in a world."""


def _first(test: Test, worlds: Sequence[World]) -> Broken | None:
    """Return how a law is broken in the first of the worlds in which it is."""
    for world in worlds:
        try:
            test(world)
        except Broken as broken:
            return broken
        except UnsatisfiedAssumption:
            raise InputError(f"the scheduler refuses the settings of {world}") from None
    return None


def _search(
    test: Test, strategy: SearchStrategy[World], max_examples: int, *, seed: int, shrink: bool
) -> Broken | None:
    """Search for a world in which a law is broken, and return how it is broken there."""
    try:
        return smallest(test, strategy, Broken, max_examples=max_examples, seed=seed, shrink=shrink)
    except Unsteady as error:
        found = error.found
        message = f"a world does not lead to the same run each time: {found.law.name} was broken"
        return Broken("determinism", message, found.conversation)


def _cost(factory: Factory) -> BrokenLaw | None:
    try:
        check_cost(factory)
    except BrokenLaw as broken:
        return broken
    return None
