import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from real.tasks import models
from real.tasks.trainer import Batch, SGDTrainer


def examples(n, seed=0):
    draws = torch.Generator().manual_seed(seed)
    images = torch.rand(n, 1, 28, 28, generator=draws)
    labels = torch.randint(10, (n,), generator=draws)
    images[torch.arange(n), 0, labels] += 0.3  # the label is the brighter line
    return Batch(images, labels)


TRAIN, VALIDATION = examples(96), examples(32, seed=1)


def build(model=models.softmax_regression, learning_rate=0.05, batch_size=20, seed=0, train=TRAIN):
    return SGDTrainer(
        model(torch.Generator().manual_seed(seed)),
        train,
        VALIDATION,
        learning_rate=learning_rate,
        batch_size=batch_size,
        generator=torch.Generator().manual_seed(seed + 1000),
    )


def snapshot(trainer):
    return [parameter.detach().clone() for parameter in trainer.model.parameters()]


def same(ours, theirs):
    return all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


def test_an_epoch_is_minibatch_sgd_on_the_cross_entropy():
    trainer = build()
    weight, bias = (tensor.double().numpy() for tensor in snapshot(trainer))
    order = torch.randperm(96, generator=torch.Generator().manual_seed(1000)).numpy()
    pixels, labels = TRAIN.images.double().numpy().reshape(96, 784), TRAIN.labels.numpy()
    for batch in np.split(order, range(20, 96, 20)):  # 20, 20, 20, 20, 16
        logits = pixels[batch] @ weight.T + bias
        shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        gradient = (shares - np.eye(10)[labels[batch]]) / len(batch)  # of the mean loss
        weight -= 0.05 * gradient.T @ pixels[batch]
        bias -= 0.05 * gradient.sum(0)
    error = trainer.train_epoch()
    np.testing.assert_allclose(snapshot(trainer)[0].numpy(), weight, atol=1e-5)
    np.testing.assert_allclose(snapshot(trainer)[1].numpy(), bias, atol=1e-5)
    logits = VALIDATION.images.double().numpy().reshape(32, 784) @ weight.T + bias
    assert error == (logits.argmax(1) != VALIDATION.labels.numpy()).mean()


def test_an_epoch_uses_every_image_once_and_the_last_step_takes_what_is_left():
    trainer = build(batch_size=36)
    batches = []
    trainer.model.register_forward_pre_hook(
        lambda model, inputs: batches.append(inputs[0]) if model.training else None
    )
    trainer.train_epoch()
    assert [len(batch) for batch in batches] == [36, 36, 24]
    seen = sorted(image.numpy().tobytes() for image in torch.cat(batches))
    assert seen == sorted(image.numpy().tobytes() for image in TRAIN.images)
    first, batches[:] = torch.cat(batches), []
    trainer.train_epoch()
    assert not torch.equal(torch.cat(batches), first)  # another order


def test_training_learns():
    trainer = build(learning_rate=0.1)
    errors = [trainer.train_epoch() for _ in range(30)]
    assert errors[-1] < 0.5 < errors[0]


def test_the_global_generator_is_left_alone():
    before = torch.get_rng_state()
    build(models.lenet).train_epoch()
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("model", [models.softmax_regression, models.lenet])
@settings(max_examples=8, deadline=None)
@given(stops=st.lists(st.integers(0, 5), max_size=3), seed=st.integers(0, 3))
def test_a_training_stopped_and_carried_on_is_the_one_never_stopped(model, stops, seed):
    never = build(model, seed=seed)
    expected = [never.train_epoch() for _ in range(5)]
    trainer, errors = build(model, seed=seed), []
    for stop in [*sorted(stops), 5]:
        state = trainer.state_dict()
        trainer.train_epoch()  # what the stopped one does after is of no account
        trainer = build(model, seed=seed)
        trainer.load_state_dict(state)
        errors += [trainer.train_epoch() for _ in range(stop - trainer.epoch)]
    assert errors == expected
    assert trainer.epoch == 5
    assert same(snapshot(trainer), snapshot(never))


def test_a_resumed_training_needs_the_generator_in_its_state():
    # Guards the test above: the order of the images must matter to what is compared.
    trainer = build()
    trainer.train_epoch()
    state = trainer.state_dict()
    fresh = build().generator.get_state()
    other = build()
    other.load_state_dict(state | {"generator": fresh})
    trainer.train_epoch()
    other.train_epoch()
    assert not same(snapshot(trainer), snapshot(other))


def test_a_state_of_another_config_is_refused_and_changes_nothing():
    state = build(learning_rate=0.2).state_dict()
    trainer = build(learning_rate=0.1)
    before = snapshot(trainer)
    with pytest.raises(ValueError, match=r"\(0\.2, 20\), the trainer of \(0\.1, 20\)"):
        trainer.load_state_dict(state)
    with pytest.raises(ValueError, match=r"\(0\.1, 30\), the trainer of \(0\.1, 20\)"):
        trainer.load_state_dict(build(learning_rate=0.1, batch_size=30).state_dict())
    assert same(snapshot(trainer), before)
    assert trainer.optimiser.param_groups[0]["lr"] == 0.1
    assert trainer.epoch == 0


def test_a_diverged_training_is_infinitely_bad_for_good():
    trainer = build(learning_rate=1e38)
    assert [trainer.train_epoch() for _ in range(3)] == [math.inf] * 3


def test_one_loss_that_is_not_a_number_is_infinitely_bad():
    images = TRAIN.images.clone()
    images[5, 0, 0, 0] = math.nan
    assert build(train=Batch(images, TRAIN.labels)).train_epoch() == math.inf


def test_weights_spoilt_by_the_last_step_are_seen_in_validation():
    trainer = build(batch_size=96, learning_rate=1e38)  # one step, from a finite loss
    assert math.isfinite(trainer.validation_error())
    assert trainer.train_epoch() == math.inf


def test_an_infinite_loss_is_seen_though_the_weights_stay_finite():
    # The logits are -3e38 for the label and 3e38 for the others: finite, their difference is not.
    images = torch.zeros(1, 1, 28, 28)
    images[0, 0, 0, 0] = 3e38
    trainer = build(train=Batch(images, torch.tensor([0])), learning_rate=1e-44)
    with torch.no_grad():
        trainer.model[1].weight[:, 0] = torch.tensor([-1.0] + [1.0] * 9)
    assert trainer.train_epoch() == math.inf
    assert math.isfinite(trainer.validation_error())
