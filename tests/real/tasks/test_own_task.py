"""The example of docs/own-task.md keeps the laws that the page states."""

import math
import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from learning_curves.spaces import space
from real.cluster import checkpoints
from real.tasks import data
from real.tasks.recipe import Recipe

PAGE = Path(__file__).parents[3] / "docs" / "own-task.md"
CONFIG = {
    "num_hiddens_1": 64,
    "num_hiddens_2": 48,
    "dropout_1": 0.3,
    "dropout_2": 0.1,
    "learning_rate": 0.1,
    "batch_size": 32,
}
OTHERS = {
    "num_hiddens_1": 65,
    "num_hiddens_2": 47,
    "dropout_1": 0.2,
    "dropout_2": 0.2,
    "learning_rate": 0.12,
    "batch_size": 33,
}


@pytest.fixture
def recipe(tmp_path, monkeypatch):
    page = PAGE.read_text(encoding="utf-8")
    [code] = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    assert "Save this as `dropout_mlp.py`" in page
    (tmp_path / "dropout_mlp.py").write_text(code, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.setenv(data.VARIABLE, str(data.SUBSET))
    yield Recipe("dropout_mlp:DropoutMLP")
    sys.modules.pop("dropout_mlp", None)


def losses(task, config=CONFIG, seed=0, epochs=3):
    trainer = task.trainer(config, seed)
    return [trainer.train_epoch() for _ in range(epochs)]


def same(ours, theirs):
    """Compare two states, down to the bits of their tensors."""
    if isinstance(ours, dict):
        return ours.keys() == theirs.keys() and all(same(ours[key], theirs[key]) for key in ours)
    return torch.equal(ours, theirs) if isinstance(ours, torch.Tensor) else ours == theirs


def test_it_is_the_task_of_the_exercise(recipe):
    task = recipe()
    assert set(task.space) == set(CONFIG)
    assert task.r_max == 50
    model = task.trainer(CONFIG, seed=0).model
    assert [tuple(parameter.shape) for parameter in model.parameters()] == [
        *[(64, 784), (64,)],
        *[(48, 64), (48,)],
        *[(10, 48), (10,)],
    ]


def test_it_learns(recipe):
    errors = losses(recipe(), epochs=8)
    assert errors[-1] < min(0.35, errors[0] - 0.1)


def test_a_training_through_checkpoints_is_the_training_in_one_go(recipe, tmp_path):
    with torch.random.fork_rng():
        torch.manual_seed(1)
        whole = recipe().trainer(CONFIG, seed=4)
        expected = [whole.train_epoch() for _ in range(3)]
        errors, path = [], tmp_path / "trial-0.pt"
        for epoch in range(3):
            torch.manual_seed(2 + epoch)  # the global generator has no part in it
            trainer = recipe().trainer(CONFIG, seed=4)
            if path.exists():
                trainer.load_state_dict(checkpoints.load(path))
            errors.append(trainer.train_epoch())
            checkpoints.save(path, trainer.state_dict())
    assert errors == expected
    assert same(checkpoints.load(path), whole.state_dict())


def test_the_state_is_a_copy(recipe):
    trainer = recipe().trainer(CONFIG, seed=0)
    trainer.train_epoch()
    state, again = trainer.state_dict(), trainer.state_dict()
    expected = trainer.train_epoch()
    assert same(state, again)
    assert not same(state, trainer.state_dict())
    trainer.load_state_dict(state)
    assert trainer.train_epoch() == expected


def test_the_config_and_the_seed_alone_decide(recipe):
    task = recipe()
    expected = losses(task)
    assert losses(task, seed=1) != expected
    assert losses(recipe()) == expected


@pytest.mark.parametrize("name", OTHERS)
def test_each_hyperparameter_matters(recipe, name):
    task = recipe()
    assert losses(task, CONFIG | {name: OTHERS[name]}) != losses(task)


def test_every_config_of_the_space_trains_or_diverges(recipe):
    task = recipe()
    for config in space.sample(task.space, np.random.default_rng(0), 12):
        for error in losses(task, config, epochs=2):
            assert 0 <= error <= 1 or math.isnan(error)


def test_divergence_is_told(recipe):
    assert math.isnan(losses(recipe(), CONFIG | {"learning_rate": 1e6})[-1])


def test_dropout_keeps_the_mean_in_training_and_everything_else_in_validation(recipe):
    recipe()
    n = 1_000_000
    layer = sys.modules["dropout_mlp"].Dropout(0.3, torch.Generator().manual_seed(0))
    values = layer(torch.ones(n))
    dropped = (values == 0).double().mean().item()
    assert abs(dropped - 0.3) < 4 * math.sqrt(0.3 * 0.7 / n)  # four standard errors
    assert values.unique().tolist() == pytest.approx([0, 1 / 0.7])
    assert torch.equal(layer.eval()(torch.ones(n)), torch.ones(n))
