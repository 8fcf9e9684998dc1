"""Learning curves: for a config, the loss after each epoch and the seconds each epoch took.

>>> import learning_curves
>>> table = learning_curves.load("lenet-fashion-mnist")
>>> curve = table.curve(table.configs[0], seed=0)
>>> [round(loss, 3) for loss in curve.losses(0, 3)]  # after the epochs 1, 2 and 3
[0.901, 0.898, 0.878]
>>> surrogate = learning_curves.fit(table)
>>> len(surrogate.curve({"learning_rate": 0.3, "batch_size": 100}, seed=0).seconds(0, 10))
10

Sources of curves: `load` reads a recorded table or a surrogate, or makes a closed form; `fit` fits
a surrogate to a table; `from_frame` makes a table of a DataFrame; `shipped` lists the tables of the
package; `synthetic` holds the closed forms. `Tabular` and `Surrogate` are what these return.

Your own source: `Blackbox` and `Curve` are the two protocols, `RecordedCurve` is a curve of known
numbers; `check_blackbox` checks the laws of a source.

Spaces: a `Space` maps names to distributions, a `Config` names to values. `lograndint`,
`reverse_loguniform` and `Weighted` are domains that `scipy.stats` lacks.

Bad input raises `InputError`.

The package imports nothing else of the project: `sim` and `real` build on it. Each name is imported
when it is first used.
"""

from typing import TYPE_CHECKING

from learning_curves._lazy import lazily

if TYPE_CHECKING:
    from learning_curves import synthetic
    from learning_curves.blackbox import Blackbox, Curve, RecordedCurve
    from learning_curves.errors import InputError
    from learning_curves.own.check_curves import check_blackbox
    from learning_curves.sources import find as load
    from learning_curves.sources import fit
    from learning_curves.spaces.distributions import Weighted, lograndint, reverse_loguniform
    from learning_curves.spaces.space import Config, Space
    from learning_curves.surrogates.surrogate import Surrogate
    from learning_curves.tables.frame import from_frame
    from learning_curves.tables.tabular import Tabular, shipped
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "Blackbox": "learning_curves.blackbox:Blackbox",
            "Config": "learning_curves.spaces.space:Config",
            "Curve": "learning_curves.blackbox:Curve",
            "InputError": "learning_curves.errors:InputError",
            "RecordedCurve": "learning_curves.blackbox:RecordedCurve",
            "Space": "learning_curves.spaces.space:Space",
            "Surrogate": "learning_curves.surrogates.surrogate:Surrogate",
            "Tabular": "learning_curves.tables.tabular:Tabular",
            "Weighted": "learning_curves.spaces.distributions:Weighted",
            "check_blackbox": "learning_curves.own.check_curves:check_blackbox",
            "fit": "learning_curves.sources:fit",
            "from_frame": "learning_curves.tables.frame:from_frame",
            "load": "learning_curves.sources:find",
            "lograndint": "learning_curves.spaces.distributions:lograndint",
            "reverse_loguniform": "learning_curves.spaces.distributions:reverse_loguniform",
            "shipped": "learning_curves.tables.tabular:shipped",
            "synthetic": "learning_curves.synthetic",
        },
    )

__all__ = [
    "Blackbox",
    "Config",
    "Curve",
    "InputError",
    "RecordedCurve",
    "Space",
    "Surrogate",
    "Tabular",
    "Weighted",
    "check_blackbox",
    "fit",
    "from_frame",
    "load",
    "lograndint",
    "reverse_loguniform",
    "shipped",
    "synthetic",
]
