"""A metric as a loss: what is minimised.

Owns the conversion of a metric into a loss, and the refusal to guess if a name sounds like an
accuracy. Must not know where the metric comes from.
"""

from __future__ import annotations

import numpy as np

from learning_curves.errors import InputError
from learning_curves.importers.log import Floats
from learning_curves.importers.options import Options

_HIGHER = ("acc", "auc", "f1", "score", "precision", "recall", "r2")


def as_losses(
    values: Floats,
    metric: str,
    options: Options,
    *,
    metric_is: str | None = None,
    flip: str | None = None,
) -> tuple[Floats, str]:
    """Return the losses, and a line that describes the conversion.

    Parameters
    ----------
    values
        The metric, in any shape; NaN and infinities where training diverged.
    metric
        Its name.
    options
        Its `metric_is` and `flip` take precedence.
    metric_is, flip
        The defaults of the format, as in `Options`.

    Raises
    ------
    InputError
        The direction of the metric is not given and its name sounds as if higher were better, or
        the metric is outside the range of `flip`.

    Examples
    --------
    >>> as_losses(np.array([0.75]), "val_acc", Options(metric_is="higher"))
    (array([0.25]), 'loss: 1 - val_acc')
    >>> as_losses(np.array([40.0]), "reward", Options(metric_is="higher"))
    (array([-40.]), 'loss: -reward')

    """
    way = options.metric_is or ("higher" if options.flip else None) or metric_is
    if way is None:
        if any(part in metric.lower() for part in _HIGHER):
            raise InputError(
                f"the metric {metric!r} sounds as if higher were better: add --metric-is "
                "higher or --metric-is lower"
            )
        way = "lower"
    if way == "lower":
        return values, f"loss: {metric}"
    known = values[np.isfinite(values)]
    shares = bool(((known >= 0) & (known <= 1)).all())
    how = options.flip or flip or ("one-minus" if shares else "negate")
    match how:
        case "one-minus" if not shares:
            _beyond(known, metric, "[0, 1], as --flip one-minus needs", 1)
        case "percent" if not ((known >= 0) & (known <= 100)).all():
            _beyond(known, metric, "[0, 100], as --flip percent needs", 100)
    # A metric of -inf is the worst value, and so is a loss of inf.
    losses, said = {
        "one-minus": (1 - values, f"loss: 1 - {metric}"),
        "percent": ((100 - values) / 100, f"loss: (100 - {metric}) / 100"),
        "negate": (0 - values, f"loss: -{metric}"),
    }[how]
    return losses, said


def _beyond(known: Floats, metric: str, where: str, most: float) -> None:
    worst = known[(known < 0) | (known > most)][0]
    raise InputError(
        f"the metric {metric!r} has the value {worst}, outside {where}: use another --flip"
    )
