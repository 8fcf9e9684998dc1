"""A valid small file of every format that a command reads, and the commands that read it.

Owns the formats. Must not know how a file is damaged, or what a command's answer must be.
"""

import gzip
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pyarrow.csv
import pyarrow.parquet

from sim.commands.cli import main

Call = tuple[str, ...] | Callable[[], int]


@dataclass(frozen=True)
class Source:
    """A format.

    Parameters
    ----------
    make
        Writes the valid files into the current folder.
    damaged
        The files to damage.
    calls
        Command lines that read them, or a function that does and returns an exit code.
    weight
        How often it is drawn.

    """

    make: Callable[[], object]
    damaged: tuple[str, ...]
    calls: tuple[Call, ...]
    weight: int = 1


_SPACE = """\
name = "t"
title = "four configs"
r_max = 2
seeds = [0, 1]
train_examples = 10
licence = "CC0-1.0"
known_flaws = ["few"]

[space.lr]
distribution = "loguniform"
args = [0.0001, 1.0]

[space.act]
choices = ["relu", "tanh"]

[space.batch_size]
distribution = "randint"
args = [1, 500]

[space.fixed]
constant = 3

[task]
name = "t"

[recording]
device = "cpu"
threads = 1
"""
_TABLE = "config_id,lr,act,batch_size,fixed,seed,epoch,validation_error,seconds\n" + "".join(
    f"{number},{lr},{act},{16 << number},3,{seed},{epoch},{loss / epoch},1.{seed}\n"
    for number, (lr, act, loss) in enumerate(
        [(0.1, "relu", 0.5), (0.01, "tanh", 1), (0.2, "tanh", 0.8), (0.02, "relu", 0.7)]
    )
    for seed in (0, 1)
    for epoch in (1, 2)
)


def _text(name, text):
    Path(name).parent.mkdir(exist_ok=True)
    Path(name).write_text(text, encoding="utf-8")


def _table():
    _text("t.csv", _TABLE)
    _text("t.toml", _SPACE)


def _without_card():
    _text("t.csv", _TABLE)


def _parquet_table():
    _table()
    table = pyarrow.csv.read_csv("t.csv")
    Path("t.csv").unlink()
    pyarrow.parquet.write_table(table, "t.parquet")


def _reads(name):
    return (
        ("curves", "check", name, "--json"),
        ("curves", "show", name),
        ("curves", "space", name),
        ("curves", "export", name, "--out", "e.parquet"),
        ("curves", "export", name, "--out", "e", "--format", "syne-tune"),
        ("run", "--curves", name, "--max-jobs", "3", "--json"),
    )


_COSTED = ("run", "--curves", "t.csv", "--max-jobs", "3", "--seconds", "d2l-gpu")


def _surrogate():
    _text("s/table.csv", _TABLE)
    _text("s/table.toml", _SPACE)
    from learning_curves.tables.tabular import load

    _text(
        "s/surrogate.toml",
        f'regressor = "nearest"\nseed = 0\ntable_sha256 = "{load("s/table.csv").sha256}"\n'
        'scikit_learn = "1"\n\n[kernels]\nlosses = [1.0, 1.0, 1.0]\nseconds = [1.0, 1.0, 1.0]\n',
    )


def _configspace():
    said = {
        "name": "space",
        "hyperparameters": [
            {"type": "uniform_float", "name": "lr", "lower": 1e-4, "upper": 1.0, "log": True},
            {"type": "uniform_int", "name": "layers", "lower": 1, "upper": 4, "log": False},
            {"type": "categorical", "name": "act", "choices": ["relu", "tanh"], "weights": [1, 2]},
            {"type": "normal_float", "name": "n", "mu": 0, "sigma": 1, "lower": -1, "upper": 2},
            {"type": "beta_float", "name": "b", "alpha": 2, "beta": 3, "lower": 0, "upper": 1},
            {"type": "constant", "name": "fixed", "value": 3},
        ],
        "conditions": [],
        "forbiddens": [],
        "format_version": 0.4,
    }
    _text("x.json", json.dumps(said, indent=1))


def _tidy():
    rows = "".join(
        f"{run},{lr},{width},{step},{loss / step},{step * 1.5}\n"
        for run, (lr, width, loss) in enumerate([(0.1, 16, 0.5), (0.01, 32, 1)])
        for step in (1, 2)
    )
    _text("log.csv", f"run,lr,width,step,loss,time\n{rows}")
    _text("wide.csv", "lr,acc_1,acc_2,s_1,s_2\n0.1,0.5,0.6,1,1\n0.2,0.4,nan,1,2\n")
    pyarrow.parquet.write_table(pyarrow.csv.read_csv("log.csv"), "log.parquet")
    said = {"hyperparameters": [{"type": "constant", "name": "width", "value": 16}]}
    said["hyperparameters"][0] = {"type": "ordinal", "name": "width", "sequence": [16, 32]}
    _text("space.json", json.dumps(said))


_MAP = ("--map", "epoch=step,validation_error=loss,seconds=time,config_id=run")
_IMPORT = ("curves", "import")
_OUT = ("--out", "o.csv")


def _syne_tune():
    _table()
    assert main(["curves", "export", "t.csv", "--out", "b", "--format", "syne-tune"]) == 0
    Path("t.csv").unlink()
    Path("t.toml").unlink()


def _lcdb():
    header = "openmlid,learner,size_train,size_test,outer_seed,inner_seed,traintime,score_train,"
    rows = "".join(
        f"61,{learner},{size},15,{seed},0,0.002{size},0.9,0.{size},0.7\n"
        for learner in ("SVC", "Tree")
        for seed in (0, 1)
        for size in (16, 23)
    )
    _text("database-accuracy.csv", f"{header}score_valid,score_test\n{rows}")


def _lcbench():
    def run(size):
        log = {
            "epoch": [0, 1, 2],
            "Train/val_accuracy": [10.0, 50.0, 75.0],
            "time": [1.0, 3.0, 6.0],
        }
        config = {"batch_size": size, "learning_rate": 0.01, "num_layers": True, "optimizer": "sgd"}
        return {"config": config, "log": log, "results": {"final_val_accuracy": 75.0}}

    _text("lc.json", json.dumps({"adult": {"0": run(64), "1": run(128)}}, indent=1))


def _optuna():
    import datetime as dt
    import warnings

    import optuna

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    of = optuna.distributions
    space = {
        "lr": of.FloatDistribution(0.001, 1.0, log=True),
        "layers": of.IntDistribution(1, 4),
        "drop": of.FloatDistribution(0.0, 0.5, step=0.25),
        "act": of.CategoricalDistribution(["relu", None]),
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        study = optuna.create_study(study_name="mine", storage="sqlite:///study.db")
        for lr in (0.1, 0.2):
            trial = optuna.trial.create_trial(
                params={"lr": lr, "layers": 2, "drop": 0.25, "act": None},
                distributions=space,
                intermediate_values={1: 0.5, 2: 0.4},
                value=0.4,
            )
            trial.datetime_start = dt.datetime(2026, 1, 1)  # noqa: DTZ001  Optuna's are naive
            trial.datetime_complete = trial.datetime_start + dt.timedelta(seconds=6)
            study.add_trial(trial)
    study._storage.remove_session()
    study._storage._backend.engine.dispose()


def _experiment():
    _text(
        "e.toml",
        'notes = {rungsim = "0.1.0"}\ncurves = "power-law"\nscheduler = "asha"\neta = 2\n'
        "workers = 2\nr_max = 4\n"
        "max_trials = 5\nspeeds = [1.0, 0.5]\nseed = 1\n\n[[first]]\nlearning_rate = 0.1\n"
        "width = 16\n\n[limits]\nmax_jobs = 6\nmax_epochs = 12\nmax_seconds = 50.0\n\n"
        "[costs]\nstart_seconds = 0.5\ncheckpoints = true\n\n[faults]\nlost_probability = 0.01\n"
        "timetable = [[0, 0.0, 9.0]]\n",
    )
    _text("w.csv", "worker,joins,leaves\n0,0,10\n1,2.5,inf\n0,12,20\n")


_STUDY = """\
title = "two schedulers"
measures = ["end_seconds", "best_loss"]
seeds = 2
target = 0.5

[experiment]
curves = "power-law"
r_max = 4

[experiment.limits]
max_jobs = 5

[axes]
scheduler = ["sh", "asha"]
workers = [1, 2]

[laws]

[speedups]
end_seconds = "workers"

[fits]
end_seconds = "workers"

[pictures.ends]
x = "workers"
y = ["end_seconds"]
lines = ["scheduler"]
"""
_STUDYING = ("study", "s.toml", "--out", "o", "--processes", "1", "--no-plots", "--json")


def _study():
    _text("s.toml", _STUDY)


def _study_begun():
    _study()
    assert main(list(_STUDYING)) == 0
    lines = Path("o/runs.csv").read_bytes().splitlines(keepends=True)
    Path("o/runs.csv").write_bytes(b"".join(lines[:-2]))


def _live():
    from learning_curves import files
    from real import live
    from real.cluster import journal as journals
    from sim.experiments import plain
    from sim.jobs.limits import Limits
    from sim.schedulers import Idle

    Path("live").mkdir()
    limits = Limits(max_epochs=9)
    experiment = live.LiveExperiment(data="subset", r_max=2, workers=1, max_trials=3, limits=limits)
    files.write(Path("live", "experiment.toml"), plain.to_toml(experiment).encode())
    scheduler = live.scheduler(experiment, experiment.recipe())
    now, number = 0.0, 0
    lines = []
    while not isinstance(job := scheduler.next_job(), Idle):
        trial, start, stop, bracket = job
        config = dict(trial.config)
        lines.append(
            journals.Started(now, number, trial.number, config, start, stop, bracket, 0, 0)
        )
        now += 1.0
        losses = [1.0 / (epoch + trial.number) for epoch in range(start + 1, stop + 1)]
        seconds = [0.25] * len(losses)
        lines.append(journals.Reported(now, number, losses, seconds, 0.0, 0.1, ""))
        scheduler.job_done(job, losses)
        number += 1
    lines += [journals.Idled(now, job.name), journals.Ended(now)]
    Path("live", "journal.jsonl").write_bytes(b"".join(map(journals._line, lines)))


_RECORDING = (
    *("record", "--configs", "2", "--r-max", "2", "--data", "subset"),
    *("--out", "r.csv"),
)


def _record():
    """Record with losses made up, since no training is under test."""
    from real.recorder import events, workers

    def train(_, missing, **__):
        for order in missing:
            for epoch in range(1, order.r_max + 1):
                yield events.Epoch(order, epoch, 0.5 / epoch, 1.0)

    workers.train = train
    assert main(list(_RECORDING)) == 0


def _idx():
    for name, content in {
        "images.gz": bytes([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, *range(8)]),
        "labels.gz": bytes([0, 0, 8, 1, 0, 0, 0, 2, 3, 4]),
    }.items():
        Path(name).write_bytes(gzip.compress(content, mtime=0))


def _reading(read, *names):
    """Return a call of a reader that no command calls on a path of the user's."""

    def call():
        from learning_curves.errors import InputError

        for name in names:
            if Path(name).exists():
                try:
                    read(Path(name))
                except InputError as error:
                    import sys

                    print(f"rungsim: {error}", file=sys.stderr)
                    return 2
        return 0

    return call


def _read_trace(path):
    from sim.traces import trace

    trace.read(path)


def _read_idx(path):
    from real.tasks import data

    data.read_idx(path, 3 if path.name == "images.gz" else 1)


def _trace():
    argv = (
        "run",
        "--curves",
        "power-law",
        "--max-jobs",
        "6",
        "--lost-probability",
        "0.01",
        "--no-plots",
    )
    assert main([*argv, "--out", "o"]) == 0
    from sim.traces import trace

    trace.read("o/jobs.parquet").write(Path("jobs.csv"))
    Path("o/jobs.parquet").replace("jobs.parquet")


SOURCES = {
    "table": Source(_table, ("t.csv", "t.csv", "t.toml"), (*_reads("t.csv"), _COSTED), 4),
    "table without a card": Source(_without_card, ("t.csv",), _reads("t.csv"), 2),
    "Parquet table": Source(_parquet_table, ("t.parquet", "t.toml"), _reads("t.parquet"), 3),
    "surrogate": Source(
        _surrogate,
        ("s/surrogate.toml", "s/surrogate.toml", "s/table.toml", "s/table.csv"),
        (("run", "--curves", "s", "--max-jobs", "2", "--json"), ("curves", "show", "s")),
    ),
    "ConfigSpace": Source(
        _configspace,
        ("x.json",),
        (
            ("curves", "space", "x.json", "--sample", "2"),
            ("curves", "space", "x.json", "--json", "--out", "y.json"),
        ),
        3,
    ),
    "tidy": Source(
        _tidy,
        ("log.csv", "log.parquet", "space.json"),
        (
            (*_IMPORT, "log.csv", *_MAP, *_OUT, "--space", "space.json"),
            (*_IMPORT, "log.csv", *_MAP, *_OUT, "--seconds-are", "cumulative"),
            (*_IMPORT, "log.parquet", *_MAP, "--out", "o.parquet", "--space", "space.json"),
            (*_IMPORT, "log.parquet", *_MAP, *_OUT, "--json"),
        ),
        4,
    ),
    "wide": Source(
        _tidy,
        ("wide.csv",),
        (
            (
                *(*_IMPORT, "wide.csv", *_OUT, "--wide", "acc_{epoch}", "--wide-seconds"),
                *("s_{epoch}", "--metric-is", "higher", "--empty", "diverged"),
            ),
        ),
        1,
    ),
    "Syne Tune": Source(
        _syne_tune,
        (
            *("b/configspace.json", "b/metadata.json", "b/hyperparameters.parquet"),
            *("b/fidelities_values.npy", "b/objectives_evaluations.npy", "b/fidelityspace.json"),
        ),
        ((*_IMPORT, "b", *_OUT),),
        4,
    ),
    "LCDB": Source(
        _lcdb,
        ("database-accuracy.csv",),
        (
            (*_IMPORT, "database-accuracy.csv", *_OUT),
            (*_IMPORT, "database-accuracy.csv", *_OUT, "--task", "61", "--least-seconds", "1"),
        ),
        2,
    ),
    "LCBench": Source(_lcbench, ("lc.json",), ((*_IMPORT, "lc.json", *_OUT),), 4),
    "Optuna": Source(
        _optuna,
        ("study.db",),
        (
            (*_IMPORT, "study.db", *_OUT),
            (*_IMPORT, "study.db", *_OUT, "--format", "optuna", "--study", "mine"),
        ),
        4,
    ),
    "experiment": Source(_experiment, ("e.toml",), (("run", "--from", "e.toml", "--json"),), 4),
    "timetable": Source(
        _experiment,
        ("w.csv",),
        (("run", "--curves", "power-law", "--max-jobs", "5", "--timetable", "w.csv"),),
    ),
    "study": Source(_study, ("s.toml",), (_STUDYING,), 4),
    "study begun": Source(_study_begun, ("o/runs.csv", "o/study.toml"), (_STUDYING,), 2),
    "live run": Source(
        _live,
        ("live/journal.jsonl", "live/journal.jsonl", "live/experiment.toml"),
        (("parity", "live", "--no-plots", "--json", "--on", "1"),),
        2,
    ),
    "recording": Source(_record, ("r.csv", "r.toml"), (_RECORDING,), 2),
    "images": Source(
        _idx, ("images.gz", "labels.gz"), (_reading(_read_idx, "images.gz", "labels.gz"),)
    ),
    "trace": Source(
        _trace,
        ("jobs.parquet", "jobs.csv"),
        (_reading(_read_trace, "jobs.parquet", "jobs.csv"),),
        2,
    ),
}
"""The formats by name."""
