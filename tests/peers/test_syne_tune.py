"""Our rules against Syne Tune itself, decision by decision: 0.16 or 0.13, as is installed."""

import logging
import os
import random
from datetime import datetime
from fractions import Fraction
from importlib.metadata import version
from itertools import pairwise
from math import inf, isfinite, nan

import pytest

from sim.schedulers import ASHA, RULES, rung_levels
from sim.searchers import Listed

pytest.importorskip("syne_tune", reason="absent")
from syne_tune.backend.trial_status import Trial
from syne_tune.config_space import uniform

pytestmark = pytest.mark.filterwarnings("ignore")
logging.getLogger("syne_tune").setLevel(logging.CRITICAL)

OLD = version("syne-tune").startswith("0.13.")
only_old = pytest.mark.skipif(not OLD, reason="of 0.13")
only_new = pytest.mark.skipif(OLD, reason="of 0.16")

SPACE = {"x": uniform(0, 1)}
RUNS = int(os.environ.get("RUNGSIM_PEER_RUNS", "1000"))
# Multiples of 1/8, so that ties are common and quantiles at 1/2 are exact.
LOSSES = (0.0, 0.125, 0.25, 0.25, 0.375, 0.5, 0.5, 0.5, 0.625, 0.75, 1.0, 1.25)
WORST = 2.0**20  # in place of a diverged loss, which 0.13 cannot rank


class Library:
    """A scheduler of Syne Tune, and its trials; `kind` is its type, of 0.13."""

    def __init__(self, r_min, r_max, eta, kind="stopping"):
        where = {"max_t": r_max, "grace_period": r_min, "reduction_factor": eta}
        if OLD:
            from syne_tune.optimizer.schedulers.hyperband import HyperbandScheduler

            self.scheduler = HyperbandScheduler(
                SPACE,
                searcher="random",
                metric="loss",
                mode="min",
                resource_attr="epoch",
                type=kind,
                random_seed=0,
                search_options={"debug_log": False},
                **where,
            )
        else:
            from syne_tune.optimizer import baselines

            self.scheduler = baselines.ASHA(SPACE, "loss", "epoch", random_seed=0, **where)
        self.trials = {}

    def next(self):
        """Return the number of the trial that a free worker is to train."""
        number = len(self.trials)
        asked = self.scheduler.suggest(number) if OLD else self.scheduler.suggest()
        if not asked.spawn_new_trial_id:
            return int(asked.checkpoint_trial_id)
        self.trials[number] = Trial(number, asked.config, datetime(2026, 1, 1))  # noqa: DTZ001
        self.scheduler.on_trial_add(self.trials[number])
        return number

    def report(self, number, epochs, loss):
        """Report the last of some epochs as `loss`; return the decision there."""
        trial = self.trials[number]
        for epoch in epochs:
            said = self.scheduler.on_trial_result(trial, {"epoch": epoch, "loss": loss})
        if said != "CONTINUE":
            self.scheduler.on_trial_remove(trial)
        return said


def settings(draw):
    eta = draw.choice([2, 2, 3, 4])
    r_min = draw.choice([1, 1, 2, 3])
    return r_min, r_min + draw.choice([1, 3, 5, 8, 15, 26]), eta


def outcome(draw, share=0.05):
    return draw.choice([inf, nan]) if draw.random() < share else draw.choice(LOSSES)


def is_below_by_rounding(losses, level, above):
    """Whether the linear quantile in 0.13's floating point is below the exact one."""
    ordered = sorted(loss if isfinite(loss) else WORST for loss in losses)
    place = Fraction(len(ordered) - 1) * level / above
    low, part = int(place), place - int(place)
    exact = Fraction(ordered[low])
    if part:
        exact += (Fraction(ordered[low + 1]) - exact) * part
    virtual = (len(ordered) - 1) * (level / above) + 1
    index = int(virtual)
    share = virtual - index
    theirs = share * ordered[index] + (1 - share) * ordered[index - 1]
    return Fraction(theirs) < exact


def test_the_same_trials_go_on():
    rule = RULES["syne-tune-0.13" if OLD else "syne-tune"]
    counts = dict.fromkeys(["decisions", "ties", "first", "diverged", "rounded"], 0)
    for seed in range(RUNS):
        draw = random.Random(seed)  # noqa: S311
        r_min, r_max, eta = settings(draw)
        levels = rung_levels(r_min, r_max, eta)
        steps = list(pairwise((0, *levels)))
        library = Library(r_min, r_max, eta)
        rungs = {level: rule.rung(level, above, eta) for level, above in pairwise(levels)}
        seen = {level: [] for level in levels}
        running = []
        for _ in range(60):
            if not running or (len(running) < 6 and draw.random() < 0.5):
                running.append((library.next(), 0))
                continue
            number, k = running.pop(draw.randrange(len(running)))
            start, level = steps[k]
            loss = outcome(draw)
            told = loss if isfinite(loss) else WORST
            goes_on = library.report(number, range(start + 1, level + 1), told) == "CONTINUE"
            if level == r_max:
                continue
            trial = Listed([{}]).draw()._replace(number=number)
            passes = rule.decide(rungs[level], trial, loss)
            counts["decisions"] += 1
            counts["ties"] += loss in seen[level]
            counts["first"] += not seen[level]
            seen[level].append(loss)
            if not isfinite(loss):  # theirs may go on; ours never does
                counts["diverged"] += 1
                continue
            if passes != goes_on:
                assert OLD
                assert passes
                assert is_below_by_rounding(seen[level], level, levels[k + 1])
                counts["rounded"] += 1
            if goes_on:
                running.append((number, k + 1))
    print(counts)
    assert min(counts["ties"], counts["first"], counts["diverged"]) > RUNS
    assert counts["rounded"] < counts["decisions"] / 50


@only_old
def test_the_same_trials_are_promoted():
    counts = dict.fromkeys(["runs", "decisions", "promotions", "ties", "diverged", "rounded"], 0)
    for seed in range(RUNS):
        draw = random.Random(seed)  # noqa: S311
        r_min, r_max, eta = settings(draw)
        library = Library(r_min, r_max, eta, "promotion")
        asha = ASHA(Listed([{}] * 100), r_min=r_min, r_max=r_max, eta=eta, rule="syne-tune-0.13")
        running, seen = [], {level: {} for level in asha.levels}
        counts["runs"] += 1
        for _ in range(80):
            if not running or (len(running) < 6 and draw.random() < 0.5):
                job, theirs = asha.next_job(), library.next()
                counts["decisions"] += 1
                counts["promotions"] += job.start > 0
                if job.start:
                    same = list(seen[job.start].values())
                    counts["ties"] += same.count(seen[job.start][job.trial.number]) > 1
                if job.trial.number != theirs:
                    if any(not isfinite(each.get(theirs, 0.0)) for each in seen.values()):
                        counts["diverged"] += 1  # theirs promotes it; ours never does
                        break
                    above = asha.levels[asha.levels.index(job.start) + 1]
                    losses = list(seen[job.start].values())
                    assert is_below_by_rounding(losses, job.start, above)
                    counts["rounded"] += 1
                    break
                running.append(job)
                continue
            job = running.pop(draw.randrange(len(running)))
            loss = outcome(draw, 0.05 * (seed % 2))
            seen[job.stop][job.trial.number] = loss
            asha.job_done(job, [0.5] * (job.stop - job.start - 1) + [loss])
            told = loss if isfinite(loss) else WORST
            said = library.report(job.trial.number, range(job.start + 1, job.stop + 1), told)
            assert said != "CONTINUE"
    print(counts)
    assert counts["promotions"] > 10 * RUNS
    assert counts["ties"] > RUNS
    assert counts["rounded"] < RUNS / 20
