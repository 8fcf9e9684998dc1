"""What every run of every experiment must keep, and the command that shows that one does not."""

from math import inf, isclose
from pathlib import Path
from tempfile import TemporaryDirectory

from learning_curves.errors import one_line
from sim.experiments.experiment import Experiment
from sim.experiments.run import simulate
from sim.traces import metrics


class Found(Exception):  # noqa: N818  a fault of the engine, not of the fuzzer
    """What is wrong with the run of an experiment."""


def hold(experiment: Experiment) -> None:
    """Raise Found unless the run of an experiment keeps every law of the engine."""
    try:
        check(experiment)
    except Exception as error:
        raise Found(
            f"{one_line(error)}\n\ncat > failing.toml <<'EOF'\n{experiment.to_toml()}EOF\n"
            "rungsim run --from failing.toml\n"
        ) from error


def check(experiment: Experiment) -> None:
    """Run an experiment under the contract, twice, and add its time up."""
    text = experiment.to_toml()
    assert Experiment.from_toml(text, "failing.toml") == experiment, "not the same from its file"
    run = simulate(experiment)
    trace, jobs = run.trace, run.trace.jobs
    parts = metrics.worker_seconds(trace)
    whole = trace.workers * trace.end
    assert isclose(sum(parts.values()), whole, rel_tol=1e-9, abs_tol=1e-9), "time is lost"
    assert min(parts.values()) >= 0, f"negative time: {parts}"
    assert trace.end <= (experiment.limits.max_seconds or inf), "the run ends too late"
    assert jobs.empty or jobs["attempt"].max() < experiment.attempts, "too many attempts"
    waiting = run.waiting
    assert min(waiting.values()) >= 0, f"negative waiting: {waiting}"
    assert isclose(sum(waiting.values()), parts["waiting"], rel_tol=1e-9, abs_tol=1e-9), "waiting"
    with TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("one.parquet", "two.parquet")]
        trace.write(paths[0])
        simulate(experiment).trace.write(paths[1])
        assert paths[0].read_bytes() == paths[1].read_bytes(), "other bytes on a second run"
