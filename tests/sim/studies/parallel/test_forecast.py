"""The time that a study takes, foreseen from a sample."""

from itertools import count
from pathlib import Path

import pytest

from sim.studies.parallel.forecast import forecast
from sim.studies.study_file import parse

TEXT = """
measures = ["jobs"]
seeds = 5
[experiment]
curves = "power-law"
r_max = 9
eta = 3
limits.max_epochs = {epochs}
[axes]
scheduler = ["random", "asha"]
"limits.max_epochs" = [90, 180, 270]
"""


def study(epochs):
    text = TEXT.replace("limits.max_epochs = {epochs}\n", "")
    text = text.replace("[90, 180, 270]", f"[{epochs}, {2 * epochs}, {3 * epochs}]")
    return parse(text, Path("mine.toml"))


def ticking(step):
    """Return a clock that is read at equal steps, whatever is done in between."""
    ticks = count(step=step)
    return lambda: next(ticks)


def test_the_cells_take_as_long_as_their_sizes_say():
    one = study(90)
    # The clock steps 2 s from the begin to the end of each sample, of the cell of 180 epochs: the
    # others take 1 s and 3 s, so 6 s a seed and scheduler, 60 s in all.
    found = forecast(one, range(30), ticking(2.0), budget=100.0)
    assert found.seconds == pytest.approx(60.0)
    assert found.sampled == ["random", "asha"]
    assert forecast(one, range(30), ticking(2.0), budget=100.0, processes=4).seconds == 15.0
    # Of seed 0 of the last cell only: one run, which is the sample.
    assert forecast(one, [25], ticking(2.0)).seconds == 2.0
    assert forecast(one, [], ticking(2.0)).seconds == 0.0


def test_a_long_run_is_sampled_in_part():
    # Random search trains 9 epochs a job, so that 2,000 jobs are 18,000 of 180,000 epochs: a run
    # takes ten times the 2 s of the sample.
    one = study(90_000)
    places = range(5, 10)  # of random search, with 180,000 epochs
    assert forecast(one, places, ticking(2.0)).seconds == pytest.approx(5 * 20.0, rel=0.01)


def test_after_its_budget_a_scheduler_is_taken_to_be_as_fast_as_the_others():
    found = forecast(study(90), range(30), ticking(2.0), budget=1.0)
    assert (found.sampled, found.others) == (["random"], ["asha"])
    assert found.seconds == pytest.approx(60.0)
