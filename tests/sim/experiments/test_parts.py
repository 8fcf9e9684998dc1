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
    sent = pickle.dumps(parts.kept([BASE, replace(BASE, r_max=4)]))
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
    with parts.adopted(pickle.loads(sent), "its digest"):  # noqa: S301  our own
        there = parts.source(BASE)
        assert parts.source(replace(BASE, r_max=4)) is there
    assert there is not fitted
    for seed in (0, 7, 2**32 + 5):
        assert there.curve(config, seed) == fitted.curve(config, seed)
    there.foresee([config] * 3, [1, 2, 3])
    assert there.curve(config, 2) == fitted.curve(config, 2)


def test_a_table_is_sent_in_place_of_its_file(tmp_path):
    rows = "config_id,lr,seed,epoch,validation_error,seconds\n0,0.1,0,1,{},1.0\n"
    mine, config = tmp_path / "mine.csv", {"lr": 0.1}
    mine.write_text(rows.format(0.5))
    one = replace(BASE, curves=str(mine))
    sent = pickle.dumps(parts.kept([one]))
    mine.unlink()  # on the other machine there is none, and then another one
    for _ in range(2):
        with parts.adopted(pickle.loads(sent), "its digest"):  # noqa: S301  our own
            assert parts.source(one).curve(config, 0).losses(0, 1) == (0.5,)
        mine.write_text(rows.format(0.25))
        assert parts.source(one).curve(config, 0).losses(0, 1) == (0.25,)


def test_a_table_for_each_seed_is_sent(tmp_path):
    for seed in (3, 4):
        rows = "config_id,lr,seed,epoch,validation_error,seconds\n0,0.1,0,1,0.5,1.0\n"
        (tmp_path / f"mine-{seed}.csv").write_text(rows)
    seeded = [replace(BASE, curves=f"{tmp_path}/mine-{{seed}}.csv", seed=seed) for seed in (3, 4)]
    assert list(parts.kept(seeded)) == [f"{tmp_path}/mine-{seed}.csv" for seed in (3, 4)]


def test_other_curves_are_not_sent():
    others = ("lenet-fashion-mnist", "power-law", "bowl:problem={seed}")
    assert parts.kept(replace(BASE, curves=each) for each in others) == {}
