"""Sources of curves that break one law each, and those that keep all."""

from functools import cached_property
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import learning_curves
from learning_curves import InputError, RecordedCurve, check_blackbox
from learning_curves.laws import BrokenLaw
from learning_curves.own.check_curves import results
from learning_curves.own.curve_laws import LAWS

NAMES = [law.name for law in LAWS]
EPOCHS = range(1, 10)


class Good:
    """Curves that keep every law: noise by config and seed, in epochs of a second."""

    space, r_max, configs = {"x": stats.uniform(0, 1), "y": ["a", "b"]}, 9, ()

    def losses(self, config, seed):
        rng = np.random.default_rng([seed, int(1e6 * config["x"])])
        return tuple(config["x"] + 1 / epoch + 0.01 * rng.random() for epoch in EPOCHS)

    def seconds(self, config):
        return (1.0 + config["x"],) * self.r_max

    def curve(self, config, seed):
        return RecordedCurve(self.losses(config, seed), self.seconds(config), self.id_of(config))

    def id_of(self, config):  # noqa: ARG002
        return -1


class Table(Good):
    """The same curves, but only for these configs."""

    configs = tuple({"x": x / 8, "y": y} for x in range(8) for y in "ab")

    def id_of(self, config):
        if config not in self.configs:
            raise InputError(f"the config {config} is not in the table: give one of it")
        return self.configs.index(config)


class FrozenLater(Good):
    space = dict.fromkeys("xy", stats.uniform)


class Float(Good):
    r_max = 9.0


class Renamed(Table):
    configs = ({"x": 0.5, "z": "a"},)


class Dropped(Table):
    def id_of(self, config):
        if config["x"] == 0.0:
            raise InputError("no such row")
        return super().id_of(config)


class StartIncluded(Good):
    class Curve(RecordedCurve):
        def losses(self, start, stop):
            return self.all_losses[max(0, start - 1) : stop]

    def curve(self, config, seed):
        return self.Curve(self.losses(config, seed), self.seconds(config))


class OneNumber(Good):
    class Curve(RecordedCurve):
        def seconds(self, start, stop):
            return sum(self.all_seconds[start:stop])

    def curve(self, config, seed):
        return self.Curve(self.losses(config, seed), self.seconds(config))


class MinusInf(Good):
    def losses(self, config, seed):
        return (*super().losses(config, seed)[:-1], -np.inf)


class Words(Good):
    def losses(self, config, seed):
        return tuple(map(str, super().losses(config, seed)))


class NoTime(Good):
    def seconds(self, config):
        return (0.0, *super().seconds(config)[1:])


class Sorted(Table):
    def id_of(self, config):
        return 15 - super().id_of(config)


class NoPlace(Table):
    def id_of(self, config):
        super().id_of(config)
        return -1


class SharedNoise(Good):
    @cached_property
    def rng(self):
        return np.random.default_rng(0)

    def losses(self, config, seed):
        return tuple(loss + self.rng.random() for loss in super().losses(config, seed))


class NoiseEachCall(Good):
    class Curve(RecordedCurve):
        def losses(self, start, stop):
            rng = np.random.default_rng(start)
            return tuple(loss + rng.random() for loss in self.all_losses[start:stop])

    def curve(self, config, seed):
        return self.Curve(self.losses(config, seed), self.seconds(config))


class Pops(Good):
    def curve(self, config, seed):
        made = super().curve(config, seed)
        config.pop("y")
        return made


class Nearest(Table):
    def id_of(self, config):
        return min(range(16), key=lambda i: abs(self.configs[i]["x"] - config["x"]))

    def curve(self, config, seed):
        place = self.configs.index(config) if config in self.configs else self.id_of(config)
        return RecordedCurve(self.losses(config, seed), self.seconds(config), place)


class KeyErrors(Table):
    def id_of(self, config):
        return {tuple(each.items()): i for i, each in enumerate(self.configs)}[
            tuple(config.items())
        ]


class Foresees(Good):
    shift = 0.0

    def losses(self, config, seed):
        return tuple(loss + self.shift for loss in super().losses(config, seed))

    def foresee(self, configs, seeds):  # noqa: ARG002
        self.shift = float(len(configs))


class Prepares(Good):
    """Computes losses ahead, as it should."""

    @cached_property
    def known(self):
        return {}

    def losses(self, config, seed):
        return self.known.get((str(config), seed)) or super().losses(config, seed)

    def foresee(self, configs, seeds):
        for config, seed in zip(configs, seeds, strict=True):
            self.known[str(config), seed] = self.losses(config, seed)


class Fails(Good):
    def losses(self, config, seed):
        if config["y"] == "b":
            raise ZeroDivisionError("no\nnoise")
        return super().losses(config, seed)


BROKEN = {
    FrozenLater: ("space", "'x' has <"),
    Float: ("r_max", "r_max is 9.0: make it a whole number"),
    Renamed: ("configs", "name exactly x, y"),
    Dropped: ("configs", "InputError: no such row (test_check_curves.py, line "),
    Fails: ("configs", "ZeroDivisionError: no noise (test_check_curves.py, line "),
    StartIncluded: ("length", "return 5 numbers (test_check_curves.py, line "),
    OneNumber: ("length", "seconds(0, 1) of "),
    MinusInf: ("losses", "at epoch 9 are -inf: return finite numbers, inf where diverged"),
    Words: ("losses", "at epoch 1 are '"),
    NoTime: ("seconds", "at epoch 1 are 0.0: return finite numbers above 0"),
    Sorted: ("config-id", "is 15: make it its place in configs, 0"),
    NoPlace: ("config-id", "is -1: make it its place in configs, 0"),
    SharedNoise: ("determinism", "and, asked again, "),
    NoiseEachCall: ("slices", "return the same numbers (test_check_curves.py, line "),
    Pops: ("hands-off", "copy it first, dict(config) (test_check_curves.py, line "),
    Nearest: ("unseen", "returned a curve: raise learning_curves.InputError"),
    KeyErrors: ("unseen", "raised KeyError: "),
    Foresees: ("foresee", "and, after foresee(), "),
}


@pytest.mark.parametrize("made", BROKEN, ids=lambda made: made.__name__)
def test_each_mistake_breaks_its_own_law(made):
    name, said = BROKEN[made]
    with pytest.raises(BrokenLaw) as error:
        check_blackbox(made())
    assert error.value.law.name == name
    assert said in error.value.message
    assert "\n" not in str(error.value)


def test_every_law_but_the_note_on_seeds_is_broken_by_one_of_them():
    assert {name for name, _ in BROKEN.values()} == set(NAMES) - {"seeds"}


def test_the_page_lists_the_laws():
    page = (Path(__file__).parents[3] / "docs" / "own-scheduler.md").read_text(encoding="utf-8")
    for law in LAWS:
        assert f"| `{law.name}` | {law.sentence} | {law.mistake} |\n" in page


def test_later_laws_are_checked_after_a_broken_one():
    found = {each.law.name: each.broken is not None for each in results(Pops())}
    assert list(found) == NAMES
    assert [name for name, broken in found.items() if broken] == ["hands-off"]


@pytest.mark.parametrize(
    ("made", "noted"),
    [(Good, {"unseen", "foresee"}), (Table, {"foresee"}), (Prepares, {"unseen"})],
)
def test_a_source_that_keeps_all_laws(made, noted):
    checked = check_blackbox(made())
    assert [each.law.name for each in checked] == NAMES
    assert {each.law.name for each in checked if each.note} == noted


@pytest.mark.parametrize(
    "name", ["power-law", "exponential", "take-off:noise=0.1", "bowl", "lenet-fashion-mnist"]
)
def test_our_sources_keep_all_laws(name):
    check_blackbox(learning_curves.load(name))


def test_a_seed_that_changes_nothing_is_a_note():
    seeds = {each.law.name: each.note for each in check_blackbox(learning_curves.load("power-law"))}
    assert seeds["seeds"].startswith("seeds change nothing")


@pytest.mark.parametrize("values", [{"configs": 0}, {"seed": -1}, {"seed": 2**32 - 1}])
def test_a_number_out_of_range_is_refused(values):
    with pytest.raises(InputError, match=next(iter(values))):
        check_blackbox(Good(), **values)
