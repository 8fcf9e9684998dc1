"""One word finds a closed form, a shipped table or a file."""

import pytest

from learning_curves import tabular
from learning_curves.errors import InputError
from learning_curves.sources import FAMILIES, find
from learning_curves.synthetic import PowerLaw
from learning_curves.tabular import Tabular

TABLE = "config_id,lr,seed,epoch,validation_error,seconds\n0,0.1,0,1,0.5,1\n0,0.1,0,2,0.4,1\n"


def test_a_closed_form_has_the_r_max_that_is_asked_for():
    assert find("power-law") == PowerLaw(r_max=81)
    assert find("power-law", r_max=9) == PowerLaw(r_max=9)
    with pytest.raises(InputError, match="r_max is 0"):
        find("power-law", r_max=0)


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
    with pytest.raises(InputError, match=r"small\.csv end at epoch 2: r_max 3 is beyond"):
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
