"""The nearest recorded config: on the unit scale, choices one apart, the first of equals."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from learning_curves.spaces.scale import to_unit
from sim.searchers.nearest import nearest


def test_near_is_meant_on_the_scale():
    # 0.02 is nearer to 0.001 than to 0.1 by numbers, but not by their logarithms.
    find = nearest({"lr": stats.loguniform(1e-4, 1)}, [{"lr": 0.001}, {"lr": 0.1}])
    assert find({"lr": 0.02}) == {"lr": 0.1}


def test_choices_are_equally_far_from_each_other():
    space = {"x": stats.uniform(0, 1), "act": ["a", "b", "c"]}
    find = nearest(space, [{"x": 0.9, "act": "a"}, {"x": 0.1, "act": "c"}])
    assert find({"x": 0.1, "act": "a"}) == {"x": 0.9, "act": "a"}  # 0.8 away, not 1
    assert find({"x": 0.3, "act": "b"}) == {"x": 0.1, "act": "c"}  # 1.04 away; the other 1.36


def test_of_equally_near_ones_the_first_is_taken():
    find = nearest({"x": stats.uniform(0, 1)}, [{"x": 0.75}, {"x": 0.25}, {"x": 0.75}])
    assert find({"x": 0.5})["x"] == 0.75


@given(places=st.lists(st.floats(0, 1), min_size=1, max_size=9), x=st.floats(0, 1))
@settings(max_examples=100, derandomize=True, deadline=None)
def test_none_is_nearer(places, x):
    space = {"x": stats.uniform(0, 1), "n": stats.randint(0, 3)}
    configs = [{"x": place, "n": i % 3} for i, place in enumerate(places)]
    sought = {"x": x, "n": 1}
    (at,) = to_unit(space, [sought])
    apart = np.linalg.norm(to_unit(space, configs) - at, axis=1)
    found = nearest(space, configs)(sought)
    assert np.isclose(apart[configs.index(found)], apart.min())
