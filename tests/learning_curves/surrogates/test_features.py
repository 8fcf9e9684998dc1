"""Features: numbers on the scale of their prior, strings a column each."""

import pytest
from scipy import stats

from learning_curves.spaces.distributions import Weighted, lograndint
from learning_curves.surrogates.features import features

SPACE = {
    "lr": stats.loguniform(1e-4, 1.0),
    "units": lograndint(1, 1025),
    "layers": [4, 1, 2],
    "act": Weighted(("relu", "tanh", "gelu"), (1, 1, 2)),
    "bias": [True, False],
    "epochs": 16,
}


def test_each_kind_of_hyperparameter_becomes_its_columns():
    config = {"lr": 0.01, "units": 32, "layers": 4, "act": "tanh", "bias": True, "epochs": 16}
    (row,) = features(SPACE, [config]).tolist()
    lr, units, layers, *act, bias = row
    assert lr == pytest.approx(0.5)  # half-way from 1e-4 to 1 by its logarithm
    # From 1/2 to 1024.5 by its logarithm: log(32 / 0.5) / log(1024.5 / 0.5) = 4.159 / 7.625
    assert units == pytest.approx(0.5454, abs=0.0005)
    assert layers == pytest.approx(5 / 6)  # the greatest of three, in the middle of its third
    assert act == [0.0, 1.0, 0.0]
    assert bias == pytest.approx(0.75)  # True is greater than False


def test_a_space_of_constants_has_one_column_that_says_nothing():
    assert features({"epochs": 16}, [{"epochs": 16}] * 3).tolist() == [[0.0]] * 3


def test_a_config_that_is_no_member_is_an_error():
    with pytest.raises(KeyError):
        features(SPACE, [{"lr": 0.01}])
    with pytest.raises(ValueError, match="is not in"):
        features({"act": ["relu", "tanh"]}, [{"act": "elu"}])
