"""A conversation: what a driver and a scheduler say to each other in a world.

Owns the driver, which asks, reports and loses jobs as the clusters do: jobs that end at one time
report in the order of their start, then the free workers ask. It is a twin of `sim.cluster` without
costs and limits, so that a law can vary what a cluster keeps fixed: it goes on asking after DONE,
reports in another order, and ends jobs of no seconds. Must not know the laws, but for those of
`Contract`.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import nan
from traceback import extract_tb
from typing import NamedTuple, TypeAlias

from learning_curves.errors import one_line
from learning_curves.laws import BrokenLaw
from sim.schedulers.protocol import Idle, Job, ProtocolError
from sim.schedulers.wrappers.contract import Contract
from sim.testing.laws import LAWS
from sim.testing.playing.worlds import Factory, Searcher, World, made

Key: TypeAlias = tuple[int, int, int, int]
"""A job by value: the place of its trial among those drawn, start, stop and bracket."""


class Line(NamedTuple):
    """One call and its answer."""

    seconds: float
    worker: int
    call: str  # next_job, job_done, job_lost
    job: Key | None  # None: there was no job
    said: tuple[float, ...] | str = ""  # the losses of job_done; WAIT or DONE


class Run(NamedTuple):
    """A job that a worker ran, for the chart."""

    number: int  # in the order of start
    worker: int
    job: Job
    started: float
    ended: float
    outcome: str  # done or lost
    loss: float


class Monitor:
    """What listens to a conversation; its methods raise BrokenLaw. This one hears all, and nods.

    It does not listen to a scheduler that disclaims its `law`.
    """

    law = ""

    def asked(self, answer: Job | Idle) -> None:
        """Hear the answer of next_job."""

    def reported(self, job: Job, loss: float) -> None:
        """Hear the last loss of a job."""

    def called(self, scheduler: Contract) -> None:
        """Hear that a call has returned; ask the scheduler what it must answer at any time."""


@dataclass
class Conversation:
    """All calls of one run, in order, and the law that ended it early, if any."""

    world: World
    lines: list[Line] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    broken: BrokenLaw | None = None
    r_max: int = 1
    kind: type = object  # the class of the scheduler

    @property
    def end(self) -> float:
        """When the last thing was said, in seconds."""
        return self.lines[-1].seconds if self.lines else 0.0

    def __str__(self) -> str:
        """Return the calls, one per line."""
        lines = [written(line, self.world) for line in self.lines]
        return "\n".join([*lines, *([f"=> {self.broken}"] if self.broken else [])])


def written(line: Line, world: World) -> str:
    """Return a line of a conversation as text."""
    at = f"{line.seconds:7g} s  worker {line.worker}  "
    if line.job is None:
        return f"{at}next_job() -> {line.said}"
    place, start, stop, bracket = line.job
    job = f"trial {world.trial(place).number}, epochs {start} to {stop}"
    if bracket:
        job = f"{job}, bracket {bracket}"
    match line.call:
        case "next_job":
            return f"{at}next_job() -> {job}"
        case "job_lost":
            return f"{at}job_lost({job})"
        case _:
            return f"{at}job_done({job}, {list(line.said)})"


def play(
    factory: Factory,
    world: World,
    *,
    monitors: Sequence[Monitor] = (),
    last_first: bool = False,
) -> Conversation:
    """Let the scheduler that `factory` makes run a world to its end, under the contract.

    Parameters
    ----------
    factory
        Makes the scheduler; see `sim.testing.playing.worlds.made`.
    world
        What it meets.
    monitors
        What listens.
    last_first
        Whether jobs that end at one time report in the reverse order of their start.

    Returns
    -------
    Conversation
        Its `broken` is the first law that was broken, if any. Nothing is raised for one.

    Raises
    ------
    Exception
        Whatever the factory raises.

    """
    driver = _Driver(factory, world, monitors, last_first=last_first)
    try:
        driver.run()
    except BrokenLaw as broken:
        driver.heard.broken = broken
    return driver.heard


class _Driver:
    """The run of one world; see `play`."""

    def __init__(
        self, factory: Factory, world: World, monitors: Sequence[Monitor], *, last_first: bool
    ) -> None:
        self.world = world
        self._searcher = Searcher(world)
        inside = made(factory, world, self._searcher)
        self._scheduler = Contract(inside)
        self.heard = Conversation(world, r_max=self._scheduler.r_max, kind=type(inside))
        self._disclaims = getattr(inside, "disclaims", ())
        self.monitors = [each for each in monitors if each.law not in self._disclaims]
        self._last_first = last_first
        self._free = deque(range(world.workers))
        self._running: list[tuple[float, int, int, Job, float]] = []  # end, number, worker, ...
        self._started = 0
        self._seconds = 0.0
        self._given: list[tuple[list[float], tuple[float, ...]]] = []  # losses, and what they were

    def run(self) -> None:
        """Run the world to its end."""
        self._ask()
        while self._running:
            self._seconds = self._running[0][0]
            ending = []
            while self._running and self._running[0][0] == self._seconds:
                ending.append(heappop(self._running))
            for _, number, worker, job, started in ending[:: -1 if self._last_first else 1]:
                self._end(number, worker, job, started)
            self._free.extendleft(worker for _, _, worker, _, _ in reversed(ending))
            self._ask()
        self._check_hands()

    def _check_hands(self) -> None:
        """Raise if the scheduler has modified what it was given."""
        if "hands-off" in self._disclaims:
            return
        for now, then in self._given:
            if repr(now) != repr(list(then)):  # NaN, too
                raise BrokenLaw(LAWS["hands-off"], f"the losses {list(then)} are {now} now")
        for drawn, trial in zip(self._searcher.drawn, self.world.trials(), strict=False):
            if drawn.config != trial.config:
                raise BrokenLaw(
                    LAWS["hands-off"],
                    f"the config {dict(trial.config)} of trial {trial.number} is "
                    f"{dict(drawn.config)} now",
                )

    def _ask(self) -> None:
        """Ask for the free workers in turn, until there is no job for one of them."""
        while self._free:
            worker = self._free[0]
            with legal(self._searcher):
                answer = self._scheduler.next_job()
            self._note(worker, "next_job", answer)
            for monitor in self.monitors:
                monitor.asked(answer)
            if isinstance(answer, Job):
                self._free.popleft()
                took = self.world.took(answer.trial.number, answer.stop - answer.start)
                job = (self._seconds + took, self._started, worker, answer, self._seconds)
                heappush(self._running, job)
                self._started += 1
            elif self._is_early(answer):
                raise BrokenLaw(
                    LAWS["early-done"],
                    f"DONE while the searcher has {self._searcher.left} more trials",
                )
            self._call_monitors()
            if isinstance(answer, Idle):
                return

    def _is_early(self, answer: Idle) -> bool:
        left = self._searcher.left > 0
        return answer is Idle.DONE and left and "early-done" not in self._disclaims

    def _end(self, number: int, worker: int, job: Job, started: float) -> None:
        """Report a job, or lose it."""
        trial, start, stop, _ = job
        loss = nan
        is_lost = number in self.world.lost
        if is_lost:
            self._note(worker, "job_lost", job)
            with legal():
                self._scheduler.job_lost(job)
        else:
            losses = [self.world.loss(trial.number, epoch) for epoch in range(start + 1, stop + 1)]
            loss = losses[-1]
            then = tuple(losses)
            self._given.append((losses, then))
            self._note(worker, "job_done", job, then)
            with legal():
                self._scheduler.job_done(job, losses)
            for monitor in self.monitors:
                monitor.reported(job, loss)
        self.heard.runs.append(
            Run(number, worker, job, started, self._seconds, "lost" if is_lost else "done", loss)
        )
        self._call_monitors()

    def _call_monitors(self) -> None:
        for monitor in self.monitors:
            with legal():
                monitor.called(self._scheduler)

    def _note(self, worker: int, call: str, what: Job | Idle, said: tuple[float, ...] = ()) -> None:
        if isinstance(what, Idle):
            line = Line(self._seconds, worker, call, None, what.name)
        else:
            trial, start, stop, bracket = what
            key = (self.world.index(trial.number), start, stop, bracket)
            line = Line(self._seconds, worker, call, key, said)
        self.heard.lines.append(line)


@contextmanager
def legal(searcher: Searcher | None = None) -> Iterator[None]:
    """Turn what a legal call raises into a broken law."""
    try:
        yield
    except BrokenLaw:
        raise
    except ProtocolError as error:
        # Without a law the error is the scheduler's own: the driver makes legal calls only.
        law = error.law or "answer"
        if law == "deadlock" and searcher is not None and searcher.has_ended:
            law = "exhaustion"
        raise BrokenLaw(LAWS[law], str(error)) from error
    except Exception as error:  # whatever the scheduler may raise
        frames = [each for each in extract_tb(error.__traceback__) if each.filename != __file__]
        at = f" in {frames[-1].name}, {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
        raise BrokenLaw(LAWS["answer"], f"{one_line(error)}{at}") from error
