"""The scale on which losses are fitted, where equal steps are about equally likely.

Owns the transformation and its inverse, and the range of a loss. Must not know the regressor.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, log10
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import expit, logit

Values = npt.NDArray[np.float64]

_DIGITS = 7  # of a loss, counted from the first of the least one above 0
_FINEST = 15  # decimals, beyond which rounding does nothing


@dataclass(frozen=True, slots=True)
class LossScale:
    """The scale of the losses of one table.

    Parameters
    ----------
    kind
        ``"logit"`` for shares, such as an error rate; ``"log"`` for other losses of 0 and above;
        ``"linear"`` where some are below, or all are 0.
    low, high
        The least and the greatest value that is taken as it is; what lies beyond is moved there.
    worst
        The greatest finite loss; no prediction is above it.
    decimals
        The decimals to which losses are rounded, so that they do not depend on how a machine adds.

    """

    kind: Literal["logit", "log", "linear"]
    low: float
    high: float
    worst: float
    decimals: int

    def there(self, losses: Values) -> Values:
        """Return finite losses on the scale."""
        within = losses.clip(self.low, self.high)
        match self.kind:
            case "logit":
                within = logit(within)
            case "log":
                within = np.log(within)
            case "linear":
                pass
        return within

    def back(self, scaled: Values) -> Values:
        """Return the losses that stand at `scaled`, rounded, none above the worst."""
        match self.kind:
            case "logit":
                losses = expit(scaled)
            case "log":
                losses = np.exp(np.minimum(scaled, np.log(self.worst)))
            case "linear":
                losses = scaled
        possible: Values = np.minimum(losses, self.worst).round(self.decimals)
        return possible


def scale_of(losses: Values) -> LossScale:
    """Return the scale that suits `losses`, of any shape; infinite ones do not count.

    Examples
    --------
    >>> scale = scale_of(np.array([0.9, 0.1, 0.0, np.inf]))
    >>> scale.kind, scale.low, scale.back(scale.there(np.array([0.5, 0.95]))).tolist()
    ('logit', 0.05, [0.5, 0.9])

    """
    finite = losses[np.isfinite(losses)]
    if not finite.size:
        finite = np.ones(1)
    worst = float(finite.max())
    sizes = np.abs(finite[finite != 0])
    decimals = min(_DIGITS - ceil(log10(sizes.min())), _FINEST) if sizes.size else _FINEST
    above, below = finite[finite > 0], finite[finite < 1]
    if finite.min() < 0 or not above.size:
        return LossScale("linear", float(finite.min()), worst, worst, decimals)
    low = float(above.min()) / 2 if finite.min() == 0 else float(above.min())
    if worst > 1 or not below.size:
        return LossScale("log", low, worst, worst, decimals)
    high = 1 - float((1 - below).min()) / 2 if worst == 1 else worst
    return LossScale("logit", min(low, high), high, worst, decimals)
