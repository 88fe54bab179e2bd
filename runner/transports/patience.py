"""Whether it pays to poll a socket before going to sleep over it. Pure counting, no clock.

Being woken costs more than the answer of an engine that computes on another core, so polling for
a moment often saves most of the wait. Where it does not (one core, a busy machine, a slow engine)
it only burns time that the engine needs, so it is given up for longer and longer.
"""

from __future__ import annotations

import os

MISSES = 4
"""So many vain attempts in a row end the polling for a while."""
SHORTEST_REST = 32
LONGEST_REST = 4096
"""How many waits pass without polling: doubled after every series of misses, up to this."""


def usable_cores() -> int:
    """Return on how many cores this process may run."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class Patience:
    """Remembers how often polling has paid off lately."""

    def __init__(self, limit_s: float) -> None:
        self.limit_s = limit_s
        """How long to poll at most, seconds."""
        self._misses = 0
        self._rest = SHORTEST_REST
        self._left = 0

    def is_worth_it(self) -> bool:
        """Tell whether to poll this time; counts as one wait."""
        if self._left:
            self._left -= 1
            return False
        return True

    def paid_off(self) -> None:
        """Note that something came while polling."""
        self._misses = 0
        self._rest = SHORTEST_REST

    def missed(self) -> None:
        """Note that nothing came while polling."""
        self._misses += 1
        if self._misses >= MISSES:
            self._misses = MISSES - 1  # after a rest, one miss is enough for the next
            self._left = self._rest
            self._rest = min(self._rest * 2, LONGEST_REST)
