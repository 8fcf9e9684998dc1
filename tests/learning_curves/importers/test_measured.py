"""Losses that are not there: not measured, or diverged, and never the one for the other."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning_curves.errors import InputError
from learning_curves.importers.log import Log
from learning_curves.importers.options import Options
from learning_curves.importers.whole import whole_curves

NAN = math.nan


def log_of(curves, **more):
    """Return the log of configs 0, 1, .., each with the losses given; epoch k takes k seconds."""
    lengths = [len(curve) for curve in curves]
    step = np.concatenate([np.arange(1, n + 1) for n in lengths])
    return Log(
        ids=range(len(curves)),
        configs=[{"lr": at} for at in range(len(curves))],
        config=np.repeat(np.arange(len(curves)), lengths),
        seed=np.zeros(sum(lengths), dtype=int),
        step=step.astype(float),
        loss=np.array([loss for curve in curves for loss in curve], dtype=float),
        seconds=step.astype(float),
        place=lambda row: f"row {row}",
        **more,
    )


def test_a_curve_that_ends_in_nan_has_diverged_and_is_said():
    whole = whole_curves(log_of([[0.5, NAN, NAN], [0.4, 0.3, math.inf]]), Options())
    assert whole.losses.tolist() == [[0.5, math.inf, math.inf], [0.4, 0.3, math.inf]]
    assert whole.notes[0] == "2 losses are NaN: diverged (--nan absent reads them as not measured)"
    assert whole.counts["diverged"] == 3


def test_nan_before_a_number_is_asked_for():
    log = log_of([[0.5, 0.4], [NAN, 0.4], [0.5, NAN]])
    with pytest.raises(InputError) as caught:
        whole_curves(log, Options())
    assert str(caught.value) == (
        "row 2: the loss at epoch 1 of config 1, seed 0 is NaN and a later one is a number (1 such "
        "losses): add --nan absent if they were not measured, --nan diverged if training recovered"
    )
    whole = whole_curves(log, Options(nan="diverged"))
    assert whole.losses[1].tolist() == [math.inf, 0.4]
    with pytest.raises(InputError, match="2 of 3 curves end before epoch 2"):
        whole_curves(log, Options(nan="absent"))


@given(
    st.lists(st.lists(st.none() | st.integers(0, 9), min_size=1, max_size=6), min_size=1),
    st.booleans(),
)
def test_epochs_that_were_not_measured_leave_their_seconds_to_the_next(curves, cumulative):
    log = log_of([[NAN if x is None else x for x in curve] for curve in curves])
    if cumulative:
        clock = np.concatenate([np.cumsum(np.arange(1, len(curve) + 1)) for curve in curves])
        log = Log(**{**vars(log), "seconds": clock.astype(float), "cumulative": True})
    measured = [[k for k, x in enumerate(curve, start=1) if x is not None] for curve in curves]
    anchors = sorted({k for each in measured for k in each})
    options = Options(nan="absent", anchors=True, incomplete="drop")
    kept = [at for at, each in enumerate(measured) if each == anchors and anchors]
    if not kept:
        with pytest.raises(InputError):
            whole_curves(log, options)
        return
    whole = whole_curves(log, options)
    assert whole.config.tolist() == kept
    for at, losses, seconds in zip(kept, whole.losses, whole.seconds, strict=True):
        assert losses.tolist() == [curves[at][k - 1] for k in anchors]
        # Epochs 1 .. k take k * (k + 1) / 2 seconds in all.
        assert np.cumsum(seconds).tolist() == [k * (k + 1) / 2 for k in anchors]
    silent = sum(not each for each in measured)
    if silent:
        assert any(
            f"{silent} curve" in note and "no loss: left out" in note for note in whole.notes
        )


def test_where_nothing_was_measured_there_is_no_table():
    absent = np.ones(2, dtype=bool)
    with pytest.raises(InputError, match="no epoch has a loss"):
        whole_curves(log_of([[NAN, NAN]], absent=absent), Options())


def test_what_is_absent_needs_no_seconds():
    log = log_of([[NAN, 0.5]], absent=np.array([True, False]))
    unknown = Log(**{**vars(log), "seconds": np.array([NAN, 2.0])})
    assert whole_curves(unknown, Options(anchors=True)).seconds.tolist() == [[2.0]]
