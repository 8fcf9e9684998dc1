"""The default target, against the losses that it is a quantile of."""

from dataclasses import replace

import numpy as np
import pytest

from learning_curves.errors import InputError
from sim.experiments import parts
from sim.experiments.experiment import Experiment
from sim.experiments.parts import source
from sim.experiments.target import default_target, loss_scale
from sim.jobs.limits import Limits

BASE = Experiment(curves="power-law", r_max=9, eta=3, seed=5, limits=Limits(max_epochs=60))


def test_a_tenth_of_the_configs_reach_the_target():
    experiment = Experiment(curves="softmax-fashion-mnist")
    table = source(experiment)
    for r_max in (16, 4):
        target = default_target(replace(experiment, r_max=r_max))
        losses = [table.curve(each, 0).losses(0, r_max)[-1] for each in table.configs]
        assert 0.1 <= np.mean(np.array(losses) <= target) <= 0.11
    # Other seconds are no other losses.
    assert default_target(replace(experiment, seconds="d2l-gpu")) == default_target(experiment)
    assert 0.1 < default_target(BASE) == default_target(BASE) < 0.2


def test_where_nearly_all_diverge_a_target_must_be_given(tmp_path):
    rows = [f"{i},{i},0,1,{'inf' if i else 0.5},1.0" for i in range(20)]
    path = tmp_path / "diverging.csv"
    path.write_text("\n".join(["config_id,lr,seed,epoch,validation_error,seconds", *rows]) + "\n")
    with pytest.raises(InputError, match="give a --target"):
        default_target(Experiment(curves=str(path)))


def test_adopted_curves_are_looked_at_in_place_of_a_file(tmp_path):
    path = tmp_path / "mine.csv"
    one = Experiment(curves=str(path))
    sent = {}
    for loss in (0.5, 0.25):
        path.write_text(f"config_id,lr,seed,epoch,validation_error,seconds\n0,0.1,0,1,{loss},1.0\n")
        sent[loss] = parts.kept([one])
    path.unlink()  # as on a machine that was sent the curves
    for loss, curves in sent.items():
        with parts.adopted(curves, f"digest of {loss}"):
            assert default_target(one) == loss
            assert loss_scale(one) == (loss, loss)
