"""The options of commands that train: on which data, on which device.

Owns their names, and the check that torch is there. Must not import torch before it is asked to.
"""

from __future__ import annotations

import argparse

from learning_curves.errors import InputError


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add where the images come from, and where training happens."""
    parser.add_argument(
        "--device", choices=["cpu", "cuda", "mps"], default="cpu", help="the device to train on"
    )
    parser.add_argument(
        "--data",
        choices=["auto", "full", "subset"],
        default="auto",
        help="Fashion-MNIST, its small shipped subset, or the full one if it is found (auto)",
    )
    parser.add_argument(
        "--validate-on",
        choices=["validation", "test"],
        default="validation",
        help="a sixth of the training images, or the test images as in Dive into Deep Learning",
    )


def check(device: str) -> None:
    """Raise unless torch is there, and sees this kind of device.

    Raises
    ------
    InputError
        It is missing or does not; the message says what to do.

    """
    try:
        import torch  # noqa: PLC0415 - see the file's law
    except ModuleNotFoundError as error:
        raise InputError("torch is not installed: pip install 'torch>=2.5,<2.14'") from error
    found = {"cuda": torch.cuda, "mps": torch.backends.mps}
    if device in found and not found[device].is_available():
        raise InputError(f"--device {device}: torch finds no such device: use --device cpu")
