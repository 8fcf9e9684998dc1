"""Domains as other libraries draw them.

Owns the uniform distribution between two bounds; scipy takes a lower bound and a width.
"""

from __future__ import annotations

import math
from typing import Any

from scipy import stats


def uniform(low: float, high: float) -> Any:
    """Return the frozen uniform distribution whose support holds `low` and `high` despite rounding.

    >>> bool(uniform(0.1, 0.99).support()[1] >= 0.99)
    True
    """
    width = high - low
    while low + width < high:
        width = math.nextafter(width, math.inf)
    return stats.uniform(low, width)
