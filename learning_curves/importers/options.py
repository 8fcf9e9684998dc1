"""The options of an import.

Owns the options, their ranges, and which of them a format takes. Must not know how the command line
spells them beyond their names.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any

from learning_curves.errors import InputError

FORMATS = ("tidy", "syne-tune", "lcdb", "lcbench", "optuna")
"""The formats, by the names that the command line takes."""

_ONLY = {
    "columns": ("tidy",),
    "hyperparameters": ("tidy",),
    "wide": ("tidy",),
    "wide_seconds": ("tidy",),
    "empty": ("tidy",),
    "where": ("tidy",),
    "equal_configs": ("tidy", "lcbench", "optuna"),
    "task": ("syne-tune", "lcdb", "lcbench"),
    "objective": ("syne-tune", "lcdb", "lcbench"),
    "time_objective": ("syne-tune",),
    "seconds_are": ("tidy", "syne-tune", "lcdb"),
    "study": ("optuna",),
}
"""The formats that take an option; all do where it is not named here."""


@dataclass(frozen=True)
class Options:
    """How a source is read, and how incomplete curves are treated.

    Parameters
    ----------
    columns
        tidy: our name -> the name of the source's column.
    hyperparameters
        tidy: the columns that are hyperparameters; None for all others.
    wide, wide_seconds
        tidy: the names of the columns that hold the loss, or the seconds, of one epoch each, with
        ``{epoch}`` in place of the number.
    empty
        tidy: what an empty or null loss means, ``"diverged"`` or ``"absent"`` (not
        measured); None refuses it, except with `wide`, where it means not measured.
    nan
        What a loss of NaN means, ``"diverged"`` or ``"absent"``; None means diverged, and refuses
        if a later loss of the curve is a number.
    where
        tidy: ``"column=value"`` each; only rows where all hold are read.
    equal_configs
        Whether runs of equal hyperparameters are ``"seeds"`` of one config or kept ``"apart"``,
        their name being one more hyperparameter.
    task, objective, time_objective, study
        Which part of the source to read.
    seconds_are
        ``"per-epoch"``, ``"cumulative"`` or, for tidy, ``"stamps"``; None for the format's default.
    seconds_per_epoch
        The seconds of every epoch, instead of the source's.
    least_seconds
        The minimum seconds of an epoch; None refuses seconds that are not above 0.
    metric_is
        ``"lower"`` or ``"higher"`` is better; None for the format's default.
    flip
        How a metric where higher is better becomes a loss: ``"one-minus"``, ``"percent"``
        (100 - x, over 100) or ``"negate"``; None for one-minus where all lie in
        [0, 1], else negate.
    incomplete
        ``"refuse"``, ``"drop"`` or ``"cut"`` the curves that end before the last epoch.
    r_max
        The last epoch to keep.
    anchors
        Whether epoch k is the k-th of the values that the source's epochs have.
    drop_epoch_0
        Whether epoch 0 is the state before training, to be left out.
    space
        Replaces the format's space: any text that `space_files.find` takes.
    name, licence
        Fields of the card.

    """

    columns: Mapping[str, str] = field(default_factory=dict)
    hyperparameters: tuple[str, ...] | None = None
    wide: str | None = None
    wide_seconds: str | None = None
    empty: str | None = None
    nan: str | None = None
    where: tuple[str, ...] = ()
    equal_configs: str = "seeds"
    task: str | None = None
    objective: str | None = None
    time_objective: str | None = None
    study: str | None = None
    seconds_are: str | None = None
    seconds_per_epoch: float | None = None
    least_seconds: float | None = None
    metric_is: str | None = None
    flip: str | None = None
    incomplete: str = "refuse"
    r_max: int | None = None
    anchors: bool = False
    drop_epoch_0: bool = False
    space: Path | str | None = None
    name: str = ""
    licence: str = ""

    def __post_init__(self) -> None:
        for name in ("seconds_per_epoch", "least_seconds"):
            value = getattr(self, name)
            if value is not None and not 0 < value < float("inf"):
                raise InputError(f"{_spelled(name)} is {value}: give a number > 0")
        if self.r_max is not None and self.r_max < 1:
            raise InputError(f"--r-max is {self.r_max}: give at least 1")
        for name in ("wide", "wide_seconds"):
            value = getattr(self, name)
            if value is not None and value.count("{epoch}") != 1:
                raise InputError(
                    f"{_spelled(name)} is {value!r}: write {{epoch}} once, in place of the number"
                )
        for condition in self.where:
            if not all(condition.partition("=")[:2]):
                raise InputError(
                    f"--where is {condition!r}: write COLUMN=VALUE, such as tag=validation/loss"
                )
        if "start" in self.columns and self.seconds_are != "stamps":
            raise InputError(
                "--map has 'start', which needs --seconds-are stamps: add that, or leave it out"
            )
        if self.flip is not None and self.metric_is == "lower":
            raise InputError(f"--flip is {self.flip} beside --metric-is lower: leave one out")

    def given(self) -> dict[str, Any]:
        """Return the options that are not at their default, as plain values, by our names."""
        found: dict[str, Any] = {}
        for each in fields(self):
            value = getattr(self, each.name)
            default = {} if each.default is MISSING else each.default
            if value == default or each.name in ("name", "licence"):
                continue
            match value:
                case Path():
                    found[each.name] = value.name
                case str() if each.name == "space" and value.endswith(".json"):
                    found[each.name] = Path(value).name
                case tuple():
                    found[each.name] = list(value)
                case Mapping():
                    found[each.name] = dict(value)
                case _:
                    found[each.name] = value
        return found

    def check_for(self, form: str) -> None:
        """Raise if an option is given that the format `form` does not use."""
        for name in self.given():
            takers = _ONLY.get(name, FORMATS)
            if form not in takers:
                raise InputError(
                    f"{_spelled(name)} has no effect with the format {form}: leave it out, or "
                    f"give --format {' or '.join(takers)}"
                )
        if self.seconds_are == "stamps" and form != "tidy":
            raise InputError(
                f"--seconds-are stamps has no effect with the format {form}: leave it out, or "
                "give --format tidy"
            )


_SPELLED = MappingProxyType({"columns": "--map"})


def _spelled(name: str) -> str:
    return _SPELLED.get(name, f"--{name.replace('_', '-')}")
