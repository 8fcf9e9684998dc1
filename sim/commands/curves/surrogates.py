"""The actions `rungsim curves fit` and `check --surrogate`: fit a surrogate, and evaluate one.

Owns their options and what they print; the figures are
`learning_curves.surrogates.cross_validation`'s and `sim.experiments.fidelity`'s.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import replace
from math import isfinite, isinf
from typing import TYPE_CHECKING, Any

from learning_curves.errors import InputError
from sim.commands import options, values
from sim.reports.screen import console, duration, figure, print_table, to_json

if TYPE_CHECKING:
    from learning_curves.blackbox import Blackbox
    from learning_curves.surrogates.cross_validation import HeldOut
    from learning_curves.tables.tabular import Tabular
    from sim.experiments.experiment import Experiment

# As in `learning_curves.surrogates.regressors`, whose import would slow --help down.
_REGRESSORS = ("gp", "extra-trees", "nearest")
_SCHEDULERS = ("random", "sh", "asha")


def add_fit(actions: Any) -> None:
    """Add the arguments of `rungsim curves fit` to the subparsers `actions`."""
    fit = actions.add_parser(
        "fit",
        help="fit a surrogate: curves over a table's whole space",
        description="Fit a surrogate to a table, for --curves FOLDER. (--curves "
        "surrogate:TABLE fits the default one at the start of a run.)",
    )
    fit.add_argument("table", metavar="NAME|PATH", help="a shipped table, or a file")
    fit.add_argument(
        "--out", type=values.path, required=True, metavar="FOLDER", help="the surrogate's folder"
    )
    fit.add_argument(
        "--regressor",
        choices=_REGRESSORS,
        default=_REGRESSORS[0],
        help="the regression model (default: %(default)s)",
    )
    fit.add_argument(
        "--seed",
        type=values.SEED,
        default=0,
        metavar="N",
        help="seed of the regressor (default: 0)",
    )
    fit.add_argument("--json", action="store_true", help="print JSON instead of lines")


def add_check(check: argparse.ArgumentParser) -> None:
    """Add the arguments of `rungsim curves check --surrogate` to the parser of `check`."""
    check.add_argument(
        "--surrogate",
        action="store_true",
        help="also evaluate a surrogate of each table by cross-validation over its configs",
    )
    group = check.add_argument_group("with --surrogate")
    group.add_argument(
        "--regressor",
        type=options.names_of(_REGRESSORS),
        default=_REGRESSORS[:1],
        metavar="NAME,...",
        help=f"regressors, of {', '.join(_REGRESSORS)} (default: {_REGRESSORS[0]})",
    )
    group.add_argument("--folds", type=values.Whole(2), default=8, metavar="N", help="(default: 8)")
    group.add_argument(
        "--scheduler",
        type=values.NamesOf(options.SCHEDULER_NAMES, own=True),
        default=_SCHEDULERS,
        metavar="NAME,...",
        help="schedulers to run on the table and on the surrogate of held-out configs "
        f"(default: {','.join(_SCHEDULERS)})",
    )
    group.add_argument(
        "--workers", type=values.Whole(1), default=4, help="number of workers (default: 4)"
    )
    group.add_argument(
        "--eta", type=values.Whole(2), default=2, help="reduction factor (default: 2)"
    )
    group.add_argument("--seed", type=values.SEED, default=0, help="the first seed (default: 0)")
    group.add_argument(
        "--seeds", type=values.Whole(1), default=100, metavar="N", help="(default: 100)"
    )
    group.add_argument(
        "--target",
        type=values.number,
        metavar="LOSS",
        help="the loss of the time to target (default: one that a tenth of the table's "
        "configs reach)",
    )
    group.add_argument(
        "--processes",
        type=values.processes(),
        default=os.cpu_count() or 1,
        metavar="N",
        help="number of processes; the results do not depend on it (default: %(default)s)",
    )
    group.add_argument(
        "--out",
        type=values.path,
        metavar="FOLDER",
        help="write the figures as JSON, and pictures of true and predicted curves, to this folder",
    )
    options.add_force(group)


def fit(args: argparse.Namespace) -> int:
    """Fit a surrogate and write its folder."""
    from learning_curves.surrogates import surrogate_folder  # noqa: PLC0415  quick --help
    from learning_curves.surrogates.surrogate import Surrogate  # noqa: PLC0415  quick --help
    from learning_curves.tables.tabular import load  # noqa: PLC0415  quick --help
    from sim.reports import report  # noqa: PLC0415  quick --help

    report.check_place(args.out)
    table = load(args.table)
    learnt = Surrogate(table, args.regressor, args.seed)
    surrogate_folder.write(learnt, args.out)
    if args.json:
        told = {
            "surrogate": str(args.out),
            "table": table.name,
            "regressor": args.regressor,
            "configs": len(table.configs),
            "noise": learnt.noisy,
            "kernels": learnt.kernels,
        }
        print(to_json(told), end="")  # noqa: T201  the answer
        return 0
    noise = "noise from repeated trainings" if learnt.noisy else "one training each, so no noise"
    console().print(
        f"{table.name}: {args.regressor} fitted to {len(table.configs)} configs, {noise}\n"
        f"written to {args.out}: use it as --curves {args.out}; evaluate it with\n"
        f"  rungsim curves check {args.table} --surrogate --regressor {args.regressor}"
    )
    return 0


def refuse_without(args: argparse.Namespace) -> None:
    """Raise if an option of --surrogate was given without it.

    Raises
    ------
    InputError
        It names the option.

    """
    parser = argparse.ArgumentParser()
    add_check(parser)
    for name, default in vars(parser.parse_args([])).items():
        if getattr(args, name) != default:
            raise InputError(f"--{name} has no effect without --surrogate: add that")


def check(
    args: argparse.Namespace, tables: Mapping[str, Tabular]
) -> dict[str, list[dict[str, Any]]]:
    """Evaluate surrogates of tables; print, draw and return their figures.

    Parameters
    ----------
    args
        The parsed command line.
    tables
        The tables, by the name or path on the command line.

    Returns
    -------
    dict
        The figures for each regressor, by the same names.

    Raises
    ------
    InputError
        A value is out of range, or a table has too few configs.

    """
    from learning_curves.surrogates.cross_validation import check_folds, figures, held_out  # noqa: PLC0415  quick --help
    from sim.reports import memory, report  # noqa: PLC0415  quick --help

    if args.target is not None and not isfinite(args.target):
        raise InputError(f"--target is {args.target}: give a loss")
    warnings: list[str] = []
    for name, table in tables.items():
        check_folds(table, args.folds)
        base = _experiment(args, name)
        warnings.append(
            memory.check(
                [replace(base, scheduler=scheduler) for scheduler in args.scheduler],
                force=args.force,
                runs=3 * args.seeds * len(args.scheduler),
                processes=args.processes,
            )
        )
    folder = None if args.out is None else report.check_place(args.out)
    for warning in warnings:
        memory.warn(warning)
    told: dict[str, list[dict[str, Any]]] = {name: [] for name in tables}
    for name, table in tables.items():
        for regressor in args.regressor:
            twin = held_out(table, regressor, args.folds)
            found: dict[str, Any] = {"regressor": regressor, "folds": args.folds, **figures(twin)}
            found |= _fidelity(args, name, twin)
            told[name].append(found)
            if not args.json:
                _print_figures(table.name, found)
            if folder is not None:
                report.make_folder(folder)
                from sim.reports import plots  # noqa: PLC0415  imports matplotlib

                stem = table.name
                if [each.name for each in tables.values()].count(stem) > 1:
                    stem = f"{stem}-{list(tables).index(name)}"
                plots.held_out(twin, folder / f"{stem}-{regressor}.png")
                report.write_text(folder / "surrogates.json", to_json(told))
    if folder is not None and not args.json:
        console().print(f"written to {folder}")
    return told


def _experiment(args: argparse.Namespace, name: str) -> Experiment:
    """Return the experiment that is run with each scheduler; all of them are checked."""
    from sim.experiments.experiment import Experiment  # noqa: PLC0415  quick --help
    from sim.experiments.run import bounded, check  # noqa: PLC0415  quick --help

    base = bounded(Experiment(curves=name, eta=args.eta, workers=args.workers, seed=args.seed))
    for scheduler in args.scheduler:
        check(replace(base, scheduler=scheduler))
    return base


def _fidelity(args: argparse.Namespace, name: str, twin: HeldOut) -> dict[str, Any]:
    """Run the schedulers on the table and on its surrogate."""
    from learning_curves.streams import generator  # noqa: PLC0415  quick --help
    from sim.experiments import fidelity  # noqa: PLC0415  quick --help
    from sim.experiments.target import default_target  # noqa: PLC0415  quick --help
    from sim.reports.progress_bar import ProgressBar  # noqa: PLC0415  quick --help
    from sim.studies.parallel.pool import pool_of  # noqa: PLC0415  quick --help

    table = twin.table
    base = _experiment(args, name)
    target = default_target(base) if args.target is None else args.target
    sources: dict[str, Blackbox] = {
        "table": table,
        "retrained": fidelity.Retrained(table),
        "surrogate": twin,
    }
    many = args.processes > 1 and args.seeds > 1
    bar = ProgressBar(table.name, args.seeds, unit="seeds")
    with bar, pool_of(args.processes if many else 1) as pool:
        runs = fidelity.fates(base, sources, args.scheduler, args.seeds, target, pool)
        fates = [fate for each in bar.track(runs) for fate in each]
    rows = fidelity.by_scheduler(fates).to_dict("records")
    orders = [
        fidelity.order_kept(fates, source, generator(args.seed, "order kept"))
        for source in ("retrained", "surrogate")
    ]
    return {"workers": args.workers, "target": target, "schedulers": rows, "order": orders}


def _print_figures(name: str, found: Mapping[str, Any]) -> None:
    def number(value: float | None, digits: int = 3) -> str:
        return "-" if value is None else f"{value:.{digits}f}"

    print_table(
        f"{name}, {found['regressor']}: held-out configs, {found['folds']} folds",
        [
            "after epoch",
            "mean error",
            "rank correlation",
            "of one training",
            "between trainings",
            "noise recorded",
            "noise drawn",
        ],
        [
            [
                str(level["epoch"]),
                number(level["mean_absolute_error"], 4),
                number(level["rank_correlation"]),
                number(level["of_one_training"]),
                number(level["between_trainings"]),
                number(level["noise_recorded"], 4),
                number(level["noise_drawn"], 4),
            ]
            for level in found["levels"]
        ],
    )
    error = found["seconds_error"]
    one, other = found["noise_correlation_recorded"], found["noise_correlation_drawn"]
    console().print(
        f"noise of one epoch with that of the next: {number(one, 2)} recorded, "
        f"{number(other, 2)} drawn\nseconds up to r_max: off by {error['median']:.1%} (median), "
        f"{error['mean']:.1%} (mean), {error['most']:.1%} (most)\n"
    )
    print_table(
        f"schedulers on {found['workers']} workers, target {figure(found['target'])}",
        [
            "scheduler",
            "on",
            "best error",
            "off by",
            "utilised",
            "time to target",
            "missed",
            "rungs",
        ],
        [
            [
                row["scheduler"],
                row["source"],
                f"{row['best_loss']:.4f}",
                "" if row["source"] == "table" else _off(row),
                f"{row['utilisation']:.1%}",
                duration(row["time_to_target"]),
                str(row["missed"]),
                " ".join(f"{level}:{trials:.0f}" for level, trials in row["rungs"].items()),
            ]
            for row in found["schedulers"]
        ],
    )
    for order in found["order"]:
        console().print(
            f"{order['source']}: the table's order by time to target is kept in {order['kept']} of "
            f"{order['seeds']} seeds, and in the medians of 21 seeds in {order['medians']:.0%} "
            "of resampled experiments"
        )
        for pair in order["pairs"]:
            console().print(
                f"  {pair['first']} before {pair['second']}: {pair['table']} on the table, "
                f"{pair['source']} here; the two agree in {pair['agree']}"
            )
    console().print()


def _off(row: Mapping[str, Any]) -> str:
    if isinf(row["difference"]):
        return "-"
    return f"{row['difference']:+.4f} +- {row['standard_error']:.4f}"
