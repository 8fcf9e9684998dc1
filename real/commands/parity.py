"""`rungsim parity`: a live run against its own simulation.

Owns the command's options and what it prints and draws. The measures are
`sim.experiments.parity`'s, the curves and costs `sim.traces.replay`'s.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from learning_curves.errors import INTERRUPTED
from real.commands import live as live_command
from real.commands import torch_options
from sim.commands import options, parsed, values

if TYPE_CHECKING:
    from real.live import LiveExperiment
    from sim.experiments.run import Run
    from sim.traces.replay import Lived

EPILOG = """\
examples:
  rungsim parity rungsim-live                            a live run that has ended
  rungsim parity --data full --max-trials 27 --out live  run live first, then compare

The simulation uses measurements of the live run: the losses and seconds of the epochs that
it trained, and the mean seconds to start, restore and save a trial. Scheduler, seed, workers
and limits are those of the live run. An epoch that the live run did not train gets its trial's last
loss and mean seconds.
"""

MOST_USED = ("--on", *live_command.MOST_USED)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `rungsim parity`."""
    parser.add_argument(
        "folder",
        nargs="?",
        type=values.path,
        metavar="DIR",
        help="the folder of a live run; without it, a live run is made first, as by rungsim live",
    )
    parser.add_argument(
        "--on",
        type=options.whole_numbers,
        default=(1, 4, 16),
        metavar="N,...",
        help="also simulate the same run on these numbers of workers (default: 1,4,16)",
    )
    live_command.add_arguments(parser)


def main(args: argparse.Namespace) -> int:
    """Compare, running live first if there is no folder; write, draw and print.

    Raises
    ------
    InputError
        There is no live run to compare, or it reported nothing.

    """
    torch_options.check(args.device)
    from real import live, results  # noqa: PLC0415 - it needs torch
    from sim.reports import report, screen  # noqa: PLC0415  quick --help

    if args.folder is None:
        done = live_command.carry_out(args)
        if done is None:
            return INTERRUPTED
        _, folder = done
    else:
        parsed.refuse_beside(
            args,
            f"{args.folder}",
            free={"folder", "on", "no_plots", "format", "json"},
            remedy="the run in that folder is compared unchanged; leave it out",
        )
        folder = args.folder
    experiment = live.read(folder)
    task = experiment.recipe()
    lived = results.replayed(experiment, task, folder)
    simulated, figures = compare(experiment, lived, args.on)
    report.write_text(folder / "parity.json", screen.to_json(figures))
    results.table(experiment, task, lived).write(folder / "curves.csv")
    if not args.no_plots:
        _draw(experiment, lived, simulated, folder, args.format)
    if args.json:
        print(screen.to_json(figures), end="")  # noqa: T201  the answer
    else:
        _print(figures)
        screen.console().print(f"written to {folder}")
    return 0


def compare(
    experiment: LiveExperiment, lived: Lived, workers: tuple[int, ...]
) -> tuple[Run, dict[str, Any]]:
    """Return the simulation of a live run, and their differences in plain values."""
    from sim.experiments import parity  # noqa: PLC0415  quick --help
    from sim.experiments.run import simulate  # noqa: PLC0415  quick --help
    from sim.traces import replay  # noqa: PLC0415  quick --help

    curves, assumed = replay.completed(lived)
    costs = replay.calibrated(lived)
    simulated = simulate(experiment.simulated(lived), curves, experiment.make)
    runs = [simulate(experiment.simulated(lived, n), curves, experiment.make) for n in workers]
    figures = {
        "task": experiment.task,
        "scheduler": experiment.scheduler,
        "workers": experiment.workers,
        "seed": experiment.seed,
        "live_end_seconds": lived.trace.end,
        "simulated_end_seconds": simulated.trace.end,
        **asdict(parity.compare(lived.trace, simulated.trace)),
        "costs": asdict(costs),
        "assumed_epochs": assumed,
        "on": [_figures(run, lived) for run in runs],
    }
    return simulated, figures


_ON = ("workers", "end_seconds", "utilisation", "jobs", "trials", "finished", "best_loss")


def _figures(run: Run, lived: Lived) -> dict[str, Any]:
    """Return the figures of a live run on another number of workers."""
    summary = run.summary()
    return {key: summary[key] for key in _ON} | {"trained_live": _trained(run, lived)}


def _trained(run: Run, lived: Lived) -> float:
    """Return the share of the epochs that `run` reported which the live run trained, too."""
    jobs = run.trace.jobs[run.trace.jobs["outcome"] == "done"]
    known = [
        min(stop, len(lived.trials[trial][1].all_losses)) - start
        for trial, start, stop in zip(jobs["trial"], jobs["start"], jobs["stop"], strict=True)
    ]
    epochs = int((jobs["stop"] - jobs["start"]).sum())
    return sum(max(0, each) for each in known) / epochs if epochs else 1.0


def _draw(
    experiment: LiveExperiment, lived: Lived, simulated: Run, folder: Path, kind: str
) -> None:
    from sim.reports import plots, report  # noqa: PLC0415  imports matplotlib

    what = f"{experiment.scheduler} on {experiment.task}, {experiment.workers} workers"
    report.remove_picture(folder, "parity")
    plots.gantts(
        {"live": lived.trace, "simulated on its own curves": simulated.trace},
        folder / f"parity.{kind}",
        title=what,
    )


def _print(figures: dict[str, Any]) -> None:
    from rich.box import SIMPLE_HEAD  # noqa: PLC0415  quick --help
    from rich.table import Table  # noqa: PLC0415  quick --help

    from sim.reports.screen import console, duration  # noqa: PLC0415  quick --help

    table = Table(box=None, show_header=False)
    table.add_row("same jobs", f"{figures['same_jobs']:.1%}")
    table.add_row("same job at the same position", f"{figures['same_turn']:.1%}")
    table.add_row("order of job ends, Kendall's tau", f"{figures['kendall_tau']:.3f}")
    table.add_row("end, live", duration(figures["live_end_seconds"]))
    table.add_row("end, simulated / live", f"{figures['end_ratio']:.4f}")
    table.add_row("utilisation, live", f"{figures['live_utilisation']:.1%}")
    table.add_row("utilisation, simulated", f"{figures['simulated_utilisation']:.1%}")
    for name, seconds in figures["costs"].items():
        if name.endswith("seconds"):
            table.add_row(f"measured {name.replace('_', ' ')}", f"{1000 * seconds:.1f} ms")
    console().print(table)
    others = Table(
        title="the same trials on other numbers of workers, simulated",
        title_justify="left",
        box=SIMPLE_HEAD,
        pad_edge=False,
    )
    headings = ("workers", "end", "utilised", "jobs", "reached r_max", "best error", "trained live")
    for name in headings:
        others.add_column(name, justify="right", no_wrap=True)
    for each in figures["on"]:
        best = each["best_loss"]
        others.add_row(
            str(each["workers"]),
            duration(each["end_seconds"]),
            f"{each['utilisation']:.1%}",
            str(each["jobs"]),
            str(each["finished"]),
            "-" if best is None else f"{best:.4f}",
            f"{each['trained_live']:.0%}",
        )
    console().print(others)
