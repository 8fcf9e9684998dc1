"""The schedulers by the names that the command line gives them.

Owns the names and what each one stands for. Must not know where trials come from.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Any, TypeAlias, TypedDict, cast

from sim.schedulers.asha import ASHA
from sim.schedulers.asha_stopping import StoppingASHA
from sim.schedulers.async_hyperband import AsyncHyperband
from sim.schedulers.hyperband import Hyperband
from sim.schedulers.median_stopping import MedianStopping
from sim.schedulers.pasha import PASHA
from sim.schedulers.protocol import Scheduler, Searcher, Trial
from sim.schedulers.random_search import RandomSearch
from sim.schedulers.rungs.promotion_rules import PROMOTION_RULES
from sim.schedulers.rungs.stopping_rules import RULES
from sim.schedulers.successive_halving import SuccessiveHalving


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of schedulers; each scheduler uses those that it needs.

    Parameters
    ----------
    r_min, r_max
        The first and the last rung level, in epochs.
    eta
        The reduction factor.
    workers
        How many workers there are: the size of a batch of random search.
    rule
        The rule of ASHA, by which trials are promoted or stop; in `RULES_OF`.
    prefact
        Multiplies the number of trials of a synchronous bracket.
    lost
        What a lost trial leaves at its rung, in `protocol.LOST`.

    """

    r_min: int
    r_max: int
    eta: int
    workers: int
    rule: str = "top-k"
    prefact: int = 1
    lost: str = "inf"


class _Rungs(TypedDict):
    """The settings of every scheduler with rungs."""

    r_min: int
    r_max: int
    eta: int
    lost: str


def _rungs(s: Settings) -> _Rungs:
    return _Rungs(r_min=s.r_min, r_max=s.r_max, eta=s.eta, lost=s.lost)


def _random(searcher: Searcher, s: Settings) -> Scheduler:
    return RandomSearch(searcher, r_max=s.r_max, lost=s.lost)


def _random_batch(searcher: Searcher, s: Settings) -> Scheduler:
    return RandomSearch(searcher, r_max=s.r_max, batch=s.workers, lost=s.lost)


def _sh(searcher: Searcher, s: Settings) -> Scheduler:
    return SuccessiveHalving(searcher, prefact=s.prefact, **_rungs(s))


def _sh_overlap(searcher: Searcher, s: Settings) -> Scheduler:
    return SuccessiveHalving(searcher, prefact=s.prefact, barrier=False, **_rungs(s))


def _asha(searcher: Searcher, s: Settings) -> Scheduler:
    return ASHA(searcher, rule=s.rule, **_rungs(s))


def _asha_stopping(searcher: Searcher, s: Settings) -> Scheduler:
    return StoppingASHA(searcher, rule=s.rule, **_rungs(s))


def _hyperband(searcher: Searcher, s: Settings) -> Scheduler:
    return Hyperband(searcher, prefact=s.prefact, **_rungs(s))


def _hyperband_overlap(searcher: Searcher, s: Settings) -> Scheduler:
    return Hyperband(searcher, prefact=s.prefact, barrier=False, **_rungs(s))


def _async_hyperband(searcher: Searcher, s: Settings) -> Scheduler:
    return AsyncHyperband(searcher, **_rungs(s))


def _median(searcher: Searcher, s: Settings) -> Scheduler:
    return MedianStopping(searcher, r_min=s.r_min, r_max=s.r_max, lost=s.lost)


def _pasha(searcher: Searcher, s: Settings) -> Scheduler:
    return PASHA(searcher, **_rungs(s))


Make: TypeAlias = Callable[[Searcher, Settings], Scheduler]
"""Makes a scheduler from a searcher and the settings."""

SCHEDULERS: Mapping[str, Make] = MappingProxyType(
    {
        "random": _random,
        "random-batch": _random_batch,
        "sh": _sh,
        "sh-overlap": _sh_overlap,
        "asha": _asha,
        "asha-stopping": _asha_stopping,
        "hyperband": _hyperband,
        "hyperband-overlap": _hyperband_overlap,
        "async-hyperband": _async_hyperband,
        "median": _median,
        "pasha": _pasha,
    }
)
"""The schedulers by name."""

RULES_OF: Mapping[str, Collection[str]] = MappingProxyType(
    {"asha": PROMOTION_RULES, "asha-stopping": RULES}
)
"""The names of the rules of each scheduler that has a choice; the first is the default."""


def make(name: str, searcher: Searcher, settings: Settings) -> Scheduler:
    """Make the scheduler that is called `name`.

    Raises
    ------
    ValueError
        There is no such scheduler or rule, or it refuses the settings.

    """
    if name not in SCHEDULERS:
        near = get_close_matches(name, SCHEDULERS, n=1)
        choice = f"did you mean {near[0]}?" if near else f"choose from {', '.join(SCHEDULERS)}"
        raise ValueError(f"the scheduler is {name!r}: {choice}")
    rules = RULES_OF.get(name, RULES)
    if settings.rule not in rules:
        raise ValueError(
            f"the rule is {settings.rule!r}: choose from {', '.join(rules)} for {name}"
        )
    return SCHEDULERS[name](searcher, settings)


def rule_for(name: str, rule: str) -> str:
    """Return `rule`, or the default of the scheduler called `name` if only others have this rule.

    >>> rule_for("asha-stopping", "ray"), rule_for("asha", "ray"), rule_for("sh", "ray")
    ('ray', 'top-k', 'ray')
    """
    rules = RULES_OF.get(name, (rule,))
    only_others = rule not in rules and any(rule in each for each in RULES_OF.values())
    return next(iter(rules)) if only_others else rule


class _Noting:
    """Settings that note which of them are read."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.read: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.read.add(name)
        return getattr(self._settings, name)


class _NoTrials:
    """A searcher without trials."""

    adaptive = False

    def draw(self) -> None:
        """Draw no trial."""

    def observe(self, trial: Trial, epoch: int, loss: float) -> None:
        """Learn nothing."""


def settings_used(name: str) -> frozenset[str]:
    """Return the names of the `Settings` that the scheduler called `name` uses.

    >>> sorted(settings_used("random")), sorted(settings_used("median"))
    (['lost', 'r_max'], ['lost', 'r_max', 'r_min'])
    """
    noting = _Noting(Settings(r_min=1, r_max=4, eta=2, workers=1))
    SCHEDULERS[name](_NoTrials(), cast("Settings", noting))
    return frozenset(noting.read)
