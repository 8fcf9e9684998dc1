"""The fuzzer of the engine: random experiments, and random schedulers against the laws.

Run from the root of the repository::

    python -m tests.fuzz --minutes 10
    python -m tests.fuzz --seed 17 --batches 1      one batch again

A batch is a seed: of `EXAMPLES` random experiments (any scheduler, searcher, curves, cluster,
costs, faults and limits), and of one of the built-in schedulers, in turn, held to every law of
`sim.testing`. What it finds is printed with a command that shows it again; the exit code is 1 then.
"""

import argparse
import sys
import time
from itertools import count

from sim.experiments.experiment import Experiment
from sim.testing import check_laws, laws_of, strategies
from sim.testing.search import Unsteady, smallest
from tests.fuzz.runs import Found, hold

EXAMPLES = 40
WORLDS = 10


def batch(seed: int) -> tuple[int, list[str]]:
    """Run the batch of a seed; return how many runs it had, and what it found."""
    runs = 0
    found = []

    def counted(experiment: Experiment) -> None:
        nonlocal runs
        runs += 2
        hold(experiment)

    try:
        broken = smallest(
            counted, strategies.experiments(), Found, max_examples=EXAMPLES, seed=seed
        )
        if broken is not None:
            found.append(str(broken))
    except Unsteady as unsteady:
        found.append(f"once, and not again: {unsteady.found}")

    which = strategies.BUILT_IN[seed % len(strategies.BUILT_IN)]
    factory = strategies.built_in(*which)
    laws = laws_of(factory) - {"cost"}
    results = check_laws(factory, max_examples=WORLDS, laws=laws, seed=seed)
    found += [f"{', '.join(which)}: {each.broken}" for each in results if each.broken]
    runs += WORLDS * len(laws)
    return runs, found


def main() -> int:
    """Run batches until the time is over; return 1 if anything was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--minutes", type=float, default=10.0, help="(default: %(default)s)")
    parser.add_argument("--batches", type=int, help="number of batches, instead of minutes")
    parser.add_argument("--seed", type=int, help="of the first batch (default: a fresh one)")
    args = parser.parse_args()
    began = time.monotonic()
    seed = time.time_ns() % 10**9 if args.seed is None else args.seed
    print(f"fuzz: seed {seed}", flush=True)
    runs = failures = batches = 0
    for number in count():
        is_over = time.monotonic() - began > 60 * args.minutes
        if number == args.batches or (args.batches is None and is_over):
            break
        done, found = batch(seed + number)
        runs, batches = runs + done, batches + 1
        for each in found:
            failures += 1
            print(f"\nFOUND by python -m tests.fuzz --seed {seed + number} --batches 1\n{each}")
    took = time.monotonic() - began
    print(
        f"fuzz: {runs:,} runs in {batches} batches, {runs / took:.0f} a second; "
        f"{failures} found; seed {seed}"
    )
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
