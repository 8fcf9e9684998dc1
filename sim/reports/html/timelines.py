"""Figures of one run over time: Gantt charts, busy workers by cause, losses, the incumbent.

Owns which jobs become which bars and points, and from how many on they are summed up. Must not know
how a run was made, nor the form in which Plotly takes a line.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from sim.reports.html.charts import HEIGHT, Line, axis, filled, hatched, lines, rounded, text
from sim.reports.html.page import Json
from sim.reports.plots.band import means
from sim.reports.plots.bars import bars, usage
from sim.reports.plots.palette import CAUSES, DARK_GREY, GREY, TRIALS, Look
from sim.reports.screen import figure
from sim.traces import metrics
from sim.traces.trace import Trace

HOW = "Drag to zoom, shift-drag to pan, double-click to see all again."
"""How a timeline is used."""
MOST_JOBS = 3000  # of a Gantt chart
MOST_WORKERS = 64  # likewise
_BINS = 400  # over the width of a density
_MOST_POINTS = 4000
_SECONDS = "seconds since the run began"


def is_crowded(trace: Trace) -> bool:
    """Report whether a run has too many jobs or workers for a Gantt chart."""
    return trace.workers > MOST_WORKERS or len(trace.jobs) > MOST_JOBS


def activity(trace: Trace, configs: Mapping[int, Mapping[str, Any]] | None = None) -> Json:
    """Return the Gantt chart of a run or, where it is crowded, how many workers do what when."""
    return density(trace) if is_crowded(trace) else gantt(trace, configs or {})


def gantt(trace: Trace, configs: Mapping[int, Mapping[str, Any]]) -> Json:
    """Return a Gantt chart: a row for each worker, a bar for each part of a job.

    The page's script gives the bars of ``trials`` their colours and texts, from ``palette``,
    ``jobs`` and ``configs``: so each of these is in the page once.

    Parameters
    ----------
    trace
        The run.
    configs
        The hyperparameters of each trial, by its number.

    """
    drawn = bars(trace)
    traces: list[Json] = []
    for kind, look in _BARS.items():
        some = drawn[drawn["kind"] == kind]
        if some.empty:
            continue
        start, stop = some["start"].to_numpy(), some["stop"].to_numpy()
        one: Json = {
            "type": "bar",
            "orientation": "h",
            "name": _NAMES.get(kind, kind),
            "base": [rounded(each) for each in start.tolist()],
            "x": [rounded(each) for each in (stop - start).tolist()],
            "y": some["worker"].astype(int).tolist(),
            "width": 0.86,
            "kind": kind,
            **look,
        }
        if (some["trial"] >= 0).all():
            one["trials"] = some["trial"].tolist()
        traces.append(one)
    jobs = trace.jobs
    columns = ("worker", "trial", "start", "stop", "attempt", "loss", "started", "ended")
    told: Json = {
        name: [rounded(each) for each in jobs[name].tolist()] if name in _REAL else each
        for name in columns
        for each in [jobs[name].tolist()]
    }
    told["outcome"] = jobs["outcome"].astype(str).tolist()
    names = {
        str(trial): ", ".join(f"{text(k)} {text(figure(v))}" for k, v in config.items())
        for trial, config in configs.items()
        if trial in set(jobs["trial"].tolist())
    }
    layout = {
        "barmode": "overlay",
        "xaxis": axis(_SECONDS, range=[0, rounded(trace.end) or 1.0]),
        "yaxis": axis(
            "worker",
            range=[trace.workers - 0.5, -0.5],
            dtick=max(1, -(-trace.workers // 32)),  # a tick for each of up to 32 workers
            fixedrange=True,
        ),
    }
    return {
        "traces": traces,
        "layout": layout,
        "height": 130 + min(700, max(60, 22 * trace.workers)),
        "workers": trace.workers,
        "palette": list(TRIALS),
        "jobs": told,
        "configs": names,
    }


def density(trace: Trace) -> Json:
    """Return how many workers each cause occupies over time, as stacked areas."""
    times, counts = usage(trace)
    if len(times) > _BINS:
        times, counts = means(times, counts, np.linspace(0.0, trace.end, _BINS + 1))
    traces: list[Json] = []
    for cause, count in zip(metrics.PARTS, counts, strict=True):
        if not count.any():
            continue
        look = CAUSES[cause]
        steps = np.append(count, count[-1:])
        traces.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": text(look.label),
                "x": [rounded(each) for each in times.tolist()],
                "y": [rounded(each, 4) for each in steps.tolist()],
                "stackgroup": "workers",
                "line": {"shape": "hv", "width": 0},
                "fillcolor": look.face,
                "hovertemplate": "%{x:.4~g} s: %{y:.4~g} %{fullData.name}<extra></extra>",
            }
        )
    layout = {
        "xaxis": axis(_SECONDS, range=[0, rounded(trace.end) or 1.0]),
        "yaxis": axis("workers (mean)", range=[0, trace.workers], fixedrange=True),
    }
    return {"traces": traces, "layout": layout, "height": HEIGHT}


def losses(trace: Trace) -> tuple[Json, str]:
    """Return the loss of each report over time, joined by trial, and a note on what is left out."""
    done = trace.jobs[trace.jobs["outcome"] == "done"]
    known = done[np.isfinite(done["loss"])]
    notes = []
    if len(known) < len(done):
        notes.append(f"{len(done) - len(known):,} diverged")
    every = -(-len(known) // _MOST_POINTS) or 1
    if every > 1:
        notes.append(f"every {every}th of {len(known):,} reports")
        known = known.iloc[::every]
    known = known.sort_values(["trial", "ended"], kind="stable")
    x: list[float | None] = []
    y: list[float | None] = []
    trials: list[int] = []
    before = None
    for trial, ended, loss in zip(
        *(known[name].tolist() for name in ("trial", "ended", "loss")), strict=True
    ):
        if before not in (None, trial):  # a gap between trials
            x.append(None)
            y.append(None)
            trials.append(trial)
        x.append(rounded(ended))
        y.append(rounded(loss))
        trials.append(trial)
        before = trial
    one = {
        "type": "scatter",
        "mode": "lines+markers",
        "x": x,
        "y": y,
        "trials": trials,
        "line": {"color": GREY, "width": 0.8},
        "marker": {"size": 5},
        "hovertemplate": "trial %{customdata}: %{y:.4~g} at %{x:.4~g} s<extra></extra>",
        "showlegend": False,
    }
    layout = {"xaxis": axis(_SECONDS), "yaxis": loss_axis(known["loss"].tolist())}
    made = {"traces": [one], "layout": layout, "height": HEIGHT, "palette": list(TRIALS)}
    return made, "; ".join(notes)


def incumbent(trace: Trace, look: Look, target: float | None = None) -> Json:
    """Return the lowest loss reported so far over time, up to the end of the run."""
    seconds, values = metrics.incumbent(trace)
    x, y = seconds.tolist(), values.tolist()
    if x:
        x, y = [*x, trace.end], [*y, y[-1]]
    drawn = [Line("incumbent", look, [rounded(each) for each in x], y, mode="lines", shape="hv")]
    if target is not None:
        ends: list[float | str] = [0.0, trace.end]
        dashed = Look(DARK_GREY, (0.0, (5.0, 1.5)), "o")
        drawn.append(Line("target", dashed, ends, [target] * 2, mode="lines"))
    return lines(drawn, x=axis(_SECONDS), y=loss_axis(y))


def loss_axis(values: list[float]) -> Json:
    """Return the axis of a loss: logarithmic where all are positive and they span a factor."""
    is_log = bool(values) and min(values) > 0 and max(values) > 3 * min(values)
    return axis("loss (log scale)", type="log") if is_log else axis("loss")


_REAL = ("loss", "started", "ended")
_NAMES = {
    "training": "training (colour, number: trial)",
    "lost": "lost training",
    "cut": "cut short",
}
_BARS: Mapping[str, Json] = {
    "training": {},
    "overhead": {"marker": {"color": DARK_GREY}},
    "lost": {"marker": hatched("#F3C6A8", "/", "#7A1F00")},
    "cut": {"marker": hatched("#DDDDDD", ".", DARK_GREY)},
    "down": {"marker": filled("down"), "width": 0.35},
    "waiting": {"marker": filled("waiting")},
}
"""The kinds of bars, in the order of the legend; the time after the last job stays empty."""
