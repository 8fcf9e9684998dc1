"""The display of a live run.

Owns the table on the terminal and, where there is no terminal, the lines. It receives each event;
must not ask for any, nor know who trains.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import inf, isfinite
from typing import TYPE_CHECKING, Any, Self

from rich.box import SIMPLE_HEAD
from rich.console import Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from real.cluster.journal import Ended, Event, Idled, Lost, Reported, Started, Stopped
from sim.reports import screen
from sim.reports.screen import duration, figure

if TYPE_CHECKING:
    from types import TracebackType

    from rich.console import Console

    from real.live import LiveExperiment


@dataclass(frozen=True, slots=True)
class _Row:
    """A worker: its running job, the time in earlier jobs, and the result of the last one."""

    job: Started | None = None
    busy: float = 0.0
    last: str = ""

    def busy_until(self, now: float) -> float:
        """Return the seconds in which it had a job."""
        return self.busy + (now - self.job.seconds if self.job else 0.0)


@dataclass(frozen=True, slots=True)
class _Best:
    loss: float = inf
    trial: int = -1
    config: Mapping[str, Any] = field(default_factory=dict)


class Watch:
    """The display of a run: a context manager that receives events.

    Parameters
    ----------
    experiment
        What is run.
    known
        How many events are in the journal already: they are shown in the table, not as lines.
    console
        Where to show it; standard error if None.
    now
        The time in seconds, by which the table goes on between two events.

    """

    def __init__(
        self,
        experiment: LiveExperiment,
        known: int = 0,
        *,
        console: Console | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._experiment = experiment
        self._known = known
        self._console = console or screen.console(stderr=True)
        self._clock = now
        # A thread of its own draws the table at any time: what it reads is exchanged whole.
        self._rows = [_Row() for _ in range(experiment.workers)]
        self._running: dict[int, Started] = {}
        self._best = _Best()
        self._trials: set[int] = set()
        self._raised: set[int] = set()
        self._jobs = self._lost = self._epochs = 0
        self._warned = False  # once a run, also if it is resumed
        self._told = (0.0, now())  # the run's time at the last event, and when that was
        self._live = Live(
            console=self._console, get_renderable=self._view, refresh_per_second=2, transient=True
        )

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._live.stop()

    def hear(self, event: Event) -> None:
        """Record the event, and print the line of a log, if it needs one."""
        self._told = event.seconds, self._clock()
        self._known -= 1
        match event:
            case Started():
                self._running[event.job] = event
                self._rows[event.worker] = replace(self._rows[event.worker], job=event)
                self._trials.add(event.trial)
            case Reported():
                self._report(event)
            case Lost():
                job = self._leave(event.job, event.seconds, "lost")
                self._lost += 1
                if event.raised:
                    self._raised.add(job.trial)
                attempt = f"attempt {job.attempt + 1} of {self._experiment.attempts}"
                self._say(event, f"{_name(job)}: lost, {attempt}: {event.reason}")
            case Stopped() | Ended():
                for number in list(self._running):
                    self._leave(number, event.seconds)
            case Idled():
                pass

    def _report(self, event: Reported) -> None:
        loss = event.losses[-1]
        diverged = not isfinite(loss)
        job = self._leave(event.job, event.seconds, "diverged" if diverged else f"{loss:.4f}")
        self._jobs += 1
        self._epochs += len(event.losses)
        if event.error:
            self._raised.add(job.trial)
        if event.unreadable and not self._warned:
            self._warned = True
            self._say(
                event,
                f"warning: {_name(job)}: {event.unreadable}; until then, a trial that "
                "continues in another process trains its earlier epochs again",
            )
        if diverged:
            reason = event.error or "the loss is not finite"
            self._say(event, f"{_name(job)}: diverged: {reason}")
        elif loss < self._best.loss:
            self._best = _Best(loss, job.trial, job.config)
            self._say(event, f"{_name(job)}: best loss {loss:.4f}, {_written(job.config)}")

    def _leave(self, number: int, now: float, last: str | None = None) -> Started:
        """Record the end and the result of a worker's job."""
        job = self._running.pop(number)
        row = self._rows[job.worker]
        self._rows[job.worker] = _Row(
            busy=row.busy_until(now), last=row.last if last is None else last
        )
        return job

    def _say(self, event: Event, line: str) -> None:
        if self._known < 0:
            self._console.print(f"{duration(event.seconds)}: {line}")

    def _view(self) -> Group:
        told, then = self._told
        rows = list(self._rows)
        at_work = any(row.job for row in rows)
        now = told + (self._clock() - then if at_work else 0.0)  # a run that rests does not age
        table = Table(box=SIMPLE_HEAD, pad_edge=False)
        for name in ("worker", "trial", "epochs", "for", "last loss", "busy"):
            table.add_column(name, justify="right", no_wrap=True)
        table.add_column("config")  # the one to be wrapped where lines are short
        for number, row in enumerate(rows):
            job = row.job
            if job is None:
                doing = ["-", "waits" if at_work else "starts", ""]
                config = ""
            else:
                doing = [str(job.trial), _span(job), duration(now - job.seconds)]
                config = _written(job.config)
            share = f"{row.busy_until(now) / now:.0%}" if now else "-"
            table.add_row(str(number), *doing, row.last, share, config)
        return Group(
            Text(screen.shown(self._heading(now, rows)), no_wrap=False, overflow="fold"), table
        )

    def _heading(self, now: float, rows: list[_Row]) -> str:
        experiment, best = self._experiment, self._best
        total = now * len(rows)
        idle = 1 - sum(row.busy_until(now) for row in rows) / total if total else 0.0
        left = self._left(now)
        run = f"{experiment.scheduler} on {experiment.task}, {duration(now)}"
        parts = [
            f"{run}: {_count(self._jobs, 'job')} done",
            _count(len(self._trials), "trial"),
            _count(self._epochs, "epoch"),
            f"{self._lost} lost" if self._lost else "",
            f"{_count(len(self._raised), 'trial')} raised" if self._raised else "",
            f"workers idle {idle:.0%} of the time",
            f"about {duration(left)} left" if isfinite(left) else "",
        ]
        line = ", ".join(filter(None, parts))
        if best.trial < 0:
            return line
        return f"{line}\nbest loss {best.loss:.4f}: trial {best.trial}, {_written(best.config)}"

    def _left(self, now: float) -> float:
        """Return the seconds to the first limit that can be foreseen; inf for none."""
        limits = self._experiment.limits
        left = [inf if limits.max_seconds is None else max(0.0, limits.max_seconds - now)]
        for limit, done in ((limits.max_epochs, self._epochs), (limits.max_jobs, self._jobs)):
            if limit is not None and done:
                left.append(max(0.0, (limit - done) * now / done))
        return min(left)


def _name(job: Started) -> str:
    return f"trial {job.trial}, {'epoch' if job.stop == job.start + 1 else 'epochs'} {_span(job)}"


def _span(job: Started) -> str:
    first = job.start + 1
    return str(first) if first == job.stop else f"{first} to {job.stop}"


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _written(config: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {figure(value)}" for name, value in config.items())
