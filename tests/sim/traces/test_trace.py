"""The log: the same bytes for the same run, whole after a round trip, one line for a bad file."""

import pandas as pd
import pytest

from learning_curves.errors import InputError
from sim.experiments.experiment import Experiment
from sim.experiments.run import simulate
from sim.jobs.limits import Limits
from sim.traces.trace import COLUMNS, read


@pytest.fixture(scope="module")
def trace():
    experiment = Experiment(curves="power-law", r_max=9, eta=3, limits=Limits(max_seconds=50.5))
    return simulate(experiment).trace


@pytest.mark.parametrize("name", ["jobs.parquet", "jobs.csv"])
def test_what_is_written_is_read_back(tmp_path, trace, name):
    trace.write(tmp_path / name)
    back = read(tmp_path / name)
    pd.testing.assert_frame_equal(back.jobs, trace.jobs)
    assert (back.workers, back.r_max, back.end) == (trace.workers, trace.r_max, trace.end)
    assert back.drained_from == trace.drained_from
    again = tmp_path / f"again-{name}"
    back.write(again)
    assert again.read_bytes() == (tmp_path / name).read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, again.name])


def test_the_columns_are_the_contract(trace):
    assert tuple(trace.jobs.columns) == COLUMNS
    assert {"done", "cut"} == set(trace.jobs["outcome"])


@pytest.mark.parametrize("content", [b"", b"# {}\njob\n", b"PAR1 no parquet", b"\xff\xfe\x00"])
@pytest.mark.parametrize("name", ["jobs.parquet", "jobs.csv"])
def test_a_file_that_is_no_trace_is_named_in_one_line(tmp_path, name, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match="is not a trace") as error:
        read(path)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_trace_is_named(tmp_path):
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read(tmp_path / "jobs.parquet")
