"""The scale of losses: there and back, within what a loss can be."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning_curves.surrogates.loss_scale import scale_of

shares = st.lists(st.floats(0, 1), min_size=2, max_size=20)
positive = st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=20)
any_loss = st.lists(
    st.floats(-1e6, 1e6).filter(lambda loss: loss == 0 or abs(loss) > 1e-6), min_size=1, max_size=20
)


@given(st.one_of(shares, positive, any_loss), st.lists(st.booleans(), max_size=3))
def test_a_loss_comes_back_to_seven_digits_of_the_greatest(losses, diverged):
    array = np.array(losses)
    scale = scale_of(np.concatenate([array, np.full(len(diverged), np.inf)]))
    kept = array.clip(scale.low, scale.high)
    greatest = np.abs(array).max()
    # Rounding is by half a unit of the seventh digit, or of the 15th decimal; logarithms lose more.
    assert scale.back(scale.there(array)) == pytest.approx(kept, abs=max(1e-6 * greatest, 1e-15))


@given(st.one_of(shares, positive, any_loss), st.lists(st.floats(-50, 50), min_size=1))
def test_no_prediction_is_above_the_worst_loss_or_below_what_the_kind_has(losses, scaled):
    scale = scale_of(np.array(losses))
    back = scale.back(np.array(scaled))
    assert (back <= max(losses) + 1e-6 * abs(max(losses))).all()
    assert np.isfinite(back).all()
    if scale.kind != "linear":
        assert (back >= 0).all()


@pytest.mark.parametrize(
    ("losses", "kind"),
    [
        ([0.9, 0.1], "logit"),
        ([0.0, 1.0, 0.5], "logit"),
        ([0.5, np.inf], "logit"),
        ([2.3, 0.1], "log"),
        ([-0.3, 0.1], "linear"),
        ([0.0, 2.0], "log"),
        ([0.0], "linear"),
        ([np.inf], "log"),
    ],
)
def test_the_kind_is_that_of_the_finite_losses(losses, kind):
    assert scale_of(np.array(losses)).kind == kind


def test_zero_and_one_stand_half_a_step_from_their_neighbours():
    scale = scale_of(np.array([0.0, 0.1, 0.6, 1.0]))
    assert (scale.low, scale.high) == pytest.approx((0.05, 0.8))  # 0.1 / 2, 1 - (1 - 0.6) / 2


def test_one_loss_that_exploded_does_not_take_the_digits_of_the_others():
    scale = scale_of(np.array([0.5, 1.25, 3.0, 1e12]))
    assert scale.back(scale.there(np.array([0.5, 1.25, 3.0]))) == pytest.approx([0.5, 1.25, 3.0])
