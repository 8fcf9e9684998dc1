"""The log that the clock writes of a run, row by row, and the trace that it becomes.

Owns what is written down when a job ends or a worker is away. The schema is `trace`'s.
"""

from __future__ import annotations

from sim.cluster.worker import Worker
from sim.traces.trace import ROW_SIZE, Outcome, Trace, down_table, frame, kept_table, pack_into


class Log:
    """What has happened so far."""

    __slots__ = ("_down", "_kept", "_rows", "_used")

    def __init__(self) -> None:
        self._rows = bytearray()  # one row for each job that was started, at its number's place
        self._used = 0  # bytes
        self._down: list[tuple[int, float, float]] = []
        self._kept: list[tuple[int, int, float, float]] = []

    def job(
        self, worker: Worker, outcome: Outcome | int, now: float, overhead: float, loss: float
    ) -> None:
        """Log that the job of `worker` ends now, with `overhead` seconds of overhead."""
        job = worker.job
        assert job is not None
        trial, start, stop, bracket = job
        rows, place = self._rows, worker.job_number * ROW_SIZE
        if place >= self._used:
            self._used = place + ROW_SIZE
            missing = self._used - len(rows)
            if missing > 0:
                rows.extend(bytes(missing + self._used // 16))
        pack_into(
            rows,
            place,
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
        """Return the log as a trace; nothing can be logged after that."""
        del self._rows[self._used :]
        return Trace(
            jobs=frame(self._rows, copy=False),
            workers=workers,
            r_max=r_max,
            end=end,
            drained_from=drained_from,
            down=down_table(sorted(self._down)),
            kept=kept_table(self._kept),
        )
