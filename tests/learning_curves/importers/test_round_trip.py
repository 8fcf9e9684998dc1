"""Out and in again: a table that was exported comes back as it was."""

import math
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from learning_curves.blackbox import RecordedCurve
from learning_curves.importers import reading
from learning_curves.importers.formats import syne_tune_export
from learning_curves.importers.options import Options
from learning_curves.spaces import space as spaces
from learning_curves.tables.card import Card
from learning_curves.tables.table_file import Recorded
from learning_curves.tables.tabular import Tabular

SPACE = {
    "lr": {"distribution": "loguniform", "args": [0.001, 1.0]},
    "momentum": {"distribution": "reverse_loguniform", "args": [0.5, 0.999]},
    "width": {"distribution": "lograndint", "args": [1, 513]},
    "depth": {"distribution": "randint", "args": [1, 9]},
    "act": {"choices": ["relu", "tanh"]},
    "batch": {"choices": [16, 64]},
    "epochs": {"constant": 3},
}
CONFIGS = st.fixed_dictionaries(
    {
        "lr": st.floats(0.001, 1.0),
        "momentum": st.floats(0.5, 0.999),
        "width": st.integers(1, 512),
        "depth": st.integers(1, 8),
        "act": st.sampled_from(["relu", "tanh"]),
        "batch": st.sampled_from([16, 64]),
        "epochs": st.just(3),
    }
)


@st.composite
def tables(draw):
    r_max = draw(st.integers(1, 4))
    losses = st.floats(allow_nan=False).filter(lambda loss: loss != -math.inf)
    curve = st.builds(
        RecordedCurve,
        st.tuples(*[losses] * r_max),
        st.tuples(*[st.floats(1e-3, 1e6)] * r_max),
    )
    configs = draw(st.lists(CONFIGS, min_size=1, max_size=4, unique_by=lambda c: tuple(c.values())))
    ids = sorted(draw(st.sets(st.integers(0, 99), min_size=len(configs), max_size=len(configs))))
    curves = [draw(st.dictionaries(st.integers(0, 5), curve, min_size=1, max_size=3)) for _ in ids]
    sorted_curves = tuple(dict(sorted(by_seed.items())) for by_seed in curves)
    seeds = tuple(sorted({seed for by_seed in curves for seed in by_seed}))
    card = Card("drawn", r_max, SPACE, title="drawn", seeds=seeds, licence="CC0-1.0")
    return Tabular(Recorded(card, tuple(ids), tuple(configs), sorted_curves))


def back(source):
    form = reading.guess(str(source))
    return reading.read(str(source), form, Options(), lambda *_: None).table


def assert_the_same(one, other):
    assert other.ids == one.ids
    assert other.configs == one.configs
    assert other.recorded.curves == one.recorded.curves
    assert other.card.seeds == one.card.seeds
    assert other.card.space == one.card.space


@settings(deadline=None, max_examples=50)
@given(table=tables(), form=st.sampled_from(["csv", "parquet"]))
def test_a_tidy_file_comes_back(table, form):
    with TemporaryDirectory() as folder:
        path = Path(folder, f"table.{form}")
        table.write(path)
        assert_the_same(table, back(path))
        assert back(path).card.licence == "CC0-1.0"
        path.with_suffix(".toml").unlink()
        bare = back(path)  # without a card, all but the space
        assert (bare.ids, bare.configs) == (table.ids, table.configs)
        assert bare.recorded.curves == table.recorded.curves


@settings(deadline=None, max_examples=50)
@given(table=tables())
def test_a_folder_of_syne_tune_comes_back(table):
    with TemporaryDirectory() as folder:
        source = Path(folder, "box")
        syne_tune_export.write(table, source)
        first = back(source)
        assert_the_same(table, first)
        syne_tune_export.write(first, source)  # in place of the other
        assert_the_same(table, back(source))


def test_a_uniform_domain_comes_back_with_its_ends(tmp_path):
    card = Card("u", 1, {"x": {"distribution": "uniform", "args": [0.1, 0.89]}})
    curves = ({0: RecordedCurve((0.5,), (1.0,))},)
    table = Tabular(Recorded(card, (0,), ({"x": 0.5},), curves))
    syne_tune_export.write(table, tmp_path / "box")
    again = spaces.from_dict(back(tmp_path / "box").card.space)["x"]
    assert again.support() == pytest.approx(table.space["x"].support(), rel=1e-15)
