"""The order in which the runs of a study are made, and how long the rest of them will take.

Owns which run a process makes next: it keeps to one seed, whose runs share their learning curves,
and there the longest runs come first. Must not know what a run is, nor what time it is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence


class Plan:
    """The runs of a study that are left: runs of the same cell take about equally long.

    A process that has made a run of a seed makes the longest run that is left of this seed. If
    there is none, it begins the next seed; if all seeds are begun, it makes the longest run that is
    left of any seed. So the curves of a seed are computed once for all its cells, each cell has
    been timed once the first seed is done, and the last runs are the shortest: no process is idle
    for long while another one works. A run of a kind of which there has been none comes before
    longer runs, so that soon something is known about each kind.

    A run is expected to take the mean time of the runs of its cell. While there is none, it is
    expected to take its size times the seconds per size of the runs of its kind; if there are no
    such runs either, of all runs.

    Parameters
    ----------
    sizes
        For each cell a number > 0 in proportion to which its runs are expected to take time.
    kinds
        For each cell the name of its kind: within a kind the proportion is better than across.
    seeds
        How many runs a cell has. The run of cell c and seed k, both from 0, has the place
        ``c * seeds + k``.
    places
        The places of the runs to make, ascending.

    Examples
    --------
    >>> plan = Plan([1.0, 4.0], ["sh", "sh"], seeds=2, places=range(4))
    >>> plan.take(None), plan.take(None)  # the longest runs of both seeds, for two processes
    ([2], [3])
    >>> plan.done([2], seconds=8.0)
    >>> plan.time_left()  # one more run of 8 seconds, and two of a quarter of the size
    12.0
    >>> plan.take(0), plan.take(0), plan.take(0)  # the last seed is finished by any process
    ([0], [1], [])

    """

    def __init__(
        self, sizes: Sequence[float], kinds: Sequence[str], seeds: int, places: Iterable[int]
    ) -> None:
        self._sizes = sizes
        self._kinds = kinds
        self._seeds = seeds
        self._by_cell = [_Made() for _ in sizes]
        self._by_kind = {kind: _Made() for kind in kinds}  # in units of size
        self._all = _Made()
        self._unmade = [0] * len(sizes)  # runs of each cell
        waiting: dict[int, list[int]] = {}
        for place in places:
            cell, seed = divmod(place, seeds)
            waiting.setdefault(seed, []).append(cell)
            self._unmade[cell] += 1
        self._untried = {kind for kind, left in zip(kinds, self._unmade, strict=True) if left}
        self._waiting = deque(sorted(waiting.items()))  # seeds that are not begun, and their cells
        self._begun: dict[int, deque[int]] = {}  # cells that are left, the longest first

    def time_left(self, processes: int = 1, under_way: float = 0.0) -> float | None:
        """Return how long the runs that are not done will take, in seconds.

        None before a run has been timed. O(cells).

        Parameters
        ----------
        processes
            How many make runs at a time.
        under_way
            The seconds that have passed of the runs that are being made, of all together.

        """
        if not self._all.size:
            return None
        expected = sum(n * self._expected(cell) for cell, n in enumerate(self._unmade) if n)
        return max(0.0, expected - under_way) / max(1, min(processes, sum(self._unmade)))

    def take(self, seed: int | None, seconds: float = 0.0) -> list[int]:
        """Return the places of the next runs for a process; none if no run is left.

        O(n log n) in the cells when a seed is begun, else O(seeds that are begun) and, until each
        kind has been tried, O(cells).

        Parameters
        ----------
        seed
            The seed of its last run, from 0; None before the first.
        seconds
            How long the runs may take together. It is one run if this is less than it takes, or
            if no run of its cell, or of the next one, has been timed. They may be of several
            seeds, the last of which is the one to go on with.

        """
        if seed not in self._begun:
            seed = self._next_seed()
            if seed is None:
                return []
        cells = self._begun[seed]
        last = self._first_of(cells)
        seconds -= self._expected(last)
        taken = [last * self._seeds + seed]
        timed = self._by_cell
        while timed[last].size:
            if not cells and self._next_fits(seconds):
                del self._begun[seed]
                seed, cells = self._begin_next()
            if not cells or not timed[cells[0]].size or self._expected(cells[0]) > seconds:
                break
            last = cells.popleft()
            seconds -= self._expected(last)
            taken.append(last * self._seeds + seed)
        if not cells:
            del self._begun[seed]
        return taken

    def done(self, places: Sequence[int], seconds: float | None) -> None:
        """Record that runs that were taken together have been made.

        Parameters
        ----------
        places
            Their places.
        seconds
            How long they took together, of which each is given what it was expected to take; None
            if that is unknown.

        """
        cells = [place // self._seeds for place in places]
        expected = [self._expected(cell) for cell in cells]
        for cell, each in zip(cells, expected, strict=True):
            self._unmade[cell] -= 1
            if seconds is not None:
                share = each / sum(expected) if sum(expected) else 1 / len(cells)
                self._by_cell[cell].add(1.0, seconds * share)
                self._by_kind[self._kinds[cell]].add(self._sizes[cell], seconds * share)
                self._all.add(self._sizes[cell], seconds * share)

    def _first_of(self, cells: deque[int]) -> int:
        """Remove and return the cell whose run is made next: the longest, or of an untried kind."""
        if not self._untried:
            return cells.popleft()
        first = next((cell for cell in cells if self._kinds[cell] in self._untried), cells[0])
        self._untried.discard(self._kinds[first])
        cells.remove(first)
        return first

    def _next_fits(self, seconds: float) -> bool:
        """Return whether a run of a seed that is not begun, if there is one, takes no longer."""
        if not self._waiting:
            return False
        _, cells = self._waiting[0]
        all_timed = all(self._by_cell[cell].size for cell in cells)
        return all_timed and max(map(self._expected, cells)) <= seconds

    def _begin_next(self) -> tuple[int, deque[int]]:
        seed, cells = self._waiting.popleft()
        self._begun[seed] = deque(sorted(cells, key=self._expected, reverse=True))
        return seed, self._begun[seed]

    def _next_seed(self) -> int | None:
        if self._waiting:
            return self._begin_next()[0]
        begun = self._begun
        return max(begun, key=lambda seed: self._expected(begun[seed][0]), default=None)

    def _expected(self, cell: int) -> float:
        """Return how long a run of the cell takes; before the first is done, its size."""
        mine = self._by_cell[cell]
        if mine.size:
            return mine.seconds / mine.size
        size = self._sizes[cell]
        for made in (self._by_kind[self._kinds[cell]], self._all):
            if made.size:
                return size * made.seconds / made.size
        return size


class _Made:
    """Runs that have been made: their size and their seconds, of all together."""

    __slots__ = ("seconds", "size")

    def __init__(self) -> None:
        self.size = 0.0
        self.seconds = 0.0

    def add(self, size: float, seconds: float) -> None:
        self.size += size
        self.seconds += seconds
