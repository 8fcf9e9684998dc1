"""The search for the smallest example that fails a test, with Hypothesis.

Owns the settings of Hypothesis: no database, no deadline, a seed. Must not know what is tested.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import hypothesis
from hypothesis import HealthCheck, Phase, Verbosity, given
from hypothesis.errors import Flaky, Unsatisfiable
from hypothesis.strategies import SearchStrategy

from learning_curves.errors import InputError

Example = TypeVar("Example")
Failure = TypeVar("Failure", bound=Exception)


class Unsteady(Exception):  # noqa: N818  it is no error of the program
    """The same example fails once and passes again; `found` is how it failed."""

    def __init__(self, found: Any) -> None:
        super().__init__(found)
        self.found = found


def smallest(
    test: Callable[[Example], None],
    strategy: SearchStrategy[Example],
    failure: type[Failure],
    *,
    max_examples: int,
    seed: int,
    shrink: bool = True,
) -> Failure | None:
    """Return how a test fails for the smallest example found; None if it fails for none.

    Parameters
    ----------
    test
        Raises `failure` if it fails. Any other exception passes through.
    strategy
        Of the examples.
    failure
        What `test` raises.
    max_examples
        How many examples are drawn until one fails.
    seed
        The same seed draws the same examples.
    shrink
        Whether the example is made smaller; if not, it is the first one found.

    Raises
    ------
    Unsteady
        An example fails once and passes again.
    InputError
        Nearly every example is rejected.

    """
    last: list[Failure] = []

    def run(example: Example) -> None:
        try:
            test(example)
        except failure as error:
            last[:] = [error]
            raise

    settings = hypothesis.settings(
        max_examples=max_examples,
        database=None,
        deadline=None,
        phases=(Phase.generate, *([Phase.shrink] if shrink else [])),
        report_multiple_bugs=False,
        print_blob=False,
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
    try:
        hypothesis.seed(seed)(settings(given(strategy)(run)))()
    except failure as error:
        error.__notes__ = []  # Hypothesis's, on how it found the example
        return error
    except Unsatisfiable:
        raise InputError(
            "nearly every setting is refused: fix those that must be, as with functools.partial"
        ) from None
    except Flaky:
        if not last:
            raise
        raise Unsteady(last[0]) from None
    return None
