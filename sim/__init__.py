"""Schedulers of hyperparameter optimisation, run on a simulated cluster over learning curves.

>>> import sim
>>> experiment = sim.Experiment(
...     curves="softmax-fashion-mnist", workers=4, limits=sim.Limits(max_epochs=200)
... )
>>> run = sim.simulate(experiment)
>>> round(run.summary()["utilisation"], 2)
0.98
>>> figure = run.plot.gantt()  # a Matplotlib figure

One run: an `Experiment` describes it, with its `Limits`, `Costs` and `Faults`; `read_experiment`
reads one from a file; `simulate` runs it and returns a `Run`. A notebook shows a `Run` as its
figures and its Gantt chart.

Results: `Run.trace` is a `Trace`, the log of all jobs; `read_trace` reads one from a file;
`metrics` measures it and `plots` draws it.

Many runs: `compare` runs schedulers on several numbers of workers. A `Study` is a grid of
experiments; `read_study` reads one from a file, and `run_study` runs it.

The parts: `schedulers` decide which job a worker gets, `searchers` which config a trial gets, and
`faults` what goes wrong. `adapters` are the schedulers of other libraries. `testing` holds a
scheduler of your own to the laws of the protocol; it needs Hypothesis.

Bad input raises `learning_curves.InputError`. Each name is imported when it is first used.
"""

from typing import TYPE_CHECKING

from learning_curves._lazy import lazily

if TYPE_CHECKING:
    from sim import adapters, faults, schedulers, searchers, testing
    from sim.experiments.experiment import Experiment
    from sim.experiments.experiment import read as read_experiment
    from sim.experiments.run import Run, simulate
    from sim.faults import Faults
    from sim.jobs.costs import Costs
    from sim.jobs.limits import Limits
    from sim.reports import plots
    from sim.reports.study_notebook import run_study
    from sim.studies.runner import compare
    from sim.studies.study import Study
    from sim.studies.study_file import read as read_study
    from sim.traces import metrics
    from sim.traces.trace import Trace
    from sim.traces.trace import read as read_trace
else:
    __getattr__, __dir__ = lazily(
        __name__,
        {
            "Costs": "sim.jobs.costs:Costs",
            "Experiment": "sim.experiments.experiment:Experiment",
            "Faults": "sim.faults:Faults",
            "Limits": "sim.jobs.limits:Limits",
            "Run": "sim.experiments.run:Run",
            "Study": "sim.studies.study:Study",
            "Trace": "sim.traces.trace:Trace",
            "adapters": "sim.adapters",
            "compare": "sim.studies.runner:compare",
            "faults": "sim.faults",
            "metrics": "sim.traces.metrics",
            "plots": "sim.reports.plots",
            "read_experiment": "sim.experiments.experiment:read",
            "read_study": "sim.studies.study_file:read",
            "read_trace": "sim.traces.trace:read",
            "run_study": "sim.reports.study_notebook:run_study",
            "schedulers": "sim.schedulers",
            "searchers": "sim.searchers",
            "simulate": "sim.experiments.run:simulate",
            "testing": "sim.testing",
        },
    )

__all__ = [
    "Costs",
    "Experiment",
    "Faults",
    "Limits",
    "Run",
    "Study",
    "Trace",
    "adapters",
    "compare",
    "faults",
    "metrics",
    "plots",
    "read_experiment",
    "read_study",
    "read_trace",
    "run_study",
    "schedulers",
    "searchers",
    "simulate",
    "testing",
]
