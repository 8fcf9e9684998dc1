import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from real.tasks import models


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_softmax_regression_starts_as_a_linear_layer_of_torch_does():
    with torch.random.fork_rng():
        torch.manual_seed(7)
        theirs = nn.Linear(784, 10)
    ours = models.softmax_regression(generator(7))
    assert torch.equal(ours[1].weight, theirs.weight)
    assert torch.equal(ours[1].bias, theirs.bias)


def test_softmax_regression_is_a_linear_map_of_the_pixels():
    model = models.softmax_regression(generator())
    images = torch.rand(5, 1, 28, 28, generator=generator(1))
    expected = images.reshape(5, 784) @ model[1].weight.T + model[1].bias
    torch.testing.assert_close(model(images), expected)


def test_lenet_is_the_network_of_the_book():
    # Dive into Deep Learning, sec. 7.6: its layers, written out once more with functions.
    model = models.lenet(generator())
    w = [parameter for _, parameter in model.named_parameters()]
    images = torch.rand(5, 1, 28, 28, generator=generator(1))
    hidden = functional.avg_pool2d(functional.conv2d(images, w[0], w[1], padding=2).sigmoid(), 2)
    assert hidden.shape == (5, 6, 14, 14)
    hidden = functional.avg_pool2d(functional.conv2d(hidden, w[2], w[3]).sigmoid(), 2)
    assert hidden.shape == (5, 16, 5, 5)
    hidden = (hidden.reshape(5, 400) @ w[4].T + w[5]).sigmoid()
    hidden = (hidden @ w[6].T + w[7]).sigmoid()
    torch.testing.assert_close(model(images), hidden @ w[8].T + w[9])
    assert [len(tensor) for tensor in w[1::2]] == [6, 16, 120, 84, 10]


def test_lenet_is_drawn_as_torch_draws_xavier():
    model, draws = models.lenet(generator(3)), generator(3)
    for layer in model:
        if not isinstance(layer, nn.Linear | nn.Conv2d):
            continue
        expected = nn.init.xavier_uniform_(torch.empty_like(layer.weight), generator=draws)
        assert torch.equal(layer.weight, expected)
        bound = 1 / math.sqrt(layer.weight[0].numel())
        assert torch.equal(
            layer.bias, torch.empty_like(layer.bias).uniform_(-bound, bound, generator=draws)
        )


@pytest.mark.parametrize("build", [models.softmax_regression, models.lenet])
def test_weights_come_from_the_generator_alone(build):
    before = torch.get_rng_state()
    first = build(generator(0)).state_dict()
    assert torch.equal(torch.get_rng_state(), before)
    with torch.random.fork_rng():
        torch.manual_seed(123)
        again = build(generator(0)).state_dict()
    other = build(generator(1)).state_dict()
    for name, weight in first.items():
        assert torch.equal(weight, again[name])
        assert not torch.equal(weight, other[name])
        assert weight.requires_grad is False  # of the state dict; the parameters do:
    assert all(parameter.requires_grad for parameter in build(generator(0)).parameters())
