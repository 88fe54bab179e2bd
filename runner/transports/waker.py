"""A way to end somebody else's wait: a pair of sockets of which one end is polled.

Imports nothing but `network`. Writing a byte is safe in a signal handler and from any thread, and
a byte that was written before the wait began ends it just the same.
"""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Callable

from runner.transports import network


class Interrupted(Exception):
    """The run was asked to end while something was being waited for."""


class Waker:
    """Ends waits; `interrupted` tells whether the run was asked to end."""

    def __init__(self, interrupted: Callable[[], bool]) -> None:
        self._interrupted = interrupted
        self._inner, self._outer = network.socket_pair()
        self._inner.setblocking(False)
        self._outer.setblocking(False)

    def fileno(self) -> int:
        return self._inner.fileno()

    def wake(self) -> None:
        """End the wait that is going on, or the next one."""
        # Full: it will wake all the same. Closed: nobody waits any more.
        with contextlib.suppress(OSError):
            self._outer.send(b"\0")

    def clear(self) -> None:
        """Forget all wakes so far."""
        try:
            while self._inner.recv(4096):
                pass
        except OSError:
            pass

    def close(self) -> None:
        self._inner.close()
        self._outer.close()

    def wait(self, sock: socket.socket | None, events: int, until: float) -> bool:
        """Wait for `events` of a socket and return whether they came before `until`.

        Meant for opening a connection and for pauses; `until` is on the monotonic clock.

        Raises:
            Interrupted: the run was asked to end.
        """
        poll = network.poller()
        poll.register(self, select.POLLIN)
        if sock is not None:
            poll.register(sock, events)
        while True:
            if self._interrupted():
                raise Interrupted
            left = until - network.monotonic()
            if left <= 0:
                return False
            ready = [number for number, _ in poll.poll(left * 1000 + 1)]
            if self.fileno() in ready:
                self.clear()
                ready.remove(self.fileno())
            if ready:
                return True

    def sleep(self, seconds: float) -> None:
        """Sleep, unless the run is asked to end.

        Raises:
            Interrupted: the run was asked to end.
        """
        self.wait(None, 0, network.monotonic() + seconds)
