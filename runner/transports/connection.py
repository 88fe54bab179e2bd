"""One open WebSocket: messages in, text out, on a socket that does not block.

Two threads may use it, never at once: the strategy's, and the guard's while a handler runs long.
Whoever holds `_tenure` reads, parses and writes; nobody else touches socket or protocol. Heartbeats
are answered by whoever reads, so they never wait for the strategy. What the peer says about trading
is not looked at here.
"""

from __future__ import annotations

import select
import socket
import threading
import time
from collections import deque
from dataclasses import dataclass
from enum import Enum
from typing import Any

from websockets.client import ClientProtocol
from websockets.frames import OP_BINARY, OP_CONT, OP_TEXT, Frame
from websockets.protocol import OPEN

from runner.protocol.decode import decode
from runner.protocol.encode import encode
from runner.protocol.messages import MALFORMED_BYTES, Malformed, Ping, Pong
from runner.transports.opening import CHUNK, NOT_YET
from runner.transports.patience import Patience
from runner.transports.settings import ConnectionSettings
from runner.transports.waker import Waker

ABNORMAL = 1006
"""The close code of a connection that just broke. Source: RFC 6455, section 7.4.1."""
BACKLOG_BYTES = 64 * 1024 * 1024
"""Most bytes read ahead of a strategy that does not come back; the rest waits in the network."""
_PONG = encode(Pong())
_NO_LIMIT = float("inf")


class Silence(Enum):
    """Why `receive` has no message."""

    WOKEN = "woken"
    TIMED_OUT = "timed out"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Ended:
    """How the connection ended."""

    code: int
    """What the peer closed with; 1006 when it did not close but was gone."""
    reason: str = ""
    fault: Exception | None = None
    """What the peer did against the WebSocket protocol, None if nothing."""


class Connection:
    """One open WebSocket."""

    def __init__(
        self,
        sock: socket.socket,
        protocol: ClientProtocol,
        arrived: list[Any],
        waker: Waker,
        settings: ConnectionSettings,
        *,
        patience: Patience | None = None,
        keepalive: bool = False,
    ) -> None:
        """Take over an open WebSocket.

        Args:
            sock: connected, not blocking.
            protocol: past its opening handshake.
            arrived: what the protocol has read beyond the handshake.
            waker: ends a wait for messages.
            settings: limits.
            patience: whether to poll before sleeping, None never does.
            keepalive: whether to ask a silent peer if it is still there.
        """
        self._sock = sock
        self._protocol = protocol
        self._waker = waker
        self._settings = settings
        self._patience = patience
        self._keepalive = keepalive
        self._tenure = threading.Lock()
        self._poll = select.poll()
        self._poll.register(sock, select.POLLIN)
        self._poll.register(waker, select.POLLIN)
        self._parts: list[Frame] = []
        self._is_asked = False
        self.turns = 0
        """How often the strategy's thread has let go: unchanged means it is busy elsewhere."""
        self.messages: deque[bytes | Malformed] = deque()
        """What has arrived and was not received yet; only `receive` takes from it."""
        self.ended: Ended | None = None
        self._sort(arrived)
        self._after_reading()

    # For the strategy's thread

    def receive(self, timeout_s: float | None) -> bytes | Malformed | Silence:
        """Return the next message, oldest first, or why there is none.

        What arrived before the connection ended is returned before `ENDED` is. Heartbeats are
        answered on the way and do not extend the timeout; None waits without limit.
        """
        if not self._tenure.acquire(False):
            self._reclaim()
        try:
            if self.messages:
                return self.messages.popleft()
            if self.ended is not None:
                return Silence.ENDED
            silence = self._await_message(timeout_s)
            return self.messages.popleft() if self.messages else silence
        finally:
            self.turns += 1
            self._tenure.release()

    def send(self, text: bytes) -> None:
        """Send one text message. On a connection that has ended this does nothing."""
        if not self._tenure.acquire(False):
            self._reclaim()
        try:
            if self.ended is None:
                self._protocol.send_text(text)
                self._write(self._protocol.data_to_send())
        finally:
            self._tenure.release()

    def close(self, code: int, *, timeout_s: float) -> None:
        """Close with `code`, wait so long for the peer to close too, then let go of the socket."""
        if not self._tenure.acquire(False):
            self._reclaim()
        try:
            if self.ended is None:
                self._protocol.send_close(code)
                self._write(self._protocol.data_to_send())
            if self.ended is None or self.ended.code != ABNORMAL:
                self._read_until_closed(time.monotonic() + timeout_s)
            self.ended = self.ended or Ended(ABNORMAL)
        finally:
            self._sock.close()
            self._tenure.release()

    # For the guard's thread

    def stand_in(self, turns: int) -> None:
        """Read for a strategy's thread that is busy, until it wants the connection back.

        Returns at once if that thread is at the connection itself, or was since `turns`.
        """
        if not self._tenure.acquire(False):
            return
        try:
            room = BACKLOG_BYTES - sum(
                len(one) for one in self.messages.copy() if isinstance(one, bytes)
            )
            while self.turns == turns and self.ended is None and room > 0:
                ready = [number for number, _ in self._poll.poll()]
                if self._waker.fileno() in ready:
                    self._waker.clear()
                    return
                room -= self._read()
        finally:
            self._tenure.release()

    # Inside, for whoever holds the tenure

    def _reclaim(self) -> None:
        self._waker.wake()
        self._tenure.acquire()

    def _await_message(self, timeout_s: float | None) -> Silence:
        until = _NO_LIMIT if timeout_s is None else time.monotonic() + timeout_s
        if self._patience is not None and self._patience.is_worth_it():
            self._spin(self._patience)
            if self.messages:
                return Silence.ENDED  # not read: there are messages
        ping_at = time.monotonic() + self._settings.ping_interval_s if self._keepalive else until
        self._is_asked = False
        while not self.messages and self.ended is None:
            left = min(until, ping_at) - time.monotonic()
            ready = self._wait(left)
            if ready is None:
                return Silence.WOKEN
            if ready:
                if self._read():
                    self._is_asked = False
                    if self._keepalive:
                        ping_at = time.monotonic() + self._settings.ping_interval_s
            elif time.monotonic() >= until:
                return Silence.TIMED_OUT
            elif self._keepalive and time.monotonic() >= ping_at:
                ping_at = self._ask()
        return Silence.ENDED

    def _spin(self, patience: Patience) -> None:
        until = time.perf_counter() + patience.limit_s
        while not self.messages and self.ended is None:
            try:
                data = self._sock.recv(CHUNK)
            except NOT_YET:
                if time.perf_counter() >= until:
                    patience.missed()
                    return
            except OSError:
                self._take_in(b"")
            else:
                self._take_in(data)
        patience.paid_off()

    def _wait(self, seconds: float) -> bool | None:
        """Return whether there is something to read; None if woken."""
        limit = None if seconds == _NO_LIMIT else max(0.0, seconds) * 1000
        ready = [number for number, _ in self._poll.poll(limit)]
        if self._waker.fileno() in ready:
            self._waker.clear()
            return None
        return bool(ready)

    def _ask(self) -> float:
        """Ask a silent peer whether it is still there; return when its answer is overdue."""
        if self._is_asked:
            self.ended = Ended(ABNORMAL, "the peer no longer answers")
            return _NO_LIMIT
        self._is_asked = True
        self._protocol.send_ping(b"")
        self._write(self._protocol.data_to_send())
        return time.monotonic() + self._settings.ping_timeout_s

    def _read(self) -> int:
        """Read what is there and return how many bytes that was."""
        try:
            data = self._sock.recv(CHUNK)
        except NOT_YET:
            return 0
        except OSError:
            data = b""  # a reset is an end like any other
        self._take_in(data)
        return len(data)

    def _take_in(self, data: bytes) -> None:
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
        self._sort(self._protocol.events_received())
        self._after_reading()

    def _after_reading(self) -> None:
        output = self._protocol.data_to_send()
        if output:
            self._write(output)
        if self._protocol.state is not OPEN and self.ended is None:
            self.ended = self._ending()

    def _sort(self, events: list[Any]) -> None:
        for frame in events:
            opcode = frame.opcode
            if opcode is OP_TEXT and frame.fin:
                self._keep(bytes(frame.data))
            elif opcode in (OP_TEXT, OP_BINARY, OP_CONT):
                self._parts.append(frame)
                if frame.fin:
                    self._assemble()

    def _assemble(self) -> None:
        parts, self._parts = self._parts, []
        data = b"".join(part.data for part in parts)
        if parts[0].opcode is OP_TEXT:
            self._keep(data)
        else:
            self.messages.append(Malformed("a binary message, not text", data[:MALFORMED_BYTES]))

    def _keep(self, data: bytes) -> None:
        # Most messages do not hold the word; one that does may still be about something else.
        if b'"ping"' in data:
            frame = decode(data)
            if isinstance(frame.message, Ping):
                if self._protocol.state is OPEN:
                    self._protocol.send_text(_PONG)
                if frame.event_id is None:
                    return
        self.messages.append(data)

    def _ending(self) -> Ended:
        fault = self._protocol.parser_exc
        if fault is not None and not isinstance(fault, EOFError):
            return Ended(ABNORMAL, str(fault), fault)
        close = self._protocol.close_rcvd
        if close is None:
            return Ended(ABNORMAL)
        return Ended(int(close.code), close.reason)

    def _write(self, parts: list[bytes]) -> None:
        """Write everything; a connection that does not take it is over, which reading notices."""
        data = b"".join(parts)
        try:
            while data:
                try:
                    data = data[self._sock.send(data) :]
                except NOT_YET:
                    self._wait_to_write()
            if parts and not parts[-1]:
                self._sock.shutdown(socket.SHUT_WR)
        except OSError as error:
            if self._protocol.state is OPEN and isinstance(error, TimeoutError):
                self.ended = Ended(ABNORMAL, "the peer no longer reads what it is sent")

    def _wait_to_write(self) -> None:
        poll = select.poll()
        poll.register(self._sock, select.POLLOUT)
        if not poll.poll(self._settings.open_timeout_s * 1000):
            raise TimeoutError

    def _read_until_closed(self, until: float) -> None:
        # What still arrives is of no interest; what matters is that the peer has read to the end.
        poll = select.poll()
        poll.register(self._sock, select.POLLIN)
        left = until - time.monotonic()
        while left > 0 and poll.poll(left * 1000):
            try:
                if not self._sock.recv(CHUNK):
                    return
            except NOT_YET:
                pass
            except OSError:
                return
            left = until - time.monotonic()
