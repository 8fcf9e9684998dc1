"""Live PyTorch training: schedulers on real training, and tables recorded from it.

>>> import real, sim
>>> experiment = real.LiveExperiment(
...     task="softmax", data="subset", workers=2, limits=sim.Limits(max_jobs=8)
... )
>>> training = experiment.recipe().trainer({"learning_rate": 0.1, "batch_size": 64}, seed=0)
>>> training.train_epoch() < 0.6  # the validation error after the first epoch
True

A live run: a `LiveExperiment` describes it; `begin` writes it into a folder; `run` trains until it
ends, from where its journal ends; `as_run` returns the result in the form of a simulated run, to be
measured and drawn alike; `read_experiment` returns the experiment of a folder, so that `run` can
resume it.

Recording: a `Recording` describes which configs are trained and for how long; `record` trains them
and writes the table.

Your own training: `Task` and `Trainer` are the two protocols; `check_task` checks their laws.

PyTorch must be installed: ``pip install 'rungsim[live]'``. Each name is imported when it is first
used.
"""

from typing import TYPE_CHECKING

from learning_curves._lazy import lazily

if TYPE_CHECKING:
    from real.live import LiveExperiment, begin, run
    from real.live import read as read_experiment
    from real.recorder.record import Recording, record
    from real.results import as_run
    from real.tasks.check import check_task
    from real.tasks.task import Task, Trainer
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "LiveExperiment": "real.live:LiveExperiment",
            "Recording": "real.recorder.record:Recording",
            "Task": "real.tasks.task:Task",
            "Trainer": "real.tasks.task:Trainer",
            "as_run": "real.results:as_run",
            "begin": "real.live:begin",
            "check_task": "real.tasks.check:check_task",
            "read_experiment": "real.live:read",
            "record": "real.recorder.record:record",
            "run": "real.live:run",
        },
    )

__all__ = [
    "LiveExperiment",
    "Recording",
    "Task",
    "Trainer",
    "as_run",
    "begin",
    "check_task",
    "read_experiment",
    "record",
    "run",
]
