"""When to look for an order that got no answer. Pure: a schedule and a clock, no requests.

An order is looked for at growing distances, because some peers show a new one only late. Whoever
hears of it in the meantime says so, and the rest of the schedule is dropped. May import nothing of
the project.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

PAUSES_S = (1.0, 2.0, 4.0, 8.0, 15.0)
"""Pauses before each look, seconds: thirty together."""


@dataclass(slots=True)
class Missing:
    """An order of which nobody knows whether the peer has it."""

    client_order_id: str
    symbol: str
    order_id: str | None
    """The peer's id, where it had answered once and then shows the order no more."""
    looks: int
    """How often it was looked for without finding it."""
    due: float
    """When to look next, on the clock."""


class Lookups:
    """The orders that are being looked for."""

    def __init__(
        self,
        pauses_s: Sequence[float] = PAUSES_S,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.pauses_s = tuple(pauses_s)
        self._clock = clock
        self._missing: dict[str, Missing] = {}

    def __contains__(self, client_order_id: str) -> bool:
        return client_order_id in self._missing

    def add(self, client_order_id: str, symbol: str, order_id: str | None = None) -> None:
        """Begin to look for an order; one that is looked for already keeps its schedule."""
        if client_order_id not in self._missing:
            due = self._clock() + self.pauses_s[0]
            self._missing[client_order_id] = Missing(client_order_id, symbol, order_id, 0, due)

    def found(self, client_order_id: str | None) -> bool:
        """Look for an order no longer, and return whether it was looked for."""
        return self._missing.pop(client_order_id or "", None) is not None

    def all(self) -> list[Missing]:
        """Return everything that is looked for, oldest first."""
        return list(self._missing.values())

    def due(self) -> list[Missing]:
        """Return what is to be looked for now."""
        if not self._missing:
            return []
        now = self._clock()
        return [one for one in self._missing.values() if one.due <= now]

    def wait_s(self) -> float | None:
        """Return how long it is until the next look, at least 0; None if there is none."""
        if not self._missing:
            return None
        return max(0.0, min(one.due for one in self._missing.values()) - self._clock())

    def not_found(self, one: Missing) -> bool:
        """Note a look that found nothing, and return whether it was the last."""
        one.looks += 1
        if one.looks >= len(self.pauses_s):
            del self._missing[one.client_order_id]
            return True
        one.due = self._clock() + self.pauses_s[one.looks]
        return False

    def could_not_look(self, one: Missing) -> None:
        """Put a look off by the pause before it: nothing follows from a request that failed."""
        one.due = self._clock() + self.pauses_s[one.looks]
