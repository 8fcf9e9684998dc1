"""Other libraries' schedulers on our clock: the protocol, their parameters, the command line."""

import random
import subprocess
import sys
from dataclasses import replace
from math import inf, nan

import numpy as np
import pytest

from learning_curves.errors import InputError
from sim import adapters
from sim.commands.cli import main
from sim.experiments import own
from sim.experiments.experiment import Experiment, read
from sim.experiments.run import simulate
from sim.schedulers import Contract, Idle, Job, may_go_on
from sim.schedulers.catalogue import Settings
from sim.searchers import Listed

OPTIONS = {"optuna:PatientPruner": {"patience": 1, "wrapped_pruner": "MedianPruner"}}
SETTINGS = Settings(r_min=1, r_max=9, eta=3, workers=3)


@pytest.fixture(params=[name for name in adapters.names() if name.startswith(("optuna:", "ray:"))])
def name(request):
    library = request.param.partition(":")[0]
    pytest.importorskip(library, reason=f"{library} is not installed")
    return request.param


def make(name, trials=20, settings=SETTINGS):
    searcher = Listed([{"x": number} for number in range(trials)])
    return Contract(adapters.make(name, searcher, settings, OPTIONS.get(name, {})))


def conversation(name, *, seed=0, lose=0.0, diverges=()):
    """Return the jobs of a random run, and after each report whether its trial may go on."""
    draw = random.Random(seed)  # noqa: S311
    scheduler, running, log = make(name), [], []
    while True:
        while len(running) < 3 and isinstance(job := scheduler.next_job(), Job):
            running.append(job)
            log.append(job)
        if not running:
            assert scheduler.next_job() is Idle.DONE
            return log
        job = running.pop(draw.randrange(len(running)))
        losses = [draw.random() for _ in range(job.start, job.stop)]
        if diverges and draw.random() < 0.1:
            losses[-1] = draw.choice(diverges)
        if draw.random() < lose:
            scheduler.job_lost(job)
        else:
            scheduler.job_done(job, losses)
            went_on = may_go_on(scheduler, job)
            log.append((job, went_on))


def test_a_run_ends_and_some_trials_finish(name):
    log = conversation(name)
    stops = [job.stop for job in log if isinstance(job, Job)]
    assert stops.count(9) >= 1
    assert len({job.trial.number for job in log if isinstance(job, Job)}) == 20


def test_the_same_calls_get_the_same_answers_whatever_the_global_state(name, capfd):
    first = conversation(name, diverges=[nan, inf])
    np.random.seed(3)  # noqa: NPY002  the state that Ray draws from
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    assert repr(conversation(name, diverges=[nan, inf])) == repr(first)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
    assert capfd.readouterr() == ("", "")


def test_lost_jobs_end_their_trials(name):
    if name == "ray:HyperBandScheduler":
        pytest.skip("it hangs: tests/peers/test_ray.py")
    for seed in range(3):
        log = conversation(name, seed=seed, lose=0.2)
        assert sum(isinstance(each, Job) for each in log) > 20


def test_a_trial_that_may_not_go_on_never_does(name):
    log = conversation(name)
    dropped = set()
    for each in log:
        if isinstance(each, Job):
            assert each.trial.number not in dropped
        elif not each[1]:
            dropped.add(each[0].trial.number)
    assert dropped


def test_the_settings_of_the_run_reach_the_parameters_of_the_class():
    pytest.importorskip("optuna", reason="Optuna is not installed")
    pytest.importorskip("ray", reason="Ray Tune is not installed")
    pruner = make("optuna:HyperbandPruner").scheduler._study.pruner
    assert (pruner._min_resource, pruner._max_resource, pruner._reduction_factor) == (1, 9, 3)
    assert make("optuna:PercentilePruner").scheduler._study.pruner._percentile == 100 / 3
    asha = make("ray:ASHAScheduler").scheduler._scheduler
    assert [level for level, _ in asha._brackets[0]._rungs] == [9, 3, 1]
    settings = Settings(r_min=2, r_max=9, eta=2, workers=1)
    for name, levels in {
        "optuna:SuccessiveHalvingPruner": (2, 4, 8, 9),
        "ray:ASHAScheduler": (2, 4, 8, 9),
        "optuna:MedianPruner": (2, 4, 6, 8, 9),
        "ray:HyperBandScheduler": (2, 4, 6, 8, 9),
    }.items():
        assert make(name, settings=settings).scheduler.levels == levels


@pytest.mark.parametrize(
    ("name", "options", "complaint"),
    [
        ("optuna:HyperbandPrunner", {}, "did you mean optuna:HyperbandPruner"),
        ("ray:ASHA", {}, "did you mean ray:ASHAScheduler"),
        ("nobody:ASHA", {}, "the library is 'nobody': choose from optuna, ray"),
        ("optuna:HyperbandPruner", {"reduction_factor": 4}, "leave it out, and set eta"),
        ("optuna:HyperbandPruner", {"bootstrap": 4}, "did you mean bootstrap_count"),
        ("optuna:MedianPruner", {"n_startup_trials": "x"}, "'x': give a whole number"),
        ("optuna:MedianPruner", {"n_startup_trials": -1}, "refuses its settings: ValueError"),
        ("optuna:PatientPruner", {}, "it needs 'patience': give --scheduler-option patience=VALUE"),
        (
            "optuna:PatientPruner",
            {"patience": 1, "wrapped_pruner": "Median"},
            "did you mean Median",
        ),
        ("ray:ASHAScheduler", {"mode": "max"}, "mode is set by the run: leave it out"),
        ("ray:ASHAScheduler", {"brackets": 0}, "refuses its settings: AssertionError"),
    ],
)
def test_a_wrong_name_or_option_is_one_clear_line(name, options, complaint):
    pytest.importorskip("optuna", reason="Optuna is not installed")
    pytest.importorskip("ray", reason="Ray Tune is not installed")
    with pytest.raises(InputError, match=complaint) as error:
        adapters.make(name, Listed([]), SETTINGS, options)
    assert "\n" not in str(error.value)


def test_a_library_that_is_missing_names_its_extra(monkeypatch):
    monkeypatch.setattr("learning_curves.errors.find_spec", lambda _: None)
    for name in ("optuna:MedianPruner", "ray:ASHAScheduler"):
        extra = name.partition(":")[0]
        with pytest.raises(InputError, match=rf"{name} needs .* pip install 'rungsim\[{extra}\]'"):
            adapters.make(name, Listed([]), SETTINGS, {})


def test_names_cost_no_library():
    code = (
        "import sys; from sim import adapters; adapters.names(); "
        "sys.exit(bool({'optuna', 'ray', 'numpy'} & set(sys.modules)))"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


EXPERIMENT = Experiment(
    curves="power-law", r_max=9, eta=3, workers=3, max_trials=12, scheduler="optuna:HyperbandPruner"
)


def test_an_experiment_is_read_back_and_runs_to_the_same_bytes(tmp_path):
    pytest.importorskip("optuna", reason="Optuna is not installed")
    out = tmp_path / "first"
    arguments = ["--scheduler", "optuna:PatientPruner", "--scheduler-option", "patience=1"]
    arguments += ["--curves", "power-law", "--max-trials", "9", "--max-epochs", "99", "--no-plots"]
    assert not main(["run", *arguments, "--lost-probability", "0.05", "--out", str(out)])
    again = tmp_path / "again"
    repeated = ["--from", str(out / "experiment.toml"), "--no-plots", "--out", str(again)]
    assert not main(["run", *repeated])
    for file in ("jobs.parquet", "summary.json", "experiment.toml"):
        assert (out / file).read_bytes() == (again / file).read_bytes()
    experiment = read(out / "experiment.toml")
    assert experiment.scheduler_options == {"patience": 1}
    assert own.digests(experiment) == {}  # it is no file of the user's


def test_a_searcher_of_optuna_and_a_pruner_work_together():
    pytest.importorskip("optuna", reason="Optuna is not installed")
    both = replace(EXPERIMENT, searcher="optuna:tpe", max_trials=20)
    alone = replace(both, searcher="random")
    tuned, drawn = (simulate(each).trace.jobs for each in (both, alone))
    assert tuned["stop"].max() == drawn["stop"].max() == 9
    assert not tuned["loss"].equals(drawn["loss"])


def test_options_reach_those_schedulers_of_a_comparison_that_take_them():
    pytest.importorskip("optuna", reason="Optuna is not installed")
    options = {"bootstrap_count": 2}
    names = ("optuna:HyperbandPruner", "optuna:MedianPruner", "asha")
    given = [replace(EXPERIMENT, scheduler=name, scheduler_options=options) for name in names]
    assert [each.scheduler_options for each in own.fit(given)] == [options, {}, {}]


def test_a_scheduler_that_hangs_is_one_line_on_the_command_line(tmp_path, capsys):
    pytest.importorskip("ray", reason="Ray Tune is not installed")
    hanging = ["--scheduler", "ray:HyperBandScheduler", "--max-trials", "30", "--eta", "3"]
    hanging += ["--lost-probability", "0.1", "--attempts", "1", "--out", str(tmp_path / "out")]
    assert main(["run", *hanging]) == 2
    error = capsys.readouterr().err
    assert "'ray:HyperBandScheduler' breaks the protocol: WAIT while nothing is running" in error
    assert error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_a_setting_that_no_library_has_is_refused(capsys):
    assert main(["run", "--scheduler", "ray:ASHAScheduler", "--rule", "ray"]) == 2
    assert "--rule ray has no effect on ray:ASHAScheduler" in capsys.readouterr().err


def test_an_unknown_class_is_refused_when_it_is_typed(capsys):
    with pytest.raises(SystemExit) as error:
        main(["run", "--scheduler", "optuna:HyperbandPrunner"])
    assert error.value.code == 2
    assert "did you mean optuna:HyperbandPruner?" in capsys.readouterr().err
