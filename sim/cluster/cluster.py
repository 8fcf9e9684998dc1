"""THE clock: simulated workers that ask a scheduler for jobs and train learning curves.

Owns simulated time, and with it when each worker asks. Must not know how a scheduler decides. Reads
only the epochs of a curve that a job trains, when it trains them. Contains no real time.

The law of simultaneous events, at every time t, is the order of priorities below. Every job that
ends at t reports or is lost, in the order in which the jobs were started. Then, unless the run ends
at t, workers leave (and their jobs are lost) or come back, in the order of their numbers. Then free
workers ask: first those just freed, in order of report or return, then the longest idle. Of the
jobs handed out together, a just-freed worker gets the job that continues its trial.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from itertools import chain
from math import fsum, inf, nan
from typing import Any, Final, TypeAlias

import simpy
from simpy.events import EventPriority

from learning_curves.blackbox import Blackbox, Curve
from learning_curves.streams import training_seed
from sim.cluster.garbage import cyclic_collection_paused
from sim.cluster.log import Log
from sim.cluster.training import Training
from sim.cluster.worker import Worker, hire
from sim.faults import Models, Outage
from sim.jobs.assignment import assign
from sim.jobs.costs import Costs
from sim.jobs.limits import Limits, Tally
from sim.schedulers.protocol import Idle, Job, Scheduler, Trial
from sim.traces.trace import Outcome, Trace

# At equal times SimPy goes by priority, then first come, first served: of the jobs that end, the
# ones started earlier come first. 0 is SimPy's own, for the start of a process.
_JOB_ENDS = EventPriority(1)
_RUN_ENDS = EventPriority(2)
_WORKERS_MOVE = 3  # and their numbers: they leave, or come back
_WORKERS_ASK = EventPriority(2**62)

# Looked up once: access to members of an Enum is slow.
_WAIT: Final = Idle.WAIT
_DONE: Final = Idle.DONE
_REPORTED, _LOST, _CUT = int(Outcome.DONE), int(Outcome.LOST), int(Outcome.CUT)


Callbacks: TypeAlias = list[Callable[[Any], None]]


class _Event(simpy.Event):
    """An event that gets its time, and its place among simultaneous events, once they are known.

    Like SimPy's own timeout it is sure to occur, and has its outcome from the beginning.
    """

    _ok = True
    _value = None


class _JobEnds(_Event):
    """The end of the job that `worker` is running.

    A worker has one event for all its jobs, with one list of callbacks, and is no process: a new
    event and a step of a generator for each job would cost a fifth of the run time.
    """

    def __init__(self, env: simpy.Environment, worker: Worker, callbacks: Callbacks) -> None:
        super().__init__(env)
        self.worker = worker
        self.callbacks = callbacks


class Cluster:
    """N simulated workers, one scheduler, one run.

    Parameters
    ----------
    scheduler
        Any object of the protocol; the run uses it up.
    blackbox
        Where the learning curves come from.
    workers
        How many, >= 1.
    seed
        Of the trainings, 0 <= seed < 2**32: trial t trains with the randomness (seed, t).
    limits
        When the run ends.
    costs
        The costs of a job beside its epochs.
    speeds
        The speed of each worker, > 0: a worker of speed 2 takes half the seconds per epoch. Fewer
        speeds than workers are repeated; none means 1 for all.
    faults
        What goes wrong. Losses need a scheduler that handles lost jobs, such as `Retrying`.

    Raises
    ------
    ValueError
        `workers` is below 1, a speed is not above 0, the seed is out of range, or the curves end
        before the scheduler's r_max.

    Examples
    --------
    >>> from learning_curves.synthetic import Scripted
    >>> from sim.schedulers import ASHA
    >>> from sim.searchers import searcher_for
    >>> curves = Scripted(losses=[[0.5, 0.3], [0.4, 0.2]], seconds=[[1.0, 1.0], [3.0, 3.0]])
    >>> asha = ASHA(searcher_for(curves, seed=0, order="given"), r_min=1, r_max=2, eta=2)
    >>> trace = Cluster(asha, curves, workers=2).run()
    >>> trace.jobs[["trial", "worker", "start", "stop", "started", "ended"]]
       trial  worker  start  stop  started  ended
    0      0       0      0     1      0.0    1.0
    1      1       1      0     1      0.0    3.0
    2      1       1      1     2      3.0    6.0

    """

    def __init__(
        self,
        scheduler: Scheduler,
        blackbox: Blackbox,
        *,
        workers: int,
        seed: int = 0,
        limits: Limits | None = None,
        costs: Costs | None = None,
        speeds: Sequence[float] = (),
        faults: Models | None = None,
    ) -> None:
        if not 0 <= seed < 2**32:
            raise ValueError(f"the seed is {seed}: give a whole number from 0 to 2**32 - 1")
        if scheduler.r_max > blackbox.r_max:
            raise ValueError(
                f"the scheduler trains to epoch {scheduler.r_max}, the curves end at "
                f"{blackbox.r_max}: give an r_max of at most that"
            )
        self._scheduler = scheduler
        self._blackbox = blackbox
        self._seed = training_seed(seed, 0)  # to which a trial's number is added
        self._limits = limits or Limits()
        costs, faults = costs or Costs(), faults or Models()
        # Nothing but epochs takes time, and no job is lost.
        self._plain = costs == Costs() and not (speeds or faults.slow or faults.lose)
        self._training = Training(costs, faults, scheduler.r_max)
        self._outages_of = faults.outages_of if faults.outages else None

        self._env = simpy.Environment()
        self._now = 0.0  # the environment's time, read once for each job that ends
        self._workers = hire(workers, speeds, faults.slow_workers)
        self._freed: deque[Worker] = deque()  # freed at this instant, in order of report
        self._waiting: deque[Worker] = deque()  # free for longer, the longest idle first
        self._turn_comes = False  # whether all that are free will ask at this instant
        self._away = 0  # workers
        self._gone = 0  # workers that will not come back
        self._job_ends: Callbacks = [self._end_job]
        self._end = _Event(self._env)
        self._has_run = False
        self._drained_from: float | None = None  # since when no job is handed out any more

        self._trials: list[Trial] = []
        self._curves: dict[int, Curve] = {}
        self._tally = Tally(self._limits, scheduler.r_max)
        self._log = Log()

    def run(self) -> Trace:
        """Run to the end and return the trace; once, as it uses the scheduler up. O(log n) per job.

        Raises
        ------
        RuntimeError
            It has been run before.

        """
        if self._has_run:
            raise RuntimeError(
                "this cluster has already run: make another one with a new scheduler"
            )
        self._has_run = True
        for worker in self._workers:
            worker.ended = _JobEnds(self._env, worker, self._job_ends)
            if self._outages_of is not None:
                outages = self._outages_of(worker.number, self._limits.max_seconds or inf)
                self._env.process(self._absences(worker, outages))
        self._freed.extend(self._workers)
        self._let_all_ask()
        if self._limits.max_seconds is not None:
            self._env.schedule(self._end, _RUN_ENDS, self._limits.max_seconds)
        with cyclic_collection_paused():
            self._env.run(until=self._end)
        self._now = now = self._env.now
        free = {worker.number for worker in chain(self._freed, self._waiting)}
        for worker in self._workers:
            if worker.away_since is not None:
                if worker.away_since < now:
                    self._log.away(worker, now)
            elif worker.number not in free:
                self._log.job(worker, _CUT, now, worker.overhead_by(now), nan)
        drained_from = now if self._drained_from is None else self._drained_from
        return self._log.trace(
            workers=len(self._workers),
            r_max=self._scheduler.r_max,
            end=now,
            drained_from=drained_from,
        )

    @property
    def trials(self) -> Sequence[Trial]:
        """The trials that were started, in that order."""
        return self._trials

    @property
    def curves(self) -> Mapping[int, Curve]:
        """The curve of each trial that was started, by the trial's number."""
        return self._curves

    def _end_job(self, ended: _JobEnds) -> None:
        """Report the job that a worker has just ended, or lose it, and ask for another."""
        ended.callbacks = self._job_ends  # it will occur again, at the end of the next job
        worker = ended.worker
        self._now = now = self._env.now
        if worker.loses:
            self._lose(worker, saves=False)
        else:
            job = worker.job
            assert job is not None
            losses = worker.curve.losses(job.start, job.stop)
            loss = losses[-1]
            recorded = loss if loss < inf else inf  # noqa: FURB136  a NaN is to be inf
            self._log.job(worker, _REPORTED, now, worker.prepare + worker.finish, recorded)
            self._scheduler.job_done(job, losses)
            if self._tally.report(job.stop, loss):
                self._env.schedule(self._end, _RUN_ENDS)
        if self._freed or self._env.peek() <= now:  # others may still report at this instant
            self._freed.append(worker)
            self._let_all_ask()
        elif self._waiting:  # what has just been reported may concern them, too
            self._freed.append(worker)
            self._ask_for_all()
        elif job := self._next_job():
            self._start(worker, job, self._tally.jobs - 1)
        else:
            self._waiting.append(worker)
            self._end_if_idle()

    def _absences(
        self, worker: Worker, outages: Iterator[Outage]
    ) -> Generator[simpy.Event, None, None]:
        """Let a worker leave, and maybe come back, whatever it is running."""
        env = self._env
        for outage in outages:
            yield self._move(worker, outage.start)
            self._now = env.now
            self._leave(worker, saves=outage.saves)
            if outage.stop == inf:
                self._gone += 1
                return
            yield self._move(worker, outage.stop)
            self._now = env.now
            self._come_back(worker)

    def _move(self, worker: Worker, when: float) -> simpy.Event:
        """Return the event that `worker` leaves or comes back then."""
        event = _Event(self._env)
        priority = EventPriority(_WORKERS_MOVE + worker.number)
        self._env.schedule(event, priority, max(0.0, when - self._env.now))
        return event

    def _leave(self, worker: Worker, *, saves: bool) -> None:
        """Let `worker` be away from now on; a job that it is running is lost."""
        worker.away_since = self._now
        self._away += 1
        for queue in (self._freed, self._waiting):
            if worker in queue:
                queue.remove(worker)
                worker.job = None
                break
        else:
            worker.ended.callbacks = []  # that job will not end
            worker.ended = _JobEnds(self._env, worker, self._job_ends)
            self._lose(worker, saves=saves)
        self._let_all_ask()

    def _come_back(self, worker: Worker) -> None:
        """Let `worker` be there again, holding nothing."""
        self._log.away(worker, self._now)
        worker.away_since = None
        self._away -= 1
        self._freed.append(worker)
        self._let_all_ask()

    def _let_all_ask(self) -> None:
        """Ask for all that are free, once this instant has seen all that happens in it."""
        if not self._turn_comes:
            self._turn_comes = True
            turn = _Event(self._env)
            turn.callbacks.append(self._ask_for_all)
            self._env.schedule(turn, _WORKERS_ASK)

    def _ask_for_all(self, _turn: simpy.Event | None = None) -> None:
        """Ask for the free workers in turn, until there is no job for one of them."""
        self._turn_comes = False
        free = len(self._freed) + len(self._waiting)
        jobs: list[Job] = []
        while len(jobs) < free and (job := self._next_job()):
            jobs.append(job)
        workers = assign(jobs, self._freed, self._waiting)
        first = self._tally.jobs - len(jobs)
        for number, (worker, job) in enumerate(zip(workers, jobs, strict=True), start=first):
            self._start(worker, job, number)
        self._waiting.extend(self._freed)
        self._freed.clear()
        self._end_if_idle()

    def _end_if_idle(self) -> None:
        """End the run if no job is running, and no worker, present or returning, will get one."""
        free = len(self._waiting)
        if free + self._away == len(self._workers) and (
            free or self._drained_from is not None or self._gone == len(self._workers)
        ):
            self._env.schedule(self._end, _RUN_ENDS)

    def _next_job(self) -> Job | None:
        """Ask the scheduler, within the limits; None: nothing now, or nothing ever again."""
        if self._drained_from is not None:
            return None
        answer = self._scheduler.next_job()
        if answer is _WAIT:
            return None
        if answer is _DONE:
            self._drained_from = self._now
            return None
        first = answer.start if self._plain else self._training.first_epoch(answer)
        if self._tally.hand_out(answer.stop - first):
            self._drained_from = self._now
        return answer

    def _start(self, worker: Worker, job: Job, number: int) -> None:
        """Let `worker` begin `job` now; unless it leaves, it is certain when the job ends."""
        trial, start, stop, _ = job
        curve = self._curves.get(trial.number)
        if curve is None:
            curve = self._blackbox.curve(trial.config, self._seed + trial.number)
            self._curves[trial.number] = curve
            self._trials.append(trial)
        worker.curve = curve
        if self._plain:
            worker.training = seconds = fsum(curve.seconds(start, stop))
        else:
            seconds = self._training.begin(worker, job)
        worker.job = job
        worker.job_number = number
        worker.started = self._now
        self._env.schedule(worker.ended, _JOB_ENDS, seconds)

    def _lose(self, worker: Worker, *, saves: bool) -> None:
        """Log that the job of `worker` is lost now, and pass this to the scheduler."""
        job = worker.job
        assert job is not None
        self._log.job(worker, _LOST, self._now, worker.overhead_by(self._now), nan)
        kept = self._training.lose(worker, job, self._now - worker.started, saves=saves)
        if kept:
            self._log.kept(worker, self._training.first_epoch(job), kept)
        worker.job = None
        self._scheduler.job_lost(job)
