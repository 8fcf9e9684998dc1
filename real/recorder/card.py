"""The card of a recording: where and how its numbers were measured.

Owns what a recorder says in a card, and the judgement whether two cards are of one recording. Must
not know a card's form on the disk (`learning_curves.tables.card`) or how training is done.
"""

from __future__ import annotations

import datetime as dt
import platform
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from learning_curves.errors import InputError
from learning_curves.tables.card import Card

_RECORDING = ("seed", "device", "clock", "threads")  # must agree, as must task, space, r_max
_MACHINE = ("processor", "torch", "python", "numpy")  # may change on the way

_ONE_SEED = "one seed: the variation of a config's curve between trainings is unknown"
_SECONDS = {
    "cpu": (
        "seconds are processor seconds of one thread, not of the wall clock; other work on the "
        "machine still lengthens them, through shared caches and memory"
    ),
    "wall": "seconds are of the wall clock and include the effect of all other work on the machine",
}


def known_flaws(clock: str, seeds: int) -> list[str]:
    """Return what is wrong with any table recorded by this clock and number of seeds.

    >>> len(known_flaws("wall", seeds=1)) - len(known_flaws("wall", seeds=2))
    1
    """
    return [_SECONDS[clock], *([_ONE_SEED] if seeds == 1 else [])]


def machine(device: str) -> dict[str, str]:
    """Return what this machine adds to the card: processor, versions and today's date."""
    return {
        "processor": _processor(device),
        "torch": str(torch.__version__),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "date": dt.datetime.now(tz=dt.UTC).date().isoformat(),
    }


def _processor(device: str) -> str:
    if device.startswith("cuda"):
        return torch.cuda.get_device_name(device)
    cpuinfo = Path("/proc/cpuinfo")
    if device == "cpu" and cpuinfo.is_file():
        for line in cpuinfo.read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def check_same(path: Path, old: Card, new: Card) -> None:
    """Raise unless `old`, found at `path`, is of the recording that `new` would begin.

    How many configs and seeds were asked for may differ, and so may the machine.

    Raises
    ------
    InputError
        A value differs that the numbers depend on; the message names the first one.

    """
    for name, theirs, ours in _differences(_identity(old), _identity(new)):
        raise InputError(
            f"{path}: recorded with {name} = {theirs!r}, not {ours!r}: "
            "record under another name with --out"
        )


def carry_on(old: Card, new: Card) -> Card:
    """Return the card for resuming the recording of `old` as `new`.

    A change of machine or version is added to the known flaws; flaws that a person added are kept.
    """
    flaws = [*new.known_flaws]
    flaws += [flaw for flaw in old.known_flaws if flaw != _ONE_SEED or len(new.seeds) == 1]
    flaws += [
        f"started with {name} {theirs}, continued with {name} {ours}"
        for name, theirs, ours in _differences(
            {key: old.recording.get(key) for key in _MACHINE},
            {key: new.recording.get(key) for key in _MACHINE},
        )
    ]
    begun = {"date": old.recording["date"]} if "date" in old.recording else {}
    return replace(
        new,
        recording={**new.recording, **begun},
        known_flaws=tuple(dict.fromkeys(flaws)),  # each once
    )


def mark(card: Card, *, finished: bool) -> Card:
    """Return the card that says whether the table beside it is whole."""
    return replace(card, recording={**card.recording, "finished": finished})


def _identity(card: Card) -> dict[str, Any]:
    return {
        "r_max": card.r_max,
        "train_examples": card.train_examples,
        **{f"space.{name}": domain for name, domain in card.space.items()},
        "space": list(card.space),
        **{f"task.{key}": value for key, value in card.task.items()},
        **{f"recording.{key}": card.recording.get(key) for key in _RECORDING},
    }


def _differences(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    return [
        (name, old.get(name), new.get(name))
        for name in dict.fromkeys([*new, *old])
        if old.get(name) != new.get(name)
    ]
