"""The two models: softmax regression and LeNet.

Owns their layers and how their weights are drawn, all from a generator passed in, never from
torch's global one. Must not know data sets, optimisers or hyperparameters.
"""

from __future__ import annotations

import math

import torch
from torch import nn


def softmax_regression(generator: torch.Generator) -> nn.Module:
    """Return softmax regression (Dive into Deep Learning, sec. 4.5): (B, 1, 28, 28) -> (B, 10).

    Weights and biases are uniform on ±1/sqrt(784), torch's own default for a linear layer.

    >>> model = softmax_regression(torch.Generator().manual_seed(0))
    >>> sum(parameter.numel() for parameter in model.parameters())
    7850
    """
    model = nn.Sequential(nn.Flatten(), _linear(28 * 28, 10))  # (B, 784) -> (B, 10)
    for layer in model:
        if isinstance(layer, nn.Linear):
            _uniform(layer.weight, 1 / math.sqrt(layer.in_features), generator)
            _uniform(layer.bias, 1 / math.sqrt(layer.in_features), generator)
    return model


def lenet(generator: torch.Generator) -> nn.Module:
    """Return LeNet (LeCun et al. 1998) as in Dive into Deep Learning, sec. 7.6.

    It maps (B, 1, 28, 28) -> (B, 10), with sigmoids and average pooling. Weights are Xavier
    uniform; biases are uniform on ±1/sqrt(fan-in), torch's own default, as in the book.

    >>> model = lenet(torch.Generator().manual_seed(0))
    >>> model(torch.zeros(2, 1, 28, 28)).shape
    torch.Size([2, 10])
    >>> sum(parameter.numel() for parameter in model.parameters())
    61706
    """
    model = nn.Sequential(
        _convolution(1, 6, padding=2),
        nn.Sigmoid(),  # (B, 6, 28, 28)
        nn.AvgPool2d(kernel_size=2, stride=2),  # (B, 6, 14, 14)
        _convolution(6, 16, padding=0),
        nn.Sigmoid(),  # (B, 16, 10, 10)
        nn.AvgPool2d(kernel_size=2, stride=2),  # (B, 16, 5, 5)
        nn.Flatten(),  # (B, 400)
        _linear(16 * 5 * 5, 120),
        nn.Sigmoid(),  # (B, 120)
        _linear(120, 84),
        nn.Sigmoid(),  # (B, 84)
        _linear(84, 10),  # (B, 10)
    )
    for layer in model:
        if isinstance(layer, nn.Linear | nn.Conv2d):
            receptive = layer.weight[0, 0].numel()  # 25 for a 5 x 5 convolution, 1 for a linear one
            fan_in = layer.weight.shape[1] * receptive
            fan_out = layer.weight.shape[0] * receptive
            assert layer.bias is not None
            _uniform(layer.weight, math.sqrt(6 / (fan_in + fan_out)), generator)
            _uniform(layer.bias, 1 / math.sqrt(fan_in), generator)
    return model


# A layer on no device has no weights yet, so that none are drawn from the global generator.


def _linear(inputs: int, outputs: int) -> nn.Module:
    return nn.Linear(inputs, outputs, device="meta").to_empty(device="cpu")


def _convolution(inputs: int, outputs: int, padding: int) -> nn.Module:
    layer = nn.Conv2d(inputs, outputs, kernel_size=5, padding=padding, device="meta")
    return layer.to_empty(device="cpu")


def _uniform(parameter: torch.Tensor, bound: float, generator: torch.Generator) -> None:
    with torch.no_grad():
        parameter.uniform_(-bound, bound, generator=generator)
