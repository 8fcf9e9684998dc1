"""Prints the progress of long work on standard error.

Owns the bar on a terminal, and the lines that replace it in a log. Must not know the work.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Self, TypeVar

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from sim.reports.screen import console, duration

T = TypeVar("T")

_EVERY = 15.0  # seconds between two lines in a log


class ProgressBar:
    """A context that shows the finished part of the work and the time left.

    A terminal shows a bar. A log gets a line every 15 seconds, so short work prints nothing.

    Parameters
    ----------
    description
        The name of the work.
    total
        Its length in `unit`; None while it is unknown.
    done
        The amount that was done before.
    unit
        The name of the unit, in the plural.
    screen
        The console; None: standard error.

    """

    def __init__(
        self,
        description: str,
        total: int | None,
        *,
        done: int = 0,
        unit: str = "runs",
        screen: Console | None = None,
    ) -> None:
        self.console = screen or console(stderr=True)
        self._unit = unit
        self._last = 0.0
        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn(f"{unit}, time left", markup=False),
            _TimeLeft(),
            console=self.console,
            transient=True,
            disable=not self.console.is_terminal,
        )
        self._task: TaskID = self._bar.add_task(description, total=total, completed=done)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._bar.stop()

    @property
    def elapsed(self) -> float:
        """The seconds of real time since the work began."""
        return self._bar.tasks[self._task].elapsed or 0.0

    def expect(self, total: int) -> None:
        """Set the length of the work."""
        self._bar.update(self._task, total=total)

    def advance(self, seconds_left: float | None = None) -> None:
        """Count one more unit as done.

        `seconds_left` is how long the rest will take. If it is None, the last estimate holds; if
        there is none, the units are taken to be equally long.
        """
        self._bar.advance(self._task)
        if seconds_left is not None:
            self._bar.update(self._task, ends=self.elapsed + seconds_left)
        task = self._bar.tasks[self._task]
        if not self.console.is_terminal and self.elapsed - self._last >= _EVERY:
            self._last = self.elapsed
            ends = task.fields.get("ends")
            left = "" if ends is None else f", {duration(max(0.0, ends - self.elapsed))} left"
            of = "" if task.total is None else f" of {task.total:,.0f}"
            self.say(
                f"{task.description}: {task.completed:,.0f}{of} {self._unit} "
                f"after {duration(self.elapsed)}{left}"
            )

    def track(self, things: Iterable[T]) -> Iterator[T]:
        """Yield the items, and count each as done when the next one is requested."""
        for each in things:
            yield each
            self.advance()

    def reach(self, done: int, total: int | None) -> None:
        """Set the amount that is done, and the length of the work."""
        self._bar.update(self._task, completed=done, total=total)

    def say(self, line: str) -> None:
        """Print a line above the bar."""
        self.console.print(line, soft_wrap=True)


class _TimeLeft(TimeRemainingColumn):
    """The time left: as far as it is known when the work ends, counted down to that."""

    def render(self, task: Task) -> Text:
        ends = task.fields.get("ends")
        if ends is None:
            return super().render(task)
        minutes, seconds = divmod(round(max(0.0, ends - (task.elapsed or 0.0))), 60)
        hours, minutes = divmod(minutes, 60)
        return Text(f"{hours}:{minutes:02}:{seconds:02}", style="progress.remaining")
