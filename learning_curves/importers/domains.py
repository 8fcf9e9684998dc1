"""Domains as other libraries draw them.

Owns the uniform distribution by its two ends, where scipy has a place and a width.
"""

from __future__ import annotations

import math
from typing import Any

from scipy import stats


def uniform(low: float, high: float) -> Any:
    """Return the frozen uniform distribution that holds `low` and `high`, rounding or not.

    >>> bool(uniform(0.1, 0.99).support()[1] >= 0.99)
    True
    """
    width = high - low
    while low + width < high:
        width = math.nextafter(width, math.inf)
    return stats.uniform(low, width)
