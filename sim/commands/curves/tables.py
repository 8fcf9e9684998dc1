"""The command `rungsim curves`: lists tables, shows one, checks one.

Owns the words and the printing; the figures are `learning_curves.tables.summary`'s. What
imports numpy is imported where it is used, so that `--help` and a mistyped argument are answered
Owns the printing; the figures are `learning_curves.tables.summary`'s. Modules that import numpy are
imported where they are used, so that `--help` and errors are fast.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from learning_curves.errors import InputError, printable
from sim.commands import options
from sim.commands.curves import imports, spaces, surrogates
from sim.reports.screen import console, figure, print_table, to_json

if TYPE_CHECKING:
    from learning_curves.tables.card import Card
    from learning_curves.tables.tabular import Tabular


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `rungsim curves` to `parser`."""
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="list the shipped tables and the closed forms")
    show = actions.add_parser("show", help="show the content of a table")
    show.add_argument(
        "table", metavar="NAME|PATH", help="a shipped table, a file, or a closed form: 64 curves"
    )
    show.add_argument(
        "--plot",
        type=options.picture,
        metavar="FILE",
        help="draw the curves to this file, .png, .svg or .pdf",
    )
    check = actions.add_parser("check", help="check files against the rules for tables")
    check.add_argument("tables", metavar="NAME|PATH", nargs="+", help="shipped tables, or files")
    surrogates.add_check(check)
    space = spaces.add_arguments(actions)
    for action in (listing, show, check, space):
        action.add_argument("--json", action="store_true", help="print JSON instead of tables")
    imports.add_arguments(actions)
    surrogates.add_fit(actions)


def main(args: argparse.Namespace) -> int:
    """Run `rungsim curves` and return its exit code: 2 if a file that was checked is broken.

    Raises
    ------
    InputError
        There is no such table to show, or it breaks a rule.

    """
    match args.action:
        case "list":
            return _list(as_json=args.json)
        case "show":
            return _show(args.table, args.plot, as_json=args.json)
        case "import" | "export":
            return imports.main(args)
        case "fit":
            return surrogates.fit(args)
        case "space":
            return spaces.main(args)
        case _:
            if not args.surrogate:
                surrogates.refuse_without(args)
            return _check(args)


def _list(*, as_json: bool) -> int:
    from learning_curves.tables.summary import summary  # noqa: PLC0415  imports numpy
    from learning_curves.tables.tabular import load, shipped  # noqa: PLC0415  imports numpy

    found = [summary(load(name)) for name in shipped()]
    if as_json:
        _print_json(found)
        return 0
    keys = ("name", "title", "configs", "seeds", "r_max")
    print_table(
        "shipped tables",
        ["name", "what", "configs", "seeds", "r_max", "best error", "hours"],
        [
            [*(str(each[key]) for key in keys), figure(each["best_loss"]), f"{each['hours']:.1f}"]
            for each in found
        ],
    )
    _print_families()
    return 0


def _print_families() -> None:
    from learning_curves.sources import FAMILIES  # noqa: PLC0415  imports numpy
    from learning_curves.synthetic.settings import defaults  # noqa: PLC0415  imports numpy

    console().print()
    print_table(
        "closed forms, with settings such as power-law:crossing=0.5:noise=0.01",
        ["name", "what", "settings and their defaults"],
        [
            [name, each.what, ", ".join(f"{key}={value}" for key, value in defaults(each).items())]
            for name, each in FAMILIES.items()
        ],
    )


def _show(name_or_path: str, plot: Path | None, *, as_json: bool) -> int:
    from learning_curves.sources import find  # noqa: PLC0415  imports numpy
    from learning_curves.tables.sampled import sampled  # noqa: PLC0415  imports numpy
    from learning_curves.tables.summary import summary  # noqa: PLC0415  imports numpy
    from learning_curves.tables.tabular import Tabular  # noqa: PLC0415  imports numpy

    if plot is not None:
        from sim.reports import report  # noqa: PLC0415  imports numpy

        report.check_file(plot, "--plot")
    source = find(name_or_path)
    table = source if isinstance(source, Tabular) else sampled(source, name_or_path)
    found = summary(table)
    if as_json:
        _print_json({**found, "card": asdict(table.card)})
    else:
        _print_card(table.card)
        _print_summary(found)
    if plot is not None:
        from sim.reports.plots import curves  # noqa: PLC0415  imports matplotlib

        curves(table, plot)
    return 0


def _check(args: argparse.Namespace) -> int:
    from learning_curves.tables.outliers import outlying_seconds  # noqa: PLC0415  imports numpy
    from learning_curves.tables.summary import summary  # noqa: PLC0415  imports numpy
    from learning_curves.tables.tabular import load  # noqa: PLC0415  imports numpy

    results: list[dict[str, Any]] = []
    sound: dict[str, Tabular] = {}
    for name in args.tables:
        try:
            table = load(name)
            outliers = outlying_seconds(table)
            listed = [asdict(each) for each in outliers]
            results.append(
                {"table": name, "ok": True, **summary(table), "outlying_seconds": listed}
            )
            sound[name] = table
            imports.warn(name, outliers)
        except InputError as error:
            results.append({"table": name, "ok": False, "error": str(error)})
    for each in results:
        if not each["ok"]:
            console(stderr=True).print(printable(each["error"]))
        elif not args.json:
            console().print(
                f"{each['table']}: ok, {each['configs']} configs, {each['curves']} curves to epoch "
                f"{each['r_max']}, best final error {figure(each['best_loss'])}"
            )
    if args.surrogate:
        judged = surrogates.check(args, sound)
        for each in results:
            if each["ok"]:
                each["surrogates"] = judged[each["table"]]
    if args.json:
        _print_json(results)
    return 0 if all(each["ok"] for each in results) else 2


def _print_card(card: Card) -> None:
    screen = console()
    screen.print(f"{card.name}: {card.title}" if card.title else card.name)
    sections = {"task": card.task, "recording": card.recording}
    for title, section in sections.items():
        if section:
            screen.print(f"{title}:")
            for key, value in section.items():
                screen.print(f"  {key}: {value}")
    if card.licence:
        screen.print(f"licence: {card.licence}")
    for flaw in card.known_flaws:
        screen.print(f"known flaw: {flaw}")
    print_table(
        "space",
        ["hyperparameter", "drawn from"],
        [[name, spaces.domain_text(domain)] for name, domain in card.space.items()],
    )


def _print_summary(found: Mapping[str, Any]) -> None:
    screen = console()
    counts = [f"{name} {found[name]}" for name in ("configs", "seeds", "curves", "diverged")]
    screen.print(f"{', '.join(counts)}, r_max {found['r_max']}, hours {found['hours']:.1f}")
    names = list(found["seconds_quantiles"])
    quantiles = [{"0": "least", "0.5": "median", "1": "most"}.get(name, name) for name in names]
    print_table(
        f"{found['metric']} by quantile, and its rank correlation with the final one",
        ["after epoch", *quantiles, "correlation"],
        [
            [str(level["epoch"])]
            + [figure(level["loss_quantiles"][name]) for name in names]
            + ["-" if (rho := level["rank_correlation"]) is None else f"{rho:.3f}"]
            for level in found["levels"]
        ],
    )
    print_table(
        "seconds of an epoch by quantile",
        quantiles,
        [[figure(found["seconds_quantiles"][name]) for name in names]],
    )
    best = [f"{name} {figure(value)}" for name, value in found["best_config"].items()]
    screen.print(f"best final error {figure(found['best_loss'])}: {', '.join(best)}")


def _print_json(value: object) -> None:
    print(to_json(value), end="")  # noqa: T201  the answer
