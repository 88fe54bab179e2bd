"""The guard: a thread that reads a connection while the strategy's own thread is busy.

It looks at a counter a few times a second and does nothing else as long as that moves, so fast
handlers pay nothing for it. May use `Connection.stand_in` and nothing else of a connection.
"""

from __future__ import annotations

import threading

from runner.transports.connection import Connection
from runner.transports.waker import Waker


class Guard:
    """Keeps a connection's heartbeat going under a slow handler."""

    def __init__(self, connection: Connection, waker: Waker, *, after_s: float) -> None:
        """Prepare to take over when the strategy's thread stays away for up to `after_s`."""
        self._connection = connection
        self._waker = waker
        # Seen twice at the same count, a thread has been away for one to two intervals.
        self._interval_s = after_s / 2
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="runner-guard", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Stop watching, and return when the connection is surely free."""
        self._done.set()
        self._waker.wake()
        self._thread.join()

    def _watch(self) -> None:
        seen = -1
        while not self._done.wait(self._interval_s):
            turns = self._connection.turns
            if turns == seen:
                self._connection.stand_in(turns)
            seen = turns
