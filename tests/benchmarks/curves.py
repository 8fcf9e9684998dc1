"""How fast curves are made: closed forms and surrogates, alone and in bulk. Asserts nothing.

    python tests/benchmarks/curves.py

The yardstick of the bulk form is numpy alone: a power of as many numbers. The stream draws the
configs of 10**6 trials by their numbers, as random search does, and computes all their epochs in
blocks, holding one block at a time. Surrogates draw whole curves, noise included, of configs that
were foreseen in blocks, and of configs that were not.
"""

from __future__ import annotations

import argparse
import gc
import resource
import statistics
import time
from collections.abc import Callable
from itertools import islice

import numpy as np

from learning_curves.surrogates.regressors import REGRESSORS
from learning_curves.surrogates.surrogate import Surrogate
from learning_curves.synthetic import Bowl, Exponential, PowerLaw, TakeOff
from learning_curves.tables.tabular import load, shipped
from sim.searchers import draws

R_MAX, BLOCK = 256, 1024
FORESEEN = 512  # at a time, as searchers do
FAMILIES = {
    "power-law": PowerLaw(R_MAX),
    "power-law:noise=0.01": PowerLaw(R_MAX, noise=0.01),
    "power-law:crossing_share=0.5": PowerLaw(R_MAX, crossing_share=0.5),
    "exponential": Exponential(R_MAX),
    "take-off": TakeOff(R_MAX),
    "bowl": Bowl(R_MAX),
}


def timed(work: Callable[[], object]) -> float:
    """Return the seconds that `work` takes, garbage of earlier work out of the way."""
    gc.collect()
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def median(work: Callable[[], object], repeats: int) -> float:
    """Return the median seconds of `work`."""
    return statistics.median(timed(work) for _ in range(repeats))


def stream(blackbox: PowerLaw, count: int) -> float:
    """Return the mean final loss of trials 0 .. count - 1; holds one block of curves at a time."""
    trials = draws(blackbox.space, seed=0)
    total = 0.0
    for first in range(0, count, BLOCK):
        configs = list(islice(trials, min(BLOCK, count - first)))
        losses = blackbox.losses_of(configs, range(first, first + len(configs)))
        total += losses[:, -1].sum()
    return total / count


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=7, help="of each (default: 7)")
    parser.add_argument("--trials", type=int, default=10**6, help="of the stream (default: 10**6)")
    args = parser.parse_args()

    # First, while the peak is its own.
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds = timed(lambda: stream(FAMILIES["power-law"], args.trials))
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"stream of {args.trials} x {R_MAX}, configs drawn: {seconds:.1f} s, "
        f"{seconds / args.trials * 1e6:.2f} us a curve; peak memory {after / 1024:.0f} MiB, "
        f"{(after - before) / 1024:.0f} MiB more than before it"
    )

    numbers = np.random.default_rng(0).random((BLOCK, R_MAX))
    power = median(lambda: numbers**0.7, args.repeats) / BLOCK
    print(f"numpy: {R_MAX} powers                {power * 1e6:.2f} us")
    print(f"microseconds a curve           first epoch   {R_MAX} epochs   in bulk   bulk / numpy")
    seeds = range(BLOCK)
    for name, blackbox in FAMILIES.items():
        configs = list(islice(draws(blackbox.space, seed=0), BLOCK))

        def lazily(stop: int, blackbox=blackbox, configs=configs) -> None:
            for config, seed in zip(configs, seeds, strict=True):
                blackbox.curve(config, seed).losses(0, stop)

        def in_bulk(blackbox=blackbox, configs=configs) -> None:
            blackbox.losses_of(configs, seeds)

        one, every = (median(lambda s=s: lazily(s), args.repeats) / BLOCK for s in (1, R_MAX))
        bulk = median(in_bulk, args.repeats) / BLOCK
        print(
            f"  {name:28} {one * 1e6:11.2f} {every * 1e6:12.1f} {bulk * 1e6:9.2f} "
            f"{bulk / power:14.1f}"
        )

    print("microseconds a curve drawn     foreseen   one by one   seconds to learn")
    for table in map(load, shipped()):
        for regressor in REGRESSORS:
            learnt = timed(lambda table=table, r=regressor: Surrogate(table, r))
            surrogate = Surrogate(table, regressor)
            configs = list(islice(draws(surrogate.space, seed=0), BLOCK))

            def blindly(count: int, surrogate=surrogate, configs=configs) -> None:
                for seed, config in enumerate(configs[:count]):
                    surrogate.curve(config, seed)

            def foreseen(surrogate=surrogate, configs=configs, blindly=blindly) -> None:
                surrogate._foreseen.clear()
                for first in range(0, BLOCK, FORESEEN):
                    some = slice(first, first + FORESEEN)
                    surrogate.foresee(configs[some], range(BLOCK)[some])
                blindly(BLOCK)

            # First, while none is foreseen.
            one = median(lambda blindly=blindly: blindly(20), args.repeats) / 20
            block = median(foreseen, args.repeats) / BLOCK
            name = f"{table.name}, {regressor}"
            print(f"  {name:34} {block * 1e6:6.0f} {one * 1e6:12.0f} {learnt:12.2f}")


if __name__ == "__main__":
    main()
