"""Searchers: they number trials and draw their configs.

A searcher depends on the seed, the numbers of its trials and, if it is adaptive, on what these have
reported. It must not know what a trial is trained for, or how long. A file for each; `catalogue`
has their names.
"""

from sim.searchers.catalogue import OFFERED, SEARCHERS, named_by_user, searcher_for, searcher_over
from sim.searchers.listed import ORDERS, Listed, draws, rows

__all__ = [
    "OFFERED",
    "ORDERS",
    "SEARCHERS",
    "Listed",
    "draws",
    "named_by_user",
    "rows",
    "searcher_for",
    "searcher_over",
]
