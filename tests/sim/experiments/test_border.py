"""The border of a space: which ends count, what is said, and what a run tells."""

import pytest
from scipy import stats

from learning_curves.spaces.distributions import lograndint, reverse_loguniform
from learning_curves.synthetic import Scripted
from sim.experiments.border import at_border
from sim.experiments.experiment import Experiment
from sim.experiments.run import simulate
from sim.jobs.limits import Limits

RATE = {"rate": stats.loguniform(1e-4, 1.0)}


def ends(space, best, tried=()):
    """Return the hyperparameters at an end: True for the upper one."""
    found = at_border(space, best, [best, *tried])
    return {each.name: each.upper for each in found}


@pytest.mark.parametrize(
    ("rate", "told"),
    [
        # The scale has four decades; 5 % of it is a fifth of one.
        *((1e-4, {"rate": False}), (10**-3.81, {"rate": False}), (10**-3.79, {})),
        *((0.01, {}), (10**-0.21, {}), (10**-0.19, {"rate": True}), (1.0, {"rate": True})),
    ],
)
def test_five_percent_of_the_scale_at_either_end(rate, told):
    assert ends(RATE, {"rate": rate}) == told


@pytest.mark.parametrize(("place", "told"), [(0, {"x": False}), (1, {}), (3, {}), (4, {"x": True})])
def test_the_outermost_values_of_a_grid_count(place, told):
    # Five middles, 0.1 to 0.9: farther than 5 % from the ends.
    grid = [{"x": (i + 0.5) / 5} for i in range(5)]
    assert ends({"x": stats.uniform(0, 1)}, grid[place], grid) == told


def test_the_outermost_of_few_draws_counts_only_where_a_grids_would():
    space, four = {"x": stats.uniform(0, 1)}, [{"x": 0.5}, {"x": 0.6}, {"x": 0.7}]
    assert ends(space, {"x": 0.12}, four) == {"x": False}  # within 1/8
    assert ends(space, {"x": 0.13}, four) == {}


def test_the_outermost_of_many_draws_does_not_count_far_from_the_end():
    tried = [{"x": 0.3 + i / 1000} for i in range(20)]
    assert ends({"x": stats.uniform(0, 1)}, tried[0], tried) == {}


def test_whole_numbers_lie_where_the_nearer_edge_does():
    space = {"units": lograndint(1, 65), "layers": stats.randint(1, 4)}
    assert ends(space, {"units": 1, "layers": 3}) == {"units": False, "layers": True}
    assert ends(space, {"units": 64, "layers": 1}) == {"units": True, "layers": False}
    assert ends(space, {"units": 8, "layers": 2}) == {}


def test_only_ends_that_there_are_count():
    space = {
        "free": stats.norm(0, 1),
        "above": stats.expon(),
        "two": stats.randint(0, 2),
        "act": [1, 2, 3],
        "fixed": 4,
    }
    best = {"free": 9.0, "above": 9.0, "two": 1, "act": 3, "fixed": 4}
    assert ends(space, best) == {}
    assert ends(space, best | {"above": 0.01}) == {"above": False}


def test_the_note_names_all():
    space = {"decay": reverse_loguniform(0.9, 0.999)}
    (found,) = at_border(space, {"decay": 0.9}, [])
    assert found.note == (
        "the best decay, 0.9, is at the lower border of its range, 0.9 to 0.999: better ones may "
        "lie below; widen the range there"
    )


def test_a_run_tells_of_it():
    # The optimum of these curves is at the greatest width and inside the range of the other.
    experiment = Experiment(
        curves="power-law", r_max=4, scheduler="random", searcher="coordinate", max_trials=60
    )
    assert simulate(experiment).summary()["border"] == ["width"]


def test_a_run_of_which_nothing_is_known_tells_of_none():
    experiment = Experiment(curves="scripted", limits=Limits(max_jobs=3))
    run = simulate(experiment, Scripted([[float("inf")]]))
    assert run.best_config is None
    assert run.summary()["border"] == []
