"""The log that the clock writes of a run, row by row, and the trace that it becomes.

Owns what is written down when a job ends or a worker is away. The schema is `trace`'s.
"""

from __future__ import annotations

from sim.cluster.worker import Worker
from sim.traces.trace import Outcome, Trace, down_table, frame, kept_table, pack


class Log:
    """What has happened so far."""

    __slots__ = ("_down", "_kept", "_rows")

    def __init__(self) -> None:
        self._rows = bytearray()
        self._down: list[tuple[int, float, float]] = []
        self._kept: list[tuple[int, int, float, float]] = []

    def job(
        self, worker: Worker, outcome: Outcome | int, now: float, overhead: float, loss: float
    ) -> None:
        """Log that the job of `worker` ends now, with `overhead` seconds of overhead."""
        job = worker.job
        assert job is not None
        trial, start, stop, bracket = job
        self._rows += pack(
            worker.job_number,
            trial.number,
            worker.curve.config_id,
            worker.number,
            bracket,
            start,
            stop,
            worker.attempt,
            outcome,
            worker.started,
            now,
            overhead,
            loss,
        )

    def away(self, worker: Worker, until: float) -> None:
        """Log that `worker` has been away."""
        assert worker.away_since is not None
        self._down.append((worker.number, worker.away_since, until))

    def kept(self, worker: Worker, epoch: int, seconds: float) -> None:
        """Log up to which epoch the lost job of `worker` was saved, and what that took."""
        began = worker.started + worker.prepare
        self._kept.append((worker.job_number, epoch, began, seconds))

    def trace(self, *, workers: int, r_max: int, end: float, drained_from: float) -> Trace:
        """Return the log as a trace. O(n log n)."""
        return Trace(
            jobs=frame(self._rows),
            workers=workers,
            r_max=r_max,
            end=end,
            drained_from=drained_from,
            down=down_table(sorted(self._down)),
            kept=kept_table(self._kept),
        )
