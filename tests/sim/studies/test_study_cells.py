"""The statistics of a study, against a few lines of arithmetic."""

from math import comb, inf, isnan

import numpy as np
import pytest

from sim.studies.study_cells import by_cell, fits
from sim.studies.study_file import parse
from sim.traces.estimates import interval_of_median

TEXT = """
measures = ["time_to_target", "lost"]
seeds = 3
[experiment]
curves = "power-law"
limits.max_jobs = 9
[axes]
scheduler = ["sh", "asha"]
workers = [1, 2, 4]
[speedups]
time_to_target = "workers"
[fits]
lost = "workers"
"""


@pytest.fixture
def study(tmp_path):
    return parse(TEXT, tmp_path / "mine.toml")


def cube(study, times, lost):
    return np.stack([np.array(times, dtype=float), np.array(lost, dtype=float)], axis=-1).reshape(
        study.runs, 2
    )


def test_means_medians_and_speedups(study):
    times = [[8, 9, 8], [4, 3, 4], [2, inf, 1]] * 2  # a row a cell, a column a seed
    cells = by_cell(study, cube(study, times, [[1, 2, 3]] * 6))
    four = cells[(cells["scheduler"] == "asha") & (cells["workers"] == "4")].set_index("measure")
    lost = four.loc["lost"]
    # The variance of 1, 2, 3 is 1: the standard error of the mean of three is 1 / sqrt(3).
    assert (lost["mean"], lost["median"], lost["censored"]) == (2, 2, 0)
    assert lost["standard_error"] == pytest.approx(3**-0.5)
    time = four.loc["time_to_target"]
    assert (time["mean"], time["median"], time["censored"]) == (inf, 2, 1)
    assert isnan(time["standard_error"])
    assert isnan(time["low"])  # three are too few
    assert isnan(time["high"])
    faster = four.loc["speedup.time_to_target"]  # 8 / 2, a miss, 8 / 1
    assert (faster["median"], faster["censored"]) == (4, 1)
    alone = cells[(cells["workers"] == "1") & (cells["measure"] == "speedup.time_to_target")]
    assert alone["median"].tolist() == alone["low"].tolist() == [1, 1]


def test_a_power_law_is_found(study):
    # sh: 3 * workers**0.5 for each seed. asha: a mean of zero.
    lost = [[3 * n**0.5] * 3 for n in (1, 2, 4)] + [[0, 0, 0], [1, 1, 1], [1, 1, 1]]
    found = fits(study, cube(study, [[1] * 3] * 6, lost)).set_index("scheduler")
    assert found.loc["sh", "exponent"] == pytest.approx(0.5)
    assert found.loc["sh", "standard_error"] == pytest.approx(0, abs=1e-12)
    assert found.loc["sh", "factor"] == pytest.approx(3)
    assert isnan(found.loc["asha", "exponent"])
    assert isnan(found.loc["asha", "standard_error"])
    assert found["axis"].tolist() == ["workers"] * 2


@pytest.mark.parametrize("n", [6, 9, 25, 100])
def test_the_interval_holds_the_median_with_95_per_cent(n):
    # The k-th and the k-th last of n have the median between them unless fewer than k values fall
    # on one of its sides: 1 - 2 * P(Binomial(n, 1/2) < k).
    low, high = interval_of_median([float(each) for each in range(1, n + 1)])
    k = int(low)
    assert high == n + 1 - k
    sure = [1 - 2 * sum(comb(n, i) for i in range(j)) / 2**n for j in (k, k + 1)]
    assert sure[0] >= 0.95
    assert sure[1] < 0.95


@pytest.mark.parametrize("n", [1, 5])
def test_below_six_values_there_is_no_interval(n):
    assert all(map(isnan, interval_of_median([1.0] * n)))


def test_an_infinite_run_is_counted_not_dropped():
    assert interval_of_median([1.0, 2.0, 3.0, inf, inf, inf]) == (1.0, inf)


def test_the_error_of_an_exponent_is_the_jackknifes(study):
    # Two settings that count, 1 and 4 workers (2 in the middle has no weight): the exponent is
    # log(mean at 4 / mean at 1) / log(4). Means at 4 without a seed: 2.5, 2, 1.5; at 1: 1.
    lost = [[1, 1, 1], [1, 1, 1], [1, 2, 3]] * 2
    found = fits(study, cube(study, [[1] * 3] * 6, lost)).iloc[0]
    assert found["exponent"] == pytest.approx(np.log(2) / np.log(4))
    left = np.log([2.5, 2, 1.5]) / np.log(4)
    expected = np.sqrt(2 / 3 * ((left - left.mean()) ** 2).sum())
    assert found["standard_error"] == pytest.approx(expected)
