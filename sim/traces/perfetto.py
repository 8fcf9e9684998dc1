"""A run for a trace viewer: the Trace Event Format, for ui.perfetto.dev and chrome://tracing.

Owns that format, and which part of a trace becomes which event. Must not know how the run was made.

The workers are the threads of one process. Slices on a thread may nest but not overlap, so time is
rounded to whole microseconds before durations are computed. In the `args` of an event, numbers are
in full and in seconds, as in the trace.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from itertools import chain
from math import isfinite, isnan
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from learning_curves.errors import InputError
from learning_curves.files import replacing
from sim.jobs.costs import Costs
from sim.schedulers.protocol import Job, Trial
from sim.traces import metrics
from sim.traces.trace import COLUMNS, Trace

Event = dict[str, Any]

_MICROSECONDS = 1e6  # in a second
_LONGEST = 2**53 / _MICROSECONDS  # seconds: beyond, a number in JSON is not exact
_PROCESS = 1
_CNAMES = {"lost": "terrible", "cut": "grey", "down": "black"}  # chrome://tracing's own colours


def write(
    trace: Trace,
    path: Path,
    *,
    name: str = "rungsim",
    configs: Mapping[int, Mapping[str, Any]] | None = None,
    costs: Costs | None = None,
) -> None:
    """Write the run as one JSON object; the same run gives the same bytes. O(n log n) in the jobs.

    Each job is a slice on the thread of its worker, with its row of the trace in `args`, the
    config of its trial, and what it has saved if it was lost; `away` is a slice, too. A job that is
    lost, the scheduler's DONE or the limit after which it is asked no more, and the end of the run
    are instants; the number of busy workers and the incumbent are counters.

    Parameters
    ----------
    trace
        The run.
    path
        The file to write, .json as a rule; under a temporary name first.
    name
        Of the process.
    configs
        The hyperparameters of each trial, by its number.
    costs
        What jobs cost beside their epochs: with them the overhead stands in a job as slices of its
        own, `start` (restoring included) and `save`, where the trace determines when it was. For
        a job that was lost or cut while trials are saved it does not. None: only in `args`.

    Raises
    ------
    InputError
        The run is too long for microseconds, 285 years.

    """
    if trace.end > _LONGEST:
        raise InputError(
            f"the run takes {trace.end:g} s, and a trace viewer counts microseconds up to "
            f"{_LONGEST:.0f} s: leave out the trace, or measure the epochs in a larger unit"
        )
    events = chain(
        _threads(trace, name), _losses(trace), _absences(trace), _jobs(trace, configs or {}, costs)
    )
    facts = {
        "workers": trace.workers,
        "r_max": trace.r_max,
        "end": trace.end,
        "drained_from": trace.drained_from,
    }
    with (
        replacing(path) as part,
        # What a file's name may hold and UTF-8 may not is a valid escape in JSON.
        part.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file,
    ):
        file.write('{"displayTimeUnit":"ms","traceEvents":[')
        for place, event in enumerate(chain(events, _counters(trace), _marks(trace))):
            file.write(",\n" if place else "\n")
            file.write(_encode(event))
        file.write(f'\n],"otherData":{_encode(facts)}}}\n')


def _threads(trace: Trace, name: str) -> Iterator[Event]:
    """Name the process and its threads, in the order of the workers."""
    yield _event("M", "process_name", 0, 0) | {"args": {"name": name}}
    for worker in range(trace.workers):
        yield _event("M", "thread_name", worker, 0) | {"args": {"name": f"worker {worker}"}}
        yield _event("M", "thread_sort_index", worker, 0) | {"args": {"sort_index": worker}}


def _losses(trace: Trace) -> Iterator[Event]:
    """Mark when jobs were lost, and whether it was because their worker left."""
    left = set(zip(trace.down["worker"].tolist(), trace.down["since"].tolist(), strict=True))
    lost = trace.jobs[trace.jobs["outcome"] == "lost"]
    columns = (lost[name].tolist() for name in ("job", "trial", "worker", "ended"))
    for job, trial, worker, ended in zip(*columns, strict=True):
        # In full: a viewer may hang it on the slice that begins at this moment.
        name = f"trial {trial} lost" + (": the worker left" if (worker, ended) in left else "")
        args = {"job": job, "trial": trial}
        yield _event("i", name, worker, _microseconds(ended)) | {"s": "t", "args": args}


def _absences(trace: Trace) -> Iterator[Event]:
    columns = (trace.down[name].tolist() for name in ("worker", "since", "until"))
    for worker, since, until in zip(*columns, strict=True):
        args = {"worker": worker, "since": since, "until": until}
        yield _slice("away", worker, since, until) | {"cname": _CNAMES["down"], "args": args}


def _jobs(
    trace: Trace, configs: Mapping[int, Mapping[str, Any]], costs: Costs | None
) -> Iterator[Event]:
    """Show each job, and after it the overhead within."""
    columns = (trace.kept[name].tolist() for name in ("job", "epoch", "seconds"))
    kept = {
        job: {"epoch": epoch, "seconds": seconds}
        for job, epoch, seconds in zip(*columns, strict=True)
    }
    for values in zip(*(trace.jobs[name].tolist() for name in COLUMNS), strict=True):
        row = dict(zip(COLUMNS, values, strict=True))
        job, trial, worker, outcome = row["job"], row["trial"], row["worker"], row["outcome"]
        args = row | {"loss": None if isnan(row["loss"]) else row["loss"]}
        if job in kept:
            args["kept"] = kept[job]
        if trial in configs:
            args["config"] = configs[trial]
        told = "" if outcome == "done" else f" ({outcome})"
        name = f"trial {trial}: {row['start']}-{row['stop']}{told}"
        look = {"cat": outcome}
        if outcome in _CNAMES:
            look["cname"] = _CNAMES[outcome]
        yield _slice(name, worker, row["started"], row["ended"]) | look | {"args": args}
        if costs is not None:
            yield from _overhead(row, costs, trace.r_max)


def _overhead(row: Mapping[str, Any], costs: Costs, r_max: int) -> Iterator[Event]:
    """Show the overhead of one job, where it is known: what is not for saving is in front."""
    after = costs.after(Job(Trial(row["trial"], {}), row["start"], row["stop"]), r_max)
    if after and row["outcome"] != "done":  # it may have ended in the midst of saving
        return
    started, ended = row["started"], row["ended"]
    trains = min(started + max(0.0, row["overhead"] - after), ended)
    saves = max(trains, ended - after)
    for name, since, until in (("start", started, trains), ("save", saves, ended)):
        event = _slice(name, row["worker"], since, until)
        if event["dur"]:
            yield event | {"cat": "overhead"}


def _counters(trace: Trace) -> Iterator[Event]:
    """Count the workers that run a job, and follow the incumbent."""
    started, ended = (_rounded(trace.jobs[name].to_numpy()) for name in ("started", "ended"))
    times, places = np.unique(np.concatenate([[0], started, ended]), return_inverse=True)
    change = np.zeros(len(times), dtype=np.int64)
    np.add.at(change, places[1 : len(started) + 1], 1)
    np.add.at(change, places[len(started) + 1 :], -1)
    busy = np.cumsum(change)
    news = (change != 0) | (times == 0)
    for time, count in zip(times[news].tolist(), busy[news].tolist(), strict=True):
        yield _event("C", "workers", 0, time) | {"args": {"at a job": count}}
    improved, losses = metrics.incumbent(trace)
    for time, loss in zip(_rounded(improved).tolist(), losses.tolist(), strict=True):
        yield _event("C", "incumbent", 0, time) | {"args": {"loss": loss}}


def _marks(trace: Trace) -> Iterator[Event]:
    """Mark when the last job had been handed out, and when the run ended."""
    if trace.drained_from < trace.end:
        drained = _microseconds(trace.drained_from)
        yield _event("i", "no more jobs", 0, drained) | {"s": "g"}
    yield _event("i", "end of the run", 0, _microseconds(trace.end)) | {"s": "g"}


def _slice(name: str, worker: int, since: float, until: float) -> Event:
    start = _microseconds(since)
    event = _event("X", name, worker, start)
    return event | {"dur": _microseconds(until) - start}


def _event(phase: str, name: str, worker: int, time: int) -> Event:
    # Some viewers take thread 0 for the process's, and look for the time first.
    return {"ph": phase, "ts": time, "pid": _PROCESS, "tid": worker + 1, "name": name}


def _microseconds(seconds: float) -> int:
    """Return seconds as whole microseconds: what was in order stays in order."""
    return round(seconds * _MICROSECONDS)


def _rounded(seconds: npt.NDArray[np.float64]) -> npt.NDArray[np.int64]:
    """Return the `_microseconds` of each."""
    return np.rint(seconds * _MICROSECONDS).astype(np.int64)


def _encode(value: object) -> str:
    """Return strict JSON: with text for what JSON does not have."""
    try:
        return _ENCODER.encode(value)
    except ValueError:  # it has no infinity, nor NaN
        return _ENCODER.encode(_finite(value))


def _finite(value: Any) -> Any:
    match value:
        case float():
            return value if isfinite(value) else str(float(value))
        case Mapping():
            return {name: _finite(each) for name, each in value.items()}
        case list() | tuple():
            return [_finite(each) for each in value]
        case np.generic():
            return _finite(value.item())
        case _:
            return value


def _known(value: object) -> object:
    """Return what stands for a value that JSON does not know."""
    match value:
        case Mapping():
            return dict(value)
        case np.generic():
            return value.item()
        case _:
            return str(value)


_ENCODER = json.JSONEncoder(
    ensure_ascii=False,  # some viewers do not read escapes
    allow_nan=False,
    separators=(",", ":"),
    default=_known,
)
