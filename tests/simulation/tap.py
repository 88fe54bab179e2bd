"""Listens in on the network of a simulated run, and writes down what passes: frames and orders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
from websockets.frames import apply_mask

from runner.protocol.codec import decode
from runner.protocol.messages import Candle, EventAck, TradeUpdate
from tests.simulation.pipes import Link
from tests.simulation.virtual_time import SimLoop

TEXT = 1


class Passed(msgspec.Struct, frozen=True):
    """A frame of the WebSocket at one of its four stations."""

    now: float
    link: int
    where: str
    """`written` by the peer, `delivered` to the program, `said` by it, `heard` by the peer."""
    kind: str
    ids: tuple[str, ...] = ()
    """The events that it is, or acknowledges."""
    key: str = ""
    """What the strategy is told of it, where that can be told from the frame."""
    moment_ms: int = 0
    """Of a candle: when it closed."""
    batch: int = 0
    """Counts the pieces in which the peer writes."""


class Posted(msgspec.Struct, frozen=True):
    """An order left the program."""

    now: float
    client_order_id: str


class Tap:
    """Writes to `entries`, from which nothing is ever taken back."""

    def __init__(self, loop: SimLoop, entries: list[Any]) -> None:
        self.entries = entries
        self.on_post: Callable[[str], None] = lambda name: None
        """Called with the name of each order that is about to leave."""
        self._loop = loop
        self._streams: dict[tuple[int, str], Frames] = {}
        self._requests: set[int] = set()
        self._batch = 0

    def written(self, link: Link, data: bytes) -> None:
        self._batch += 1
        if data.startswith(b"HTTP/1.1 "):
            status = data[9:12].decode()
            self.entries.append(Passed(self._loop.now, link.number, "written", f"HTTP {status}"))
        self._note(link, "written", data)

    def delivered(self, link: Link, data: bytes) -> None:
        self._note(link, "delivered", data)

    def said(self, link: Link, data: bytes) -> None:
        self._note(link, "said", data)

    def heard(self, link: Link, data: bytes) -> None:
        self._note(link, "heard", data)

    def asked(self, link: Link, data: bytes) -> None:
        """Note a piece of a request."""
        if data.startswith(b"POST") and b"/orders " in data[:60]:
            self._requests.add(link.number)
        elif link.number in self._requests and data.startswith(b"{"):
            self._requests.discard(link.number)
            name = msgspec.json.decode(data).get("client_order_id")
            self.on_post(str(name))
            self.entries.append(Posted(self._loop.now, str(name)))

    def _note(self, link: Link, where: str, data: bytes) -> None:
        key = (link.number, where)
        stream = self._streams.get(key)
        if stream is None:
            stream = self._streams[key] = Frames()
        for opcode, payload in stream.feed(data):
            self.entries.append(self._passed(link.number, where, opcode, payload))

    def _passed(self, link: int, where: str, opcode: int, payload: bytes) -> Passed:
        now = self._loop.now
        if opcode != TEXT:
            return Passed(now, link, where, f"opcode {opcode}")
        frame = decode(payload)
        message = frame.message
        kind = type(message).__name__
        if type(message) is EventAck:
            return Passed(now, link, where, kind, tuple(message.events_processed))
        ids = () if frame.event_id is None else (frame.event_id,)
        if type(message) is Candle:
            key = f"{message.symbol} {message.time}"
            return Passed(now, link, where, kind, ids, key, message.close_time, self._batch)
        key = message.trade.id if type(message) is TradeUpdate else ""
        return Passed(now, link, where, kind, ids, key, 0, self._batch)


class Frames:
    """Cuts what passes in one direction into frames, behind the head of HTTP."""

    def __init__(self) -> None:
        self._buffer = b""
        self._is_open = False

    def feed(self, data: bytes) -> Iterator[tuple[int, bytes]]:
        """Yield opcode and content of each frame that is whole now."""
        self._buffer += data
        if not self._is_open:
            _, end, rest = self._buffer.partition(b"\r\n\r\n")
            if not end:
                return
            self._is_open, self._buffer = True, rest
        while (found := _first(self._buffer)) is not None:
            size, opcode, payload = found
            self._buffer = self._buffer[size:]
            yield opcode, payload


def _first(buffer: bytes) -> tuple[int, int, bytes] | None:
    if len(buffer) < 2:
        return None
    size, start = buffer[1] & 0x7F, 2
    if size >= 126:
        start = 4 if size == 126 else 10
        size = int.from_bytes(buffer[2:start], "big")
    is_masked = buffer[1] & 0x80
    start += 4 if is_masked else 0
    if len(buffer) < start + size:
        return None
    payload = buffer[start : start + size]
    if is_masked:
        payload = apply_mask(payload, buffer[start - 4 : start])
    return start + size, buffer[0] & 0x0F, payload
