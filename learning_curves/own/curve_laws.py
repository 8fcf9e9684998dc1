"""The laws of a source of curves, each with what checks it.

Owns what the simulator relies on: each promise of `learning_curves.blackbox.Blackbox` and
`learning_curves.blackbox.Curve`. Must not know where the curves come from.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf, isfinite, isnan
from numbers import Real
from typing import Any

from learning_curves import own
from learning_curves.blackbox import Blackbox, Curve, Foreseeing
from learning_curves.errors import InputError
from learning_curves.laws import BrokenLaw, Law
from learning_curves.spaces import space as spaces
from learning_curves.spaces.space import Config
from learning_curves.streams import generator

_DRAWS = 100  # to find a config that a table does not have


@dataclass
class Subject:
    """A source, and the configs that it is checked with."""

    blackbox: Blackbox
    count: int
    seed: int

    @cached_property
    def configs(self) -> list[Config]:
        """The configs; of a table, spread over the whole of it."""
        known = self.blackbox.configs
        if not known:
            return spaces.sample(self.blackbox.space, self._draws(), self.count)
        count = min(self.count, len(known))
        return [known[i * len(known) // count] for i in range(count)]

    def drawn(self) -> list[Config]:
        """Return configs from the whole space, whether they have curves or not."""
        return spaces.sample(self.blackbox.space, self._draws(), _DRAWS)

    def curve(self, config: Config, later: int = 0) -> Curve:
        """Return the curve of `config`, which the source cannot modify, at a seed."""
        return self.blackbox.curve(copy.deepcopy(dict(config)), self.seed + later)

    def whole(self, config: Config, later: int = 0) -> tuple[list[float], list[float]]:
        """Return the losses and the seconds of all epochs."""
        curve, last = self.curve(config, later), self.blackbox.r_max
        return list(curve.losses(0, last)), list(curve.seconds(0, last))

    def at(self, function: str) -> str:
        """Return where a method of the source or of its curves is defined, in brackets."""
        owner: Any = self.blackbox
        if function != "curve":
            owner = self.curve(self.configs[0])
        where = own.defined(getattr(owner, function))
        return f" ({where})" if where else ""

    def _draws(self) -> Any:
        return generator(self.seed, "check curves")


def _space(law: Law, subject: Subject) -> str:
    space = subject.blackbox.space
    if not isinstance(space, Mapping):
        raise BrokenLaw(law, f"space is {own.short(space)}: make it a dict")
    spaces.check(space)
    return ""


def _r_max(law: Law, subject: Subject) -> str:
    last: object = subject.blackbox.r_max
    if type(last) is not int or last < 1:
        raise BrokenLaw(law, f"r_max is {own.short(last)}: make it a whole number, at least 1")
    return ""


def _configs(law: Law, subject: Subject) -> str:
    known: object = subject.blackbox.configs
    if not isinstance(known, Sequence):
        raise BrokenLaw(
            law, f"configs is {own.short(known)}: make it a list, () if the whole space has curves"
        )
    for config in subject.configs:
        if not isinstance(config, Mapping) or set(config) != set(subject.blackbox.space):
            raise BrokenLaw(
                law,
                f"configs holds {own.short(config)}: name exactly "
                f"{', '.join(subject.blackbox.space)}",
            )
        subject.curve(config)
    return ""


def _length(law: Law, subject: Subject) -> str:
    last = subject.blackbox.r_max
    spans = {(0, last), (0, 1), (last - 1, last), (last // 2, last), (last, last)}
    for config in subject.configs:
        curve = subject.curve(config)
        for piece in ("losses", "seconds"):
            for start, stop in sorted(spans):
                values = getattr(curve, piece)(start, stop)
                if not hasattr(values, "__len__") or len(values) != stop - start:
                    raise BrokenLaw(
                        law,
                        f"{piece}({start}, {stop}) of {dict(config)} is {own.short(values)}: "
                        f"return {stop - start} numbers{subject.at(piece)}",
                    )
    return ""


def _losses(law: Law, subject: Subject) -> str:
    return _each(law, subject, "losses", _is_loss, "finite numbers, inf where diverged")


def _is_loss(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool) and float(value) != -inf


def _seconds(law: Law, subject: Subject) -> str:
    return _each(law, subject, "seconds", _is_time, "finite numbers above 0")


def _is_time(value: object) -> bool:
    return isinstance(value, Real) and float(value) > 0 and isfinite(float(value))


def _each(
    law: Law, subject: Subject, piece: str, fits: Callable[[object], bool], asked: str
) -> str:
    for config in subject.configs:
        values = getattr(subject.curve(config), piece)(0, subject.blackbox.r_max)
        for epoch, value in enumerate(values, start=1):
            if not fits(value):
                raise BrokenLaw(
                    law,
                    f"the {piece} of {dict(config)} at epoch {epoch} are {own.short(value)}: "
                    f"return {asked}{subject.at(piece)}",
                )
    return ""


def _config_id(law: Law, subject: Subject) -> str:
    known = list(subject.blackbox.configs)
    for config in subject.configs:
        found: object = subject.curve(config).config_id
        fits = type(found) is int and (
            0 <= found < len(known) and dict(known[found]) == dict(config) if known else found == -1
        )
        if not fits:
            asked = f"its place in configs, {known.index(config)}" if known else "-1"
            raise BrokenLaw(
                law,
                f"the config_id of {dict(config)} is {own.short(found)}: make it {asked}"
                f"{subject.at('curve')}",
            )
    return ""


def _determinism(law: Law, subject: Subject) -> str:
    first = [subject.whole(config) for config in subject.configs]
    again = [subject.whole(config) for config in reversed(subject.configs)][::-1]
    for config, before, after in zip(subject.configs, first, again, strict=True):
        _compare(law, subject, config, before, after, "and, asked again,")
    return ""


def _slices(law: Law, subject: Subject) -> str:
    last = subject.blackbox.r_max
    cuts = sorted({0, 1, last // 3, last // 2, last - 1, last})
    spans = [(a, b) for a in cuts for b in cuts if a < b][::-1]  # later epochs first
    for config in subject.configs:
        whole = subject.whole(config)
        curve = subject.curve(config)
        for piece, values in zip(("losses", "seconds"), whole, strict=True):
            for start, stop in spans:
                part = list(getattr(curve, piece)(start, stop))
                if not _same(part, values[start:stop]):
                    raise BrokenLaw(
                        law,
                        f"{piece}({start}, {stop}) of {dict(config)} is {own.short(part)}, but "
                        f"{piece}(0, {last})[{start}:{stop}] is {own.short(values[start:stop])}: "
                        f"return the same numbers{subject.at(piece)}",
                    )
    return ""


def _seeds(_law: Law, subject: Subject) -> str:
    for config in subject.configs:
        if not all(map(_same, subject.whole(config), subject.whole(config, later=1))):
            return ""
    return "seeds change nothing: all trainings of a config have the same curve"


def _hands_off(law: Law, subject: Subject) -> str:
    for config in subject.configs:
        given = copy.deepcopy(dict(config))
        subject.blackbox.curve(given, subject.seed)
        if given != dict(config):
            raise BrokenLaw(
                law,
                f"curve() changed {dict(config)} to {given}: copy it first, dict(config)"
                f"{subject.at('curve')}",
            )
    return ""


def _unseen(law: Law, subject: Subject) -> str:
    known = [dict(each) for each in subject.blackbox.configs]
    if not known:
        return "the whole space has curves"
    unseen = next((each for each in subject.drawn() if dict(each) not in known), None)
    if unseen is None:
        return f"not checked: {_DRAWS} configs drawn from the space are all in configs"
    said = f"curve({dict(unseen)}), which is not in configs,"
    try:
        subject.curve(unseen)
    except InputError:
        return ""
    except Exception as error:
        raise BrokenLaw(
            law, f"{said} raised {own.described(error)}: raise learning_curves.InputError"
        ) from error
    raise BrokenLaw(
        law,
        f"{said} returned a curve: raise learning_curves.InputError{subject.at('curve')}",
    )


def _foresee(law: Law, subject: Subject) -> str:
    if not isinstance(subject.blackbox, Foreseeing):
        return "not checked: it has no foresee()"
    before = [subject.whole(config) for config in subject.configs]
    given = [copy.deepcopy(dict(config)) for config in subject.configs]
    subject.blackbox.foresee(given, [subject.seed] * len(given))
    if given != [dict(config) for config in subject.configs]:
        raise BrokenLaw(law, "foresee() changed the configs: copy them first")
    for config, values in zip(subject.configs, before, strict=True):
        _compare(law, subject, config, values, subject.whole(config), "and, after foresee(),")
    return ""


LAWS: Mapping[Law, Callable[[Law, Subject], str]] = {
    Law(
        "space",
        "The space names distributions, lists of choices and constants.",
        "A distribution that is not frozen, or an empty list.",
    ): _space,
    Law(
        "r_max",
        "r_max, the last epoch of every curve, is a whole number of at least 1.",
        "A float, such as 1e2.",
    ): _r_max,
    Law(
        "configs",
        "Each of configs names the hyperparameters of the space, and has a curve.",
        "Rows of a table that were dropped when it was read.",
    ): _configs,
    Law(
        "length",
        "losses(start, stop) and seconds(start, stop) return stop - start numbers.",
        "The epoch `start` is included, or one number is returned for all epochs.",
    ): _length,
    Law(
        "losses",
        "A loss is a number, inf where the training has diverged, and never -inf.",
        "The logarithm of an accuracy of 0, which ranks first.",
    ): _losses,
    Law(
        "seconds",
        "An epoch takes a finite number of seconds above 0.",
        "Seconds since the start of the training, or rounded to 0.",
    ): _seconds,
    Law(
        "config-id",
        "config_id is the place of the config in configs, -1 if these are empty.",
        "A place in a sorted or filtered copy of the table.",
    ): _config_id,
    Law(
        "determinism",
        "Equal configs and seeds have equal curves, in whichever order they are asked for.",
        "Noise is drawn from a generator that all curves share.",
    ): _determinism,
    Law(
        "slices",
        "losses(start, stop) and seconds(start, stop) are slices of the whole curve.",
        "Noise is drawn at each call, so that the order of the calls matters.",
    ): _slices,
    Law(
        "seeds",
        "Seeds may change the curve of a config.",
        "The seed is ignored; this is a note, since a table may have one seed.",
    ): _seeds,
    Law(
        "hands-off",
        "curve() does not modify the config.",
        "config.pop(), which takes the hyperparameter from the trial, too.",
    ): _hands_off,
    Law(
        "unseen",
        "If configs are the only ones with curves, curve() of another raises InputError.",
        "The nearest config is returned, or a KeyError is raised.",
    ): _unseen,
    Law(
        "foresee",
        "foresee() changes no curve.",
        "Noise is drawn for all configs at once, in their order.",
    ): _foresee,
}
"""Each law of a source of curves, and what checks it."""


def _compare(
    law: Law,
    subject: Subject,
    config: Config,
    before: tuple[list[float], list[float]],
    after: tuple[list[float], list[float]],
    when: str,
) -> None:
    for piece, ours, theirs in zip(("losses", "seconds"), before, after, strict=True):
        for epoch, (value, other) in enumerate(zip(ours, theirs, strict=True), start=1):
            if not _same([value], [other]):
                raise BrokenLaw(
                    law,
                    f"the {piece} of {dict(config)}, seed {subject.seed}, at epoch {epoch} are "
                    f"{value!r} {when} {other!r}: use a generator seeded with seed"
                    f"{subject.at(piece)}",
                )


def _same(ours: Sequence[float], theirs: Sequence[float]) -> bool:
    """Compare numbers; NaN equals itself."""
    return len(ours) == len(theirs) and all(
        a == b or (isnan(a) and isnan(b)) for a, b in zip(ours, theirs, strict=True)
    )
