"""Schedulers, searchers and curves of the user's own, from the command line and from Python."""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from learning_curves.errors import InputError
from sim.commands.cli import main
from sim.experiments import own
from sim.experiments.experiment import Experiment
from sim.experiments.run import simulate
from sim.jobs.limits import Limits
from sim.schedulers import ASHA
from sim.studies.checks import experiments
from sim.studies.study_file import parse

CODE = """
from learning_curves.blackbox import RecordedCurve
from sim.schedulers import ASHA, Idle, Job, Trial
from sim.searchers import Listed

class Mine(ASHA):
    def __init__(self, searcher, r_min, r_max, eta, lost, patience: int = 1):
        super().__init__(searcher, r_min=r_min, r_max=r_max, eta=eta, lost=lost)

class Partial:
    r_max = 3
    def __init__(self, searcher): ...
    def next_job(self): ...
    def job_done(self, job, losses): ...

class Silent(Mine):
    def job_done(self, job): ...

class Long(Mine):
    def __init__(self, searcher):
        super().__init__(searcher, 1, 1000, 2, "inf")

class Failing(Mine):
    def job_done(self, job, losses):
        self.nowhere

class Lawless(Mine):
    def next_job(self):
        return Job(Trial(0, {"learning_rate": 0.1, "width": 32}), 0, 1.5)

class Endless(Mine):
    def next_job(self):
        return Job(None, 0, 1)

class Draws:
    adaptive = False
    def __init__(self, space, rng, seed, max_trials, start: int = 0, width: int = 32):
        self.rng, self.number, self.width, self.most = rng, start, width, max_trials
    def draw(self):
        self.number += 1
        if self.number > (self.most or 10):
            return None
        rate = self.rng.choice([0.1, 0.2])  # of numpy's
        return Trial(self.number - 1, {"learning_rate": rate, "width": self.width})
    def observe(self, trial, epoch, loss): ...

class Numbered:
    adaptive = False
    def draw(self): return 3
    def observe(self, trial, epoch, loss): ...

class Curves:
    configs, r_max = (), 9
    def __init__(self, height: float = 0.5, seconds=1.0):
        self.space, self.height, self.one = {"x": [0.1, 0.2]}, height, seconds
    def curve(self, config, seed):
        return RecordedCurve((self.height * config["x"],) * 9, (self.one,) * 9)

class Short(Curves):
    def curve(self, config, seed):
        return RecordedCurve((0.5,) * 3, (1.0,) * 3)

class Broken(Curves):
    def curve(self, config, seed):
        return RecordedCurve((config["y"],) * 9, (1.0,) * 9)
"""
MODULE = f"homemade_parts_{os.getpid()}"
LINE = CODE.splitlines().index("        self.nowhere") + 1
BASE = Experiment(curves="power-law", r_max=9, eta=3, limits=Limits(max_jobs=60))


@pytest.fixture(autouse=True)
def _module(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    Path(f"{MODULE}.py").write_text(CODE)
    yield
    sys.modules.pop(MODULE, None)


def refused(capsys, arguments):
    """Return the one line of a command line that is refused before a folder is made."""
    command = [each.replace("mine:", f"{MODULE}:") for each in arguments]
    assert main([*command, "--out", "made"]) == 2
    out, message = capsys.readouterr()
    assert not out
    assert message.count("\n") == 1
    assert not Path("made").exists()
    return message


def test_it_runs_as_the_built_in_one_that_it_is():
    ours = simulate(replace(BASE, scheduler=f"{MODULE}:Mine", scheduler_options={"patience": 2}))
    theirs = simulate(replace(BASE, scheduler="asha"))
    assert ours.trace.jobs.equals(theirs.trace.jobs)
    assert ours.waiting == theirs.waiting


def test_lost_jobs_are_tried_again_as_those_of_a_built_in_one():
    faulty = replace(BASE, faults=replace(BASE.faults, lost_probability=0.01), attempts=2)
    ours = simulate(replace(faulty, scheduler=f"{MODULE}:Mine"))
    theirs = simulate(replace(faulty, scheduler="asha"))
    assert ours.trace.jobs.equals(theirs.trace.jobs)
    assert ours.summary()["lost"] > 0


def test_a_scheduler_that_python_makes_has_any_name():
    def make(searcher, s):
        return ASHA(searcher, r_min=s.r_min, r_max=s.r_max, eta=s.eta)

    run = simulate(replace(BASE, scheduler="some:thing else"), make=make)
    assert run.summary()["scheduler"] == "some:thing else"


@pytest.mark.parametrize("command", ["run", "compare"])
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--scheduler", "mine:Nobody"], "has no 'Nobody'"),
        (["--scheduler", "mine:Partial"], "is a Partial without 'job_lost': give it a method"),
        (["--scheduler", "mine:Silent"], "whose 'job_done' is <bound method"),
        (["--scheduler", "mine:Long"], "whose 'r_max' is 1000: make it a whole number of epochs"),
        (["--scheduler", "mine:Mine", "--scheduler-option", "patienc=2"], "did you mean patience?"),
        (["--scheduler", "mine:Mine", "--scheduler-option", "patience=x"], "give a whole number"),
        (["--scheduler", "mine:Mine", "--scheduler-option", "patience"], "write NAME=VALUE"),
        (["--scheduler", "asha", "--scheduler-option", "patience=2"], "'patience'"),
        (["--searcher", "mine:Mine"], "is 'mine:Mine', but Mine() needs 'searcher': give"),
        (["--searcher", "mine:Draws", "--searcher-option", "size=3"], "option"),
        (["--searcher", "sobol", "--searcher-option", "size=3"], "option"),
        (["--searcher", "mine:Draws", "--order", "given"], "random search's"),
        (["--curves", "mine:Curves:heigth=1"], "did you mean height?"),
        (["--curves", "mine:Curves:height=high"], "option height is 'high': give a number"),
        (["--curves", "mine:Curves:seconds=0.0"], "for epochs 1 to 9: return 9 finite numbers"),
        (["--curves", "mine:Short"], "has the losses (0.5, 0.5, 0.5) for epochs 1 to 9: return 9"),
        (["--curves", "mine:Broken"], "curve() raised KeyError: 'y': fix it"),
        (["--curves", "mine:Draws"], "Draws() needs 'space'"),
        (["--curves", "mine:Curves", "--r-max", "10"], "end at epoch 9, before r_max 10"),
    ],
)
def test_what_cannot_be_is_refused_by_name_before_a_folder_is_made(
    capsys, command, arguments, said
):
    few = ["--seeds", "1", "--workers", "2"] if command == "compare" else []
    curves = [] if "--curves" in arguments else ["--curves", "power-law", "--r-max", "9"]
    message = refused(capsys, [command, *few, *curves, *arguments])
    assert said.replace("mine:", f"{MODULE}:") in message


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ["--scheduler", "mine:Failing"],
            f"mine.py, line {LINE}, job_done() raised AttributeError: ",
        ),
        (["--scheduler", "mine:Lawless"], "breaks the protocol: the job of trial 0 from epoch 0"),
        (["--scheduler", "mine:Endless"], "a searcher that is exhausted draws None"),
        (["--searcher", "mine:Numbered"], "draw() returned 3: return a Trial"),
        (["--searcher", "mine:Draws", "--searcher-option", "start=2"], "trial 2 as number 0"),
        (["--searcher", "mine:Draws", "--searcher-option", "width=3"], "the config has width = 3"),
    ],
)
def test_what_fails_in_the_run_is_one_line(capsys, arguments, said):
    command = [each.replace("mine:", f"{MODULE}:") for each in arguments]
    assert main(["run", "--curves", "power-law", "--r-max", "9", "--max-jobs", "60", *command]) == 2
    message = capsys.readouterr().err.replace(MODULE, "mine")
    assert message.count("\n") == 1
    assert said in message


def test_a_searcher_gets_what_it_names_and_comes_after_the_first_configs(capsys):
    own_searcher = ["--searcher", f"{MODULE}:Draws", "--searcher-option", "width=64"]
    limits = ["--max-trials", "5", "--first", "learning_rate=0.3,width=32"]
    curves = ["--curves", "power-law", "--r-max", "9", "--scheduler", "random"]
    assert main(["run", *curves, *own_searcher, *limits, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["trials"] == 5  # the constructor was offered the four that are left
    assert told["best_config"]["learning_rate"] in {0.1, 0.2, 0.3}


def test_a_searcher_over_a_table_tries_the_nearest_recorded_config(capsys):
    learning_rates = f"{MODULE}:Rates"
    with Path(f"{MODULE}.py").open("a") as file:
        file.write(
            "class Rates(Draws):\n"
            "    def draw(self):\n"
            "        trial = super().draw()\n"
            "        rate = {'learning_rate': 0.05, 'batch_size': 64}\n"
            "        return None if trial is None else Trial(trial.number, rate)\n"
        )
    assert main(["run", "--searcher", learning_rates, "--max-trials", "3", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["trials"] == 3


def test_curves_take_their_settings_from_the_word():
    [low, high] = [
        simulate(replace(BASE, curves=f"{MODULE}:Curves:height={height}")) for height in (0.5, 2)
    ]
    assert high.summary()["best_loss"] == 4 * low.summary()["best_loss"]


def test_a_sampler_of_optuna_is_nobodys_own():
    tpe = replace(BASE, searcher="optuna:tpe")
    assert own.digests(tpe) == {}
    with pytest.raises(InputError, match="option of any searcher of optuna:tpe"):
        own.fit([replace(tpe, searcher_options={"tpe": 1})])


def test_an_option_goes_to_those_that_have_it():
    mine = f"{MODULE}:Mine"
    given = [
        replace(BASE, scheduler=name, scheduler_options={"patience": 2}) for name in ("sh", mine)
    ]
    assert [each.scheduler_options for each in own.fit(given)] == [{}, {"patience": 2}]
    with pytest.raises(
        InputError, match="'patience' is not an option of any scheduler of sh: leave it"
    ):
        own.fit(given[:1])
    misspelt = [replace(each, scheduler_options={"patienc": 2}) for each in given]
    with pytest.raises(InputError, match="did you mean patience"):
        own.fit(misspelt)


def test_a_study_has_it_on_an_axis_with_its_options():
    text = (
        f'title = "own"\nmeasures = ["jobs"]\nseeds = 1\nexperiment.curves = "power-law"\n'
        f'axes.scheduler = ["asha", "{MODULE}:Mine"]\naxes.scheduler_options.patience = [1, 2]\n'
    )
    study = parse(text, Path("own.toml"))
    experiments.check(study)
    options = [cell.experiment.scheduler_options for cell in study.cells]
    assert options == [{}, {}, {"patience": 1}, {"patience": 2}]
    with pytest.raises(InputError, match="did you mean patience"):
        _ = parse(text.replace("patience", "patiense"), Path("own.toml")).cells
    wrong = parse(text.replace("[1, 2]", '["a"]'), Path("own.toml"))
    with pytest.raises(InputError, match=r"at scheduler .*patience is 'a': give a whole number"):
        experiments.check(wrong)


def test_an_experiment_without_options_is_written_as_it_always_was():
    assert "_options" not in BASE.to_toml()
    given = replace(BASE, scheduler=f"{MODULE}:Mine", scheduler_options={"patience": 2})
    assert Experiment.from_toml(given.to_toml(), "a file") == given


def test_live_refuses_it_before_a_folder_is_made(capsys):
    pytest.importorskip("torch")
    live = ["live", "--data", "subset", "--max-trials", "2"]
    assert "without 'job_lost'" in refused(capsys, [*live, "--scheduler", "mine:Partial"])
