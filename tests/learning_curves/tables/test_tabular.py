"""Tables in memory: what is written is what is loaded; lookups; where tables are found."""

import hashlib
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from learning_curves.blackbox import RecordedCurve
from learning_curves.errors import InputError
from learning_curves.tables import tabular
from learning_curves.tables.card import Card
from learning_curves.tables.table_file import Recorded
from learning_curves.tables.tabular import MissingTableError, Tabular, load, shipped

# Each example writes to the one folder of its test anew.
in_one_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)

# ---- random tables

printable = st.text(max_size=8).filter(lambda text: text and text.isprintable())
domains = st.one_of(
    st.just(({"distribution": "uniform", "args": [-1.0, 3.0]}, st.floats(-1, 2))),
    st.just(({"distribution": "loguniform", "args": [1e-9, 1.0]}, st.floats(1e-9, 1))),
    st.just(({"distribution": "randint", "args": [-5, 100]}, st.integers(-5, 99))),
    st.lists(
        st.one_of(printable, st.integers(-(2**40), 2**40), st.floats(allow_nan=False)),
        min_size=1,
        max_size=5,
        unique_by=str,
    ).map(lambda choices: ({"choices": choices}, st.sampled_from(choices))),
    st.just(({"choices": [True, False]}, st.booleans())),
    st.just(({"constant": "adam"}, st.just("adam"))),
)


@st.composite
def tables(draw):
    names = draw(st.lists(printable, min_size=1, max_size=3, unique=True))
    assume(not set(names) & {"config_id", "seed", "epoch", "validation_error", "seconds"})
    space, values = {}, {}
    for name in names:
        space[name], values[name] = draw(domains)
    configs = draw(
        st.lists(
            st.fixed_dictionaries(values),
            min_size=1,
            max_size=4,
            unique_by=lambda config: tuple(map(config.get, names)),
        )
    )
    ids = draw(st.sets(st.integers(0, 50), min_size=len(configs), max_size=len(configs)))
    r_max = draw(st.integers(1, 4))

    def epochs(values):
        return st.lists(values, min_size=r_max, max_size=r_max).map(tuple)

    losses = epochs(st.floats(allow_nan=False).filter(lambda loss: loss != -math.inf))
    seconds = epochs(st.floats(min_value=1e-300, allow_infinity=False))
    by_seed = st.dictionaries(
        st.integers(0, 2**31), st.builds(RecordedCurve, losses, seconds), min_size=1, max_size=3
    ).map(lambda curves: dict(sorted(curves.items())))
    curves = draw(st.lists(by_seed, min_size=len(configs), max_size=len(configs)))
    seeds = tuple(sorted({seed for each in curves for seed in each}))
    card = Card("random", r_max, space, title="a 'random' table", seeds=seeds)
    return Tabular(Recorded(card, tuple(sorted(ids)), tuple(configs), tuple(curves)))


def kinds(table):
    return [{name: type(value) for name, value in config.items()} for config in table.configs]


@in_one_folder
@given(table=tables(), suffix=st.sampled_from([".csv", ".parquet"]))
def test_what_is_written_is_what_is_loaded(table, suffix, tmp_path):
    path = tmp_path / f"table{suffix}"
    table.write(path)
    again = load(path)
    assert again.recorded == table.recorded
    assert kinds(again) == kinds(table)  # 1 == 1.0 == True
    assert again.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    written = path.read_bytes()
    again.write(path)
    assert path.read_bytes() == written
    assert {each.name for each in tmp_path.iterdir()} <= {
        "table.csv",
        "table.parquet",
        "table.toml",
    }


# ---- lookups

SMALL = Tabular(
    Recorded(
        Card("small", 2, {"lr": {"choices": [0.1, 0.2]}, "act": {"choices": ["relu", "tanh"]}}),
        ids=(3, 5),
        configs=({"lr": 0.1, "act": "relu"}, {"lr": 0.2, "act": "tanh"}),
        curves=(
            {4: RecordedCurve((0.9, 0.4), (1.0, 1.0)), 6: RecordedCurve((0.9, 0.3), (1.0, 1.0))},
            {6: RecordedCurve((0.8, 0.5), (2.0, 2.0))},
        ),
    )
)


def test_lookups_go_by_the_values_of_the_config():
    assert [SMALL.curve(config, seed=0).config_id for config in SMALL.configs] == [0, 1]
    assert SMALL.curve({"act": "tanh", "lr": 0.2}, seed=0).losses(0, 2) == (0.8, 0.5)


@pytest.mark.parametrize(
    ("stranger", "words"),
    [
        (
            {"lr": 0.11, "act": "relu"},
            "the table small has no config {'lr': 0.11, 'act': 'relu'}: use one of its 2 configs,",
        ),
        (
            {"lr": 0.11, "act": "relu"},
            "or a surrogate, which has curves for the whole space: surrogate:small instead of",
        ),
        ({"lr": [0.1], "act": "relu"}, "the table small has no config {'lr': [0.1], "),
        ({"lr": 0.1}, "the config {'lr': 0.1} has no 'act': give a value for each of lr, act"),
    ],
)
def test_a_config_outside_the_table_is_named_with_the_remedy(stranger, words):
    with pytest.raises(InputError) as caught:
        SMALL.curve(stranger, seed=0)
    assert words in str(caught.value)


def test_a_seed_picks_among_those_recorded_for_the_config():
    both, only = SMALL.configs
    picked = [SMALL.curve(both, seed).losses(1, 2)[0] for seed in range(100)]
    assert picked == [SMALL.curve(both, seed).losses(1, 2)[0] for seed in range(100)]
    assert set(picked) == {0.4, 0.3}
    assert abs(picked.count(0.4) - 50) < 4 * 5  # 4 standard errors
    assert {SMALL.curve(only, seed).losses(1, 2)[0] for seed in range(9)} == {0.5}


def test_the_final_losses_are_of_the_first_seed():
    assert SMALL.final_losses.tolist() == [0.4, 0.5]


# ---- where tables are found

SOUND = "config_id,lr,seed,epoch,validation_error,seconds\n0,0.1,0,1,0.5,1.0\n"


def test_a_missing_file_is_named_with_what_was_looked_for(tmp_path, monkeypatch):
    (tmp_path / "small.csv").write_text(SOUND)
    monkeypatch.setattr(tabular, "_TABLES", tmp_path)
    absent = tmp_path / "absent"
    with pytest.raises(MissingTableError) as caught:
        load(absent)
    for words in (f"{absent}.csv and {absent}.parquet", "the shipped tables are small"):
        assert words in str(caught.value)
    with pytest.raises(MissingTableError, match=r"looked for .*other\.csv;"):
        load(tmp_path / "other.csv")


def test_a_name_is_a_shipped_table_and_a_path_a_file(tmp_path, monkeypatch):
    folder, here = tmp_path / "tables", tmp_path / "here"
    folder.mkdir()
    here.mkdir()
    (folder / "small.csv").write_text(SOUND)
    (folder / "notes.txt").write_text("")
    (here / "small.csv").write_text(SOUND.replace("0.5", "0.25"))
    monkeypatch.setattr(tabular, "_TABLES", folder)
    monkeypatch.chdir(here)
    assert shipped() == ["small"]
    assert load("small").final_losses[0] == 0.5
    for path in ("./small", "small.csv", here / "small"):
        assert load(path).final_losses[0] == 0.25


def test_a_path_that_is_two_files_must_say_which(tmp_path):
    for suffix in (".csv", ".parquet"):
        SMALL.write(tmp_path / f"table{suffix}")
    with pytest.raises(InputError, match=r"table\.csv and .*table\.parquet: give the path of one"):
        load(tmp_path / "table")
    assert load(tmp_path / "table.parquet").recorded == load(tmp_path / "table.csv").recorded


def test_a_table_is_not_written_to_a_name_of_neither_kind(tmp_path):
    with pytest.raises(InputError, match=r"table\.json: .*\.csv or \.parquet"):
        SMALL.write(tmp_path / "table.json")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_table_is_sound_and_its_card_complete(name):
    table = load(name)
    assert table.name == name
    assert table.title
    assert table.card.licence
    assert table.card.seeds
    assert table.card.task
    assert table.card.recording
    assert table.train_examples
    assert np.isfinite(table.final_losses).any()
