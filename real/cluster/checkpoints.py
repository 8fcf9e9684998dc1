"""Checkpoints: the state of a training on the disk.

Owns the form of the file: the output of `torch.save` and its digest, written completely or not at
all. Must not know what is in a state, or when to save it.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping
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
    files.write(path, _sealed(_written(dict(state))))


class NotPlainError(InputError):
    """A checkpoint is whole, but holds more than plain data: saving it again does not help."""


def load(path: Path, device: str = "cpu") -> dict[str, Any]:
    """Return the state at `path`, its tensors on `device`; nothing in the file is executed.

    Raises
    ------
    NotPlainError
        The file holds more than plain data.
    InputError
        The file is missing or damaged.

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
        state: dict[str, Any] = _read(payload, device)
    except Exception as error:
        raise NotPlainError(
            f"{path} holds more than plain data ({type(error).__name__}): {remedy}"
        ) from error
    return state


def copied(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return `state` as a checkpoint would return it, its tensors on the CPU.

    Raises
    ------
    Exception
        Of any class: it cannot be saved or read back.

    """
    copy: dict[str, Any] = _read(_written(dict(state)), "cpu")
    return copy


def culprit(state: object, place: str = "") -> str | None:
    """Return the first part of a state that cannot be read back, and where; None if all can be.

    >>> culprit({"epoch": 1, "model": {"w": torch.zeros(2), "s": [1.0, Path("a")]}})
    "a pathlib.PosixPath at ['model']['s'][1]"
    """
    try:
        _read(_written(state), "cpu")
    except Exception:  # noqa: BLE001  of any class, see `load`
        parts: Iterable[tuple[Any, Any]] = ()
        if isinstance(state, Mapping):
            parts = state.items()
        elif isinstance(state, list | tuple):
            parts = enumerate(state)
        found = (culprit(part, f"{place}[{key!r}]") for key, part in parts)
        inner = next(filter(None, found), None)
        kind = type(state)
        package = "" if kind.__module__ == "builtins" else f"{kind.__module__.partition('.')[0]}."
        return inner or f"a {package}{kind.__name__} at {place or 'its top'}"
    return None


def _written(state: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(state, buffer)
    return buffer.getvalue()


def _read(payload: bytes, device: str) -> Any:
    return torch.load(io.BytesIO(payload), map_location=device, weights_only=True)


def _sealed(payload: bytes) -> bytes:
    return payload + sha256(payload).digest()
