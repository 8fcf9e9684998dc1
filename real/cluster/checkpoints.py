"""Checkpoints: the state of a training on the disk.

Owns the form of the file: the output of `torch.save` and its digest, written completely or not at
all. Must not know what is in a state, or when to save it.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch

from learning_curves import files
from learning_curves.errors import InputError

_DIGEST_SIZE = 32  # bytes, at the end of the file


def save(path: Path, state: Mapping[str, Any]) -> None:
    """Write `state` to `path`; a crash leaves the old checkpoint or the new one, whole.

    Parameters
    ----------
    path
        In a folder that exists. One writer at a time.
    state
        What `Trainer.state_dict` returns: tensors, numbers, strings, lists and dicts of these.

    Raises
    ------
    OSError
        The file cannot be written.

    """
    buffer = io.BytesIO()
    torch.save(dict(state), buffer)
    files.write(path, _sealed(buffer.getvalue()))


def load(path: Path, device: str = "cpu") -> dict[str, Any]:
    """Return the state at `path`, its tensors on `device`; nothing in the file is executed.

    Raises
    ------
    InputError
        The file is missing, damaged, or holds more than plain data.

    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: no checkpoint can be read ({error.strerror})") from error
    payload = content[:-_DIGEST_SIZE]
    remedy = "delete it, to start the training from epoch 0"
    if _sealed(payload) != content:  # torch itself would not notice every flipped bit
        raise InputError(f"{path} is not a complete checkpoint: {remedy}")
    try:
        state: dict[str, Any] = torch.load(
            io.BytesIO(payload), map_location=device, weights_only=True
        )
    except Exception as error:
        raise InputError(
            f"{path} holds more than plain data ({type(error).__name__}): {remedy}"
        ) from error
    return state


def _sealed(payload: bytes) -> bytes:
    return payload + sha256(payload).digest()
