"""A study from Python: its runs with progress and a folder, its tables, and its pictures.

Owns what a notebook or a script gets of a study. Must not compute a figure, nor draw one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass
from functools import cached_property
from html import escape
from pathlib import Path
from typing import Any

import numpy as np

from learning_curves.errors import InputError, for_the_user
from sim.reports import study_folder, study_pictures, study_report
from sim.reports.html import study_page
from sim.reports.plots import Figure
from sim.reports.progress_bar import ProgressBar
from sim.reports.report import clear_pictures, write_text
from sim.studies import runner, study_file
from sim.studies.checks import experiments, pictures
from sim.studies.parallel.pool import pools_of_one
from sim.studies.results import Results
from sim.studies.study import Picture, Study


@dataclass(frozen=True)
class StudyResults(Results):
    """The figures of all runs of a study as tables, and pictures of them.

    A notebook shows it as the table of its cells.

    Parameters
    ----------
    folder
        Where its runs are kept; None if they are not.

    """

    folder: Path | None = None

    def report(self, path: str | Path, *, timelines: int = 12) -> None:
        """Write one HTML file of the study, as ``rungsim report`` does.

        Parameters
        ----------
        path
            The file.
        timelines
            The number of runs whose workers are drawn; they are made again.

        Raises
        ------
        InputError
            The study was run without a folder.

        """
        if self.folder is None:
            raise InputError("a report is made of a folder: give run_study a folder")
        write_text(Path(path), study_page.page(self.folder, timelines_of=timelines).html())

    @cached_property
    def plot(self) -> StudyPlots:
        """The pictures of the study, such as ``results.plot.incumbent()``."""
        return StudyPlots(self)

    def _repr_html_(self) -> str:
        return f"<p>{escape(self.study.title)}</p>{self.cells.to_html(index=False)}"


class StudyPlots:
    """The pictures of a study, `StudyResults.plot`.

    Each method returns a Matplotlib figure, which a notebook shows, and writes it if it is given a
    path, in the format of the path's suffix: .png, .svg or .pdf. The arguments are the entries of
    `Picture`.

    Parameters
    ----------
    results
        The study and its figures.

    Raises
    ------
    InputError
        By each method: the study has no such axis or measure, or does not allow such a picture.

    Examples
    --------
    >>> import sim
    >>> study = sim.Study(
    ...     name="two",
    ...     title="SH and ASHA",
    ...     experiment={"curves": "power-law", "r_max": 9, "limits": {"max_epochs": 90}},
    ...     axes={"scheduler": ["sh", "asha"], "workers": [1, 4]},
    ...     measures=["end_seconds"],
    ...     seeds=6,
    ... )
    >>> figure = sim.run_study(study).plot.lines("workers", ["end_seconds"], lines=["scheduler"])
    >>> figure.axes[0].get_ylabel()
    'end seconds (s)'

    """

    def __init__(self, results: Results) -> None:
        self._study = results.study
        self._drawing = study_pictures.Drawing(results)

    def lines(
        self,
        x: str,
        y: Sequence[str],
        *,
        lines: Sequence[str] = (),
        panels: str = "",
        log: str = "",
        where: dict[str, Any] | None = None,
        title: str = "",
        path: Path | None = None,
    ) -> Figure:
        """Draw measures against an axis, a row of panels for each."""
        entries: dict[str, Any] = {"x": x, "panels": panels, "log": log, "title": title}
        entries |= {"y": [*y], "lines": [*lines], "where": where or {}}
        return self._draw(path, kind="lines", **entries)

    def gantt(self, path: Path | None = None, **where: Any) -> Figure:
        """Draw the workers of the first seed's runs, of at most eight cells; repeats these."""
        return self._draw(path, kind="gantt", where=where)

    def incumbent(self, path: Path | None = None, **where: Any) -> Figure:
        """Draw the best loss of each scheduler over time; repeats the runs."""
        return self._draw(path, kind="incumbent", where=where)

    def first_jobs(self, path: Path | None = None, **where: Any) -> Figure:
        """Draw how each scheduler begins its run with the first seed; repeats these runs."""
        return self._draw(path, kind="first-jobs", where=where)

    def ranks(self, y: Sequence[str] = (), path: Path | None = None) -> Figure:
        """Draw the mean ranks of the settings of the study's axis `ranks`, by the measures `y`."""
        return self._draw(path, kind="ranks", y=[*y])

    def reached(
        self,
        y: Sequence[str] = (),
        *,
        lines: Sequence[str] = (),
        panels: str = "",
        where: dict[str, Any] | None = None,
        path: Path | None = None,
    ) -> Figure:
        """Draw the share of runs that have reached their target over time; needs `survival`."""
        entries: dict[str, Any] = {"y": [*y], "lines": [*lines], "panels": panels}
        return self._draw(path, kind="reached", where=where or {}, **entries)

    def utilisation(self, path: Path | None = None) -> Figure:
        """Draw the shares of the workers' time in a comparison."""
        return self._draw(path, kind="utilisation")

    def speedup(self, path: Path | None = None) -> Figure:
        """Draw the speedup of the time to target over workers in a comparison."""
        return self._draw(path, kind="speedup")

    def effect(self, path: Path | None = None) -> Figure:
        """Draw the effect of the faults in a comparison."""
        return self._draw(path, kind="effect")

    def _draw(self, path: Path | None, **entries: Any) -> Figure:
        picture = Picture(**entries)
        with for_the_user():
            pictures.check_picture(self._study, "the picture", picture)
        return self._drawing.draw(picture, path)


def run_study(
    study: Study,
    processes: int = 1,
    *,
    progress: bool = False,
    folder: str | Path | None = None,
) -> StudyResults:
    """Make all runs of a study and return their figures.

    The figures do not depend on the number of processes; see `parallel.pool.pool_of` for what
    several of them ask of a script.

    Parameters
    ----------
    study
        The study, as `read_study` returns it.
    processes
        How many make runs at a time, >= 1.
    progress
        Whether the progress and the time left are shown on standard error.
    folder
        Where the runs are kept, with the tables and pictures: the same files, byte for byte, as of
        ``rungsim study --out``. Runs that it has already are not made again, so that a study that
        was stopped continues. None: nothing is written.

    Raises
    ------
    InputError
        One of its experiments cannot be run, or the folder holds another study.

    Examples
    --------
    >>> import sim
    >>> results = sim.run_study(sim.read_study("d2l-figures"))
    >>> results.runs["end_seconds"].tolist()[:3]
    [20.5, 10.0, 8.5]

    """
    study_file.check(study)
    experiments.check(study)
    with ExitStack() as stack:
        kept = None if folder is None else Path(folder)
        if kept is None:
            values = np.empty((study.runs, len(study.measures)))
            places = list(range(study.runs))
            keep: Callable[[int, list[float]], None] = values.__setitem__
        else:
            log = stack.enter_context(study_folder.opened({kept: study}, overwrite=False))[kept]
            clear_pictures(kept, [*study.pictures, "losses-*", "rungs-*"])
            places = log.missing
            keep = log.append
        pools = stack.enter_context(pools_of_one(max(1, min(processes, len(places)))))
        bar = ProgressBar(study.name, study.runs, done=study.runs - len(places))
        with bar if progress else nullcontext():
            clock = (lambda: bar.elapsed) if progress else None
            for each in runner.run_all(study, places, pools, clock):
                keep(each.place, each.values)
                if progress:
                    bar.advance(seconds_left=each.seconds_left)
        if kept is not None:
            values = log.values
        results = StudyResults(study, values, kept)
        if kept is not None:
            study_report.write(results, kept)
            study_pictures.draw(results, kept)
        return results
