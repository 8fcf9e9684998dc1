"""The check of a source of curves against its laws.

Owns how many configs it is checked with. Must not know the laws (`learning_curves.own.curve_laws`).
"""

from __future__ import annotations

from collections.abc import Iterator

from learning_curves.blackbox import Blackbox
from learning_curves.errors import InputError
from learning_curves.laws import Checked, all_kept, hold
from learning_curves.own.curve_laws import LAWS, Subject


def check_blackbox(blackbox: Blackbox, *, configs: int = 5, seed: int = 0) -> list[Checked]:
    """Check a source of curves against the laws that the simulator relies on.

    Parameters
    ----------
    blackbox
        The source, such as ``learning_curves.load("mine:Mine")``.
    configs
        How many configs to check, >= 1: of its `configs`, or drawn from its space.
    seed
        Of the draws, >= 0. Curves are asked for with this seed and the next one.

    Returns
    -------
    list of Checked
        A result for each law, with what could not be checked; each prints as a row of a table.

    Raises
    ------
    BrokenLaw
        A law is broken; the later ones are not checked.

    Examples
    --------
    >>> from learning_curves.synthetic import PowerLaw
    >>> print(check_blackbox(PowerLaw(r_max=9))[0])
    kept    space         The space names distributions, lists of choices and constants.

    """
    return all_kept(results(blackbox, configs=configs, seed=seed))


def results(blackbox: Blackbox, *, configs: int = 5, seed: int = 0) -> Iterator[Checked]:
    """Return the results of `check_blackbox`, each computed when it is asked for.

    Raises
    ------
    InputError
        When this is called: the number of configs or the seed is out of range.

    """
    if configs < 1:
        raise InputError(f"the number of configs is {configs}: give at least 1")
    if not 0 <= seed < 2**32 - 1:
        raise InputError(f"the seed is {seed}: give a whole number from 0 to 2**32 - 2")
    needed = ("space", "r_max", "configs", "length")
    return hold(LAWS.items(), Subject(blackbox, configs, seed), needed=needed)
