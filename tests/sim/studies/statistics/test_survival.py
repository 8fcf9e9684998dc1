"""When runs reach a target, against a second implementation and by hand."""

from math import exp, inf, isnan, log
from pathlib import Path

import numpy as np
import pytest

from sim.studies.statistics.survival import log_rank, survival
from sim.studies.study_file import parse

TEXT = """
measures = ["end_seconds", "time_to_target"]
seeds = 10
survival = true
[experiment]
curves = "power-law"
"""
TIMES = np.array([3, 5, 5, 8, inf, 12, inf, inf, inf, inf], dtype=float)
ENDS = np.array([20, 20, 20, 20, 9, 20, 12, 12, 12, 12], dtype=float)
OTHERS = np.array([2, 4, 4, 6, 7, 7, 10, 11, inf, inf], dtype=float)
OTHER_ENDS = np.full(10, 12.0)


def test_the_share_that_has_reached_the_target():
    study = parse(TEXT, Path("one.toml"))
    table = survival(study, np.column_stack([ENDS, TIMES]))
    assert table["seconds"].tolist() == [0.0, 3.0, 5.0, 8.0, 9.0, 12.0]
    assert table["at_risk"].tolist() == [10, 10, 9, 7, 6, 5]  # one is censored at 9 s
    assert set(table["n"]) == {10}
    assert set(table["censored"]) == {5}
    # statsmodels 0.15: SurvfuncRight([3, 5, 5, 8, 9, 12, 12, 12, 12, 12], [1, 1, 1, 1, 0, 1, 0, 0,
    # 0, 0]), surv_prob and surv_prob_se at 3, 5, 8 and 12 s
    left = [0.9, 0.7000000000000001, 0.6000000000000001, 0.4800000000000001]
    errors = [0.09486832980505137, 0.14491376746189438, 0.15491933384829668, 0.16395121225535358]
    events = table[table["seconds"].isin([3.0, 5.0, 8.0, 12.0])]
    assert (1 - events["reached"]).tolist() == pytest.approx(left, rel=1e-10)
    z = 1.959963984540054
    for (_, row), share, error in zip(events.iterrows(), left, errors, strict=True):
        half = z * error / (share * abs(log(share)))  # of log(-log(share))
        ends = [1 - exp(-exp(log(-log(share)) + sign * half)) for sign in (-1, 1)]
        assert [row["low"], row["high"]] == pytest.approx(ends, rel=1e-10)
    assert table[["low", "high"]].iloc[0].isna().all()
    assert table["reached"].tolist()[3] == table["reached"].tolist()[4]


def test_where_all_or_none_reach_it_there_is_no_interval():
    study = parse(TEXT, Path("one.toml"))
    for times, share in ((np.full(10, 3.0), 1.0), (np.full(10, inf), 0.0)):
        table = survival(study, np.column_stack([np.full(10, 7.0), times]))
        assert table["reached"].tolist() == [0.0, share]
        assert table[["low", "high"]].isna().all(axis=None)


def test_the_log_rank_test():
    # statsmodels 0.15: survdiff of the two samples, whose times are as above and 2, 4, 4, 6, 7, 7,
    # 10, 11, 12, 12, the last two censored
    found = log_rank(TIMES, ENDS, OTHERS, OTHER_ENDS)
    assert found == pytest.approx(0.1958726497487424, rel=1e-10)
    assert found == pytest.approx(log_rank(OTHERS, OTHER_ENDS, TIMES, ENDS))
    missed = np.full(4, inf)
    assert isnan(log_rank(missed, np.full(4, 9.0), missed, np.full(4, 9.0)))
    same = np.full(4, 5.0)
    assert isnan(log_rank(same, same, same, same))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"end_seconds", ', "", "survival needs the measure 'end_seconds'"),
        ("time_to_target", "best_loss", "measure one of first_finished, time_to_target"),
        ("= true", '= "yes"', "survival is 'yes': give true or false"),
    ],
)
def test_a_study_without_its_measures_is_refused(old, new, message):
    with pytest.raises(ValueError, match=message):
        parse(TEXT.replace(old, new), Path("one.toml"))


def test_it_is_only_told_when_asked_for():
    study = parse(TEXT.replace("survival = true", ""), Path("one.toml"))
    assert survival(study, np.column_stack([ENDS, TIMES])).empty
