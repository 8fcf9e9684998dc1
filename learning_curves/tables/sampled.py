"""Curves drawn from a blackbox that has no table, as a table: to look at.

Owns how they are drawn. Must not know which blackbox it is.
"""

from __future__ import annotations

from learning_curves import streams
from learning_curves.blackbox import Blackbox, RecordedCurve, foresee
from learning_curves.spaces import space as spaces
from learning_curves.tables.card import Card
from learning_curves.tables.table_file import Recorded
from learning_curves.tables.tabular import Tabular


def sampled(blackbox: Blackbox, name: str, count: int = 64) -> Tabular:
    """Return a table of `count` configs drawn from the space, one training of each.

    >>> from learning_curves.synthetic import PowerLaw
    >>> table = sampled(PowerLaw(r_max=9), "power-law")
    >>> len(table.configs), table.r_max
    (64, 9)
    """
    r_max = blackbox.r_max
    configs = spaces.sample(blackbox.space, streams.generator(0, "look"), count)
    seeds = range(count)
    foresee(blackbox, configs, seeds)
    curves = map(blackbox.curve, configs, seeds)
    card = Card(name, r_max, spaces.to_dict(blackbox.space), title=f"{count} curves drawn")
    recorded = (
        {0: RecordedCurve(tuple(each.losses(0, r_max)), tuple(each.seconds(0, r_max)))}
        for each in curves
    )
    return Tabular(Recorded(card, tuple(range(count)), tuple(configs), tuple(recorded)))
