"""The equity curve of a run: one point per time step, however many there are.

The newest points are in memory, in arrays that the portfolio extends; beyond a million, older ones
rest in a temporary file. Whoever reads the curve sees one sequence, in which no point ever moves to
another place. May import the storage only.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from runner.storage import Column, Storage, put_away

HELD_POINTS = 2**20
"""Points in memory before any of them goes to the file: 16 MiB."""
_HELD_AFTER = 2**16
"""Points in memory from then on."""


class Curve:
    """Starts of the time steps, Unix milliseconds, and the equity after each of them."""

    def __init__(self, *, held: int = HELD_POINTS, storage: Storage | None = None) -> None:
        self.new_times: array[int] = array("q")
        """The newest points; with at least one of them once there is any."""
        self.new_equities: array[float] = array("d")
        self.room = held
        """Points in memory from which on `put_away` is due."""
        self._held_after = min(held, _HELD_AFTER)
        self._storage = storage or Storage()
        self._places = (array("q"), array("q"))
        # What a reader needs of one moment, replaced in one step: others may read meanwhile.
        self._state = (0, self.new_times, self.new_equities)

    @property
    def times(self) -> Sequence[int]:
        """All starts."""
        stored, times, _ = self._state
        if not stored:
            return times
        return Column(self._storage, self._places[0], times, stored=stored)

    @property
    def equities(self) -> Sequence[float]:
        """All equities."""
        stored, _, equities = self._state
        if not stored:
            return equities
        return Column(self._storage, self._places[1], equities, stored=stored)

    def put_away(self) -> None:
        """Move all but the newest points into the file.

        Raises:
            MachineError: E1005; there is no room for it.
        """
        newest = (self.new_times[-1:], self.new_equities[-1:])
        older = (self.new_times[:-1], self.new_equities[:-1])
        times, equities = put_away(self._storage, older, self._places)
        times.extend(newest[0])
        equities.extend(newest[1])
        stored = len(self._places[0]) * self._storage.block_rows
        self.new_times, self.new_equities = times, equities
        self._state = (stored, times, equities)
        self.room = self._held_after + self._storage.block_rows
