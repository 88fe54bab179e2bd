"""Which events have been handled lately: a peer that lost an acknowledgment sends them again.

Pure: a bounded memory of ids. No sockets, no clock.
"""

from __future__ import annotations

REMEMBERED = 65_536
"""How many ids are surely remembered. A peer repeats what it has no acknowledgment of, which is one
time step at most: far fewer than this."""


class Handled:
    """The ids of the events that were handled last."""

    __slots__ = ("_limit", "_now", "_old")

    def __init__(self, limit: int = REMEMBERED) -> None:
        self._limit = limit
        self._now: set[str] = set()
        self._old: set[str] = set()

    def __contains__(self, event_id: str) -> bool:
        return event_id in self._now or event_id in self._old

    def add(self, event_id: str) -> None:
        """Remember an event; the oldest are forgotten in return, at least `limit` are kept."""
        self._now.add(event_id)
        if len(self._now) >= self._limit:
            self._old, self._now = self._now, set()

    def clear(self) -> None:
        """Forget all: a peer that begins anew may give the same ids to other events."""
        self._now.clear()
        self._old.clear()
