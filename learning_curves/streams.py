"""Random streams that are indexed, not sequenced.

Owns how a random number is addressed: by the seed of the experiment, its purpose, and an index (a
trial, a job, a worker). Must not keep state: the order and number of calls never change a result,
so two schedulers compared at one seed meet the same configs, the same stragglers and the same
faults.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from functools import cache, lru_cache
from hashlib import blake2b
from struct import Struct

import numpy as np
import numpy.typing as npt

_WHOLE = Struct("<Q").unpack  # as int.from_bytes, faster
_ROWS = 1024  # seeds that share a generator of `normals`: a change changes every result


def generator(seed: int, purpose: str, *index: int) -> np.random.Generator:
    """Return the generator of one purpose and index; for draws in bulk.

    Parameters
    ----------
    seed
        The experiment's seed, 0 <= seed < 2**32.
    purpose
        A short name, such as ``"configs"``; streams of different purposes are independent.
    index
        The index of the stream, such as a trial's number; whole numbers >= 0. Every stream of one
        purpose needs the same number of them: numpy ignores an index 0 at the end.

    Raises
    ------
    ValueError
        The seed is out of range: numpy would read a larger one as a seed and an index.

    Examples
    --------
    >>> generator(0, "configs", 3).random() == generator(0, "configs", 3).random()
    True
    >>> generator(0, "configs", 3).random() == generator(0, "order", 3).random()
    False

    """
    if not 0 <= seed < 2**32:
        raise ValueError(f"the seed is {seed}: give a whole number from 0 to 2**32 - 1")
    return np.random.default_rng([zlib.crc32(purpose.encode()), seed, *index])


def training_seed(seed: int, trial: int) -> int:
    """Return the seed of the training of a trial, in a run of this seed; both are below 2**32.

    >>> training_seed(0, 7), training_seed(1, 7) - 2**32
    (7, 7)
    """
    return (seed << 32) + trial


def run_seed(training: int) -> int:
    """Return the seed of the run that a training belongs to, from its `training_seed`.

    >>> run_seed(training_seed(5, 7))
    5
    """
    return training >> 32


def integer(seed: int, purpose: str, *index: int) -> int:
    """Return one random integer, uniform on [0, 2**64); for single draws, in about 1 microsecond.

    A keyed hash is a counter-based generator: its output at an index depends on nothing else.

    >>> integer(0, "training", 7) == integer(0, "training", 7)
    True
    """
    keyed, pack = _keyed(purpose, len(index))
    digest = keyed.copy()
    digest.update(pack(seed, *index))
    return int.from_bytes(digest.digest(), "little")


@cache
def _keyed(purpose: str, indices: int) -> tuple[blake2b, Callable[..., bytes]]:
    """Return the hash before its message, and the packer of the message; cached, a third faster."""
    return blake2b(digest_size=8, key=purpose.encode()), Struct(f"<{1 + indices}Q").pack


def uniform(seed: int, purpose: str, *index: int) -> float:
    """Return one random float, uniform on the open interval (0, 1).

    >>> 0 < uniform(0, "straggler", 7, 16, 0) < 1
    True
    """
    keyed, pack = _keyed(purpose, len(index))  # as `integer`, without the call
    digest = keyed.copy()
    digest.update(pack(seed, *index))
    (whole,) = _WHOLE(digest.digest())
    number: float = ((whole >> 12) + 0.5) * 2.0**-52
    return number


def normals(seeds: Sequence[int], purpose: str, width: int) -> npt.NDArray[np.float64]:
    """Return `width` numbers for each of `seeds`, standard normal and independent.

    Shape (seeds, width). 1,024 consecutive seeds share a generator, and each owns a row of what it
    draws: in bulk this costs a hundredth of a generator for each. The last few such blocks are
    kept, so that a row of one of them costs some microseconds.

    >>> together = normals([7, 8, 5000], "noise", 3)
    >>> together[1].tolist() == normals([8], "noise", 3)[0].tolist()
    True
    """
    blocks, rows = np.divmod(np.array(seeds, dtype=np.uint64), np.uint64(_ROWS))
    drawn = np.empty((len(seeds), width))
    for block in np.unique(blocks).tolist():
        mine = blocks == block
        drawn[mine] = _block(block, purpose, width)[rows[mine]]
    return drawn


@lru_cache(maxsize=8)
def _block(number: int, purpose: str, width: int) -> npt.NDArray[np.float64]:
    """Return the numbers of the seeds ``1024 * number`` and on; shape (1024, width)."""
    seed, index = divmod(number, 2**32 // _ROWS)  # as in `training_seed`
    return generator(seed, purpose, index).standard_normal((_ROWS, width))
