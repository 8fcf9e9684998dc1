"""Monitors: laws that are checked while a scheduler runs, against a plain record of the losses.

Owns the laws that a scheduler claims about rungs, and the promise of `may_go_on`. Each monitor is
an oracle in O(n) per call, written from the law's sentence and not from any scheduler's code.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from math import inf
from typing import TypeAlias

from learning_curves.laws import BrokenLaw
from sim.schedulers.protocol import Idle, Job
from sim.schedulers.wrappers.contract import Contract
from sim.testing.laws import LAWS
from sim.testing.playing.conversation import Monitor

Place: TypeAlias = tuple[int, int]
"""A bracket and a level."""


class MayGoOn(Monitor):
    """After may_go_on was False for a trial that has reported, the trial never goes on."""

    law = "may-go-on"

    def __init__(self) -> None:
        self._paused: dict[int, Job] = {}  # by trial, its last job
        self._dropped: set[int] = set()

    def asked(self, answer: Job | Idle) -> None:
        """Raise if a dropped trial goes on."""
        if not isinstance(answer, Job):
            return
        number = answer.trial.number
        if number in self._dropped:
            raise BrokenLaw(
                LAWS["may-go-on"],
                f"trial {number} goes on from epoch {answer.start}, and may_go_on was False",
            )
        self._paused.pop(number, None)

    def reported(self, job: Job, loss: float) -> None:
        """Note that a trial may be asked about."""
        del loss
        self._paused[job.trial.number] = job

    def called(self, scheduler: Contract) -> None:
        """Ask about every trial that is not running."""
        for number, job in self._paused.items():
            if not scheduler.may_go_on(job):
                self._dropped.add(number)


class Rungs(Monitor):
    """The claimed laws about rungs: `levels`, `best-first`, `quota`, `survival` and `prompt`.

    Parameters
    ----------
    claims
        Which of them the scheduler claims.
    levels
        The scheduler's levels, ascending, the last of them r_max.
    eta
        Its reduction factor.

    """

    def __init__(self, claims: Collection[str], levels: Sequence[int], eta: int) -> None:
        self._claims = claims
        self._levels = tuple(levels)
        self._eta = eta
        self._losses: dict[Place, dict[int, float]] = {}  # by place and trial
        self._left: dict[Place, set[int]] = {}  # the trials that have gone on from there
        self._survived: dict[Place, set[int]] = {}  # who was among the best at its own report

    def reported(self, job: Job, loss: float) -> None:
        """Record a loss at its place."""
        place = job.bracket, job.stop
        losses = self._losses.setdefault(place, {})
        number = job.trial.number
        losses[number] = loss if loss < inf else inf  # noqa: FURB136  NaN too
        if number in self._ranked(place)[: max(1, len(losses) // self._eta)]:
            self._survived.setdefault(place, set()).add(number)

    def asked(self, answer: Job | Idle) -> None:
        """Hold the answer to the laws that are claimed."""
        if isinstance(answer, Job) and "levels" in self._claims:
            self._check_levels(answer)
        if isinstance(answer, Job) and answer.start:
            self._check_rank(answer)
        else:
            self._check_prompt(answer)

    def _check_levels(self, job: Job) -> None:
        below = dict(zip(self._levels[1:], self._levels, strict=False))
        starts = {0, below.get(job.stop)}
        if job.stop not in self._levels or job.start not in starts:
            raise BrokenLaw(
                LAWS["levels"],
                f"trial {job.trial.number} goes from epoch {job.start} to {job.stop}, and the "
                f"levels are {', '.join(map(str, self._levels))}",
            )

    def _check_rank(self, job: Job) -> None:
        place, number = (job.bracket, job.start), job.trial.number
        losses, left = self._losses.get(place, {}), self._left.setdefault(place, set())
        if "best-first" in self._claims and number in losses:
            ranked = self._ranked(place)
            ahead = [each for each in ranked[: ranked.index(number)] if each not in left]
            if ahead:
                raise BrokenLaw(
                    LAWS["best-first"],
                    f"trial {number} (loss {losses[number]}) goes on from epoch {job.start} before "
                    f"trial {ahead[0]} (loss {losses[ahead[0]]})",
                )
        among = len(losses) // self._eta
        ranked = self._ranked(place)
        said = (
            f"trial {number} goes on from epoch {job.start} with rank "
            f"{ranked.index(number) + 1 if number in losses else 'none'} of {len(losses)}"
        )
        if "quota" in self._claims and number not in ranked[:among]:
            raise BrokenLaw(
                LAWS["quota"], f"{said}, and at eta {self._eta} only the best {among} may"
            )
        if "survival" in self._claims and number not in self._survived.get(place, ()):
            raise BrokenLaw(
                LAWS["survival"],
                f"{said}, and was not among the best max(1, n // {self._eta}) when it reported",
            )
        left.add(number)

    def _check_prompt(self, answer: Job | Idle) -> None:
        if "prompt" not in self._claims:
            return
        for place, losses in self._losses.items():
            if place[1] == self._levels[-1]:
                continue
            for number in self._ranked(place)[: len(losses) // self._eta]:
                if losses[number] < inf and number not in self._left.get(place, ()):
                    said = answer.name if isinstance(answer, Idle) else "a new trial"
                    law = "early-done" if answer is Idle.DONE else "prompt"
                    raise BrokenLaw(
                        LAWS[law],
                        f"{said} while trial {number} is among the best "
                        f"{len(losses) // self._eta} of {len(losses)} at epoch {place[1]}",
                    )

    def _ranked(self, place: Place) -> list[int]:
        losses = self._losses.get(place, {})
        return sorted(losses, key=lambda number: (losses[number], number))
