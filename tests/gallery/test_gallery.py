"""The kit catches each broken scheduler by the law that it breaks, and passes the sound parts."""

import re
from pathlib import Path

import pytest

from sim.schedulers import ASHA, SuccessiveHalving
from tests.gallery import GALLERY
from tests.gallery.barriers import (
    FirstFinisherEndsTheSearch,
    LastBracketNotFull,
)
from tests.gallery.conversation import jobs, made
from tests.gallery.parts import PARTS, Around, PlainASHA, PlainHalving
from tests.gallery.pausing import BeyondTheEnd, NewTrialsFirst, RestartsFromScratch, ShortOfTheEnd
from tests.gallery.randomness import (
    BracketOfTheNumber,
    GlobalRandomState,
    TurnsOfTheClass,
    TurnsOfTheDefault,
)
from tests.gallery.rungs import (
    BetterByTolerance,
    LevelsByLogarithm,
    LevelsRoundedDown,
    PromotedForgotten,
    WorstFirst,
    WorstOfTheBestFirst,
)

ROOT = Path(__file__).parents[2]


def name(kind):
    return kind.__name__


@pytest.mark.slow
@pytest.mark.parametrize("kind", GALLERY, ids=name)
def test_the_kit_names_the_law_that_is_broken(kind):
    testing = pytest.importorskip("sim.testing")
    with pytest.raises(testing.BrokenLaw) as broken:
        testing.check_scheduler(kind)
    assert broken.value.law.name == kind.law


@pytest.mark.parametrize("kind", PARTS, ids=name)
def test_the_parts_break_no_law(kind):
    testing = pytest.importorskip("sim.testing")
    testing.check_scheduler(kind, max_examples=20)


def test_each_law_is_broken_by_one_of_them():
    testing = pytest.importorskip("sim.testing")
    assert {kind.law for kind in GALLERY} == set(testing.LAWS)


# Where the mistake does not show: settings, and the losses by trial and epoch. By default, six
# trials on one worker, each worse than the one before, none of which diverges or is lost.
HAPPY = {
    PromotedForgotten: {"trials": 2},
    WorstFirst: {"loss": lambda _number, _epoch: 0.5},
    WorstOfTheBestFirst: {"r_max": 2},
    BetterByTolerance: {"loss": lambda number, _epoch: -number},
    LevelsByLogarithm: {"trials": 1, "r_min": 2, "r_max": 8},
    LevelsRoundedDown: {"r_max": 9},
    LastBracketNotFull: {"trials": 8},
    FirstFinisherEndsTheSearch: {"trials": 4},
    RestartsFromScratch: {"r_max": 1},
    BeyondTheEnd: {"r_max": 1},
    ShortOfTheEnd: {"trials": 3, "r_max": 9, "eta": 3},
    NewTrialsFirst: {"trials": 1},
    GlobalRandomState: {"r_max": 1},
    TurnsOfTheClass: {"r_max": 1},
    TurnsOfTheDefault: {"r_max": 1},
    BracketOfTheNumber: {"r_max": 1},
}


@pytest.mark.parametrize("kind", GALLERY, ids=name)
def test_where_the_mistake_does_not_show_it_answers_as_the_part_it_is_made_of(kind):
    settings = {"trials": 6, "loss": lambda number, _epoch: number / 10} | HAPPY.get(kind, {})
    loss = settings.pop("loss")
    (sound,) = {PlainASHA if base is Around else base for base in kind.__bases__}
    assert jobs(made(kind, losses=loss, **settings), loss) == jobs(made(sound, **settings), loss)


@pytest.mark.parametrize("part", PARTS, ids=name)
@pytest.mark.parametrize("workers", [1, 3])
def test_the_parts_bring_trials_to_the_end(part, workers):
    log = jobs(made(part, 8), lambda number, _epoch: number / 10, workers=workers)
    assert {number for number, _, _ in log} == set(range(8))
    assert any(stop == 4 for _, _, stop in log)


def test_the_plain_promotion_decides_as_the_packaged_one():
    def loss(number, epoch):
        return (number * 7919 % 31) / epoch

    for eta in (2, 3):
        plain = jobs(made(PlainASHA, 60, r_max=27, eta=eta), loss, workers=4)
        assert plain == jobs(made(ASHA, 60, r_max=27, eta=eta), loss, workers=4)


def test_the_plain_halving_decides_as_the_packaged_one():
    def loss(number, epoch):
        return (number * 7919 % 31) / epoch

    for eta, trials in ((2, 30), (3, 31), (3, 54)):
        plain = jobs(made(PlainHalving, trials, r_max=9, eta=eta), loss, workers=3)
        assert plain == jobs(made(SuccessiveHalving, trials, r_max=9, eta=eta), loss, workers=3)


def test_each_names_its_law_and_where_it_was_seen():
    for kind in GALLERY:
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", kind.law), kind
        assert kind.link.startswith("https://github.com/"), kind
        assert kind.seen.endswith("."), kind
        assert "claims" in vars(kind), kind
    assert len({name(kind) for kind in GALLERY}) == len(GALLERY)


def test_the_page_lists_them():
    page = (ROOT / "docs/gallery.md").read_text(encoding="utf-8")
    row = re.compile(r"^\| `(\w+)` \| (.+?) \| `([a-z-]+)` \| \[.+?\]\((.+?)\) \|$", re.MULTILINE)
    assert row.findall(page) == [
        (name(kind), kind.__doc__.splitlines()[0].rstrip("."), kind.law, kind.link)
        for kind in GALLERY
    ]
