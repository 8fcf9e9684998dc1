"""A study: a grid of experiments x seeds.

Owns the list of its experiments, all of which are checked before the first one runs. Must not know
how they are run or reported.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from itertools import product
from math import prod
from pathlib import Path
from typing import Any

import tomli_w

from learning_curves import sources
from learning_curves.errors import InputError
from learning_curves.surrogates.surrogate_folder import is_surrogate
from sim.experiments import own, plain
from sim.experiments import run as runs
from sim.experiments.experiment import Experiment
from sim.schedulers.catalogue import rule_for

_CURVES = ("", ".csv", ".parquet")  # what may end the name of a table's file

Table = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One picture of a study.

    Parameters
    ----------
    kind
        ``"lines"``: measures against an axis. ``"gantt"``: the workers of the first seed's runs.
        ``"ranks"`` and ``"reached"``: what `ranks` and `survival` tell of the measures `y`, or of
        all. Of a study with the axes `scheduler` and `workers`: ``"incumbent"``, and
        ``"first-jobs"``, how each scheduler begins its run. Of a comparison (see
        `comparison.comparison`): ``"utilisation"``, ``"speedup"`` and ``"effect"``, that of faults.
    x
        The axis along the x axis; settings that are not numbers are spaced evenly, in their order.
    y
        The measures, a row of panels each; a speedup is called ``speedup.MEASURE``.
    lines
        The axes that distinguish lines: the first by colour, the second by style.
    panels
        The axis that distinguishes the panels of a row.
    where
        The axes of which only some settings are shown: axis -> one setting or a list.
    log
        The logarithmic axes: ``""``, ``"x"``, ``"y"`` or ``"xy"``.
    title
        The title above the picture; the study's title if empty.

    """

    kind: str = "lines"
    x: str = ""
    y: list[str] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    panels: str = ""
    where: Table = field(default_factory=dict)
    log: str = ""
    title: str = ""


@dataclass(frozen=True)
class Cell:
    """One cell of the grid: its setting on each axis, and the experiment at the first seed."""

    settings: dict[str, str]
    experiment: Experiment


@dataclass(frozen=True)
class Study:
    """A grid of experiments, each repeated over the same seeds, and what is measured.

    Parameters
    ----------
    name
        The name, used for its folder.
    title
        The title, one line.
    experiment
        The base, as in an ``experiment.toml``. Its seed is the first.
    axes
        The grid is their product, the last one fastest. An axis is a list of values of the field
        that it is called after (``"costs.checkpoints"`` is the field of a table), or a table of
        named settings, each of which gives any fields their values.
    measures
        Names in `measures.MEASURES`.
    seeds
        The number of seeds. All cells use the same seeds, so they meet the same configs and faults.
    target
        The loss of `time_to_target`; None: one that a tenth of the configs reach
        (`target.default_target`).
    laws
        Measure -> the closed form in `laws.LAWS` that it is compared with.
    speedups
        Measure, a time -> the axis along which it is to fall: the speedup is against the first
        setting of that axis.
    fits
        Measure -> the axis of numbers over which a power law is fitted to it.
    against
        Axis -> the setting, or a list of settings, that the other settings are compared with, seed
        by seed; see `contrasts.contrasts`.
    ranks
        The axis whose settings are ranked; see `ranks.ranks`. None if empty.
    survival
        Whether the share of runs that have reached their target is computed over time; see
        `survival.survival`.
    pictures
        The pictures by name.

    """

    name: str
    title: str
    experiment: Table
    axes: Mapping[str, list[Any] | Table]
    measures: list[str]
    seeds: int = 25
    target: float | None = None
    laws: dict[str, str] = field(default_factory=dict)
    speedups: dict[str, str] = field(default_factory=dict)
    fits: dict[str, str] = field(default_factory=dict)
    against: Mapping[str, str | list[str]] = field(default_factory=dict)
    ranks: str = ""
    survival: bool = False
    pictures: dict[str, Picture] = field(default_factory=dict)
    path: Path = field(default=Path(), compare=False)  # its file, beside its tables
    text: str = field(default="", compare=False, repr=False)  # the content of the file

    @property
    def folder(self) -> Path:
        """The folder of its file, which may hold the tables that it names."""
        return self.path.parent

    @cached_property
    def cells(self) -> Sequence[Cell]:
        """The cells of the grid, the last axis fastest.

        Raises
        ------
        InputError
            A cell is not a valid experiment; the message names it.

        """
        cells = [self._cell(settings, table) for settings, table in self.tables()]
        fitted = own.fit([cell.experiment for cell in cells])
        return [replace(cell, experiment=each) for cell, each in zip(cells, fitted, strict=True)]

    @property
    def base(self) -> Experiment:
        """The experiment of the first cell, at the first seed."""
        return self.cells[0].experiment

    @property
    def runs(self) -> int:
        """The number of its runs."""
        return self.seeds * prod(len(axis) for axis in self.axes.values())

    def settings(self, axis: str) -> list[str]:
        """Return the settings of an axis, as written in files and on screen."""
        return [as_text(each) for each in self.axes[axis]]

    def tables_of(self, axis: str) -> list[Table]:
        """Return each setting of an axis as a table of fields."""
        values = self.axes[axis]
        if isinstance(values, dict):
            return list(values.values())
        return [{axis: value} for value in values]

    def baselines(self, axis: str) -> list[str]:
        """Return the settings of an axis that the others are compared with, each once."""
        some = self.against.get(axis, [])
        return list(dict.fromkeys([some] if isinstance(some, str) else some))

    def beside(self, place: int, axis: str, setting: str) -> int:
        """Return the index of the cell that differs from that at `place` by `setting` on `axis`."""
        names = list(self.axes)
        step = prod(len(self.axes[name]) for name in names[names.index(axis) + 1 :])
        settings = self.settings(axis)
        return place + (settings.index(setting) - place // step % len(settings)) * step

    def grid(self) -> list[Experiment]:
        """Return all experiments, ordered by cell, then by seed."""
        return [self.run_at(place) for place in range(self.runs)]

    def run_at(self, place: int) -> Experiment:
        """Return the experiment at this place of the grid, from 0."""
        cell, k = divmod(place, self.seeds)
        experiment = self.cells[cell].experiment
        return replace(experiment, seed=experiment.seed + k)

    def labels(self) -> list[dict[str, str]]:
        """Return the settings and the seed of each run, as they are written, in the same order."""
        return [
            {**cell.settings, "seed": str(cell.experiment.seed + k)}
            for cell in self.cells
            for k in range(self.seeds)
        ]

    def to_toml(self, **notes: object) -> str:
        """Return the study as TOML, which `study_file.parse` reads; `notes` are not read back."""
        table: Table = {"title": self.title, "seeds": self.seeds, "measures": self.measures}
        parts = {
            "target": self.target,
            "laws": self.laws,
            "speedups": self.speedups,
            "fits": self.fits,
            "against": self.against,
            "ranks": self.ranks or None,
            "survival": self.survival or None,
            "experiment": self.experiment,
            "axes": self.axes,
            "pictures": {name: _given(each) for name, each in self.pictures.items()},
        }
        empty: tuple[Any, ...] = (None, {})
        table |= {k: part for k, part in parts.items() if part not in empty or k == "experiment"}
        return tomli_w.dumps(({"notes": notes} if notes else {}) | plain.without_none(table))

    def tables(self) -> Iterator[tuple[dict[str, str], Table]]:
        """Yield the settings of each cell, and its experiment as a table, which is not checked.

        Raises
        ------
        InputError
            A setting gives a field to what is not a table.

        """
        for settings in product(*(self.settings(name) for name in self.axes)):
            cell = dict(zip(self.axes, settings, strict=True))
            table = _copied(self.experiment)
            with naming(cell):
                for axis, setting in cell.items():
                    _put(table, self.tables_of(axis)[self.settings(axis).index(setting)])
            yield cell, table

    def experiment_of(self, table: Table) -> Experiment:
        """Return the experiment of a cell's table, with a limit; its curves beside the file.

        Raises
        ------
        InputError
            The table is not an experiment.

        """
        one = Experiment.from_toml(tomli_w.dumps(table), f"[experiment] of {self.path}")
        one = replace(one, curves=_beside(one.curves, self.folder))
        if table.get("rule") == self.experiment.get("rule"):  # shared by all schedulers
            one = replace(one, rule=rule_for(one.scheduler, one.rule))
        return runs.bounded(one)

    def _cell(self, settings: dict[str, str], table: Table) -> Cell:
        with naming(settings):
            return Cell(settings, self.experiment_of(table))


class naming:  # noqa: N801  used as a function
    """A context that puts the name of the cell before the message of an InputError."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        self._settings = settings

    def __enter__(self) -> None:
        """Enter the cell."""

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        if isinstance(error, InputError) and self._settings:
            raise InputError(f"at {named_cell(self._settings)}: {error}") from None


def named_cell(settings: Mapping[str, str]) -> str:
    """Return the name of a cell.

    >>> named_cell({"scheduler": "asha", "workers": "4"})
    'scheduler asha, workers 4'
    """
    return ", ".join(f"{axis} {setting}" for axis, setting in settings.items())


def as_text(value: object) -> str:
    """Return the value of a field as written in files and on screen.

    >>> as_text(True), as_text(0.01), as_text([1, 2]), as_text("asha")
    ('true', '0.01', '1 2', 'asha')
    """
    match value:
        case bool():
            return str(value).lower()
        case list() | tuple():
            return " ".join(as_text(each) for each in value)
        case _:
            return str(value)


def _put(table: Table, values: Table) -> None:
    """Put `values` into `table`; a dotted name, or a table, sets a field of an inner table."""
    for name, value in values.items():
        first, _, rest = name.partition(".")
        if rest or isinstance(value, dict):
            inner = table.setdefault(first, {})
            if not isinstance(inner, dict):
                raise InputError(
                    f"{first} is {inner!r}, not a table, so {name} cannot be "
                    "set: use a field of the experiment"
                )
            _put(inner, {rest: value} if rest else value)
        else:
            table[name] = value


def _copied(table: Table) -> Table:
    return {name: _copied(each) if isinstance(each, dict) else each for name, each in table.items()}


def _beside(curves: str, folder: Path) -> str:
    """Return the path of the table or surrogate of this name in `folder`, else `curves`."""
    how, name = sources.parted(curves)
    paths = [folder / f"{name}{end}" for end in _CURVES]
    found = (path for path in paths if name and (path.is_file() or is_surrogate(path)))
    return next((f"{how}{path}" for path in found), curves)


def shown(picture: Picture) -> dict[str, list[str]]:
    """Return, for axes of which only some settings are shown, these settings, as written."""
    each = {
        axis: some if isinstance(some, list) else [some] for axis, some in picture.where.items()
    }
    return {axis: [as_text(setting) for setting in some] for axis, some in each.items()}


def _given(picture: Picture) -> Table:
    """Return the fields of a picture that differ from their defaults."""
    values = {each.name: getattr(picture, each.name) for each in fields(Picture)}
    return {name: value for name, value in values.items() if value or name == "kind"}
