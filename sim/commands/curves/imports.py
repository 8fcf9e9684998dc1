"""The actions `rungsim curves import` and `export`: convert other tools' logs to tables and back.

Owns their options and what they print; the reading is `learning_curves.importers`'s.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from learning_curves.errors import InputError
from sim.commands import values
from sim.reports.screen import console, figure, to_json

if TYPE_CHECKING:
    from learning_curves.tables.outliers import Outlier
    from learning_curves.tables.tabular import Tabular

# As in `learning_curves.importers.options`, whose import of numpy would slow --help down.
_FORMATS = ("tidy", "syne-tune", "lcdb", "lcbench", "optuna")
_SUFFIXES = (".csv", ".parquet")


def add_arguments(actions: Any) -> None:
    """Add the arguments of the two actions to the subparsers `actions`."""
    importing = actions.add_parser("import", help="make a table from the logs of other tools")
    importing.add_argument("source", metavar="SOURCE", help="a file, a folder, or a storage's URL")
    importing.add_argument(
        "--out", type=values.path, required=True, metavar="FILE", help="the table, .csv or .parquet"
    )
    importing.add_argument(
        "--format",
        choices=_FORMATS,
        help="the format of SOURCE (default: guessed from its name and first bytes)",
    )
    _add_tidy(importing.add_argument_group("tidy: CSV, Parquet or JSON lines, columns of any name"))
    _add_named(importing.add_argument_group("which part of the source"))
    _add_rules(importing.add_argument_group("how to read curves"))
    card = importing.add_argument_group("the card")
    card.add_argument(
        "--space",
        metavar="NAME|FILE.json|SPACE",
        help="the space: a packaged one, ConfigSpace's JSON, or one line such as "
        "lr=loguniform(1e-4,1),act=choice(relu,tanh)",
    )
    card.add_argument("--licence", default="", help="the licence of the curves")
    exporting = actions.add_parser("export", help="write a table for other tools")
    exporting.add_argument("table", metavar="NAME|PATH", help="a shipped table, or a file")
    exporting.add_argument(
        "--out", type=values.path, required=True, metavar="FILE|FOLDER", help="where to"
    )
    exporting.add_argument(
        "--format",
        choices=("tidy", "syne-tune"),
        default="tidy",
        help="a .csv or .parquet file, or a blackbox folder of Syne Tune (default: %(default)s)",
    )
    for action in (importing, exporting):
        action.add_argument("--json", action="store_true", help="print JSON instead of lines")


def _add_tidy(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--map",
        dest="columns",
        type=_pairs,
        default={},
        metavar="OURS=THEIRS,..",
        help="the source's column for epoch, validation_error, seconds, config_id, seed, start",
    )
    group.add_argument(
        "--where",
        action="append",
        default=[],
        metavar="COLUMN=VALUE",
        help="read only the rows with this value, such as tag=validation/loss; may be repeated",
    )
    group.add_argument(
        "--hyperparameters",
        type=_names,
        metavar="NAME,..",
        help="the columns that are hyperparameters (default: all others)",
    )
    group.add_argument(
        "--wide",
        metavar="PATTERN",
        help="a row is a training, and its losses are in columns such as acc_{epoch}",
    )
    group.add_argument("--wide-seconds", metavar="PATTERN", help="the same for the seconds")
    group.add_argument(
        "--empty",
        choices=("diverged", "absent"),
        help="an empty or null loss means: diverged (inf), or not measured (default: an "
        "error; with --wide not measured)",
    )


def _add_named(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--task", metavar="NAME", help="syne-tune, lcbench; lcdb: an openmlid")
    group.add_argument("--objective", metavar="NAME", help="syne-tune, lcdb, lcbench: the metric")
    group.add_argument("--time-objective", metavar="NAME", help="syne-tune: the seconds")
    group.add_argument("--study", metavar="NAME", help="optuna: the study")


def _add_rules(group: argparse._ArgumentGroup) -> None:
    group.add_argument(
        "--metric-is",
        choices=("lower", "higher"),
        help="which value of the metric is better (default: lower)",
    )
    group.add_argument(
        "--flip",
        choices=("one-minus", "percent", "negate"),
        help="how a metric where higher is better becomes a loss: 1 - x, (100 - x) / 100 or -x "
        "(default: 1 - x if all lie in [0, 1], else -x)",
    )
    group.add_argument(
        "--seconds-are",
        choices=("per-epoch", "cumulative", "stamps"),
        help="seconds of each epoch, since the beginning of the training, or times of day at "
        "the end of an epoch (default: per-epoch; syne-tune: cumulative)",
    )
    group.add_argument(
        "--seconds-per-epoch",
        type=values.number,
        metavar="S",
        help="seconds of every epoch, if they were not recorded",
    )
    group.add_argument(
        "--least-seconds", type=values.number, metavar="S", help="minimum seconds of an epoch"
    )
    group.add_argument(
        "--drop-epoch-0", action="store_true", help="epoch 0 is the state before training"
    )
    group.add_argument(
        "--anchors",
        action="store_true",
        help="epoch k is the k-th of the source's epochs, such as 0, 1, 2, .. or 100, 200, ..",
    )
    group.add_argument(
        "--nan",
        choices=("diverged", "absent"),
        help="a loss of NaN means: diverged (inf), or not measured (default: diverged; an "
        "error if a later loss is a number)",
    )
    group.add_argument(
        "--equal-configs",
        choices=("seeds", "apart"),
        default="seeds",
        help="runs of equal hyperparameters are seeds of one config, or separate configs with "
        "the run as one more hyperparameter (default: %(default)s)",
    )
    group.add_argument(
        "--r-max", type=values.Whole(1), metavar="N", help="keep the first N epochs only"
    )
    group.add_argument(
        "--incomplete",
        choices=("refuse", "drop", "cut"),
        default="refuse",
        help="curves that end early: refuse them with an error, drop them, or cut all curves "
        "at the shortest one's last epoch (default: %(default)s)",
    )


def main(args: argparse.Namespace) -> int:
    """Import or export, depending on `args.action`."""
    return _export(args) if args.action == "export" else _import(args)


def _import(args: argparse.Namespace) -> int:
    from learning_curves.importers import reading  # noqa: PLC0415  imports numpy
    from learning_curves.importers.assembly import checked  # noqa: PLC0415  imports numpy
    from learning_curves.importers.options import Options  # noqa: PLC0415  quick --help
    from sim.reports.progress_bar import ProgressBar  # noqa: PLC0415  quick --help

    _check_out(args.out)
    given: dict[str, Any] = vars(args) | {"name": args.out.stem, "where": tuple(args.where)}
    options = Options(**{each.name: given[each.name] for each in fields(Options)})
    form = args.format or reading.guess(args.source)
    lines = [] if args.format else [f"{args.source} is read in the format {form} (--format)"]
    _refuse_overwriting(args.source, args.out)
    with ProgressBar(f"reading {args.source}", None, unit="bytes") as bar:
        imported = reading.read(args.source, form, options, bar.reach)
    table = checked(imported, args.out)
    table.write(args.out)
    lines += [*imported.notes, *(f"known flaw: {flaw}" for flaw in table.card.known_flaws)]
    _tell(args.out, lines, imported.counts, as_json=args.json)
    return 0


def _export(args: argparse.Namespace) -> int:
    from learning_curves.importers.formats import syne_tune_export  # noqa: PLC0415  imports numpy
    from learning_curves.tables.tabular import load  # noqa: PLC0415  imports numpy
    from sim.reports import report  # noqa: PLC0415  quick --help

    if args.format == "tidy":
        _check_out(args.out)
    else:
        report.check_place(args.out)
    table: Tabular = load(args.table)
    if args.format == "syne-tune":
        syne_tune_export.write(table, args.out)
        told = f"{args.out}: {len(table.configs)} configs to epoch {table.r_max}, for Syne Tune"
        found: dict[str, Any] = {"out": str(args.out), "configs": len(table.configs)}
        if args.json:
            print(to_json(found), end="")  # noqa: T201  the answer
        else:
            console().print(told)
        return 0
    table.write(args.out)
    _tell(args.out, [], {}, as_json=args.json)
    return 0


def _tell(out: Path, lines: Sequence[str], counts: Any, *, as_json: bool) -> None:
    """Print the decisions, and a summary of the table as `curves check` does."""
    from learning_curves.tables.outliers import outlying_seconds  # noqa: PLC0415  imports numpy
    from learning_curves.tables.summary import summary  # noqa: PLC0415  imports numpy
    from learning_curves.tables.tabular import load  # noqa: PLC0415  imports numpy

    table = load(out)
    found, outliers = summary(table), outlying_seconds(table)
    warn(str(out), outliers)
    if as_json:
        told = {"table": str(out), "notes": list(lines), **counts, **found}
        listed = [asdict(each) for each in outliers]
        print(to_json(told | {"outlying_seconds": listed}), end="")  # noqa: T201  the answer
        return
    for line in lines:
        console().print(line)
    console().print(
        f"{out}: ok, {found['configs']} configs, {found['curves']} curves to epoch "
        f"{found['r_max']}, best final error {figure(found['best_loss'])}"
    )


def warn(name: str, outliers: list[Outlier]) -> None:
    """Print a line on standard error if a table has outlying seconds."""
    from learning_curves.tables.outliers import warning  # noqa: PLC0415  imports numpy

    if said := warning(outliers):
        console(stderr=True).print(f"warning: {name}: {said}", soft_wrap=True)


def _check_out(out: Path) -> None:
    """Raise if no table can be written to `out`, before the source is read."""
    from sim.reports import report  # noqa: PLC0415  quick --help

    if out.suffix not in _SUFFIXES:
        raise InputError(f"--out is {out}: a table's name ends in .csv or .parquet")
    report.check_file(out, "--out")


def _refuse_overwriting(source: str, out: Path) -> None:
    for written in (out, out.with_suffix(".toml")):
        if written.exists() and written.resolve() == Path(source).resolve():
            raise InputError(f"--out {out} would overwrite the source: give another name")
    card = out.with_suffix(".toml")
    of_source = card.resolve() == Path(f"{source.removesuffix(Path(source).suffix)}.toml").resolve()
    if card.exists() and (of_source or not out.exists()):
        raise InputError(
            f"--out {out} would overwrite {card}, the card of something else: give another name"
        )


def _pairs(text: str) -> dict[str, str]:
    pairs = [pair.partition("=") for pair in text.split(",")]
    if not all(ours and equals and theirs for ours, equals, theirs in pairs):
        raise argparse.ArgumentTypeError(f"{text!r} is not a list such as epoch=step,seconds=time")
    return {ours.strip(): theirs for ours, _, theirs in pairs}


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split(",") if name)
