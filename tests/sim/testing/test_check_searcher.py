"""check_searcher: the built-in searchers keep the laws, and each law catches its mistake."""

import random

import pytest

from sim.schedulers import Trial
from sim.searchers import SEARCHERS, draws, searcher_over
from sim.testing import BrokenLaw, check_searcher

QUICK = [name for name in SEARCHERS if not name.startswith("optuna:")]


@pytest.mark.parametrize("name", [*QUICK, "optuna:random"])
def test_the_built_in_searchers_keep_every_law(name):
    def factory(space, seed, max_trials):
        return searcher_over(space, seed=seed, name=name, max_trials=max_trials)

    results = check_searcher(factory, max_examples=10, draws=12)
    assert [each.law.name for each in results] == [
        *("trials", "members", "determinism", "adaptive", "hands-off"),
    ]


class Sound:
    adaptive = False

    def __init__(self, space, seed):
        self.configs = draws(space, seed)
        self.number = -1

    def draw(self):
        self.number += 1
        return Trial(self.number, dict(next(self.configs)))

    def observe(self, trial, epoch, loss):
        pass


class FromOne(Sound):
    law = "trials"

    def draw(self):
        number, config = super().draw()
        return Trial(number + 1, config)


class StartsAgain(Sound):
    law = "trials"

    def draw(self):
        trial = super().draw()
        return None if trial.number == 3 else trial


class Outside(Sound):
    law = "members"

    def draw(self):
        number, config = super().draw()
        return Trial(number, config | {"more": 1})


class Global(Sound):
    law = "determinism"

    def __init__(self, space):
        super().__init__(space, random.randrange(10**6))  # noqa: S311  the mistake


class Learns(Sound):
    law = "adaptive"

    def observe(self, *_reported):
        next(self.configs)


class Reuses(Sound):
    law = "hands-off"
    config = None

    def draw(self):
        number, config = super().draw()
        self.config = self.config or {}
        self.config.update(config)
        return Trial(number, self.config)


def test_the_sound_one_keeps_them():
    check_searcher(Sound, max_examples=10)


@pytest.mark.parametrize(
    "factory", [FromOne, StartsAgain, Outside, Global, Learns, Reuses], ids=lambda f: f.__name__
)
def test_each_mistake_is_caught_by_its_law(factory):
    with pytest.raises(BrokenLaw) as caught:
        check_searcher(factory)
    assert caught.value.law.name == factory.law
    assert "in the space" in caught.value.message
