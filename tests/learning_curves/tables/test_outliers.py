"""Outlying seconds: what is flagged, and what is not though it differs."""

import pytest

from learning_curves.blackbox import RecordedCurve
from learning_curves.tables.card import Card
from learning_curves.tables.outliers import outlying_seconds, warning
from learning_curves.tables.table_file import Recorded
from learning_curves.tables.tabular import Tabular, load, shipped


def table(*seconds):
    """Return the table of one config for each curve, with these seconds."""
    r_max = len(seconds[0])
    curves = tuple({0: RecordedCurve((0.5,) * r_max, tuple(each))} for each in seconds)
    choices = [2**at for at in range(len(curves))]
    card = Card("made", r_max, {"width": {"choices": choices}})
    configs = tuple({"width": width} for width in choices)
    return Tabular(Recorded(card, tuple(range(len(curves))), configs, curves))


def flagged(*seconds):
    return [(each.config_id, each.epoch) for each in outlying_seconds(table(*seconds))]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        # Stamps read as cumulative seconds, in curves of any length.
        ([[1.7e9, 2, 2], [1.7e9, 3, 1]], [(0, 1), (1, 1)]),
        ([[1.7e9, 2], [1.7e9, 3], [1.7e9, 1]], [(0, 1), (1, 1), (2, 1)]),
        ([[1.7e9], [2], [3], [1]], [(0, 1)]),
        # A pause, and an epoch that is too short.
        ([[2, 2, 3, 2], [2, 2, 3600, 2]], [(1, 3)]),
        ([[2, 2, 3, 2], [2, 2, 0.1, 2]], [(1, 3)]),
        # Exactly ten times is not beyond ten times.
        ([[2, 2, 2, 2], [2, 2, 20, 2]], []),
        ([[2, 2, 2, 2], [2, 2, 20.5, 2]], [(1, 3)]),
        # One slow config among others; a first epoch that warms up; epochs that grow.
        ([[2, 2, 2], [2, 2, 2], [900, 900, 900]], []),
        ([[9, 2, 2], [8, 2, 2]], []),
        ([[1, 4, 16, 64, 256], [2, 8, 32, 128, 512]], []),
        ([[0.001, 0.1, 10, 1000]] * 4, []),
    ],
)
def test_what_is_far_from_its_curve_and_from_the_table_is_flagged(seconds, expected):
    assert flagged(*seconds) == expected


@pytest.mark.parametrize("name", shipped())
def test_no_shipped_table_has_outlying_seconds(name):
    assert warning(outlying_seconds(load(name))) == ""


def test_the_warning_names_the_first_three():
    found = outlying_seconds(table(*[[1.7e9, 2, 2]] * 5))
    assert warning(found).startswith(
        "5 epochs have outlying seconds (config_id 0, seed 0, epoch 1: 1.7e+09 s; "
        "config_id 1, seed 0, epoch 1: 1.7e+09 s; config_id 2, seed 0, epoch 1: 1.7e+09 s; ..): "
    )
