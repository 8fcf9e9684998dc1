"""The state of a live run: it follows from its events, and from nothing else.

Owns the state of the run, and the law that it and the state of the scheduler are the same whether
the events happen or are read from a journal. Must not know the time, processes, or files.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass
from math import fsum, inf, nan
from pathlib import Path
from typing import assert_never

import pandas as pd

from learning_curves.blackbox import RecordedCurve
from learning_curves.errors import InputError
from real.cluster.journal import Ended, Event, Idled, Lost, Reported, Started, Stopped
from sim.jobs.limits import Limits, Tally
from sim.schedulers.protocol import Idle, Job, ProtocolError, Scheduler, Trial
from sim.traces.replay import Lived
from sim.traces.trace import Outcome, Trace, frame, pack


@dataclass(slots=True, eq=False)
class Worker:
    """What one worker is doing; `sim.cluster.worker.Worker`'s twin."""

    number: int
    job: Job | None = None  # its running or last job
    job_number: int = 0
    attempt: int = 0
    started: float = 0.0


_ENOUGH = 8  # trials: some configs may be out of the range of what can be trained


class TaskError(InputError):
    """Every trial raises an exception: the task is broken, not the configs."""

    exit_code = 1


class Ledger:
    """The state of one run; it is updated by each event.

    Parameters
    ----------
    scheduler
        Any object of the protocol, new.
    workers
        How many, >= 1.
    limits
        When the run ends.

    Attributes
    ----------
    now, end
        Seconds in which the run was active, at the last event and at the end of the run; the end is
        None before that.
    over
        Whether a limit was reached at which the run ends at once.
    drained_from
        Since when no job is handed out any more; None before.
    running
        The workers that are running a job, by its number.
    freed, waiting
        The other workers: those freed since the scheduler was last asked, in order of report; the
        longest idle first.
    cut_off
        Jobs that a stop cut off, and their next attempt; to the scheduler, they are running.
    paused
        The last job of each trial that reported, below r_max, and did not diverge; the trial may
        be running again. `pauses` removes those that will not go on.
    jobs
        How many were started, with repeated attempts.
    raised
        The first exception of each trial that has raised one, by its number, in order of report.
    unreadable
        The first checkpoint that could not be read back: its trial and epoch, and why.

    """

    def __init__(self, scheduler: Scheduler, workers: int, limits: Limits) -> None:
        self._scheduler = scheduler
        self.now = 0.0
        self.end: float | None = None
        self.over = False
        self.drained_from: float | None = None
        self.workers = [Worker(number) for number in range(workers)]
        self.running: dict[int, Worker] = {}
        self.freed: deque[Worker] = deque()
        self.waiting = deque(self.workers)
        self.cut_off: deque[tuple[Job, int]] = deque()
        self.paused: dict[int, Job] = {}
        self.jobs = 0
        self.raised: dict[int, str] = {}
        self.unreadable = ""

        self._ended_well = False  # whether a job has ended without an exception
        self._r_max = scheduler.r_max
        self._tally = Tally(limits, scheduler.r_max)
        self._lost: Counter[tuple[int, int]] = Counter()  # attempts, by trial and stop
        self._trials: dict[int, tuple[Trial, list[float], list[float]]] = {}  # losses, seconds
        self._overheads: list[tuple[int, float, float]] = []
        self._rows = bytearray()

    def ask(self) -> tuple[Job, int] | Idle:
        """Ask the scheduler; return a job and its attempt, counted against the limits, or why not.

        A call of `begin`, or of `tell` with an `Idled`, must follow.
        """
        answer = self._scheduler.next_job()
        if not isinstance(answer, Job):
            return answer
        if self._tally.hand_out(answer.stop - answer.start):
            self.drained_from = self.now
        return answer, self._lost[answer.trial.number, answer.stop]

    def begin(self, event: Started, job: Job) -> None:
        """Record that a worker runs `job`, which is new or was cut off by a stop."""
        self.now = event.seconds
        worker = self.workers[event.worker]
        for free in (self.freed, self.waiting):
            if worker in free:
                free.remove(worker)
        worker.job = job
        worker.job_number = event.job
        worker.attempt = event.attempt
        worker.started = event.seconds
        self.running[event.job] = worker
        self.jobs = event.job + 1
        self._trials.setdefault(job.trial.number, (job.trial, [], []))

    def tell(self, event: Reported | Lost | Idled | Stopped | Ended) -> None:
        """Update the state by `event`, and pass it to the scheduler."""
        self.now = event.seconds
        match event:
            case Reported():
                self._report(event)
            case Lost():
                job = self._leave(event.job, Outcome.LOST)
                self._lost[job.trial.number, job.stop] += 1
                if event.raised:
                    self.raised.setdefault(job.trial.number, event.reason)
                self._scheduler.job_lost(job)
            case Idled():
                self.waiting.extend(self.freed)
                self.freed.clear()
                if event.answer == Idle.DONE.name:
                    self.drained_from = self.now
            case Stopped():
                for number in sorted(self.running):
                    job = self._leave(number, Outcome.LOST)
                    self._lost[job.trial.number, job.stop] += 1
                    self.cut_off.append((job, self._lost[job.trial.number, job.stop]))
                self.waiting.extend(self.freed)
                self.freed.clear()
            case Ended():
                self.end = self.now
                for number in sorted(self.running):
                    self._leave(number, Outcome.CUT)
            case _:
                assert_never(event)

    def check(self, *, at_end: bool = False) -> None:
        """Raise if the task is broken: trials have raised, and no job has ended without that.

        Trials of this number must have raised: as many as there are workers, and at least three;
        at the end of the run, all.

        Raises
        ------
        TaskError
            It quotes the first exception.

        """
        enough = len(self._trials) if at_end else max(_ENOUGH, len(self.workers))
        if self._ended_well or not 0 < enough <= len(self.raised):
            return
        trial, error = next(iter(self.raised.items()))
        trials = "1 trial" if len(self.raised) == 1 else f"{len(self.raised)} trials"
        raise TaskError(
            f"every job raised an exception ({trials}); trial {trial}: {error}: fix the task, and "
            "start a new run"
        )

    def replay(self, event: Event) -> None:
        """Repeat what was done at `event`; nothing is trained.

        Raises
        ------
        InputError
            The scheduler's answer differs from the journal.
        LookupError
            The event does not follow from those before it.

        """
        self.now = event.seconds
        match event:
            case Started(again=True):
                self.begin(event, self.cut_off.popleft()[0])
            case Started() | Idled():
                answer = self.ask()
                _compare(event, answer)
                if isinstance(event, Started) and not isinstance(answer, Idle):
                    self.begin(event, answer[0])
                elif isinstance(event, Idled):
                    self.tell(event)
            case _:
                self.tell(event)

    def lived(self) -> Lived:
        """Return the result of the run so far. O(n log n) in the jobs."""
        end = self.now if self.end is None else self.end
        return Lived(
            trace=Trace(
                jobs=frame(self._rows),
                workers=len(self.workers),
                r_max=self._r_max,
                end=end,
                drained_from=end if self.drained_from is None else self.drained_from,
            ),
            trials={
                number: (trial, RecordedCurve(tuple(losses), tuple(seconds)))
                for number, (trial, losses, seconds) in sorted(self._trials.items())
            },
            overheads=pd.DataFrame(self._overheads, columns=["job", "restored", "saved"]),
            raised=dict(self.raised),
            unreadable=self.unreadable,
        )

    def _report(self, event: Reported) -> None:
        """Log the job that a worker has just ended, and pass it to the scheduler."""
        loss = event.losses[-1]
        job = self._leave(event.job, Outcome.DONE, training=fsum(event.epoch_seconds), loss=loss)
        _, losses, seconds = self._trials[job.trial.number]
        losses += event.losses
        seconds += event.epoch_seconds
        seconds += [0.0] * (len(losses) - len(seconds))  # of epochs in which the training raised
        self._overheads.append((event.job, event.restored, event.saved))
        if event.error:
            self.raised.setdefault(job.trial.number, event.error)
        else:
            self._ended_well = True
        if event.unreadable and not self.unreadable:
            self.unreadable = f"trial {job.trial.number}, epoch {job.stop}: {event.unreadable}"
        self.paused.pop(job.trial.number, None)
        if job.stop < self._r_max and loss < inf:
            self.paused[job.trial.number] = job
        self._scheduler.job_done(job, event.losses)
        self.over |= self._tally.report(job.stop, loss)

    def _leave(
        self, number: int, outcome: Outcome, *, training: float = inf, loss: float = nan
    ) -> Job:
        """Log the end of a worker's job, and how much of its time was training."""
        worker = self.running.pop(number)
        job = worker.job
        assert job is not None
        self.freed.append(worker)
        self._rows += pack(
            number,
            job.trial.number,
            -1,
            worker.number,
            job.bracket,
            job.start,
            job.stop,
            worker.attempt,
            outcome,
            worker.started,
            self.now,
            max(0.0, self.now - worker.started - training),
            loss,
        )
        return job


def replay(ledger: Ledger, events: Iterable[Event], path: Path) -> None:
    """Replay the events of the journal at `path` on `ledger` and its scheduler.

    Raises
    ------
    InputError
        The scheduler's answers differ from the journal, or the events are no run.

    """
    for line, event in enumerate(events, start=1):
        try:
            ledger.replay(event)
        except InputError as error:
            raise InputError(f"{path}: line {line} {error}") from None
        except (LookupError, ProtocolError):
            raise InputError(
                f"{path}: line {line} does not follow from the lines before it: restore the file"
            ) from None


def _compare(event: Started | Idled, answer: tuple[Job, int] | Idle) -> None:
    """Raise unless the scheduler's answer is that of the journal."""
    now: object
    then: object
    if isinstance(answer, Idle):
        now = answer.name
    else:
        trial, start, stop, bracket = answer[0]
        now = (trial.number, dict(trial.config), start, stop, bracket)
    if isinstance(event, Idled):
        then = event.answer
    else:
        then = (event.trial, event.config, event.start, event.stop, event.bracket)
    if now != then:
        raise InputError(
            f"says {then}, where the scheduler now says {now}: the run is of another "
            "experiment or version; start a new run"
        )
