"""The check of a task by its name, for the command line.

Owns how the options of the command reach `real.tasks.check`. Must not import torch before it is
called.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from learning_curves.errors import InputError
from real.commands import torch_options

if TYPE_CHECKING:
    from learning_curves.laws import Checked

DEVICE = "device"
"""The one option that a task takes."""


def check(
    name: str, options: Mapping[str, Any], *, configs: int, epochs: int, seed: int
) -> Iterator[Checked]:
    """Return the result of each law of the task `name`, computed when it is asked for.

    Parameters
    ----------
    name
        ``"softmax"``, ``"lenet"``, ``"gan"`` or ``module:Class``.
    options
        ``{"device": "cuda"}``, or empty for the CPU.
    configs, epochs, seed
        See `real.tasks.check.check_task`.

    Raises
    ------
    InputError
        When this is called: there is no such task, it is not a task, an option or a number is out
        of range, or torch is missing.

    """
    for option in options:
        if option != DEVICE:
            raise InputError(f"a task has no option {option!r}: leave it out")
    device = str(options.get(DEVICE, "cpu"))
    torch_options.check(device)
    from real.tasks import check as tasks  # noqa: PLC0415 - it needs torch, see the file's law

    return tasks.results(name, configs=configs, epochs=epochs, seed=seed, device=device)
