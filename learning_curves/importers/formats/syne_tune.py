"""Syne Tune's blackbox folder: arrays of all configs, seeds, fidelities and objectives.

Owns the folder's form (syne_tune 0.16.0, blackbox_repository/blackbox_tabular.py and serialize.py):
``configspace.json``, ``fidelityspace.json``, ``metadata.json``, ``hyperparameters.parquet``,
``fidelities_values.npy`` and ``objectives_evaluations.npy``, whose axes are (tasks, configs, seeds,
fidelities, objectives). Objectives that take time are cumulative there.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from learning_curves.errors import InputError, reading
from learning_curves.importers.formats import syne_tune_space
from learning_curves.importers.log import Log, Progress, digest_of, one_of
from learning_curves.importers.losses import as_losses
from learning_curves.importers.options import Options
from learning_curves.tables.sheet import read_sheet

FILES = (
    "configspace.json",
    "fidelityspace.json",
    "metadata.json",
    "hyperparameters.parquet",
    "fidelities_values.npy",
    "objectives_evaluations.npy",
)
"""The files of a folder."""


def read(source: Path, options: Options, progress: Progress) -> Log:
    """Return the curves of one task.

    Epoch k is the k-th fidelity. An epoch exists if its time is a number; its loss has
    diverged if the loss is not a number.

    Raises
    ------
    InputError
        A file is missing or does not hold what the format requires; or there is no such task
        or objective.

    """
    digests: dict[str, str] = {}
    for name in FILES:
        if name != "fidelityspace.json" and not (source / name).is_file():
            raise InputError(_missing(source, name))
        if (source / name).is_file():
            digests[name] = digest_of(source / name, progress)
    metadata = _json(source / "metadata.json")
    ours = metadata.get("rungsim", {})
    tasks, objectives = (
        _names(source, metadata, key) for key in ("task_names", "objectives_names")
    )
    task = one_of(options.task, tasks, option="--task", what="tasks", source=source)
    space, unknown = syne_tune_space.from_json(_json(source / "configspace.json"))
    configs = _configs(source)
    steps = _array(source / "fidelities_values.npy").astype(np.float64).ravel()
    values = _array(source / "objectives_evaluations.npy")
    wanted = (len(tasks), len(configs), None, len(steps), len(objectives))
    if values.ndim != 5 or any(
        w not in (None, n) for w, n in zip(wanted, values.shape, strict=True)
    ):
        raise InputError(
            f"{source / 'objectives_evaluations.npy'} has shape {values.shape}: the other files "
            f"have {len(tasks)} tasks, {len(configs)} configs, any number of seeds, {len(steps)} "
            f"fidelities and {len(objectives)} objectives"
        )
    metric, time = _objectives(source, metadata, objectives, options)
    of_task = values[tasks.index(task)]
    loss = np.array(of_task[..., objectives.index(metric)], dtype=np.float64)
    seconds = (
        np.full(loss.shape, np.nan)
        if time is None
        else np.array(of_task[..., objectives.index(time)], dtype=np.float64)
    )
    there = np.isfinite(loss if time is None else seconds)
    config, seed, step = np.nonzero(there)
    losses, said = as_losses(loss[there], metric, options)
    cumulative = (options.seconds_are or ("per-epoch" if ours else "cumulative")) == "cumulative"
    ids = _numbers(source, ours, "config_ids", len(configs))
    seeds = np.array(_numbers(source, ours, "seeds", values.shape[2]), dtype=np.int64)
    took = f"seconds: {time}, {'cumulative' if cumulative else 'of each epoch'}"
    read_off = [f"{name}: its choices are the values of the configs" for name in unknown]
    return Log(
        ids=ids,
        configs=configs,
        config=config,
        seed=seeds[seed],
        step=steps[step],
        loss=losses,
        seconds=seconds[there],
        place=lambda _: f"{source}, task {task}",
        cumulative=cumulative,
        space=space,
        anchored=True,
        notes=(said, *([took] if time else []), *read_off),
        title=f"Syne Tune's blackbox {source.resolve().name}, task {task}",
        task={"name": task, "metric": said},
        recording={
            "imported_from": source.resolve().name,
            "format": "syne-tune",
            "sha256": digests,
        },
    )


def _missing(source: Path, name: str) -> str:
    found = sorted(path.name for path in source.glob("data-*.parquet"))
    if found:
        return (
            f"{source} is a blackbox of single evaluations: import {found[0]} or another one "
            "of its files with --format tidy"
        )
    return f"{source} has no {name}: a blackbox of Syne Tune has {', '.join(FILES)}"


def _json(path: Path) -> dict[str, Any]:
    with reading(path, "is not JSON", remedy="export the blackbox again"):
        said = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(said, dict):
        raise InputError(f"{path} holds a {type(said).__name__}: write an object, {{..}}")
    return said


def _names(source: Path, metadata: dict[str, Any], key: str) -> list[str]:
    names = metadata.get(key)
    if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
        raise InputError(f"{source / 'metadata.json'}: {key!r} is {names!r}: give a list of names")
    return names


def _array(path: Path) -> Any:
    """Return the array in the file; only the requested part of it is read."""
    with reading(
        path, "is not an array of numbers", remedy="save it with numpy.save, without pickle"
    ):
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "iuf":
        raise InputError(f"{path} is not an array of numbers: save it with numpy.save")
    return array


def _configs(source: Path) -> list[dict[str, Any]]:
    path = source / "hyperparameters.parquet"
    sheet = read_sheet(path.read_bytes(), path)
    columns = {}
    for name in sheet.table.column_names:
        codes, cells = sheet.encoded(name)
        columns[name] = [cells[code] for code in codes.tolist()]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _objectives(
    source: Path, metadata: dict[str, Any], objectives: list[str], options: Options
) -> tuple[str, str | None]:
    """Return the names of the metric and of the time; no time if all epochs take equally long."""
    clock = options.time_objective or metadata.get("rungsim", {}).get("epoch_seconds")
    clock = clock or metadata.get("metric_elapsed_time")
    metric = options.objective or metadata.get("metric_default")
    rest = [name for name in objectives if name != clock]
    metric = one_of(metric, rest, option="--objective", what="objectives", source=source)
    if options.seconds_per_epoch is not None:
        return metric, None
    return metric, one_of(
        clock,
        [name for name in objectives if name != metric],
        option="--time-objective (or --seconds-per-epoch S)",
        what="objectives",
        source=source,
    )


def _numbers(source: Path, ours: dict[str, Any], key: str, count: int) -> Sequence[int]:
    """Return the ids or seeds that an exported folder names, else 0, 1, .."""
    numbers = ours.get(key, list(range(count)))
    if (
        not isinstance(numbers, list)
        or len(numbers) != count
        or not all(type(number) is int and number >= 0 for number in numbers)
        or sorted(set(numbers)) != numbers
    ):
        raise InputError(
            f"{source / 'metadata.json'}: {key!r} is {numbers!r}: give {count} ascending numbers"
        )
    return numbers
