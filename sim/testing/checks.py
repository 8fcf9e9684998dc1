"""Checks: how each law is put to the proof in one world.

Owns what is played, with what difference, and what must be equal. Must not know where worlds come
from (`strategies`) nor how a broken law is shown (`checking`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from itertools import zip_longest
from math import inf
from types import MappingProxyType
from typing import Any, TypeAlias

from learning_curves.errors import InputError
from learning_curves.laws import BrokenLaw
from sim.schedulers.protocol import Idle, Job, Scheduler
from sim.testing.laws import LAWS
from sim.testing.playing.conversation import Conversation, Line, Monitor, legal, play, written
from sim.testing.playing.environment import another_environment
from sim.testing.playing.monitors import MayGoOn, Rungs
from sim.testing.playing.worlds import Factory, Searcher, World, made, modules_of, named

Laws: TypeAlias = frozenset[str]
"""Names of laws."""

ABOUT_RUNGS: Laws = frozenset({"levels", "best-first", "quota", "survival", "prompt"})
OF_ONE_RUN: Laws = ABOUT_RUNGS | {
    *("answer", "deadlock", "done-is-final", "early-done", "one-job", "start", "bounds"),
    *("diverged", "hands-off", "exhaustion", "may-go-on"),
}


class Broken(Exception):  # noqa: N818  as BrokenLaw, which is made of it
    """A law is broken in a world, as the conversation shows."""

    def __init__(self, law: str, message: str, conversation: Conversation) -> None:
        super().__init__(law, message)
        self.law = LAWS[law]
        self.message = message
        self.conversation = conversation


def one_run(factory: Factory, world: World, laws: Laws) -> None:
    """Check the laws that a single run shows: the contract's, and those about rungs."""
    heard = play(factory, world, monitors=_rungs(factory, world, laws))
    _pass_on(heard, laws)
    if "may-go-on" in laws and heard.broken is None:
        asked = play(factory, world, monitors=[MayGoOn()])
        _pass_on(asked, laws)
        _same("may-go-on", heard, asked, "without calls of may_go_on, and with them")


def lost(factory: Factory, world: World, _laws: Laws) -> None:
    """Check that lost jobs break no law of the contract."""
    if not world.lost:
        return
    heard = play(factory, world, monitors=[MayGoOn()])
    if heard.broken is not None:
        raise Broken("lost", str(heard.broken), heard)


def determinism(factory: Factory, world: World, _laws: Laws) -> None:
    """Play twice, the second time with clocks that run ahead and other global generators."""
    with another_environment(0):
        first = play(factory, world)
    with another_environment(1, modules_of(factory, first.kind)):
        second = play(factory, world)
    _same("determinism", first, second, "once, and again with other clocks and random states")


def causality(factory: Factory, world: World, _laws: Laws) -> None:
    """Change all losses that are not reported in the first half of the calls."""
    heard = play(factory, world)
    half = len(heard.lines) // 2
    known = {
        (line.job[0], epoch)
        for line in heard.lines[:half]
        if line.call == "job_done" and line.job
        for epoch in range(line.job[1] + 1, line.job[2] + 1)
    }
    other = world.with_losses(
        lambda place, epoch, loss: loss if (place, epoch) in known else _other(loss), heard.r_max
    )
    _same("causality", heard, play(factory, other), "with other losses later on", most=half)


def labels(factory: Factory, world: World, _laws: Laws) -> None:
    """Renumber the trials from 7 in steps of 5."""
    renumbered = replace(world, first=7, step=5)
    _same(
        "labels",
        play(factory, world),
        play(factory, renumbered),
        "and with the trial numbers 7, 12, 17, ... (the first is trial 0 here, as before)",
    )


def configs(factory: Factory, world: World, _laws: Laws) -> None:
    """Give the trials other configs."""
    other = replace(world, configs=-3 - world.configs)
    _same("configs", play(factory, world), play(factory, other), "and with other configs")


def ranks(factory: Factory, world: World, _laws: Laws) -> None:
    """Replace the losses by a curved function of their ranks: -7, -6, -3, 2, 9, ..."""
    heard = play(factory, world)
    known = sorted({loss for row in world.losses for loss in row if abs(loss) < inf})
    other = {loss: float(rank**2 - 7) for rank, loss in enumerate(known)}
    curved = world.with_losses(lambda _place, _epoch, loss: other.get(loss, loss), heard.r_max)
    _same(
        "ranks",
        heard,
        play(factory, curved),
        "and with the losses -7, -6, -3, 2, 9, ... in the same order",
        losses=False,
    )


def order(factory: Factory, world: World, _laws: Laws) -> None:
    """Let jobs that end at one time report in the reverse order."""
    first, second = play(factory, world), play(factory, world, last_first=True)
    answers = [
        [(line.seconds, line.job, line.said) for line in heard.lines if line.call == "next_job"]
        for heard in (first, second)
    ]
    for one, other in zip_longest(*answers):
        if one != other:
            raise Broken(
                "order",
                f"next_job() at {(one or other)[0]:g} s returns {_said(one)}, and {_said(other)} "
                "if the jobs that end at one time report in reverse order",
                first,
            )


def finishes(factory: Factory, world: World, _laws: Laws) -> None:
    """See whether any trial reaches r_max."""
    heard = play(factory, world)
    if len(world.losses) < world.eta * heard.r_max // world.r_min:
        return  # the scheduler has chosen an r_max that needs more trials
    if heard.broken is None and not any(run.job.stop == heard.r_max for run in heard.runs):
        raise Broken(
            "finishes",
            f"none of {len(world.losses)} trials reaches r_max = {heard.r_max}, and the run ends",
            heard,
        )


def resume(factory: Factory, world: World, _laws: Laws) -> None:
    """Feed the calls of a run to a new scheduler, with objects that are equal, not the same."""
    heard = play(factory, world)
    if heard.broken is not None:
        return
    scheduler = made(factory, world, Searcher(world))
    for line in heard.lines:
        try:
            with legal():
                found = _repeated(scheduler, line, world)
        except BrokenLaw as broken:
            found = f"an error: {broken.message}"
        if found != ((line.job or line.said) if line.call == "next_job" else None):
            raise Broken(
                "resume",
                f"{written(line, world).strip()}, but from a new scheduler that was fed the same "
                f"calls, with equal objects, comes {found}",
                heard,
            )


CHECKS: Mapping[str, Callable[[Factory, World, Laws], None]] = MappingProxyType(
    {
        "determinism": determinism,
        "one run": one_run,
        "lost": lost,
        "resume": resume,
        "labels": labels,
        "configs": configs,
        "causality": causality,
        "ranks": ranks,
        "order": order,
        "finishes": finishes,
    }
)
"""The checks in the order in which they are made, by their law; "one run" checks `OF_ONE_RUN`.

Two runs of a scheduler that breaks another law of the contract are equal, so determinism, on which
all others depend, comes first.
"""


def _rungs(factory: Factory, world: World, laws: Laws) -> list[Monitor]:
    about = laws & ABOUT_RUNGS
    if not about:
        return []
    scheduler: Any = made(factory, world, Searcher(world))
    eta = world.eta if "eta" in named(factory) else getattr(scheduler, "eta", None)
    levels: Any = getattr(scheduler, "levels", None)
    needs_eta = bool(about & {"quota", "survival", "prompt"})
    for name, value, is_needed in (("levels", levels, True), ("eta", eta, needs_eta)):
        if is_needed and value is None:
            raise InputError(
                f"the scheduler claims {', '.join(sorted(about))} and has no {name}: give it an "
                f"attribute {name}, or leave the claims out"
            )
    return [Rungs(about, levels, eta or world.eta)]


def _pass_on(heard: Conversation, laws: Laws) -> None:
    """Raise for the law that ended a conversation, if it is to be checked."""
    if heard.broken is not None and heard.broken.law.name in laws:
        raise Broken(heard.broken.law.name, heard.broken.message, heard)


def _same(
    law: str,
    first: Conversation,
    second: Conversation,
    difference: str,
    *,
    most: int | None = None,
    losses: bool = True,
) -> None:
    """Raise at the first line in which two conversations differ, among the first `most`."""
    pairs = zip_longest(*(_plain(heard.lines, losses=losses) for heard in (first, second)))
    for number, (one, other) in enumerate(pairs):
        if most is not None and number >= most:
            return
        if one != other:
            said = [
                written(line, first.world).split("  ", 2)[2] if line else "nothing more is said"
                for line in (
                    heard.lines[number] if number < len(heard.lines) else None
                    for heard in (first, second)
                )
            ]
            at = (first if number < len(first.lines) else second).lines[number].seconds
            raise Broken(
                law, f"at {at:g} s call {number + 1} is {said[0]} or {said[1]}: {difference}", first
            )


def _plain(lines: Iterable[Line], *, losses: bool) -> Iterable[tuple[Any, ...]]:
    """Return lines that can be compared: NaN equals NaN."""
    for line in lines:
        said = repr(line.said) if losses or line.call == "next_job" else ""
        yield (*line[:4], said)


def _said(answer: tuple[Any, ...] | None) -> str:
    if answer is None:
        return "nothing"
    _, job, idle = answer
    return idle or f"trial {job[0]}, epochs {job[1]} to {job[2]}"


def _repeated(scheduler: Scheduler, line: Line, world: World) -> object:
    """Make the call of a line with new objects, and return the answer as in a line."""
    if line.call == "next_job":
        answer = scheduler.next_job()
        return answer.name if isinstance(answer, Idle) else _key(answer, world)
    if line.call == "job_done":
        scheduler.job_done(_again(line, world), [float(str(loss)) for loss in line.said])
    else:
        scheduler.job_lost(_again(line, world))
    return None


def _key(job: Job, world: World) -> tuple[int, ...]:
    return world.index(job.trial.number), job.start, job.stop, job.bracket


def _again(line: Line, world: World) -> Job:
    """Return a job that is equal to that of the line, and shares no object with it."""
    assert line.job is not None
    place, *rest = line.job
    return Job(world.trial(place), *rest)


def _other(loss: float) -> float:
    """Return another loss, on the other side of most."""
    return 1 - loss if abs(loss) < inf else 0.4
