"""What the parsed options of a command line describe: an experiment, its limits.

Owns how options become an `Experiment`, and which of them are refused beside others. The options
are declared in `options`.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields, replace
from typing import TYPE_CHECKING, Any

from sim import adapters
from sim.commands import options
from sim.commands.options import faults
from sim.schedulers.catalogue import RULES_OF, SCHEDULERS, settings_used

if TYPE_CHECKING:
    from sim.experiments.experiment import Experiment
    from sim.jobs.limits import Limits


def limits(args: argparse.Namespace, *, target_ends: bool) -> Limits:
    """Return the limits that the options describe; see `add_limits`.

    Raises
    ------
    InputError
        A value is out of its range.

    """
    from learning_curves.errors import for_the_user  # noqa: PLC0415  quick --help
    from sim.jobs.limits import Limits  # noqa: PLC0415  quick --help

    with for_the_user():
        return Limits(
            max_seconds=args.max_seconds,
            max_jobs=args.max_jobs,
            max_epochs=args.max_epochs,
            target=args.target if target_ends else None,
            max_finished=args.max_finished if target_ends else None,
        )


def experiment(
    args: argparse.Namespace,
    *,
    target_ends: bool,
    base: Experiment | None = None,
    **others: object,
) -> Experiment:
    """Return the experiment that the options describe; see `add_limits` for `target_ends`.

    With a `base`, such as one read from a file, the options that were given replace its values.

    Raises
    ------
    InputError
        A value is out of its range.

    """
    from learning_curves.errors import for_the_user  # noqa: PLC0415  quick --help
    from sim.experiments.experiment import Experiment  # noqa: PLC0415  quick --help
    from sim.jobs.costs import Costs  # noqa: PLC0415  quick --help

    if base is not None:
        args = _filled(args, base)
        others = {name: getattr(args, name) for name in others}
    with for_the_user():
        costs = Costs(
            start_seconds=args.start_seconds,
            restore_seconds=args.restore_seconds,
            save_seconds=args.save_seconds,
            checkpoints=not args.no_checkpoints,
        )
    settings: dict[str, Any] = {
        "seconds": args.seconds,
        "eta": args.eta,
        "r_min": args.r_min,
        "r_max": args.r_max,
        "rule": args.rule,
        "prefact": args.prefact,
        "attempts": args.attempts,
        "lost": args.lost,
        "speeds": args.speeds,
        "straggler_sigma": args.straggler_sigma,
        "scheduler_options": _own_options(args, base, "scheduler"),
        "searcher": args.searcher,
        "searcher_options": _own_options(args, base, "searcher"),
        "order": args.order,
        "first": tuple(args.first),
        "max_trials": args.max_trials,
        "grid_points": args.grid_points,
        "limits": limits(args, target_ends=target_ends),
        "costs": costs,
        "faults": faults.faults(args),
    }
    settings |= others
    return Experiment(**settings) if base is None else replace(base, **settings)


def _own_options(args: argparse.Namespace, base: Experiment | None, what: str) -> dict[str, Any]:
    """Return the options of a scheduler or searcher of the user's own.

    The options of the `base` stay unless another object is named.
    """
    from learning_curves import own  # noqa: PLC0415  quick --help

    stay = base is not None and getattr(base, what) == getattr(args, what)
    before = getattr(base, f"{what}_options") if stay else {}
    return {**before, **own.options(getattr(args, f"{what}_option"))}


def _filled(args: argparse.Namespace, base: Experiment) -> argparse.Namespace:
    """Return `args` with the values of `base` for all options that were not given."""
    plain = {each.name: getattr(base, each.name) for each in fields(base)}
    for part in ("limits", "costs", "faults"):
        plain |= asdict(plain.pop(part))
    plain["no_checkpoints"] = not plain.pop("checkpoints")
    given = {name: value for name, value in vars(args).items() if name in args.given}
    return argparse.Namespace(**(vars(args) | plain | given))


def refuse_without_effect(args: argparse.Namespace, schedulers: Sequence[str]) -> None:
    """Raise if a setting was given that none of the `schedulers` uses; a default is never refused.

    Raises
    ------
    InputError
        It names the option, and the schedulers that use it.

    """
    from learning_curves.errors import InputError  # noqa: PLC0415  quick --help

    parser = argparse.ArgumentParser()
    options.add_scheduler(parser)
    defaults = vars(parser.parse_args([]))
    used = {name: settings_used(name) for name in SCHEDULERS}
    for name, rules in RULES_OF.items():
        if args.rule not in rules:
            used[name] -= {"rule"}
    known = dict.fromkeys(adapters.names(), frozenset({"eta", "r_min"})) | used
    for name in ("eta", "r_min", "rule", "prefact"):
        if name not in args.given or getattr(args, name) == defaults[name]:
            continue
        if not any(name in known.get(each, {name}) for each in schedulers):
            users = ", ".join(each for each in used if name in used[each])
            raise InputError(
                f"--{name.replace('_', '-')} {getattr(args, name)} has no effect on "
                f"{', '.join(schedulers)}: leave it out, or choose from {users}"
            )


def refuse_beside(args: argparse.Namespace, what: str, *, free: Iterable[str], remedy: str) -> None:
    """Raise if an option was given that `what` already sets; those named in `free` may be given.

    Raises
    ------
    InputError
        It names the first such option.

    """
    from learning_curves.errors import InputError  # noqa: PLC0415  quick --help

    for name in sorted(args.given - set(free)):
        raise InputError(
            f"--{name.replace('_', '-')} is {getattr(args, name)} beside {what}: {remedy}"
        )
