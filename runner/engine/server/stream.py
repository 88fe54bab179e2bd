"""One WebSocket connection: reads a client's frames, writes batches, keeps the heartbeat.

A batch is written to the transport in one piece. aiohttp writes frame by frame, a system call each;
at one hundred symbols a step that would cost more than everything else together. Server frames
are not masked and not compressed, so putting a header before each is all there is to it.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Iterable

from aiohttp import WSMsgType, web

MAX_FRAME = 1024 * 1024
"""Bytes of a client's frame: room for an acknowledgment of twenty thousand ids."""
CLOSE_SECONDS = 5.0
"""How long the client's answer to our closing frame is awaited."""
_TEXT_FRAME = 0x81
_SHORT, _MEDIUM = 126, 65_536
_NORMAL, _GOING_AWAY, _ABNORMAL = 1000, 1001, 1006
_CLOSED = (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED)


def framed(payload: bytes) -> bytes:
    """Return `payload` as one unmasked WebSocket text frame (RFC 6455, section 5.2)."""
    size = len(payload)
    if size < _SHORT:
        return b"%c%c%b" % (_TEXT_FRAME, size, payload)
    if size < _MEDIUM:
        return b"%c\x7e%b%b" % (_TEXT_FRAME, size.to_bytes(2, "big"), payload)
    return b"%c\x7f%b%b" % (_TEXT_FRAME, size.to_bytes(8, "big"), payload)


def batch_of(frames: Iterable[bytes]) -> bytes:
    """Return frames as the bytes that travel."""
    return b"".join(map(framed, frames))


class Line:
    """One client's connection, from its upgrade to its close.

    `ping` gives the frames of a heartbeat, sent every `ping_seconds`; 0 is for never.
    """

    def __init__(self, *, ping: Callable[[], list[bytes]], ping_seconds: float) -> None:
        self._ping = ping
        self._ping_seconds = ping_seconds
        self._socket = web.WebSocketResponse(
            timeout=CLOSE_SECONDS, compress=False, max_msg_size=MAX_FRAME
        )
        self._transport: asyncio.Transport | None = None
        self._task: asyncio.Task[object] | None = None
        self._farewell: tuple[int, str] | None = None
        self._heard: int | None = None
        self.is_gone = asyncio.Event()
        """Set by the server once nothing of the connection is left."""

    @property
    def response(self) -> web.WebSocketResponse:
        """What the request handler returns once the conversation is over."""
        return self._socket

    @property
    def has_left_for_good(self) -> bool:
        """True if the client has said in so many words that it is done, well or not."""
        return self._heard in (_NORMAL, _GOING_AWAY)

    @property
    def is_parted(self) -> bool:
        """True once both sides have closed in order: nothing that was said got lost."""
        return self._socket.close_code not in (None, _ABNORMAL)

    @property
    def backlog(self) -> int:
        """Bytes written that the client has not taken yet, beside what the system buffers."""
        return 0 if self._transport is None else self._transport.get_write_buffer_size()

    async def open(self, request: web.Request, headers: dict[str, str] | None = None) -> bool:
        """Answer the upgrade, with extra `headers`; nothing is sent yet.

        Returns whether the client is still there: it may have left while its request was read.
        """
        self._socket.headers.update(headers or {})
        try:
            await self._socket.prepare(request)
        except ConnectionError:
            return False
        transport = request.transport
        if not isinstance(transport, asyncio.Transport):
            return False
        self._transport = transport
        connection = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return True

    async def read(self, take: Callable[[str], None]) -> None:
        """Hand every text frame to `take`, until the client is gone or `end` is called."""
        if self._farewell is not None:
            return
        self._task = asyncio.current_task()
        heartbeat = asyncio.create_task(self._beat()) if self._ping_seconds else None
        try:
            while (received := await self._socket.receive()).type not in _CLOSED:
                if received.type is WSMsgType.TEXT:
                    take(received.data)
            # A connection that ends without this frame was lost, whatever aiohttp calls it.
            if received.type is WSMsgType.CLOSE:
                self._heard = received.data
        except asyncio.CancelledError:
            if self._farewell is None or self._task is None:
                raise
            self._task.uncancel()
        finally:
            self._task = None
            if heartbeat is not None:
                heartbeat.cancel()

    def write(self, batch: bytes) -> None:
        """Send framed bytes at once; without effect where the client is gone."""
        transport = self._transport
        if batch and transport is not None and not transport.is_closing():
            transport.write(batch)

    def end(self, code: int, reason: str) -> None:
        """Have `read` return, and `close` say this; the first one to say something is heard."""
        if self._farewell is not None:
            return
        self._farewell = (code, reason)
        # The task that reads must be the one that closes: only it can await the client's answer.
        if self._task is not None:
            self._task.cancel()

    def cut(self) -> None:
        """Break the connection without a word, as a network does."""
        if self._transport is not None:
            self._transport.abort()

    async def close(self) -> None:
        """Close the connection and await the client's answer, for a bounded time."""
        code, reason = self._farewell or (_NORMAL, "")
        # A client that does not read would never let the closing frame out.
        with contextlib.suppress(ConnectionError, asyncio.TimeoutError):
            async with asyncio.timeout(2 * CLOSE_SECONDS):
                await self._socket.close(code=code, message=reason.encode())
            return
        if self._transport is not None:
            self._transport.abort()

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._ping_seconds)
            self.write(batch_of(self._ping()))
