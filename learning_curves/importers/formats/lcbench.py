"""LCBench's JSON: MLPs on OpenML data sets, 2000 configs each.

Owns the form of ``data_2k_lw.json``, ``six_datasets_lw.json`` and their kin, as LCBench's own
reader reads it (github.com/automl/LCBench, api.py and notebooks/API Example.ipynb; L. Zimmer et
al., Auto-PyTorch Tabular, TPAMI 2021): data set -> config -> ``config``, ``log`` (tag -> a value
for each epoch) and ``results``. Configs are decoded one at a time, since a whole file in memory
takes ten times its size.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
from scipy import stats

from learning_curves.errors import InputError
from learning_curves.importers.domains import uniform
from learning_curves.importers.log import Log, Progress, one_of, read_whole
from learning_curves.importers.losses import as_losses
from learning_curves.importers.options import Options
from learning_curves.importers.trainings import apart, merged, repeats
from learning_curves.spaces.distributions import lograndint
from learning_curves.spaces.space import Config, Domain

SPACE: Mapping[str, Domain] = MappingProxyType(
    {
        "batch_size": lograndint(16, 513),
        "learning_rate": stats.loguniform(1e-4, 1e-1),
        "momentum": uniform(0.1, 0.99),
        "weight_decay": uniform(1e-5, 1e-1),
        "num_layers": stats.randint(1, 6),
        "max_units": lograndint(64, 1025),
        "max_dropout": uniform(0.0, 1.0),
    }
)
"""The space that the configs were drawn from, according to LCBench's README."""

_METRIC = "Train/val_accuracy"
_ONE_LAYER = "num_layers is true in the source for some configs: read as 1"


def read(source: Path, options: Options, progress: Progress) -> Log:
    """Return the curves of one data set.

    The first value of a log, epoch 0, was measured before training and is left out; the k-th after
    it is epoch k. `time` is cumulative: the seconds of epoch 1 are those since epoch 0.

    Raises
    ------
    InputError
        The file is not LCBench's, is truncated, or has no such data set or tag.

    """
    content, digest = read_whole(source, lambda _, __: None)
    text = content.decode("utf-8")
    del content
    tag = options.objective or _METRIC
    runs: dict[str, list[_Run]] = {}
    for task, name, run in _members(source, text, progress):
        mine = runs.setdefault(task, [])
        several = options.task is None and len(runs) > 1  # raises an error once all names are known
        if name is not None and options.task in (None, task) and not several:
            mine.append(_Run(source, task, name, run, tag))
    task = one_of(options.task, list(runs), option="--task", what="data sets", source=source)
    chosen = runs[task]
    if not chosen:
        raise InputError(
            f"{source}: the data set {task!r} holds no run: choose another one with --task"
        )
    configs, constants, flaws = _configs(chosen)
    numbers = [run.number for run in chosen]
    if options.equal_configs == "apart":
        configs = apart(configs, numbers, "config")
    ids, distinct, config, seed = repeats(configs, numbers)
    lengths = [len(run.metric) for run in chosen]
    at = np.repeat(np.arange(len(chosen)), lengths)
    accuracy = "accuracy" in tag or "result" in tag
    metric = np.concatenate([run.metric for run in chosen])
    loss, said = as_losses(
        metric,
        tag,
        options,
        metric_is="higher" if accuracy else "lower",
        flip="percent" if accuracy else None,
    )
    return Log(
        ids=ids,
        configs=distinct,
        config=config[at],
        seed=seed[at],
        step=np.concatenate([np.arange(n, dtype=np.float64) for n in lengths]),
        loss=loss,
        seconds=np.concatenate([run.time for run in chosen]),
        place=lambda row: chosen[int(at[row])].where,
        cumulative=True,
        from_0=True,
        space={name: SPACE[name] for name in distinct[0] if name in SPACE},
        notes=(
            said,
            "epoch 0, the evaluation before training, is left out",
            *merged(len(chosen), len(distinct)),
        ),
        title=f"LCBench, {task}: MLPs trained by SGD with cosine annealing",
        flaws=(
            *flaws,
            "the seconds of an epoch include the evaluations after it",
        ),
        task={"name": task, "data_set": f"OpenML, {task}", "metric": tag, **constants},
        recording={"imported_from": source.name, "format": "lcbench", "sha256": digest},
    )


class _Run:
    """One training: its config, and its log as arrays."""

    def __init__(self, source: Path, task: str, name: str, run: Any, tag: str) -> None:
        self.where = f"{source}, {task}, config {name}"
        if not isinstance(run, dict) or not all(
            isinstance(run.get(part), dict) for part in ("config", "log")
        ):
            raise InputError(f"{self.where}: a run of LCBench has a config and a log")
        log = run["log"]
        if tag not in log:
            raise InputError(
                f"{self.where}: the log has no {tag!r}: --objective takes one of {', '.join(log)}"
            )
        self.number = int(name) if name.isdecimal() else name
        self.config: dict[str, Any] = run["config"]
        for key, value in self.config.items():
            if not isinstance(value, bool | int | float | str):
                raise InputError(
                    f"{self.where}: {key!r} is {str(value)[:80]}: give a number, a truth value or "
                    "a string"
                )
        self.metric, self.time = self._numbers(log, tag), self._numbers(log, "time")
        if len(self.metric) != len(self.time):
            raise InputError(
                f"{self.where}: {tag!r} has {len(self.metric)} values and 'time' "
                f"{len(self.time)}: give one of each for every epoch"
            )

    def _numbers(self, log: Mapping[str, Any], part: str) -> Any:
        values = log.get(part)
        if not isinstance(values, list) or not all(
            isinstance(v, int | float) or v is None for v in values
        ):
            raise InputError(
                f"{self.where}: {part!r} in the log is not a list of numbers: "
                "download the file again"
            )
        return np.array([np.nan if v is None else v for v in values], dtype=np.float64)


def _configs(runs: list[_Run]) -> tuple[list[Config], dict[str, Any], tuple[str, ...]]:
    """Return each run's config, the values that all share, and the flaws that were fixed."""
    names = list(runs[0].config)
    for run in runs:
        for name in names:
            if name not in run.config:
                raise InputError(
                    f"{run.where}: the config has no {name!r}, which the first one has"
                )
    one_layer = any(run.config.get("num_layers") is True for run in runs)
    values = {name: [run.config[name] for run in runs] for name in names}
    if one_layer:
        values["num_layers"] = [int(layers) for layers in values["num_layers"]]
    same = {name for name, each in values.items() if all(value == each[0] for value in each)}
    varying = [name for name in names if name not in same or name in SPACE]
    constants = {name: values[name][0] for name in names if name not in varying}
    configs: list[Config] = [
        dict(zip(varying, row, strict=True))
        for row in zip(*(values[name] for name in varying), strict=True)
    ]
    return configs, constants, (_ONE_LAYER,) if one_layer else ()


def _members(source: Path, text: str, progress: Progress) -> Iterator[tuple[str, str | None, Any]]:
    """Yield (data set, config's name, run) in the order of the file; a set's name comes first."""
    scanner = _Scanner(text)
    try:
        scanner.expect("{")
        while (task := scanner.key()) is not None:
            yield task, None, None
            scanner.expect("{")
            while (name := scanner.key()) is not None:
                yield task, name, scanner.value()
                progress(scanner.at, len(text))
    except json.JSONDecodeError as error:
        cut = ", where the file ends too early" if error.pos >= len(text) else ""
        raise InputError(
            f"{source}, line {error.lineno}, column {error.colno}{cut}: {error.msg}: a file of "
            "LCBench is JSON, {data set: {config: {config, log, results}}}; download it again"
        ) from None


class _Scanner:
    """A position in a JSON text that advances one value at a time."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self._decode = json.JSONDecoder().raw_decode

    def expect(self, marks: str) -> str:
        """Advance past the next mark, which is one of `marks`, and return it."""
        while self.at < len(self.text) and self.text[self.at] in " \t\r\n":
            self.at += 1
        if self.at >= len(self.text) or self.text[self.at] not in marks:
            raise json.JSONDecodeError(f"there is none of {marks}", self.text, self.at)
        self.at += 1
        return self.text[self.at - 1]

    def key(self) -> str | None:
        """Advance to the value of this object's next key, and return the key; None at its end."""
        mark = self.expect(',"}')
        if mark == "}":
            return None
        if mark == ",":
            self.expect('"')
        self.at -= 1
        key = self.value()
        self.expect(":")
        return str(key)

    def value(self) -> Any:
        """Advance past the next value, and return it."""
        self.expect('{["-0123456789tfnNI')
        try:
            value, self.at = self._decode(self.text, self.at - 1)
        except json.JSONDecodeError as error:
            if error.msg.startswith(
                "Unterminated string"
            ):  # its position is where the string begins
                error = json.JSONDecodeError("a string does not end", self.text, len(self.text))
            raise error from None
        return value
