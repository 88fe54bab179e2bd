"""Which delivered events a client has still to acknowledge: what lets simulated time move.

An acknowledgment releases exactly the ids it names, in any order. There is nothing positional
about it and no wildcard. Pure bookkeeping; nothing may be imported here.
"""

from __future__ import annotations

from collections.abc import Iterable


class AckGate:
    """The ids that were delivered and not yet acknowledged, in the order of delivery.

    Record an id with `delivered` before its frame is sent: an acknowledgment can then never
    overtake the record, and every id that is not pending may be ignored.
    """

    def __init__(self) -> None:
        self._pending: dict[str, None] = {}

    @property
    def pending(self) -> tuple[str, ...]:
        """The ids not yet acknowledged, oldest first."""
        return tuple(self._pending)

    @property
    def is_clear(self) -> bool:
        """True when nothing is pending, so that time may advance."""
        return not self._pending

    def delivered(self, event_id: str) -> None:
        """Note that a frame with `event_id` is about to be sent.

        Raises:
            ValueError: the id is pending already, so that one acknowledgment would stand for two.
        """
        if event_id in self._pending:
            raise ValueError(f"event id is pending already, was {event_id!r}")
        self._pending[event_id] = None

    def release(self, event_ids: Iterable[str]) -> list[str]:
        """Release the ids of one acknowledgment and return those that really were pending.

        Unknown, repeated and already released ids are ignored; no ids at all have no effect.
        """
        released = []
        for event_id in event_ids:
            if event_id in self._pending:
                del self._pending[event_id]
                released.append(event_id)
        return released
