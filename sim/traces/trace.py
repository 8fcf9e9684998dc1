"""The trace: the log of all jobs of one run, simulated or live, in one schema.

Owns the columns and the files. Must not know how the jobs were run. All measures are functions
of it, in `sim.traces.metrics`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from struct import Struct
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import csv

from learning_curves.errors import reading
from learning_curves.files import replacing


class Outcome(IntEnum):
    """How a job ended."""

    DONE = 0
    LOST = 1
    CUT = 2


COLUMNS = (
    "job",  # its number in the order of start
    "trial",
    "config_id",  # the place of the trial's config in the table; -1 without one
    "worker",
    "bracket",
    "start",  # epochs
    "stop",  # epochs
    "attempt",  # 0 for the first
    "outcome",  # done | lost | cut
    "started",  # seconds since the run began
    "ended",  # seconds since the run began
    "overhead",  # seconds of `ended - started` not spent training
    "loss",  # after epoch `stop`; inf if it diverged, NaN if it was not reported
)
_WHOLE = COLUMNS.index("started")  # the columns before are whole numbers, the others real
_ROW = np.dtype([(name, "<i8" if i < _WHOLE else "<f8") for i, name in enumerate(COLUMNS)])
_PACKED = Struct(f"<{_WHOLE}q{len(COLUMNS) - _WHOLE}d")
ROW_SIZE = _PACKED.size
"""How many bytes a packed job has."""
pack = _PACKED.pack
"""Packs the values of `COLUMNS`, one job, into bytes: a log grows fastest so."""
pack_into = _PACKED.pack_into
"""(buffer, offset, values of `COLUMNS`): packs one job into its place."""
OUTCOMES = tuple(outcome.name.lower() for outcome in Outcome)
# Not read with pandas, whose default used not to read every number as it was written.
_CSV = csv.ConvertOptions(
    column_types={
        name: pa.int64() if i < _WHOLE else pa.float64() for i, name in enumerate(COLUMNS)
    }
    | {"outcome": pa.string()}
)


_DOWN = {"worker": np.int64, "since": np.float64, "until": np.float64}
_KEPT = {"job": np.int64, "epoch": np.int64, "began": np.float64, "seconds": np.float64}


def down_table(rows: Sequence[tuple[int, float, float]] = ()) -> pd.DataFrame:
    """Return when workers were away, (worker, since, until) each, as a table."""
    return _table(rows, _DOWN) if rows else _NEVER_DOWN


def kept_table(rows: Sequence[tuple[int, int, float, float]] = ()) -> pd.DataFrame:
    """Return what lost jobs have saved, (job, epoch, began, seconds) each, as a table."""
    return _table(rows, _KEPT) if rows else _NOTHING_KEPT


def _table(rows: Sequence[tuple[float, ...]], kinds: Mapping[str, type]) -> pd.DataFrame:
    cells = np.array(rows, dtype=np.float64).reshape(len(rows), len(kinds))
    columns: dict[str, Any] = {
        name: cells[:, i].astype(kind) for i, (name, kind) in enumerate(kinds.items())
    }
    return pd.DataFrame(columns, copy=False)


# One for all runs: making a table takes as long as simulating fifty jobs.
_NEVER_DOWN, _NOTHING_KEPT = _table((), _DOWN), _table((), _KEPT)


@dataclass(frozen=True)
class Trace:
    """One run: its jobs, and what the jobs alone do not show.

    Parameters
    ----------
    jobs
        One row for each job, in the order of start, with the columns `COLUMNS`.
    workers
        How many workers there were; some may have run no job.
    r_max
        The epoch at which the scheduler regards a trial as finished.
    end
        When the run ended, in seconds.
    drained_from
        When the scheduler returned DONE, or a limit stopped it, in seconds; else `end`. Before that
        a free worker is waiting, after that it is idle at end.
    down
        One row for each time that a worker was away: the columns worker, since, until (seconds, in
        the run). Of one worker they do not overlap, and it has no job then.
    kept
        One row for each lost job that saved: the columns job, epoch (up to which the next attempt
        need not train again), began (when its training did) and seconds (of it, up to that epoch).

    """

    jobs: pd.DataFrame
    workers: int
    r_max: int
    end: float
    drained_from: float
    down: pd.DataFrame = field(default_factory=down_table)
    kept: pd.DataFrame = field(default_factory=kept_table)

    def write(self, path: Path) -> None:
        """Write Parquet or, where the name ends in .csv, CSV; under a temporary name first.

        The same trace gives the same bytes.
        """
        facts = json.dumps(
            {
                "workers": self.workers,
                "r_max": self.r_max,
                "end": self.end,
                "drained_from": self.drained_from,
            }
            | {name: table.to_numpy().tolist() for name, table in self._faults() if len(table)}
        )
        with replacing(path) as part:
            if path.suffix == ".csv":
                part.write_text(f"# {facts}\n{self.jobs.to_csv(index=False)}", encoding="utf-8")
            else:
                table = pa.Table.from_pandas(self.jobs, preserve_index=False)
                pq.write_table(table.replace_schema_metadata({"rungsim": facts}), part)

    def _faults(self) -> tuple[tuple[str, pd.DataFrame], ...]:
        return ("down", self.down), ("kept", self.kept)


def read(path: str | Path) -> Trace:
    """Read what `Trace.write` wrote.

    Raises
    ------
    InputError
        There is no such file, or it is not a trace.

    """
    path = Path(path)
    with reading(path, "is not a trace", remedy="give the jobs file of a run"):
        if path.suffix == ".csv":
            with path.open("rb") as file:
                facts = json.loads(file.readline().removeprefix(b"#"))
                jobs = csv.read_csv(file, convert_options=_CSV).to_pandas()
        else:
            table = pq.read_table(path)
            facts = json.loads((table.schema.metadata or {})[b"rungsim"])
            jobs = table.to_pandas()
        jobs["outcome"] = pd.Categorical(jobs["outcome"], categories=list(OUTCOMES))
        facts["down"] = down_table(facts.get("down", ()))
        facts["kept"] = kept_table(facts.get("kept", ()))
        return Trace(jobs[list(COLUMNS)], **facts)


def frame(rows: bytes | bytearray, *, copy: bool = True) -> pd.DataFrame:
    """Return jobs that were packed, in any order, as a table in the order of start. O(n log n).

    Parameters
    ----------
    rows
        The rows one after the other, each made by ``pack(*row)`` with the values of `COLUMNS`.
    copy
        False: where they are in order, the columns are views of `rows`, which cannot grow then.

    """
    packed = np.frombuffer(rows, dtype=_ROW)
    if (np.diff(packed["job"]) < 0).any():
        packed = packed[np.argsort(packed["job"])]
    elif copy:
        packed = packed.copy()
    columns: dict[str, Any] = {name: packed[name] for name in COLUMNS}
    columns["outcome"] = pd.Categorical.from_codes(columns["outcome"], pd.Index(OUTCOMES))
    return pd.DataFrame(columns, copy=False)
