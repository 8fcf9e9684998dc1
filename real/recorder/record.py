"""Recording: train configs and write their learning curves as a table with its card.

Owns which curves are recorded, and the law that a recording may be stopped at any moment and
resumed. Must not know terminals or arguments (`real.commands.record`).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from learning_curves import files, streams
from learning_curves.errors import InputError
from learning_curves.spaces import space as spaces
from learning_curves.spaces.space import Config, Space
from learning_curves.tables.card import METRIC, Card, read_card
from real.cluster.training import THREADS
from real.recorder import card as cards
from real.recorder import workers
from real.recorder.events import Begun, Epoch, Event, Order
from real.recorder.table import CurveKey, Table
from real.recorder.workers import Clock
from real.tasks.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """What is to be recorded, and what the card says of it.

    Parameters
    ----------
    make_task
        Picklable; returns the task, here and in each worker process.
    path
        The table, NAME.csv; its card is NAME.toml beside it.
    configs, seeds
        How many configs, and how many curves of each: from the seeds 0, 1, ..
    seed
        Draws the configs; config i depends on it and on i alone.
    r_max
        Epochs of each curve.
    processes
        How many curves are trained at a time; the losses do not depend on it.
    clock, device
        How an epoch's seconds are taken, and the torch device.
    title, train_examples, metric, task, command, licence, known_flaws
        For the card, see `learning_curves.tables.card.Card`; what is wrong with any table
        recorded so is added to the known flaws.

    """

    make_task: Callable[[], Task]
    path: Path
    space: Space
    configs: int
    r_max: int
    seeds: int = 1
    seed: int = 0
    processes: int = 1
    clock: Clock = "wall"
    device: str = "cpu"
    title: str = ""
    train_examples: int | None = None
    metric: str = METRIC
    task: Mapping[str, Any] = field(default_factory=dict)
    command: str = ""
    licence: str = "CC0-1.0"
    known_flaws: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Raise if this cannot be recorded."""
        if self.path.suffix != ".csv":
            raise InputError(f"--out {self.path}: a table's name ends in .csv: write NAME.csv")
        for name in ("configs", "seeds", "r_max", "processes"):
            if getattr(self, name) < 1:
                option = name.replace("_", "-")
                raise InputError(f"--{option} {getattr(self, name)}: give at least 1")
        if self.seed < 0:
            raise InputError(f"--seed {self.seed}: give a whole number >= 0")
        if self.clock == "cpu" and self.device != "cpu":
            raise InputError(
                f"--clock cpu does not measure the work of --device {self.device}: use --clock wall"
            )

    def draw(self) -> list[Config]:
        """Return the configs by their id: the first 32 of 64 are the 32."""
        return [
            spaces.sample(self.space, streams.generator(self.seed, "configs", i), 1)[0]
            for i in range(self.configs)
        ]

    def card(self) -> Card:
        """Return the card of this recording, if it were begun here and now."""
        return Card(
            name=self.path.stem,
            title=self.title or self.path.stem,
            r_max=self.r_max,
            seeds=tuple(range(self.seeds)),
            train_examples=self.train_examples,
            metric=self.metric,
            space=spaces.to_dict(self.space),
            licence=self.licence,
            known_flaws=(*cards.known_flaws(self.clock, self.seeds), *self.known_flaws),
            task=self.task,
            recording={
                "device": self.device,
                "threads": THREADS,
                "clock": self.clock,
                "seed": self.seed,
                "command": self.command,
                **cards.machine(self.device),
            },
        )


def record(recording: Recording) -> Generator[Event, None, None]:
    """Record what the table lacks, yielding `Begun`, then each epoch as it ends.

    A curve is in the table, and on the disk, before its last epoch is yielded. After a
    stop, by closing the iterator, an exception or a kill, another call resumes; it also retries
    curves that failed. The table is sorted when its last curve is in.

    Raises
    ------
    InputError
        The table belongs to another recording, or cannot be written.

    """
    path, card_path = recording.path, recording.path.with_suffix(".toml")
    with _one_line_errors(path):
        card = _open_card(path, card_path, recording.card())
        with files.locked(path, "recorder"):
            table = Table(path, recording.draw(), recording.r_max)
            missing = _missing(recording, table.open(), table.configs)
            if missing:
                card = cards.carry_on(card, recording.card())
                cards.mark(card, finished=False).write(card_path)
            yield Begun(recording.configs * recording.seeds - len(missing), len(missing))
            whole = yield from _fill(table, missing, recording)
            if whole:
                table.finish()
                cards.mark(card, finished=True).write(card_path)


def _fill(
    table: Table, missing: Sequence[Order], recording: Recording
) -> Generator[Event, None, bool]:
    """Train what is missing into the table; return whether all of it came in."""
    unfinished: dict[CurveKey, list[Epoch]] = {
        (order.config_id, order.seed): [] for order in missing
    }
    events = workers.train(
        recording.make_task,
        missing,
        processes=recording.processes,
        clock=recording.clock,
        device=recording.device,
    )
    with contextlib.closing(events):
        for event in events:
            if isinstance(event, Epoch):
                key = (event.order.config_id, event.order.seed)
                unfinished[key].append(event)
                if event.number == recording.r_max:
                    epochs = unfinished.pop(key)
                    table.append(key, [e.error for e in epochs], [e.seconds for e in epochs])
            yield event
    return not unfinished


def _open_card(path: Path, card_path: Path, new: Card) -> Card:
    if card_path.exists():
        old = read_card(card_path)
        cards.check_same(card_path, old, new)
        return old
    # A crash may have left the header and no card yet; rows without a card are somebody else's.
    if path.exists() and path.read_bytes().count(b"\n") > 1:
        raise InputError(
            f"{path} exists without a card {card_path.name} that describes it: record under "
            "another name with --out"
        )
    return new


def _missing(
    recording: Recording, recorded: set[CurveKey], configs: Sequence[Config]
) -> list[Order]:
    beyond = [seed for _, seed in recorded if seed >= recording.seeds]
    if beyond:
        raise InputError(
            f"{recording.path}: holds seeds up to {max(beyond)}: give --seeds "
            f"{max(beyond) + 1} or more, or another --out"
        )
    return [
        Order(config_id, config, seed, recording.r_max)
        for config_id, config in enumerate(configs)
        for seed in range(recording.seeds)
        if (config_id, seed) not in recorded
    ]


@contextlib.contextmanager
def _one_line_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        raise InputError(
            f"{error.filename or path}: {reason}: fix that, and the same command continues"
        ) from error
