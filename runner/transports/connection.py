"""One open connection, shared by two threads, never at once.

The strategy's thread uses it between handlers; the guard's stands in while a handler runs long.
Rule: whoever holds `_tenure` reads, parses and writes, and nobody else touches the wire. Taking an
uncontended lock twice per event is all that a fast handler pays.
"""

from __future__ import annotations

import math
import select
import threading
import time
from enum import Enum

from runner.protocol.messages import Frame, Malformed
from runner.transports import network
from runner.transports.inbox import BACKLOG_BYTES, Inbox, Overrun
from runner.transports.patience import Patience
from runner.transports.settings import ConnectionSettings
from runner.transports.waker import Waker
from runner.transports.wire import ABNORMAL, Ended, Wire

CHUNKS_AT_ONCE = 64
"""Most reads of a live connection between two events: a flood must not keep them from the strategy.
At a thousand events a second and ten seconds in a handler it is still all that has arrived."""


class Silence(Enum):
    """Why there is no message."""

    WOKEN = "woken"
    TIMED_OUT = "timed out"
    ENDED = "ended"


class Connection:
    """Messages in, text out."""

    def __init__(
        self,
        wire: Wire,
        waker: Waker,
        settings: ConnectionSettings,
        *,
        patience: Patience | None = None,
        keepalive: bool = False,
    ) -> None:
        """Take over an open wire.

        Args:
            wire: the bytes.
            waker: ends a wait for messages.
            settings: limits.
            patience: whether to poll before sleeping, None never does.
            keepalive: whether to ask a silent peer if it is still there.
        """
        self._wire = wire
        self._waker = waker
        self._settings = settings
        self._patience = patience
        self._ping_s = settings.ping_interval_s if keepalive else math.inf
        self._ping_at = network.monotonic() + self._ping_s
        self._is_asked = False
        """Whether the peer owes us a sign of life, until `_ping_at`."""
        self._tenure = threading.Lock()
        self._is_wanted = False
        """Set while the strategy's thread waits for the tenure: locks are not fair, so without it
        a guard that is quick to come back could take the tenure again before it."""
        self._poll = network.poller()
        self._poll.register(wire, select.POLLIN)
        self._poll.register(waker, select.POLLIN)
        self._has_inbox = isinstance(wire.messages, Inbox)
        self.messages = wire.messages
        """What has arrived and was not received yet; only `receive` takes from it."""
        self.turns = 0
        """How often the strategy's thread has let go: unchanged means it is busy elsewhere."""

    @property
    def ended(self) -> Ended | None:
        """How the connection ended, None while it stands."""
        return self._wire.ended

    # For the strategy's thread

    def receive(self, timeout_s: float | None) -> bytes | Frame | Malformed | Overrun | Silence:
        """Return the next message, oldest first, or why there is none.

        What arrived before the connection ended is returned before `ENDED` is. Heartbeats are
        answered on the way and do not extend the timeout; None waits without limit. What has an
        inbox is read to the end each time, however much waits: a live peer waits for nobody.
        """
        if not self._tenure.acquire(False):
            self._reclaim()
        try:
            if self._has_inbox:
                self._read_all()
            if not self.messages:
                silence = self._await_message(timeout_s)
                if not self.messages:
                    return silence
            return self.messages.popleft()
        finally:
            self.turns += 1
            self._tenure.release()

    def send(self, text: bytes) -> None:
        """Send one text message. On a connection that has ended this does nothing."""
        if not self._tenure.acquire(False):
            self._reclaim()
        try:
            self._wire.send_text(text)
        finally:
            self._tenure.release()

    def give_up(self, why: str) -> None:
        """Take the connection for broken, and leave without a word.

        A closing frame would tell a peer that keeps the run that nobody will come back to it.
        """
        if not self._tenure.acquire(False):
            self._reclaim()
        try:
            self._wire.ended = self._wire.ended or Ended(ABNORMAL, why)
        finally:
            self._tenure.release()

    def close(self, code: int, *, timeout_s: float) -> None:
        """Close with `code`, and wait so long for the peer to close too."""
        if not self._tenure.acquire(False):
            self._reclaim()
        try:
            self._wire.close(code, timeout_s=timeout_s)
        finally:
            self._tenure.release()

    # For the guard's thread

    def stand_in(self, turns: int) -> None:
        """Read for a strategy's thread that is busy, until it wants the connection back.

        Returns at once if that thread is at the connection itself, or was since `turns`.
        """
        if not self._tenure.acquire(False):
            return
        try:
            room: float = math.inf
            if not isinstance(self.messages, Inbox):
                # What is beyond this waits in the network, as the peer of a backtest does.
                waiting = [one for one in self.messages if isinstance(one, bytes)]
                room = BACKLOG_BYTES - sum(map(len, waiting))
            while not self._is_wanted and self.turns == turns and self.ended is None and room > 0:
                if self._ready(None) is None:
                    return
                room -= self._read()
        finally:
            self._tenure.release()

    # Inside, for whoever holds the tenure

    def _reclaim(self) -> None:
        self._is_wanted = True
        self._waker.wake()
        self._tenure.acquire()
        self._is_wanted = False

    def _read_all(self) -> None:
        for _ in range(CHUNKS_AT_ONCE):
            if self._wire.ended is not None or not self._read():
                return

    def _read(self) -> int:
        count = self._wire.read()
        # Bytes of a message that never ends are no sign of life.
        if count and not self._wire.is_unfinished:
            self._is_asked = False
            self._ping_at = network.monotonic() + self._ping_s
        return count

    def _await_message(self, timeout_s: float | None) -> Silence:
        wire = self._wire
        until = math.inf if timeout_s is None else network.monotonic() + timeout_s
        if self._patience is not None and self._patience.is_worth_it():
            self._poll_for_a_moment(self._patience)
        while not self.messages and wire.ended is None:
            now = network.monotonic()
            if now >= until:
                return Silence.TIMED_OUT
            if now >= self._ping_at and self._is_asked:
                wire.ended = Ended(ABNORMAL, "the peer no longer answers")
            elif now >= self._ping_at:
                self._is_asked = True
                wire.send_ping()
                self._ping_at = now + self._settings.ping_timeout_s
            else:
                ready = self._ready(min(until, self._ping_at) - now)
                if ready is None:
                    return Silence.WOKEN
                if ready:
                    self._read()
        return Silence.ENDED

    def _poll_for_a_moment(self, patience: Patience) -> None:
        wire = self._wire
        until = time.perf_counter() + patience.limit_s
        while not self.messages and wire.ended is None:
            if not wire.read() and time.perf_counter() >= until:
                patience.missed()
                return
        patience.paid_off()

    def _ready(self, seconds: float | None) -> bool | None:
        """Wait, and return whether there is something to read; None if woken."""
        limit = None if seconds is None or math.isinf(seconds) else seconds * 1000
        ready = [number for number, _ in self._poll.poll(limit)]
        if self._waker.fileno() in ready:
            self._waker.clear()
            return None
        return bool(ready)
