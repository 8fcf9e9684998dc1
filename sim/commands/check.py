"""The command `rungsim check`: a scheduler, searcher, source of curves or task against its laws.

Owns its options and what it prints.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from learning_curves import own
from learning_curves.errors import InputError, need
from sim.commands import options, values
from sim.commands.options import SCHEDULER_NAMES, SEARCHER_NAMES
from sim.schedulers.rungs.stopping_rules import RULES

if TYPE_CHECKING:
    from learning_curves.laws import Checked

_KIT = "hypothesis", "rungsim check", "testing"  # what it needs, and the extra that brings it

EPILOG = """\
examples:
  rungsim check mine:Mine                     your own scheduler, the class Mine in mine.py
  rungsim check mine:Mine --laws quota,lost   two laws only
  rungsim check mine:Mine --out broken        save the report and the Gantt chart of each broken law
  rungsim check asha-stopping --rule ray      a built-in scheduler
  rungsim check --searcher mine:Mine          your own searcher
  rungsim check --curves mine:Curves          your own source of curves
  rungsim check --task mine:Task              your own training (needs torch)
  rungsim check --list                        the laws of schedulers

The exit code is 1 if a law is broken.
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `rungsim check`."""
    what = parser.add_argument_group("what to check, one of")
    what.add_argument(
        "scheduler",
        nargs="?",
        type=values.OneOf(SCHEDULER_NAMES, own=True),
        metavar="SCHEDULER",
        help="a scheduler: module:Class for your own, or the name of a built-in one",
    )
    what.add_argument(
        "--searcher",
        type=values.OneOf(SEARCHER_NAMES, own=True),
        metavar="NAME",
        help="a searcher",
    )
    what.add_argument("--curves", metavar="NAME|PATH", help="a source of curves")
    what.add_argument("--task", metavar="NAME", help="a task of live training")
    what.add_argument("--list", action="store_true", help="print the laws of schedulers, and exit")
    parser.add_argument(
        "--laws",
        metavar="NAME,...",
        help="the laws to check a scheduler against (default: those of every scheduler, and those "
        "that it claims)",
    )
    parser.add_argument(
        "--max-examples",
        type=values.Whole(1),
        metavar="N",
        help="number of random runs per check (default: 200; 50 spaces for a searcher)",
    )
    parser.add_argument(
        "--configs",
        type=values.Whole(1),
        metavar="N",
        help="number of configs of curves or of a task (default: 5; 2 for a task)",
    )
    parser.add_argument(
        "--epochs",
        type=values.Whole(2),
        default=3,
        metavar="N",
        help="number of epochs to train a task for (default: %(default)s)",
    )
    parser.add_argument(
        "--seed", type=values.SEED, default=0, metavar="N", help="seed of the search (default: 0)"
    )
    parser.add_argument(
        "--rule", choices=RULES, default="top-k", help="the rule of a built-in scheduler"
    )
    parser.add_argument(
        "--lost",
        type=values.lost,
        default="inf",
        metavar="{inf,drop}",
        help="what a lost trial of a built-in scheduler leaves at its rung (default: inf)",
    )
    for each in ("scheduler", "searcher"):
        options.add_own_options(parser, each)
    parser.add_argument(
        "--out",
        type=values.path,
        metavar="DIR",
        help="write LAW.txt, the report of each broken law, and LAW.png, its Gantt chart",
    )
    parser.add_argument("--no-plots", action="store_true", help="write no Gantt chart")


def main(args: argparse.Namespace) -> int:
    """Check what is named, and print a table of its laws."""
    from sim.reports.screen import console  # noqa: PLC0415

    screen = console()
    if args.list:
        need(*_KIT)
        from sim.testing.laws import CLAIMED, LAWS  # noqa: PLC0415

        for law in LAWS.values():
            claimed = " (if it is claimed)" if law.name in CLAIMED else ""
            screen.print(f"{law.name:14}{law.sentence}{claimed}\n{'':14}Catches: {law.mistake}")
        return 0
    broken = 0
    for result in _results(args):
        screen.print(str(result))
        if result.broken is not None:
            broken += 1
            screen.print(f"\n{result.broken.details}\n" if result.broken.details else "")
            if args.out is not None:
                _save(result, args.out, plots=not args.no_plots)
    said = "every law that was checked holds" if not broken else f"{broken} broken"
    screen.print(f"laws: {said}")
    return int(broken > 0)


def _results(args: argparse.Namespace) -> Iterator[Checked]:
    """Return the results of the check that is asked for."""
    checks: dict[str, Callable[[argparse.Namespace], Iterator[Checked]]] = {
        "scheduler": _scheduler,
        "searcher": _searcher,
        "curves": _curves,
        "task": _task,
    }
    named = [each for each in checks if getattr(args, each) is not None]
    if len(named) != 1:
        said = f"{' and '.join(named)} are named" if named else "nothing is named"
        raise InputError(
            f"{said}: name one scheduler, such as mine:Mine, or one --searcher, --curves or --task"
        )
    return checks[named[0]](args)


def _scheduler(args: argparse.Namespace) -> Iterator[Checked]:
    need(*_KIT)
    from sim.reports.progress_bar import ProgressBar  # noqa: PLC0415
    from sim.testing.by_name import scheduler_factory  # noqa: PLC0415
    from sim.testing.checking import MAX_EXAMPLES, check_laws  # noqa: PLC0415

    fixed = {name: getattr(args, name) for name in ("rule", "lost") if name in args.given}
    factory = scheduler_factory(args.scheduler, own.options(args.scheduler_option), **fixed)
    laws = None if args.laws is None else args.laws.split(",")
    examples = args.max_examples or MAX_EXAMPLES
    with ProgressBar(args.scheduler, examples, unit="random runs") as bar:
        yield from check_laws(
            factory, max_examples=examples, laws=laws, seed=args.seed, each=bar.advance
        )


def _searcher(args: argparse.Namespace) -> Iterator[Checked]:
    need(*_KIT)
    from sim.testing.by_name import searcher_factory  # noqa: PLC0415
    from sim.testing.searchers import MAX_EXAMPLES, searcher_results  # noqa: PLC0415

    factory = searcher_factory(args.searcher, own.options(args.searcher_option))
    return searcher_results(factory, max_examples=args.max_examples or MAX_EXAMPLES, seed=args.seed)


def _curves(args: argparse.Namespace) -> Iterator[Checked]:
    from learning_curves import sources  # noqa: PLC0415
    from learning_curves.own.check_curves import results  # noqa: PLC0415

    return results(sources.find(args.curves), configs=args.configs or 5, seed=args.seed)


def _task(args: argparse.Namespace) -> Iterator[Checked]:
    from importlib import import_module  # noqa: PLC0415

    found: Iterator[Checked] = import_module("real.commands.check_task").check(
        args.task, {}, configs=args.configs or 2, epochs=args.epochs, seed=args.seed
    )
    return found


def _save(result: Checked, folder: Path, *, plots: bool) -> None:
    """Write the report of a broken law, and its chart if it has one."""
    from learning_curves.files import replacing  # noqa: PLC0415
    from sim.testing.explain import BrokenRun  # noqa: PLC0415

    assert result.broken is not None
    folder.mkdir(parents=True, exist_ok=True)
    with replacing(folder / f"{result.law.name}.txt") as part:
        part.write_text(f"{result.broken}\n", encoding="utf-8")
    if plots and isinstance(result.broken, BrokenRun):
        result.broken.save_chart(folder / f"{result.law.name}.png")
