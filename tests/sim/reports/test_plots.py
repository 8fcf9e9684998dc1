"""Pictures: drawn at all sizes, without overlaps, and true to what they were given."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import combinations, pairwise
from pathlib import Path
from struct import unpack

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib import rcParams
from matplotlib.collections import LineCollection, PathCollection, PolyCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from learning_curves.errors import InputError
from learning_curves.synthetic import PowerLaw
from learning_curves.tables import tabular
from sim.cluster.cluster import Cluster
from sim.experiments.experiment import Experiment
from sim.experiments.run import simulate
from sim.faults import Faults, HalfNormalStraggler, Models
from sim.jobs.costs import Costs
from sim.jobs.limits import Limits
from sim.reports import plots
from sim.reports.plots import canvas, palette, progress, rung_scatter
from sim.reports.plots.bars import bars as bars_of
from sim.schedulers import ASHA, RandomSearch, StoppingASHA, SuccessiveHalving
from sim.searchers import searcher_for
from sim.traces.metrics import worker_seconds
from sim.traces.trace import Trace, frame, pack

inf, nan = np.inf, np.nan
CAUSES = ("training", "overhead", "wasted", "down", "straggling", "shortage", "drained")


# What there is to draw


def run(scheduler, workers, trials=None, *, max_seconds=None, r_max=9, costs=None):
    curves = PowerLaw(r_max=r_max, noise=0.02, cost="by-config", epoch_seconds=10)
    searcher = searcher_for(curves, seed=0, max_trials=trials)
    if scheduler == "random":
        made = RandomSearch(searcher, r_max=r_max)
    else:
        kind = {"asha": ASHA, "sh": SuccessiveHalving, "stopping": StoppingASHA}[scheduler]
        made = kind(searcher, r_min=1, r_max=r_max, eta=3)
    limits = Limits(max_seconds=max_seconds)
    straggler = HalfNormalStraggler(0.5, seed=0)
    return Cluster(
        made,
        curves,
        workers=workers,
        limits=limits,
        costs=costs,
        faults=Models(stragglers=(straggler,)),
    ).run()


def with_jobs(trace, **columns):
    return replace(trace, jobs=trace.jobs.assign(**columns))


def lose(trace):
    """Let every fifth job be lost, as if a fault had struck at its end."""
    lost = trace.jobs["job"] % 5 == 3
    return with_jobs(
        trace,
        outcome=trace.jobs["outcome"].where(~lost, "lost"),
        loss=trace.jobs["loss"].where(~lost, nan),
    )


CRASHES = Faults(mtbf=100.0, mttr=20.0)
PREEMPTIONS = Faults(preempted_every=60.0, preempted_for=30.0, save_on_preemption=True)
ELASTIC = Faults(timetable=((0, 0.0, 7.5), (1, 30.0, 90.0), (1, 100.0, inf), (2, 50.0, inf)))


def with_faults(faults, workers=5, **settings):
    """Run SH, which waits, on workers that come and go."""
    experiment = Experiment(
        curves="power-law",
        scheduler="sh",
        r_max=27,
        eta=3,
        workers=workers,
        costs=COSTS,
        faults=faults,
        **{"limits": Limits(max_seconds=300)} | settings,
    )
    return simulate(experiment).trace


def no_jobs(workers=3, end=0.0):
    return Trace(frame(b""), workers=workers, r_max=9, end=end, drained_from=end)


def ladder(r_max):
    """Five trials that report after every epoch, the first of them longest."""
    rows = [(trial, epoch) for trial in range(5) for epoch in range(r_max - 9 * trial)]
    packed = [
        pack(job, trial, -1, 0, 0, epoch, epoch + 1, 0, 0, job, job + 1, 0, 1 / (epoch + trial + 1))
        for job, (trial, epoch) in enumerate(rows)
    ]
    return Trace(frame(b"".join(packed)), 1, r_max=r_max, end=len(rows), drained_from=len(rows))


def some_rungs_diverged():
    trace = run("sh", 3, 27)
    return with_jobs(trace, loss=trace.jobs["loss"].where(trace.jobs["job"] % 6 != 2, inf))


def some_diverged(points):
    """Let some losses be inf, and the first NaN."""
    places = np.arange(len(points))
    loss = points["loss"].where(places % 6 != 2, inf)
    return points.assign(loss=loss.where(places > 0, nan))


def points_of(trace):
    jobs = trace.jobs[trace.jobs["outcome"] == "done"]
    return pd.DataFrame(
        {
            "trial": jobs["trial"],
            "epoch": jobs["stop"],
            "seconds": jobs["ended"],
            "loss": jobs["loss"],
        }
    )


def shares(schedulers=("random", "sh", "asha"), workers=(1, 2, 16)):
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        [
            {"scheduler": name, "workers": count}
            | dict(zip(CAUSES, rng.dirichlet(np.ones(7)), strict=True))
            for name in schedulers
            for count in workers
        ]
    )


def speedups(schedulers=("random", "sh", "asha"), workers=(1, 2, 4, 16)):
    rows = pd.DataFrame(
        [
            {"scheduler": name, "workers": count, "speedup": count**0.8 + place / 10}
            for place, name in enumerate(schedulers)
            for count in workers
        ]
    )
    return rows.assign(low=rows["speedup"] * 0.8, high=rows["speedup"] * 1.4)


def open_ends():
    """Speedups of which some are no numbers, and an interval open at both ends."""
    rows = speedups()
    rows.loc[1, ["low", "high"]] = [0, inf]  # random
    rows.loc[5, ["speedup", "low", "high"]] = nan  # sh
    rows.loc[6, ["speedup", "high"]] = inf
    rows.loc[11, ["speedup", "low"]] = 0  # asha
    return rows


def misses():
    """Speedups of which some are known as a range only, as misses leave it open."""
    rows = speedups().assign(least=nan, most=nan, missed=0)
    rows.loc[1, ["speedup", "least", "most", "missed"]] = [nan, 1.5, 2.5, 1]  # random
    rows.loc[5, ["speedup", "low", "high", "least", "most", "missed"]] = [nan, 0, inf, 0, inf, 9]
    rows.loc[9, ["speedup", "low", "high", "missed"]] = [0, 0, 1.5, 12]  # asha
    return rows


def table(losses, folder, seconds=None):
    losses = np.array(losses, dtype=float)
    configs, epochs = np.indices(losses.shape)
    rows = {
        "config_id": configs.ravel(),
        "lr": configs.ravel() / 10 + 0.1,
        "seed": 0,
        "epoch": epochs.ravel() + 1,
        "validation_error": losses.ravel(),
        "seconds": np.ones(losses.size) if seconds is None else np.ravel(seconds),
    }
    pd.DataFrame(rows).to_csv(folder / "curves.csv", index=False)
    return tabular.load(folder / "curves.csv")


EMPTY = (np.array([]), np.array([]))
STEPS = (np.array([1.0, 30.0, 400.0]), np.array([0.9, 0.5, 0.2]))
LATER = (np.array([200.0, 500.0]), np.array([0.4, 0.01]))
COSTS = Costs(start_seconds=3, save_seconds=1, restore_seconds=2)

# Each picture by name: a function of the path to write to, and of a folder.
PICTURES = {
    "gantt of 1 worker": lambda p, _: plots.gantt(run("stopping", 1, 5, costs=COSTS), p),
    "gantt of 2 workers": lambda p, _: plots.gantt(run("sh", 2, 9), p, title="SH, $2 a worker"),
    "gantt of 16 workers": lambda p, _: plots.gantt(
        lose(run("asha", 16, max_seconds=600, costs=COSTS)), p, title="A long title " * 12
    ),
    "gantt of 32 workers": lambda p, _: plots.gantt(run("random", 32, 40), p),
    "gantt of 70 workers": lambda p, _: plots.gantt(lose(run("sh", 70, 300)), p),
    "gantt of 500 trials": lambda p, _: plots.gantt(run("asha", 3, 500), p),
    "gantt of hours": lambda p, _: plots.gantt(run("random", 2, max_seconds=70000), p),
    "gantt of no job": lambda p, _: plots.gantt(no_jobs(), p),
    "gantt of 3 crashing workers": lambda p, _: plots.gantt(with_faults(CRASHES, 3), p),
    "gantt of 40 preempted workers": lambda p, _: plots.gantt(with_faults(PREEMPTIONS, 40), p),
    "gantt of absence": lambda p, _: plots.gantt(
        with_faults(Faults(timetable=((0, 9.0, inf),)), 1, limits=Limits(max_seconds=5)), p
    ),
    "gantt of idleness": lambda p, _: plots.gantt(no_jobs(end=5.0), p),
    "gantt of an instant": lambda p, _: plots.gantt(
        with_jobs(run("random", 2, 2), started=0.0, ended=0.0, overhead=0.0), p
    ),
    "gantts": lambda p, _: plots.gantts(
        {"random search": run("random", 4, 9), "SH": run("sh", 2, 9), "none": no_jobs(2)}, p
    ),
    "gantts of none": lambda p, _: plots.gantts({}, p),
    "losses of 5 trials": lambda p, _: plots.losses(
        points_of(run("asha", 2, 5)), p, title="ASHA, 5 trials"
    ),
    "losses of 10 trials": lambda p, _: plots.losses(points_of(run("asha", 4, 10)), p),
    "losses of 500 trials": lambda p, _: plots.losses(points_of(run("asha", 16, 500)), p),
    "losses of a job": lambda p, _: plots.losses(points_of(run("random", 1, 1)), p),
    "losses of which some diverged": lambda p, _: plots.losses(
        some_diverged(points_of(run("asha", 2, 30))), p
    ),
    "losses of none": lambda p, _: plots.losses(points_of(no_jobs()), p),
    "losses all diverged": lambda p, _: plots.losses(
        points_of(run("sh", 2, 9)).assign(loss=inf), p
    ),
    "incumbents": lambda p, _: plots.incumbents(
        {"random, 4 workers": [STEPS, LATER], "asha, 4 workers": [LATER, EMPTY, STEPS]},
        p,
        end=600.0,
        target=0.3,
        title="Two schedulers",
    ),
    "incumbents of many": lambda p, _: plots.incumbents(
        {f"scheduler number {i}": [STEPS, LATER] for i in range(9)}, p, end=9000.0
    ),
    "incumbents of nobody": lambda p, _: plots.incumbents({}, p, end=0.0),
    "incumbents without results": lambda p, _: plots.incumbents(
        {"_none": [], "empty": [EMPTY], "late": [LATER], "inf": [(np.ones(1), np.full(1, inf))]},
        p,
        end=100.0,
        target=0.3,
    ),
    "rungs of 5 trials": lambda p, _: plots.rungs(run("asha", 2, 5), p, title="ASHA"),
    "rungs of 500 trials": lambda p, _: plots.rungs(lose(run("asha", 16, 500)), p),
    "rungs at every epoch": lambda p, _: plots.rungs(ladder(81), p),
    "rungs of random search": lambda p, _: plots.rungs(run("random", 2, 5), p),
    "rungs of which some diverged": lambda p, _: plots.rungs(some_rungs_diverged(), p),
    "rungs all diverged": lambda p, _: plots.rungs(with_jobs(run("sh", 2, 9), loss=inf), p),
    "rungs of no job": lambda p, _: plots.rungs(no_jobs(), p),
    "utilisation": lambda p, _: plots.utilisation(shares(), p, title="Where the time goes"),
    "utilisation of many": lambda p, _: plots.utilisation(
        shares([f"scheduler-{i}" for i in range(10)], (1, 10, 100, 1000)), p
    ),
    "utilisation of 1 run": lambda p, _: plots.utilisation(shares(("asha",), (8,)), p),
    "utilisation of no run": lambda p, _: plots.utilisation(shares()[:0], p),
    "utilisation unknown": lambda p, _: plots.utilisation(
        shares().assign(**dict.fromkeys(CAUSES, nan)), p
    ),
    "speedup": lambda p, _: plots.speedup(speedups(), p, title="Time to the target"),
    "speedup of many": lambda p, _: plots.speedup(
        speedups([f"scheduler-{i}" for i in range(10)], (*range(1, 33), 1000)), p
    ),
    "speedup at 1 count": lambda p, _: plots.speedup(speedups(workers=(16,)), p),
    "speedup with open ends": lambda p, _: plots.speedup(open_ends(), p),
    "speedup of misses": lambda p, _: plots.speedup(misses(), p, seeds=20),
    "speedup of nobody": lambda p, _: plots.speedup(speedups()[:0], p),
    "speedup unknown": lambda p, _: plots.speedup(
        speedups().assign(speedup=nan, low=nan, high=inf), p
    ),
    "curves as shipped": lambda p, _: plots.curves(tabular.load(tabular.shipped()[0]), p),
    "curves far apart": lambda p, folder: plots.curves(
        table(
            np.exp(-np.outer([0.1, 0.2, 0.5], range(1, 28))),
            folder,
            seconds=np.outer([1, 30, 900], np.ones(27)),
        ),
        p,
    ),
    "curves of which some diverged": lambda p, folder: plots.curves(
        table([[0.5, inf, 0.4], [0.3, 0.2, inf], [0.6, 0.5, 0.3]], folder), p
    ),
    "curves of 1 epoch": lambda p, folder: plots.curves(table([[0.5], [0.4], [inf]], folder), p),
    "curves of 1 config": lambda p, folder: plots.curves(table([[0.5, 0.4]], folder), p),
    "curves all diverged": lambda p, folder: plots.curves(table([[inf] * 3] * 2, folder), p),
}
ONE_OF_EACH = (
    "gantt of 16 workers",
    "gantts",
    "losses of which some diverged",
    "incumbents",
    "rungs of which some diverged",
    "utilisation",
    "speedup with open ends",
    "curves of which some diverged",
)


@pytest.fixture
def drawn():
    """Return a function that lays out and returns the figure of a picture."""

    def draw(picture, *args, **options):
        figure = picture(*args, **options)
        figure.draw_without_rendering()
        return figure

    return draw


# The files


def test_the_same_input_gives_the_same_bytes_in_threads_too(tmp_path):
    def contents(name, place):
        path = tmp_path / f"{name} {place}.png"
        PICTURES[name](path, tmp_path)
        return path.read_bytes()

    *names, curves = ONE_OF_EACH
    with ThreadPoolExecutor(3) as pool:
        threaded = list(pool.map(contents, names, [1] * len(names)))
    assert threaded == [contents(name, 2) for name in names]
    assert len(set(threaded)) == len(names)
    assert contents(curves, 1) == contents(curves, 2)  # not in threads: these write a table


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_an_error_leaves_what_was_there(name, tmp_path, monkeypatch):
    def half(_figure, part, **_options):
        Path(part).write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(Figure, "savefig", half)
    folder = tmp_path / "pictures"
    folder.mkdir()
    path = folder / "picture.png"
    path.write_bytes(b"old")
    with pytest.raises(OSError, match="disk full"):
        PICTURES[name](path, tmp_path)
    assert list(folder.iterdir()) == [path]
    assert path.read_bytes() == b"old"


def test_nobody_uses_the_global_state_of_pyplot():
    for path in Path(plots.__path__[0]).glob("*.py"):
        assert "pyplot" not in path.read_text(encoding="utf-8")


# The look


def overlapping(texts):
    """Return the pairs among `texts` whose boxes overlap by more than a pixel."""
    shown = [(each.get_text(), each.get_window_extent()) for each in texts if each.get_text()]
    return [
        (one, other)
        for (one, a), (other, b) in combinations(shown, 2)
        if min(a.x1, b.x1) - max(a.x0, b.x0) > 1 and min(a.y1, b.y1) - max(a.y0, b.y0) > 1
    ]


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_is_one_png_in_which_nothing_overlaps_or_is_clipped(name, tmp_path):
    folder = tmp_path / "pictures"
    folder.mkdir()
    path = folder / "picture.png"
    figure = PICTURES[name](path, tmp_path)
    assert list(folder.iterdir()) == [path]
    check_png(path.read_bytes())
    check_layout(figure)


@pytest.mark.parametrize("name", ["gantt of 16 workers", "gantt of 70 workers", "speedup"])
@pytest.mark.parametrize(("kind", "begins"), [("svg", b"<?xml"), ("pdf", b"%PDF")])
def test_the_same_input_gives_the_same_bytes_in_the_formats_of_papers(name, kind, begins, tmp_path):
    paths = [tmp_path / f"{place}.{kind}" for place in range(2)]
    for path in paths:
        PICTURES[name](path, tmp_path)
    one, other = (path.read_bytes() for path in paths)
    assert one.startswith(begins)
    assert one == other
    assert b"Date" not in one
    assert b"date>" not in one


def test_saving_leaves_the_settings_of_matplotlib_as_they_were(tmp_path):
    before = dict(rcParams)
    plots.speedup(speedups(), tmp_path / "picture.svg")
    assert dict(rcParams) == before


def test_a_figure_without_a_path_is_drawn_and_shown_in_a_notebook(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    figure = plots.speedup(speedups())
    check_png(figure._repr_png_())
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["picture", "picture.jpg"])
def test_another_suffix_is_refused(name, tmp_path):
    with pytest.raises(InputError, match="end it in one of"):
        plots.speedup(speedups(), tmp_path / name)
    assert not list(tmp_path.iterdir())


def check_png(content):
    assert content.startswith(b"\x89PNG\r\n\x1a\n")
    assert content.endswith(b"IEND\xaeB`\x82")
    width, height = unpack(">II", content[16:24])
    assert width == 6 * 150
    assert 1.0 <= height / 150 <= 9.0
    assert b"tEXt" not in content  # where dates and versions would stand


def check_layout(figure):
    whole = figure.bbox
    outside = [text for legend in figure.legends for text in legend.get_texts()]
    for axes in figure.axes:
        (left, right), (low, high) = axes.get_xlim(), sorted(axes.get_ylim())
        ticks = [t for t in axes.xaxis.get_major_ticks() if left <= t.get_loc() <= right]
        ticks += [t for t in axes.yaxis.get_major_ticks() if low <= t.get_loc() <= high]
        outside += [label for tick in ticks for label in (tick.label1, tick.label2)]
        outside += [axes.xaxis.label, axes.yaxis.label, axes._left_title]
        box = axes.get_window_extent()
        assert box.height > 20
        assert box.width > 100 or axes.get_label() == "<colorbar>"
        for legend in figure.legends:
            assert legend.get_window_extent().y1 < box.y0
    outside = [text for text in outside if text.get_visible() and text.get_text()]
    for text in outside:
        box = text.get_window_extent()
        assert whole.x0 <= box.x0, text
        assert box.x1 <= whole.x1, text
        assert whole.y0 <= box.y0, text
        assert box.y1 <= whole.y1, text
        assert text.get_fontsize() >= 7, text
    assert overlapping(outside) == []


@pytest.mark.parametrize(
    ("seconds", "unit", "size"),
    [(0, "s", 1), (300, "s", 1), (301, "min", 60), (18000, "min", 60), (18001, "h", 3600)],
)
def test_the_time_axis_has_a_unit_that_fits(seconds, unit, size):
    assert canvas.time_unit(seconds) == (unit, size)


@settings(deadline=None)
@given(st.lists(st.integers(0, 60), min_size=1, unique=True).map(sorted), st.integers(1, 20))
def test_spread_labels_keep_their_distance_and_leave_no_room(positions, gap):
    chosen = canvas.spread(positions, gap)
    kept = [positions[place] for place in chosen]
    assert kept[-1] == positions[-1]
    assert all(later - earlier >= gap for earlier, later in pairwise(kept))
    for position in set(positions) - set(kept):
        assert any(abs(position - other) < gap for other in kept)


@settings(deadline=None)
@given(st.lists(st.text("ab ", max_size=60), min_size=1, max_size=12))
def test_a_legend_has_the_most_columns_that_fit(labels):
    def width(columns):
        parts = np.array_split([30 + 4.2 * len(label) for label in labels], columns)
        return sum(max(part) for part in parts)

    columns = canvas.legend_columns(labels)
    assert columns == 1 or width(columns) <= 432
    assert all(width(more) > 432 for more in range(columns + 1, len(labels) + 1))


@settings(deadline=None)
@given(st.lists(st.floats(1e-6, 1e6), min_size=1), st.booleans(), st.booleans())
def test_limits_leave_space_around_all_that_is_finite(values, log, diverged):
    low, high = canvas.limits([*values, inf] if diverged else values, log=log)
    assert low < min(values)
    assert max(values) < high
    assert not log or low > 0
    if diverged:
        assert high > canvas.limits(values, log=log)[1]


# Gantt charts


@pytest.mark.parametrize("scheduler", ["asha", "sh", "stopping", "random"])
def test_the_bars_of_a_run_sum_to_the_workers_time(scheduler):
    trace = lose(run(scheduler, 7, max_seconds=200, costs=COSTS))
    bars = bars_of(trace)
    assert (bars["stop"] - bars["start"]).sum() == pytest.approx(7 * trace.end)
    assert {"training", "overhead", "lost", "cut"} <= set(bars["kind"])


def seconds_by_kind(bars):
    return (bars["stop"] - bars["start"]).groupby(bars["kind"]).sum()


@pytest.mark.parametrize("faults", [CRASHES, PREEMPTIONS, ELASTIC, Faults(mtbf=30.0)])
@pytest.mark.parametrize("settings", [{}, {"limits": Limits(), "max_trials": 40}])
def test_the_bars_of_workers_that_come_and_go_are_what_the_metrics_count(faults, settings):
    trace = with_faults(faults, **settings)
    bars = bars_of(trace)
    ordered = bars.sort_values(["worker", "start"])
    for _, row in ordered.groupby("worker"):
        starts, stops = row["start"].to_numpy(), row["stop"].to_numpy()
        assert starts[0] == 0
        assert stops[-1] == trace.end
        assert (starts[1:] == stops[:-1]).all()
    assert bars["worker"].nunique() == trace.workers
    found, wanted = seconds_by_kind(bars), worker_seconds(trace)
    for kind in ("overhead", "down", "waiting", "drained"):
        assert found.get(kind, 0.0) == pytest.approx(wanted[kind], abs=1e-6)
    # What a lost job has saved stays in its bar.
    trained = sum(found.get(kind, 0.0) for kind in ("training", "lost", "cut"))
    assert trained == pytest.approx(wanted["training"] + wanted["wasted"])
    assert "down" in found or faults.mtbf == 30  # which are repaired at once
    assert (trace.jobs["outcome"] == "lost").any()


def numbers(figure):
    return [text for axes in figure.axes for text in axes.texts]


def test_a_trial_s_number_stands_inside_its_bar(drawn):
    trace = run("asha", 16, max_seconds=300, costs=COSTS)
    figure = drawn(plots.gantt, trace, None)
    (axes,) = figure.axes
    bars = bars_of(trace)
    wide = bars[bars["kind"].isin(["training", "cut"]) & (bars["stop"] - bars["start"] > 30)]
    shown = {text.get_position()[::-1] for text in numbers(figure)}
    assert shown >= {(bar.worker, (bar.start + bar.stop) / 2) for bar in wide.itertuples()}
    assert len(wide) > 9
    for text in numbers(figure):
        middle, worker = text.get_position()
        bar = bars[
            (bars["worker"] == worker) & (bars["start"] < middle) & (middle < bars["stop"])
        ].iloc[0]
        assert text.get_text() == str(bar["trial"])
        assert bar["kind"] != "overhead"
        corners = axes.transData.transform(
            [[bar["start"], worker + 0.42], [bar["stop"], worker - 0.42]]
        )
        box = text.get_window_extent()
        assert corners[0, 0] <= box.x0
        assert box.x1 <= corners[1, 0]
    assert overlapping(numbers(figure)) == []


def test_wide_bars_all_have_numbers_and_rows_too_thin_none(drawn):
    assert len(numbers(drawn(plots.gantt, run("random", 32, 32), None))) >= 16
    assert numbers(drawn(plots.gantt, run("random", 33, 33), None)) == []


def test_a_chart_shows_each_bar_but_the_drained(drawn):
    trace = lose(run("asha", 3, 40, costs=COSTS))
    (axes,) = drawn(plots.gantt, trace, None).axes
    unit = canvas.time_unit(trace.end)[1]
    shown = [
        (*path.vertices[:, 0].round(6).tolist()[:3:2], path.vertices[:, 1].mean().round())
        for shapes in axes.collections
        if isinstance(shapes, PolyCollection)
        for path in shapes.get_paths()
    ]
    bars = bars_of(trace)
    bars = bars[bars["kind"] != "drained"]
    wanted = zip(
        (bars["start"] / unit).round(6), (bars["stop"] / unit).round(6), bars["worker"], strict=True
    )
    assert len(shown) == len(bars)
    assert {(a, b) for a, b, _ in shown} == {(a, b) for a, b, _ in wanted}


def test_the_legend_names_what_occurs(drawn):
    def names(trace):
        (legend,) = drawn(plots.gantt, trace, None).legends
        return [text.get_text() for text in legend.get_texts()]

    assert names(run("random", 1, 3)) == ["training (number: trial)"]
    assert names(run("sh", 2, 9)) == ["training (number: trial)", "waiting"]
    assert names(with_faults(CRASHES, 40)) == [
        "training (colour: trial)",
        "overhead",
        "lost",
        "down",
        "waiting",
    ]
    assert names(lose(run("asha", 40, max_seconds=200, costs=COSTS))) == [
        "training (colour: trial)",
        "overhead",
        "lost",
        "cut short",
    ]


def test_a_run_of_more_jobs_than_can_be_seen_becomes_a_band(drawn):
    def title_and_label(trace):
        (axes,) = drawn(plots.gantt, trace, None, title="SH").axes
        return axes.get_title(loc="left"), axes.get_ylabel()

    assert title_and_label(run("random", 64, 64)) == ("SH", "worker")
    many = run("random", 65, 65)
    assert title_and_label(many) == ("SH: workers by activity (65 jobs)", "workers")
    # 600 jobs of about as many seconds on a worker: each is 0.6 points wide.
    assert title_and_label(run("random", 1, 600, r_max=1)) == (
        "SH: workers by activity (600 jobs)",
        "workers (mean)",
    )
    (legend,) = drawn(plots.gantt, lose(run("sh", 70, 300)), None).legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "training",
        "lost training",
        "waiting",
    ]


def test_the_layers_of_a_band_are_as_high_as_the_workers_that_they_count(drawn):
    trace = lose(run("sh", 70, 300))
    (axes,) = drawn(plots.gantt, trace, None).axes
    unit = canvas.time_unit(trace.end)[1]
    areas = {}
    for layer in axes.collections:
        outline = layer.get_paths()[0].vertices
        x, y = outline[:, 0], outline[:, 1]
        area = abs(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])) / 2 * unit
        areas[layer.get_gid()] = area
    wanted = {part: seconds for part, seconds in worker_seconds(trace).items() if seconds}
    assert areas == pytest.approx(wanted)


@pytest.mark.parametrize(("workers", "half"), [(5, 0.17), (40, 0.5)])
def test_a_worker_that_is_down_has_a_black_bar(workers, half, drawn):
    trace = with_faults(CRASHES, workers)
    (axes,) = drawn(plots.gantt, trace, None).axes
    (black,) = (
        shapes
        for shapes in axes.collections
        if isinstance(shapes, PolyCollection) and to_hex(shapes.get_facecolor()[0]) == "#000000"
    )
    shown = [path.get_extents() for path in black.get_paths()]
    assert [box.x0 for box in shown] == trace.down["since"].tolist()
    assert [box.x1 for box in shown] == trace.down["until"].tolist()
    assert [box.y0 + half for box in shown] == pytest.approx(trace.down["worker"].tolist())
    assert [box.y1 - half for box in shown] == pytest.approx(trace.down["worker"].tolist())


def test_charts_below_each_other_share_the_time_axis(drawn):
    runs = {"long": run("random", 2, 30), "short": run("random", 4, 5)}
    figure = drawn(plots.gantts, runs, None)
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["long", "short"]
    unit = canvas.time_unit(runs["long"].end)[1]
    assert unit == 60
    assert {axes.get_xlim() for axes in figure.axes} == {(0, runs["long"].end / unit)}
    (mark,) = figure.axes[1].lines
    assert mark.get_xdata()[0] == runs["short"].end / unit
    assert not figure.axes[0].lines
    (legend,) = figure.legends
    assert legend.get_texts()[-1].get_text() == "end of the run"
    lefts = {round(axes.get_window_extent().x0) for axes in figure.axes}
    assert len(lefts) == 1


# Losses and incumbents


def test_losses_have_a_line_a_trial_and_the_incumbent(drawn):
    points = some_diverged(points_of(run("asha", 4, 30)))
    (axes,) = drawn(plots.losses, points, None).axes
    unit = canvas.time_unit(points["seconds"].max())[1]
    finite = points[np.isfinite(points["loss"])].sort_values("seconds")
    incumbent, marks = axes.lines
    best = inf
    wanted = []
    for seconds, loss in zip(finite["seconds"], finite["loss"], strict=True):
        best = min(best, loss)
        wanted.append((seconds / unit, best))
    wanted.append((points["seconds"].max() / unit, best))
    assert incumbent.get_xydata() == pytest.approx(np.array(wanted))
    assert incumbent.get_color() == "black"
    (lines,) = (each for each in axes.collections if isinstance(each, LineCollection))
    ends = {trial: some["loss"].iloc[-1] for trial, some in finite.groupby("trial")}
    assert [line[-1, 1] for line in lines.get_segments()] == pytest.approx(
        [ends[trial] for trial in sorted(ends)]
    )
    assert len(marks.get_xdata()) == (~np.isfinite(points["loss"])).sum() > 0


def value_at(times, values, time):
    """Return what a step function is at `time`, by looking at every step."""
    last = inf
    for each, value in zip(times, values, strict=True):
        if each <= time:
            last = inf if np.isnan(value) else value
    return last


steps = st.lists(
    st.tuples(
        st.integers(0, 20),
        st.one_of(st.floats(0, 1), st.sampled_from([inf, nan])),
    ),
    max_size=6,
).map(lambda pairs: (np.array(sorted(t for t, _ in pairs), float), np.array([v for _, v in pairs])))


@settings(deadline=None)
@given(st.lists(steps, min_size=1, max_size=7), st.integers(0, 25), st.floats(0, 25))
def test_the_band_is_the_quantiles_of_the_seeds_at_each_time(seeds, end, time):
    grid, band = progress.quantile_band(seeds, end)
    assert grid[0] == 0
    assert grid[-1] == end
    assert (np.diff(grid) > 0).all()
    time = min(time, end)
    place = int(np.searchsorted(grid, time, side="right")) - 1
    # A stand-in for inf so large that any share of it shows: NumPy's quantiles cannot have inf.
    values = np.nan_to_num([value_at(*seed, time) for seed in seeds], posinf=1e12)
    for found, q in zip(band, (0.25, 0.5, 0.75), strict=True):
        wanted = np.quantile(values, q)
        assert found[place] == (inf if wanted > 1e6 else pytest.approx(wanted))


def test_half_of_the_seeds_begin_the_line_and_three_quarters_end_the_open_band():
    seeds = [(np.array([t]), np.array([0.5])) for t in (1.0, 2.0, 3.0, 4.0, 5.0)]
    grid, (low, median, high) = progress.quantile_band(seeds, 6.0)
    assert grid[np.isfinite(low)][0] == 2
    assert grid[np.isfinite(median)][0] == 3
    assert grid[np.isfinite(high)][0] == 4
    assert progress.quantile_band([], 6.0)[1][0].tolist() == [inf, inf]


def test_incumbents_are_drawn_as_medians_with_their_own_styles_and_the_target(drawn):
    runs = {"sh": [STEPS], "asha": [STEPS, LATER], "random": [EMPTY, STEPS]}
    figure = drawn(plots.incumbents, runs, None, end=600.0, target=0.25)
    (axes,) = figure.axes
    one, two, target = axes.lines  # "random" has no median: half of its seeds have no result
    assert one.get_xdata().tolist() == [0, 1 / 60, 0.5, 400 / 60, 10]
    assert one.get_ydata()[1:].tolist() == [0.9, 0.5, 0.2, 0.2]
    assert two.get_ydata()[-1] == pytest.approx((0.2 + 0.01) / 2)
    assert one.get_color() != two.get_color()
    assert set(target.get_ydata()) == {0.25}
    assert axes.get_xlim() == (0, 10)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["sh", "asha", "random", "target 0.25"]
    handles = figure.legends[0].get_lines()
    for drawn_line, handle in ((one, handles[0]), (two, handles[1])):
        assert drawn_line.get_color() == handle.get_color()
        assert drawn_line._unscaled_dash_pattern == handle._unscaled_dash_pattern
    assert axes.get_yscale() == "log"  # from 0.9 to 0.01


@pytest.mark.parametrize(("at", "is_cropped"), [(4.0, True), (6.0, False)])
def test_a_steep_first_twentieth_does_not_hide_what_follows(at, is_cropped, drawn):
    # Of 100 seconds the fall from 0.9 to 0.3 is at `at`; afterwards there is little.
    steep = (np.array([0.0, at, 50.0, 60.0]), np.array([0.9, 0.3, 0.29, 0.288]))
    (axes,) = drawn(plots.incumbents, {"steep": [steep]}, None, end=100.0).axes
    low, high = axes.get_ylim()
    assert low < 0.29
    assert high > 0.3
    assert (high < 0.31) == is_cropped


def test_the_time_axis_is_logarithmic_where_half_of_the_improvements_are_early(drawn):
    def scales(*times):
        falls = np.array(times), 1 / np.arange(1.0, len(times) + 1)
        (axes,) = drawn(plots.incumbents, {"asha": [falls]}, None, end=100.0).axes
        return axes.get_xscale(), axes.get_xlabel(), axes.get_ylabel(), axes.get_xlim()

    scale, label, losses, _ = scales(1.0, 20.0, 30.0)
    assert (scale, label) == ("linear", "wall-clock time (s)")
    assert losses == "best loss at job ends"
    scale, label, _, ends = scales(2.0, 10.0, 20.0, 30.0)
    assert (scale, label) == ("log", "wall-clock time (s, log scale)")
    assert ends == (2, 100)


# Rungs


@pytest.mark.parametrize("scheduler", ["asha", "sh", "stopping", "random"])
def test_fates_are_what_the_log_says(scheduler):
    trace = lose(run(scheduler, 4, max_seconds=700))
    jobs = list(trace.jobs.itertuples())
    wanted = []
    for job in jobs:
        if job.outcome != "done":
            continue
        later = any(other.trial == job.trial and other.stop > job.stop for other in jobs)
        fate = "reached r_max" if job.stop == trace.r_max else "went on" if later else "stopped"
        wanted.append((job.trial, job.stop, job.loss, fate))
    found = rung_scatter.fates(trace)
    assert list(found.itertuples(index=False, name=None)) == sorted(wanted)
    if scheduler != "random":
        assert set(found["fate"]) == {"reached r_max", "went on", "stopped"}


def test_rungs_show_each_fate_and_tick_the_levels(drawn):
    trace = some_rungs_diverged()
    figure = drawn(plots.rungs, trace, None)
    (axes,) = figure.axes
    points = rung_scatter.fates(trace)
    assert axes.get_xticks().tolist() == [1, 3, 9]
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["stopped", "went on", "reached r_max", "diverged"]
    dots = [each for each in axes.collections if isinstance(each, PathCollection)]
    finite = points[np.isfinite(points["loss"])]
    for fate, some in zip(labels, dots, strict=False):
        shown = sorted(some.get_offsets()[:, 1])
        assert shown == sorted(finite.loc[finite["fate"] == fate, "loss"])
        distance = some.get_offsets()[:, :1] / [1, 3, 9]  # nobody is far from a rung
        assert np.abs(np.log(distance)).min(axis=1).max() < 0.05
    (marks,) = axes.lines
    assert len(marks.get_xdata()) == len(points) - len(finite) > 0
    assert set(marks.get_ydata()) == {0.98}  # of the axes' height
    assert marks.get_transform().transform([1, 1])[1] == pytest.approx(axes.bbox.y1)


# Bars, speedups and tables


def test_the_bars_of_utilisation_are_the_shares_by_cause(drawn):
    rows = shares().sample(frac=1, random_state=1)  # of any order; schedulers as they come
    (axes,) = drawn(plots.utilisation, rows, None).axes
    labels = [label.get_text().split() for label in axes.get_yticklabels()]
    order = list(rows["scheduler"].unique())
    assert [label[0] for label in labels if len(label) == 2] == order
    assert [int(label[-1]) for label in labels] == [1, 2, 16] * 3
    for cause, bars in zip(CAUSES, axes.containers, strict=True):
        wanted = [
            100 * rows.loc[(rows["scheduler"] == name) & (rows["workers"] == count), cause].item()
            for name in order
            for count in (1, 2, 16)
        ]
        assert [bar.get_width() for bar in bars] == pytest.approx(wanted)
    assert [bar.get_x() + bar.get_width() for bar in bars] == pytest.approx([100] * 9)


def drawn_by(axes, scheduler):
    """Return the line, the known points and the points within ranges of a scheduler."""
    colour = palette.SCHEDULERS[scheduler].colour
    return [line for line in axes.lines if line.get_color() == colour]


def arrows_of(axes):
    """Return what stands at the edges: colour, worker count and height of each mark."""
    found = []
    for marks in axes.collections:
        if isinstance(marks, PathCollection):
            colour = to_hex(marks.get_facecolor()[0]).upper() if len(marks.get_offsets()) else ""
            found += [(colour, round(x), y) for x, y in marks.get_offsets()]
    return found


def test_every_speedup_leaves_a_mark_and_open_intervals_get_arrows(drawn):
    (axes,) = drawn(plots.speedup, open_ends(), None).axes
    ideal = axes.lines[0]
    assert (ideal.get_xdata() == ideal.get_ydata()).all()
    random, sh, asha = (drawn_by(axes, name)[1] for name in ("random", "sh", "asha"))
    assert len(random.get_xdata()) == 4
    assert len(sh.get_xdata()) == 2  # of 4, one is NaN and one inf
    assert len(asha.get_xdata()) == 3  # one is 0
    for name, line in (("random", random), ("sh", sh), ("asha", asha)):
        assert line.get_marker() == palette.SCHEDULERS[name].marker
    # Dodged: nobody hides another, but everybody stays near the worker count.
    ones = [line.get_xdata()[0] for line in (random, sh, asha)]
    assert ones == sorted(ones)
    assert ones[1] == 1
    assert 0.9 < ones[0] < 1 < ones[2] < 1.1
    bottom, top = axes.get_ylim()
    blue, green, orange = palette.BLUE, palette.GREEN, palette.ORANGE
    assert sorted(arrows_of(axes)) == sorted(
        [
            (orange, 2, pytest.approx(bottom)),
            (orange, 2, pytest.approx(top)),
            (green, 4, pytest.approx(top)),  # an infinite speedup
            (blue, 17, pytest.approx(bottom)),  # a speedup of 0
        ],
        key=lambda mark: (mark[0], mark[1], mark[2].expected),
    )
    bars = [each for each in axes.collections if isinstance(each, LineCollection)]
    (_, open_bar, *_others) = bars[1].get_segments()
    assert open_bar[:, 1] == pytest.approx([bottom, top])


def test_a_median_that_misses_leave_open_is_drawn_as_its_range(drawn):
    figure = drawn(plots.speedup, misses(), None, seeds=20)
    (axes,) = figure.axes
    bottom, top = axes.get_ylim()
    joined, known, between = drawn_by(axes, "random")
    assert len(known.get_xdata()) == 3
    assert between.get_ydata()[np.isfinite(between.get_ydata())] == pytest.approx([3.75**0.5])
    assert np.isfinite(joined.get_ydata()).sum() == 4  # not interrupted
    ranges = [
        bar.get_segments()
        for bar in axes.collections
        if isinstance(bar, LineCollection) and bar.get_linewidth()[0] == 5
    ]
    shown = [sorted(line[:, 1]) for lines in ranges for line in lines]
    assert shown == [pytest.approx([1.5, 2.5]), pytest.approx([bottom, top])]
    assert [text.get_text() for text in figure.legends[0].get_texts()] == [
        "ideal",
        "random: 1 of 80 runs missed the target",
        "sh: 9 of 80 runs missed the target",
        "asha: 12 of 80 runs missed the target",
        "range of a median that misses leave open",
        "missed by most runs",
    ]


def test_intervals_that_are_not_known_are_not_drawn(drawn):
    few = speedups().assign(low=nan, high=nan)
    (axes,) = drawn(plots.speedup, few, None).axes
    bars = [each for each in axes.collections if isinstance(each, LineCollection)]
    assert not [line for each in bars for line in each.get_segments()]
    assert not arrows_of(axes)


def effects(**columns):
    rows = pd.DataFrame({"scheduler": ["sh", "asha"], "workers": 4})
    for name, none in (("slowdown", 1.0), ("time_to_target", 0.0), ("finished", 0.0)):
        rows = rows.assign(**dict.fromkeys((name, f"{name}_low", f"{name}_high"), none))
    return rows.assign(**columns)


def test_effects_have_a_panel_for_each_figure_that_changes(drawn):
    def labels(rows, **options):
        axes = drawn(plots.effects, rows, None, **options).axes
        return [each.get_ylabel().replace("\n", " ") for each in axes]

    assert labels(effects()) == [""]
    assert labels(effects(slowdown=[1.1, nan])) == ["run time relative to no stragglers"]
    assert labels(effects(slowdown=1.1, finished_low=-2.0), cause="lost jobs") == [
        "run time relative to no lost jobs",
        "additional trials at r_max",
    ]
    missed = effects(time_to_target=inf, time_to_target_low=60.0, time_to_target_high=inf)
    assert labels(missed) == ["additional time to target (s)"]
    (axes,) = drawn(plots.effects, missed, None).axes
    assert [y for _, _, y in arrows_of(axes)] == [axes.get_ylim()[1]] * 2


def test_curves_are_drawn_whole_and_their_first_divergence_marked(drawn, tmp_path):
    losses = [[0.5, inf, 0.4], [0.3, 0.2, inf], [0.6, 0.5, 0.3]]
    seconds = [[1, 2, 3], [2, 2, 2], [4, 5, 6]]
    figure = drawn(plots.curves, table(losses, tmp_path, seconds), None)
    left, right = figure.axes[:2]
    (lines,) = left.collections
    shown = np.array([path.vertices[:, 1] for path in lines.get_paths()])
    assert np.nan_to_num(shown, nan=inf).tolist() == losses  # a line breaks off at NaN
    colours = {tuple(colour) for colour in lines.get_colors()}
    assert len(colours) == 3
    assert to_hex(lines.get_colors()[1]).upper() == palette.GREY  # has diverged at the end
    (marks,) = left.lines
    assert marks.get_xdata().tolist() == [2, 3]
    (costs,) = right.collections
    assert [each[:, 1].tolist() for each in costs.get_segments()] == seconds
