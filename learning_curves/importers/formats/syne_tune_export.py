"""A table as a blackbox folder of Syne Tune; the inverse of `syne_tune`.

Owns what is written there. The numbers are of double precision, so that they come back as they
Owns the content of the folder. Numbers have double precision, so that importing them again gives
the same values; Syne Tune itself writes single precision.
"""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from learning_curves import files
from learning_curves.errors import InputError
from learning_curves.importers.formats import syne_tune_space
from learning_curves.tables.tabular import Tabular

OBJECTIVES = ("validation_error", "elapsed_time", "epoch_seconds")
"""The objectives of each epoch; Syne Tune's simulator uses the cumulative `elapsed_time`."""


def write(table: Tabular, folder: Path) -> None:
    """Write the table into `folder`, made if it does not exist; each file is written atomically.

    The only task has the table's name. A training that the table does not have, because a config
    has fewer seeds than another, is NaN.

    Raises
    ------
    InputError
        The space has a domain that Syne Tune does not have.

    """
    recorded, r_max = table.recorded, table.r_max
    space = syne_tune_space.to_json(table.space)
    seeds = sorted({seed for by_seed in recorded.curves for seed in by_seed})
    values = np.full((1, len(recorded.ids), len(seeds), r_max, len(OBJECTIVES)), np.nan)
    for at, by_seed in enumerate(recorded.curves):
        for seed, curve in by_seed.items():
            cells = values[0, at, seeds.index(seed)]  # (r_max, objectives)
            cells[:, 0] = curve.all_losses
            cells[:, 1] = np.cumsum(curve.all_seconds)
            cells[:, 2] = curve.all_seconds
    columns = {name: [config[name] for config in recorded.configs] for name in table.space}
    sink = pa.BufferOutputStream()
    pyarrow.parquet.write_table(pa.table(columns), sink)
    epoch = {
        "domain_cls": "Integer",
        "domain_kwargs": {"lower": 1, "upper": r_max},
        "sampler_cls": "Uniform",
        "sampler_kwargs": {},
    }
    metadata = {
        "objectives_names": list(OBJECTIVES),
        "task_names": [table.name],
        "metric_default": "validation_error",
        "metric_elapsed_time": "elapsed_time",
        "resource_attr": "epoch",
        "rungsim": {
            "epoch_seconds": "epoch_seconds",
            "config_ids": list(recorded.ids),
            "seeds": seeds,
        },
    }
    contents = {
        "configspace.json": _json(space),
        "fidelityspace.json": _json({"epoch": epoch}),
        "metadata.json": _json(metadata),
        "hyperparameters.parquet": bytes(sink.getvalue()),
        "fidelities_values.npy": _npy(np.arange(1, r_max + 1)),
        "objectives_evaluations.npy": _npy(values),
    }
    folder.mkdir(parents=True, exist_ok=True)
    strange = sorted({path.name for path in folder.iterdir()} - contents.keys())
    if strange:
        raise InputError(
            f"{folder} holds {strange[0]}: give a folder that is empty or does not exist"
        )
    for name, content in contents.items():
        files.write(folder / name, content)


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=1) + "\n").encode()


def _npy(array: object) -> bytes:
    sink = io.BytesIO()
    np.save(sink, np.asarray(array), allow_pickle=False)
    return sink.getvalue()
