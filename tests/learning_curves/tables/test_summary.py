"""The figures of a table, against a table small enough to do by hand."""

import math

import numpy as np
import pytest

from learning_curves.blackbox import RecordedCurve
from learning_curves.tables.card import Card
from learning_curves.tables.summary import rank_correlation, summary
from learning_curves.tables.table_file import Recorded
from learning_curves.tables.tabular import Tabular

SECONDS = (600.0, 600.0, 1200.0)  # 40 minutes a curve


def table(*by_seed, r_max=3):
    curves = tuple(
        {seed: RecordedCurve(fell, SECONDS[:r_max]) for seed, fell in each.items()}
        for each in by_seed
    )
    choices = [16 << i for i in range(len(curves))]
    card = Card("small", r_max, {"width": {"choices": choices}}, title="by hand")
    ids = tuple(3 * i for i in range(len(curves)))
    return Tabular(Recorded(card, ids, tuple({"width": w} for w in choices), curves))


def test_the_figures_of_a_small_table():
    found = summary(
        table(
            {0: (0.9, 0.5, 0.4), 1: (0.9, 0.3, 0.1)},
            {0: (0.8, 0.6, 0.2)},
            {0: (0.7, math.inf, math.inf)},
        )
    )
    assert (found["configs"], found["seeds"], found["curves"], found["diverged"]) == (3, 2, 4, 1)
    assert found["hours"] == pytest.approx(4 * 40 / 60)
    assert found["best_loss"] == 0.2  # of the first seeds; the 0.1 is of a second
    assert found["best_config"] == {"config_id": 3, "width": 32}
    assert found["seconds_quantiles"]["0.5"] == 600
    assert found["seconds_quantiles"]["1"] == 1200
    assert [level["epoch"] for level in found["levels"]] == [1, 2, 3]
    assert found["levels"][1]["loss_quantiles"]["0"] == 0.3
    assert found["levels"][1]["loss_quantiles"]["1"] == math.inf
    # Ranks at epoch 1: 3.5 3.5 2 1, at 2: 2 1 3 4, at the end: 3 1 2 4. About their mean 2.5:
    # (1 * .5 - 1 * 1.5 + .5 * .5 - 1.5 * 1.5) / sqrt(4.5 * 5), and 1 - 6 * 2 / (4 * 15).
    rhos = [level["rank_correlation"] for level in found["levels"]]
    assert rhos == pytest.approx([-3 / 22.5**0.5, 0.8, 1.0])


@pytest.mark.parametrize(
    ("r_max", "levels"), [(1, [1]), (2, [1, 2]), (4, [1, 2, 4]), (9, [1, 2, 4, 8, 9])]
)
def test_the_levels_double_up_to_r_max(r_max, levels, monkeypatch):
    monkeypatch.setitem(globals(), "SECONDS", (1.0,) * 9)
    found = summary(table({0: (0.5,) * r_max}, {0: (0.4,) * r_max}, r_max=r_max))
    assert [level["epoch"] for level in found["levels"]] == levels


def test_constant_losses_have_no_ranks():
    found = summary(table({0: (0.9, 0.5, 0.4)}))
    assert {level["rank_correlation"] for level in found["levels"]} == {None}
    assert rank_correlation(np.array([1.0, 1.0]), np.array([1.0, 2.0])) is None
