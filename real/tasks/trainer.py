"""The training of one config, epoch by epoch.

Owns the loop, its state and the law that stopping and resuming does not change a training, to the
last bit. Must not know clocks, files or the scheduler.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from learning_curves import streams

VALIDATION_BATCH = 1000  # images; bounds the memory of a validation pass


@dataclass(frozen=True, slots=True)
class Batch:
    """Images (n, 1, 28, 28) float32 and labels (n,) int64, on the device they are used on."""

    images: torch.Tensor
    labels: torch.Tensor

    def __len__(self) -> int:
        return len(self.labels)


def stream(seed: int, purpose: str) -> torch.Generator:
    """Return the CPU generator of one purpose of a training of this seed.

    >>> stream(0, "weights").initial_seed() == stream(0, "minibatches").initial_seed()
    False
    """
    return torch.Generator().manual_seed(streams.integer(seed, purpose))


class SGDTrainer:
    """Minibatch stochastic gradient descent on the cross-entropy, without momentum.

    Parameters
    ----------
    model
        Maps images (B, 1, 28, 28) to logits (B, 10); on the device of the data.
    train, validation
        The training and the validation images.
    learning_rate
        > 0.
    batch_size
        Images per step, >= 1; the last step of an epoch may have fewer.
    generator
        A CPU generator; gives the order of the images in each epoch.

    """

    def __init__(
        self,
        model: nn.Module,
        train: Batch,
        validation: Batch,
        *,
        learning_rate: float,
        batch_size: int,
        generator: torch.Generator,
    ) -> None:
        self.model = model
        self.train = train
        self.validation = validation
        self.batch_size = batch_size
        self.generator = generator
        self.optimiser = torch.optim.SGD(model.parameters(), lr=learning_rate)
        self.epoch = 0

    def train_epoch(self) -> float:
        """Train one more epoch and return the validation error after it, in [0, 1].

        It is `inf` where the training has diverged: a loss or a logit is not finite.
        """
        self.model.train()
        device = self.train.labels.device
        order = torch.randperm(len(self.train), generator=self.generator).to(device)
        sum_of_losses = torch.zeros((), device=device)
        for first in range(0, len(order), self.batch_size):
            indices = order[first : first + self.batch_size]  # (B,)
            images = self.train.images[indices]  # (B, 1, 28, 28)
            labels = self.train.labels[indices]  # (B,)
            logits = self.model(images)  # (B, 10)
            loss = functional.cross_entropy(logits, labels)  # ()
            self.optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call] # torch's annotation is missing
            self.optimiser.step()
            sum_of_losses += loss.detach()
        self.epoch += 1
        return self.validation_error() if bool(sum_of_losses.isfinite()) else math.inf

    @torch.no_grad()
    def validation_error(self) -> float:
        """Return the share of validation images misclassified; `inf` if a logit is not finite."""
        self.model.eval()
        n, device = len(self.validation), self.validation.labels.device
        errors = torch.zeros((), dtype=torch.int64, device=device)
        finite = torch.ones((), dtype=torch.bool, device=device)
        for first in range(0, n, VALIDATION_BATCH):
            images = self.validation.images[first : first + VALIDATION_BATCH]  # (B, 1, 28, 28)
            labels = self.validation.labels[first : first + VALIDATION_BATCH]  # (B,)
            logits = self.model(images)  # (B, 10)
            errors += (logits.argmax(dim=1) != labels).sum()
            finite &= logits.isfinite().all()
        return int(errors) / n if bool(finite) else math.inf

    def state_dict(self) -> dict[str, Any]:
        """Return a copy of all that the next epoch depends on, beyond what built the trainer."""
        return {
            "epoch": self.epoch,
            "batch_size": self.batch_size,
            "model": copy.deepcopy(self.model.state_dict()),
            "optimiser": copy.deepcopy(self.optimiser.state_dict()),
            "generator": self.generator.get_state(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue from `state`, which a trainer of the same config returned.

        Raises
        ------
        ValueError
            The state is of another learning rate or batch size; nothing is changed.

        """
        theirs = (state["optimiser"]["param_groups"][0]["lr"], state["batch_size"])
        ours = (self.optimiser.param_groups[0]["lr"], self.batch_size)
        if theirs != ours:
            raise ValueError(
                f"the state is of learning rate and batch size {theirs}, the trainer of {ours}"
            )
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.generator.set_state(state["generator"])
        self.epoch = state["epoch"]
