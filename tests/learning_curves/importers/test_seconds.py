"""Stamps: what each epoch takes, the first one included; times of day are never durations."""

import pandas as pd
import pytest

LOG = """\
run,lr,epoch,validation_error,t
a,0.1,1,0.5,1700000003
a,0.1,2,0.4,1700000005
a,0.1,3,0.3,1700000009
a,0.1,4,0.2,1700000010
b,0.2,1,0.5,1700000103.5
b,0.2,2,0.4,1700000104
b,0.2,3,0.3,1700000105
b,0.2,4,0.2,1700000108
"""
MAP = {"config_id": "run", "seconds": "t"}


@pytest.fixture
def log(tmp_path):
    def write(text=LOG, name="log.csv"):
        (tmp_path / name).write_text(text)
        return tmp_path / name

    return write


@pytest.mark.parametrize("how", [None, "per-epoch", "cumulative"])
@pytest.mark.parametrize(("zeros", "unit"), [("", ""), ("000", "convert milliseconds to seconds")])
def test_times_of_day_are_refused_with_the_remedy(log, refused, how, zeros, unit):
    path = log(LOG.replace(".5\n", "\n").replace("\n", f"{zeros}\n").replace(f"t{zeros}", "t"))
    message = refused(path, columns=MAP, seconds_are=how)
    assert f"the seconds 't' are 1700000003{zeros} and the like, which are times of day" in message
    assert "--seconds-are stamps" in message
    assert unit in message


def test_the_first_epoch_takes_the_median_of_the_others(log, imported, seconds):
    got = imported(log(), columns=MAP, seconds_are="stamps")
    # a: 2, 4, 1 s, so 2; b: 0.5, 1, 3 s, so 1.
    assert seconds(got) == {(0, 0): [2, 2, 4, 1], (1, 0): [1, 0.5, 1, 3]}
    (flaw,) = got.table.card.known_flaws
    assert flaw == (
        "the stamps do not say when 2 of 2 trainings began: their first epoch is set to the "
        "median of their other epochs"
    )


def test_a_column_says_when_a_training_began(log, imported, refused, seconds):
    rows = LOG.splitlines()
    begun = ["start", *["1699999993"] * 4, *["1700000100"] * 4]
    path = log("\n".join(f"{row},{start}" for row, start in zip(rows, begun, strict=True)))
    asked = {"columns": MAP | {"start": "start"}, "seconds_are": "stamps"}
    got = imported(path, **asked)
    assert seconds(got) == {(0, 0): [10, 2, 4, 1], (1, 0): [3.5, 0.5, 1, 3]}
    assert got.table.card.known_flaws == ()
    begun[3] = "1699999994"
    log("\n".join(f"{row},{start}" for row, start in zip(rows, begun, strict=True)))
    assert "line 4: the start 1699999994 differs" in refused(path, **asked)
    assert "--map has 'start', which needs --seconds-are stamps" in refused(
        path, columns=MAP | {"start": "start"}
    )


def test_epoch_0_says_when_a_training_began(log, imported, seconds):
    path = log(LOG + "a,0.1,0,0.9,1699999993\n")
    got = imported(path, columns=MAP, seconds_are="stamps", drop_epoch_0=True)
    assert seconds(got) == {(0, 0): [10, 2, 4, 1], (1, 0): [1, 0.5, 1, 3]}
    assert "when 1 of 2 trainings began" in got.table.card.known_flaws[0]


@pytest.mark.parametrize(
    "form", ["%Y-%m-%d %H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S.%fZ"]
)
def test_dates_are_stamps_in_text_and_parquet(tmp_path, log, imported, seconds, form):
    frame = pd.read_csv(log())
    frame["t"] = pd.to_datetime(frame["t"], unit="s")
    expected = {(0, 0): [2, 2, 4, 1], (1, 0): [1, 0.5, 1, 3]}
    frame.to_parquet(tmp_path / "log.parquet")
    got = imported(tmp_path / "log.parquet", columns=MAP, seconds_are="stamps")
    assert seconds(got) == expected
    frame["t"] = frame["t"].dt.strftime(form)
    frame.to_csv(tmp_path / "dates.csv", index=False)
    assert seconds(imported(tmp_path / "dates.csv", columns=MAP, seconds_are="stamps")) == expected


def test_any_clock_in_seconds_has_stamps(log, imported, seconds):
    got = imported(log(LOG.replace("1700000", "81")), columns=MAP, seconds_are="stamps")
    assert seconds(got)[0, 0] == [2, 2, 4, 1]


@pytest.mark.parametrize(
    ("text", "options", "words"),
    [
        (LOG, {"r_max": 1}, "the curves have only one: give the stamps of their start by --map"),
        (LOG.replace("0009", "0004"), {}, "line 4: epoch 3 of config 0, seed 0 takes -1 s"),
        (LOG.replace("1700000009", "noon"), {}, "line 4, column 't': 'noon' is not a number"),
        (LOG.replace("1700000009", ""), {}, "line 4, column 't': the cell is empty"),
        (
            LOG.replace(".5\n", "\n").replace("\n", "000\n").replace("t000", "t"),
            {},
            "the column 't' has stamps in milliseconds: convert them to seconds",
        ),
    ],
)
def test_stamps_that_do_not_fit_are_named(log, refused, text, options, words):
    assert words in refused(log(text), columns=MAP, seconds_are="stamps", **options)


def test_a_clock_that_went_back_stands_still(log, imported, seconds):
    got = imported(
        log(LOG.replace("0009", "0004")), columns=MAP, seconds_are="stamps", least_seconds=0.5
    )
    # 2 s, then back by 1 s, then from 5 to 10: 5 s; their median is 2.
    assert seconds(got)[0, 0] == [2, 2, 0.5, 5]


def test_stamps_are_of_tidy_files_alone(tmp_path, refused):
    (tmp_path / "box").mkdir()
    assert "--seconds-are stamps has no effect with the format syne-tune" in refused(
        tmp_path / "box", seconds_are="stamps"
    )
