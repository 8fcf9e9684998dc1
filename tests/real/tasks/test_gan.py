"""The GAN on a Gaussian: its distance from the truth, and the laws of a task."""

import math
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import linalg

from learning_curves.blackbox import RecordedCurve
from learning_curves.errors import InputError
from real import check_task, results
from real.cluster import checkpoints
from real.live import LiveExperiment
from real.tasks import gan, task
from sim.schedulers import Trial
from sim.traces.replay import Lived
from sim.traces.trace import Trace, frame

BOOK = {
    "discriminator_learning_rate": 0.05,
    "generator_learning_rate": 0.005,
    "batch_size": 8,
}
FAST = BOOK | {"batch_size": 100}
A, B = np.array([[1, 2], [-0.1, 0.5]]), np.array([1.0, 2.0])


def by_matrix_roots(mix, shift, other_mix, other_shift):
    """Return the square of the distance by its definition on covariances."""
    ours, theirs = mix.T @ mix, other_mix.T @ other_mix
    root = linalg.sqrtm(theirs)
    shared = np.real(linalg.sqrtm(root @ ours @ root))
    return np.sum((shift - other_shift) ** 2) + np.trace(ours + theirs - 2 * shared)


@given(st.integers(0, 2**32 - 1))
def test_the_closed_form_is_that_of_matrix_roots(seed):
    draw = np.random.default_rng(seed)
    mix, other = draw.normal(size=(2, 2, 2))
    shift, other_shift = draw.normal(size=(2, 2))
    found = gan.wasserstein(mix, shift, other, other_shift)
    assert found**2 == pytest.approx(by_matrix_roots(mix, shift, other, other_shift), abs=1e-6)
    assert found == pytest.approx(gan.wasserstein(other, other_shift, mix, shift))


def test_the_distance_of_a_point_by_hand():
    # A point at the origin: |b|² + tr(A'A) = 1 + 4 + (1 + 4 + 0.01 + 0.25) = 10.26.
    zero = np.zeros((2, 2))
    assert gan.wasserstein(zero, np.zeros(2), A, B) == pytest.approx(math.sqrt(10.26))


def test_a_rotated_latent_is_the_same_distribution():
    turn = np.array([[0.6, 0.8], [-0.8, 0.6]])
    assert gan.wasserstein(turn @ A, B, A, B) == pytest.approx(0, abs=1e-7)
    assert gan.wasserstein(np.full((2, 2), np.nan), B, A, B) == math.inf


def test_the_distance_of_a_trainer_is_of_what_its_generator_makes():
    trainer = task.build("gan").trainer(BOOK, seed=0)
    for parameter, values in zip(trainer.generator.parameters(), (A.T, B), strict=True):
        parameter.data = torch.tensor(values, dtype=torch.float32)
    assert trainer.distance() == pytest.approx(0, abs=1e-3)
    z = torch.randn(3, 2, generator=torch.Generator().manual_seed(0))
    made = trainer.generator(z).detach().numpy()
    assert made == pytest.approx(z.numpy() @ A + B, abs=1e-5)


def test_it_keeps_the_laws_of_a_task():
    results = check_task("gan", configs=[FAST, FAST | {"batch_size": 64}], epochs=3)
    assert [each.note for each in results] == [""] * len(results)


def test_a_training_through_checkpoints_is_the_training_in_one_go(tmp_path):
    built = task.build("gan")
    whole = built.trainer(FAST, seed=4)
    expected = [whole.train_epoch() for _ in range(4)]
    losses, path = [], tmp_path / "trial-0.pt"
    for _ in range(4):
        trainer = built.trainer(FAST, seed=4)
        if path.exists():
            trainer.load_state_dict(checkpoints.load(path))
        losses.append(trainer.train_epoch())
        checkpoints.save(path, trainer.state_dict())
    assert losses == expected


def test_the_settings_of_the_book_learn():
    trainer = task.build("gan").trainer(BOOK, seed=0)
    distances = [trainer.train_epoch() for _ in range(8)]
    assert all(later < earlier for earlier, later in pairwise(distances))
    assert distances[-1] < 0.5 * distances[0]


@pytest.mark.parametrize("name", BOOK)
def test_each_hyperparameter_matters(name):
    built = task.build("gan")
    other = FAST | {name: FAST[name] * 2}
    ours, theirs = (built.trainer(config, 0) for config in (FAST, other))
    assert [ours.train_epoch() for _ in range(2)] != [theirs.train_epoch() for _ in range(2)]


def test_divergence_is_told():
    trainer = task.build("gan").trainer(FAST, seed=0)
    trainer.generator.bias.data[0] = math.nan
    assert trainer.train_epoch() == math.inf


def test_the_state_of_another_config_is_refused():
    built = task.build("gan")
    state = built.trainer(FAST | {"batch_size": 99}, 0).state_dict()
    with pytest.raises(ValueError, match="99"):
        built.trainer(FAST, 0).load_state_dict(state)


@pytest.mark.parametrize("options", [{"source": "subset"}, {"validate_on": "test"}])
def test_it_has_no_images(options):
    with pytest.raises(InputError, match="leave out --data and --validate-on"):
        task.build("gan", **options)


def test_the_table_of_a_live_run_says_what_its_losses_are():
    curve = RecordedCurve((2.5,) * 20, (1.0,) * 20)
    lived = Lived(Trace(frame(b""), 1, 20, 1.0, 1.0), {0: (Trial(0, BOOK), curve)}, pd.DataFrame())
    made = results.table(LiveExperiment(task="gan"), gan.build(), lived)
    assert made.metric == "Wasserstein distance"
