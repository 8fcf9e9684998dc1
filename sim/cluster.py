"""THE clock: simulated workers that ask a scheduler for jobs and train learning curves.

Owns simulated time, and with it who asks when. Must not know how a scheduler decides; sees no more
of a curve than the epochs that a job trains, when it trains them. Contains no real time.

The law of simultaneous events, at every time t, is the order of priorities below: every job that
ends at t reports, in the order in which the jobs were started; then, unless the run ends at t,
free workers ask, those just freed first, in order of report, then the longest idle. Of the jobs
that they are given together, a just-freed worker gets the one that goes on with its trial.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Mapping, Sequence
from itertools import chain, islice
from math import fsum, inf, nan
from typing import Final

import simpy
from simpy.events import EventPriority

from learning_curves.blackbox import Blackbox
from learning_curves.curve import Curve
from sim.costs import Costs
from sim.faults import HalfNormalStraggler
from sim.garbage import cyclic_collection_paused
from sim.limits import Limits
from sim.schedulers.protocol import Idle, Job, Scheduler, Trial
from sim.trace import Outcome, Trace, frame, pack
from sim.worker import Worker, assign

# At equal times SimPy goes by priority, then first come, first served: of the jobs that end, the
# ones started earlier come first. 0 is SimPy's own, for the birth of a process.
_JOB_ENDS = EventPriority(1)
_RUN_ENDS = EventPriority(2)
_WORKERS_ASK = EventPriority(3)

_FIRST_ATTEMPT = 0  # no job is lost on this cluster, so each one is tried once
# Looked up once: members of an Enum are slow to get at.
_WAIT: Final = Idle.WAIT
_DONE: Final = Idle.DONE
_REPORTED, _CUT = int(Outcome.DONE), int(Outcome.CUT)


class _Event(simpy.Event):
    """An event that is given its time, and its place among simultaneous ones, once they are known.

    Like SimPy's own timeout it is sure to occur, and has its outcome from the beginning. A worker
    has one for all its jobs, one at a time: to make a new one for each costs a tenth of the clock.
    """

    _ok = True
    _value = None


class Cluster:
    """N simulated workers, one scheduler, one run.

    Parameters
    ----------
    scheduler
        Decides; any object of the protocol, used up by the run.
    blackbox
        Where the learning curves come from.
    workers
        How many, >= 1.
    seed
        Of the trainings, 0 <= seed < 2**32: trial t trains with the randomness (seed, t).
    limits
        When the run ends.
    costs
        What a job costs beside its epochs.
    speeds
        The speed of each worker, > 0: a worker of speed 2 takes half the seconds an epoch. Fewer
        speeds than workers are repeated; none means 1 for all.
    straggler
        Slows the training of jobs.

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
        straggler: HalfNormalStraggler | None = None,
    ) -> None:
        if workers < 1:
            raise ValueError(f"there are {workers} workers: at least 1 is needed")
        for speed in speeds:
            if not 0 < speed < inf:
                raise ValueError(f"a worker's speed is {speed}: give more than 0")
        if not 0 <= seed < 2**32:
            raise ValueError(f"the seed is {seed}: give a whole number from 0 to 2**32 - 1")
        if scheduler.r_max > blackbox.r_max:
            raise ValueError(
                f"the scheduler trains to epoch {scheduler.r_max}, the curves end at "
                f"{blackbox.r_max}: lower r_max"
            )
        self._scheduler = scheduler
        self._blackbox = blackbox
        self._seed = seed << 32  # a training's seed: that, and the trial's number
        self._limits = limits or Limits()
        self._costs = costs or Costs()
        self._checkpoints = self._costs.checkpoints
        # Nothing but epochs takes time.
        self._plain = self._costs == Costs() and not speeds and straggler is None
        self._speeds = speeds
        self._straggler = straggler

        self._env = simpy.Environment()
        self._now = 0.0  # the environment's time, read once for each job that ends
        self._workers = [Worker(number) for number in range(workers)]
        self._freed: deque[Worker] = deque()  # freed at this instant, in order of report
        self._waiting: deque[Worker] = deque()  # free for longer, the longest idle first
        self._end = _Event(self._env)
        self._has_run = False
        self._drained_from: float | None = None  # since when no job is handed out any more

        self._curves: dict[int, Curve] = {}  # by the trial's number
        self._trials: list[Trial] = []
        self._r_max = scheduler.r_max
        limits = self._limits
        self._target = -inf if limits.target is None else limits.target
        self._max_jobs = limits.max_jobs or inf
        self._max_epochs = limits.max_epochs or inf
        self._max_finished = limits.max_finished or inf
        self._handed_out = 0  # jobs
        self._epochs = 0  # of the jobs handed out
        self._finished = 0  # trials that have reported at r_max
        self._rows = bytearray()

    def run(self) -> Trace:
        """Run to the end and return the trace; once, for it uses the scheduler up. O(log n) a job.

        Raises
        ------
        RuntimeError
            It has been run before.

        """
        if self._has_run:
            raise RuntimeError("this cluster has been run: make another, with a fresh scheduler")
        self._has_run = True
        for worker in self._workers:
            worker.ended = _Event(self._env)
            self._env.process(self._life(worker))
        if self._limits.max_seconds is not None:
            self._env.schedule(self._end, _RUN_ENDS, self._limits.max_seconds)
        with cyclic_collection_paused():
            self._env.run(until=self._end)
        now = self._env.now
        free = {worker.number for worker in chain(self._freed, self._waiting)}
        for worker in self._workers:
            if worker.number not in free:
                self._cut(worker)
        return Trace(
            jobs=frame(self._rows),
            workers=len(self._workers),
            r_max=self._r_max,
            end=now,
            drained_from=now if self._drained_from is None else self._drained_from,
        )

    @property
    def trials(self) -> Mapping[int, tuple[Trial, Curve]]:
        """Each trial that was started, and its curve, by its number. O(trials)."""
        return {trial.number: (trial, self._curves[trial.number]) for trial in self._trials}

    def _life(self, worker: Worker) -> Generator[simpy.Event, None, None]:
        """One worker's biography: ask for a job, be at it until it has ended, report it."""
        while True:
            yield self._ask(worker)
            self._now = self._env.now
            self._report(worker)

    def _ask(self, worker: Worker) -> simpy.Event:
        """Ask for `worker`, or let it wait its turn; return the end of the job it will get."""
        env = self._env
        ended: _Event = worker.ended
        ended.callbacks = []  # it has occurred; the next time it is the end of the next job
        if self._freed or env.peek() <= self._now:  # others may still report at this instant
            if not self._freed:
                turn = _Event(env)
                turn.callbacks.append(self._ask_for_all)
                env.schedule(turn, _WORKERS_ASK)
            self._freed.append(worker)
            return ended
        if self._waiting:  # what has just been reported may concern them, too
            self._freed.append(worker)
            self._ask_for_all()
        elif job := self._next_job():
            self._start(worker, job, self._handed_out - 1)
        else:
            self._waiting.append(worker)
            self._end_if_idle()
        return ended

    def _ask_for_all(self, _turn: simpy.Event | None = None) -> None:
        """Ask for the free workers in turn, until the first is told that there is nothing."""
        free = len(self._freed) + len(self._waiting)
        jobs = list(islice(iter(self._next_job, None), free))
        workers = assign(jobs, self._freed, self._waiting)
        first = self._handed_out - len(jobs)
        for number, (worker, job) in enumerate(zip(workers, jobs, strict=True), start=first):
            self._start(worker, job, number)
        self._waiting.extend(self._freed)
        self._freed.clear()
        self._end_if_idle()

    def _end_if_idle(self) -> None:
        if len(self._waiting) == len(self._workers):
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
        self._handed_out += 1
        self._epochs += answer.stop - (answer.start if self._checkpoints else 0)
        if self._handed_out >= self._max_jobs or self._epochs >= self._max_epochs:
            self._drained_from = self._now
        return answer

    def _start(self, worker: Worker, job: Job, number: int) -> None:
        """Let `worker` begin `job` now; from here on it is certain when the job ends."""
        trial, start, stop, _ = job
        if start == 0:
            curve = self._blackbox.curve(trial.config, self._seed + trial.number)
            self._curves[trial.number] = curve
            self._trials.append(trial)
        else:
            curve = self._curves[trial.number]
        if self._plain:
            worker.training = seconds = fsum(curve.seconds(start, stop))
        else:
            seconds = self._all_seconds(worker, job, curve)
        worker.curve = curve
        worker.job = job
        worker.job_number = number
        worker.started = self._now
        self._env.schedule(worker.ended, _JOB_ENDS, seconds)

    def _all_seconds(self, worker: Worker, job: Job, curve: Curve) -> float:
        """Return the seconds of `job` on `worker`, all told."""
        costs = self._costs
        training = fsum(curve.seconds(costs.first_epoch(job), job.stop))
        if self._straggler is not None:
            training *= self._straggler.factor(job, _FIRST_ATTEMPT)
        if self._speeds:
            training /= self._speeds[worker.number % len(self._speeds)]
        worker.prepare = costs.before(job, carries_on=worker.holds(job))
        worker.training = training
        worker.finish = costs.after(job, self._r_max)
        return worker.prepare + training + worker.finish

    def _report(self, worker: Worker) -> None:
        """Log the job that `worker` has just ended, and tell the scheduler."""
        job = worker.job
        assert job is not None
        trial, start, stop, bracket = job
        curve = worker.curve
        losses = curve.losses(start, stop)
        loss = losses[-1]
        self._rows += pack(
            worker.job_number,
            trial.number,
            curve.config_id,
            worker.number,
            bracket,
            start,
            stop,
            _FIRST_ATTEMPT,
            _REPORTED,
            worker.started,
            self._now,
            worker.prepare + worker.finish,
            loss if loss < inf else inf,  # noqa: FURB136  a NaN is to be inf
        )
        self._scheduler.job_done(job, losses)
        if stop == self._r_max:
            self._finished += 1
            if self._finished == self._max_finished:
                self._env.schedule(self._end, _RUN_ENDS)
        if loss <= self._target:
            self._env.schedule(self._end, _RUN_ENDS)

    def _cut(self, worker: Worker) -> None:
        """Log the job of `worker`, which the end of the run has cut short."""
        job = worker.job
        assert job is not None
        now = self._env.now
        self._rows += pack(
            worker.job_number,
            job.trial.number,
            worker.curve.config_id,
            worker.number,
            job.bracket,
            job.start,
            job.stop,
            _FIRST_ATTEMPT,
            _CUT,
            worker.started,
            now,
            worker.overhead_by(now),
            nan,
        )
