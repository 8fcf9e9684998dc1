"""The packaged spaces: they are what their sources say."""

import pytest

from learning_curves.errors import InputError
from learning_curves.spaces import scale, space_files
from learning_curves.spaces import space as spaces


def test_the_space_of_d2l_is_its_table_19_1_1():
    space = space_files.named("d2l-mlp")
    ends = {
        name: domain.support() for name, domain in space.items() if spaces.is_distribution(domain)
    }
    assert ends == {
        "learning_rate": (1e-6, 1e-1),
        "batch_size": (8, 256),
        "momentum": (0, 0.99),
        "num_units": (32, 1024),
        "num_layers": (1, 6),
    }
    assert space["activation"] == ["tanh", "relu"]
    on_a_log_scale = [name for name in ends if space[name].dist.name.startswith("log")]
    assert on_a_log_scale == ["learning_rate", "batch_size", "num_units"]
    whole = [name for name in ends if scale.levels(space[name]) is not None]
    assert whole == ["batch_size", "num_units", "num_layers"]


@pytest.mark.parametrize("name", space_files.names())
def test_every_packaged_space_is_sound(name):
    spaces.check(space_files.named(name))


def test_an_unknown_name_is_told_of_the_known_ones():
    with pytest.raises(InputError, match="no packaged space 'd2l': choose from d2l-mlp"):
        space_files.named("d2l")
