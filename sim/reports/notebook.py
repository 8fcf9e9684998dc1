"""The display of a run in a notebook: its figures as HTML, and its pictures.

Owns the list of a run's pictures, and their titles. Must not compute or draw them.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path

import pandas as pd

from sim.experiments.measures import SHARES, measured
from sim.experiments.run import Run
from sim.reports import plots, report
from sim.reports.plots import Figure, canvas
from sim.traces import metrics


@dataclass(frozen=True)
class RunPlots:
    """The pictures of a run, `Run.plot`.

    Each method returns a Matplotlib figure, which a notebook shows, and writes it if it is given a
    path, in the format of the path's suffix: .png, .svg or .pdf.

    Parameters
    ----------
    run
        The run.

    Examples
    --------
    >>> from sim import Experiment, Limits, simulate
    >>> run = simulate(Experiment(curves="power-law", r_max=9, eta=3, limits=Limits(max_jobs=40)))
    >>> run.plot.losses().axes[0].get_ylabel()
    'loss (log scale)'

    """

    run: Run

    @property
    def _title(self) -> str:
        experiment = self.run.experiment
        return f"{experiment.scheduler}, {experiment.workers} workers, seed {experiment.seed}"

    def gantt(self, path: Path | None = None) -> Figure:
        """Draw the activity of each worker over time; see `plots.gantt`."""
        return plots.gantt(self.run.trace, path, title=self._title)

    def incumbent(self, path: Path | None = None) -> Figure:
        """Draw the lowest loss reported so far over time; see `plots.incumbents`."""
        return plots.incumbents(
            {self.run.experiment.scheduler: [metrics.incumbent(self.run.trace)]},
            path,
            end=self.run.trace.end,
            title=self._title,
            target=self.run.experiment.limits.target,
        )

    def losses(self, path: Path | None = None) -> Figure:
        """Draw the loss of each trial over time; see `plots.losses`."""
        return plots.losses(self.run.points(), path, title=self._title)

    def rungs(self, path: Path | None = None) -> Figure:
        """Draw the loss of each trial at each rung; see `plots.rungs`."""
        return plots.rungs(self.run.trace, path, title=self._title)

    def utilisation(self, path: Path | None = None) -> Figure:
        """Draw the shares of the workers' time; needs a second run, see `Run.waiting`."""
        experiment = self.run.experiment
        bar = {"scheduler": experiment.scheduler, "workers": experiment.workers}
        shares = pd.DataFrame([bar | dict(zip(SHARES, measured(self.run, SHARES), strict=True))])
        return plots.utilisation(shares, path, title=self._title)

    @cached_property
    def png(self) -> bytes:
        """The Gantt chart as the bytes of a PNG file."""
        return canvas.png(self.gantt())

    @cached_property
    def html(self) -> str:
        """The main figures of the run as an HTML table, and the Gantt chart below it.

        The chart is included since a notebook shows only one form of a value, and prefers HTML.
        Needs a second run, see `Run.waiting`.
        """
        table = report.summary_table(self.run.summary())
        rows = zip(*(column.cells for column in table.columns), strict=True)
        cells = ("".join(f"<td>{escape(str(cell))}</td>" for cell in row) for row in rows)
        body = "".join(f"<tr>{row}</tr>" for row in cells)
        chart = b64encode(self.png).decode()
        return (
            f"<table>{body}</table>"
            f'<img alt="Gantt chart" width="600" src="data:image/png;base64,{chart}">'
        )
