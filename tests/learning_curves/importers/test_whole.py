"""Curves that are not whole: what is refused, dropped and cut, against a plain count."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from learning_curves.errors import InputError
from learning_curves.importers.log import Log
from learning_curves.importers.options import Options
from learning_curves.importers.whole import whole_curves

# For each of some trainings: the epochs that its log has.
LOGS = st.dictionaries(
    st.tuples(st.integers(0, 3), st.integers(0, 1)),
    st.sets(st.integers(1, 6), min_size=1),
    min_size=1,
)


def log_of(epochs_of, shuffled, **more):
    rows = [(config, seed, epoch) for (config, seed), each in epochs_of.items() for epoch in each]
    shuffled.shuffle(rows)
    config, seed, epoch = (np.array(column) for column in zip(*rows, strict=True))
    return Log(
        ids=[0, 1, 2, 3],
        configs=[{"lr": 0.1 * at} for at in range(4)],
        config=config,
        seed=seed,
        step=epoch.astype(float),
        loss=config + seed / 10 + epoch / 100,
        seconds=epoch.astype(float),
        place=lambda row: f"row {row}",
        **more,
    )


def reach(epochs):
    """Return the last epoch before which none is missing."""
    return next(epoch for epoch in range(8) if epoch + 1 not in epochs)


@given(
    epochs_of=LOGS,
    shuffled=st.randoms(use_true_random=False),
    r_max=st.none() | st.integers(1, 6),
    incomplete=st.sampled_from(["refuse", "drop", "cut"]),
)
def test_curves_are_kept_as_a_plain_count_has_it(epochs_of, shuffled, r_max, incomplete):
    last = max(map(max, epochs_of.values()))
    assume(r_max is None or r_max <= last)
    end = last if r_max is None else r_max
    reached = {key: reach(epochs) for key, epochs in epochs_of.items()}
    if incomplete == "cut":
        end = min(end, *reached.values())
    kept = sorted(key for key, epoch in reached.items() if epoch >= end)
    options = Options(incomplete=incomplete, r_max=r_max)
    if not kept or end == 0 or (incomplete == "refuse" and len(kept) < len(epochs_of)):
        with pytest.raises(InputError, match="before epoch"):
            whole_curves(log_of(epochs_of, shuffled), options)
        return
    whole = whole_curves(log_of(epochs_of, shuffled), options)
    assert list(zip(whole.config.tolist(), whole.seed.tolist(), strict=True)) == kept
    epochs = np.arange(1, end + 1)
    for at, (config, seed) in enumerate(kept):
        assert whole.losses[at] == pytest.approx(config + seed / 10 + epochs / 100, abs=1e-12)
        assert whole.seconds[at].tolist() == epochs.tolist()
    assert whole.counts["found"] == len(epochs_of)
    assert whole.counts["dropped"] == len(epochs_of) - len(kept)
    assert whole.counts["shortened"] == sum(reached[key] > end for key in kept)


@given(epochs_of=LOGS, shuffled=st.randoms(use_true_random=False), data=st.data())
def test_a_row_that_comes_twice_is_named_with_its_twin(epochs_of, shuffled, data):
    log = log_of(epochs_of, shuffled)
    twin = data.draw(st.integers(0, len(log.step) - 1))
    more = {
        name: np.append(getattr(log, name), getattr(log, name)[twin])
        for name in ("config", "seed", "step", "loss", "seconds")
    }
    twice = Log(ids=log.ids, configs=log.configs, place=log.place, **more)
    with pytest.raises(InputError, match=f"^row {len(log.step)}: .* repeats row {twin}: keep"):
        whole_curves(twice, Options(incomplete="drop"))


def test_the_refusal_has_the_figures_of_each_choice():
    # Curves that end after 6, 6, 4, 2 of 6 epochs.
    ends = {(0, 0): 6, (1, 0): 6, (2, 0): 4, (3, 0): 2}
    log = log_of({key: range(1, n + 1) for key, n in ends.items()}, np.random.default_rng(0))
    with pytest.raises(InputError) as caught:
        whole_curves(log, Options())
    assert str(caught.value) == (
        "2 of 4 curves end before epoch 6 (config 2, seed 0 after 4; config 3, seed 0 after 2): "
        "--incomplete drop leaves 2 to epoch 6, --incomplete cut all 4 to 2, and --r-max N keeps "
        "N epochs only"
    )
    whole = whole_curves(log, Options(r_max=4, incomplete="drop"))
    assert whole.config.tolist() == [0, 1, 2]
    assert whole.losses.shape == (3, 4)
    assert whole.counts["shortened"] == 2


def test_a_clock_that_goes_back_stands_still_where_the_user_gives_the_least():
    # Seconds 1, 2, .. count from the beginning; turned round, they go back.
    log = log_of({(0, 0): [1, 2, 3]}, np.random.default_rng(0), cumulative=True)
    turned = Log(**{**vars(log), "seconds": np.array([5.0, 4.0, 9.0])[log.step.astype(int) - 1]})
    with pytest.raises(InputError, match="epoch 2 of config 0, seed 0 takes -1 s"):
        whole_curves(turned, Options())
    whole = whole_curves(turned, Options(least_seconds=0.5))
    # 5; no less than before, so 0, so the least; 9 - 5 = 4: 9.5 in all, of 9 on the clock.
    assert whole.seconds.tolist() == [[5.0, 0.5, 4.0]]
    assert whole.counts["least_seconds"] == 1
