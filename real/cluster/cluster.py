"""A cluster of real workers: the twin of `sim.cluster.cluster`, on the clock of the wall.

Owns when each worker asks, and the law that each event is written to the journal before it reaches
the scheduler: a run that was killed is restored from its journal (`real.cluster.ledger`). Must not
know how a scheduler decides, nor how a job is trained.

The law of simultaneous events is that of the simulated cluster. Every job that has ended reports,
in the order in which the jobs were started. Then, unless the run ends, free workers ask: first
those just freed, in order of report, then the longest idle. Of the jobs handed out together, a
just-freed worker gets the job that continues its trial.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from math import inf
from pathlib import Path
from typing import Final

from learning_curves.errors import InputError, one_line
from learning_curves.streams import training_seed
from real.cluster.clock import Clock, WallClock
from real.cluster.crew import Crew, GoneError
from real.cluster.journal import Ended, Event, Idled, Journal, Lost, Reported, Started, Stopped
from real.cluster.ledger import Ledger, Worker, replay
from real.cluster.pauses import Pauses
from real.cluster.training import Assignment, FailedError, MakeTask, Report, UnsavedError, train
from sim.jobs.assignment import assign
from sim.jobs.limits import Limits
from sim.schedulers.protocol import Idle, Job, Scheduler
from sim.traces.replay import Lived

JOURNAL: Final = "journal.jsonl"
CHECKPOINTS: Final = "checkpoints"
GRACE: Final = 60.0
"""Seconds that a process has to start, load its data and answer, beyond the timeout of its job."""
_TRAINS: Final = re.compile(r'real.cluster.training\.py", line \d+ in train$', re.MULTILINE)


def ignore(_event: Event) -> None:
    """Ignore the event."""


class Cluster:
    """N real workers, one scheduler, one run, which may be stopped and resumed.

    Parameters
    ----------
    scheduler
        Any object of the protocol, new: when a run is resumed, all earlier calls are repeated on
        it.
    hire
        Returns the crew that runs the workers' jobs, ready to train; called when there is
        something to train.
    make_task
        Returns the task; called once in each process.
    folder
        Of the run, seen by all workers: journal, checkpoints, logs of jobs. It exists.
    workers
        How many, >= 1.
    seed
        Of the trainings, 0 <= seed < 2**32: trial t trains with the randomness (seed, t), as on
        the simulated cluster.
    limits
        When the run ends; seconds count while the run is active.
    job_timeout
        Seconds that a job may train; after that its process is ended, and the job is lost.
    device
        The torch device.
    hear
        Called with each event, after the scheduler.
    clock
        The time.

    Raises
    ------
    ValueError
        `workers` or `job_timeout` is out of range.

    """

    def __init__(
        self,
        scheduler: Scheduler,
        hire: Callable[[], Crew],
        make_task: MakeTask,
        *,
        folder: Path,
        workers: int,
        seed: int = 0,
        limits: Limits | None = None,
        job_timeout: float | None = None,
        device: str = "cpu",
        hear: Callable[[Event], None] = ignore,
        clock: Clock | None = None,
    ) -> None:
        if workers < 1:
            raise ValueError(f"the number of workers is {workers}: give at least 1")
        if job_timeout is not None and not 0 < job_timeout < inf:
            raise ValueError(f"the job timeout is {job_timeout}: give seconds above 0")
        self._hire = hire
        self._crew: Crew
        self._make_task = make_task
        self._folder = folder
        self._seed = training_seed(seed, 0)  # to which a trial's number is added
        self._max_seconds = (limits and limits.max_seconds) or inf
        self._timeout = job_timeout
        self._device = device
        self._hear = hear
        self._clock = clock or WallClock()
        self._journal = Journal(folder / JOURNAL)
        self._pauses = Pauses(folder / CHECKPOINTS, scheduler)
        self._r_max = scheduler.r_max
        self._ledger = Ledger(scheduler, workers, limits or Limits())
        self._futures: dict[int, Future[Report]] = {}  # by the number of the job
        self._began = 0.0  # on the clock, when the run's seconds were 0

    def run(self) -> Lived:
        """Run, or resume, to the end; return the result of the run.

        An exception, also Ctrl-C, stops the run: its processes are ended. A later call on a new
        cluster resumes it.

        Raises
        ------
        TaskError
            Every trial raises an exception, see `Ledger.check`.
        InputError
            The folder's journal is of another run, or the folder cannot be written.

        """
        with self._journal:
            for part in self._folder.glob(".*.part"):  # of a file that was never whole
                part.unlink(missing_ok=True)
            events = self._journal.read()
            replay(self._ledger, events, self._journal.path)
            for event in events:
                self._hear(event)
            if self._ledger.end is None:
                self._crew = self._hire()
                try:
                    self._carry_on()
                except (OSError, UnsavedError) as error:
                    raise InputError(
                        f"{_reason(error, self._folder)}: fix that, and continue with rungsim "
                        f"live --resume {self._folder}"
                    ) from error
                finally:
                    self._crew.stop()
            self._pauses.clear()
        return self._ledger.lived()

    def _carry_on(self) -> None:
        """Run from the end of the journal to the end of the run."""
        ledger = self._ledger
        self._began = self._clock.now() - ledger.now
        if ledger.running:  # the process that wrote the journal has died
            self._tell(Stopped(ledger.now))
        self._pauses.open(ledger.paused)
        now = ledger.now
        try:
            while not ledger.over and now < self._max_seconds:
                ledger.check()
                self._ask_for_all(now)
                if not ledger.running:
                    break
                now = self._wait(now)
                self._report_all(now)
            ledger.check(at_end=True)
        except BaseException:
            if ledger.running:
                with contextlib.suppress(OSError):  # handled as a death, then
                    self._tell(Stopped(self._time(now)))
            raise
        self._tell(Ended(now))

    def _time(self, at_least: float) -> float:
        return max(at_least, self._clock.now() - self._began)

    def _wait(self, now: float) -> float:
        """Wait until a job ends or the time is over; return the time then."""
        until = min(self._max_seconds, *map(self._deadline, self._ledger.running.values()))
        self._clock.wait(self._futures.values(), self._began + until)
        # A job that is found ended just after the limit has ended at the limit.
        return min(self._time(now), self._max_seconds)

    def _report_all(self, now: float) -> None:
        """Handle every job that has ended, in the order in which they were started."""
        for number, worker in sorted(self._ledger.running.items()):
            if self._futures[number].done() or now >= self._deadline(worker):
                job = worker.job
                assert job is not None
                event = self._outcome(now, worker)
                self._tell(event)
                # No longer needed: the checkpoint before, or one that was not reported.
                gone = job.start if isinstance(event, Reported) else job.stop
                self._pauses.path(job.trial.number, gone).unlink(missing_ok=True)
                self._log(number).unlink(missing_ok=True)
                del self._futures[number]
        running = (worker.job for worker in self._ledger.running.values())
        self._pauses.sweep(self._ledger.paused, {job.trial.number for job in running if job})

    def _outcome(self, now: float, worker: Worker) -> Reported | Lost:
        """Return the result of the job that `worker` has ended, or has not answered for."""
        number = worker.job_number
        future = self._futures[number]
        if not future.done():
            self._crew.end(worker.number)
            return Lost(now, number, f"no answer for {now - worker.started:.0f} s")
        try:
            report = future.result()
        except (
            UnsavedError,
            GoneError,
        ):  # not the fault of the job: it is interrupted, and continues later
            raise
        except FailedError as error:
            return Lost(now, number, str(error), raised=True)
        except Exception as error:  # noqa: BLE001 - whatever it is, it costs the job, not the run
            died = self._crew.end(worker.number) if isinstance(error, BrokenExecutor) else ""
            reason = _where_it_hung(self._log(number), self._timeout) or died or one_line(error)
            return Lost(now, number, reason)
        return Reported(
            now,
            number,
            report.losses,
            report.seconds,
            report.restored,
            report.saved,
            report.error,
            report.unreadable,
        )

    def _ask_for_all(self, now: float) -> None:
        """Ask for the free workers in turn, until there is no job for one of them."""
        ledger = self._ledger
        jobs = [(job, attempt, True) for job, attempt in ledger.cut_off]
        ledger.cut_off.clear()
        idle: Idle | None = None
        ledger.now = now
        while len(jobs) < len(ledger.freed) + len(ledger.waiting) and ledger.drained_from is None:
            answer = ledger.ask()
            if isinstance(answer, Idle):
                idle = answer
                break
            jobs.append((*answer, False))
        workers = assign([job for job, _, _ in jobs], ledger.freed, ledger.waiting)
        for worker, (job, attempt, again) in zip(workers, jobs, strict=True):
            self._start(now, worker, job, attempt, again=again)
        if idle is not None:
            self._tell(Idled(now, idle.name))

    def _start(self, now: float, worker: Worker, job: Job, attempt: int, *, again: bool) -> None:
        """Let `worker` begin `job` now."""
        number, config = job.trial
        event = Started(
            now,
            self._ledger.jobs,
            number,
            dict(config),
            job.start,
            job.stop,
            job.bracket,
            worker.number,
            attempt,
            again,
        )
        self._journal.append(event)
        self._ledger.begin(event, job)
        self._futures[event.job] = self._crew.submit(
            worker.number,
            train,
            self._make_task,
            Assignment(
                config=config,
                seed=self._seed + number,
                start=job.start,
                stop=job.stop,
                restore=self._pauses.path(number, job.start),
                save=self._pauses.path(number, job.stop) if job.stop < self._r_max else None,
                log=self._log(event.job),
                timeout=self._timeout if self._crew.in_processes else None,
                device=self._device,
            ),
        )
        self._hear(event)

    def _tell(self, event: Reported | Lost | Idled | Stopped | Ended) -> None:
        """Write `event` to the journal; then, and only then, act on it."""
        self._journal.append(event)
        self._ledger.tell(event)
        self._hear(event)

    def _deadline(self, worker: Worker) -> float:
        return inf if self._timeout is None else worker.started + self._timeout + GRACE

    def _log(self, number: int) -> Path:
        return self._folder / CHECKPOINTS / f"job-{number}.log"


def _where_it_hung(log: Path, timeout: float | None) -> str:
    """Return where, by its log, the training was when its time was over; empty if it was not.

    The log is what `faulthandler` writes.
    """
    try:
        text = log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    if not text.startswith("Timeout"):
        return ""
    threads = text.split("\n\n")  # the job's own is the one that began it
    ours = next((each for each in threads if _TRAINS.search(each)), threads[-1])
    place = re.search(r'File "(.+)", line (\d+) in (\S+)', ours)
    where = f", in {place[3]} ({place[1]}, line {place[2]})" if place else ""
    return f"ran longer than the job timeout of {timeout:g} s{where}"


def _reason(error: OSError | UnsavedError, folder: Path) -> str:
    if isinstance(error, OSError):
        return f"{error.filename or folder}: {error.strerror or error}"
    return str(error)
