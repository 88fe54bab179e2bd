"""The socket of the one strategy: reads acknowledgments, writes frames, keeps the heartbeat.

A batch is written to the transport in one piece. aiohttp writes frame by frame, a system call each;
at one hundred symbols a step that would cost more than everything else together. Server frames
are not masked and not compressed, so putting a header before each is all there is to it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterable
from typing import Literal

from aiohttp import WSMsgType, web

from runner.engine.server.replay import Replay, wall_clock
from runner.protocol.codec import decode, encode
from runner.protocol.messages import Connection, EventAck, Malformed, Ping

MAX_FRAME = 1024 * 1024
"""Bytes of a client's frame: room for an acknowledgment of twenty thousand ids."""
CLOSE_SECONDS = 5.0
"""How long the client's answer to our closing frame is awaited."""
TERMINAL_SECONDS = 60.0
"""How long the acknowledgment of the terminal event is awaited; a client that knows no such event
would otherwise hold the engine for ever."""
_TEXT_FRAME = 0x81
_SHORT, _MEDIUM = 126, 65_536

Outcome = Literal["complete", "broken"]


def framed(payload: bytes) -> bytes:
    """Return `payload` as one unmasked WebSocket text frame (RFC 6455, section 5.2)."""
    size = len(payload)
    if size < _SHORT:
        return b"%c%c%b" % (_TEXT_FRAME, size, payload)
    if size < _MEDIUM:
        return b"%c\x7e%b%b" % (_TEXT_FRAME, size.to_bytes(2, "big"), payload)
    return b"%c\x7f%b%b" % (_TEXT_FRAME, size.to_bytes(8, "big"), payload)


class StrategySocket:
    """One strategy's connection, from its upgrade to its close."""

    def __init__(
        self, replay: Replay, *, ping_seconds: float, report: Callable[[str], None]
    ) -> None:
        self._replay = replay
        self._ping_seconds = ping_seconds
        self._report = report
        self._socket = web.WebSocketResponse(
            timeout=CLOSE_SECONDS, compress=False, max_msg_size=MAX_FRAME
        )
        self._transport: asyncio.Transport | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[object] | None = None
        self._ending: Outcome | None = None
        self.is_gone = asyncio.Event()
        """Set by the server once nothing of the connection is left."""
        self._unreadable = 0

    @property
    def response(self) -> web.WebSocketResponse:
        """What the request handler returns once the conversation is over."""
        return self._socket

    async def open(self, request: web.Request) -> None:
        """Answer the upgrade; nothing is sent yet."""
        await self._socket.prepare(request)
        transport = request.transport
        if not isinstance(transport, asyncio.Transport):
            return  # the client has left meanwhile
        self._transport = transport
        connection = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    async def converse(self) -> Outcome:
        """Replay until everything is acknowledged, or one side has had enough."""
        self._task = asyncio.current_task()
        heartbeat = asyncio.create_task(self._beat()) if self._ping_seconds else None
        try:
            return self._ending or await self._replay_all()
        except asyncio.CancelledError:
            if self._ending is None or self._task is None:
                raise
            self._task.uncancel()
            return self._ending
        finally:
            self._task = None
            if self._deadline is not None:
                self._deadline.cancel()
            if heartbeat is not None:
                heartbeat.cancel()

    async def _replay_all(self) -> Outcome:
        self.write(self._replay.start())
        async for received in self._socket:
            if received.type is not WSMsgType.TEXT:
                continue
            message = decode(received.data).message
            if type(message) is EventAck:
                self.write(self._replay.acknowledge(message.events_processed))
                if self._replay.is_over:
                    return "complete"
            elif type(message) is Malformed:
                self._unreadable += 1
                if self._unreadable == 1:
                    self._report(f"ignored a frame that cannot be read: {message.reason}")
        return "broken"

    def write(self, frames: Iterable[bytes]) -> None:
        """Send frames at once and together."""
        batch = b"".join(map(framed, frames))
        transport = self._transport
        if batch and transport is not None and not transport.is_closing():
            transport.write(batch)
        if self._replay.exchange.finished and self._deadline is None:
            loop = asyncio.get_running_loop()
            self._deadline = loop.call_later(TERMINAL_SECONDS, self._give_up)

    async def close(self, code: int, reason: str) -> None:
        """Close the connection and await the client's answer, for a bounded time."""
        with contextlib.suppress(ConnectionError):
            await self._socket.close(code=code, message=reason.encode())

    def disconnect(self) -> None:
        """Announce that the engine is stopping, and have `converse` return."""
        self.write([encode(Connection("DISCONNECTING"), timestamp=wall_clock())])
        self._end("broken")

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._ping_seconds)
            self.write([encode(Ping(wall_clock()))])

    def _give_up(self) -> None:
        self._report(f"the end was not acknowledged within {TERMINAL_SECONDS:.0f} s")
        self._end("complete")

    # The task that reads must be the one that closes: only it can await the client's answer.
    def _end(self, outcome: Outcome) -> None:
        self._ending = outcome
        if self._task is not None:
            self._task.cancel()
