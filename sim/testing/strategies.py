"""Hypothesis strategies: worlds for the kit, and the parts of whole experiments.

Owns how each is drawn, and what it shrinks to: few trials, few workers, equal losses, no faults.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from math import inf, nan
from typing import Any

from hypothesis import assume
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from scipy.stats import loguniform, randint, uniform

from learning_curves.spaces.space import Space
from learning_curves.synthetic import Scripted
from sim.experiments.experiment import Experiment
from sim.faults import Faults
from sim.jobs.costs import Costs
from sim.jobs.limits import Limits
from sim.schedulers import LOST, catalogue
from sim.schedulers.catalogue import RULES_OF, SCHEDULERS, Settings
from sim.testing.playing.worlds import GEOMETRIES, Factory, World

_FINITE = st.integers(0, 8).map(lambda k: k / 8)
_ANY = st.integers(0, 10).map(lambda k: k / 8 if k < 9 else (inf, nan)[k - 9])
_SECONDS = st.integers(0, 4).map((1, 0, 2, 3, 0.5).__getitem__)


@st.composite
def worlds(
    draw: st.DrawFn,
    *,
    trials: tuple[int, int] = (0, 12),
    fixed: dict[str, int] | None = None,
) -> World:
    """Draw worlds: ties, crossing curves, NaN, jobs of no seconds or that end together, losses.

    Parameters
    ----------
    draw
        Hypothesis's.
    trials
        The fewest and the most trials.
    fixed
        The settings `r_min`, `r_max` and `eta` that the scheduler has of its own.

    """
    r_min, r_max, eta = draw(st.sampled_from(GEOMETRIES))
    rows = st.lists(_ANY, min_size=1, max_size=4).map(tuple)
    settings = {"r_min": r_min, "r_max": r_max, "eta": eta} | (fixed or {})
    assume(settings["r_min"] <= settings["r_max"])
    return World(
        losses=draw(st.lists(rows, min_size=trials[0], max_size=trials[1]).map(tuple)),
        seconds=draw(st.lists(_SECONDS, max_size=trials[1]).map(tuple)),
        workers=draw(st.integers(1, 5)),
        lost=draw(st.frozensets(st.integers(0, 30), max_size=4)),
        **settings,
    )


@st.composite
def large_worlds(draw: st.DrawFn, *, fixed: dict[str, int] | None = None) -> World:
    """Draw worlds with enough trials, of distinct losses, that one of them reaches r_max."""
    r_min, r_max, eta = draw(st.sampled_from(GEOMETRIES[:-1]))
    settings = {"r_min": r_min, "r_max": r_max, "eta": eta} | (fixed or {})
    trials = settings["eta"] * settings["r_max"] // settings["r_min"] + 4
    start, step = draw(st.integers(0, trials - 1)), draw(st.sampled_from((1, -1)))
    # One that is coprime to every number of trials keeps the losses distinct.
    losses = [((start + step * 10_007 * i) % trials) / trials for i in range(trials)]
    return World(
        losses=tuple((loss,) for loss in losses), workers=draw(st.integers(1, 4)), **settings
    )


def schedulers(**settings: Any) -> SearchStrategy[Factory]:
    """Draw factories of the built-in schedulers, with any rule and either kind of lost trials.

    `settings` are those of `sim.schedulers.catalogue.Settings` that are fixed.
    """
    return st.sampled_from(BUILT_IN).map(lambda which: built_in(*which, **settings))


BUILT_IN = tuple(
    (name, rule, lost)
    for name in SCHEDULERS
    for rule in RULES_OF.get(name, ("top-k",))
    for lost in LOST
)
"""The built-in schedulers, with each rule that they have and each kind of lost trials."""


def built_in(name: str, rule: str, lost: str, **settings: Any) -> Factory:
    """Return a factory of a built-in scheduler, with these settings fixed."""

    def factory(searcher: Any, r_min: int, r_max: int, eta: int, workers: int) -> Any:
        values = {"r_min": r_min, "r_max": r_max, "eta": eta, "workers": workers} | settings
        return catalogue.make(name, searcher, Settings(rule=rule, lost=lost, **values))

    factory.__qualname__ = f"{name}, rule {rule}, lost {lost}"
    return factory


def spaces() -> SearchStrategy[Space]:
    """Draw spaces of 1 to 4 hyperparameters: floats, integers, choices and constants."""
    low = st.sampled_from((1e-6, 1e-3, 0.5, 2.0))
    factor = st.sampled_from((1.5, 10.0, 1e4))
    one = st.one_of(
        st.builds(lambda a, f: uniform(a, a * f), low, factor),
        st.builds(lambda a, f: loguniform(a, a * f), low, factor),
        st.builds(lambda a, n: randint(a, a + n), st.integers(0, 9), st.integers(1, 99)),
        st.lists(st.sampled_from((1, 2, 0.5, "a", "b")), min_size=1, max_size=4, unique=True),
        st.sampled_from((0.1, 3, "constant")),
    )
    return st.dictionaries(st.sampled_from(("lr", "batch", "depth", "loss")), one, min_size=1)


@st.composite
def curve_tables(draw: st.DrawFn, *, r_max: int | None = None) -> Scripted:
    """Draw tables of curves: ties, crossing curves, NaN and inf, plateaus, equal seconds.

    The configs are ``{"number": i}``; see `learning_curves.synthetic.Scripted`.
    """
    epochs = r_max or draw(st.integers(1, 9))
    loss = draw(st.sampled_from((_FINITE, _ANY, st.just(0.5))))
    took = draw(st.sampled_from((st.just(1.0), st.sampled_from((0.5, 1.0, 7.0)))))
    row = partial(st.lists, min_size=epochs, max_size=epochs)
    count = draw(st.integers(1, 12))
    return Scripted(
        losses=[draw(row(loss)) for _ in range(count)],
        seconds=[draw(row(took)) for _ in range(count)],
    )


_FEW_SECONDS = st.sampled_from((0.0, 0.5, 3.0))


def _or(off: Any, *values: Any) -> SearchStrategy[Any]:
    """Draw `off` in half of the cases, else one of the values."""
    return st.sampled_from((*(off,) * len(values), *values))


def costs() -> SearchStrategy[Costs]:
    """Draw the costs of a job beside its epochs, with and without checkpoints."""
    return st.builds(Costs, _FEW_SECONDS, _FEW_SECONDS, _FEW_SECONDS, checkpoints=st.booleans())


def limits() -> SearchStrategy[Limits]:
    """Draw at most one limit of a run."""
    return st.one_of(
        st.just(Limits()),
        st.builds(Limits, max_seconds=st.floats(0.5, 60)),
        st.builds(Limits, max_jobs=st.integers(1, 40)),
        st.builds(Limits, max_epochs=st.integers(1, 90)),
        st.builds(Limits, max_finished=st.integers(1, 3)),
    )


def timetables() -> SearchStrategy[tuple[tuple[int, float, float], ...]]:
    """Draw times at which workers are away, of at most 3 workers: one, some, or all at last."""
    return st.sampled_from(
        (
            (),
            ((0, 30.0, inf),),
            ((0, 2.0, 9.0), (1, 0.0, 4.0), (1, 6.0, inf)),
            ((0, 0.0, 3.0), (1, 1.0, 5.0), (2, 2.0, 7.0)),
        )
    )


def clusters() -> SearchStrategy[dict[str, Any]]:
    """Draw the numbers and the speeds of workers, as arguments of `sim.Experiment`."""
    return st.fixed_dictionaries(
        {
            "workers": st.integers(1, 5),
            "speeds": _or((), (1.0, 2.0)),
            "straggler_sigma": _or(0.0, 0.5),
        }
    )


def faults() -> SearchStrategy[Faults]:
    """Draw faults of every kind, each off in half of the cases, without timetables."""
    return st.builds(
        Faults,
        lognormal_sigma=_or(0.0, 0.5),
        pareto_alpha=_or(None, 1.2),
        slow_workers=_or(0.0, 0.5),
        slow_epochs=_or(0.0, 0.2),
        lost_probability=_or(0.0, 0.001, 0.1, 0.999),
        mtbf=_or(None, 0.5, 20.0),
        mttr=_FEW_SECONDS,
        preempted_every=_or(None, 2.0, 30.0),
        preempted_for=_FEW_SECONDS,
        save_on_preemption=st.booleans(),
    )


CURVES = (
    *("power-law", "power-law:noise=0.1", "power-law:crossing=1.0", "exponential", "take-off"),
    *("bowl", "softmax-fashion-mnist", "lenet-fashion-mnist"),
)
"""Sources of curves, by the names that an experiment gives them."""

QUICK_SEARCHERS = ("sobol", "halton", "grid", "coarse-to-fine", "coordinate", "local")


@st.composite
def experiments(
    draw: st.DrawFn, *, scheduler: str | None = None, curves: tuple[str, ...] = CURVES
) -> Experiment:
    """Draw whole experiments: any scheduler, searcher, cluster, costs, faults, limits.

    All of them end. `scheduler` and `curves` limit the choice.
    """
    timetable = draw(timetables())
    cluster = draw(clusters())
    has = draw(costs())
    r_max = draw(st.integers(1, 9))
    name = scheduler or draw(st.sampled_from(tuple(SCHEDULERS)))
    searcher = draw(st.just("random") | st.sampled_from(QUICK_SEARCHERS))
    return Experiment(
        curves=draw(st.sampled_from(curves)),
        scheduler=name,
        searcher=searcher,
        rule=draw(st.sampled_from(tuple(RULES_OF.get(name, ("top-k",))))),
        eta=draw(st.integers(2, 4)),
        r_min=draw(st.integers(1, r_max)),
        r_max=r_max,
        max_trials=draw(st.integers(int(searcher == "grid"), 25)),  # no grid is empty
        seed=draw(st.integers(0, 2**32 - 1)),
        attempts=draw(st.integers(1, 4)),
        lost=draw(st.sampled_from(LOST)),
        limits=draw(limits()),
        costs=has,
        faults=_fitted(draw(faults()), has, timetable),
        **(cluster | {"workers": max(cluster["workers"], 3 if timetable else 1)}),
    )


def _fitted(faults: Faults, costs: Costs, timetable: tuple[Any, ...]) -> Faults:
    """Return faults that go with the costs: saving needs checkpoints."""
    saves = faults.save_on_preemption and costs.checkpoints
    return replace(faults, save_on_preemption=saves, timetable=timetable)
