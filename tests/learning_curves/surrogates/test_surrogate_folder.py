"""A surrogate's folder: the same curves again, or one line on what is wrong."""

import pytest

from learning_curves import sources
from learning_curves.errors import InputError
from learning_curves.surrogates import surrogate_folder
from learning_curves.surrogates.regressors import REGRESSORS
from learning_curves.surrogates.surrogate import Surrogate
from learning_curves.tables.tabular import load

TABLE = load("lenet-fashion-mnist")
SOME = [{"learning_rate": 0.02 * i, "batch_size": 30 + 5 * i} for i in range(1, 20)]


@pytest.fixture
def folder(tmp_path):
    surrogate_folder.write(Surrogate(TABLE), tmp_path / "lenet-gp")
    return tmp_path / "lenet-gp"


@pytest.mark.parametrize("regressor", REGRESSORS)
def test_what_is_loaded_draws_the_same_curves(regressor, tmp_path):
    made = Surrogate(TABLE, regressor, seed=5)
    surrogate_folder.write(made, tmp_path / "made")
    again = surrogate_folder.load(tmp_path / "made")
    assert [again.curve(c, i) for i, c in enumerate(SOME)] == [
        made.curve(c, i) for i, c in enumerate(SOME)
    ]
    assert (again.regressor, again.seed, again.kernels) == (regressor, 5, made.kernels)
    assert {path.name for path in (tmp_path / "made").iterdir()} == {
        "surrogate.toml",
        "table.csv",
        "table.toml",
    }


def test_it_is_found_by_its_path_and_by_the_word(folder):
    assert surrogate_folder.is_surrogate(folder)
    found = sources.find(str(folder), r_max=10)
    on_the_spot = sources.find("surrogate:lenet-fashion-mnist")
    assert found.curve(SOME[3], 1) == on_the_spot.curve(SOME[3], 1)
    assert {path.name for path in sources.files(str(folder))} == {
        "surrogate.toml",
        "table.csv",
        "table.toml",
    }
    with pytest.raises(InputError, match="end at epoch 10, before r_max 11"):
        sources.find(str(folder), r_max=11)
    with pytest.raises(InputError, match="there is no table 'absent'"):
        sources.find("surrogate:absent")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"gp"', '"svm"', "regressor is 'svm': write one of gp, extra-trees, nearest"),
        ("seed = 0", "seed = -1", "seed is -1"),
        ("[kernels]", "[kernel]", "kernels is None"),
        ("losses = [", "losses = [-1.0, ", "the kernel of losses is"),
        ("losses = [", "losses = []\nother = [", "the kernel of losses is []"),
        ("losses = [", "lost = [", "the kernel of losses is missing"),
        ('"gp"', '["gp"]', "regressor is ['gp']"),
        ("losses = [", "losses = [1.0, ", "the kernel has 5 numbers, for 2 columns"),
        ("seed = 0", "seed = ", "fit the surrogate again"),
        ("table_sha256 = ", 'table_sha256 = "0"\nother = ', "table.csv has changed since"),
    ],
)
def test_a_broken_file_is_told_in_one_line(folder, old, new, words):
    path = folder / "surrogate.toml"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(InputError) as caught:
        surrogate_folder.load(folder)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_table_that_was_changed_is_refused(folder):
    table = folder / "table.csv"
    table.write_text(table.read_text().replace("0.8979", "0.8978", 1))
    with pytest.raises(InputError, match=r"table\.csv has changed since"):
        surrogate_folder.load(folder)


def test_trees_of_another_scikit_learn_are_refused(tmp_path):
    surrogate_folder.write(Surrogate(TABLE, "extra-trees"), tmp_path)
    path = tmp_path / "surrogate.toml"
    said = path.read_text().replace('scikit_learn = "', 'scikit_learn = "0.')
    path.write_text(said)
    with pytest.raises(InputError, match=r"made by scikit-learn 0\..*: install that version"):
        surrogate_folder.load(tmp_path)


def test_a_folder_that_cannot_be_made_is_told(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be made"):
        surrogate_folder.write(Surrogate(TABLE), tmp_path / "file" / "inner")


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    mine = tmp_path / "table.csv"
    mine.write_text("mine")
    with pytest.raises(InputError, match="is not empty and not a surrogate"):
        surrogate_folder.write(Surrogate(TABLE, "nearest"), tmp_path)
    assert mine.read_text() == "mine"
