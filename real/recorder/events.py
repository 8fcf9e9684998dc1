"""The messages of a recording while it runs.

Owns the messages between the workers, the recorder and the command. Must not import torch: the help
of the command must be fast.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from learning_curves.spaces.space import Config


@dataclass(frozen=True, slots=True)
class Order:
    """One curve to train: which config, from which seed, for how many epochs."""

    config_id: int
    config: Config
    seed: int
    r_max: int


@dataclass(frozen=True, slots=True)
class Begun:
    """How many curves the table holds already, and how many it lacks."""

    recorded: int
    missing: int


@dataclass(frozen=True, slots=True)
class Epoch:
    """The result of one epoch of an order: the validation error after it, and its seconds."""

    order: Order
    number: int
    error: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Failure:
    """An order that will not be finished, and why, in one line."""

    order: Order
    reason: str


Event: TypeAlias = Begun | Epoch | Failure
