"""The charts of a study: its measures along its axes, and where the workers' time goes.

Owns which chart shows which cells. Must not compute statistics, nor know how a chart is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import isnan, nan
from typing import Any

from sim.experiments.measures import MEASURES, SHARES, label
from sim.reports import study_report
from sim.reports.html import charts, survival_and_ranks
from sim.reports.html.page import Block, Chart, Choice, Note
from sim.reports.plots.palette import Look, label_looks
from sim.reports.screen import records
from sim.reports.study_pictures import axis_label, estimate, named
from sim.studies.checks.pictures import is_numeric
from sim.studies.results import Results
from sim.studies.study import Study
from sim.studies.study_cells import SPEEDUP

_SCHEDULER = "scheduler"


def splits_time(study: Study) -> bool:
    """Return whether a study measures all shares of the workers' time."""
    return set(SHARES) <= set(study.measures)


@dataclass(frozen=True)
class StudyCharts:
    """The charts of a study.

    Parameters
    ----------
    results
        The study and its tables.

    """

    results: Results

    @property
    def study(self) -> Study:
        """The study."""
        return self.results.study

    @cached_property
    def _by_measure(self) -> dict[str, list[dict[str, Any]]]:
        """The rows of each measure, one for each cell, in the order of the grid."""
        found: dict[str, list[dict[str, Any]]] = {}
        for row in records(self.results.cells):
            found.setdefault(row["measure"], []).append(row)
        return found

    @cached_property
    def _along(self) -> list[str]:
        """The axes that charts go along: those of numbers, else the longest one."""
        study = self.study
        varied = [axis for axis in study.axes if len(study.axes[axis]) > 1]
        numeric = [axis for axis in varied if is_numeric(study, axis)]
        return numeric or sorted(varied, key=lambda axis: -len(study.axes[axis]))[:1]

    def _coloured(self, x: str) -> str:
        """Return the axis that colours tell apart along `x`; "" if there is no other axis."""
        others = [axis for axis in self.study.axes if axis != x]
        varied = [axis for axis in others if len(self.study.axes[axis]) > 1]
        alone = _SCHEDULER if _SCHEDULER in others else ""
        return _SCHEDULER if _SCHEDULER in varied else next(iter(varied), alone)

    def _left(self, *taken: str) -> list[str]:
        """Return the axes with several settings beside those."""
        axes = self.study.axes
        return [axis for axis in axes if len(axes[axis]) > 1 and axis not in taken]

    def _choices(self) -> list[Block]:
        """Return a choice for each axis that some chart neither goes along nor colours."""
        open_axes = [each for x in self._along for each in self._left(x, self._coloured(x))]
        if self.study.survival:
            open_axes += self._left(self._coloured(""))
        return [Choice(axis, self.study.settings(axis)) for axis in dict.fromkeys(open_axes)]

    def blocks(self) -> list[Block]:
        """Return the charts, below the choices where there are any charts."""
        study = self.study
        found = [*self._charts()]
        colour = self._coloured("")  # of curves over time, which go along no axis
        found += survival_and_ranks.survival(
            self.results.survival,
            self._left(),
            colour,
            lambda row: named(study, row, [colour]),
        )
        found += survival_and_ranks.ranks(self.results.ranks)
        return [*self._choices(), *found] if found else []

    def _charts(self) -> Iterator[Block]:
        """Yield a chart of each measure along each axis, and one of the workers' time."""
        shares = set(SHARES) if splits_time(self.study) else set()
        named_speedups = [f"{SPEEDUP}{measure}" for measure in self.study.speedups]
        none = [measure for measure in self.study.measures if self._is_zero(measure)]
        if left_out := [label(measure) for measure in none if measure not in shares]:
            yield Note(f"Without a chart, since it is 0 in all runs: {', '.join(left_out)}.")
        for x in self._along:
            for measure in (*self.study.measures, *named_speedups):
                if measure not in shares and measure not in none:
                    yield from self._lines(measure, x)
        if splits_time(self.study):
            yield self._utilisation()

    def _lines(self, measure: str, x: str) -> Iterator[Block]:
        """Yield the chart of a measure along an axis and, of a speedup, that of the efficiency."""
        drawn = list(self._series(measure, x))
        name = x.rpartition(".")[2].replace("_", " ")
        numbers = (
            [float(each) for each in self.study.settings(x)] if is_numeric(self.study, x) else []
        )
        across = (
            charts.number_axis(name, numbers)
            if numbers
            else charts.axis(
                name, type="category", categoryarray=[*map(charts.text, self.study.settings(x))]
            )
        )
        laws = [
            charts.Line(
                "ideal" if measure.startswith(SPEEDUP) else f"{line.name}, closed form",
                charts.IDEAL if measure.startswith(SPEEDUP) else _dotted(line.look),
                line.x,
                law,
                meta=line.meta,
                mode="lines",
            )
            for line, law in drawn
            if not all(map(isnan, law))
        ]
        by_meta = {tuple(law.meta.items()): law for law in laws}
        shown = [line for line, _ in drawn]
        is_speedup = measure.startswith(SPEEDUP)
        expected = list(by_meta.values()) if is_speedup else laws
        share = not is_speedup and MEASURES[measure].share
        up = charts.axis(axis_label(measure), **({"tickformat": ".0%"} if share else {}))
        if measure != "best_loss":
            up["rangemode"] = "tozero"
        if is_speedup and numbers and across["type"] == "log":  # so that the ideal is straight
            up = charts.axis(axis_label(measure), type="log", dtick="D2")
        title = f"{label(measure.removeprefix(SPEEDUP))} against {name}"
        title = f"Speedup: {title}" if is_speedup else title[0].upper() + title[1:]
        is_median = is_speedup or MEASURES[measure].censored
        note = "median, 95 % interval" if is_median else "mean, 95 % interval"
        note = "one seed" if self.study.seeds == 1 else note
        yield Chart(title, charts.lines([*shown, *expected], x=across, y=up), note)
        if is_speedup and laws:
            one = charts.axis("speedup / ideal speedup", rangemode="tozero", tickformat=".0%")
            relative = [_divided(line, law) for line, law in drawn]
            yield Chart(
                title.replace("Speedup", "Efficiency"),
                charts.lines(relative, x=across, y=one),
                note,
            )

    def _is_zero(self, measure: str) -> bool:
        """Return whether a measure is 0 in all runs."""
        rows = self._by_measure[measure]
        return not any(row["mean"] or row["standard_error"] > 0 for row in rows)

    def _series(self, measure: str, x: str) -> Iterator[tuple[charts.Line, list[float]]]:
        """Yield the lines of a measure along `x`, each with what theory expects."""
        study, colour = self.study, self._coloured(x)
        left = self._left(x, colour)
        looks = self._looks(colour)
        is_number = is_numeric(study, x)
        groups: dict[tuple[str, ...], list[int]] = {}
        for place, cell in enumerate(study.cells):
            key = tuple(cell.settings[axis] for axis in (colour, *left) if axis)
            groups.setdefault(key, []).append(place)
        for places in groups.values():
            settings = study.cells[places[0]].settings
            name = named(study, settings, [colour]) or label(measure.removeprefix(SPEEDUP))
            rows = [self._by_measure[measure][place] for place in places]
            points = [estimate(measure, row) for row in rows]
            at = [study.cells[place].settings[x] for place in places]
            yield (
                charts.Line(
                    name,
                    looks.get(settings.get(colour, ""), label_looks([name])[name]),
                    [float(each) for each in at] if is_number else at,
                    [point[0] for point in points],
                    [point[1] for point in points],
                    [point[2] for point in points],
                    [
                        f"{named(study, study.cells[place].settings, [x])}: "
                        f"{study_report.estimate_text(row)}"
                        for place, row in zip(places, rows, strict=True)
                    ],
                    places,
                    {axis: settings[axis] for axis in left},
                    mode="lines+markers" if is_number else "markers",
                ),
                [row["law"] for row in rows],
            )

    def _looks(self, axis: str) -> dict[str, Look]:
        """Return the look of each setting of an axis."""
        return label_looks(self.study.settings(axis)) if axis else {}

    def _utilisation(self) -> Chart:
        """Return where the workers' time goes, a bar for each cell of the chosen settings."""
        study = self.study
        chosen = [block.axis for block in self._choices() if isinstance(block, Choice)]
        chosen = [axis for axis in chosen if axis not in (_SCHEDULER, "workers")]
        named_axes = self._left(*chosen)
        groups: dict[tuple[tuple[str, str], ...], list[int]] = {}
        for place, cell in enumerate(study.cells):
            key = tuple((axis, cell.settings[axis]) for axis in chosen)
            groups.setdefault(key, []).append(place)
        rows = [
            named(study, study.cells[place].settings, named_axes) or "all"
            for place in next(iter(groups.values()))
        ]
        parts = [
            (
                dict(key),
                {s: [self._by_measure[s][place]["mean"] for place in places] for s in SHARES},
            )
            for key, places in groups.items()
        ]
        figure = charts.shares(rows, parts)
        return Chart("Where the workers' time goes", figure, "means over the seeds", is_wide=True)


def _dotted(look: Look) -> Look:
    return Look(look.colour, (0.0, (1.5, 1.0)), look.marker)


def _divided(line: charts.Line, by: Sequence[float]) -> charts.Line:
    """Return a line whose values are divided by those that theory expects."""
    y, low, high = (
        [value / law if law else nan for value, law in zip(values, by, strict=True)]
        for values in (line.y, line.low, line.high)
    )
    told = [
        f"{each.partition(': ')[0]}: {value:.1%}" for each, value in zip(line.told, y, strict=True)
    ]
    settings: Mapping[str, Any] = {**line.__dict__, "y": y, "low": low, "high": high, "told": told}
    return charts.Line(**settings)
