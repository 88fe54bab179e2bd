"""A relay between a runner and the WebSocket port of an engine that cuts the line when told to.

It reads the frames of both sides, so that a test can name the very frame at which to cut.
"""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

CHUNK = 65_536
TEXT, CLOSE = 1, 8

Action = Literal["pass", "cut before", "cut inside", "cut after", "twice", "in pieces"]
ACTIONS: tuple[Action, ...] = get_args(Action)
PIECE = 7
"""Bytes of a frame that is sent in pieces: headers are torn apart, too."""


@dataclass(frozen=True)
class Passing:
    """A frame on its way."""

    to_client: bool
    opcode: int
    payload: bytes

    @property
    def ids(self) -> list[str]:
        """The events that the frame is, or acknowledges."""
        if self.opcode != TEXT:
            return []
        frame: dict[str, Any] = json.loads(self.payload)
        acked: list[str] = frame.get("events_processed", [])
        return acked or [frame["event_id"]] if acked or "event_id" in frame else []


class Relay:
    """Passes everything on until `decide` says otherwise."""

    def __init__(self, target: str) -> None:
        self.decide: Callable[[Passing], Action] = lambda _: "pass"
        self.on_connect: Callable[[], None] = lambda: None
        self.connections = 0
        self.cuts = 0
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"ws://127.0.0.1:{self._listener.getsockname()[1]}"
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def lead_to(self, ws_url: str) -> None:
        """Lead new connections to another engine."""
        self._target = urlsplit(ws_url).netloc

    def refuse(self) -> None:
        """Take no further connections."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def close(self) -> None:
        self.refuse()
        for one in self._threads:
            one.join(5.0)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self.on_connect()
            host, _, port = self._target.partition(":")
            try:
                engine = socket.create_connection((host, int(port)))
            except OSError:
                client.close()
                continue
            thread = threading.Thread(target=self._serve, args=(client, engine), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, client: socket.socket, engine: socket.socket) -> None:
        with client, engine:
            for one in (client, engine):
                one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            back = threading.Thread(target=self._carry, args=(engine, client, True), daemon=True)
            back.start()
            self._carry(client, engine, False)
            back.join()

    def _carry(self, source: socket.socket, sink: socket.socket, to_client: bool) -> None:
        try:
            buffer, is_upgraded = self._head(source, sink)
            while True:
                if not is_upgraded:
                    sink.sendall(buffer)
                    buffer.clear()
                while frame := _frame(buffer, to_client):
                    size, passing = frame
                    if self._cut_at(passing, sink, bytes(buffer[:size])):
                        return
                    del buffer[:size]
                data = source.recv(CHUNK)
                if not data:
                    return
                buffer += data
        except OSError:
            pass
        finally:
            for one in (source, sink):
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def _head(self, source: socket.socket, sink: socket.socket) -> tuple[bytearray, bool]:
        buffer = bytearray()
        while b"\r\n\r\n" not in buffer:
            data = source.recv(CHUNK)
            if not data:
                raise ConnectionError
            buffer += data
        head, _, rest = bytes(buffer).partition(b"\r\n\r\n")
        own = urlsplit(self.url).netloc.encode()
        sink.sendall(head.replace(own, self._target.encode()) + b"\r\n\r\n")
        return bytearray(rest), b" 101 " in head or head.startswith(b"GET")

    def _cut_at(self, passing: Passing, sink: socket.socket, data: bytes) -> bool:
        with self._lock:
            action = self.decide(passing)
            if action == "cut inside":
                sink.sendall(data[: len(data) // 2])
            elif action == "in pieces":
                for start in range(0, len(data), PIECE):
                    sink.sendall(data[start : start + PIECE])
            elif action != "cut before":
                sink.sendall(data * 2 if action == "twice" else data)
            is_cut = action.startswith("cut")
            self.cuts += is_cut
            return is_cut


def _frame(buffer: bytearray, to_client: bool) -> tuple[int, Passing] | None:
    if len(buffer) < 2:
        return None
    size, start = buffer[1] & 0x7F, 2
    if size >= 126:
        width = 2 if size == 126 else 8
        size, start = int.from_bytes(buffer[2 : 2 + width], "big"), 2 + width
    start += 0 if to_client else 4
    if len(buffer) < start + size:
        return None
    payload = bytes(buffer[start : start + size])
    if not to_client:
        mask = bytes(buffer[start - 4 : start])
        payload = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
    return start + size, Passing(to_client, buffer[0] & 0x0F, payload)


@contextmanager
def relay(ws_url: str) -> Iterator[Relay]:
    """Stand between a runner and the engine whose WebSocket port is at `ws_url`."""
    made = Relay(urlsplit(ws_url).netloc)
    try:
        yield made
    finally:
        made.close()
