"""The comparison of two states of a training.

Owns what equal states are, to the last bit. Must not know where they come from.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isnan

import numpy as np
import torch


def difference(
    ours: object, theirs: object, place: str = "", *, tensors_only: bool = False
) -> str | None:
    """Return where two states differ first; None if they are equal. NaN equals itself.

    Parameters
    ----------
    ours, theirs
        What `Trainer.state_dict` returned.
    place
        Where they are in a larger state.
    tensors_only
        Ignore everything but tensors and the keys of dicts.

    Examples
    --------
    >>> difference({"n": 1, "w": [torch.zeros(2)]}, {"n": 1, "w": [torch.ones(2)]})
    "['w'][0]"

    """
    here = place or "its top"
    if isinstance(ours, torch.Tensor) and isinstance(theirs, torch.Tensor):
        return None if _equal(ours.cpu(), theirs.cpu()) else here
    if isinstance(ours, Mapping) and isinstance(theirs, Mapping):
        if ours.keys() != theirs.keys():
            return here
        pairs = [(key, ours[key], theirs[key]) for key in ours]
    elif isinstance(ours, list | tuple) and isinstance(theirs, list | tuple):
        if len(ours) != len(theirs):
            return here
        pairs = [(i, a, b) for i, (a, b) in enumerate(zip(ours, theirs, strict=True))]
    else:
        return None if tensors_only or _same(ours, theirs) else here
    found = (
        difference(a, b, f"{place}[{key!r}]", tensors_only=tensors_only) for key, a, b in pairs
    )
    return next(filter(None, found), None)


def _equal(ours: torch.Tensor, theirs: torch.Tensor) -> bool:
    if (ours.shape, ours.dtype) != (theirs.shape, theirs.dtype):
        return False
    return bool(((ours == theirs) | (ours.isnan() & theirs.isnan())).all())


def _same(ours: object, theirs: object) -> bool:
    """Compare what a checkpoint may not hold, too; objects without a comparison are equal."""
    if isinstance(ours, np.ndarray) and isinstance(theirs, np.ndarray):
        same_kind = (ours.shape, ours.dtype) == (theirs.shape, theirs.dtype)
        return same_kind and ours.tobytes() == theirs.tobytes()
    if type(ours) is type(theirs) and type(ours).__eq__ is object.__eq__:
        return True
    if isinstance(ours, float) and isinstance(theirs, float) and isnan(ours):
        return isnan(theirs)
    return bool(ours == theirs)
