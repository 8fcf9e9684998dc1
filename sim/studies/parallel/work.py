"""The work of a process: to make runs of a study, and to return their figures.

Owns what is measured of a run, and when a process is sent the inputs. Must not know the order of
the runs (`plan`), nor where the process is.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor, Future
from functools import partial
from hashlib import sha256
from math import inf
from typing import Any, TypeAlias

from sim.experiments import parts
from sim.experiments.experiment import Experiment
from sim.experiments.measures import measured
from sim.experiments.run import simulate
from sim.experiments.target import default_target
from sim.studies.parallel import inputs
from sim.studies.parallel.pool import Here, Pools
from sim.studies.study import Study, naming

Made: TypeAlias = list[tuple[list[float], int]]
"""The figures of some runs, and how many jobs each had."""


class Work:
    """Gives runs of a study to processes, and elsewhere the inputs of the study, too.

    Parameters
    ----------
    study
        The study.
    pools
        The processes. Each is sent the inputs once: a task names them, and a process that lacks
        them says so.

    Attributes
    ----------
    here
        Whether all work is done in this process.

    """

    def __init__(self, study: Study, pools: Pools) -> None:
        self.here = isinstance(pools.now()[0], Here)
        self._study = study
        content = b"" if self.here else inputs.packed(study)
        self._inputs = pools.shared(content) if content else None
        self._call = partial(
            _made,
            measures=tuple(study.measures),
            target=study.target,
            digest=sha256(content).hexdigest() if content else "",
        )

    def begin(self, pool: Executor) -> Future[Any]:
        """Have a process import rungsim and return its versions, for `begun`."""
        function, name = inputs.QUESTION
        return pool.submit(function, name)

    def begun(self, future: Future[Any]) -> Made:
        """Return that no run has been made yet; raise if the process cannot make the same runs.

        Raises
        ------
        InputError
            It lacks rungsim, or has another version of it, or of a library.

        """
        inputs.check_answer(future.result, "a worker")
        return []

    def submit(
        self, pool: Executor, places: Sequence[int], *, with_inputs: bool = False
    ) -> Future[Made | None]:
        """Have a process make the runs at these places of the grid.

        Returns
        -------
        Future
            Their figures, or None: the process lacks the inputs. It raises an InputError if the
            process cannot make runs of this study, or a run cannot go on.

        """
        experiments = [self._study.run_at(place) for place in places]
        return pool.submit(self._call, experiments, self._inputs if with_inputs else None)


def _made(
    experiments: Sequence[Experiment],
    content: Any,  # bytes or None: what `Pools.shared` returned has been replaced
    *,
    measures: tuple[str, ...],
    target: float | None,
    digest: str,
) -> Made | None:
    """Return, for each experiment, the figures of its run, and how many jobs it had.

    None if it needs inputs with this `digest` that this process lacks; see `inputs.opened`.
    """
    curves = inputs.opened(digest, content) if digest else {}
    if curves is None:
        return None
    with parts.adopted(curves, digest):
        return [_measure(each, measures, target) for each in experiments]


def _measure(
    experiment: Experiment, measures: tuple[str, ...], target: float | None
) -> tuple[list[float], int]:
    with naming({experiment.scheduler: f"with seed {experiment.seed}"}):
        run = simulate(experiment)
    if target is None and "time_to_target" in measures:
        # One target for all seeds, whatever the curves of a seed are.
        target = default_target(Experiment(curves=experiment.curves, r_max=experiment.r_max))
    values = measured(run, measures, -inf if target is None else target)
    return values, len(run.trace.jobs)
