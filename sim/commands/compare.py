"""The command `rungsim compare`: schedulers side by side, on one worker and on many.

Owns its options and what it prints and draws.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from contextlib import nullcontext
from dataclasses import replace
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.commands import options, values

if TYPE_CHECKING:
    import pandas as pd

    from sim.experiments.experiment import Experiment
    from sim.studies.comparison import Measured

_SCHEDULERS = ("random", "random-batch", "sh", "asha")

EPILOG = """\
examples:
  rungsim compare                                      the main job
  rungsim compare --scheduler sh,sh-overlap,asha --workers 1,16,256 --seeds 50 --against sh
  rungsim compare --curves lenet-fashion-mnist --seconds d2l-gpu --straggler-sigma 0.5
  rungsim compare --curves power-law:crossing=1,take-off:crossing=1:noise=0.01

Each run gets the same budget of epochs, so that schedulers differ in what they do with it. Seeds
are paired: at one seed all meet the same configs and the same faults. Where jobs straggle, each run
is made without stragglers, too, and the difference is told, seed by seed.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `rungsim compare`."""
    parser.add_argument(
        "--curves",
        type=lambda text: tuple(text.split(",")),
        metavar="NAME|PATH,...",
        help=f"tables, or any of {options.FAMILIES} (default: the shipped tables)",
    )
    parser.add_argument(
        "--scheduler",
        type=options.names_of(options.SCHEDULER_NAMES),
        default=_SCHEDULERS,
        metavar="NAME,...",
        help=f"of {', '.join(options.SCHEDULER_NAMES)} (default: {','.join(_SCHEDULERS)})",
    )
    parser.add_argument(
        "--against",
        choices=options.SCHEDULER_NAMES,
        metavar="NAME",
        help="one of them: also tell what the others gain over it on as many workers, seed by seed",
    )
    parser.add_argument(
        "--workers",
        type=options.whole_numbers,
        default=(1, 2, 4, 8, 16),
        metavar="N,...",
        help="how many; speedup is against the fewest (default: 1,2,4,8,16)",
    )
    parser.add_argument("--seed", type=values.SEED, default=0, help="the first seed (default: 0)")
    parser.add_argument(
        "--seeds", type=values.Whole(1), default=20, metavar="N", help="(default: 20)"
    )
    parser.add_argument(
        "--target",
        type=values.number,
        metavar="LOSS",
        help="of the time to target; does not end a run (default: what a tenth of the table's "
        "configs reach)",
    )
    parser.add_argument(
        "--processes",
        type=values.processes(),
        default=os.cpu_count() or 1,
        metavar="N",
        help="to work in; the results are the same on any number (default: %(default)s)",
    )
    options.add_force(parser)
    options.add_searcher(parser)
    options.add_scheduler(parser)
    options.add_cluster(parser)
    options.add_limits(parser, target_ends=False)
    options.add_out(
        parser,
        default="rungsim-compare",
        what="for each curve source a folder with runs.csv, comparison.csv, comparison.json, "
        "experiment.toml and pictures",
    )


def main(args: argparse.Namespace) -> int:
    """Run the comparison on each source of curves; write, draw and print it."""
    from learning_curves import sources  # noqa: PLC0415  quick --help
    from learning_curves.errors import InputError  # noqa: PLC0415  quick --help
    from learning_curves.tables.tabular import shipped  # noqa: PLC0415  quick --help
    from sim.experiments import run as experiment_runs  # noqa: PLC0415  quick --help
    from sim.reports import memory, report, screen  # noqa: PLC0415  quick --help
    from sim.studies import comparison  # noqa: PLC0415  quick --help

    options.refuse_without_effect(args, args.scheduler)
    if args.against is not None and set(args.scheduler) <= {args.against}:
        raise InputError(f"--against {args.against}: compare another scheduler with it")
    if args.against is not None and args.against not in args.scheduler:
        raise InputError(f"--against {args.against} is not compared: add it to --scheduler")
    # All of them are looked at before the first one runs.
    warnings: list[str] = []
    plans: dict[Path, tuple[Experiment, list[Experiment], float]] = {}
    for curves in args.curves or shipped():
        most = options.experiment(
            args, target_ends=False, curves=curves, seed=args.seed, workers=max(args.workers)
        )
        base = experiment_runs.bounded(most)
        kinds = [
            replace(base, scheduler=scheduler, workers=workers)
            for scheduler in args.scheduler
            for workers in set(args.workers)
        ]
        runs = len(kinds) * args.seeds
        warnings.append(memory.check(kinds, force=args.force, runs=runs, processes=args.processes))
        experiments = comparison.grid(
            base,
            schedulers=args.scheduler,
            workers=sorted(set(args.workers)),
            seeds=args.seeds,
        )
        for each in experiments:
            experiment_runs.check(each)
        target = args.target
        if target is None:
            target = comparison.default_target(base)
        elif not isfinite(target):
            raise InputError(f"the target is {target}: give a loss")
        folder = Path(args.out, sources.folder_name(curves))
        if folder in plans:
            raise InputError(f"two curve sources are named {folder.name}: compare them in turn")
        plans[folder] = base, experiments, target
    for folder in plans:
        report.prepare(folder)
    for warning in warnings:
        memory.warn(warning)

    told: list[dict[str, Any]] = []
    with comparison.pool_of(args.processes) if args.processes > 1 else nullcontext() as pool:
        pictures: list[Future[None]] = []
        for folder, (base, experiments, target) in plans.items():
            measured = _measure(experiments, target, pool, base.curves)
            runs = comparison.by_seed(measured)
            cells = comparison.by_cell(runs, args.seed)
            effects = comparison.effects(runs, args.seed) if _straggles(measured) else None
            others = {} if effects is None else {"straggling": effects}
            if args.against is not None:
                others["gains"] = comparison.gains(runs, args.against, args.seed)
            told.append(report.write_comparison(base, runs, cells, others, target, folder))
            if args.no_plots:
                pass
            elif pool is None:
                _draw(base, measured, cells, effects, target, folder)
            else:  # while the next source is measured
                pictures.append(pool.submit(_draw, base, measured, cells, effects, target, folder))
            if not args.json:
                report.print_comparison(base, cells, target, args.seeds)
                if effects is not None:
                    report.print_effects(base, effects, args.seeds)
                if args.against is not None:
                    report.print_gains(base, others["gains"], args.against, args.seeds)
                screen.console().print(f"written to {folder}\n")
        for each_picture in pictures:
            each_picture.result()
    if args.json:
        print(screen.to_json(told), end="")  # noqa: T201  the answer
    return 0


def _measure(
    experiments: Sequence[Experiment], target: float, pool: Executor | None, name: str
) -> list[Measured]:
    from rich.progress import (  # noqa: PLC0415  quick --help
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TimeRemainingColumn,
    )

    from sim.reports import screen  # noqa: PLC0415  quick --help
    from sim.studies import comparison  # noqa: PLC0415  quick --help

    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    console = screen.console(stderr=True)
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
        measured = comparison.measure_all(experiments, target, pool)
        return list(bar.track(measured, total=len(experiments), description=name))


def _straggles(measured: Sequence[Measured]) -> bool:
    """Tell whether each run has a twin without stragglers."""
    return measured[0].without is not None


def _draw(
    base: Experiment,
    measured: Sequence[Measured],
    cells: pd.DataFrame,
    effects: pd.DataFrame | None,
    target: float,
    folder: Path,
) -> None:
    """Draw the comparison, and a short run of each scheduler to show how it works."""
    from sim.experiments.run import simulate  # noqa: PLC0415  quick --help
    from sim.reports import plots, report  # noqa: PLC0415  imports matplotlib

    schedulers = list(dict.fromkeys(each.experiment.scheduler for each in measured))
    counts = sorted({each.experiment.workers for each in measured})
    workers = counts[len(counts) // 2]
    shown = [each for each in measured if each.experiment.workers == workers]
    seeds = len(shown) // len(schedulers)
    title = f"{base.curves}, {workers} workers: median, quartiles of {seeds} seeds"
    plots.incumbents(
        {
            name: [each.incumbent for each in shown if each.experiment.scheduler == name]
            for name in schedulers
        },
        folder / "incumbent.png",
        end=max(each.end_seconds for each in shown),
        title=title,
        target=target,
    )
    plots.utilisation(cells, folder / "utilisation.png", title=base.curves)
    plots.speedup(cells, folder / "speedup.png", title=f"{base.curves}, time to {target:.3g}")
    if effects is not None:
        plots.effects(effects, folder / "straggling.png", title=f"{base.curves}: straggling")

    short = replace(base, workers=workers, limits=report.short(base))
    runs = {name: simulate(replace(short, scheduler=name)) for name in schedulers}
    titles = {
        name: f"{name}: a short run on {base.curves}, {workers} workers, seed {base.seed}"
        for name in schedulers
    }
    plots.gantts({titles[name]: run.trace for name, run in runs.items()}, folder / "gantt.png")
    for name, run in runs.items():
        plots.losses(run.points(), folder / f"losses-{name}.png", title=titles[name])
        if len(run.trace.jobs["stop"].unique()) > 1:
            plots.rungs(run.trace, folder / f"rungs-{name}.png", title=titles[name])
