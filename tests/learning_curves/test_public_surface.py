"""What `import learning_curves` shows."""

import subprocess
import sys

import pytest

import learning_curves


def test_each_public_name_resolves_and_is_documented(check_surface):
    check_surface(learning_curves)


def test_nothing_slow_is_imported_before_it_is_used():
    code = (
        "import sys, learning_curves\n"
        "dir(learning_curves), learning_curves.__all__\n"
        "learning_curves.InputError, learning_curves.Curve\n"
        "assert not {'sim', 'numpy', 'pandas', 'scipy', 'sklearn'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_surrogate_is_fitted_to_a_table_or_to_its_name():
    table = learning_curves.load("softmax-fashion-mnist")
    config = {"learning_rate": 0.2, "batch_size": 100}
    by_name = learning_curves.fit("softmax-fashion-mnist", "nearest", seed=3)
    assert by_name.sha256 == learning_curves.fit(table, "nearest", seed=3).sha256
    losses = by_name.curve(config, seed=0).losses(0, table.r_max)
    assert losses == learning_curves.fit(table, "nearest").curve(config, 0).losses(0, table.r_max)
    with pytest.raises(learning_curves.InputError, match="nothing"):
        learning_curves.fit("nothing")
