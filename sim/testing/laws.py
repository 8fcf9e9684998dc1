"""The laws that the kit holds a scheduler to, by name.

Owns their names and sentences. Must not know how a law is checked (`checks`, `monitors`).
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from learning_curves.laws import Law

_ALWAYS = (
    Law(
        "answer",
        "next_job returns a Job, WAIT or DONE, and no legal call raises.",
        "None for a missing job; a KeyError on the second promotion of a moment.",
    ),
    Law(
        "deadlock",
        "next_job returns WAIT only while a job is running.",
        "A barrier waits for a trial that has diverged and left no result.",
    ),
    Law(
        "done-is-final",
        "After DONE, next_job returns nothing but DONE.",
        "DONE for 'nothing now', while running jobs may still lead to a promotion.",
    ),
    Law(
        "early-done",
        "next_job returns DONE only when the searcher is exhausted and no trial is promotable.",
        "The end of the searcher ends the run, and the promotable trials are forgotten.",
    ),
    Law(
        "one-job",
        "A trial has at most one running job.",
        "A trial is promoted while it is running to the next rung.",
    ),
    Law(
        "start",
        "A job starts at the epoch where its trial last reported.",
        "A paused trial restarts from scratch; a lost job counts as trained.",
    ),
    Law(
        "bounds",
        "A job trains at least one epoch, and none beyond r_max, in whole epochs.",
        "The level after the last rung is eta times as high, above r_max.",
    ),
    Law(
        "diverged",
        "A trial whose last loss is NaN or inf gets no further job.",
        "NaN compares as false with every cut, so it survives each rung.",
    ),
    Law(
        "determinism",
        "The same calls lead to the same answers.",
        "The scheduler reads a clock or the global random state, or instances share a list.",
    ),
    Law(
        "causality",
        "A loss that has not been reported changes nothing.",
        "The scheduler evaluates the whole objective when it hands a trial out.",
    ),
    Law(
        "labels",
        "Other trial numbers in the same order change nothing else.",
        "The number of a trial serves as an index of a list.",
    ),
    Law(
        "configs",
        "Other configs change nothing, unless the searcher learns.",
        "The config serves as the key of a trial, or the scheduler prefers small learning rates.",
    ),
    Law(
        "hands-off",
        "The scheduler does not modify the losses and the configs that it is given.",
        "It sorts the list of losses in place, or pops a hyperparameter from the config.",
    ),
    Law(
        "lost",
        "Lost jobs break no other law: nobody waits for a lost trial, and the run ends.",
        "job_lost does nothing, so a barrier waits for the result for ever.",
    ),
    Law(
        "exhaustion",
        "The run ends with DONE, whatever the number of trials.",
        "A bracket that the searcher could not fill waits for the rest of its trials.",
    ),
    Law(
        "finishes",
        "With enough trials, no lost job and no diverged loss, a trial reaches r_max.",
        "New trials always go first; or the last rung ends an epoch below r_max.",
    ),
    Law(
        "resume",
        "A new scheduler that is fed the same calls, with equal objects, returns the same answers.",
        "Jobs are compared by identity, so the log of a killed run cannot be replayed.",
    ),
    Law(
        "may-go-on",
        "A trial never goes on after may_go_on was False, and asking changes nothing.",
        "A trial below the cut is reported as dropped, and promoted when the cut moves.",
    ),
    Law(
        "cost",
        "A decision at 10,000 results costs at most 3 times as much as one at 250.",
        "A percentile over the whole rung at every report.",
    ),
)
_CLAIMED = (
    Law(
        "ranks",
        "A strictly increasing transformation of the losses changes nothing.",
        "A threshold on the loss itself, or a mean of losses.",
    ),
    Law(
        "order",
        "Jobs that end at the same time may report in any order.",
        "Equal losses rank in the order in which they are reported.",
    ),
    Law(
        "levels",
        "Every job ends at one of the scheduler's levels, and starts at 0 or at the one below.",
        "A rung is lost to a logarithm in floating point.",
    ),
    Law(
        "best-first",
        "No better trial stays behind at the level and bracket from which a trial goes on.",
        "The sign of the loss is wrong; ties rank the higher number first; a heap is popped twice.",
    ),
    Law(
        "quota",
        "A trial that goes on is among the best n // eta of its level and bracket.",
        "Promoted trials are removed before n // eta is taken.",
    ),
    Law(
        "survival",
        "A trial that goes on was among the best max(1, n // eta) when it reported.",
        "Equal losses all go on.",
    ),
    Law(
        "prompt",
        "While a trial is among the best n // eta and not promoted, no new trial starts and "
        "nobody waits.",
        "The scheduler looks for promotions in the lowest rung only, or after new trials.",
    ),
)

CLAIMED: frozenset[str] = frozenset(law.name for law in _CLAIMED)
"""The laws that hold for a scheduler only if its class attribute `claims` names them."""

LAWS: Mapping[str, Law] = MappingProxyType({law.name: law for law in (*_ALWAYS, *_CLAIMED)})
"""The laws by name, those that every scheduler must keep first."""
