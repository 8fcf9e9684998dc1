"""The mistakes in the experiments of a study, each with the entry that makes it.

Owns the search for that entry: an experiment checks itself and raises its first error, so an entry
is to blame if leaving it out changes the error. Must not know any rule of an experiment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from learning_curves import files
from learning_curves.errors import InputError, Problems
from sim.experiments import measures, own
from sim.experiments import run as runs
from sim.studies.study import Study, Table, named_cell, naming

# What cannot be judged without an entry that is wrong: left out with it.
_DEPENDS = {
    "curves": (
        *("seconds", "order", "first", "r_min", "r_max", "max_trials", "grid_points"),
        *("searcher", "searcher_options"),
    ),
    "scheduler": ("scheduler_options", "rule", "prefact"),
    "searcher": ("searcher_options", "order", "first", "grid_points"),
}
_INSTEAD = {"curves": "power-law"}  # an experiment has no curves by default


def check(study: Study) -> None:
    """Check all experiments of a study before the first one runs.

    Takes a check of each experiment at its first and last seed. Once one is refused, it takes one
    more check of each for each of its entries.

    Raises
    ------
    InputError
        What a run would raise at its start, for each mistake in a line with its place in the
        study's file. A study that was not read from a file raises its first mistake.

    """
    try:
        _check_all(study)
    except InputError as error:
        if not study.text:
            raise
        problems = Problems()
        collect(study, problems)
        if not problems.found:
            problems.add("experiment", str(error))
        refuse(study, problems)


def _check_all(study: Study) -> None:
    """Raise the first mistake, with the name of the cell."""
    for cell in study.cells:
        for seed in {cell.experiment.seed, cell.experiment.seed + study.seeds - 1}:
            with naming(cell.settings):
                one = replace(cell.experiment, seed=seed)
                runs.check(one)
                measures.check(study.measures, one)


def refuse(study: Study, problems: Problems) -> None:
    """Raise the problems of a study, if there are any; see `errors.Problems.refuse`."""
    source = study.path if study.text else f"study {study.name}"
    problems.refuse(source, files.key_lines(study.text) if problems.found else {})


def collect(study: Study, problems: Problems) -> None:
    """Add the mistakes in the experiments of a study to `problems`, each of them once."""
    try:
        tables = list(study.tables())
    except InputError as error:
        problems.add("axes", str(error))
        return
    found: dict[tuple[str, str], list[str]] = {}  # place and text -> the cells
    for settings, table in tables:
        sets: dict[str, str] = {}  # field -> the axis that sets it
        for axis, setting in settings.items():
            fields = study.tables_of(axis)[study.settings(axis).index(setting)]
            named = f"axes.{axis}.{setting}" if isinstance(study.axes[axis], dict) else ""
            sets |= {
                each: f"{named}.{each}" if named else f"axes.{axis}" for each in set_by(fields)
            }
        blamed = list(_blamed(table, lambda given: _check(study, given)))
        for key, text in blamed:
            place = sets.get(key, f"experiment.{key}" if key else "experiment")
            found.setdefault((place, text), []).append(named_cell(settings))
        if not blamed:
            try:
                measures.check(study.measures, study.experiment_of(table))
            except InputError as error:
                found.setdefault(("measures", str(error)), []).append(named_cell(settings))
    for (place, text), cells in found.items():
        everywhere = len(cells) == len(tables) > 1 or not cells[0]
        problems.add(place, text if everywhere else f"at {cells[0]}: {text}")


def set_by(setting: Table, prefix: str = "") -> list[str]:
    """Return the fields that a setting sets; those of tables by dotted names.

    >>> set_by({"workers": 4, "costs": {"checkpoints": False}})
    ['workers', 'costs.checkpoints']
    """
    found: list[str] = []
    for name, value in setting.items():
        inner = isinstance(value, dict)
        found += set_by(value, f"{prefix}{name}.") if inner else [f"{prefix}{name}"]
    return found


def _blamed(table: Table, check: Callable[[Table], str]) -> Iterator[tuple[str, str]]:
    """Yield entries by dotted name, each with the error it makes; the name "" if none does.

    Parameters
    ----------
    table
        An experiment, as in its file.
    check
        Returns the error of a table, empty if it has none.

    Examples
    --------
    >>> def check(table):
    ...     return next((f"{key} is {value}" for key, value in table.items() if value < 0), "")
    >>> list(_blamed({"eta": -1, "workers": 4, "seed": -2}, check))
    [('eta', 'eta is -1'), ('seed', 'seed is -2')]

    """
    while said := check(table):
        # An entry that the error names comes first: two entries that contradict each other are
        # both to blame. One that cannot be left out, and is replaced, comes last.
        keys = sorted(
            _keys(table), key=lambda key: (key in _INSTEAD, key.rpartition(".")[2] not in said)
        )
        key = next((key for key in keys if check(_left_out(table, key)) != said), "")
        yield key, said
        if not key:
            return
        table = _without(_left_out(table, key), *_DEPENDS.get(key, ()))


def _left_out(table: Table, key: str) -> Table:
    """Return a copy of the table without an entry; one that is needed is replaced."""
    return _without(table, key) | ({key: _INSTEAD[key]} if key in _INSTEAD else {})


def _check(study: Study, table: Table) -> str:
    """Return the error of an experiment of the study, empty if it has none."""
    try:
        one = study.experiment_of(table)
        try:
            (one,) = own.fit([one])
        except InputError:  # an option may be another cell's
            one = replace(one, scheduler_options={}, searcher_options={})
        last = study.seeds - 1 if type(study.seeds) is int and study.seeds > 0 else 0
        for seed in {one.seed, one.seed + last}:
            runs.check(replace(one, seed=seed))
    except InputError as error:
        return str(error).removeprefix(f"[experiment] of {study.path} is not an experiment: ")
    return ""


def _keys(table: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for key, value in table.items():
        if isinstance(value, dict) and value and not key.endswith("_options"):
            yield from _keys(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}"


def _without(table: Table, *keys: str) -> Table:
    """Return a copy of the table without the entries of these dotted names."""
    inner: dict[str, list[str]] = {}
    for key in keys:
        first, _, rest = key.partition(".")
        inner.setdefault(first, []).append(rest)
    return {
        key: _without(value, *inner[key]) if all(inner.get(key, [""])) else value
        for key, value in table.items()
        if "" not in inner.get(key, [])
    }
