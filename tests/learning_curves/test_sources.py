"""One word finds a closed form, a shipped table or a file."""

import pytest

from learning_curves.errors import InputError
from learning_curves.sources import FAMILIES, find, folder_name
from learning_curves.synthetic import Bowl, Exponential, PowerLaw, TakeOff
from learning_curves.synthetic.settings import defaults
from learning_curves.tables import tabular
from learning_curves.tables.tabular import Tabular
from sim.commands import options

TABLE = "config_id,lr,seed,epoch,validation_error,seconds\n0,0.1,0,1,0.5,1\n0,0.1,0,2,0.4,1\n"


def test_a_closed_form_has_the_r_max_that_is_asked_for():
    assert find("power-law") == PowerLaw(r_max=81)
    assert find("power-law", r_max=9) == PowerLaw(r_max=9)
    with pytest.raises(InputError, match="r_max is 0"):
        find("power-law", r_max=0)


@pytest.mark.parametrize(
    ("word", "blackbox"),
    [
        ("power-law:crossing=0.5:noise=0.01", PowerLaw(27, crossing=0.5, noise=0.01)),
        ("exponential:half_life=2", Exponential(27, half_life=2.0)),
        ("take-off:cost=by-config:take_off=1e-1", TakeOff(27, take_off=0.1, cost="by-config")),
        ("bowl:dimensions=3:matter=1:problem=7", Bowl(27, dimensions=3, matter=1, problem=7)),
    ],
)
def test_settings_follow_the_name(word, blackbox):
    assert find(word, r_max=27) == blackbox


@pytest.mark.parametrize("name", FAMILIES)
def test_a_default_written_out_changes_nothing(name):
    for key, value in defaults(FAMILIES[name]).items():
        assert find(f"{name}:{key}={value}") == find(name)


@pytest.mark.parametrize(
    ("word", "complaint"),
    [
        ("power-law:corssing=1", "'corssing=1' is no setting"),
        ("power-law:r_max=9", "'r_max=9' is no setting"),
        ("power-law:", "'' is no setting"),
        ("power-law:noise", "noise is '': it must be a number"),
        ("power-law:noise=loud", "noise is 'loud': it must be a number"),
        ("power-law:noise=nan", "noise is nan: it must be a number >= 0"),
        ("power-law:noise=0.1:noise=0.1", "noise is given twice"),
        ("power-law:crossing=1.5", "crossing is 1.5: it must be a number from 0 to 1"),
        ("power-law:crossing_share=-1", "crossing_share is -1.0: it must be a number from 0 to 1"),
        ("power-law:noise_correlation=2", "noise_correlation is 2.0: it must be a number from 0"),
        ("power-law:cost=free", "cost is 'free': it must be 'constant' or 'by-config'"),
        ("exponential:half_life=0", "half_life is 0.0: it must be a number from 0.001 to 1000"),
        ("take-off:take_off=1.1", "take_off is 1.1: it must be a number > 0, at most 1"),
        ("bowl:matter=1.5", "matter is '1.5': it must be a whole number"),
        ("bowl:matter=9", "matter is 9: it must be from 1 to the dimensions"),
        ("bowl:dimensions=0", "dimensions is 0: it must be from 1 to 1000"),
        ("bowl:problem=-1", "problem is -1: it must be a whole number from 0"),
    ],
)
def test_a_wrong_setting_is_named_and_the_settings_are_listed(word, complaint):
    with pytest.raises(InputError) as caught:
        find(word)
    message = str(caught.value)
    assert message.startswith(complaint)
    known = ", ".join(defaults(FAMILIES[word.split(":")[0]]))
    assert message.endswith(f"; the settings are {known}")
    assert "\n" not in message


def test_the_help_names_the_families():
    assert ", ".join(FAMILIES) == options.FAMILIES


def test_results_on_closed_forms_that_differ_go_to_folders_that_differ():
    words = ["power-law", "power-law:crossing=0.5", "power-law:crossing=0.25", "dir/mine.v2.csv"]
    assert [folder_name(word) for word in words] == [
        "power-law",
        "power-law,crossing=0.5",
        "power-law,crossing=0.25",
        "mine.v2",
    ]


@pytest.mark.parametrize("name", FAMILIES)
def test_every_closed_form_reaches_its_r_max(name):
    blackbox = find(name, r_max=5)
    assert blackbox.r_max == 5


def test_a_table_is_found_by_name_and_by_path(tmp_path, monkeypatch):
    (tmp_path / "small.csv").write_text(TABLE)
    monkeypatch.setattr(tabular, "_TABLES", tmp_path)
    for word in ("small", str(tmp_path / "small"), tmp_path / "small.csv"):
        table = find(word, r_max=2)
        assert isinstance(table, Tabular)
        assert table.r_max == 2
    assert find("small", r_max=1).r_max == 2


def test_a_table_does_not_reach_beyond_its_last_epoch(tmp_path):
    (tmp_path / "small.csv").write_text(TABLE)
    with pytest.raises(InputError, match=r"small\.csv end at epoch 2, before r_max 3"):
        find(tmp_path / "small.csv", r_max=3)


def test_an_unknown_word_is_told_what_there_is(tmp_path, monkeypatch):
    (tmp_path / "small.csv").write_text(TABLE)
    monkeypatch.setattr(tabular, "_TABLES", tmp_path)
    with pytest.raises(InputError) as caught:
        find("power-low")
    for words in ("'power-low'", "power-low.csv", "small", "power-law"):
        assert words in str(caught.value)


def test_a_broken_table_is_named_as_such(tmp_path):
    (tmp_path / "small.csv").write_text(TABLE.replace("0.4", "low"))
    with pytest.raises(InputError, match="line 3") as caught:
        find(tmp_path / "small.csv")
    assert "power-law" not in str(caught.value)
