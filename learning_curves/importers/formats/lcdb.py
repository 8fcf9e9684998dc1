"""LCDB's CSV: real curves over the size of the training set, with real training seconds.

Owns the columns of ``database-accuracy.csv`` and its kin, as in the package `lcdb` 0.1.0 (PyPI, MIT
licence; F. Mohr et al., LCDB 1.0: An Extensive Learning Curves Database for Classification Tasks,
ECML PKDD 2022). One row is one training from scratch on `size_train` examples, an *anchor*.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pyarrow.csv

from learning_curves.errors import InputError, reading
from learning_curves.importers.log import Digesting, Log, Progress, one_of
from learning_curves.importers.losses import as_losses
from learning_curves.importers.options import Options

COLUMNS = (
    "openmlid",
    "learner",
    "size_train",
    "size_test",
    "outer_seed",
    "inner_seed",
    "traintime",
    "score_train",
    "score_valid",
    "score_test",
)
"""The columns of the file, in its order."""

_TYPES = {
    "openmlid": pa.int64(),
    "learner": pa.string(),
    "size_train": pa.int64(),
    "outer_seed": pa.int64(),
    "inner_seed": pa.int64(),
    "traintime": pa.float64(),
}
_SCORES = ("score_valid", "score_test", "score_train")


def read(source: Path, options: Options, progress: Progress) -> Log:
    """Return the curves of one data set; the file is read once, block by block.

    Epoch k is the k-th anchor, and its seconds are those of training on it from scratch: a training
    up to anchor k costs the sum of anchors 1 to k. With `seconds_are` ``"cumulative"`` it costs
    only the seconds of anchor k, as for a learner that is retrained at each rung.

    Raises
    ------
    InputError
        The file is not LCDB's, or has no such data set.

    """
    score = options.objective or "score_valid"
    if score not in _SCORES:
        raise InputError(f"LCDB has no objective {score!r}: --objective takes {', '.join(_SCORES)}")
    with Digesting(source, progress) as file:
        table, tasks = _filtered(source, file, options.task, score)
        digest = file.rest_sha256()
    task = one_of(
        options.task,
        [str(each) for each in sorted(tasks)],
        option="--task OPENMLID",
        what="tasks",
        source=source,
    )
    _refuse_empty(source, task, table)
    cells = {name: table[name].to_numpy() for name in table.column_names}
    learners = sorted(set(cells["learner"].tolist()))
    splits = sorted(
        set(zip(cells["outer_seed"].tolist(), cells["inner_seed"].tolist(), strict=True))
    )
    seed_of = {split: seed for seed, split in enumerate(splits)}
    seed = [
        seed_of[split]
        for split in zip(cells["outer_seed"].tolist(), cells["inner_seed"].tolist(), strict=True)
    ]
    loss, said = as_losses(cells[score], score, options, metric_is="higher")
    cumulative = options.seconds_are == "cumulative"

    def place(row: int) -> str:
        at = {name: cells[name][row] for name in ("learner", "outer_seed", "inner_seed")}
        where = ", ".join(f"{name} {value}" for name, value in at.items())
        return f"{source}, openmlid {task}, {where}"

    return Log(
        ids=range(len(learners)),
        configs=[{"learner": learner} for learner in learners],
        config=np.searchsorted(np.array(learners), cells["learner"].astype(str)),
        seed=np.array(seed, dtype=np.int64),
        step=cells["size_train"].astype(np.float64),
        loss=loss,
        seconds=cells["traintime"],
        place=place,
        cumulative=cumulative,
        space={"learner": learners},
        anchored=True,
        notes=(said, f"{len(splits)} seeds, each a split (outer_seed, inner_seed)"),
        title=f"LCDB, OpenML data set {task}: learners by size of the training set",
        licence="MIT",
        flaws=(
            "an epoch is an anchor, a training set's size: a learner starts from scratch at each",
            "the seconds of epochs 1 to k add up to those of training on anchor k: replay the "
            "table without checkpoints"
            if cumulative
            else "seconds of epoch k are those of training from scratch on anchor k alone: a "
            "training that skips anchors 1 to k - 1 would cost only them",
        ),
        task={
            "name": f"openml-{task}",
            "data_set": f"OpenML data set {task}",
            "metric": said,
            "curve": "over the size of the training set",
        },
        recording={
            "imported_from": source.name,
            "format": "lcdb",
            "sha256": digest,
            "splits": [list(split) for split in splits],
        },
    )


def _filtered(source: Path, file: Digesting, task: str | None, score: str) -> tuple[Any, set[int]]:
    """Return the rows of `task` (the first one if None), and all tasks in the file."""
    wanted = int(task) if task is not None and task.isdecimal() else None
    convert = pyarrow.csv.ConvertOptions(
        column_types={**_TYPES, score: pa.float64()},
        include_columns=[*_TYPES, score],
        null_values=[""],  # nan is a number: training diverged
    )
    kept: list[Any] = []
    tasks: set[int] = set()
    fault = f"is not LCDB's CSV with the columns {', '.join(COLUMNS)}"
    with reading(source, fault, remedy="download the file again"):
        stream = pyarrow.csv.open_csv(
            pa.PythonFile(file, mode="r"),
            read_options=pyarrow.csv.ReadOptions(block_size=1 << 20, use_threads=False),
            convert_options=convert,
        )
        for batch in stream:
            tasks.update(pyarrow.compute.unique(batch["openmlid"]).to_pylist())
            if task is None and wanted is None:
                wanted = batch["openmlid"][0].as_py()
            mine = batch.filter(pyarrow.compute.equal(batch["openmlid"], wanted))
            if mine.num_rows:
                kept.append(mine)
    return pa.Table.from_batches(kept, stream.schema), tasks - {None}


def _refuse_empty(source: Path, task: str, table: Any) -> None:
    for name in table.column_names:
        if table[name].null_count:
            row = int(np.argmax(np.asarray(table[name].is_null())))
            learner = table["learner"][row].as_py()
            raise InputError(
                f"{source}, openmlid {task}, learner {learner}: {name} is empty: remove the row"
            )
