"""The cost of an epoch on a GPU against the published figures it is fitted to."""

import pytest

from learning_curves.errors import InputError
from learning_curves.synthetic import PowerLaw, Scripted
from learning_curves.tables.costs.gpu_cost import GpuCost, d2l_gpu, d2l_runs, fit, recosted
from learning_curves.tables.tabular import shipped


def test_the_published_figures_are_read_as_they_are():
    steps, seconds = d2l_runs()
    assert len(steps) == 19
    assert steps[0] == 469  # trial 0: 60000 / 128 = 468.75
    assert seconds[0] == pytest.approx(6.4928907)  # 64.928907 s for 10 epochs
    assert steps[13] == 1715  # trial 13: 60000 / 35 = 1714.3
    assert seconds[18] == pytest.approx(34.714568 / 5)  # cut short after 5


def test_the_fit_is_near_5_2_s_and_3_1_ms_a_step():
    cost = d2l_gpu()
    assert cost.base_seconds == pytest.approx(5.2, abs=0.1)
    assert cost.step_seconds == pytest.approx(0.0031, abs=0.0001)
    errors = abs(cost.relative_errors(*d2l_runs()))
    assert errors.mean() == pytest.approx(0.044, abs=0.0005)  # as its docstring says
    assert errors.max() == pytest.approx(0.110, abs=0.0005)


def test_no_nearby_cost_has_a_smaller_squared_relative_error():
    best, runs = d2l_gpu(), d2l_runs()

    def badness(cost):
        return (cost.relative_errors(*runs) ** 2).sum()

    for base in (0.99, 1, 1.01):
        for step in (0.99, 1, 1.01):
            if (base, step) != (1, 1):
                nearby = GpuCost(best.base_seconds * base, best.step_seconds * step)
                assert badness(nearby) > badness(best)


def test_a_fit_to_exact_figures_returns_them():
    cost = fit([100, 200, 400], [2.5, 3.0, 4.0])  # 2 s and 5 ms a step
    assert (cost.base_seconds, cost.step_seconds) == pytest.approx((2.0, 0.005))


class BatchSizes(Scripted):
    """Curves of two configs that have a batch size."""

    space = {"number": [0, 1], "batch_size": [100, 300]}  # noqa: RUF012  never changed


def test_epochs_cost_by_their_steps_and_lose_as_before():
    before = Scripted([[0.9, 0.5, 0.4], [0.8, 0.7, 0.6]])
    table = BatchSizes(before.losses)
    after = recosted(table, train_examples=1000)
    cost = d2l_gpu()
    for batch_size, steps in ((100, 10), (300, 4)):  # 1000 / 300: three whole batches and a rest
        config = {"number": 1, "batch_size": batch_size}
        curve = after.curve(config, seed=0)
        assert list(curve.losses(0, 3)) == [0.8, 0.7, 0.6]
        assert list(curve.seconds(1, 3)) == [cost.seconds_per_epoch(steps)] * 2
    assert after.r_max == 3
    assert after.space == table.space


def test_without_a_batch_size_there_is_no_telling():
    with pytest.raises(InputError, match=r"learning_rate, width.*batch_size"):
        recosted(PowerLaw(), train_examples=1000)
    with pytest.raises(InputError, match="train_examples is 0"):
        recosted(BatchSizes([[1.0]]), train_examples=0)
    for wrong in ("all", 0):
        with pytest.raises(InputError, match=f"batch_size is {wrong!r}"):
            recosted(BatchSizes([[1.0]]), 10).curve({"number": 0, "batch_size": wrong}, 0)


def test_the_figures_are_no_table_of_curves():
    assert not [name for name in shipped() if "d2l" in name]
