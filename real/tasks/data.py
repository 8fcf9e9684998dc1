"""Fashion-MNIST (Xiao, Rasul and Vollgraf, 2017) as arrays, split for selection.

Owns where the four original files are looked for, how they are read, and which images are for
training and which for validation. Must not know models or torch.
"""

from __future__ import annotations

import gzip
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from learning_curves import streams
from learning_curves.errors import InputError, reading

Source: TypeAlias = Literal["auto", "full", "subset"]
"""Which files: the full data set, the shipped subset, or the full one where it is found."""

ValidateOn: TypeAlias = Literal["validation", "test"]
"""On which images a training is judged."""

VARIABLE = "RUNGSIM_FASHION_MNIST"
PLACES = (
    Path("/usr/share/datasets/fashion-mnist"),
    Path("~/.cache/rungsim/fashion-mnist").expanduser(),
)
SUBSET = Path(__file__).parent / "fashion_mnist_subset"
WHOLE = 60_000  # training images of the full data set
SIDE = 28  # pixels
CLASSES = 10
_UNSIGNED_BYTES = 0x08  # the IDX code of the element type

_FILES = {
    "train": ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    "test": ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
}
_ALL_FILES = [name for names in _FILES.values() for name in names]


@dataclass(frozen=True, slots=True)
class Examples:
    """Images with their labels.

    Parameters
    ----------
    images
        (n, 1, 28, 28) float32, each in [0, 1].
    labels
        (n,) int64, each in 0..9.

    """

    images: npt.NDArray[np.float32]
    labels: npt.NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True, slots=True)
class Split:
    """What to train on and what to judge by.

    Parameters
    ----------
    name
        The data set's name, which says so where it is a subset.
    whole
        Whether it is the whole data set.
    description
        One line on how many images are used for what.
    train, validation
        The images of either part; they share none.

    """

    name: str
    whole: bool
    description: str
    train: Examples
    validation: Examples


def load(source: Source = "auto", validate_on: ValidateOn = "validation") -> Split:
    """Read Fashion-MNIST and split it.

    Parameters
    ----------
    source
        ``"full"`` looks in the folder that the environment variable RUNGSIM_FASHION_MNIST names,
        in /usr/share/datasets/fashion-mnist and in ~/.cache/rungsim/fashion-mnist; ``"subset"``
        takes the small one shipped here; ``"auto"`` the first that exists.
    validate_on
        ``"validation"`` keeps a sixth of the training images for validation (10,000 of 60,000),
        always the same ones, and leaves the test images alone. ``"test"`` trains on all training
        images and validates on the test images, as Dive into Deep Learning does.

    Raises
    ------
    InputError
        The files are missing or damaged.

    Examples
    --------
    >>> split = load("subset")
    >>> split.name, split.train.images.shape, len(split.validation)
    ('Fashion-MNIST subset (1200 images)', (1000, 1, 28, 28), 200)

    """
    folder = SUBSET if source == "subset" else _find(need=source == "full")
    everything = read_examples(folder, "train")
    n = len(everything)
    whole = n == WHOLE
    name = "Fashion-MNIST" if whole else f"Fashion-MNIST subset ({n} images)"
    if validate_on == "test":
        test = read_examples(folder, "test")
        description = (
            f"trained on all {n} training images, validated on the {len(test)} test images"
        )
        return Split(name, whole, description, everything, test)
    order = split_order(n)
    kept = n * 5 // 6
    description = (
        f"trained on {kept} and validated on {n - kept} of the {n} training images, "
        "by a fixed permutation; the test images are not used"
    )
    return Split(
        name, whole, description, _take(everything, order[:kept]), _take(everything, order[kept:])
    )


def split_order(n: int) -> npt.NDArray[np.int64]:
    """Return the fixed permutation of `n` training images whose last sixth is for validation."""
    return streams.generator(0, "validation split").permutation(n)


def _take(examples: Examples, indices: npt.NDArray[np.int64]) -> Examples:
    return Examples(examples.images[indices], examples.labels[indices])


def _find(*, need: bool) -> Path:
    named = os.environ.get(VARIABLE)
    if named:
        if not _is_complete(Path(named)):
            raise InputError(
                f"{VARIABLE} names {named}, which lacks one of {', '.join(_ALL_FILES)}: "
                "correct or unset it"
            )
        return Path(named)
    for folder in PLACES:
        if _is_complete(folder):
            return folder
    if need:
        raise InputError(
            f"Fashion-MNIST is not in {' or '.join(map(str, PLACES))}: put {', '.join(_ALL_FILES)} "
            f"there, name their folder in {VARIABLE}, or use the small subset with --data subset"
        )
    return SUBSET


def _is_complete(folder: Path) -> bool:
    return all((folder / name).is_file() for name in _ALL_FILES)


def read_examples(folder: Path, part: Literal["train", "test"]) -> Examples:
    """Return the training or the test images in `folder`, in the files' order.

    Raises
    ------
    InputError
        A file is missing or damaged, or the two do not belong together.

    """
    images_path, labels_path = (folder / name for name in _FILES[part])
    images = read_idx(images_path, dimensions=3)  # (n, 28, 28)
    labels = read_idx(labels_path, dimensions=1)  # (n,)
    if images.shape[1:] != (SIDE, SIDE):
        raise InputError(
            f"{images_path}: its images are {images.shape[1]} x {images.shape[2]} pixels, not "
            f"{SIDE} x {SIDE}: use the original file"
        )
    if len(images) != len(labels):
        raise InputError(
            f"{labels_path}: {len(labels)} labels for {len(images)} images: use both files of "
            "one release"
        )
    if labels.size and labels.max() >= CLASSES:
        raise InputError(
            f"{labels_path}: label {labels.max()} is not one of 0 to {CLASSES - 1}: "
            "take the original file"
        )
    scaled = images.astype(np.float32)[:, None] / np.float32(255)  # (n, 1, 28, 28)
    return Examples(scaled, labels.astype(np.int64))


def read_idx(path: Path, dimensions: int) -> npt.NDArray[np.uint8]:
    """Return the array of unsigned bytes in a gzipped IDX file.

    The format: two zero bytes, the element type, the number of dimensions, each dimension as a
    big-endian 32-bit integer, then the elements, the last index running fastest.

    Raises
    ------
    InputError
        The file cannot be read, is not a gzip file, has another type or number of dimensions, or
        is shorter or longer than its header says.

    """
    with (
        reading(path, "is a damaged gzip file", remedy="download it again"),
        gzip.open(path) as file,
    ):
        content = file.read()
    length = 4 + 4 * dimensions
    magic = bytes([0, 0, _UNSIGNED_BYTES, dimensions])
    if content[:4] != magic or len(content) < length:
        raise InputError(
            f"{path}: starts with {content[:4].hex(' ')}, where an IDX file of unsigned bytes in "
            f"{dimensions} dimensions has {magic.hex(' ')}: use the original file"
        )
    shape = struct.unpack(f">{dimensions}I", content[4:length])
    expected = length + int(np.prod(shape, dtype=np.int64))
    if len(content) != expected:
        raise InputError(
            f"{path}: {len(content)} bytes, where its header promises {expected}: download it again"
        )
    return np.frombuffer(content, np.uint8, offset=length).reshape(shape)
