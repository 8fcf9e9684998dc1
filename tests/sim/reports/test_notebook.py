"""A run in a notebook: its frames, its pictures, and what the notebook shows of it."""

import pickle
from base64 import b64decode
from dataclasses import fields

import pandas as pd
import pytest

from learning_curves.synthetic import PowerLaw
from sim import Experiment, Limits, read_trace, simulate
from sim.experiments.run import Run
from sim.reports import report
from sim.reports.plots import Figure
from sim.traces import metrics

PICTURES = ("gantt", "incumbent", "losses", "rungs", "utilisation")


@pytest.fixture(scope="module")
def run():
    return simulate(
        Experiment(curves="power-law", r_max=9, eta=3, workers=3, limits=Limits(max_jobs=30))
    )


def test_the_frames_of_a_run(run, tmp_path):
    assert run.jobs is run.trace.jobs
    incumbent = run.incumbent()
    assert list(incumbent) == ["seconds", "loss"]
    seconds, loss = metrics.incumbent(run.trace)
    assert incumbent["seconds"].tolist() == seconds.tolist()
    assert incumbent["loss"].tolist() == loss.tolist()
    assert incumbent["loss"].iloc[-1] == run.summary()["best_loss"]
    run.trace.write(tmp_path / "jobs.parquet")
    pd.testing.assert_frame_equal(read_trace(tmp_path / "jobs.parquet").jobs, run.jobs)


def test_a_picture_is_returned_and_is_written_only_where_asked(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    figures = {picture: getattr(run.plot, picture)() for picture in PICTURES}
    assert not list(tmp_path.iterdir())
    report.draw_run(run, tmp_path)  # as the command does
    assert sorted(path.stem for path in tmp_path.iterdir()) == sorted(PICTURES)
    for picture, figure in figures.items():
        assert isinstance(figure, Figure)
        shown = figure._repr_png_()  # by a notebook
        assert (tmp_path / f"{picture}.png").read_bytes() == shown, picture


def test_a_notebook_shows_the_figures_and_the_gantt_chart(run):
    html = run._repr_html_()
    assert "<td>scheduler</td><td>asha, seed 0</td>" in html
    assert f"<td>jobs</td><td>{len(run.jobs)}</td>" in html
    _, _, encoded = html.partition("data:image/png;base64,")
    assert b64decode(encoded.removesuffix('">'), validate=True) == run._repr_png_()


def test_what_a_notebook_shows_is_escaped():
    experiment = Experiment(curves="<script>&", r_max=9, limits=Limits(max_jobs=5))
    html = simulate(experiment, PowerLaw(9))._repr_html_()
    assert "<td>&lt;script&gt;&amp;</td>" in html
    assert "<script>" not in html


def test_a_run_that_reported_nothing_is_shown():
    run = simulate(Experiment(curves="power-law", limits=Limits(max_seconds=1e-6)))
    assert run.incumbent().empty
    assert "<td>best loss</td><td>-</td>" in run._repr_html_()


def test_a_run_that_was_shown_is_pickled_and_compared_as_before(run):
    run._repr_html_()
    copy = pickle.loads(pickle.dumps(run))  # noqa: S301  our own bytes
    assert copy.summary() == run.summary()
    assert "plot" not in {each.name for each in fields(Run)}
