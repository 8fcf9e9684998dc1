"""The command `rungsim compare`: schedulers side by side, on one worker and on many.

Owns its options and what it prints and draws.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from concurrent.futures import Future
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.commands import grid, options, parsed, values

if TYPE_CHECKING:
    from sim.experiments.experiment import Experiment
    from sim.studies.comparison import Compared
    from sim.studies.study import Study
    from sim.studies.study_log import StudyLog

_SCHEDULERS = ("random", "random-batch", "sh", "asha")
# As in `sim.faults`, whose import would slow --help down.
EFFECTS = ("stragglers", "losses", "crashes", "preemption", "timetable")

EPILOG = """\
examples:
  rungsim compare                                      the main job
  rungsim compare --scheduler sh,sh-overlap,asha --workers 1,16,256 --seeds 50 --against sh
  rungsim compare --curves lenet-fashion-mnist --seconds d2l-gpu --straggler-sigma 0.5
  rungsim compare --curves power-law:crossing=1,take-off:crossing=1:noise=0.01

Each run gets the same budget of epochs, so that schedulers differ in what they do with it. Seeds
are paired: at one seed all meet the same configs and the same faults. Where jobs straggle, each run
is also made without stragglers, and the difference is reported, seed by seed; --effect-of does the
same for other faults. A comparison is a study: the same command continues one that was stopped,
more --seeds, --scheduler or --workers extend it, and `rungsim study DIR/study.toml` runs it, too.
"""


MOST_USED = (
    *("--curves", "--scheduler", "--workers", "--seeds", "--against", "--effect-of", "--target"),
    *("--max-seconds", "--max-epochs", "--prefact", "--straggler-sigma", "--processes", "--out"),
    *("--wide", "--json"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `rungsim compare`."""
    parser.add_argument(
        "--curves",
        type=lambda text: tuple(text.split(",")),
        metavar="NAME|PATH,...",
        help=f"tables, any of {options.FAMILIES}, or module:Class of your own "
        "(default: the shipped tables)",
    )
    parser.add_argument(
        "--scheduler",
        type=values.NamesOf(options.SCHEDULER_NAMES, own=True),
        default=_SCHEDULERS,
        metavar="NAME,...",
        help=f"of {', '.join(options.BUILT_IN)}, or {options.LIBRARIES}, or module:Class of your "
        f"own (default: {','.join(_SCHEDULERS)})",
    )
    parser.add_argument(
        "--against",
        metavar="NAME",
        help="one of them: also report the gains of the others over it on the same number of "
        "workers, seed by seed",
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
        "--effect-of",
        choices=[*EFFECTS, "none"],
        help="the faults whose effect is measured: each run is paired with its twin without them "
        "(default: stragglers, where there are any)",
    )
    grid.add_arguments(parser)
    options.add_searcher(parser)
    options.add_scheduler(parser)
    options.add_cluster(parser)
    options.add_limits(parser, target_ends=False)
    results = options.add_out(
        parser,
        default="rungsim-compare",
        what="for each curve source a folder with runs.csv, comparison.csv, comparison.json, "
        "experiment.toml, study.toml and pictures",
    )
    results.add_argument(
        "--wide", action="store_true", help="print all columns, however narrow the screen"
    )


def main(args: argparse.Namespace) -> int:
    """Run the comparison on each source of curves; write, draw and print it."""
    from learning_curves.errors import INTERRUPTED  # noqa: PLC0415  quick --help
    from sim.reports import comparison_report, screen, study_folder  # noqa: PLC0415  quick --help
    from sim.studies.comparison import Compared  # noqa: PLC0415  quick --help

    plans = _plans(args)  # all of them are checked before the first one runs
    told: list[dict[str, Any]] = []
    draws = not args.no_plots
    studies = {folder: study for folder, (_, study) in plans.items()}
    opened = study_folder.opened(studies, overwrite=args.overwrite)
    with opened as logs, grid.opened_pools(args, _left(logs.values())) as pools:
        pictures: list[Future[None]] = []
        for folder, (base, study) in plans.items():
            grid.clear(study, folder, logs[folder], draws=draws)
            try:
                grid.run(study, logs[folder], pools, base.curves)
            except grid.Interrupted as how:
                screen.console(stderr=True).print(f"rungsim compare: {how}")
                return INTERRUPTED
            compared = Compared(study, logs[folder].values)
            told.append(comparison_report.write(base, compared, folder))
            if not args.json:
                comparison_report.show(base, compared, wide=args.wide)
                screen.console().print(f"written to {folder}\n")
            # In a process of its own, while the next source is measured; only now, since a thread
            # pickles `compared`, which must not compute and keep more of its figures meanwhile.
            if draws:
                pictures.append(pools.helper.submit(_draw, compared, folder, args.format))
        for each in pictures:
            each.result()
    if args.json:
        print(screen.to_json(told), end="")  # noqa: T201  the answer
    return 0


def _left(logs: Iterable[StudyLog]) -> int:
    """Return how many runs are left."""
    return sum(len(log.missing) for log in logs)


def _plans(args: argparse.Namespace) -> dict[Path, tuple[Experiment, Study]]:
    """Return the comparison of each source of curves, and its base, by folder."""
    from learning_curves import sources  # noqa: PLC0415  quick --help
    from learning_curves.errors import InputError  # noqa: PLC0415  quick --help
    from learning_curves.tables.tabular import shipped  # noqa: PLC0415  quick --help
    from sim.experiments import run as experiment_runs  # noqa: PLC0415  quick --help
    from sim.experiments.target import default_target  # noqa: PLC0415  quick --help
    from sim.reports import memory  # noqa: PLC0415  quick --help
    from sim.studies.comparison import comparison  # noqa: PLC0415  quick --help

    parsed.refuse_without_effect(args, args.scheduler)
    if args.against is not None and set(args.scheduler) <= {args.against}:
        raise InputError(f"--against {args.against}: compare another scheduler with it")
    if args.against is not None and args.against not in args.scheduler:
        raise InputError(f"--against {args.against} is not compared: add it to --scheduler")
    warnings: list[str] = []
    plans: dict[Path, tuple[Experiment, Study]] = {}
    for curves in args.curves or shipped():
        most = parsed.experiment(
            args, target_ends=False, curves=curves, seed=args.seed, workers=max(args.workers)
        )
        base = experiment_runs.bounded(most)
        if args.target is not None and not isfinite(args.target):
            raise InputError(f"the target is {args.target}: give a loss")
        folder = Path(args.out, sources.folder_name(curves))
        if folder in plans:
            raise InputError(f"two curve sources are named {folder.name}: compare them in turn")
        study = comparison(
            base,
            schedulers=args.scheduler,
            workers=sorted(set(args.workers)),
            seeds=args.seeds,
            target=default_target(base) if args.target is None else args.target,
            against=args.against,
            effect_of=args.effect_of,
            path=folder / "study.toml",
        )
        warnings.append(grid.check(study, args))
        plans[folder] = base, study
    for warning in warnings:
        memory.warn(warning)
    return plans


def _draw(compared: Compared, folder: Path, kind: str) -> None:
    """Draw the pictures of a comparison; in a process of its own where there are several."""
    from sim.reports import study_pictures  # noqa: PLC0415  imports matplotlib
    from sim.studies.results import Results  # noqa: PLC0415  quick --help

    study_pictures.draw(Results(compared.study, compared.values), folder, suffix=f".{kind}")
