"""The border of a space: whether the best config lies at an end of a range.

Owns the rule of Bengio 2012, sec. 3.3: a best value near the border of the range explored calls for
a wider range. Must not know how the config was found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from learning_curves.spaces import space as spaces
from learning_curves.spaces.scale import levels
from learning_curves.spaces.space import Config, Domain, Space

_SHARE = 0.05  # of the scale, at either end
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class Border:
    """A hyperparameter whose best value lies at an end of its range.

    Parameters
    ----------
    name, value
        Its name, and the best value.
    low, high
        The range.
    upper
        At which end it lies.

    """

    name: str
    value: float
    low: float
    high: float
    upper: bool

    @property
    def note(self) -> str:
        """One line that says what was found, and what to do."""
        end, beyond = ("upper", "above") if self.upper else ("lower", "below")
        return (
            f"the best {self.name}, {self.value:g}, is at the {end} border of its range, "
            f"{self.low:g} to {self.high:g}: better ones may lie {beyond}; widen the range there"
        )


def at_border(space: Space, best: Config, tried: Sequence[Config]) -> list[Border]:
    """Return the numeric hyperparameters whose best value lies at an end of their range.

    A value lies at an end if it is within 5 % of the scale (see `learning_curves.spaces.scale`); or
    if it is the outermost of the n values tried and lies within 1/(2 n) of the end. The outermost
    values of a grid do, since they are middles of cells. The position of a whole number is the
    nearer edge of its interval, so the first and the last number always lie at an end. Infinite
    ends and ranges of fewer than three values do not count; the second rule needs at least three
    values tried.
    O(tried).

    Parameters
    ----------
    space
        What was searched.
    best
        The best config.
    tried
        The configs that were tried, the best one among them.

    Examples
    --------
    >>> from scipy import stats
    >>> space = {"lr": stats.loguniform(0.001, 1.0), "act": ["relu", "tanh"]}
    >>> best = {"lr": 0.9, "act": "tanh"}
    >>> [each.note for each in at_border(space, best, [best])]  # doctest: +NORMALIZE_WHITESPACE
    ['the best lr, 0.9, is at the upper border of its range, 0.001 to 1:
      better ones may lie above; widen the range there']

    """
    found: list[Border] = []
    for name, domain in space.items():
        count = levels(domain) if spaces.is_distribution(domain) else 1
        if name not in best or (count is not None and count < 3):
            continue
        end = _end(domain, best[name], {config[name] for config in tried})
        if end is not None:
            low, high = (float(each) for each in domain.support())
            found.append(Border(name, best[name], low, high, upper=end))
    return found


def _end(domain: Domain, value: Any, tried: set[Any]) -> bool | None:
    """Return whether `value` lies at the upper end of the range or the lower; None at neither."""
    below = float(domain.cdf(value - 1 if spaces.is_whole(domain) else value))
    above = float(domain.sf(value))
    enough = len(tried) >= 3
    low, high = domain.support()
    near = 0.5 / len(tried) + _ROUNDING if enough else 0.0
    at_low = below <= _SHARE or (enough and value == min(tried) and below <= near)
    at_high = above <= _SHARE or (enough and value == max(tried) and above <= near)
    if at_low and low > -float("inf"):
        return False
    if at_high and high < float("inf"):
        return True
    return None
