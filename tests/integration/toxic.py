"""A line between two programs that spoils the bytes on their way, in either direction.

It knows nothing of frames: it delays, slows, slices, holds, resets, closes and swallows TCP as
networks do, from a named byte on. What spoils can be changed while it runs. `relay` is the other
line, which knows frames and cuts at one that a test names.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

CHUNK = 65_536
PATIENCE_S = 10.0
SLICE = 7
"""Bytes of a slice where a toxic names no other number: headers are torn apart, too."""

Kind = Literal[
    "latency", "jitter", "bandwidth", "slice", "stall", "reset", "close", "black hole", "half-open"
]
Channel = Literal["ws", "rest"]
LASTING = ("latency", "jitter", "bandwidth", "slice")


@dataclass(frozen=True)
class Toxic:
    """What spoils one direction of one channel."""

    kind: Kind
    channel: Channel
    to_client: bool
    at: int = 0
    """How many bytes of this direction, over all connections, pass before it sets in."""
    amount: float = 0.0
    """Seconds of a pause, bytes a second, or bytes of a slice."""
    times: int = 1
    """How many connections meet it, where it ends one or holds it up once."""


@dataclass
class _Armed:
    """A toxic, and how many connections are still to meet it."""

    toxic: Toxic
    left: int


class _Pair:
    """One connection and what it is carried on with."""

    def __init__(self, channel: Channel, client: _Side, peer: _Side) -> None:
        self.channel = channel
        self.sides = (client, peer)
        self.swallowed: set[bool] = set()
        """The directions of which nothing comes through any more, not even an end."""

    def cut(self) -> None:
        """Reset both sides."""
        for _, writer in self.sides:
            raw = writer.get_extra_info("socket")
            with suppress(OSError):
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

    def close(self) -> None:
        """Close both sides in good order."""
        for _, writer in self.sides:
            writer.close()


_Side = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class ToxicLine:
    """Stands before the two ports of a peer.

    `ws_url` and `rest_url` lead to one each, as an engine has them; `url` to both, as at a gateway.
    """

    def __init__(self, ws: str, rest: str) -> None:
        """Prepare to lead to two places, each as host:port."""
        self.connections = {"ws": 0, "rest": 0}
        self.fired = 0
        """How often something was ended, held up or swallowed since `spoil` was called last."""
        self._places: dict[str, str] = {"ws": ws, "rest": rest}
        self._passed: dict[tuple[str, bool], int] = {}
        self._armed: list[_Armed] = []
        self._pairs: set[_Pair] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._servers: dict[str, asyncio.Server] = {}
        self._ports: dict[str, int] = {}
        self._chance = random.Random(1)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.listen()

    # For a test, from its own thread

    @property
    def ws_url(self) -> str:
        return f"ws://127.0.0.1:{self._ports['ws']}"

    @property
    def rest_url(self) -> str:
        return f"http://127.0.0.1:{self._ports['rest']}"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._ports['both']}"

    def passed(self, channel: Channel, *, to_client: bool) -> int:
        """Return how many bytes have come in one direction since `spoil` was called last."""
        return self._passed.get((channel, to_client), 0)

    def spoil(self, *toxics: Toxic) -> None:
        """Spoil so from now on, in the place of what spoilt before; bytes count from zero."""

        async def change() -> None:
            self.fired = 0
            self._passed.clear()
            self._armed = [_Armed(one, one.times) for one in toxics]

        self._do(change)

    def lead_to(self, ws: str, rest: str) -> None:
        """Lead new connections somewhere else."""
        self._places = {"ws": ws, "rest": rest}

    def cut(self) -> None:
        """Reset all connections."""

        async def cut() -> None:
            for pair in tuple(self._pairs):
                pair.cut()

        self._do(cut)

    def swallow(self) -> None:
        """Let nothing more through of the connections that stand, in either direction."""

        async def swallow() -> None:
            for pair in self._pairs:
                pair.swallowed |= {True, False}

        self._do(swallow)

    def refuse(self) -> None:
        """Take no further connections until `listen`."""

        async def refuse() -> None:
            for server in self._servers.values():
                server.close()
            self._servers.clear()

        self._do(refuse)

    def listen(self) -> None:
        """Take connections, at the same ports as before."""

        async def listen() -> None:
            for name in ("ws", "rest", "both"):
                port = self._ports.get(name, 0)
                server = await asyncio.start_server(self._accept_at(name), "127.0.0.1", port)
                self._servers[name] = server
                self._ports[name] = server.sockets[0].getsockname()[1]

        self._do(listen)

    def close(self) -> None:
        """End all connections and threads."""
        self.refuse()
        self.cut()

        async def end() -> None:
            for task in tuple(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

        self._do(end)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE_S)
        self._loop.close()

    def _do(self, what: Callable[[], Awaitable[None]]) -> None:
        async def run() -> None:
            await what()

        asyncio.run_coroutine_threadsafe(run(), self._loop).result(PATIENCE_S)

    # On the loop

    def _accept_at(self, name: str) -> Callable[..., Awaitable[None]]:
        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.current_task()
            assert task is not None
            self._tasks.add(task)
            try:
                with suppress(OSError, asyncio.CancelledError):
                    await self._serve(name, reader, writer)
            finally:
                self._tasks.discard(task)
                writer.close()

        return accept

    async def _serve(
        self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        head = await reader.read(CHUNK)
        channel: Channel = "ws" if name == "ws" or head.startswith(b"GET /v1/ws") else "rest"
        if name == "rest":
            channel = "rest"
        self.connections[channel] += 1
        host, _, port = self._places[channel].partition(":")
        peer = await asyncio.open_connection(host, int(port))
        pair = _Pair(channel, (reader, writer), peer)
        self._pairs.add(pair)
        try:
            await asyncio.gather(
                self._carry(pair, reader, peer[1], head, to_client=False),
                self._carry(pair, peer[0], writer, b"", to_client=True),
            )
        finally:
            self._pairs.discard(pair)
            peer[1].close()

    async def _carry(
        self,
        pair: _Pair,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        data: bytes,
        *,
        to_client: bool,
    ) -> None:
        with suppress(OSError):
            while True:
                if not to_client:
                    data = self._addressed(pair.channel, data)
                if to_client not in pair.swallowed:
                    await self._pass(pair, sink, data, to_client=to_client)
                data = await source.read(CHUNK)
                if not data:
                    break
        if to_client not in pair.swallowed:
            with suppress(OSError):
                sink.write_eof()

    def _addressed(self, channel: Channel, data: bytes) -> bytes:
        # A peer that looks at `Host` wants to find its own name there.
        head, end, rest = data.partition(b"\r\n\r\n")
        if not end or b"HTTP/1.1" not in head:
            return data
        for port in self._ports.values():
            own = b"Host: 127.0.0.1:%d" % port
            head = head.replace(own, b"Host: " + self._places[channel].encode())
        return head + end + rest

    async def _pass(
        self, pair: _Pair, sink: asyncio.StreamWriter, data: bytes, *, to_client: bool
    ) -> None:
        flow = (pair.channel, to_client)
        while data:
            passed = self._passed.setdefault(flow, 0)
            if await self._meets(pair, flow, passed):
                return
            onsets = [one.toxic.at for one in self._of(flow) if one.toxic.at > passed]
            size = min([len(data), *(at - passed for at in onsets)])
            self._passed[flow] = passed + size
            await self._send(flow, sink, data[:size], passed)
            data = data[size:]
        await self._meets(pair, flow, self._passed.get(flow, 0))

    def _of(self, flow: tuple[str, bool]) -> list[_Armed]:
        return [one for one in self._armed if (one.toxic.channel, one.toxic.to_client) == flow]

    async def _meets(self, pair: _Pair, flow: tuple[str, bool], passed: int) -> bool:
        """Let what sets in here end the connection or hold it up; return whether it is over."""
        for armed in self._of(flow):
            toxic = armed.toxic
            if toxic.kind in LASTING or passed < toxic.at or armed.left == 0:
                continue
            armed.left -= 1
            self.fired += 1
            match toxic.kind:
                case "stall":
                    await asyncio.sleep(toxic.amount)
                    continue
                case "reset":
                    pair.cut()
                case "close":
                    pair.close()
                case "black hole":
                    pair.swallowed.add(toxic.to_client)
                case "half-open":
                    pair.swallowed |= {True, False}
            return True
        return False

    async def _send(
        self, flow: tuple[str, bool], sink: asyncio.StreamWriter, data: bytes, passed: int
    ) -> None:
        pieces = [data]
        for toxic in (one.toxic for one in self._of(flow) if passed >= one.toxic.at):
            if toxic.kind == "latency":
                await asyncio.sleep(toxic.amount)
            elif toxic.kind == "jitter":
                await asyncio.sleep(self._chance.random() * toxic.amount)
            elif toxic.kind == "bandwidth":
                await asyncio.sleep(len(data) / toxic.amount)
            elif toxic.kind == "slice":
                size = int(toxic.amount) or SLICE
                pieces = [data[start : start + size] for start in range(0, len(data), size)]
        for piece in pieces:
            sink.write(piece)
            await sink.drain()
            if len(pieces) > 1:
                await asyncio.sleep(0)


@contextmanager
def toxic_line(ws_url: str, rest_url: str) -> Iterator[ToxicLine]:
    """Stand before the two sides of a peer."""
    made = ToxicLine(urlsplit(ws_url).netloc, urlsplit(rest_url).netloc)
    try:
        yield made
    finally:
        made.close()
