"""What may go wrong on a wire, on purpose: frames that come twice, and connections that break.

For trying out a strategy, or any other client, before a real network does it. Counting only: no
clock, no chance, no socket, so that the same run breaks at the same places.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Faults:
    """How often what goes wrong, counted in frames that are sent; 0 is never."""

    repeat_every: int = 0
    """Every so many frames, one is sent twice."""
    cut_every: int = 0
    """Every so many frames, the connection is cut without a word, and may be opened again."""


class Trouble:
    """The faults of one run."""

    def __init__(self, faults: Faults) -> None:
        self._faults = faults
        self._sent = 0
        self._is_cut_due = False

    def spoil(self, frames: list[bytes]) -> list[bytes]:
        """Return what is sent instead of `frames`: the same, some of them twice."""
        spoiled: list[bytes] = []
        for frame in frames:
            self._sent += 1
            spoiled.append(frame)
            if self._faults.repeat_every and self._sent % self._faults.repeat_every == 0:
                spoiled.append(frame)
            if self._faults.cut_every and self._sent % self._faults.cut_every == 0:
                self._is_cut_due = True
        return spoiled

    def cuts(self) -> bool:
        """Tell once whether the connection is to be cut now."""
        due, self._is_cut_due = self._is_cut_due, False
        return due
