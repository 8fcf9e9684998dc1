"""Regressors: against scikit-learn's own, and alone or in company the same to the last bit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from learning_curves.errors import InputError
from learning_curves.surrogates.regressors import DEFAULT, REGRESSORS, GaussianProcess, make

RNG = np.random.default_rng(0)
POINTS = RNG.random((40, 3))
TARGETS = np.column_stack([np.sin(5 * POINTS[:, 0]), POINTS[:, 1] ** 2, np.ones(40)])


@pytest.mark.parametrize("kernel", [(2.0, 0.3, 0.5, 1.0, 0.01), (0.5, 1.0, 0.1, 9.0, 0.5)])
def test_a_gaussian_process_predicts_what_scikit_learns_does(kernel):
    height, *lengths, noise = kernel
    theirs = GaussianProcessRegressor(
        ConstantKernel(height) * Matern(lengths, nu=1.5) + WhiteKernel(noise),
        optimizer=None,
        normalize_y=True,
    ).fit(POINTS, TARGETS[:, :2])  # theirs warns of a target that is constant
    ours = GaussianProcess(kernel=kernel).fit(POINTS, TARGETS)
    asked = np.random.default_rng(1).random((20, 3))
    assert ours.predict(asked)[:, :2] == pytest.approx(theirs.predict(asked), abs=1e-9)
    assert ours.predict(asked)[:, 2] == pytest.approx(1.0)


def test_the_kernel_is_tuned_once_and_can_be_given_again():
    first = GaussianProcess().fit(POINTS, TARGETS)
    height, *lengths, noise = first.kernel
    assert len(lengths) == 3
    assert min(lengths) > 0
    assert noise < 0.01 < height  # the targets have no noise
    again = GaussianProcess(kernel=first.kernel).fit(POINTS, TARGETS)
    assert (again.predict(POINTS) == first.predict(POINTS)).all()
    assert np.abs(first.predict(POINTS) - TARGETS).max() < 0.05


def test_of_many_points_some_tune_the_kernel_and_all_are_learnt():
    points = np.linspace(0, 1, 600)[:, np.newaxis]
    learnt = GaussianProcess(seed=1).fit(points, np.sin(20 * points))
    assert np.abs(learnt.predict(points) - np.sin(20 * points)).max() < 0.01


@pytest.mark.parametrize("name", REGRESSORS)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_a_prediction_does_not_depend_on_its_company(name, data):
    learnt = _learnt(name)
    some = np.random.default_rng(data.draw(st.integers(0, 99))).random((50, 3))
    whole = learnt.predict(some)
    start = data.draw(st.integers(0, 49))
    stop = data.draw(st.integers(start + 1, 50))
    assert (learnt.predict(some[start:stop]) == whole[start:stop]).all()


_MADE = {}


def _learnt(name):
    if name not in _MADE:
        _MADE[name] = make(name, 0, len(POINTS))
        _MADE[name].fit(POINTS, TARGETS)
    return _MADE[name]


@pytest.mark.parametrize("name", REGRESSORS)
def test_each_learns(name):
    shape = _learnt(name).predict(POINTS[:4]).shape
    assert shape == (4, 3)
    inside = 0.2 + 0.6 * np.random.default_rng(2).random((60, 3))
    error = np.abs(_learnt(name).predict(inside)[:, 0] - np.sin(5 * inside[:, 0])).mean()
    assert error < 0.35  # a constant is off by 0.6


def test_the_default_is_one_of_them():
    assert DEFAULT in REGRESSORS


def test_an_unknown_regressor_and_a_kernel_of_other_dimensions_are_refused():
    with pytest.raises(InputError, match="'svm': choose from gp, extra-trees, nearest"):
        make("svm", 0, 9)
    with pytest.raises(InputError, match="the kernel has 3 numbers, for 3 columns"):
        GaussianProcess(kernel=(1.0, 0.5, 0.1)).fit(POINTS, TARGETS)
