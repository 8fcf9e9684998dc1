"""How a broken law is shown: the conversation, a program that runs it again, and a chart.

Owns the words and the chart. Must not know how the law was found to be broken.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from learning_curves.laws import BrokenLaw
from sim.testing.checks import Broken
from sim.testing.playing.conversation import Conversation
from sim.testing.playing.worlds import Factory, unwrapped
from sim.traces.trace import Outcome, Trace, frame, pack

_MOST_LINES = 60
_COLUMNS = 60


class BrokenRun(BrokenLaw):
    """A law that a scheduler breaks, and the shortest run found that shows it.

    Attributes
    ----------
    conversation
        The run: its `world`, its `lines` and its `runs`.

    """

    def __init__(self, broken: Broken, factory: Factory) -> None:
        super().__init__(broken.law, broken.message, details=_details(broken, factory))
        self.conversation = broken.conversation

    def save_chart(self, path: Path | None = None) -> Any:
        """Return the Gantt chart of the run as a Matplotlib figure; write it to `path` as PNG."""
        from sim.reports import plots  # noqa: PLC0415  Matplotlib is slow to import

        return plots.gantt(trace(self.conversation), path, title=self.law.name)


def _details(broken: Broken, factory: Factory) -> str:
    heard = broken.conversation
    calls = str(heard).splitlines()
    if len(calls) > _MOST_LINES:
        left = len(calls) - _MOST_LINES
        half = _MOST_LINES // 2
        calls = [*calls[:half], f"        ... {left} more calls ...", *calls[-half:]]
    parts = (
        f"The law: {broken.law.sentence}",
        "The shortest run found:\n" + _indented(calls),
        "Its workers:\n" + _indented(chart(heard).splitlines()),
        "To run it again:\n" + _indented(program(broken, factory).splitlines()),
    )
    return "\n\n".join(parts)


def _indented(lines: Iterable[str]) -> str:
    return "\n".join(f"    {line}" for line in lines)


def program(broken: Broken, factory: Factory) -> str:
    """Return a Python program that breaks the law again."""
    world = repr(broken.conversation.world)
    inner, options = unwrapped(factory)
    name = getattr(inner, "__qualname__", "")
    made = getattr(factory, "program", "")
    imports = ["from math import inf, nan"] if "inf" in world or "nan" in world else []
    imports.append("from sim.testing import World, check_scheduler, play")
    if made:
        imports.append("from sim.testing.by_name import scheduler_factory")
    elif name.isidentifier():
        imports.append(f"from {inner.__module__} import {name}")
        made = name
    else:
        made = "..."  # a function within a function, which cannot be imported
    if options:
        imports.insert(0, "from functools import partial")
        given = ", ".join(f"{option}={value!r}" for option, value in options.items())
        made = f"partial({made}, {given})"
    called = made if made == name else "factory"
    return "\n".join(
        [
            *imports,
            "",
            *([] if called == made else [f"factory = {made}"]),
            f"world = {world}",
            f"print(play({called}, world))",
            f"check_scheduler({called}, laws=[{broken.law.name!r}], worlds=[world])",
        ]
    )


def chart(heard: Conversation) -> str:
    """Return a Gantt chart as text: a row per worker, the number of the trial where a job starts.

    Lost jobs are drawn with x. A job of no seconds has no width and is not drawn.

    >>> from sim.schedulers import RandomSearch
    >>> from sim.testing.playing.conversation import play
    >>> from sim.testing.playing.worlds import World
    >>> world = World(losses=((0.5,),) * 3, workers=2, r_max=2, seconds=(1, 2), lost={2})
    >>> print(chart(play(RandomSearch, world)))
    worker 0 |0=======2xxxxxxx
    worker 1 |1===============
             0 s             4 s
    """
    end = heard.end or 1.0
    scale = 4 if end * 4 <= _COLUMNS else _COLUMNS / end
    width = round(end * scale)
    rows = [["."] * width for _ in range(heard.world.workers)]
    for run in sorted(heard.runs, key=lambda run: run.number):
        start, stop = round(run.started * scale), round(run.ended * scale)
        label = str(run.job.trial.number)[: stop - start]
        fill = "x" if run.outcome == "lost" else "="
        rows[run.worker][start:stop] = [*label, *fill * (stop - start - len(label))]
    head = len(f"worker {len(rows) - 1}")
    lines = [f"{f'worker {n}':{head}} |{''.join(row)}" for n, row in enumerate(rows)]
    ends = f"{' ' * head} {'0 s':{max(width, 4)}}{heard.end:g} s"
    return "\n".join([*lines, ends])


def trace(heard: Conversation) -> Trace:
    """Return the run as a trace, as a simulated run leaves one."""
    rows = bytearray()
    for run in heard.runs:
        number, start, stop, bracket = run.job.trial.number, *run.job[1:]
        outcome = int(Outcome.LOST if run.outcome == "lost" else Outcome.DONE)
        whole: tuple[Any, ...] = (run.number, number, -1, run.worker, bracket, start, stop, 0)
        rows += pack(*whole, outcome, run.started, run.ended, 0.0, run.loss)
    return Trace(
        frame(rows), heard.world.workers, heard.r_max, end=heard.end, drained_from=heard.end
    )
