"""A comparison and its figures, against a few lines of arithmetic."""

from dataclasses import replace
from math import inf, isnan

import numpy as np
import pytest

from learning_curves.errors import InputError
from sim.commands.compare import EFFECTS
from sim.experiments.experiment import Experiment
from sim.experiments.measures import SHARES
from sim.experiments.run import bounded, simulate
from sim.experiments.target import default_target
from sim.faults import KINDS, Faults
from sim.jobs.costs import Costs
from sim.jobs.limits import Limits
from sim.studies.comparison import MEASURES, Compared, comparison, effect_of
from sim.studies.runner import measure_all
from sim.studies.study_file import parse, read

BASE = Experiment(curves="power-law", r_max=9, eta=3, seed=5, limits=Limits(max_epochs=60))


def study(base=BASE, *, schedulers=("asha",), workers=(1, 4), seeds=3, **others):
    return comparison(
        base, schedulers=schedulers, workers=workers, seeds=seeds, target=0.2, **others
    )


def measured(base=BASE, **others):
    made = study(base, **others)
    return Compared(made, measure_all(made))


def row(seconds, *, end=10.0, finished=4, best=0.1):
    """Return the figures of a run, of which the given ones matter."""
    figures = dict.fromkeys(MEASURES, 0.0) | {"training": 1.0, "end_seconds": end}
    figures |= {"finished": finished, "best_loss": best, "time_to_target": seconds}
    return [figures[name] for name in MEASURES]


def test_every_cell_meets_the_same_seeds():
    grid = study(schedulers=["sh", "asha"]).grid()
    found = [(each.scheduler, each.workers, each.seed) for each in grid]
    assert found == [(s, w, 5 + k) for s in ("sh", "asha") for w in (1, 4) for k in range(3)]


def test_it_is_a_study_that_its_file_describes(tmp_path):
    faults = Faults(pareto_alpha=2.0, timetable=((0, 1, 9),))
    base = replace(BASE, straggler_sigma=0.5, faults=faults)
    for kind in ("none", "stragglers", "timetable"):
        made = study(base, effect_of=kind, against="asha", schedulers=["sh", "asha"])
        read = parse(made.to_toml(), tmp_path / "study.toml")
        assert read.grid() == made.grid()
        assert (read.against, read.pictures) == (made.against, made.pictures)
        assert (effect_of(read) or "none") == kind


@pytest.mark.parametrize("rule", ["optuna", "syne-tune-0.13"])
def test_a_scheduler_without_the_rule_keeps_its_own(rule, tmp_path):
    made = study(replace(BASE, rule=rule), schedulers=["sh", "asha", "asha-stopping"])
    rules = {cell.experiment.scheduler: cell.experiment.rule for cell in made.cells}
    assert rules["asha"] == ("top-k" if rule == "optuna" else rule)
    assert rules["asha-stopping"] == rule
    assert parse(made.to_toml(), tmp_path / "study.toml").grid() == made.grid()
    assert made.settings("scheduler") == ["sh", "asha", "asha-stopping"]


def test_the_main_job_is_a_packaged_study():
    base = bounded(Experiment(curves="lenet-fashion-mnist", workers=16))
    schedulers = ["random", "random-batch", "sh", "asha"]
    made = comparison(
        base,
        schedulers=schedulers,
        workers=[1, 2, 4, 8, 16],
        seeds=20,
        target=default_target(base),
    )
    packaged = read("main-job")
    assert packaged.grid() == made.grid()
    same = ("measures", "target", "speedups", "pictures")
    assert [getattr(packaged, name) for name in same] == [getattr(made, name) for name in same]


def test_a_row_a_run_in_the_order_of_the_grid():
    runs = measured(schedulers=["sh"], seeds=2).runs
    assert runs["workers"].tolist() == [1, 1, 4, 4]
    assert runs["seed"].tolist() == [5, 6, 5, 6]
    assert runs[list(SHARES)].sum(axis=1).tolist() == pytest.approx([1] * 4)
    alone = simulate(replace(BASE, scheduler="sh", workers=4, seed=6))
    assert runs["end_seconds"].tolist()[3] == alone.trace.end


def test_the_figures_of_a_cell():
    figures = [row(8.0, best=0.1), row(9.0, best=0.2), row(8.0, best=0.3)]
    figures += [row(2.0, end=5.0, best=0.1), row(3.0, end=5.0, best=0.2)]
    figures += [row(inf, end=5.0, finished=1, best=0.3)]
    alone, four = Compared(study(), np.array(figures)).cells.to_dict("records")
    assert (alone["speedup"], alone["missed"], alone["throughput_speedup"]) == (1, 0, 1)
    # Ratios 4, 3 and, for the miss, 0. Trials a second: 12 / 30 against 9 / 15.
    assert (four["speedup"], four["missed"]) == (3, 1)
    assert four["throughput_speedup"] == pytest.approx(1.5)
    assert four["time_to_target"] == 3
    assert four["best_loss"] == pytest.approx(0.2)
    assert four["least"] == four["most"] == 3
    assert isnan(four["low"])  # too few seeds for an interval


def test_equal_cells_have_equal_intervals():
    figures = [row(float(8 + k)) for k in range(8)] + [row(float(3 + k % 5)) for k in range(8)] * 2
    made = study(workers=[1, 4, 16], seeds=8)
    _, four, sixteen = Compared(made, np.array(figures)).cells.to_dict("records")
    assert four | {"workers": 16} == sixteen


def test_nothing_finished_gives_no_throughput():
    figures = np.array([row(inf, finished=0)] * 2)
    cells = Compared(study(workers=[1, 2], seeds=1), figures).cells
    assert cells["throughput_speedup"].isna().all()
    assert cells["time_to_target"].tolist() == [inf, inf]


def test_where_nothing_straggles_nothing_is_compared_with():
    losing = replace(BASE, faults=Faults(lost_probability=0.01))
    assert measured(losing, seeds=1).effects is None
    with pytest.raises(InputError, match="the experiment has no stragglers: give the options"):
        study(losing, effect_of="stragglers")


def test_the_kinds_of_faults_are_named_alike():
    assert tuple(KINDS) == EFFECTS


FAULTS = Faults(
    pareto_alpha=1.5,
    slow_epochs=0.1,
    lost_probability=0.02,
    mtbf=40.0,
    mttr=2.0,
    preempted_every=50.0,
    preempted_for=1.0,
    timetable=((0, 0.0, 30.0),),
)


@pytest.mark.parametrize("kind", KINDS)
def test_the_twin_of_a_run_lacks_one_kind_of_faults_and_keeps_the_others(kind):
    base = replace(BASE, straggler_sigma=0.5, faults=FAULTS)
    compared = measured(base, workers=[3], seeds=1, effect_of=kind)
    with_, without = compared.runs["end_seconds"].tolist()
    assert with_ == simulate(replace(base, workers=3, scheduler="asha")).trace.end
    twin = replace(base.without(kind), workers=3, scheduler="asha")
    assert without == simulate(twin).trace.end != with_
    (found,) = compared.effects.to_dict("records")
    assert found["slowdown"] == with_ / without
    (cell,) = compared.cells.to_dict("records")
    assert cell["end_seconds"] == with_
    left = {name for name in KINDS if base.without(name) != base}
    assert left - {name for name in KINDS if twin.without(name) != twin} == {kind}


def test_the_effect_of_straggling_is_measured_by_pairs():
    straggling = replace(BASE, straggler_sigma=0.5)
    made = study(straggling, workers=[4], seeds=5, effect_of="stragglers")
    with_ = [row(seconds, end=end) for seconds, end in _SLOWED]
    without = [row(6.0 if k < 4 else inf) for k in range(5)]
    (found,) = Compared(made, np.array([*with_, *without])).effects.to_dict("records")
    # Ends later by 1, 2, 3, 4, 5; targets later by 1, 3, 2, never, and unknown (missed by both).
    assert (found["scheduler"], found["workers"]) == ("asha", 4)
    assert found["slowdown"] == 1.3  # of 1.1, 1.2, 1.3, 1.4, 1.5
    assert found["end_seconds"] == 3
    assert found["finished"] == 0
    # Sorted: 1, 2, 3, inf and one from -inf to inf: the median is 2 or 3, so there is none.
    assert isnan(found["time_to_target"])
    assert (found["missed"], found["missed_without"]) == (2, 1)


_SLOWED = [(7.0, 11.0), (9.0, 12.0), (8.0, 13.0), (inf, 14.0), (inf, 15.0)]


def test_a_barrier_multiplies_what_straggling_costs():
    # Batches of 8 equal jobs with lognormal lengths of mean 1: random search takes what its work
    # takes, a batch the maximum of 8, exp(0.5 * 1.42 - 0.125) = 1.8 of the mean or more.
    base = replace(
        BASE,
        limits=Limits(max_epochs=9 * 8 * 20),
        costs=Costs(),
        faults=Faults(lognormal_sigma=0.5),
    )
    schedulers = ["random", "random-batch"]
    compared = measured(base, schedulers=schedulers, workers=[8], seeds=6, effect_of="stragglers")
    random, batch = compared.effects.to_dict("records")
    assert abs(random["end_seconds"]) < 0.15 * 20 * 9
    assert 1.7 < batch["slowdown"] < 2.1
    assert batch["end_seconds_low"] > 0.7 * 20 * 9
    assert batch["straggling"] > 0.4
    assert batch["straggling_without"] == batch["shortage"] == batch["shortage_without"] == 0


def test_the_gains_over_a_scheduler_are_measured_by_pairs():
    made = study(schedulers=["sh", "asha"], workers=[4], against="sh")
    figures = [row(8.0, end=20.0), row(9.0, end=20.0), row(inf, end=20.0)]
    figures += [row(4.0, finished=6), row(3.0, end=5.0, finished=7), row(5.0, finished=9)]
    (found,) = Compared(made, np.array(figures)).gains.to_dict("records")
    assert (found["scheduler"], found["workers"]) == ("asha", 4)
    assert found["sooner"] == 3  # of 8 / 4, 9 / 3, and inf / 5
    assert found["shorter"] == 2  # of 2, 4, 2
    assert found["finished"] == 3  # of 2, 3, 5
    assert (found["missed"], found["missed_against"]) == (0, 1)
