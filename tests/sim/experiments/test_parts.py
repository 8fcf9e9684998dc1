"""The curves of an experiment: a surrogate is fitted once, for all processes of a study."""

import pickle
from dataclasses import replace

import pytest

from learning_curves import sources
from learning_curves.errors import InputError
from sim.experiments import parts
from sim.experiments.experiment import Experiment

BASE = Experiment(curves="surrogate:lenet-fashion-mnist")


@pytest.fixture
def nothing_known(monkeypatch):
    monkeypatch.setattr(parts, "_surrogates", {})
    parts._source.cache_clear()
    yield
    parts._source.cache_clear()


@pytest.mark.usefixtures("nothing_known")
def test_a_surrogate_is_fitted_once_and_sent_to_other_processes(monkeypatch):
    fitted = parts.source(BASE)
    sent = pickle.dumps(parts.surrogates())
    monkeypatch.setattr(sources, "find", None)  # nothing can be fitted any more
    assert parts.source(replace(BASE, r_max=4)) is fitted
    recosted = parts.source(replace(BASE, seconds="d2l-gpu"))
    config = {"learning_rate": 0.3, "batch_size": 77}
    assert recosted.curve(config, 1).losses(0, 10) == fitted.curve(config, 1).losses(0, 10)
    with pytest.raises(InputError, match="end at epoch 10, before r_max 11: give at most 10"):
        parts.source(replace(BASE, r_max=11))
    # Another process
    monkeypatch.setattr(parts, "_surrogates", {})
    parts._source.cache_clear()
    parts.adopt(pickle.loads(sent))  # noqa: S301  our own
    there = parts.source(BASE)
    assert there is not fitted
    for seed in (0, 7, 2**32 + 5):
        assert there.curve(config, seed) == fitted.curve(config, seed)
    there.foresee([config] * 3, [1, 2, 3])
    assert there.curve(config, 2) == fitted.curve(config, 2)


@pytest.mark.usefixtures("nothing_known")
def test_other_curves_are_not_sent():
    parts.source(replace(BASE, curves="lenet-fashion-mnist"))
    parts.source(replace(BASE, curves="power-law"))
    assert parts.surrogates() == {}
