"""The action `rungsim curves space`: shows a space, and configs drawn from it.

Owns where a space is looked for, and how it is put before a person. What imports numpy is imported
Owns the lookup of a space and how it is printed. Modules that import numpy are imported where they
are used.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any

from learning_curves.errors import InputError, for_the_user
from sim.commands import values
from sim.reports.screen import figure, print_table, to_json

if TYPE_CHECKING:
    from learning_curves.spaces.space import Domain, Space


def add_arguments(actions: Any) -> argparse.ArgumentParser:
    """Add the action to those of `rungsim curves`; return its parser."""
    parser: argparse.ArgumentParser = actions.add_parser(
        "space", help="show a space, draw from it, or write it for ConfigSpace"
    )
    parser.add_argument(
        "space",
        metavar="NAME|PATH|SPACE",
        help="a packaged space such as d2l-mlp, ConfigSpace's JSON (.json), a table, or a space in "
        "one line such as lr=loguniform(1e-4,1),act=choice(relu,tanh)",
    )
    parser.add_argument(
        "--out",
        type=values.path,
        metavar="FILE.json",
        help="write the space to this file as ConfigSpace's JSON",
    )
    parser.add_argument(
        "--sample", type=values.Whole(1, 10**6), metavar="N", help="also print N drawn configs"
    )
    parser.add_argument(
        "--seed", type=values.SEED, default=0, metavar="N", help="seed of the draws (default: 0)"
    )
    return parser


def main(args: argparse.Namespace) -> int:
    """Run the action and return its exit code.

    Raises
    ------
    InputError
        There is no such space, it is malformed, or ConfigSpace's format cannot hold it.

    """
    from learning_curves.spaces import configspace_json, scale  # noqa: PLC0415  imports numpy
    from learning_curves.spaces.space import to_dict  # noqa: PLC0415  imports numpy
    from sim.reports import report  # noqa: PLC0415  imports numpy

    space = _load(args.space)
    if args.out is not None and args.out.suffix != ".json":
        raise InputError(f"--out is {args.out}: end the name in .json")
    if args.out is not None:
        report.check_file(args.out, "--out")
    configs = _draws(space, args.seed, args.sample or 0)
    plain = to_dict(space)
    levels = {name: scale.levels(domain) for name, domain in space.items()}
    medians = {name: _median(domain) for name, domain in space.items()}
    if args.out is not None:
        configspace_json.write(space, args.out)
    if args.json:
        found = {"space": plain, "levels": levels, "medians": medians}
        draws = {"seed": args.seed, "configs": configs} if configs else {}
        print(to_json(found | draws), end="")  # noqa: T201  the answer
        return 0
    print_table(
        args.space,
        ["hyperparameter", "drawn from", "levels", "median"],
        [
            [name, domain_text(domain), _cell(levels[name]), _cell(medians[name])]
            for name, domain in plain.items()
        ],
    )
    if configs:
        print_table(
            f"the first {len(configs)} configs of random search, seed {args.seed}",
            list(space),
            [[figure(value) for value in config.values()] for config in configs],
        )
    return 0


def domain_text(domain: Mapping[str, Any]) -> str:
    """Return the text of a domain in the form of `learning_curves.spaces.space.to_dict`.

    >>> domain_text({"distribution": "uniform", "args": [0], "scale": 0.5})
    'uniform(0, scale=0.5)'
    >>> domain_text({"choices": ["sgd", "adam"], "weights": [1, 3]})
    'sgd (weight 1), adam (weight 3)'
    """
    match domain:
        case {"distribution": kind, "args": args, **keywords}:
            named = [f"{name}={value}" for name, value in keywords.items()]
            return f"{kind}({', '.join([*map(str, args), *named])})"
        case {"choices": choices, "weights": weights}:
            told = [
                f"{choice} (weight {each:g})" for choice, each in zip(choices, weights, strict=True)
            ]
        case {"choices": choices}:
            told = list(map(str, choices))
        case _:
            return str(domain["constant"])
    if len(told) > 8:
        return f"{', '.join(told[:6])}, .. {told[-1]} ({len(told)} choices)"
    return ", ".join(told)


def _load(name_or_path: str) -> Space:
    from learning_curves.spaces import inline, space_files  # noqa: PLC0415  as above
    from learning_curves.tables import tabular  # noqa: PLC0415  as above

    of_no_table = name_or_path in space_files.names() or name_or_path.endswith(".json")
    if of_no_table or inline.is_inline(name_or_path):
        return space_files.find(name_or_path)
    try:
        return tabular.load(name_or_path).space
    except tabular.MissingTableError as error:
        raise InputError(
            f"{error}; the packaged spaces are {', '.join(space_files.names())}"
        ) from None


def _draws(space: Space, seed: int, count: int) -> list[Mapping[str, Any]]:
    from sim.searchers import draws  # noqa: PLC0415  imports numpy

    with for_the_user():  # the seed may be out of range
        return list(islice(draws(space, seed), count))


def _median(domain: Domain) -> float | None:
    """Return the median of a prior of numbers; None for choices and constants."""
    from learning_curves.spaces import space as spaces  # noqa: PLC0415  imports numpy

    if not spaces.is_distribution(domain):
        return None
    median = float(domain.median())
    return int(median) if spaces.is_whole(domain) else median


def _cell(value: float | None) -> str:
    return "-" if value is None else figure(value)
