"""The pictures of a study: drawn whatever its cells hold, and true to them."""

from math import inf, nan

import numpy as np
import pandas as pd
import pytest

from sim.reports.plots import canvas
from sim.reports.plots.palette import scheduler_look
from sim.reports.plots.studies import panels, rank_diagram, reached
from sim.reports.study_pictures import _points, draw
from sim.studies.results import Results
from sim.studies.study_cells import by_cell, fits
from sim.studies.study_file import parse

COLUMNS = ["row", "panel", "colour", "style", "x", "y", "low", "high", "law"]
POINTS = [
    ("jobs", "a", "sh", "one", 1.0, 2.0, 1.0, 3.0, nan),
    ("jobs", "a", "sh", "one", 4.0, 8.0, 7.0, 9.0, nan),
    ("jobs", "b", "sh", "two", 1.0, 2.5, 1.0, inf, nan),
    ("jobs", "b", "asha", "two", 4.0, inf, nan, nan, nan),
    ("time (s)", "a", "asha", "one", 1.0, 200.0, 150.0, 250.0, 180.0),
    ("time (s)", "a", "asha", "one", 4.0, 100.0, 80.0, 120.0, 90.0),
]


@pytest.mark.parametrize("log", ["", "x", "y", "xy"])
@pytest.mark.parametrize("count", [0, 1, 4, 6])
def test_any_points_can_be_drawn(tmp_path, log, count):
    points = pd.DataFrame(POINTS[:count], columns=COLUMNS)
    path = tmp_path / "p.png"
    panels.study_lines(points, path, x="workers", log=log, title="any_$title")
    assert path.read_bytes().startswith(b"\x89PNG")


def ranked(means, difference):
    names = [f"mine:S{k}" if k else "asha" for k in range(len(means))]
    columns = {"measure": "time_$to_target", "setting": names, "mean_rank": means}
    return pd.DataFrame(columns | {"critical_difference": difference})


@pytest.mark.parametrize("means", [[], [1.5, 1.5], [1.0, 2.0, 3.0], [4.0, 1.0, 2.5, 2.5]])
def test_any_ranks_can_be_drawn(tmp_path, means):
    path = tmp_path / "p.png"
    rank_diagram.rank_diagram(ranked(means, 1.2), path, title="any_$title")
    assert path.read_bytes().startswith(b"\x89PNG")


def test_a_bar_joins_the_settings_that_cannot_be_told_apart():
    # Sorted: 1.0, 2.5, 2.7, 4.0. Within 1.4 of each other are 2.5 and 2.7, and 2.7 and 4.0.
    figure = rank_diagram.rank_diagram(ranked([4.0, 1.0, 2.7, 2.5], 1.4))
    (axes,) = figure.axes
    bars = [line for line in axes.lines if line.get_linewidth() == 3.0]
    ends = [(min(bar.get_xdata()), max(bar.get_xdata())) for bar in bars]
    assert ends == [pytest.approx((2.5, 2.7), abs=0.04), pytest.approx((2.7, 4.0), abs=0.04)]
    colours = {line.get_color() for line in axes.lines if line.get_xdata()[0] == 4.0}
    assert scheduler_look("asha").colour in colours


@pytest.mark.parametrize("count", [0, 1, 3])
def test_any_survival_can_be_drawn(tmp_path, count):
    steps = [
        ("time to target", "a", "asha", 0.0, 0.0, nan, nan),
        ("time to target", "a", "asha", 400.0, 0.5, 0.2, 0.8),
        ("time to target", "b", "sh", 0.0, 0.0, nan, nan),
    ]
    columns = ["row", "panel", "line", "seconds", "reached", "low", "high"]
    path = tmp_path / "p.png"
    figure = reached.reached(pd.DataFrame(steps[:count], columns=columns), path, title="any_$")
    assert path.read_bytes().startswith(b"\x89PNG")
    if count == 3:
        (line,) = figure.axes[0].lines
        assert line.get_xydata().tolist() == [[0.0, 0.0], [400 / 60, 0.5]]  # in minutes
        assert line.get_drawstyle() == "steps-post"


def test_nothing_above_zero_can_be_drawn_on_a_logarithmic_axis(tmp_path):
    rows = [("jobs", "", "", "", x, 0.0, 0.0, 0.0, nan) for x in (1.0, 2.0)]
    path = tmp_path / "p.png"
    panels.study_lines(pd.DataFrame(rows, columns=COLUMNS), path, x="workers", log="xy")
    assert path.exists()


def test_a_law_that_lines_share_is_drawn_once():
    lines = [("jobs", "", name, "", x, x, x, x, 2 * x) for name in ("a", "b") for x in (1.0, 2.0)]
    shared = pd.DataFrame(lines, columns=COLUMNS)
    assert panels._laws(shared) == {((1.0, 2.0), (2.0, 4.0)): ("a", "")}
    shared.loc[3, "law"] = 5.0
    assert len(panels._laws(shared)) == 2


TEXT = """
measures = ["lost", "first_finished"]
seeds = 3
[experiment]
curves = "power-law"
limits.max_jobs = 9
[axes]
scheduler = ["sh", "asha"]
workers = [1, 4]
"costs.checkpoints" = [true, false]
[fits]
lost = "workers"
[pictures.p]
x = "workers"
y = ["lost", "first_finished"]
lines = ["scheduler", "costs.checkpoints"]
"""


def test_the_points_of_a_picture_are_its_cells(tmp_path):
    study = parse(TEXT, tmp_path / "mine.toml")
    # Cells: (sh, asha) x (1, 4) x (true, false); lost is 1 at one worker and 2 at four.
    lost = np.array([1, 1, 2, 2] * 2, dtype=float)[:, None].repeat(3, axis=1)
    first = np.where(lost == 1, inf, [5.0, 6.0, 7.0])
    values = np.stack([lost, first], axis=-1).reshape(study.runs, 2)
    cells, fitted = by_cell(study, values), fits(study, values)
    points = _points(study, study.pictures["p"], cells, fitted)
    assert len(points) == 2 * 8
    assert set(points["row"]) == {"lost", "first at r_max (s)"}
    assert set(points["style"]) == {"checkpoints true", "checkpoints false"}
    one = points[(points["colour"] == "asha") & (points["style"] == "checkpoints false")]
    counts, times = one[one["row"] == "lost"], one[one["row"] != "lost"]
    assert counts[["x", "y", "low", "high"]].to_numpy().tolist() == [[1, 1, 1, 1], [4, 2, 2, 2]]
    assert counts["law"].tolist() == pytest.approx([1, 2])  # 1 * workers**0.5
    np.testing.assert_equal(
        times[["y", "low", "high"]].to_numpy(), [[inf, nan, nan], [6, nan, nan]]
    )
    assert times["law"].isna().all()


def test_settings_that_are_no_numbers_lie_evenly_in_their_order(tmp_path):
    text = TEXT.replace('x = "workers"', 'x = "scheduler"\nwhere.workers = 4')
    study = parse(text.replace('lines = ["scheduler", ', "lines = ["), tmp_path / "mine.toml")
    values = np.ones((study.runs, 2))
    cells, fitted = by_cell(study, values), fits(study, values)
    points = _points(study, study.pictures["p"], cells[cells["workers"] == "4"], fitted)
    assert points["x"].tolist() == [0, 0, 1, 1] * 2  # sh, asha
    draw(Results(study, values), tmp_path)
    assert (tmp_path / "p.png").exists()


def test_crosses_lie_side_by_side_in_their_lines_colours():
    rows = [("t", "", name, "", 1.0, inf, nan, nan, nan) for name in ("a", "b")]
    points = pd.DataFrame(rows, columns=COLUMNS)
    axes = canvas.figure().subplots()
    assert panels._mark_missed(axes, points, panels._looks(points, joined=True))
    assert len({cross.get_color() for cross in axes.lines}) == 2
    left, right = (cross.get_transform().transform((1.0, 1.0)) for cross in axes.lines)
    assert right[0] - left[0] == pytest.approx(6 / 72 * canvas.DPI)
