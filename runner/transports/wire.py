"""The bytes of one open WebSocket: a socket that does not block, and the protocol over it.

Heartbeats are answered in the moment they are read, whoever reads. What the peer says about trading
is not looked at here. One thread at a time: `connection` sees to that.
"""

from __future__ import annotations

import contextlib
import select
import socket
from collections import deque
from dataclasses import dataclass
from typing import Any

from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import CLOSED, OPEN

from runner.protocol.codec import decode, encode
from runner.protocol.messages import MALFORMED_BYTES, Malformed, Ping, Pong
from runner.transports import network
from runner.transports.inbox import Inbox
from runner.transports.opening import CHUNK, NOT_YET

ABNORMAL = 1006
"""The close code of a connection that just broke. Source: RFC 6455, section 7.4.1."""
_PONG = encode(Pong())
_TEXT = Opcode.TEXT  # looked up once for every frame


@dataclass(frozen=True, slots=True)
class Ended:
    """How a connection ended."""

    code: int
    """What the peer closed with; 1006 when it did not close but was gone."""
    reason: str = ""
    fault: Exception | None = None
    """What the peer did against the WebSocket protocol, None if nothing."""


class Wire:
    """Reads messages off a socket and writes text to it."""

    def __init__(
        self,
        sock: socket.socket,
        protocol: ClientProtocol,
        arrived: list[Any],
        *,
        write_timeout_s: float,
        inbox: Inbox | None = None,
    ) -> None:
        """Take over a connected socket and a protocol past its opening handshake.

        `arrived` is what the protocol has read beyond the handshake already. What arrives is put
        into `inbox`, or where there is none into a queue without limit.
        """
        self._sock = sock
        self._protocol = protocol
        self._write_timeout_s = write_timeout_s
        self._parts: list[Frame] = []
        self.messages: deque[bytes | Malformed] | Inbox = deque() if inbox is None else inbox
        """What has arrived and nobody took yet, oldest first."""
        self.ended: Ended | None = None
        self.is_unfinished = False
        """Whether what was read last has brought no message to its end."""
        self._sort(arrived)
        self._after_reading()

    def fileno(self) -> int:
        return self._sock.fileno()

    def read(self) -> int:
        """Read what is there, without waiting, and return how many bytes that was."""
        try:
            data = self._sock.recv(CHUNK)
        except NOT_YET:
            return 0
        except OSError:
            data = b""  # a reset is an end like any other
        if data:
            self._protocol.receive_data(data)
        else:
            self._protocol.receive_eof()
        events = self._protocol.events_received()
        self._sort(events)
        self.is_unfinished = not events or bool(self._parts)
        self._after_reading()
        return len(data)

    def send_text(self, text: bytes) -> None:
        """Send one message. On a connection that has ended this does nothing."""
        if self.ended is None:
            self._protocol.send_text(text)
            self._write(self._protocol.data_to_send())

    def send_ping(self) -> None:
        """Ask the peer for a sign of life below the level of messages."""
        if self.ended is None:
            self._protocol.send_ping(b"")
            self._write(self._protocol.data_to_send())

    def close(self, code: int, *, timeout_s: float) -> None:
        """Close with `code`, wait so long for the peer to close too, then let go of the socket."""
        if self.ended is None:
            self._protocol.send_close(code)
            self._write(self._protocol.data_to_send())
            # Reading on until the peer closes, too, is what makes sure that it has read everything.
            poll = network.poller()
            poll.register(self._sock, select.POLLIN)
            until = network.monotonic() + timeout_s
            while self.ended is None and (left := until - network.monotonic()) > 0:
                if poll.poll(left * 1000):
                    self.read()
            self.ended = self.ended or Ended(ABNORMAL)
        self._sock.close()

    def _is_over(self) -> bool:
        protocol = self._protocol
        return (
            protocol.close_rcvd is not None
            or protocol.parser_exc is not None
            or protocol.state is CLOSED
        )

    def _after_reading(self) -> None:
        output = self._protocol.data_to_send()
        if output:
            self._write(output)
        if self._protocol.state is not OPEN and self.ended is None and self._is_over():
            self.ended = self._ending()
            # Nothing more will be written: the peer need not wait for a busy strategy to hear it.
            with contextlib.suppress(OSError):
                self._sock.shutdown(socket.SHUT_WR)

    def _sort(self, events: list[Any]) -> None:
        for frame in events:
            opcode = frame.opcode
            if opcode is _TEXT and frame.fin:
                self._keep(bytes(frame.data))
            elif opcode in (_TEXT, Opcode.BINARY, Opcode.CONT):
                self._parts.append(frame)
                if frame.fin:
                    self._assemble()

    def _assemble(self) -> None:
        parts, self._parts = self._parts, []
        data = b"".join(part.data for part in parts)
        if parts[0].opcode is _TEXT:
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
        # A connection that does not take what is written is over, which the next read notices:
        # what has arrived before is still to be read.
        data = b"".join(parts)
        try:
            while data:
                try:
                    data = data[self._sock.send(data) :]
                except NOT_YET:
                    self._wait_to_write()
        except TimeoutError:
            self.ended = self.ended or Ended(ABNORMAL, "the peer no longer reads what it is sent")
        except OSError:
            pass

    def _wait_to_write(self) -> None:
        poll = network.poller()
        poll.register(self._sock, select.POLLOUT)
        if not poll.poll(self._write_timeout_s * 1000):
            raise TimeoutError
