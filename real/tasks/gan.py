"""A generative adversarial network (GAN) on a Gaussian of the plane.

Owns the GAN of Dive into Deep Learning, sec. 20.1: its data, its training, and the exact distance
of its generator from the truth. Must not know clocks, files or the scheduler.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeAlias

import numpy as np
import numpy.typing as npt
import torch
from scipy import stats
from torch import nn
from torch.nn import functional

from learning_curves.spaces.space import Config, Space
from real.tasks.trainer import stream

_MIX = ((1.0, 2.0), (-0.1, 0.5))  # A of the book: x = z A + b, with z and x as rows
_SHIFT = (1.0, 2.0)  # b of the book
_EXAMPLES = 1000
_DATA_SEED = 0  # the data is the same for every config and seed
_LATENT = 2  # numbers that the generator makes an example of
_SCALE = 0.02  # standard deviation of all initial parameters, the biases among them


Floats: TypeAlias = npt.NDArray[np.float64]


def wasserstein(mix: Floats, shift: Floats, other_mix: Floats, other_shift: Floats) -> float:
    """Return the 2-Wasserstein distance of z A + b from z C + d, z a standard normal row.

    Both are Gaussian, with covariances A'A and C'C. The square of the distance is
    |b - d|² + tr(A'A + C'C - 2 (S A'A S)^½), S = (C'C)^½ (Dowson and Landau, 1982). The trace of
    the root is the sum of the singular values of A C', so that no root of a matrix is taken.

    Parameters
    ----------
    mix, shift
        A, shape (k, n), and b, shape (n,).
    other_mix, other_shift
        C, shape (l, n), and d, shape (n,).

    Examples
    --------
    >>> import numpy as np
    >>> wasserstein(np.eye(2), np.zeros(2), 3 * np.eye(2), np.array([1.0, 0.0]))
    3.0

    The means are 1 apart, and the standard deviations 2 along each of the two axes:
    1 + 4 + 4 = 3².

    """
    apart = shift - other_shift
    values = [mix, shift, other_mix, other_shift]
    if not all(np.isfinite(value).all() for value in values):
        return math.inf
    shared = np.linalg.svd(mix @ other_mix.T, compute_uv=False).sum()
    square = apart @ apart + (mix**2).sum() + (other_mix**2).sum() - 2 * shared
    return math.sqrt(max(float(square), 0.0))  # below 0 by rounding only


@dataclass(frozen=True, slots=True)
class GAN:
    """The GAN of Dive into Deep Learning, sec. 20.1, as a task.

    Parameters
    ----------
    train
        The examples, shape (1000, 2), float32, on the device that trains.

    """

    train: torch.Tensor

    name: ClassVar[str] = "gan"
    title: ClassVar[str] = "GAN on a Gaussian of the plane"
    metric: ClassVar[str] = "Wasserstein distance"
    r_max: ClassVar[int] = 20
    whole_data: ClassVar[bool] = True
    space: ClassVar[Space] = {
        "discriminator_learning_rate": stats.loguniform(1e-3, 1.0),  # the book: 0.05
        "generator_learning_rate": stats.loguniform(1e-4, 1e-1),  # the book: 0.005
        "batch_size": stats.randint(4, 129),  # the book: 8; the upper end is never drawn
    }
    about: ClassVar[Mapping[str, str]] = {
        "name": "gan",
        "model": "generator: linear 2-2; discriminator: 2-5-3-1 with tanh",
        "data_set": "1000 draws of z A + b, A = [[1, 2], [-0.1, 0.5]], b = [1, 2], z standard "
        "normal",
        "split": "trained on all; the metric is exact and needs no examples",
        "optimiser": "Adam for each of the two networks, no schedule",
        "loss": "binary cross-entropy on logits, summed over the minibatch",
        "metric": "2-Wasserstein distance of the generator's Gaussian from the true one after the "
        "epoch",
    }

    def trainer(self, config: Config, seed: int) -> GANTrainer:
        """Return the training of `config`, at epoch 0."""
        return GANTrainer(
            self.train,
            discriminator_learning_rate=config["discriminator_learning_rate"],
            generator_learning_rate=config["generator_learning_rate"],
            batch_size=config["batch_size"],
            weights=stream(seed, "weights"),
            order=stream(seed, "minibatches"),
            latent=stream(seed, "latent"),
        )


def build(device: str = "cpu") -> GAN:
    """Return the task, its data on the device.

    >>> build().train.shape
    torch.Size([1000, 2])
    """
    z = torch.randn(_EXAMPLES, 2, generator=stream(_DATA_SEED, "gan data"))
    return GAN((z @ torch.tensor(_MIX) + torch.tensor(_SHIFT)).to(device))


class GANTrainer:
    """Adam on discriminator and generator in turn, on each minibatch.

    Parameters
    ----------
    train
        The examples, shape (n, 2).
    discriminator_learning_rate, generator_learning_rate
        > 0.
    batch_size
        Examples per step, >= 1; the last step of an epoch may have fewer.
    weights, order, latent
        CPU generators: of the initial parameters, of the order of the examples in each epoch, and
        of what the generator makes examples of.

    """

    def __init__(
        self,
        train: torch.Tensor,
        *,
        discriminator_learning_rate: float,
        generator_learning_rate: float,
        batch_size: int,
        weights: torch.Generator,
        order: torch.Generator,
        latent: torch.Generator,
    ) -> None:
        self.train = train
        self.batch_size = batch_size
        self.streams = {"order": order, "latent": latent}
        self.generator = nn.Linear(_LATENT, 2)
        self.discriminator = nn.Sequential(
            nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 3), nn.Tanh(), nn.Linear(3, 1)
        )
        rates = {
            "discriminator": discriminator_learning_rate,
            "generator": generator_learning_rate,
        }
        self.models = {"discriminator": self.discriminator, "generator": self.generator}
        self.optimisers: dict[str, torch.optim.Adam] = {}
        for name, model in self.models.items():
            for parameter in model.parameters():
                nn.init.normal_(parameter, 0.0, _SCALE, generator=weights)
            model.to(train.device)
            self.optimisers[name] = torch.optim.Adam(model.parameters(), lr=rates[name])

    def train_epoch(self) -> float:
        """Train one more epoch and return the distance of the generator from the truth, >= 0.

        It is `inf` where the training has diverged: a loss or a parameter is not finite.
        """
        n, device = len(self.train), self.train.device
        order = torch.randperm(n, generator=self.streams["order"]).to(device)
        latent = torch.randn(n, _LATENT, generator=self.streams["latent"]).to(device)
        sum_of_losses = torch.zeros((), device=device)
        for first in range(0, n, self.batch_size):
            last = first + self.batch_size
            real = self.train[order[first:last]]  # (B, 2)
            z = latent[first:last]  # (B, 2)
            sum_of_losses += self._update_discriminator(real, z)
            sum_of_losses += self._update_generator(z)
        return self.distance() if bool(sum_of_losses.isfinite()) else math.inf

    def _update_discriminator(self, real: torch.Tensor, z: torch.Tensor) -> torch.Tensor:
        with torch.no_grad():
            fake = self.generator(z)  # (B, 2)
        loss = (_loss(self.discriminator(real), 1.0) + _loss(self.discriminator(fake), 0.0)) / 2
        return self._step("discriminator", loss)

    def _update_generator(self, z: torch.Tensor) -> torch.Tensor:
        return self._step("generator", _loss(self.discriminator(self.generator(z)), 1.0))

    def _step(self, name: str, loss: torch.Tensor) -> torch.Tensor:
        self.optimisers[name].zero_grad()
        gradients = torch.autograd.grad(loss, list(self.models[name].parameters()))
        for parameter, gradient in zip(self.models[name].parameters(), gradients, strict=True):
            parameter.grad = gradient
        self.optimisers[name].step()
        return loss.detach()

    def distance(self) -> float:
        """Return the 2-Wasserstein distance of the generator's Gaussian from the true one."""
        weight, bias = (
            parameter.detach().cpu().numpy().astype(np.float64)
            for parameter in self.generator.parameters()
        )
        return wasserstein(weight.T, bias, np.array(_MIX), np.array(_SHIFT))

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of all that the next epoch depends on, beyond what built the trainer."""
        state = {
            "batch_size": self.batch_size,
            "models": {name: model.state_dict() for name, model in self.models.items()},
            "optimisers": {name: each.state_dict() for name, each in self.optimisers.items()},
            "streams": {name: each.get_state() for name, each in self.streams.items()},
        }
        return copy.deepcopy(state)

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from `state`, which a trainer of the same config returned.

        Raises
        ------
        ValueError
            The state is of other learning rates or another batch size; nothing is changed.

        """
        rates = [
            (state["optimisers"][name]["param_groups"][0]["lr"], each.param_groups[0]["lr"])
            for name, each in self.optimisers.items()
        ]
        theirs, ours = zip(*rates, (state["batch_size"], self.batch_size), strict=True)
        if theirs != ours:
            raise ValueError(
                f"the state is of learning rates and batch size {theirs}, the trainer of {ours}"
            )
        for name in self.models:
            self.models[name].load_state_dict(state["models"][name])
            self.optimisers[name].load_state_dict(state["optimisers"][name])
        for name, each in self.streams.items():
            each.set_state(state["streams"][name])


def _loss(logits: torch.Tensor, label: float) -> torch.Tensor:
    """Return the binary cross-entropy, shape (), of logits (B, 1) with this label."""
    labels = torch.full_like(logits, label)
    return functional.binary_cross_entropy_with_logits(logits, labels, reduction="sum")
