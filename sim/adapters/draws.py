"""The global state of NumPy's draws, kept apart for a library that draws from it.

Owns whose state it is while the library runs. Must not know the library.
"""

from __future__ import annotations

from typing import Any


class Draws:
    """A context in which NumPy's global draws are those of this object, seeded with 0 at first.

    Outside of the context the global state is as it was.

    Examples
    --------
    >>> import numpy as np
    >>> before, draws = np.random.get_state()[1].tolist(), Draws()
    >>> with draws:
    ...     print(np.random.randint(100))
    44
    >>> with draws:
    ...     print(np.random.randint(100))
    47
    >>> np.random.get_state()[1].tolist() == before
    True

    """

    def __init__(self) -> None:
        import numpy as np  # noqa: PLC0415  quick --help

        self._random = np.random
        self._ours = np.random.RandomState(0).get_state()
        self._theirs: Any = None

    def __enter__(self) -> None:
        self._theirs = self._random.get_state()
        self._random.set_state(self._ours)

    def __exit__(self, *_: object) -> None:
        self._ours = self._random.get_state()
        self._random.set_state(self._theirs)
